//! A learner on random images, ready to be timed.

use data::images::Images;
use meter::clock::{Clock, Stopwatch, SystemClock};
use record::bench::{BenchPhase, Slice};
use record::device::Device;
use record::spec::RunPlan;
use record::units::{Flops, Seconds};

use super::inputs;
use crate::error::TrainError;
use crate::executed::ByLayer;
use crate::learner::{self, Learner, ProfileEntry, Step};

/// A learner with its images and steps. It is built and used on threads of the pool that computes for it.
pub struct Subject {
    learner: Box<dyn Learner>,
    steps: Vec<Step>,
    judged: Images,
    batch: u64,
    build_seconds: Seconds,
    /// Images trained on so far.
    trained: u64,
    /// Images judged so far.
    inferred: u64,
}

impl Subject {
    /// Builds the learner of `plan` on `device`; it trains on `images` and judges the first `judged` of them at a time.
    ///
    /// # Errors
    /// When this build lacks the learner, or it cannot be built.
    pub fn build(
        plan: &RunPlan,
        device: Device,
        images: &Images,
        judged: usize,
    ) -> Result<Subject, TrainError> {
        let clock = Stopwatch::start();
        let mut learner = learner::build(&[plan], device)?;
        learner.load(images)?;
        learner.sync()?;
        let build_seconds = clock.elapsed();
        let steps = inputs::steps(plan, device, images.len() as u64);
        let judged = images.range(0..judged.min(images.len()));
        let batch = plan.spec.batch;
        Ok(Subject { learner, steps, judged, batch, build_seconds, trained: 0, inferred: 0 })
    }

    /// Lets the learner judge in one batch what it is given at a time, where a training has batches of its own.
    pub fn judge_at_once(&mut self) {
        self.learner.judge_at_once(self.judged.len());
    }

    /// Time of building the learner and moving the images.
    #[must_use]
    pub fn build_seconds(&self) -> Seconds {
        self.build_seconds
    }

    /// Works for at least `least` seconds, and at least once: steps are handed over as many at a time as a
    /// training does, and waited for each time.
    ///
    /// # Errors
    /// When the learner fails.
    pub fn slice(&mut self, phase: BenchPhase, least: Seconds) -> Result<Slice, TrainError> {
        let clock = SystemClock::start();
        let (start, cpu_start) = (clock.now(), clock.cpu());
        let mut images = 0;
        loop {
            images += match phase {
                BenchPhase::Train => self.train()?,
                BenchPhase::Infer => self.infer()?,
            };
            let seconds = clock.now() - start;
            if seconds >= least {
                return Ok(Slice { images, seconds, cpu_seconds: clock.cpu() - cpu_start });
            }
        }
    }

    /// FLOPs executed for one image so far; not a number before the first.
    #[must_use]
    pub fn executed_per_image(&self, phase: BenchPhase) -> f64 {
        let executed = self.learner.executed(0);
        let per = |flops: Flops, images: u64| flops.as_f64() / images as f64;
        match phase {
            BenchPhase::Train => per(executed.train, self.trained),
            BenchPhase::Infer => per(executed.evaluate, self.inferred),
        }
    }

    /// FLOPs executed in training so far, by layer, and for how many images.
    #[must_use]
    pub fn executed_by_layer(&self) -> (ByLayer, u64) {
        (self.learner.executed_by_layer(0), self.trained)
    }

    /// Memory that the learner planned, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<u64> {
        self.learner.memory_bytes()
    }

    /// Begins to keep the time of every layer, or stops.
    pub fn profile(&mut self, on: bool) {
        self.learner.profile(on);
    }

    /// The time of every layer since then; `None` from a learner that cannot tell.
    pub fn take_profile(&mut self) -> Option<Vec<ProfileEntry>> {
        self.learner.take_profile()
    }

    /// Images that one look of a training trains on.
    pub(crate) fn images_of_look(&self) -> u64 {
        self.steps.len() as u64 * self.batch
    }

    /// Takes as many steps as a training does between two looks; returns the number of their images.
    pub(crate) fn train(&mut self) -> Result<u64, TrainError> {
        self.learner.train(&[&self.steps])?;
        self.learner.sync()?;
        self.learner.take_losses()?;
        let (count, images) = (self.steps.len() as u64, self.images_of_look());
        for step in &mut self.steps {
            step.number += count;
        }
        self.trained += images;
        Ok(images)
    }

    fn infer(&mut self) -> Result<u64, TrainError> {
        self.learner.evaluate(&self.judged)?;
        self.learner.sync()?;
        let images = self.judged.len() as u64;
        self.inferred += images;
        Ok(images)
    }
}
