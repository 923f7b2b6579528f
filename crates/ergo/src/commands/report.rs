//! `ergo report`: what finished runs took together, from their records alone, and what that cost.

use std::path::PathBuf;

use record::cost::ReportOutput;
use record::energy::Kind;
use record::utilisation::{AgainstPeak, RunUtilisation};
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

/// Runs whose speeds are listed one by one; of more, only what they did together is told, and all with `--json`.
const LISTED: usize = 24;

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
    rows.extend(used(told));
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
        let mark = if energy.kind == Kind::Modelled { "~" } else { "" };
        let each = energy.joules_per_tflop.map(|joules| format!("{mark}{}", quantity::joules(joules)));
        rows.extend(each.map(|each| row("energy for each TFLOP of training", each)));
    }
    let about = if told.energy.iter().any(|energy| energy.kind == Kind::Modelled) { "about " } else { "" };
    let mut text = aligned(&rows, 2);
    if (1..=LISTED).contains(&told.utilisation.len()) {
        text += &format!("\n{}\n", aligned(&listed(&told.utilisation), 1));
    }
    text += &rates::text(&told.costs, about);
    text.extend(told.faults.iter().map(|fault| format!("FAULT in the measurement: {fault}\n")));
    text.extend(told.warnings.iter().map(|warning| format!("warning: {warning}\n")));
    text
}

/// Achieved speeds, shares of peaks, and both methods, as rows of names and values.
fn used(told: &ReportOutput) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let speed = |speed: f64| format!("{} GFLOP/s", law::number::short(speed / 1e9, 4));
    let mut rows = Vec::new();
    if let Some(flops) = told.optimizer_flops {
        let flops = law::number::short(flops as f64, 4);
        rows.push(row(
            "optimizer",
            format!("{flops} FLOP, apart from these, of {} runs", told.optimizer_runs),
        ));
    }
    if let (Some(model), Some(executed)) = (told.flops_per_second, told.executed_flops_per_second) {
        rows.push(row("speed", format!("{} in training steps, {} executed", speed(model), speed(executed))));
    }
    let against = |name: &str, share: AgainstPeak| {
        let (mfu, hfu) = (percent(share.mfu, 3), percent(share.hfu, 3));
        row("MFU", format!("{mfu} of the {name} peak, executed {hfu}, of {} runs", share.runs))
    };
    rows.extend(told.measured.map(|share| against("measured", share)));
    rows.extend(told.theoretical.map(|share| against("theoretical", share)));
    if let Some(methods) = told.methods {
        let [one, two] = [methods.method1_pfs_days, methods.method2_pfs_days]
            .map(|days| format!("{} pfs-days", law::number::short(days, 3)));
        let text = format!("{one} by counting (1), {two} by seconds x peak x assumed utilisation (2)");
        rows.push(row("methods", format!("{text}, of {} runs", methods.runs)));
    }
    rows
}

/// Every run with a peak.
fn listed(runs: &[RunUtilisation]) -> Vec<Vec<String>> {
    let head = ["run", "GFLOP/s", "MFU measured", "MFU theoretical", "executed", "pfs-days", "method 2"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| percent(share, 3));
    let days = |days: f64| law::number::short(days, 3);
    rows.extend(runs.iter().map(|run| {
        let used = &run.utilisation;
        vec![
            format!("{} {}, seed {}", run.id.short(), run.net, run.seed),
            used.flops_per_second.map_or_else(|| "-".to_owned(), |speed| format!("{:.1}", speed / 1e9)),
            share(used.mfu_measured),
            share(used.mfu_theoretical),
            share(used.hfu_measured),
            days(used.pfs_days),
            used.method2.as_ref().map_or_else(|| "-".to_owned(), |method2| days(method2.pfs_days)),
        ]
    }));
    rows
}
