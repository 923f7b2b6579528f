//! Where data sets are looked for, and where they are fetched to.

use std::env;
use std::path::PathBuf;

use anyhow::Context;
use data::store::Store;

use crate::exit;

/// The option that every command on data sets has.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DataDir {
    /// Folder of data sets, looked into first; then $ERGO_DATA_DIR, ./datasets, the user's cache and
    /// /usr/share/datasets.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
}

/// The store over all folders in which a set may lie.
///
/// # Errors
/// When `--data-dir` names no folder: silently looking elsewhere could train on other data than was meant.
pub fn store(options: &DataDir) -> anyhow::Result<Store> {
    if let Some(folder) = options.data_dir.as_ref().filter(|folder| !folder.is_dir()) {
        let hint =
            format!("`ergo data fetch mnist --data-dir {}` makes it and puts MNIST there", folder.display());
        return Err(exit::bad_input_with_hint(
            format!("--data-dir {}: no such folder", folder.display()),
            hint,
        ));
    }
    Ok(Store::new(folders(options)))
}

/// The folders in which a set may lie, in order.
#[must_use]
pub fn folders(options: &DataDir) -> Vec<PathBuf> {
    let here = Some(PathBuf::from("datasets"));
    let system = Some(PathBuf::from("/usr/share/datasets"));
    let folders = [options.data_dir.clone(), variable("ERGO_DATA_DIR"), here, cache(), system];
    folders.into_iter().flatten().collect()
}

/// The folder that a fetch puts sets into: the one that was named, or the user's cache.
///
/// # Errors
/// When none was named and there is no home to keep a cache in.
pub fn fetch_folder(options: &DataDir) -> anyhow::Result<PathBuf> {
    let folder = options.data_dir.clone().or_else(|| variable("ERGO_DATA_DIR")).or_else(cache);
    folder.context("no folder to put data into: name one with --data-dir, or set HOME")
}

/// The user's cache (XDG Base Directory Specification 0.8).
fn cache() -> Option<PathBuf> {
    let base = variable("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(variable("HOME")?.join(".cache")));
    Some(base?.join("ergometer"))
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
