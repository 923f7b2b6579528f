//! Whole trainings through the public interface, on procedural digits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod overhead;
mod peaks;
mod profile;
mod resume;
mod runs;
mod work;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use data::set::SetName;
use data::store::Store;
use meter::sources::{NvmlLibrary, Options, Sources};
use record::device::Device;
use record::run::{Build, Host, RunRecord};
use record::spec::RunSpec;
use train::learner::State;
use train::run::{Ended, Progress, RunOptions, run};
use train::shelf::Shelf;
use train::worker::thread_pool;

/// A training of a fraction of a second: 12 steps of 16 images.
fn small(net: &str, seed: u64) -> RunSpec {
    let mut spec = RunSpec::new(SetName::Digits, net, 12, 16, seed);
    spec.validation_images = 50;
    spec.test_images = Some(130);
    spec.shift = 1;
    spec
}

fn shelf() -> Shelf {
    Shelf::new(Store::new(Vec::new()))
}

fn sources() -> Sources {
    Sources::discover(&Options { nvml: NvmlLibrary::None, ..Options::default() })
}

/// Trains to the end, or until `stop_at` steps; `watch` sees every look.
fn train(
    spec: &RunSpec,
    threads: usize,
    checkpoint: Option<&Path>,
    stop_at: Option<u64>,
) -> Option<(RunRecord, State)> {
    train_with(spec, threads, checkpoint, stop_at, false)
}

/// The same, with a profile or without.
fn train_with(
    spec: &RunSpec,
    threads: usize,
    checkpoint: Option<&Path>,
    stop_at: Option<u64>,
    profile: bool,
) -> Option<(RunRecord, State)> {
    let stop = AtomicBool::new(false);
    let (sources, build, host) = (sources(), Build::default(), Host::default());
    let options = RunOptions {
        sources: &sources,
        build: &build,
        host: &host,
        device: Device::Cpu,
        threads,
        jobs: 1,
        peak: None,
        place: None,
        profile,
        evaluate_each_pass: true,
        checkpoint,
        trace: None,
        stop: &stop,
    };
    let mut watch = |progress: &Progress| {
        if stop_at.is_some_and(|step| progress.steps_done >= step) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let plan = spec.plan().unwrap();
    let ended = thread_pool(threads).unwrap().install(|| run(&plan, &shelf(), &options, &mut watch));
    match ended.unwrap() {
        Ended::Finished(finished) => Some(*finished),
        Ended::Interrupted => None,
    }
}
