//! The libtorch learner: asks the thread of its device for everything.

use std::sync::{Arc, Mutex, PoisonError};

use data::images::Images;
use libtorch::tch;
use record::device::Device;
use record::spec::RunPlan;

use super::driver::Driver;
use super::trainer::Trainer;
use crate::error::TrainError;
use crate::executed::{ByLayer, Executed};
use crate::learner::{Learner, Outcome, ProfileEntry, State, Step};

/// Trains with libtorch on the CPU or on a CUDA card.
#[derive(Debug)]
pub struct TchLearner {
    driver: Driver,
    trainer: Arc<Mutex<Trainer>>,
}

impl TchLearner {
    /// A learner with the initial weights of each plan, on as many threads as the pool has that this is called in.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(plans: &[&RunPlan], device: Device) -> Result<TchLearner, TrainError> {
        let driver = Driver::of(device)?;
        let plans: Vec<RunPlan> = plans.iter().map(|&plan| plan.clone()).collect();
        let device = match device {
            Device::Cpu => tch::Device::Cpu,
            Device::Cuda(card) => tch::Device::Cuda(card as usize),
        };
        let threads = rayon::current_num_threads();
        let trainer = driver.call(move || Trainer::new(&plans, device, threads))?;
        Ok(TchLearner { driver, trainer: Arc::new(Mutex::new(trainer)) })
    }

    /// Does `job` with the trainer on the thread of the device.
    fn call<R: Send + 'static>(&self, job: impl FnOnce(&mut Trainer) -> R + Send + 'static) -> R {
        let trainer = Arc::clone(&self.trainer);
        self.driver.call(move || job(&mut trainer.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Learner for TchLearner {
    fn load(&mut self, images: &Images) -> Result<(), TrainError> {
        let images = images.clone();
        self.call(move |trainer| trainer.load(images))
    }

    fn train(&mut self, lanes: &[&[Step]]) -> Result<(), TrainError> {
        let lanes: Vec<Vec<Step>> = lanes.iter().map(|steps| steps.to_vec()).collect();
        self.call(move |trainer| trainer.train(&lanes))
    }

    fn take_losses(&mut self) -> Result<Vec<Vec<f32>>, TrainError> {
        self.call(Trainer::take_losses)
    }

    fn evaluate(&mut self, images: &Images) -> Result<Vec<Vec<Outcome>>, TrainError> {
        let images = images.clone();
        self.call(move |trainer| trainer.evaluate(&images))
    }

    fn state(&self, lane: usize) -> Result<State, TrainError> {
        self.call(move |trainer| trainer.state(lane))
    }

    fn restore(&mut self, lane: usize, state: &State) -> Result<(), TrainError> {
        let state = state.clone();
        self.call(move |trainer| trainer.restore(lane, &state))
    }

    fn executed(&self, lane: usize) -> Executed {
        self.call(move |trainer| trainer.executed(lane))
    }

    fn executed_by_layer(&self, lane: usize) -> ByLayer {
        self.call(move |trainer| trainer.executed_by_layer(lane))
    }

    fn sync(&mut self) -> Result<(), TrainError> {
        self.call(|trainer| trainer.sync())
    }

    fn judge_at_once(&mut self, images: usize) {
        self.call(move |trainer| trainer.judge_at_once(images));
    }

    fn profile(&mut self, on: bool) {
        self.call(move |trainer| trainer.profile(on));
    }

    fn take_profile(&mut self) -> Option<Vec<ProfileEntry>> {
        self.call(|trainer| trainer.take_profile())
    }
}
