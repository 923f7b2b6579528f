//! `ergo sweep`: many trainings, from a file of budgets and axes to a fit and its figures.

mod ahead;
mod fleet;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use meter::sources::Sources;
use record::device::Device;
use record::journal;
use record::output::{FitOutput, SweepOutput};
use record::run::{RunRecord, Status};
use record::spec::{LearnerName, Precision, RunId};
use record::units::{Flops, Seconds};
use sweep::pending::{pending, shard};
use sweep::plan::{Dropped, PlannedRun, Sweep};
use train::learner;
use train::shelf::Shelf;
use train::worker::{Task, WorkEnd, WorkOptions, work};

use crate::device::{self, Wish};
use crate::exit::{self, Exit};
use crate::output::Format;
use crate::store::DataDir;
use crate::sweep_progress::SweepProgress;
use crate::{
    arguments, build_info, figures, interrupt, meter_options, out_folder, output, peak, store, threads,
};

/// How many of the cells outside the limits are named.
const DROPPED_SHOWN: usize = 3;

/// Arguments of `ergo sweep`.
#[derive(Debug, clap::Args)]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  ergo sweep\n  ergo sweep --preset mnist --dry-run\n  \
    ergo sweep my.toml --out runs/mine --jobs 2\n  ergo sweep --preset cifar10 --devices cuda:0,cuda:1\n\nRunning the same command again goes on where it was stopped."
)]
pub struct SweepArgs {
    /// Sweep file; default: the preset.
    #[arg(conflicts_with = "preset")]
    file: Option<PathBuf>,
    /// A sweep that comes with the program: quick, mnist, fashion-mnist or cifar10.
    #[arg(long, value_parser = sweep::presets::NAMES)]
    preset: Option<String>,
    /// Folder of the journals and figures; default: runs/NAME.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print what every cell is predicted to cost and train nothing; --json has every run.
    #[arg(long)]
    dry_run: bool,
    /// Trainings side by side, of one thread each; their seconds and joules are marked as shared.
    #[arg(long, default_value_t = 1, value_parser = arguments::threads, conflicts_with = "threads")]
    jobs: usize,
    /// Threads of each training; default: one with --jobs, otherwise as many as there are processors, which --devices
    /// share.
    #[arg(long, value_parser = arguments::threads)]
    threads: Option<usize>,
    /// Begin no run after so many seconds.
    #[arg(long, value_parser = arguments::positive)]
    max_seconds: Option<f64>,
    /// Begin no run that would bring the training FLOPs of this call above this.
    #[arg(long, value_parser = arguments::positive)]
    max_flops: Option<f64>,
    /// Do only share I of N, for instance 2/8; shares at work on one machine are marked as side by side.
    #[arg(long, value_name = "I/N", value_parser = arguments::share)]
    shard: Option<(usize, usize)>,
    /// Print a SLURM array script of so many tasks for this sweep, and train nothing.
    #[arg(long, value_name = "TASKS", requires = "file", conflicts_with = "shard", value_parser = arguments::tasks)]
    slurm: Option<u32>,
    /// Which implementation trains, instead of the file's: native, candle or tch; default: native, and on a CUDA card tch, or candle in a build without it.
    #[arg(long, value_parser = arguments::learner)]
    learner: Option<LearnerName>,
    /// Type of the numbers that are multiplied, instead of the file's.
    #[arg(long, value_parser = arguments::precision)]
    precision: Option<Precision>,
    /// Where to compute: cpu, or cuda:N; default: the first CUDA card that this build can use, else cpu.
    #[arg(long, value_parser = device::parse)]
    device: Option<Device>,
    /// Devices that share the runs, each with a process of its own, as cuda:0,cuda:1; their seconds and joules are
    /// marked as shared.
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = device::parse,
        conflicts_with_all = ["device", "jobs", "shard", "slurm"]
    )]
    devices: Vec<Device>,
    /// Keep all that the sources of energy show during each run, in traces/ of the folder; `ergo meter --replay` computes
    /// from such a file again what the run cost.
    #[arg(long)]
    traces: bool,
    /// Train only, as long as stdin is open: the process that began this one fits and draws.
    #[arg(long, hide = true, requires = "shard")]
    worker: bool,
    #[command(flatten)]
    data_dir: DataDir,
}

/// Does what is left of the sweep, fits and draws.
///
/// # Errors
/// When the sweep is impossible, images are missing, the folder holds another sweep, or the disk fails.
pub fn run(args: &SweepArgs, format: Format) -> anyhow::Result<Exit> {
    threads::settle(threads_of(args));
    let (sweep, device) = planned(args)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("runs").join(&sweep.name));
    if let (Some(tasks), Some(file)) = (args.slurm, &args.file) {
        return ahead::slurm(args, &sweep, tasks, file, &folder, format);
    }
    out_folder::check(&folder)?;
    let before = records(&folder)?;
    refuse_foreign(&sweep, &before, &folder)?;
    if args.dry_run {
        return ahead::dry_run(args, &sweep, device, &before, &folder, format);
    }
    let finished: HashSet<RunId> = before.into_iter().map(|record| record.id).collect();
    let to_do = mine(args, &sweep, &finished)?;
    let mut end = WorkEnd::Done;
    if let Some(first) = to_do.first() {
        let stop = interrupt::watch()?;
        if args.worker {
            interrupt::at_end_of_input(&stop);
        }
        let shelf = Shelf::new(store::store(&args.data_dir)?);
        shelf.prepare(first.spec.data)?;
        out_folder::make(&folder)?;
        end = if args.devices.is_empty() {
            train(args, &sweep, device, &to_do, &shelf, &folder, &stop)?
        } else {
            fleet::work(args, first.spec.learner, &folder, &stop)?
        };
    }
    if args.worker {
        return Ok(exit_of(end).0);
    }
    let conclusion = Conclusion { sweep: &sweep, before: finished.len(), idle: to_do.is_empty(), end };
    conclude(&conclusion, &folder, format)
}

/// The sweep, and where it is computed.
fn planned(args: &SweepArgs) -> anyhow::Result<(Sweep, Device)> {
    let (text, name) = match &args.file {
        Some(path) => {
            let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let text = String::from_utf8(bytes).map_err(|_| {
                let message = format!("{}: found bytes that are no text in UTF-8", path.display());
                exit::bad_input_with_hint(message, "name a sweep file, which is TOML")
            })?;
            (text, path.display().to_string())
        }
        None => {
            let name = args.preset.as_deref().unwrap_or("quick");
            let text = sweep::presets::preset(name).context("a preset without a file")?;
            (text.to_owned(), format!("preset {name}"))
        }
    };
    let mut file = sweep::file::parse(&text, &name)?;
    file.train.learner = args.learner.or(file.train.learner);
    file.train.precision = args.precision.or(file.train.precision);
    let precision = file.train.precision.unwrap_or_default();
    let device = args.device.or(args.devices.first().copied());
    let wish = Wish { learner: file.train.learner, device, precision };
    // A script is for other machines, which are to choose for themselves.
    let device = if args.slurm.is_none() {
        let (learner, device) = device::choose(wish)?;
        args.devices.iter().try_for_each(|&device| learner::check(learner, device, precision))?;
        file.train.learner = Some(learner);
        device
    } else {
        Device::default()
    };
    file.net.names.iter().flatten().try_for_each(|net| arguments::check_trainable(net))?;
    let sweep = sweep::plan::plan(&file)?;
    tell_dropped(&sweep.dropped);
    Ok((sweep, device))
}

/// The first few of the cells that are left out, and how many more there are.
fn tell_dropped(dropped: &[Dropped]) {
    for Dropped { cell, reason } in dropped.iter().take(DROPPED_SHOWN) {
        output::note(&format!("left out {cell}: {reason}"));
    }
    if let Some(more @ 1..) = dropped.len().checked_sub(DROPPED_SHOWN) {
        output::note(&format!("left out {more} more cells that lie outside [limits]"));
    }
}

fn records(folder: &Path) -> anyhow::Result<Vec<RunRecord>> {
    if folder.exists() { Ok(journal::read(folder)?) } else { Ok(Vec::new()) }
}

/// A folder holds one sweep: fits and figures are drawn from all its records.
fn refuse_foreign(sweep: &Sweep, records: &[RunRecord], folder: &Path) -> anyhow::Result<()> {
    let places: HashMap<&RunId, &PlannedRun> = sweep.runs.iter().map(|run| (&run.id, run)).collect();
    let belongs = |record: &RunRecord| {
        places.get(&record.id).is_some_and(|run| record.place.as_ref() == Some(&run.place))
    };
    let foreign = records.iter().filter(|record| !belongs(record)).count();
    if foreign == 0 {
        return Ok(());
    }
    let message = format!(
        "{} holds {foreign} records that are not runs of the sweep `{}` as it is planned now",
        folder.display(),
        sweep.name
    );
    Err(exit::bad_input_with_hint(message, "give this sweep a folder of its own with --out"))
}

/// The runs still to do, of this process's share.
fn mine<'s>(
    args: &SweepArgs,
    sweep: &'s Sweep,
    finished: &HashSet<RunId>,
) -> anyhow::Result<Vec<&'s PlannedRun>> {
    let to_do = pending(&sweep.runs, finished).to_do;
    let Some((index, count)) = args.shard else { return Ok(to_do) };
    let share: HashSet<&RunId> =
        shard(sweep.runs.iter().collect(), index, count)?.into_iter().map(|run| &run.id).collect();
    Ok(to_do.into_iter().filter(|run| share.contains(&run.id)).collect())
}

fn threads_of(args: &SweepArgs) -> usize {
    let processes = args.devices.len().max(1);
    let each = if args.jobs > 1 { 1 } else { (arguments::processors() / processes).max(1) };
    args.threads.unwrap_or(each)
}

fn train(
    args: &SweepArgs,
    sweep: &Sweep,
    device: Device,
    to_do: &[&PlannedRun],
    shelf: &Shelf,
    folder: &Path,
    stop: &AtomicBool,
) -> anyhow::Result<WorkEnd> {
    let meter_options = meter_options::here();
    let sources = Sources::discover(&meter_options);
    let host = meter::host::host(&meter_options);
    let prefix = args.shard.map_or(String::new(), |(index, count)| format!("{index}of{count}-"));
    let precision = to_do.first().map(|run| run.spec.precision).unwrap_or_default();
    let peak = peak::of(&meter_options, &host, device, precision, threads_of(args));
    let options = WorkOptions {
        folder,
        prefix: &prefix,
        jobs: args.jobs,
        device,
        threads: threads_of(args),
        peak: Some(&peak),
        sources: &sources,
        build: &build_info::build(),
        host: &host,
        stop,
        max_seconds: args.max_seconds.map(Seconds),
        max_flops: args.max_flops.map(|flops| Flops(flops as u64)),
        traces: args.traces,
    };
    let tasks: Vec<Task> =
        to_do.iter().map(|run| Task { spec: run.spec.clone(), place: run.place.clone() }).collect();
    output::note(&format!(
        "{}: {} of {} runs to do, into {}",
        sweep.name,
        to_do.len(),
        sweep.runs.len(),
        folder.display()
    ));
    let largest = to_do.iter().max_by_key(|run| run.spec.batch);
    if let Some(text) =
        largest.and_then(|run| threads::idle(run.spec.learner, run.spec.batch, options.threads as u64))
    {
        output::note(&text);
    }
    let progress = SweepProgress::new(&sweep.name, to_do, args.jobs);
    let end = work(&tasks, shelf, &options, &|event| progress.tell(event));
    progress.clear();
    Ok(end?)
}

/// What there is to say at the end.
struct Conclusion<'a> {
    sweep: &'a Sweep,
    /// Runs that were finished before this command.
    before: usize,
    /// Whether nothing was left to do.
    idle: bool,
    end: WorkEnd,
}

/// Reads everything back, fits, draws and prints.
fn conclude(conclusion: &Conclusion<'_>, folder: &Path, format: Format) -> anyhow::Result<Exit> {
    let Conclusion { sweep, before, idle, end } = conclusion;
    let records = records(folder)?;
    let (complete, pending) = of_complete_budgets(sweep, &records);
    if pending > 0 {
        output::note(&format!("fit and figures leave out {pending} budgets that are not done"));
    }
    let fit = report::fit::of_records(&complete);
    if let (Err(error), false) = (&fit, complete.is_empty()) {
        output::note(&format!("no fit: {error}"));
    }
    let written = match figures::write_all(&complete, folder) {
        // They were drawn when the sweep was done; the disk may be closed to writing since.
        Err(error) if *idle => {
            output::note(&format!("the figures are not drawn again: {error:#}"));
            Vec::new()
        }
        drawn => drawn?,
    };
    let (exit, stopped) = exit_of(*end);
    if let Some(reason) = stopped {
        output::note(&format!("stopped: {reason}; the same command goes on"));
    }
    let summary = SweepOutput {
        runs_planned: sweep.runs.len(),
        runs_done: records.len(),
        runs_skipped: *before,
        runs_diverged: records.iter().filter(|record| record.status == Status::Diverged).count(),
        faults: records.iter().flat_map(faults).collect(),
        out: folder.display().to_string(),
        stopped: stopped.map(str::to_owned),
        fit: fit.ok(),
        figures: written.iter().map(|path| path.display().to_string()).collect(),
    };
    output::result(format, &summary, || text(&summary))?;
    Ok(exit)
}

/// The faults of a record, each with its run.
fn faults(record: &RunRecord) -> Vec<String> {
    let of_run = |fault: String| format!("run {}: {fault}", record.id.short());
    report::utilisation::faults(record).into_iter().map(of_run).collect()
}

/// How the program ends, and in words why before all was done.
fn exit_of(end: WorkEnd) -> (Exit, Option<&'static str>) {
    match end {
        WorkEnd::Done => (Exit::Done, None),
        WorkEnd::Interrupted => (Exit::Interrupted, Some("interrupted")),
        WorkEnd::Budget => (Exit::Budget, Some("a budget was reached")),
    }
}

/// The records of the budgets that are done, and how many budgets are not: where only some cells have run, their
/// best is no frontier.
fn of_complete_budgets(sweep: &Sweep, records: &[RunRecord]) -> (Vec<RunRecord>, usize) {
    let done: HashSet<&RunId> = records.iter().map(|record| &record.id).collect();
    let pending: HashSet<Flops> =
        sweep.runs.iter().filter(|run| !done.contains(&run.id)).map(|run| run.place.budget).collect();
    let is_complete =
        |record: &&RunRecord| record.place.as_ref().is_some_and(|place| !pending.contains(&place.budget));
    (records.iter().filter(is_complete).cloned().collect(), pending.len())
}

fn text(summary: &SweepOutput) -> String {
    let mut text =
        summary.fit.as_ref().map(|fit: &FitOutput| report::table::text(fit) + "\n").unwrap_or_default();
    let diverged = match summary.runs_diverged {
        0 => String::new(),
        count => format!(", {count} of them diverged"),
    };
    text += &format!(
        "{} of {} runs done{diverged} ({} before). Records and figures: {}\n",
        summary.runs_done, summary.runs_planned, summary.runs_skipped, summary.out
    );
    const MOST_SHOWN: usize = 5;
    for fault in summary.faults.iter().take(MOST_SHOWN) {
        text += &format!("FAULT in the measurement of {fault}\n");
    }
    if let Some(more) = summary.faults.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        text += &format!("FAULT in the measurement of {more} more; --json has all\n");
    }
    for figure in summary.figures.iter().filter(|figure| figure.ends_with(".png")) {
        text += &format!("  {figure}\n");
    }
    text
}
