//! A run under way: chunks of steps, passes, checkpoints and the last count.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use data::augment;
use data::digits::{self, Role};
use data::images::Images;
use data::order::SampleOrder;
use meter::clock::Stopwatch;
use meter::meter::Meter;
use record::energy::Phase;
use record::run::{Epoch, Evaluation, RunRecord, Status};
use record::spec::RunPlan;
use record::units::{Flops, Seconds};

use crate::assemble::{self, Finished};
use crate::checkpoint;
use crate::error::TrainError;
use crate::learner::{self, Learner, State, Step};
use crate::run::{NOMINAL_PASS, Progress, RunOptions};
use crate::schedule::learning_rate;
use crate::shelf::{Material, Shelf, Training};
use crate::tally::Tally;

/// Work between two looks at the clock, the stop flag and the losses; decided by the plan alone, so that an
/// interrupted run does the same as an uninterrupted one.
const CHUNK_FLOPS: u64 = 1_000_000_000;
/// Most steps between two looks.
const CHUNK_STEPS: u64 = 64;
/// Seconds between two checkpoints.
const CHECKPOINT_SECONDS: f64 = 20.0;

/// A run under way.
pub(crate) struct Course<'a> {
    plan: &'a RunPlan,
    options: &'a RunOptions<'a>,
    material: Arc<Material>,
    meter: Meter,
    learner: Box<dyn Learner>,
    order: Option<SampleOrder>,
    tally: Tally,
    since_checkpoint: Stopwatch,
}

impl<'a> Course<'a> {
    /// Fetches the images, builds the learner and goes back to the checkpoint where there is one.
    pub(crate) fn begin(
        plan: &'a RunPlan,
        shelf: &Shelf,
        options: &'a RunOptions<'a>,
    ) -> Result<Course<'a>, TrainError> {
        let mut meter = Meter::start(options.sources);
        let material = shelf.material(plan, options.threads)?;
        meter.enter(Phase::Transfer);
        let mut learner = learner::build(&[plan])?;
        let mut order = None;
        if let Training::Fixed(images) = &material.training {
            learner.load(images)?;
            order = Some(SampleOrder::new(plan.spec.seed, images.len() as u32));
        }
        let mut tally = Tally::default();
        if let Some(path) = options.checkpoint
            && let Some((saved, state)) = checkpoint::read(path, plan)?
        {
            learner.restore(0, &state)?;
            tally = saved;
            tally.resumed += 1;
        }
        let since_checkpoint = Stopwatch::start();
        Ok(Course { plan, options, material, meter, learner, order, tally, since_checkpoint })
    }

    /// Takes all steps that are left; true when it was stopped before the end.
    pub(crate) fn train(&mut self, watch: &mut dyn FnMut(&Progress)) -> Result<bool, TrainError> {
        while self.tally.step < self.plan.spec.steps && self.tally.status == Status::Done {
            let loss = self.chunk()?;
            let test_error = self.end_of_pass()?;
            watch(&self.progress(loss, test_error));
            if self.options.stop.load(Ordering::Relaxed) && self.tally.step < self.plan.spec.steps {
                self.save()?;
                return Ok(true);
            }
            if self.since_checkpoint.elapsed().0 > CHECKPOINT_SECONDS {
                self.save()?;
            }
        }
        Ok(false)
    }

    /// Trains up to the next look; returns the mean loss of its steps.
    fn chunk(&mut self) -> Result<f64, TrainError> {
        self.meter.enter(Phase::Load);
        let steps = self.next_steps();
        if let Training::Fresh = self.material.training {
            let images = self.fresh_images(steps.len() as u64);
            self.meter.enter(Phase::Transfer);
            self.learner.load(&images)?;
        }
        self.meter.enter(Phase::Train);
        self.learner.train(&[&steps])?;
        self.learner.sync()?;
        let losses = self.learner.take_losses()?.pop().unwrap_or_default();
        self.meter.enter(Phase::Other);
        self.tally.step += steps.len() as u64;
        self.tally.pass_loss += losses.iter().map(|&loss| f64::from(loss)).sum::<f64>();
        self.tally.pass_steps += steps.len() as u64;
        if losses.iter().any(|loss| !loss.is_finite()) {
            self.tally.status = Status::Diverged;
        }
        Ok(losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / losses.len().max(1) as f64)
    }

    /// The steps up to the next look: never across the end of a pass.
    fn next_steps(&mut self) -> Vec<Step> {
        let spec = &self.plan.spec;
        let per_step = self.plan.train_flops_per_image().times(spec.batch).0.max(1);
        let end_of_pass = (self.passes_done() + 1).saturating_mul(self.pass_images()).div_ceil(spec.batch);
        let first = self.tally.step;
        let count = (CHUNK_FLOPS / per_step).clamp(1, CHUNK_STEPS);
        let end = (first + count).min(spec.steps).min(end_of_pass.max(first + 1));
        let mut steps = Vec::with_capacity((end - first) as usize);
        for number in first..end {
            let mut indices = vec![0; spec.batch as usize];
            match &mut self.order {
                Some(order) => order.fill(number * spec.batch, &mut indices),
                // Fresh images are made for this chunk, in order.
                None => (0..).zip(&mut indices).for_each(|(i, index)| {
                    *index = ((number - first) * spec.batch + i) as u32;
                }),
            }
            let mut augment = Vec::new();
            augment::draw(spec.seed, number, spec.batch as usize, spec.shift, spec.flip, &mut augment);
            steps.push(Step { number, indices, augment, learning_rate: learning_rate(spec, number) });
        }
        steps
    }

    fn fresh_images(&self, steps: u64) -> Images {
        let spec = &self.plan.spec;
        let first = self.tally.step * spec.batch;
        let seed = Role::Training { run_seed: spec.seed }.seed();
        digits::images(seed, first..first + steps * spec.batch, self.options.threads)
    }

    fn pass_images(&self) -> u64 {
        self.plan.pass_images.unwrap_or(NOMINAL_PASS)
    }

    /// Passes whose last image has been seen.
    fn passes_done(&self) -> u64 {
        self.tally.step * self.plan.spec.batch / self.pass_images()
    }

    /// Notes the pass that just ended, or the part of one with which the run ends.
    fn end_of_pass(&mut self) -> Result<Option<f64>, TrainError> {
        let last = self.tally.step == self.plan.spec.steps || self.tally.status == Status::Diverged;
        let noted = self.tally.epochs.last().map_or(0, |epoch| epoch.epoch);
        let done = self.passes_done();
        if done <= noted && !last {
            return Ok(None);
        }
        let train_seconds = self.tally.train_seconds(&self.meter);
        let before: Seconds = self.tally.epochs.iter().fold(Seconds(0.0), |sum, epoch| sum + epoch.seconds);
        let mut test_error = None;
        if (self.options.evaluate_each_pass || last) && self.tally.status == Status::Done {
            let test = self.evaluate(&self.material.test.clone())?;
            test_error = Some(test.error);
            self.tally.test = Some(test);
        }
        let loss = self.tally.pass_loss / self.tally.pass_steps.max(1) as f64;
        self.tally.epochs.push(Epoch {
            epoch: done.max(noted + 1),
            step: self.tally.step,
            train_loss: loss.is_finite().then_some(loss),
            test_error,
            seconds: train_seconds - before,
        });
        (self.tally.pass_loss, self.tally.pass_steps) = (0.0, 0);
        Ok(test_error)
    }

    fn evaluate(&mut self, images: &Images) -> Result<Evaluation, TrainError> {
        self.meter.enter(Phase::Evaluate);
        let outcomes = self.learner.evaluate(images)?.pop().unwrap_or_default();
        self.learner.sync()?;
        self.meter.enter(Phase::Other);
        self.tally.model_eval += Flops::of_macs(self.plan.network.macs()).times(images.len() as u64);
        Ok(assemble::evaluation(&outcomes))
    }

    fn progress(&self, loss: f64, test_error: Option<f64>) -> Progress {
        let live = self.meter.live();
        Progress {
            steps_done: self.tally.step,
            steps: self.plan.spec.steps,
            epoch: self.tally.epochs.last().map_or(0, |epoch| epoch.epoch),
            loss,
            test_error,
            train_seconds: self.tally.train_seconds(&self.meter),
            images: self.tally.step * self.plan.spec.batch,
            flops_per_image: self.plan.train_flops_per_image(),
            watts: (live.watts, live.kind),
        }
    }

    /// Keeps a checkpoint, where one is wanted.
    fn save(&mut self) -> Result<(), TrainError> {
        if let Some(path) = self.options.checkpoint {
            let mut tally = self.tally.clone();
            tally.metering = Some(tally.metering_so_far(self.meter.snapshot()));
            tally.executed = tally.executed.plus(self.learner.executed(0));
            checkpoint::write(path, self.plan, &tally, &self.learner.state(0)?)?;
            self.since_checkpoint = Stopwatch::start();
        }
        Ok(())
    }

    /// Counts the validation images and writes everything down.
    pub(crate) fn finish(mut self) -> Result<(RunRecord, State), TrainError> {
        let state = self.learner.state(0)?;
        if !state.weights.iter().all(|tensor| tensor.values.iter().all(|value| value.is_finite())) {
            self.tally.status = Status::Diverged;
        }
        let mut validation = None;
        if self.tally.status == Status::Done && !self.material.validation.is_empty() {
            validation = Some(self.evaluate(&self.material.validation.clone())?);
        }
        let weights_sha256 = crate::weights::sha256(&state.weights);
        let executed = self.tally.executed.plus(self.learner.executed(0));
        let metering = self.tally.metering_so_far(self.meter.finish());
        let finished = Finished { tally: self.tally, validation, weights_sha256, executed, metering };
        Ok((assemble::record(self.plan, self.options, finished), state))
    }
}
