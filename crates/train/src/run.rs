//! One training from plan to record.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use meter::sources::Sources;
use record::device::Device;
use record::energy::Kind;
use record::peak::Peak;
use record::run::{Build, Host, Place, RunRecord};
use record::spec::RunPlan;
use record::units::{Flops, Seconds, Watts};

use crate::course::Course;
use crate::error::TrainError;
use crate::learner::State;
use crate::shelf::Shelf;

/// Images that count as one pass where images are fresh for ever: as many as MNIST's training files hold.
pub const NOMINAL_PASS: u64 = 60_000;
/// What a run is given besides its plan.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// Energy counters and estimates.
    pub sources: &'a Sources,
    /// The program, for the record.
    pub build: &'a Build,
    /// The machine, for the record.
    pub host: &'a Host,
    /// Where to compute.
    pub device: Device,
    /// Threads that compute; the caller runs inside a pool of so many.
    pub threads: usize,
    /// Trainings side by side, this one included.
    pub jobs: usize,
    /// What the device can reach at most with these threads, measured before; none: the record has no peak.
    pub peak: Option<&'a Peak>,
    /// Place in a sweep.
    pub place: Option<&'a Place>,
    /// Take the train phase apart, with a learner that can tell.
    pub profile: bool,
    /// Count wrong test images after every pass, not only at the end.
    pub evaluate_each_pass: bool,
    /// Where to keep a checkpoint while training; none: nothing is kept.
    pub checkpoint: Option<&'a Path>,
    /// Where to keep what the sources of energy show, at the end of what is there; none: nothing is kept.
    pub trace: Option<&'a Path>,
    /// Raised to end the run at the next opportunity.
    pub stop: &'a AtomicBool,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps taken.
    pub steps_done: u64,
    /// Steps in all.
    pub steps: u64,
    /// Passes finished.
    pub epoch: u64,
    /// Mean loss of the latest steps.
    pub loss: f64,
    /// Error on the test images, where it was just counted.
    pub test_error: Option<f64>,
    /// Training seconds so far.
    pub train_seconds: Seconds,
    /// Images trained on so far, before an interruption too.
    pub images: u64,
    /// Model FLOPs per image.
    pub flops_per_image: Flops,
    /// Power just now, and how it is known.
    pub watts: (Option<Watts>, Kind),
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// With a record and final weights.
    Finished(Box<(RunRecord, State)>),
    /// Stopped on request; a checkpoint, if there is one, holds what was done.
    Interrupted,
}

/// Trains `plan` from its beginning, or from its checkpoint where there is one.
///
/// # Errors
/// When images, learner or disk fail; a loss that is not finite is a record of status `diverged`.
pub fn run(
    plan: &RunPlan,
    shelf: &Shelf,
    options: &RunOptions<'_>,
    watch: &mut dyn FnMut(&Progress),
) -> Result<Ended, TrainError> {
    let mut course = Course::begin(plan, shelf, options)?;
    if course.train(watch)? {
        return Ok(Ended::Interrupted);
    }
    Ok(course.finish()?.map_or(Ended::Interrupted, |finished| Ended::Finished(Box::new(finished))))
}
