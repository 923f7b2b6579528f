//! `ergo simulate`: the argument behind k = 4 as an experiment, and intervals on sweeps whose law is known.

mod calibration;

use std::path::PathBuf;

use law::expert::summary::{self, Place};
use law::expert::{self, Outcome, Setting, System};
use rayon::prelude::*;
use record::simulate::{ExpertCurve, ExpertOutput, ExpertPlace};
use report::figures::Figure;
use serde::Serialize;

use crate::exit::{self, Exit};
use crate::output::{self, Format};
use crate::{arguments, cli, figures, files, interrupt, out_folder, progress, threads};

/// How operations are counted: as those of trainings, of other arithmetic.
const CONVENTION: &str = "1 MAC = 2 FLOP; normal equations (half of a symmetric product), Cholesky's decomposition and its \
    solutions, and every move of the lasso's coordinate descent in cross-validation and after it; drawing samples and \
    judging are not counted";

/// Arguments of `ergo simulate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ergo simulate expert --out runs/expert\n  ergo simulate calibration --trials 20"
)]
pub struct Args {
    /// Which simulation.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Regression by who knows which features matter, and by who has to find out: by samples and by FLOPs.
    Expert(ExpertArgs),
    /// Intervals of simulated sweeps whose law is known: how often they hold it.
    Calibration(calibration::Args),
}

/// Arguments of `ergo simulate expert`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ergo simulate expert\n  ergo simulate expert --repetitions 100 --out runs/expert --json\n\n\
                  Needs about 300 MB of memory for each thread with the settings it comes with."
)]
struct ExpertArgs {
    /// Repetitions, each with samples of its own.
    #[arg(long, default_value_t = 40, value_parser = cli::count)]
    repetitions: u64,
    /// Candidate features.
    #[arg(long, default_value_t = Setting::default().features as u64, value_parser = cli::count)]
    features: u64,
    /// Features that matter.
    #[arg(long, default_value_t = Setting::default().relevant as u64, value_parser = cli::count)]
    relevant: u64,
    /// Standard deviation of the noise; each feature that matters adds its value to the label.
    #[arg(long, default_value_t = Setting::default().noise, value_parser = arguments::positive)]
    noise: f64,
    /// Numbers of samples to learn from [default: 18 of them from 20 to 12589].
    #[arg(long, value_delimiter = ',', value_parser = cli::count)]
    samples: Vec<u64>,
    #[command(flatten)]
    common: Common,
}

/// What every simulation is asked.
#[derive(Debug, clap::Args)]
struct Common {
    /// Seed of everything.
    #[arg(long, default_value_t = 1, value_parser = arguments::whole)]
    seed: u64,
    /// Threads; default: as many as the machine has processors.
    #[arg(long, value_parser = arguments::threads)]
    threads: Option<usize>,
    /// Put the numbers, as the simulation's name with .json, and the figures here.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Common {
    /// The pool that simulates, once the folder is known to be one.
    fn pool(&self) -> anyhow::Result<rayon::ThreadPool> {
        if let Some(folder) = &self.out {
            out_folder::check(folder)?;
        }
        let threads = self.threads.unwrap_or_else(arguments::processors);
        threads::settle(threads);
        Ok(train::worker::thread_pool(threads)?)
    }

    /// Writes the numbers of a simulation of this name and its figures, where asked.
    fn keep(&self, name: &str, told: &impl Serialize, figures: &[Figure]) -> anyhow::Result<()> {
        let Some(folder) = &self.out else { return Ok(()) };
        out_folder::make(folder)?;
        let file = folder.join(format!("{name}.json"));
        files::write(&file, &[&serde_json::to_vec(told)?[..], b"\n"].concat())?;
        for path in figures::write(figures, folder)? {
            output::note(&format!("wrote {}", path.display()));
        }
        Ok(())
    }
}

/// Simulates and prints.
///
/// # Errors
/// Settings that make no experiment, or a folder that cannot be written.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    match &args.command {
        Command::Expert(args) => expert(args, format),
        Command::Calibration(args) => calibration::run(args, format),
    }
}

fn expert(args: &ExpertArgs, format: Format) -> anyhow::Result<Exit> {
    let setting = setting(args)?;
    let pool = args.common.pool()?;
    let stop = interrupt::watch()?;
    let bar = progress::simulation(args.repetitions, "expert");
    let repetition = |number: u64| {
        let outcomes = expert::repetition(&setting, number, &stop);
        bar.inc(1);
        outcomes
    };
    let outcomes: Option<Vec<Vec<Outcome>>> =
        pool.install(|| (0..args.repetitions).into_par_iter().map(repetition).collect());
    bar.finish_and_clear();
    let Some(outcomes) = outcomes else {
        return output::interrupted(format, "a simulation begins again from the start");
    };
    let told = told(args, &setting, &outcomes.concat());
    args.common.keep("expert", &told, &report::expert::draw(&told))?;
    output::result(format, &told, || report::expert::text(&told))?;
    Ok(Exit::Done)
}

fn setting(args: &ExpertArgs) -> anyhow::Result<Setting> {
    let mut setting = Setting {
        features: args.features as usize,
        relevant: args.relevant as usize,
        noise: args.noise,
        seed: args.common.seed,
        ..Setting::default()
    };
    if !args.samples.is_empty() {
        setting.samples = args.samples.iter().map(|&samples| samples as usize).collect();
        setting.samples.sort_unstable();
        setting.samples.dedup();
    }
    if args.relevant < 2 || args.relevant >= args.features {
        let found = format!("--relevant {} of --features {}", args.relevant, args.features);
        return Err(exit::bad_input_with_hint(
            format!("{found}: expected at least 2, and fewer than all"),
            "the expert knows all but one of those that matter, and takes one that does not",
        ));
    }
    // What is drawn and summed at once, in numbers of eight bytes.
    let most = setting.samples.last().copied().unwrap_or(0);
    let numbers = (most + 12 * setting.features).saturating_mul(setting.features);
    if numbers > 1 << 30 {
        let found =
            format!("{most} samples of {} features need {} GB a thread", setting.features, numbers >> 27);
        return Err(exit::bad_input_with_hint(found, "give fewer --samples or --features"));
    }
    Ok(setting)
}

fn told(args: &ExpertArgs, setting: &Setting, outcomes: &[Outcome]) -> ExpertOutput {
    let curve = |system: System| summary::curve(outcomes, system);
    let [expert, flexible, regularised] = [System::Expert, System::Flexible, System::Regularised].map(curve);
    let samples = |place: &Place| place.samples as f64;
    let flops = |place: &Place| place.flops;
    let dearer =
        |places: &[Place]| summary::rising(places, flops).into_iter().copied().collect::<Vec<Place>>();
    ExpertOutput {
        features: args.features,
        relevant: args.relevant,
        noise: setting.noise,
        seed: setting.seed,
        repetitions: args.repetitions,
        convention: CONVENTION.to_owned(),
        curves: System::ALL.into_iter().map(|system| of_curve(system, &curve(system))).collect(),
        flexible_ahead_samples: summary::overtaking(&expert, &flexible, samples),
        flexible_ahead_flops: summary::overtaking(&expert, &dearer(&flexible), flops),
        regularised_ahead_samples: summary::overtaking(&expert, &regularised, samples),
        regularised_ahead_flops: summary::overtaking(&expert, &dearer(&regularised), flops),
    }
}

fn of_curve(system: System, places: &[Place]) -> ExpertCurve {
    let place = |place: &Place| ExpertPlace {
        samples: place.samples as u64,
        flops: place.flops,
        performance: place.performance,
        low: place.low,
        high: place.high,
        singular: place.singular as u64,
    };
    ExpertCurve { system: system.name().to_owned(), places: places.iter().map(place).collect() }
}
