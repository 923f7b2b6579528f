//! A run under way: chunks of steps, passes, checkpoints and the last count.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use data::augment;
use data::images::Images;
use data::order::SampleOrder;
use meter::clock::Stopwatch;
use meter::meter::Meter;
use meter::tenancy::Tenancy;
use meter::trace::Trace;
use record::device::Device;
use record::energy::Phase;
use record::run::{Epoch, Evaluation, RunRecord, Status};
use record::spec::{LearnerName, RunPlan};
use record::units::{Flops, Seconds};

use crate::assemble::{self, Finished};
use crate::checkpoint;
use crate::error::TrainError;
use crate::executed::Executed;
use crate::learner::{self, Learner, State, Step};
use crate::profile::Told;
use crate::run::{NOMINAL_PASS, Progress, RunOptions};
use crate::schedule::learning_rate;
use crate::shelf::{Material, Shelf, Training};
use crate::tally::Tally;

/// Work and steps between two looks at the clock, the stop flag and the losses; decided by the plan and the kind of device,
/// so that an interrupted run does the same as an uninterrupted one. As each look reads every counter four times, there are
/// a dozen or two a second on fast processors, and a few on the slowest.
const CHUNK: (u64, u64) = (16_000_000_000, 64);
/// Work between two looks where candle computes, which is slower.
const CANDLE_WORK: u64 = 4_000_000_000;
/// Seconds between two checkpoints.
const CHECKPOINT_SECONDS: f64 = 20.0;
/// Images judged between two looks at the stop flag.
pub(crate) const JUDGED_IMAGES: usize = 1_000;

/// Steps between two looks, unless a pass or the run ends before.
pub(crate) fn chunk_steps(plan: &RunPlan, device: Device) -> u64 {
    // A card stands still at every look, so there is one at the end of each pass, of which none is longer.
    if device.is_cuda() {
        return NOMINAL_PASS.div_ceil(plan.spec.batch.max(1));
    }
    let per_step = plan.train_flops_per_image().times(plan.spec.batch).0.max(1);
    let (flops, steps) = CHUNK;
    let flops = if plan.spec.learner == LearnerName::Candle { CANDLE_WORK } else { flops };
    (flops / per_step).clamp(1, steps)
}

/// What a run does after a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// It trains.
    On,
    /// It ends, to go on from there later.
    Nowhere,
}

/// A run under way.
pub(crate) struct Course<'a> {
    plan: &'a RunPlan,
    options: &'a RunOptions<'a>,
    material: Arc<Material>,
    meter: Meter,
    tenancy: Tenancy,
    learner: Box<dyn Learner>,
    order: Option<SampleOrder>,
    tally: Tally,
    /// Mean loss of the latest steps, once there are any.
    loss: Option<f64>,
    /// What the learner had executed before the evaluation under way.
    executed_before: Option<Executed>,
    since_checkpoint: Stopwatch,
}

impl<'a> Course<'a> {
    /// Fetches the images, builds the learner and goes back to the checkpoint where there is one.
    pub(crate) fn begin(
        plan: &'a RunPlan,
        shelf: &Shelf,
        options: &'a RunOptions<'a>,
    ) -> Result<Course<'a>, TrainError> {
        let tenancy = Tenancy::start(options.sources.root());
        let mut meter = Meter::traced(options.sources, options.trace.map(open_trace).transpose()?);
        let material = shelf.material(plan)?;
        meter.enter(Phase::Transfer);
        let mut learner = learner::build(&[plan], options.device)?;
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
            tally.note_cut();
        }
        Ok(Course {
            plan,
            options,
            material,
            meter,
            tenancy,
            learner,
            order,
            tally,
            loss: None,
            executed_before: None,
            since_checkpoint: Stopwatch::start(),
        })
    }

    /// Takes all steps that are left; true when it was stopped before the end.
    pub(crate) fn train(&mut self, watch: &mut dyn FnMut(&Progress)) -> Result<bool, TrainError> {
        loop {
            // Comes first, because the process before may have been stopped while it judged a pass.
            if self.pass_is_due() && !self.note_pass()? {
                self.save(Goes::Nowhere)?;
                return Ok(true);
            }
            if let Some(loss) = self.loss {
                watch(&self.progress(loss));
            }
            if self.tally.step == self.plan.spec.steps || self.tally.status != Status::Done {
                return Ok(false);
            }
            if self.is_to_stop() {
                self.save(Goes::Nowhere)?;
                return Ok(true);
            }
            // The first one before anything was trained: whoever kills this process leaves a trace of it.
            if self.tally.step == 0 || self.since_checkpoint.elapsed().0 > CHECKPOINT_SECONDS {
                self.save(Goes::On)?;
            }
            self.loss = Some(self.chunk()?);
        }
    }

    fn is_to_stop(&self) -> bool {
        self.options.stop.load(Ordering::Relaxed)
    }

    /// Trains up to the next look; returns the mean loss of its steps.
    fn chunk(&mut self) -> Result<f64, TrainError> {
        self.meter.enter(Phase::Load);
        let steps = self.next_steps();
        if let Training::Fresh(fresh) = &self.material.training {
            let spec = &self.plan.spec;
            let first = self.tally.step * spec.batch;
            let range = first..first + steps.len() as u64 * spec.batch;
            let images = fresh.images(spec.seed, range);
            self.meter.enter(Phase::Transfer);
            self.learner.load(&images)?;
        }
        if self.options.profile {
            self.learner.profile(true);
        }
        self.meter.enter(Phase::Train);
        self.learner.train(&[&steps])?;
        self.learner.sync()?;
        let losses = self.learner.take_losses()?.pop().unwrap_or_default();
        self.meter.enter(Phase::Other);
        if self.options.profile {
            self.tally.profile.add(self.learner.take_profile().unwrap_or_default());
            // What is judged between two looks is no part of the train phase.
            self.learner.profile(false);
        }
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
        let end_of_pass = (self.passes_done() + 1).saturating_mul(self.pass_images()).div_ceil(spec.batch);
        let first = self.tally.step;
        let end = (first + chunk_steps(self.plan, self.options.device))
            .min(spec.steps)
            .min(end_of_pass.max(first + 1));
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

    fn pass_images(&self) -> u64 {
        self.plan.pass_images.unwrap_or(NOMINAL_PASS)
    }

    /// Passes whose last image has been seen.
    fn passes_done(&self) -> u64 {
        self.tally.step * self.plan.spec.batch / self.pass_images()
    }

    /// Whether a pass, or the part of one with which the run ends, is over and not yet noted.
    fn pass_is_due(&self) -> bool {
        let last = self.tally.step == self.plan.spec.steps || self.tally.status == Status::Diverged;
        let noted = self.tally.epochs.last().map_or((0, 0), |epoch| (epoch.epoch, epoch.step));
        (self.passes_done() > noted.0 || last) && noted.1 != self.tally.step
    }

    /// Notes the pass that just ended; false when it was stopped while judging the test images.
    fn note_pass(&mut self) -> Result<bool, TrainError> {
        let last = self.tally.step == self.plan.spec.steps;
        let noted = self.tally.epochs.last().map_or(0, |epoch| epoch.epoch);
        let train_seconds = self.tally.train_seconds(&self.meter);
        let before: Seconds = self.tally.epochs.iter().fold(Seconds(0.0), |sum, epoch| sum + epoch.seconds);
        let mut test_error = None;
        if (self.options.evaluate_each_pass || last) && self.tally.status == Status::Done {
            let Some(test) = self.evaluate(&self.material.test.clone())? else { return Ok(false) };
            test_error = Some(test.error);
            self.tally.test = Some(test);
        }
        let loss = self.tally.pass_loss / self.tally.pass_steps.max(1) as f64;
        self.tally.epochs.push(Epoch {
            epoch: self.passes_done().max(noted + 1),
            step: self.tally.step,
            train_loss: loss.is_finite().then_some(loss),
            test_error,
            seconds: train_seconds - before,
        });
        (self.tally.pass_loss, self.tally.pass_steps) = (0.0, 0);
        Ok(true)
    }

    /// Judges `images` piece by piece; `None` when it was stopped before the last.
    fn evaluate(&mut self, images: &Images) -> Result<Option<Evaluation>, TrainError> {
        self.meter.enter(Phase::Evaluate);
        self.executed_before = Some(self.learner.executed(0));
        let mut outcomes = Vec::with_capacity(images.len());
        // A card keeps what it judged last, which has to be the same bytes again.
        let at_once = if self.options.device.is_cuda() { images.len().max(1) } else { JUDGED_IMAGES };
        for start in (0..images.len()).step_by(at_once) {
            if self.is_to_stop() {
                return Ok(None);
            }
            // The outcome of an image does not depend on the others, so neither do the counts on the pieces.
            let piece = images.range(start..images.len().min(start + at_once));
            outcomes.extend(self.learner.evaluate(&piece)?.pop().unwrap_or_default());
            self.learner.sync()?;
        }
        self.executed_before = None;
        self.meter.enter(Phase::Other);
        self.tally.model_eval += Flops::of_macs(self.plan.network.macs()).times(images.len() as u64);
        Ok(Some(assemble::evaluation(&outcomes)))
    }

    fn progress(&self, loss: f64) -> Progress {
        let live = self.meter.live();
        let pass = self.tally.epochs.last();
        Progress {
            steps_done: self.tally.step,
            steps: self.plan.spec.steps,
            epoch: pass.map_or(0, |pass| pass.epoch),
            loss,
            test_error: pass.filter(|pass| pass.step == self.tally.step).and_then(|pass| pass.test_error),
            train_seconds: self.tally.train_seconds(&self.meter),
            images: self.tally.step * self.plan.spec.batch,
            flops_per_image: self.plan.train_flops_per_image(),
            watts: (live.watts, live.kind),
        }
    }

    /// What the learner told, with the time of this process in which it did.
    fn told(&self) -> Told {
        let seconds = if self.options.profile { self.meter.seconds().train } else { Seconds(0.0) };
        self.tally.profile.clone().after(seconds)
    }

    /// Keeps a checkpoint, where one is wanted.
    fn save(&mut self, goes: Goes) -> Result<(), TrainError> {
        if let Some(path) = self.options.checkpoint {
            let mut tally = self.tally.clone();
            tally.went_on = goes == Goes::On;
            tally.metering = Some(tally.metering_so_far(self.meter.snapshot()));
            tally.peak = tally.peak_so_far(self.options.peak);
            // An evaluation that was stopped is done again from its beginning.
            let executed = self.executed_before.unwrap_or_else(|| self.learner.executed(0));
            tally.executed = tally.executed.plus(executed);
            tally.by_layer.add(&self.learner.executed_by_layer(0), 1);
            tally.profile = self.told();
            checkpoint::write(path, self.plan, &tally, &self.learner.state(0)?)?;
            self.since_checkpoint = Stopwatch::start();
        }
        Ok(())
    }

    /// Counts the validation images and writes everything down; `None` when it was stopped before the end.
    pub(crate) fn finish(mut self) -> Result<Option<(RunRecord, State)>, TrainError> {
        let state = self.learner.state(0)?;
        if !state.weights.iter().all(|tensor| tensor.values.iter().all(|value| value.is_finite())) {
            self.tally.status = Status::Diverged;
        }
        let mut validation = None;
        if self.tally.status == Status::Done && !self.material.validation.is_empty() {
            validation = self.evaluate(&self.material.validation.clone())?;
            if validation.is_none() {
                self.save(Goes::Nowhere)?;
                return Ok(None);
            }
        }
        let weights_sha256 = crate::weights::sha256(&state.weights);
        let executed = self.tally.executed.plus(self.learner.executed(0));
        self.tally.by_layer.add(&self.learner.executed_by_layer(0), 1);
        let told = self.told();
        let others_share = self.tenancy.others();
        let planned_memory_bytes = self.learner.memory_bytes();
        let metering = self.tally.metering_so_far(self.meter.finish());
        let profile = self.options.profile.then(|| told.profile(&metering, self.options.threads));
        let finished = Finished {
            tally: self.tally,
            validation,
            weights_sha256,
            executed,
            metering,
            profile,
            others_share,
            planned_memory_bytes,
        };
        Ok(Some((assemble::record(self.plan, self.options, finished), state)))
    }
}

fn open_trace(path: &Path) -> Result<Trace, TrainError> {
    Trace::append(path).map_err(|error| TrainError::Trace { path: path.into(), reason: error.to_string() })
}

#[cfg(test)]
mod tests;
