//! `ergo train`: one training, from settings to record.

mod profile;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use data::set::SetName;
use indicatif::ProgressBar;
use meter::sources::Sources;
use record::device::Device;
use record::energy::{self, Kind, Phase};
use record::error::SpecError;
use record::journal::{self, Journal};
use record::run::{RunRecord, Status};
use record::spec::{self, LearnerName, Precision, RunPlan, RunSpec};
use record::utilisation::TrainOutput;
use report::label::percent;
use report::utilisation;
use train::run::{Ended, NOMINAL_PASS, Progress, RunOptions};
use train::shelf::Shelf;
use train::worker::thread_pool;

use crate::commands::meter::{SHORT, more_runs};
use crate::device::{self, Wish};
use crate::exit::{self, Exit};
use crate::output::Format;
use crate::progress::{PlainLines, Rates};
use crate::store::DataDir;
use crate::{
    arguments, build_info, cli, interrupt, meter_options, out_folder, output, peak, progress, quantity,
    store, threads,
};

/// Arguments of `ergo train`.
#[derive(Debug, clap::Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  ergo train --net cnn-w8-d2 --epochs 1\n  \
    ergo train --data mnist --net cnn-w16-d2 --epochs 6 --out runs/mnist --json\n  \
    ergo train --net net-a --epochs 1 --profile"
)]
pub struct TrainArgs {
    /// Data set.
    #[arg(long, default_value = "digits", value_parser = cli::set_name())]
    data: SetName,
    /// Network: linear, mlp, lenet5, cnn-w{W}-d{D}, resnet{8,14,20,32}-w{W}, net-a, net-b or net-b-w{W}.
    #[arg(long, default_value = "cnn-w8-d2")]
    net: String,
    /// Passes over the training images, parts allowed; for fresh `digits` a pass is 60,000 images.
    #[arg(long, default_value_t = 3.0, value_parser = arguments::positive, conflicts_with = "steps")]
    epochs: f64,
    /// Optimizer steps, instead of epochs.
    #[arg(long, value_parser = cli::count)]
    steps: Option<u64>,
    /// Train on this many images, a stratified subset; default: all, and for `digits` fresh ones for ever.
    #[arg(long, value_parser = cli::count)]
    examples: Option<u64>,
    /// Images per step.
    #[arg(long, default_value_t = 128, value_parser = cli::count)]
    batch: u64,
    /// Seed of initial weights, order and augmentation.
    #[arg(long, default_value_t = 1, value_parser = arguments::whole)]
    seed: u64,
    /// Highest learning rate of the schedule.
    #[arg(long, visible_alias = "lr", default_value_t = spec::DEFAULT_LEARNING_RATE, value_parser = arguments::number)]
    learning_rate: f64,
    /// Nesterov momentum.
    #[arg(long, default_value_t = spec::DEFAULT_MOMENTUM, value_parser = arguments::number)]
    momentum: f64,
    /// Weight decay, of weights only: biases and batch normalisation have none.
    #[arg(long, default_value_t = spec::DEFAULT_WEIGHT_DECAY, value_parser = arguments::number)]
    weight_decay: f64,
    /// Share of the target that is spread over all classes.
    #[arg(long, default_value_t = 0.0, value_parser = arguments::number)]
    label_smoothing: f64,
    /// Share of the steps over which the learning rate rises.
    #[arg(long, default_value_t = spec::DEFAULT_WARMUP, value_parser = arguments::number)]
    warmup: f64,
    /// Shift training images at random by up to so many pixels.
    #[arg(long, default_value_t = 0, value_parser = arguments::pixels)]
    shift: u8,
    /// Mirror training images at random.
    #[arg(long)]
    flip: bool,
    /// Images held out of the training files for choosing settings.
    #[arg(long, value_name = "IMAGES", default_value_t = spec::VALIDATION_IMAGES, value_parser = arguments::whole)]
    validation: u64,
    /// Count on the first so many test images only.
    #[arg(long, value_name = "IMAGES", value_parser = cli::count)]
    test_images: Option<u64>,
    /// Threads that compute; default: as many as the machine has processors.
    #[arg(long, value_parser = arguments::threads)]
    threads: Option<usize>,
    /// Which implementation trains: native, candle or tch; default: native, and on a CUDA card tch, or candle in a build without it.
    #[arg(long, value_parser = arguments::learner)]
    learner: Option<LearnerName>,
    /// Type of the numbers that are multiplied.
    #[arg(long, default_value = Precision::default().name(), value_parser = arguments::precision)]
    precision: Precision,
    /// Where to compute: cpu, or cuda:N; default: the first CUDA card that this build can use, else cpu.
    #[arg(long, value_parser = device::parse)]
    device: Option<Device>,
    /// Keep record, weights and checkpoints here; the same command goes on where it was stopped.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Also take the training steps apart: forward, backward, optimizer, and what is neither; of candle and tch by whole
    /// passes, natively by layers too, and slower by the time of reading the clock, which the record names.
    #[arg(long)]
    profile: bool,
    /// Keep everything that the sources of energy show in this file, for `ergo meter --replay`.
    #[arg(long, value_name = "FILE.jsonl")]
    trace: Option<PathBuf>,
    /// Read DIR/sys and DIR/proc instead of /sys and /proc for what energy counters show: for tests.
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,
    #[command(flatten)]
    data_dir: DataDir,
}

/// Trains and prints the record.
///
/// # Errors
/// When a setting is impossible, the images are missing, or the disk fails.
pub fn run(args: &TrainArgs, format: Format) -> anyhow::Result<Exit> {
    threads::settle(args.threads.unwrap_or_else(arguments::processors));
    arguments::check_trainable(&args.net)?;
    let wish = Wish { learner: args.learner, device: args.device, precision: args.precision };
    let (learner, device) = device::choose(wish)?;
    let plan = plan(args, learner)?;
    if let Some(folder) = &args.out {
        out_folder::check(folder)?;
        // A record that is there already needs neither images nor a disk that can be written.
        if let Some(record) = kept(folder, &plan, args.profile)? {
            return print(format, &record);
        }
    }
    let store = store::store(&args.data_dir)?;
    if args.data != SetName::Digits {
        store.locate(args.data)?;
    }
    let shelf = Shelf::for_one_run(store);
    let stop = interrupt::watch()?;
    let Some(folder) = &args.out else {
        return match train(args, device, &plan, &shelf, None, &stop)? {
            Ended::Finished(finished) => print(format, &finished.0),
            Ended::Interrupted => output::interrupted(format, "name a folder with --out to keep checkpoints"),
        };
    };
    out_folder::make(folder)?;
    let mut journal = Journal::open(folder, "0")?;
    // Another process may have finished it while this one waited for the journal.
    if let Some(record) = kept(folder, &plan, args.profile)? {
        return print(format, &record);
    }
    let checkpoint = folder.join(format!("checkpoint-{}.safetensors", plan.id.short()));
    match train(args, device, &plan, &shelf, Some(&checkpoint), &stop)? {
        Ended::Finished(finished) => {
            let (record, state) = *finished;
            let weights = folder.join(format!("weights-{}.safetensors", plan.id.short()));
            train::weights::write(&weights, &state.weights, ("ergo.run", plan.id.as_str()))?;
            journal.append(&record)?;
            // The record is on disk; a checkpoint that stays behind is only untidy.
            let _ = fs::remove_file(&checkpoint);
            output::note(&format!("wrote the record and {}", weights.display()));
            print(format, &record)
        }
        Ended::Interrupted => output::interrupted(format, "the same command goes on from the checkpoint"),
    }
}

/// The record of `plan` in `folder`, where the run was finished before, with a line where it lacks the profile that was asked for.
fn kept(folder: &Path, plan: &RunPlan, with_profile: bool) -> anyhow::Result<Option<RunRecord>> {
    if !folder.exists() {
        return Ok(None);
    }
    let record = journal::read(folder)?.into_iter().find(|record| record.id == plan.id);
    if let Some(record) = &record {
        output::note(&format!("already trained: this is the record in {}", folder.display()));
        if with_profile && record.profile.is_none() {
            output::note("it has no profile: name another folder with --out to train again with one");
        }
    }
    Ok(record)
}

fn plan(args: &TrainArgs, learner: LearnerName) -> anyhow::Result<RunPlan> {
    let planned = spec(args, learner)?.plan();
    match (planned, args.steps) {
        // The steps follow from the epochs; what was typed is to be named.
        (Err(SpecError::Setting { setting: "steps", expected, .. }), None) => {
            let message =
                format!("--epochs {:e} with --batch {}: expected {expected}", args.epochs, args.batch);
            Err(exit::bad_input_with_hint(message, "give fewer epochs"))
        }
        (planned, _) => Ok(planned?),
    }
}

fn spec(args: &TrainArgs, learner: LearnerName) -> anyhow::Result<RunSpec> {
    let mut spec = RunSpec::new(args.data, &args.net, 1, args.batch, args.seed);
    spec.examples = args.examples;
    spec.validation_images = args.validation;
    spec.test_images = args.test_images;
    spec.learning_rate = args.learning_rate;
    spec.momentum = args.momentum;
    spec.weight_decay = args.weight_decay;
    spec.label_smoothing = args.label_smoothing;
    spec.warmup = args.warmup;
    spec.shift = args.shift;
    spec.flip = args.flip;
    (spec.learner, spec.precision) = (learner, args.precision);
    spec.steps = match args.steps {
        Some(steps) => steps,
        None => {
            let pass = spec.plan()?.pass_images.unwrap_or(NOMINAL_PASS);
            // Rounded up, so that the last pass is whole.
            (args.epochs * pass as f64 / args.batch as f64).ceil().max(1.0) as u64
        }
    };
    Ok(spec)
}

fn train(
    args: &TrainArgs,
    device: Device,
    plan: &RunPlan,
    shelf: &Shelf,
    checkpoint: Option<&Path>,
    stop: &AtomicBool,
) -> anyhow::Result<Ended> {
    let meter_options = meter_options::under(args.sysroot.as_deref())?;
    let sources = Sources::discover(&meter_options);
    let host = meter::host::host(&meter_options);
    let threads = args.threads.unwrap_or_else(arguments::processors);
    let peak = peak::of(&meter_options, &host, device, plan.spec.precision, threads);
    let options = RunOptions {
        sources: &sources,
        build: &build_info::build(),
        host: &host,
        device,
        threads,
        jobs: 1,
        peak: Some(&peak),
        place: None,
        profile: args.profile,
        evaluate_each_pass: true,
        checkpoint,
        trace: args.trace.as_deref(),
        stop,
    };
    if let Some(text) = threads::idle(plan.spec.learner, plan.spec.batch, threads as u64) {
        output::note(&text);
    }
    let bar = progress::training(plan.spec.steps, &plan.spec.net);
    let mut lines = PlainLines::default();
    let mut watch = |progress: &Progress| show(&bar, &mut lines, progress);
    let ended = thread_pool(threads)?.install(|| train::run::run(plan, shelf, &options, &mut watch));
    bar.finish_and_clear();
    Ok(ended?)
}

fn show(bar: &ProgressBar, lines: &mut PlainLines, progress: &Progress) {
    if let Some(error) = progress.test_error {
        let text =
            format!("epoch {}: loss {:.4}, test error {:.2}%", progress.epoch, progress.loss, 100.0 * error);
        bar.suspend(|| output::note(&text));
    }
    progress::update(bar, progress.steps_done, &rates(progress));
    let (done, steps) = (progress.steps_done, progress.steps);
    lines.tell(bar, done as f64, steps as f64, || format!("{done} of {steps} steps done"));
}

/// How fast a training goes.
pub fn rates(progress: &Progress) -> Rates {
    let seconds = progress.train_seconds.0;
    let rate = (seconds > 0.0).then(|| progress.images as f64 / seconds);
    Rates {
        images_per_second: rate,
        flops_per_second: rate.map(|rate| rate * progress.flops_per_image.as_f64()),
        watts: progress.watts.0.map(|watts| (watts, progress.watts.1)),
    }
}

fn print(format: Format, record: &RunRecord) -> anyhow::Result<Exit> {
    let told = TrainOutput { record, utilisation: utilisation::of(record) };
    output::result(format, &told, || text(&told))?;
    if format == Format::Json {
        for fault in utilisation::faults(record) {
            output::note(&format!("fault in the measurement: {fault}"));
        }
    }
    if record.status == Status::Done {
        return Ok(Exit::Done);
    }
    let (steps, rate) = (record.steps, record.spec.learning_rate);
    output::note(&format!("error: the loss was no longer a finite number after {steps} steps"));
    output::note(&format!("hint: try a learning rate below {rate}"));
    Ok(Exit::Failed)
}

fn text(told: &TrainOutput<'_>) -> String {
    let record = told.record;
    let mut lines = vec![format!("{} on {}, seed {}", record.spec.net, record.spec.data, record.seed)];
    if let (Some(error), Some(wrong)) = (record.error, record.wrong) {
        let images = record.test_images;
        lines.push(format!("  test error   {:.2}%  ({wrong} of {images} wrong)", 100.0 * error));
    }
    if let Some(validation) = &record.validation {
        lines.push(format!("  validation   {:.2}%", 100.0 * validation.error));
    }
    let flops = record.flops.model_train;
    lines.push(format!("  training     {:.3e} FLOP ({:.3e} pfs-days)", flops.as_f64(), flops.pfs_days()));
    if let Some(optimizer) = &record.flops.optimizer {
        let (all, each) = (optimizer.train.as_f64(), optimizer.per_step.as_f64());
        lines.push(format!("  optimizer    {all:.3e} FLOP apart from it, {each:.3e} a step"));
    }
    let rate = record.images_per_second.unwrap_or(f64::NAN);
    let speed = record.flops_per_second.unwrap_or(f64::NAN) / 1e9;
    let time = quantity::seconds(record.seconds.train.0);
    lines.push(format!("  time         {time}  ({rate:.0} img/s, {speed:.1} GFLOP/s)"));
    if let Some(bytes) = record.circumstances.planned_memory_bytes {
        lines.push(format!("  memory       {:.1} MiB planned", bytes as f64 / f64::from(1 << 20)));
    }
    if let Some(share) = record.circumstances.others_share.filter(|share| *share >= 0.01) {
        lines.push(format!(
            "  others       other programs had {} of the machine meanwhile",
            percent(share, 2)
        ));
    }
    lines.extend(record.profile.iter().flat_map(|profile| profile::lines(record, profile)));
    lines.extend(peak::lines(record.peak.as_ref(), &told.utilisation));
    lines.push(format!("  energy       {}", energy_in_words(record)));
    if let Some(runs) = more_runs(record.seconds.total) {
        lines.push(format!(
            "               of less than {SHORT} s, which say little: `ergo meter --runs {runs:.0} -- ergo train ...` meters as many in one"
        ));
    }
    lines.extend(
        utilisation::faults(record).iter().map(|fault| format!("  FAULT in the measurement: {fault}")),
    );
    lines.push(format!("  weights      sha256 {}", record.weights_sha256));
    lines.join("\n") + "\n"
}

/// Joules of the train phase, marked where they are an estimate, or the word unknown.
fn energy_in_words(record: &RunRecord) -> String {
    let Some((joules, kind)) = energy::total(&record.energy, Phase::Train) else {
        return "unknown (nothing could be read)".to_owned();
    };
    let window = record.energy.iter().find(|window| window.phase == Phase::Train && window.kind == kind);
    let bounds = window.and_then(|window| Some((window.joules_low?, window.joules_high?)));
    match (kind, bounds) {
        (Kind::Modelled, Some((low, high))) => {
            let [joules, low, high] = [joules, low, high].map(|joules| quantity::joules(joules.0));
            format!(
                "~{joules} of the training steps, an estimate between {low} and {high}, not a measurement"
            )
        }
        (Kind::Modelled, None) => {
            format!("~{} of the training steps, an estimate, not a measurement", quantity::joules(joules.0))
        }
        _ => format!("{} measured, of the training steps", quantity::joules(joules.0)),
    }
}
