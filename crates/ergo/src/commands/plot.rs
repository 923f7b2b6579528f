//! `ergo plot`: figures as SVG and PNG, from run records or a table of points alone.

mod all;

use std::path::{Path, PathBuf};

use report::figures::Figure;
use serde::Serialize;

use crate::commands::fit::{self, Columns};
use crate::exit::{self, Exit};
use crate::output::{self, Format};
use crate::{figures, files};

/// Arguments of `ergo plot`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ergo plot results/my-sweep\n  ergo plot results/my-sweep --out error.png\n  \
                  ergo fit results/my-sweep --method all --json > methods.json && ergo plot methods.json\n  \
                  ergo plot --all results"
)]
pub struct Args {
    /// Folder of journals, one journal (.jsonl), a table of points (.csv), or fits that were compared (.json).
    #[arg(required_unless_present = "all")]
    path: Option<PathBuf>,
    /// Draw every figure that is kept in FOLDER and the folders within it again, from what is kept beside it.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "results",
          conflicts_with_all = ["path", "out", "compute", "error"])]
    all: Option<PathBuf>,
    /// Folder for all figures, or one file ending in .svg or .png for the first; by default beside the records.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
}

/// `ergo plot`.
#[derive(Debug, Serialize)]
struct PlotOutput {
    /// Files written.
    figures: Vec<PathBuf>,
}

/// Draws and writes.
///
/// # Errors
/// Records or points that cannot be read or drawn, or a folder that cannot be written.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let path = match (&args.all, &args.path) {
        (Some(root), _) => return all::run(root, format),
        (None, Some(path)) => path,
        (None, None) => return Err(exit::bad_input("expected a PATH, or --all")),
    };
    let figures = draw(path, args)?;
    let written = match &args.out {
        Some(out) if out.extension().is_some() && !out.is_dir() => vec![write_one(&figures, out)?],
        Some(folder) => figures::write(&figures, folder)?,
        None => figures::write(&figures, beside(path))?,
    };
    let plotted = PlotOutput { figures: written };
    output::result(format, &plotted, || {
        plotted.figures.iter().map(|path| format!("wrote {}\n", path.display())).collect()
    })?;
    Ok(Exit::Done)
}

fn draw(path: &Path, args: &Args) -> anyhow::Result<Vec<Figure>> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return Ok(vec![all::comparison(path)?]);
    }
    if fit::is_table(path) {
        let source = path.file_stem().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        let points = fit::points(path, &args.columns)?;
        return Ok(vec![report::figures::draw_points(&points, args.columns.names(), &source)?]);
    }
    Ok(report::figures::draw(&fit::records(path, &args.columns)?)?)
}

/// The folder of `path`, which may be a folder itself.
fn beside(path: &Path) -> &Path {
    if path.is_dir() {
        return path;
    }
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_one(figures: &[Figure], out: &Path) -> anyhow::Result<PathBuf> {
    let extension = out.extension().map_or(String::new(), |e| e.to_string_lossy().to_ascii_lowercase());
    let Some(figure) = figures.first() else {
        return Err(exit::bad_input("these records give no figure"));
    };
    match extension.as_str() {
        "svg" => files::write(out, figure.svg.as_bytes())?,
        "png" => files::write(out, &report::png::render(&figure.svg)?)?,
        other => {
            let found = format!("--out {}: found the ending .{other}, expected .svg or .png", out.display());
            return Err(exit::bad_input_with_hint(found, "name a folder to get every figure in both forms"));
        }
    }
    if figures.len() > 1 {
        let others: Vec<&str> = figures.iter().skip(1).map(|figure| figure.name.as_str()).collect();
        output::note(&format!("not drawn into one file: {}; name a folder to get all", others.join(", ")));
    }
    Ok(out.to_owned())
}
