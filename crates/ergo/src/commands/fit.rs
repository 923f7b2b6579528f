//! `ergo fit`: the exponent k from run records or from a table of points.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use law::fit::Point;
use record::run::RunRecord;
use report::cells::Cost;

use crate::exit::{self, Exit};
use crate::output::{self, Format};

/// Arguments of `ergo fit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo fit results/my-sweep\n  \
                        ergo fit published.csv --compute flops --error top1_error --json")]
pub struct Args {
    /// Folder of journals, one journal (.jsonl), or a table of points (.csv).
    path: PathBuf,
    /// Cost to fit against, for records.
    #[arg(long, value_enum, default_value_t = Against::Flops)]
    against: Against,
    #[command(flatten)]
    columns: Columns,
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

/// What an error may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Against {
    /// Model FLOPs of training.
    Flops,
    /// Seconds of training.
    Seconds,
    /// Joules of training, where they were measured.
    Joules,
}

/// Fits and prints.
///
/// # Errors
/// Records or points that cannot be read or fitted; too few of them are no error.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let fit = if is_table(&args.path) {
        if args.against != Against::Flops {
            return Err(exit::bad_input("--against is for run records: a table has one column of compute"));
        }
        report::fit::of_points(&points(&args.path, &args.columns)?)?
    } else {
        let cost = match args.against {
            Against::Flops => Cost::Flops,
            Against::Seconds => Cost::Seconds,
            Against::Joules => Cost::Joules,
        };
        report::fit::of_cost(&records(&args.path, &args.columns)?, cost)?
    };
    output::result(format, &fit, || report::table::text(&fit))?;
    Ok(Exit::Done)
}

/// Whether `path` names a table of points rather than journals.
#[must_use]
pub fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) && !path.is_dir()
}

/// The points of a table.
///
/// # Errors
/// A table that cannot be read, or cells that are no positive numbers.
pub fn points(path: &Path, columns: &Columns) -> anyhow::Result<Vec<Point>> {
    let compute = columns.compute.as_deref().unwrap_or(report::csv::COMPUTE_COLUMN);
    let error = columns.error.as_deref().unwrap_or(report::csv::ERROR_COLUMN);
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
            "a table of points must end in .csv; records take --against",
        ));
    }
    Ok(record::journal::read(path)?)
}
