//! A sweep on several devices: a process of this program for each of them, with a share of the runs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use record::device::Device;
use record::spec::LearnerName;
use train::worker::WorkEnd;

use super::{SweepArgs, threads_of};
use crate::exit::{Exit, Failure};
use crate::output;

/// Time between two looks at the processes.
const LOOK: Duration = Duration::from_millis(20);

/// One process.
struct Worker {
    device: Device,
    process: Child,
    /// While it is open the worker goes on; it closes with this process, however that ends.
    leash: Option<ChildStdin>,
}

/// Works off the sweep in `folder` by `learner`, every device its share, and waits for all of them.
///
/// # Errors
/// When a process cannot be started, or one failed; runs that were finished before stay finished.
pub fn work(
    args: &SweepArgs,
    learner: LearnerName,
    folder: &Path,
    stop: &AtomicBool,
) -> anyhow::Result<WorkEnd> {
    let mut workers = Vec::new();
    for share in 1..=args.devices.len() {
        workers.push(start(args, learner, folder, share)?);
    }
    std::thread::scope(|scope| {
        for worker in &mut workers {
            if let Some(lines) = worker.process.stderr.take() {
                let device = worker.device;
                scope.spawn(move || pass_on(device, lines));
            }
        }
        wait(&mut workers, stop)
    })
}

/// The process for the share with this number.
fn start(args: &SweepArgs, learner: LearnerName, folder: &Path, share: usize) -> anyhow::Result<Worker> {
    let program = std::env::current_exe().context("cannot find this program to start it again")?;
    let (shares, device) = (args.devices.len(), args.devices[share - 1]);
    let mut command = Command::new(program);
    command.arg("sweep").args(args.file.as_deref());
    command.args(args.preset.iter().flat_map(|preset| ["--preset", preset]));
    command.arg("--out").arg(folder).args(["--learner", learner.name(), "--device", &device.to_string()]);
    command.args(["--shard", &format!("{share}/{shares}"), "--threads", &threads_of(args).to_string()]);
    command.args(args.precision.iter().flat_map(|precision| ["--precision", precision.name()]));
    command.args(args.traces.then_some("--traces"));
    if let Some(seconds) = args.max_seconds {
        command.args(["--max-seconds", &seconds.to_string()]);
    }
    if let Some(flops) = args.max_flops {
        command.args(["--max-flops", &(flops / shares as f64).to_string()]);
    }
    if let Some(data) = &args.data_dir.data_dir {
        command.arg("--data-dir").arg(data);
    }
    command.arg("--worker").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().with_context(|| format!("cannot start a process for {device}"))?;
    let leash = process.stdin.take();
    Ok(Worker { device, process, leash })
}

/// Every line that a worker says, with its device before it.
fn pass_on(device: Device, lines: ChildStderr) {
    // What is no text is not worth a failure: the exit code tells how the worker ended.
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        output::note(&format!("{device}: {line}"));
    }
}

/// Waits until all have ended; asks them to when this process is.
fn wait(workers: &mut [Worker], stop: &AtomicBool) -> anyhow::Result<WorkEnd> {
    let mut ends: Vec<Option<ExitStatus>> = vec![None; workers.len()];
    while ends.iter().any(Option::is_none) {
        for (worker, end) in workers.iter_mut().zip(&mut ends) {
            if stop.load(Ordering::Relaxed) {
                worker.leash = None;
            }
            if end.is_none() {
                *end = worker.process.try_wait().context("cannot wait for a process")?;
            }
        }
        std::thread::sleep(LOOK);
    }
    let mut whole = WorkEnd::Done;
    for (worker, end) in workers.iter().zip(ends.into_iter().flatten()) {
        whole = match (end_of(end).ok_or_else(|| failed(worker.device, end))?, whole) {
            (WorkEnd::Interrupted, _) | (_, WorkEnd::Interrupted) => WorkEnd::Interrupted,
            (WorkEnd::Budget, _) | (_, WorkEnd::Budget) => WorkEnd::Budget,
            (WorkEnd::Done, WorkEnd::Done) => WorkEnd::Done,
        };
    }
    Ok(whole)
}

/// How a worker's work ended, or nothing where it failed.
fn end_of(status: ExitStatus) -> Option<WorkEnd> {
    [(Exit::Done, WorkEnd::Done), (Exit::Budget, WorkEnd::Budget), (Exit::Interrupted, WorkEnd::Interrupted)]
        .into_iter()
        .find_map(|(exit, end)| (status.code() == Some(exit.code().into())).then_some(end))
}

fn failed(device: Device, status: ExitStatus) -> anyhow::Error {
    let bad_input = status.code() == Some(Exit::BadInput.code().into());
    Failure {
        exit: if bad_input { Exit::BadInput } else { Exit::Failed },
        message: format!("the process for {device} failed ({status}); what it said stands above"),
        hint: Some("the same command goes on with what is left; finished runs are kept".to_owned()),
    }
    .into()
}
