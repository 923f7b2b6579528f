//! Writes figures as files, each as SVG and as PNG.

use std::path::{Path, PathBuf};

use record::run::RunRecord;
use report::figures::Figure;

use crate::files;

/// Draws all figures of `records` into `folder`; the paths written, none without records.
///
/// # Errors
/// What cannot be drawn, or a folder that cannot be written.
pub fn write_all(records: &[RunRecord], folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    write(&report::figures::draw(records)?, folder)
}

/// Writes `figures` into `folder`; the paths written.
///
/// # Errors
/// When a picture cannot be made or a file cannot be written.
pub fn write(figures: &[Figure], folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for figure in figures {
        let path = |extension: &str| folder.join(format!("{}.{extension}", figure.name));
        files::write(&path("svg"), figure.svg.as_bytes())?;
        written.push(path("svg"));
        files::write(&path("png"), &report::png::render(&figure.svg)?)?;
        written.push(path("png"));
    }
    Ok(written)
}
