//! `ergo simulate calibration`: how often the intervals of `ergo fit` hold a truth that is known.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use law::calibration::{Case, FIRST_ERROR, HARD, SEED_DEVIATION, SEEDS, TEST_IMAGES, Trial};
use rayon::prelude::*;
use record::simulate::{CalibrationCase, CalibrationOutput};

use crate::exit::Exit;
use crate::output::{self, Format};
use crate::{arguments, cli, figures, files, interrupt, out_folder, progress, threads};

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
    /// Seed of everything.
    #[arg(long, default_value_t = 1, value_parser = arguments::whole)]
    seed: u64,
    /// Threads; default: as many as the machine has processors.
    #[arg(long, value_parser = arguments::threads)]
    threads: Option<usize>,
    /// Put calibration.json and the figure here.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
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
    if let Some(folder) = &args.out {
        out_folder::check(folder)?;
    }
    let threads = args.threads.unwrap_or_else(arguments::processors);
    threads::settle(threads);
    let stop = interrupt::watch()?;
    let cases = Case::all();
    let bar = progress::simulation(args.trials * cases.len() as u64, "calibration");
    let pool = train::worker::thread_pool(threads)?;
    let mut summaries = Vec::new();
    for case in &cases {
        let trial = |number: u64| -> anyhow::Result<Option<Trial>> {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let trial = case.trial(args.seed, number, args.resamples as usize)?;
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
        seed: args.seed,
        seeds_per_cell: SEEDS as u64,
        seed_deviation: SEED_DEVIATION,
        test_images: TEST_IMAGES,
        first_error: FIRST_ERROR,
        cases: summaries,
    };
    if let Some(folder) = &args.out {
        out_folder::make(folder)?;
        files::write(&folder.join("calibration.json"), &[&serde_json::to_vec(&told)?[..], b"\n"].concat())?;
        for path in figures::write(&[report::calibration::draw(&told)], folder)? {
            output::note(&format!("wrote {}", path.display()));
        }
    }
    output::result(format, &told, || report::calibration::text(&told))?;
    Ok(Exit::Done)
}

fn told(case: &Case, trials: &[Trial]) -> CalibrationCase {
    let summary = case.summary(trials);
    CalibrationCase {
        method: case.method.name().to_owned(),
        k: case.k,
        floor: case.floor,
        cells: case.cells as u64,
        decades: case.decades,
        with_interval: summary.with_interval as u64,
        coverage: Some(summary.coverage).filter(|coverage| coverage.is_finite()),
        median_k: summary.median_k.filter(|k| k.is_finite()),
        relative_error_b: Some(summary.relative_error_b).filter(|error| error.is_finite()),
        floor_identified: summary.floor_identified,
        is_hard: summary.relative_error_b > HARD,
    }
}
