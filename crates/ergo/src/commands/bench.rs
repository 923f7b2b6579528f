//! `ergo bench`: how fast networks train and judge here, by learner, threads and batch.

mod table;
mod warnings;

use std::path::PathBuf;

use data::set::SetName;
use meter::clock;
use meter::sources::Sources;
use record::bench::{BenchOutput, BenchPhase, IntervalFacts, SCHEMA};
use record::device::Device;
use record::run::FLOPS_CONVENTION;
use record::spec::{LearnerName, Precision, RunSpec};
use record::units::Seconds;
use report::overtaking::overtaking;
use train::bench::{
    BenchOptions, BenchProgress, Configuration, JUDGED_AT_ONCE, Measured, PeakOf, measure, summary,
};
use train::learner;

use crate::device;
use crate::exit::Exit;
use crate::output::Format;
use crate::progress::{PlainLines, Rates};
use crate::{arguments, build_info, cli, figures, interrupt, meter_options, output, peak, progress, threads};

/// Images of a training step where no batch is given.
const TRAIN_BATCH: u64 = 128;

/// Arguments of `ergo bench`.
#[derive(Debug, clap::Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  ergo bench\n  ergo bench --nets net-a,cnn-w16-d2 --threads 1,2 --phase train,infer\n  \
    ergo bench --nets net-b --batch 32,128,512 --seconds 10 --json\n  \
    ergo bench --devices cpu,cuda:0 --nets cnn-w8-d3,cnn-w64-d3 --batch 32,128,1024 --figures results/here\n\n\
    Every configuration gets a slice of time in each round, in an order that is drawn anew; learners are compared \
    within rounds, so that a machine that other work slows down slows all of them. Images are random: no data set \
    is needed."
)]
pub struct BenchArgs {
    /// Networks, as for `ergo train`.
    #[arg(long, value_delimiter = ',', default_value = "net-a,net-b")]
    nets: Vec<String>,
    /// Data set whose images' shape is used; default: mnist for linear layers, lenet5 and net-a, else cifar10.
    #[arg(long, value_parser = cli::set_name())]
    data: Option<SetName>,
    /// Which implementations compute, the one to compare with first; default: all of this build.
    #[arg(long, value_delimiter = ',', value_parser = arguments::learner)]
    learners: Vec<LearnerName>,
    /// Where to compute: cpu, or cuda:N; with both, from where on the card is faster is told.
    #[arg(long, value_delimiter = ',', default_value = "cpu", value_parser = device::parse)]
    devices: Vec<Device>,
    /// Types of the numbers that are multiplied.
    #[arg(long, value_delimiter = ',', default_value = Precision::default().name(), value_parser = arguments::precision)]
    precision: Vec<Precision>,
    /// Numbers of threads that compute; default: as many as the machine has processors.
    #[arg(long, value_delimiter = ',', value_parser = arguments::threads)]
    threads: Vec<usize>,
    /// Images of a step, or of a batch that is judged; default: 128 to train and 1000 to infer.
    #[arg(long, value_delimiter = ',', value_parser = cli::count)]
    batch: Vec<u64>,
    /// What is timed: train for whole training steps, infer for judging images.
    #[arg(long, value_delimiter = ',', default_value = "train", value_parser = phase)]
    phase: Vec<BenchPhase>,
    /// Seconds for each configuration, in all rounds together; more where so many steps as a training hands over at once take longer.
    #[arg(long, default_value_t = 2.0, value_parser = arguments::positive)]
    seconds: f64,
    /// Rounds; with fewer than 6, an interval covers less than 95%.
    #[arg(long, default_value_t = 9, value_parser = rounds)]
    rounds: usize,
    /// Also tell the time of every layer, from a slice of its own after the rounds.
    #[arg(long)]
    profile: bool,
    /// Also draw speed against the work in a step, as SVG and PNG, into this folder.
    #[arg(long, value_name = "FOLDER")]
    figures: Option<PathBuf>,
}

/// Measures and prints.
///
/// # Errors
/// When a setting is impossible, or a learner cannot be built or fails.
pub fn run(args: &BenchArgs, format: Format) -> anyhow::Result<Exit> {
    let configurations = configurations(args)?;
    // One number for the whole process: candle cuts its work into so many pieces whatever the size of the pool.
    threads::settle(configurations.iter().map(|one| one.threads).max().unwrap_or(1));
    let stop = interrupt::watch()?;
    let sources = Sources::discover(&meter_options::here());
    let started_unix = clock::unix_now();
    let options = BenchOptions {
        seconds: Seconds(args.seconds),
        rounds: args.rounds,
        profile: args.profile,
        sources: &sources,
        stop: &stop,
    };
    let bar = progress::bench(0);
    let mut lines = PlainLines::default();
    let measured = measure(&configurations, &options, &mut |progress| {
        let rates = Rates { images_per_second: progress.images_per_second, ..Rates::default() };
        let BenchProgress { done, slices, net, .. } = *progress;
        bar.set_length(slices as u64);
        bar.set_prefix(net.unwrap_or("peak").to_owned());
        progress::update(&bar, done as u64, &rates);
        lines.tell(&bar, done as f64, slices as f64, || format!("{done} of {slices} slices done"));
    });
    bar.finish_and_clear();
    let Some(measured) = measured? else {
        return output::interrupted(format, "give fewer configurations or --seconds for a shorter one");
    };
    let told = BenchOutput { started_unix, ..told(&configurations, &measured, &options) };
    let drawn = match &args.figures {
        Some(folder) => figures::write(&report::speeds::draw(&told), folder)?,
        None => Vec::new(),
    };
    output::result(format, &told, || table::text(&told))?;
    drawn.iter().for_each(|path| output::note(&format!("wrote {}", path.display())));
    if format == Format::Json {
        told.warnings.iter().for_each(|warning| output::note(&format!("warning: {warning}")));
    }
    Ok(Exit::Done)
}

/// Everything there is to say.
fn told(configurations: &[Configuration], measured: &Measured, options: &BenchOptions<'_>) -> BenchOutput {
    let (method, coverage) = summary::interval(options.rounds);
    let rows = summary::rows(configurations, measured);
    let here = meter_options::here();
    let host = meter::host::host(&here);
    let theoretical = |of: PeakOf| match of {
        PeakOf::Threads(threads, _) => {
            peak::theoretical(&here, &host, (Device::Cpu, Precision::F32), threads)
        }
        PeakOf::Card(card, precision) => peak::theoretical(&here, &host, (card, precision), 1),
    };
    let mut told = BenchOutput {
        schema: SCHEMA.to_owned(),
        overtaking: overtaking(&rows),
        rows,
        peaks: summary::peaks(measured, theoretical),
        interval: IntervalFacts { method, coverage },
        rounds: options.rounds as u64,
        slice_seconds: options.slice_seconds(),
        convention: FLOPS_CONVENTION.to_owned(),
        others_share: summary::others_share(measured, arguments::processors()),
        warnings: Vec::new(),
        build: build_info::build(),
        host: host.clone(),
        started_unix: 0.0,
    };
    told.warnings = warnings::warnings(&told, arguments::processors());
    told
}

/// The learners that can compute in a precision on a device: those asked for, or all of this build.
fn fitting(args: &BenchArgs, device: Device, precision: Precision) -> anyhow::Result<Vec<LearnerName>> {
    let asked = if args.learners.is_empty() {
        LearnerName::ALL.into_iter().filter(|&learner| learner::is_built(learner)).collect()
    } else {
        distinct(&args.learners)
    };
    let mut refusal = None;
    let mut fits = |&learner: &LearnerName| {
        learner::check(learner, device, precision).map_err(|error| refusal = Some(error)).is_ok()
    };
    let fitting: Vec<LearnerName> = asked.into_iter().filter(|learner| fits(learner)).collect();
    match refusal {
        // Where some learner computes there, one that does not is no mistake; nor is a pair that fits nowhere, where both
        // its precision and its device are of use otherwise.
        Some(error) if fitting.is_empty() && !is_of_use(args, device, precision) => Err(error.into()),
        _ => Ok(fitting),
    }
}

/// Whether some learner computes in this precision on another of the devices, and on this device in another precision.
fn is_of_use(args: &BenchArgs, device: Device, precision: Precision) -> bool {
    let fits = |device, precision| {
        let asked = |learner: &LearnerName| args.learners.is_empty() || args.learners.contains(learner);
        LearnerName::ALL
            .iter()
            .any(|learner| asked(learner) && learner::check(*learner, device, precision).is_ok())
    };
    args.devices.iter().any(|&other| fits(other, precision))
        && args.precision.iter().any(|&other| fits(device, other))
}

/// Every combination of the settings, with learners and devices next to each other.
fn configurations(args: &BenchArgs) -> anyhow::Result<Vec<Configuration>> {
    let threads =
        if args.threads.is_empty() { vec![arguments::processors()] } else { distinct(&args.threads) };
    let mut configurations = Vec::new();
    for net in distinct(&args.nets) {
        arguments::check_trainable(&net)?;
        let data = args.data.unwrap_or_else(|| natural_data(&net));
        for phase in distinct(&args.phase) {
            let default = if phase == BenchPhase::Train { TRAIN_BATCH } else { JUDGED_AT_ONCE };
            let batches = if args.batch.is_empty() { vec![default] } else { distinct(&args.batch) };
            let specs = vec![RunSpec::new(data, &net, 1, default, 1)];
            let specs = with_each(&specs, &batches, |spec, &batch| spec.batch = batch);
            let specs = with_each(&specs, &distinct(&args.precision), |spec, &one| spec.precision = one);
            for (&threads, spec) in threads.iter().flat_map(|one| specs.iter().map(move |spec| (one, spec))) {
                for device in distinct(&args.devices) {
                    for learner in fitting(args, device, spec.precision)? {
                        let plan = RunSpec { learner, ..spec.clone() }.plan()?;
                        configurations.push(Configuration { plan, phase, device, threads });
                    }
                }
            }
        }
    }
    Ok(configurations)
}

/// Each spec with each of the values.
fn with_each<T>(specs: &[RunSpec], values: &[T], set: impl Fn(&mut RunSpec, &T)) -> Vec<RunSpec> {
    let with = |spec: &RunSpec, value: &T| {
        let mut spec = spec.clone();
        set(&mut spec, value);
        spec
    };
    specs.iter().flat_map(|spec| values.iter().map(|value| with(spec, value)).collect::<Vec<_>>()).collect()
}

/// The values in their order, each once.
fn distinct<T: Clone + PartialEq>(values: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}

/// The data set for whose images a network is mostly used.
fn natural_data(net: &str) -> SetName {
    match net {
        "linear" | "mlp" | "lenet5" | "net-a" => SetName::Mnist,
        _ => SetName::Cifar10,
    }
}

fn phase(text: &str) -> Result<BenchPhase, String> {
    let found = [BenchPhase::Train, BenchPhase::Infer].into_iter().find(|phase| phase.name() == text);
    found.ok_or_else(|| "expected train or infer".to_owned())
}

/// Most rounds; more would only cut the time into ever shorter slices.
const MOST_ROUNDS: usize = 1000;

fn rounds(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_ROUNDS).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST_ROUNDS}"))
}

#[cfg(test)]
mod tests;
