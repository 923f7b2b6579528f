//! `ergo report`: what finished runs took together, from their records alone, and what that cost.

use std::path::PathBuf;

use record::cost::ReportOutput;
use record::energy::Kind;
use report::label::percent;

use crate::exit::Exit;
use crate::output::{self, Format};
use crate::quantity;
use crate::rates::{self, RateArgs};
use crate::table::aligned;

/// Arguments of `ergo report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo report results/my-sweep\n  \
                        ergo report results/my-sweep --grid FRA --pue 1.2 --usd-per-kwh 0.25 --json")]
pub struct Args {
    /// Folder of journals, or one journal (.jsonl).
    path: PathBuf,
    #[command(flatten)]
    rates: RateArgs,
}

/// Adds up and prints.
///
/// # Errors
/// Records that cannot be read, or none.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let records = super::fit::kept(&args.path)?;
    let told = report::totals::of(&records, &args.rates.rates())?;
    output::result(format, &told, || text(&told))?;
    Ok(Exit::Done)
}

fn text(told: &ReportOutput) -> String {
    let flops = |flops: u128| format!("{} FLOP", law::number::short(flops as f64, 4));
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("runs", format!("{}, of which {} diverged", told.runs, told.runs_diverged)),
        row(
            "training",
            format!("{}, {} pfs-days", flops(told.train_flops), law::number::short(told.pfs_days, 3)),
        ),
        row("executed", flops(told.executed_train_flops)),
        row("evaluations", flops(told.evaluate_flops)),
        row(
            "time",
            format!(
                "{}, {} of it in training steps",
                quantity::seconds(told.seconds),
                quantity::seconds(told.train_seconds)
            ),
        ),
    ];
    if let Some(first) = told.train_parts.first() {
        let all: f64 = told.train_parts.iter().map(|part| part.seconds).sum();
        let share = |seconds: f64| percent(if all > 0.0 { seconds / all } else { 0.0 }, 2);
        let parts =
            told.train_parts.iter().map(|part| format!("{} {}", part.part.name(), share(part.seconds)));
        let runs = first.runs;
        rows.push(row(
            "steps",
            format!("{}, of {runs} runs with a profile", parts.collect::<Vec<_>>().join(", ")),
        ));
    }
    for energy in &told.energy {
        let how = energy.kind.name();
        let joules = energy.joules.map_or_else(
            || how.to_owned(),
            |[low, central, high]| {
                let bounds = format!("[{}, {}]", quantity::joules(low), quantity::joules(high));
                format!("{} {bounds}, {how}", quantity::joules(central))
            },
        );
        rows.push(row("energy", format!("{joules}, of {} runs", energy.runs)));
    }
    let about = if told.energy.iter().any(|energy| energy.kind == Kind::Modelled) { "about " } else { "" };
    let mut text = aligned(&rows, 2) + &rates::text(&told.costs, about);
    text.extend(told.warnings.iter().map(|warning| format!("warning: {warning}\n")));
    text
}
