//! `ergo fit`: the exponent k from run records or from a table of points.

mod choice;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use law::fit::Point;
use law::method::Method;
use record::output::{FitOutput, FitsOutput};
use record::run::RunRecord;
use report::cells::Cost;
use report::estimates::Choice;

use crate::commands::fit::choice::Options;
use crate::exit::{self, Exit};
use crate::output::{self, Format};

/// Arguments of `ergo fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo fit results/my-sweep\n  \
                        ergo fit published.csv --compute flops --error top1_error --json\n  \
                        ergo fit published.csv --method all\n  \
                        ergo fit sizes.csv --method surface --params N --data D --error loss --holdout later")]
pub struct Args {
    /// Folders of journals, journals (.jsonl), or tables of points (.csv); of several, a table compares the fits.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What to fit against, for records: what a training cost, or how large it was.
    #[arg(long, value_enum, default_value_t = Against::Flops)]
    against: Against,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    options: Options,
}

/// Which columns of a table hold the points.
#[derive(Debug, Clone, clap::Args)]
pub struct Columns {
    /// Column of compute in a table of points.
    #[arg(long, value_name = "COLUMN", help = format!("Column of compute in a table of points [default: {}]", report::csv::COMPUTE_COLUMN))]
    compute: Option<String>,
    /// Column of errors in a table of points.
    #[arg(long, value_name = "COLUMN", help = format!("Column of errors in a table of points [default: {}]", report::csv::ERROR_COLUMN))]
    error: Option<String>,
}

impl Columns {
    /// The names of the columns of compute and of errors.
    #[must_use]
    pub fn names(&self) -> [&str; 2] {
        let compute = self.compute.as_deref().unwrap_or(report::csv::COMPUTE_COLUMN);
        [compute, self.error.as_deref().unwrap_or(report::csv::ERROR_COLUMN)]
    }
}

/// What an error may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Against {
    /// Model FLOPs of training.
    Flops,
    /// Seconds of training.
    Seconds,
    /// Joules of training, where they were measured.
    Joules,
    /// Training images, at the best setting for each number of them.
    Examples,
    /// Parameters, of runs on all training images.
    Parameters,
}

/// Fits and prints.
///
/// # Errors
/// Records or points that cannot be read or fitted; too few of them are no error.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let mut fits = Vec::new();
    for path in &args.paths {
        let mut of_path = fits_of(path, args)?;
        if args.paths.len() > 1 {
            of_path.iter_mut().for_each(|fit| fit.path = Some(path.display().to_string()));
        }
        fits.append(&mut of_path);
    }
    match <[FitOutput; 1]>::try_from(fits) {
        Ok([fit]) => output::result(format, &fit, || report::table::text(&fit))?,
        Err(fits) => {
            let all = FitsOutput { fits };
            output::result(format, &all, || report::table::comparison(&all.fits))?;
        }
    }
    Ok(Exit::Done)
}

/// The fits of one path: one, or one for every method.
fn fits_of(path: &Path, args: &Args) -> anyhow::Result<Vec<FitOutput>> {
    let choice = args.options.choice()?;
    if is_table(path) {
        if args.against != Against::Flops {
            return Err(exit::bad_input("--against is for run records: a table has one column of compute"));
        }
        return match choice {
            Some(choice) if choice.method == Some(Method::Counts) => Err(exit::bad_input_with_hint(
                "--method counts is for run records: a table has errors, and not how many images are wrong",
                "ergo fit TABLE --method power",
            )),
            Some(choice) => {
                let wanted = args.options.wanted(&args.columns, &choice);
                Ok(report::estimates::of_table(path, &wanted, &choice)?)
            }
            None => Ok(vec![report::fit::of_points(
                &points(path, &args.columns)?,
                args.columns.names(),
                &args.options.settings(),
            )?]),
        };
    }
    args.options.check_for_records(path)?;
    let cost = match args.against {
        Against::Flops => Cost::Flops,
        Against::Seconds => Cost::Seconds,
        Against::Joules => Cost::Joules,
        Against::Examples => Cost::Examples,
        Against::Parameters => Cost::Parameters,
    };
    if let (Some(Choice { method: Some(Method::Surface), .. }), true) =
        (&choice, args.against != Against::Flops)
    {
        let found = "--against and --method surface do not go together: a surface is fitted against parameters and images";
        return Err(exit::bad_input(found));
    }
    let records = records(path, &args.columns)?;
    match choice {
        Some(choice) => Ok(report::estimates::of_records(&records, cost, &choice)?),
        None => Ok(vec![report::fit::of_cost(&records, cost, &args.options.settings())?]),
    }
}

/// Whether `path` names a table of points rather than journals: by its ending, or else by a first line that holds
/// commas and is no JSON object.
#[must_use]
pub fn is_table(path: &Path) -> bool {
    let ending = |name: &str| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(name));
    if path.is_dir() || ending("jsonl") {
        return false;
    }
    // What is no plain file, such as a pipe, could not be read again.
    ending("csv") || (path.is_file() && begins_like_a_table(path).unwrap_or(false))
}

fn begins_like_a_table(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut start)?;
    let text = String::from_utf8_lossy(&start);
    let first = text.trim_start_matches('\u{feff}').trim_start().lines().next().unwrap_or_default();
    Ok(first.contains(',') && !first.starts_with(['{', '[']))
}

/// The points of a table.
///
/// # Errors
/// A table that cannot be read, or cells that are no positive numbers.
pub fn points(path: &Path, columns: &Columns) -> anyhow::Result<Vec<Point>> {
    let [compute, error] = columns.names();
    Ok(report::csv::read(path, compute, error)?)
}

/// The records of a folder or a journal, which have no columns to choose from.
///
/// # Errors
/// Journals that cannot be read, or columns named beside them.
pub fn records(path: &Path, columns: &Columns) -> anyhow::Result<Vec<RunRecord>> {
    if columns.compute.is_some() || columns.error.is_some() {
        let found = format!("--compute and --error name columns of a table, and {} is none", path.display());
        return Err(exit::bad_input_with_hint(
            found,
            "a table of points has a header with commas; records take --against",
        ));
    }
    kept(path)
}

/// The records of a folder or a journal; half a record at an end is told and left out.
///
/// # Errors
/// Journals that cannot be read.
pub fn kept(path: &Path) -> anyhow::Result<Vec<RunRecord>> {
    let read = record::journal::read_all(path)?;
    for torn in &read.torn {
        let found = format!("{} ends in half a record, which is left out", torn.display());
        output::note(&format!("warning: {found}: its run did not finish, or its file was cut"));
    }
    Ok(read.records)
}
