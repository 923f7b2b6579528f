//! Where tests look for the real data sets, and how a test says that it is skipped.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folders in which the program looks, as seen from the root of the workspace, and `../shared/datasets` beside it.
pub fn folders() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let named = variable("ERGO_DATA_DIR");
    let beside = ["datasets", "../shared/datasets"].map(|folder| workspace.join(folder));
    let system = [PathBuf::from("/usr/share/datasets")];
    named.into_iter().chain(beside).chain(cache.map(|cache| cache.join("ergometer"))).chain(system).collect()
}

/// Says on the real stderr, which the harness does not swallow, that `test` checks nothing here.
pub fn skipped(test: &str, why: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = std::io::stderr().write_all(format!("SKIPPED {test}: {why}\n").as_bytes());
}
