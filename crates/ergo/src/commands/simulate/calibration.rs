//! `ergo simulate calibration`: how often the intervals of `ergo fit` hold a truth that is known.

use std::sync::atomic::Ordering;

use law::calibration::{Case, FIRST_ERROR, HARD, SEED_DEVIATION, SEEDS, TEST_IMAGES, Trial};
use rayon::prelude::*;
use record::simulate::{CalibrationCase, CalibrationOutput};

use super::Common;
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::{cli, interrupt, progress};

/// Arguments of `ergo simulate calibration`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ergo simulate calibration --trials 20\n  \
                        ergo simulate calibration --trials 1000 --out runs/calibration --json")]
pub struct Args {
    /// Simulated sweeps of each case.
    #[arg(long, default_value_t = 100, value_parser = cli::count)]
    trials: u64,
    /// Resamples of each interval; `ergo fit` takes 1000.
    #[arg(long, default_value_t = 400, value_parser = resamples)]
    resamples: u64,
    /// Only the tables of one estimator, or only sweeps, whose frontier is chosen from a grid.
    #[arg(long, value_parser = ["power", "floor", "sweep"])]
    method: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// As many as an interval needs.
fn resamples(text: &str) -> Result<u64, String> {
    let count = text.parse().ok().filter(|count| (100..=100_000).contains(count));
    count.ok_or_else(|| "expected a number from 100 to 100000".to_owned())
}

/// Simulates and prints.
///
/// # Errors
/// A folder that cannot be written.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    let pool = args.common.pool()?;
    let stop = interrupt::watch()?;
    let wanted = |case: &Case| args.method.as_ref().is_none_or(|method| method == case.name());
    let cases: Vec<Case> = Case::all().into_iter().filter(wanted).collect();
    let bar = progress::simulation(args.trials * cases.len() as u64, "calibration");
    let mut summaries = Vec::new();
    for case in &cases {
        let trial = |number: u64| -> anyhow::Result<Option<Trial>> {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let trial = case.trial(args.common.seed, number, args.resamples as usize)?;
            bar.inc(1);
            Ok(Some(trial))
        };
        let trials: Vec<Option<Trial>> =
            pool.install(|| (0..args.trials).into_par_iter().map(trial).collect::<anyhow::Result<_>>())?;
        let Some(trials) = trials.into_iter().collect::<Option<Vec<Trial>>>() else {
            bar.finish_and_clear();
            return output::interrupted(format, "a simulation begins again from the start");
        };
        summaries.push(told(case, &trials));
    }
    bar.finish_and_clear();
    let told = CalibrationOutput {
        trials: args.trials,
        resamples: args.resamples,
        seed: args.common.seed,
        seeds_per_cell: SEEDS as u64,
        seed_deviation: SEED_DEVIATION,
        test_images: TEST_IMAGES,
        first_error: FIRST_ERROR,
        cases: summaries,
    };
    args.common.keep("calibration", &told, &[report::calibration::draw(&told)])?;
    output::result(format, &told, || report::calibration::text(&told))?;
    Ok(Exit::Done)
}

fn told(case: &Case, trials: &[Trial]) -> CalibrationCase {
    let summary = case.summary(trials);
    let [identified, not_identified] =
        if case.method.has_floor() { summary.coverage_by_verdict } else { [None, None] };
    CalibrationCase {
        method: case.name().to_owned(),
        k: case.k,
        floor: case.floor,
        cells: case.cells as u64,
        decades: case.decades,
        with_interval: summary.with_interval as u64,
        coverage: Some(summary.coverage).filter(|coverage| coverage.is_finite()),
        median_k: summary.median_k.filter(|k| k.is_finite()),
        relative_error_b: Some(summary.relative_error_b).filter(|error| error.is_finite()),
        floor_identified: summary.floor_identified,
        coverage_identified: identified,
        coverage_not_identified: not_identified,
        median_k_identified: summary.median_identified,
        is_hard: summary.relative_error_b > HARD,
    }
}
