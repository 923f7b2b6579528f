//! `ergo plot --all`: every kept figure drawn again from what is kept beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use record::output::ComparedOutput;
use record::simulate::{CalibrationOutput, ExpertOutput};
use report::figures::Figure;
use report::project::{Question, Wanted};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::commands::fit;
use crate::exit::{self, Exit};
use crate::figures;
use crate::output::{self, Format};

/// `ergo plot --all`.
#[derive(Debug, Serialize)]
struct AllOutput {
    /// Files written.
    figures: Vec<PathBuf>,
    /// Those among them that were other bytes before.
    changed: Vec<PathBuf>,
    /// Kept figures that nothing beside them gives.
    without_source: Vec<PathBuf>,
}

/// Draws the figures of every folder within `root`, and of itself, again.
///
/// # Errors
/// A folder without figures, records that cannot be read, or files that cannot be written.
pub fn run(root: &Path, format: Format) -> anyhow::Result<Exit> {
    let mut told = AllOutput { figures: Vec::new(), changed: Vec::new(), without_source: Vec::new() };
    for folder in folders(root)? {
        redraw(&folder, &mut told).with_context(|| format!("in {}", folder.display()))?;
    }
    if told.figures.is_empty() && told.without_source.is_empty() {
        let found = format!("{}: no figures (.svg) in this folder or those within it", root.display());
        let hint = "name the folder that holds the folders of results; `ergo literature --out results/literature` draws the \
                    tables of datasets/literature";
        return Err(exit::bad_input_with_hint(found, hint));
    }
    output::result(format, &told, || text(&told))?;
    Ok(Exit::Done)
}

/// `root` and the folders within it that hold figures, in order.
fn folders(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut folders = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        folders.extend(list(&folder)?.into_iter().filter(|path| path.is_dir() && !path.is_symlink()));
    }
    folders.sort();
    Ok(folders)
}

fn redraw(folder: &Path, told: &mut AllOutput) -> anyhow::Result<()> {
    let mut kept = svg_names(folder)?;
    kept.extend(shown(folder));
    kept.sort();
    kept.dedup();
    if kept.is_empty() {
        return Ok(());
    }
    let drawn: Vec<Figure> =
        sources(folder, &kept)?.into_iter().filter(|figure| kept.contains(&figure.name)).collect();
    for figure in &drawn {
        let paths = ["svg", "png"].map(|ending| folder.join(format!("{}.{ending}", figure.name)));
        let before: Vec<Option<Vec<u8>>> = paths.iter().map(|path| fs::read(path).ok()).collect();
        figures::write(std::slice::from_ref(figure), folder)?;
        for (path, before) in paths.into_iter().zip(before) {
            if fs::read(&path).ok() != before {
                told.changed.push(path.clone());
            }
            told.figures.push(path);
        }
    }
    let missing = kept.into_iter().filter(|name| drawn.iter().all(|figure| figure.name != *name));
    told.without_source.extend(missing.map(|name| folder.join(format!("{name}.svg"))));
    Ok(())
}

/// The names of the figures of `folder` that its README shows, or one of the folders above it; they may be missing.
fn shown(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let folder = &folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    for above in folder.ancestors().take(3) {
        let text = fs::read_to_string(above.join("README.md")).unwrap_or_default();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let figures =
            targets.filter_map(|target| target.strip_suffix(".png").or(target.strip_suffix(".svg")));
        let paths =
            figures.map(|figure| above.join(figure)).filter(|path| path.parent() == Some(folder.as_path()));
        names.extend(paths.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())));
    }
    names
}

/// The names of the figures in `folder`, in order.
fn svg_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "svg") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// All figures that the records and tables in `folder` give, as far as one of `kept` may be among them.
fn sources(folder: &Path, kept: &[String]) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if folder.join("runs.jsonl").is_file() {
        let records = fit::kept(folder)?;
        if kept.iter().any(|name| name.contains("error-vs-")) {
            figures.extend(report::figures::draw(&records)?);
        }
        if let Some(asked) = read::<serde_json::Value>(&folder.join("project.json"))? {
            let projected = report::project::of_records(&records, &source(&asked), &question(&asked))?;
            figures.push(report::project::figure::draw(&projected.output, &projected.fit));
        }
    }
    if let Some(told) = read::<ExpertOutput>(&folder.join("expert.json"))? {
        figures.extend(report::expert::draw(&told));
    }
    if let Some(told) = read::<CalibrationOutput>(&folder.join("calibration.json"))? {
        figures.push(report::calibration::draw(&told));
    }
    for name in kept {
        let path = folder.join(format!("{name}.json"));
        // Others of the same name have figures of their own.
        if read::<serde_json::Value>(&path)?.is_some_and(|kept| kept["fits"].is_array()) {
            figures.push(comparison(&path)?);
        }
    }
    if folder.join("literature.json").is_file() {
        figures.extend(report::literature::draw(&report::literature::compute()?));
    }
    Ok(figures)
}

/// The figure of fits that `ergo fit --json` compared, by the name of the file.
///
/// # Errors
/// A file that cannot be read, or holds anything else.
pub fn comparison(path: &Path) -> anyhow::Result<Figure> {
    let name = path.file_stem().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let told = read::<ComparedOutput>(path)?;
    let told = told.ok_or_else(|| exit::bad_input(format!("{}: there is no such file", path.display())))?;
    Ok(report::methods::draw(&name, &told))
}

fn source(asked: &serde_json::Value) -> String {
    asked["source"].as_str().unwrap_or_default().to_owned()
}

/// What a kept projection was asked, as far as its figure shows it.
fn question(asked: &serde_json::Value) -> Question {
    let errors = asked["targets"].as_array().into_iter().flatten();
    Question {
        errors: errors.filter_map(|target| target["error"].as_f64()).map(Wanted::Error).collect(),
        flops_per_second: asked["flops_per_second"].as_f64(),
        ..Question::default()
    }
}

/// What a file holds, if it is there.
fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value = serde_json::from_slice(&bytes);
    let value =
        value.map_err(|e| exit::bad_input(format!("{}: {e}; expected what ergo wrote", path.display())))?;
    Ok(Some(value))
}

fn text(told: &AllOutput) -> String {
    let same = told.figures.len() - told.changed.len();
    let mut text =
        format!("{} files drawn again, {same} of them byte for byte as before\n", told.figures.len());
    text.extend(told.changed.iter().map(|path| format!("changed: {}\n", path.display())));
    text.extend(told.without_source.iter().map(|path| format!("no source beside it: {}\n", path.display())));
    text
}
