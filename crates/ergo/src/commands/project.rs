//! `ergo project`: what a lower error would cost, from a fit.

use std::path::PathBuf;

use report::project::{Projected, Question, Wanted};

use crate::commands::fit::{self, Columns};
use crate::exit::{self, Exit};
use crate::output::{self, Format};
use crate::rates::RateArgs;
use crate::{arguments, figures, files, out_folder};

/// Arguments of `ergo project`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo project results/my-sweep\n  \
                        ergo project results/my-sweep --to 0.005 --grid FRA --usd-per-kwh 0.2 --out figures\n  \
                        ergo project published.csv --compute flops --error top1 --flops-per-second 1e14 --json")]
pub struct Args {
    /// Folder of journals, one journal (.jsonl), or a table of points (.csv) whose compute counts FLOPs.
    path: PathBuf,
    /// Errors to reach, in the unit of the table or as 5%, or `half` of today's [default: 5%, 1% and half].
    #[arg(long, value_name = "ERROR", value_delimiter = ',', value_parser = wanted)]
    to: Vec<Wanted>,
    /// Model FLOP/s of the machine [default: that of the runs of the largest compute fitted].
    #[arg(long, value_name = "SPEED", value_parser = arguments::positive)]
    flops_per_second: Option<f64>,
    /// Watts of the machine [default: the mean of the same runs, where it is known].
    #[arg(long, value_name = "WATTS", value_parser = arguments::positive)]
    watts: Option<f64>,
    #[command(flatten)]
    rates: RateArgs,
    #[command(flatten)]
    columns: Columns,
    /// Put project.json and the figure here.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// An error, or half of today's.
fn wanted(text: &str) -> Result<Wanted, String> {
    if text == "half" {
        return Ok(Wanted::Half);
    }
    let number = match text.strip_suffix('%') {
        Some(percent) => arguments::positive(percent.trim()).map(Wanted::Percent),
        None => arguments::positive(text).map(Wanted::Error),
    };
    number.map_err(|_| "expected an error above 0, such as 0.05 or 5%, or half".to_owned())
}

/// Projects and prints.
///
/// # Errors
/// Records or points that cannot be read or fitted, or a folder that cannot be written.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    if let Some(folder) = &args.out {
        out_folder::check(folder)?;
    }
    let Projected { output: told, fit } = projected(args)?;
    if let Some(folder) = &args.out {
        out_folder::make(folder)?;
        files::write(&folder.join("project.json"), &[&serde_json::to_vec(&told)?[..], b"\n"].concat())?;
        let figure = report::project::figure::draw(&told, &fit);
        for path in figures::write(&[figure], folder)? {
            output::note(&format!("wrote {}", path.display()));
        }
    }
    output::result(format, &told, || report::project::text(&told))?;
    Ok(Exit::Done)
}

fn projected(args: &Args) -> anyhow::Result<Projected> {
    let question = Question {
        errors: args.to.clone(),
        flops_per_second: args.flops_per_second,
        watts: args.watts,
        rates: args.rates.rates(),
    };
    let name = args.path.file_stem().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    if fit::is_table(&args.path) {
        let points = fit::points(&args.path, &args.columns)?;
        return Ok(report::project::of_points(&points, args.columns.names(), &name, &question)?);
    }
    let records = fit::records(&args.path, &args.columns)?;
    let too_high = |wanted: &Wanted| match wanted {
        Wanted::Error(error) => Some(*error).filter(|error| *error >= 1.0),
        Wanted::Percent(percent) => Some(percent / 100.0).filter(|error| *error >= 1.0),
        Wanted::Half => None,
    };
    if let Some(error) = args.to.iter().find_map(too_high) {
        let found = format!("--to {error}: errors of records are fractions below 1");
        return Err(exit::bad_input_with_hint(found, "type 0.05 for 5%"));
    }
    let set = records.first().map_or("", |run| run.spec.data.name());
    Ok(report::project::of_records(&records, set, &question)?)
}
