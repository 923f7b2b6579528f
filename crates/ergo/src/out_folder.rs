//! The folder that `--out` names: checked before any work, and made.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::exit;

/// Refuses a folder that cannot be made because a file stands in its place or on the way to it.
///
/// # Errors
/// Says which file it is.
pub fn check(folder: &Path) -> anyhow::Result<()> {
    // The nearest ancestor that is there decides; a link that leads nowhere is there, too.
    match folder.ancestors().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) if !path.is_dir() => {
            let kind = if path.is_file() { "a file" } else { "no folder" };
            let message = format!("--out {}: {} is {kind}", folder.display(), path.display());
            Err(exit::bad_input_with_hint(message, "name a folder with --out; it is made if need be"))
        }
        _ => Ok(()),
    }
}

/// Makes `folder` if need be.
///
/// # Errors
/// What [`check`] refuses, and what the system refuses.
pub fn make(folder: &Path) -> anyhow::Result<()> {
    check(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}
