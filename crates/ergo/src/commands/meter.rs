//! `ergo meter`: what any command costs, by the machinery that meters trainings.

mod child;
mod wall;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use meter::clock::{Clock, SystemClock};
use meter::meter::Meter;
use meter::metering::Metering;
use meter::power_log::{self, PowerLog, PowerLogError};
use meter::replay;
use meter::sources::{EstimateOf, Options, Sources};
use meter::tenancy::Tenancy;
use meter::trace::Trace;
use record::energy::{self, EnergyWindow, Kind, Phase};
use record::metered::{MeterOutput, MeteredEnergy, PhasesOutput};
use record::run::{Host, SecondsRecord};
use record::units::{Joules, Seconds};
use report::label::percent;

use crate::arguments;
use crate::cli;
use crate::exit::{self, Exit};
use crate::meter_options;
use crate::output::{self, Format};
use crate::quantity;
use crate::rates::{self, RateArgs};
use crate::table::aligned;

/// Less than this share of the machine is what its own housekeeping takes.
const OTHERS: f64 = 0.02;

/// Shorter runs than this, in seconds, are better metered as a group.
pub const SHORT: f64 = 2.0;

/// How many runs in one window say enough, where one of that length is too short.
pub fn more_runs(Seconds(seconds): Seconds) -> Option<f64> {
    (seconds < SHORT).then(|| (2.0 * SHORT / seconds.max(1e-3)).ceil())
}

/// Arguments of `ergo meter`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ergo meter -- python3 train.py\n  ergo meter --idle 10 --json -- make -j8\n  \
                  ergo meter --power-log wall.csv -- ./simulate\n  ergo meter --runs 50 -- ./short\n  \
                  ergo meter --trace run.jsonl -- ./simulate && ergo meter --replay run.jsonl\n\n\
                  The command's exit code is passed on. With --json its output goes to stderr, and the report alone to \
                  stdout; otherwise the report goes to stderr."
)]
pub struct Args {
    /// Meter the machine for so many seconds first, while nothing is started, and tell that power apart.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = arguments::positive)]
    idle: Option<f64>,
    /// Seconds between two readings, up to a tenth less; default: 0.1, and after a minute 1 where only counters are read.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = arguments::interval)]
    interval: Option<f64>,
    /// Run the command so many times in a row and meter them together: for one that is too short to resolve.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = cli::count)]
    runs: u64,
    /// Keep everything that the sources show in this file.
    #[arg(long, value_name = "FILE.jsonl")]
    trace: Option<PathBuf>,
    /// Run nothing, and compute again from such a file what the command cost.
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["command", "trace", "idle", "interval", "sysroot", "runs"])]
    replay: Option<PathBuf>,
    /// Log of a wall meter, which may be written meanwhile: lines of time (seconds since 1970, or
    /// 2026-11-27T12:00:00Z) and watts.
    #[arg(long, value_name = "FILE.csv")]
    power_log: Option<PathBuf>,
    /// Add so many seconds to the times of the power log, where its clock differs; below 0 where it is ahead of this machine's.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, allow_negative_numbers = true, value_parser = arguments::finite)]
    power_log_shift: f64,
    /// Read DIR/sys and DIR/proc instead of /sys and /proc, and cards only through DIR/lib/libnvidia-ml.so.1: for tests.
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,
    #[command(flatten)]
    rates: RateArgs,
    /// The command and its arguments.
    #[arg(last = true, required_unless_present = "replay", num_args = 1.., value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command and prints what it cost.
///
/// # Errors
/// When it cannot be started, or there is no power log.
pub fn run(args: &Args, format: Format) -> anyhow::Result<Exit> {
    if let Some(log) = args.power_log.as_deref().filter(|log| !log.is_file()) {
        return Err(exit::bad_input_with_hint(
            format!("--power-log {}: no file, or not a plain one", log.display()),
            "name a file of lines of time and watts, and begin it before the command",
        ));
    }
    if let Some(log) = &args.power_log {
        // Before a long command, and not after it; a log that has only begun may have no reading yet.
        match PowerLog::read(log) {
            Ok(_) | Err(PowerLogError::Empty { .. }) => {}
            Err(error) => return Err(exit::bad_input(format!("--power-log: {error}"))),
        }
    }
    if let Some(path) = &args.replay {
        return replay(args, path, format);
    }
    let interval = args.interval.map(Seconds);
    let options = meter_options::under(args.sysroot.as_deref())?;
    let options = Options { estimate: EstimateOf::Machine, interval, ..options };
    let trace = args.trace.as_deref().map(trace).transpose()?;
    let sources = Sources::discover(&options);
    let idle = args.idle.map(|seconds| idle(&sources, seconds)).transpose()?.unwrap_or_default();
    let clock = SystemClock::start();
    let meter = Meter::traced(&sources, trace);
    let tenancy = Tenancy::start(&options.root);
    let before = clock.cpu();
    let (exit_code, runs) = match children(args, format) {
        Ok(ended) => ended,
        Err(error) => {
            // A trace of nothing would only stand in the way of the next try. One of earlier runs is kept, and what is no
            // plain file, such as a device, was not made here.
            let is_ours =
                |path: &&PathBuf| args.runs == 1 && path.symlink_metadata().is_ok_and(|file| file.is_file());
            if let Some(path) = args.trace.as_ref().filter(is_ours) {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
    };
    let others_share = tenancy.others();
    let metering = meter.finish();
    let overhead = (clock.cpu() - before).0 / metering.seconds.total.0.max(f64::MIN_POSITIVE);
    let host = meter::host::host(&options);
    let ended = Ended {
        metering,
        runs,
        exit_code: Some(exit_code),
        others_share,
        idle,
        overhead: Some(overhead),
        host: Some(host),
        replayed: None,
    };
    print(&told(args, ended), format);
    // The system keeps eight bits of a code.
    Ok(Exit::Command((exit_code & 0xff) as u8))
}

/// Runs the command as often as was asked for, or until it fails; gives its last exit code and how often it ran.
fn children(args: &Args, format: Format) -> anyhow::Result<(i32, u64)> {
    for run in 1..args.runs {
        let exit_code = child::run(&args.command, format)?;
        if exit_code != 0 {
            return Ok((exit_code, run));
        }
    }
    Ok((child::run(&args.command, format)?, args.runs))
}

/// Begins a trace. Of two commands in one file, a replay would make one.
fn trace(path: &Path) -> anyhow::Result<Trace> {
    if path.metadata().is_ok_and(|file| file.is_file() && file.len() > 0) {
        let found = format!("--trace {}: there is a trace already", path.display());
        return Err(exit::bad_input_with_hint(found, "remove it, or name another file"));
    }
    Trace::append(path).map_err(|error| {
        let found = format!("--trace {}: {error}", path.display());
        exit::bad_input_with_hint(found, "name a file in a folder that exists")
    })
}

/// What a trace says that a command cost.
fn replay(args: &Args, path: &Path, format: Format) -> anyhow::Result<Exit> {
    let replayed = replay::replay(path).map_err(|error| exit::bad_input(error.to_string()))?;
    let phases = phases(&replayed.metering);
    let ended = Ended {
        metering: replayed.metering,
        runs: replayed.parts as u64,
        exit_code: None,
        others_share: None,
        idle: Vec::new(),
        overhead: None,
        host: None,
        replayed: Some(path.display().to_string()),
    };
    print(&MeterOutput { phases, ..told(args, ended) }, format);
    Ok(Exit::Done)
}

/// The phases of a training; a command has none.
fn phases(metering: &Metering) -> Option<PhasesOutput> {
    let SecondsRecord { transfer, train, evaluate, .. } = metering.seconds;
    let any = [transfer, train, evaluate].iter().any(|seconds| seconds.0 > 0.0);
    any.then(|| PhasesOutput { seconds: metering.seconds, energy: metering.energy.clone() })
}

fn print(told: &MeterOutput, format: Format) {
    match format {
        // The command has run, and its code is what whoever started this asked for.
        Format::Json => {
            if let Err(error) = output::result(format, told, String::new) {
                output::note(&format!("the report cannot be written: {error}"));
            }
        }
        Format::Text => output::note(text(told).trim_end()),
    }
}

/// The power of the machine while nothing is started.
fn idle(sources: &Sources, seconds: f64) -> anyhow::Result<Vec<MeteredEnergy>> {
    let length = Duration::try_from_secs_f64(seconds)
        .map_err(|error| exit::bad_input(format!("--idle {seconds}: {error}")))?;
    output::note(&format!("metering the machine alone for {}", quantity::seconds(seconds)));
    let meter = Meter::start(sources);
    std::thread::sleep(length);
    Ok(MeteredEnergy::of_totals(&meter.finish().energy))
}

/// What is known when the command has ended.
struct Ended {
    metering: Metering,
    runs: u64,
    exit_code: Option<i32>,
    others_share: Option<f64>,
    idle: Vec<MeteredEnergy>,
    overhead: Option<f64>,
    host: Option<Host>,
    replayed: Option<String>,
}

fn told(args: &Args, ended: Ended) -> MeterOutput {
    let Ended { metering, runs, exit_code, others_share, idle, overhead, host, replayed } = ended;
    let seconds = metering.seconds.total;
    let mut windows = metering.energy;
    let mut total = energy::total_bounds(&windows, Phase::Total);
    let mut believed = windows.len();
    if let Some(path) = &args.power_log {
        let wall = match wall::read_to(path, args.power_log_shift, metering.started_unix + seconds.0) {
            Ok(log) => wall::wall(&log, metering.started_unix, seconds, total, args.power_log_shift),
            Err(error) => wall::Wall { window: power_log::unread(path, &error, seconds), is_believed: false },
        };
        windows.push(wall.window);
        if wall.is_believed {
            believed = windows.len();
            total = energy::total_bounds(&windows, Phase::Total);
        }
    }
    let believed = &windows[..believed];
    MeterOutput {
        command: args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
        seconds,
        exit_code,
        started_unix: metering.started_unix,
        energy: MeteredEnergy::of_totals(&windows),
        total_joules: total.map(|([_, joules, _], _)| joules),
        total_of: energy::parts_of_total(believed, Phase::Total)
            .into_iter()
            .map(|part| part.domain.clone())
            .collect(),
        total_reason: total.is_none().then(|| energy::why_no_total(believed, Phase::Total)),
        total_kind: total.map_or(Kind::None, |(_, kind)| kind),
        costs: report::cost::cost(total.map(|(joules, _)| joules), seconds, &args.rates.rates()),
        idle_length: args.idle.filter(|_| !idle.is_empty()).map(Seconds),
        idle,
        others_share,
        overhead,
        sampling: metering.sampling,
        replayed,
        runs,
        phases: None,
        host,
    }
}

fn text(told: &MeterOutput) -> String {
    let seconds = quantity::seconds(told.seconds.0);
    let code = told.exit_code.unwrap_or_default();
    let mut text = match (&told.replayed, told.runs) {
        (Some(path), _) => format!("\n{path}: {seconds}\n"),
        (None, 1) => format!("\n{}: {seconds}, exit code {code}\n", told.command.join(" ")),
        (None, runs) => {
            let each = quantity::seconds(told.seconds.0 / runs as f64);
            let command = told.command.join(" ");
            format!("\n{command}: {seconds} in {runs} runs, {each} each, exit code {code}\n")
        }
    };
    let heading = ["", "joules", "from", "to", "W", "max W", "seen", ""];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(told.energy.iter().map(row));
    rows.extend(told.idle.iter().map(|energy| {
        let mut row = row(energy);
        row[0] = format!("{} idle", energy.domain);
        row
    }));
    text += &aligned(&rows, 1);
    text += &told.phases.as_ref().map_or(String::new(), by_phase);
    if let Some(joules) = told.total_joules {
        let mark = if told.total_kind == Kind::Modelled { "about " } else { "" };
        text += &format!("together {mark}{} J ({})", number(Some(joules.0)), told.total_of.join(" + "));
        if told.runs > 1 {
            text += &format!(", {} J a run", number(Some(joules.0 / told.runs as f64)));
        }
        text += if told.total_kind == Kind::Modelled { ", an estimate\n" } else { "\n" };
    }
    if let Some(reason) = &told.total_reason {
        text += &format!("together unknown, and without costs: {reason}\n");
    }
    let is_single = told.replayed.is_none() && told.runs == 1;
    if let Some(runs) = more_runs(told.seconds).filter(|_| is_single) {
        text +=
            &format!("less than {SHORT} s say little: --runs {runs:.0} meters as many runs in one window\n");
    }
    text += &rates::text(&told.costs, if told.total_kind == Kind::Modelled { "about " } else { "" });
    for energy in &told.energy {
        text += &format!("{}: {}\n", energy.domain, energy.source);
        if let Some([before, after]) = &energy.card {
            text += &format!("  before: {}; after: {}\n", before.words(), after.words());
        }
        text.extend(energy.notes.iter().map(|note| format!("  {note}\n")));
    }
    for energy in &told.idle {
        text.extend(energy.notes.iter().map(|note| format!("{} idle: {note}\n", energy.domain)));
    }
    if let Some(share) = told.others_share.filter(|&share| share > OTHERS) {
        text += &format!("other programs had {} of this machine meanwhile\n", percent(share, 2));
    }
    if let Some(sampling) = told.sampling {
        let share = percent(sampling.processor.0 / told.seconds.0.max(f64::MIN_POSITIVE), 2);
        let every = quantity::seconds(sampling.interval.0);
        text += &format!("read every {every}, up to a tenth less, which took {share} of a processor");
        text += &told.overhead.map_or(String::new(), |all| format!(" (all of ergo: {})", percent(all, 2)));
        text += "\n";
    }
    text
}

/// A line for each phase that took time, with the joules of every domain in it.
fn by_phase(phases: &PhasesOutput) -> String {
    let SecondsRecord { load, transfer, train, evaluate, other, .. } = phases.seconds;
    let totals: Vec<&EnergyWindow> =
        phases.energy.iter().filter(|window| window.phase == Phase::Total).collect();
    let mut rows = vec![vec![String::new(), "seconds".to_owned()]];
    rows[0].extend(totals.iter().map(|total| format!("{} J", total.domain)));
    let named = [
        ("load", Phase::Load, load),
        ("transfer", Phase::Transfer, transfer),
        ("train", Phase::Train, train),
        ("evaluate", Phase::Evaluate, evaluate),
        ("other", Phase::Other, other),
    ];
    for (name, phase, seconds) in named.into_iter().filter(|(.., seconds)| seconds.0 > 0.0) {
        let mut row = vec![name.to_owned(), number(Some(seconds.0))];
        row.extend(totals.iter().map(|total| {
            let same = |window: &&EnergyWindow| window.domain == total.domain && window.phase == phase;
            let joules = phases.energy.iter().find(same).and_then(|window| window.joules);
            let mark = if total.kind == Kind::Modelled { "~" } else { "" };
            format!("{mark}{}", number(joules.map(|joules| joules.0)))
        }));
        rows.push(row);
    }
    aligned(&rows, 1)
}

fn row(energy: &MeteredEnergy) -> Vec<String> {
    let joules = |joules: Option<Joules>| number(joules.map(|joules| joules.0));
    let mark = if energy.kind == Kind::Modelled { "~" } else { "" };
    vec![
        energy.domain.clone(),
        format!("{mark}{}", joules(energy.joules)),
        joules(energy.joules_low),
        joules(energy.joules_high),
        number(energy.watts_mean.map(|watts| watts.0)),
        number(energy.watts_max.map(|watts| watts.0)),
        // Rounding must not make all of nearly all.
        if energy.coverage < 0.9995 { percent(energy.coverage.min(0.999), 3) } else { "100%".to_owned() },
        energy.kind.name().to_owned(),
    ]
}

/// Four digits of it, or that it is not known.
fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| law::number::short(value, 4))
}
