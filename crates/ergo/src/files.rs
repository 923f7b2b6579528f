//! Writes files so that a reader sees the old content or the new one, never half of it.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::Context;

/// Writes `content` beside `path` and renames it into place, making its folder if need be.
///
/// # Errors
/// When the folder or the file cannot be written; nothing of the attempt is left behind.
pub fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let unfinished = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&unfinished, path));
    placed.with_context(|| {
        let _ = fs::remove_file(&unfinished);
        format!("cannot write {}", path.display())
    })
}

#[cfg(test)]
mod tests;
