//! The threads that call libtorch: one for each card, as cuDNN's plans belong to a thread, and one for each CPU learner.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use libtorch::settings::Inference;
use record::device::Device;

use crate::error::TrainError;

type Job = Box<dyn FnOnce() + Send>;

/// A thread on which everything of one device happens, in the order in which it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    jobs: Sender<Job>,
}

/// The drivers of the cards that were used, for as long as the process lives.
static CARDS: Mutex<Option<HashMap<u32, Driver>>> = Mutex::new(None);

impl Driver {
    /// The driver of a device.
    pub(super) fn of(device: Device) -> Result<Driver, TrainError> {
        match device {
            Device::Cpu => Driver::start(None),
            Device::Cuda(card) => {
                let mut cards = CARDS.lock().unwrap_or_else(PoisonError::into_inner);
                let cards = cards.get_or_insert_default();
                if let Some(driver) = cards.get(&card) {
                    return Ok(driver.clone());
                }
                let driver = Driver::start(Some(card))?;
                cards.insert(card, driver.clone());
                Ok(driver)
            }
        }
    }

    /// Starts a thread; it ends when nobody can ask it for anything any more.
    fn start(card: Option<u32>) -> Result<Driver, TrainError> {
        let (jobs, queue) = channel::<Job>();
        let work = move || {
            libtorch::cuda::prepare();
            let _inference = Inference::enter();
            queue.into_iter().for_each(|job| job());
        };
        let started = std::thread::Builder::new().name("libtorch".to_owned()).spawn(work);
        started.map_err(|error| TrainError::Threads { threads: 1, reason: error.to_string() })?;
        let driver = Driver { jobs };
        if let Some(card) = card {
            // The default stream waits for all others, and cannot be captured.
            let ready = driver.call(move || libtorch::cuda::own_stream(card));
            ready.map_err(|error| TrainError::NoDevice {
                device: Device::Cuda(card),
                reason: error.to_string(),
            })?;
        }
        Ok(driver)
    }

    /// Does `job` on the thread and waits for it; a panic there goes on here.
    pub(super) fn call<R: Send + 'static>(&self, job: impl FnOnce() -> R + Send + 'static) -> R {
        let (answer, outcome) = channel();
        let job = move || {
            // Whoever asked may have gone; then nobody wants to know.
            let _ = answer.send(catch_unwind(AssertUnwindSafe(job)));
        };
        // The thread lives as long as `self.jobs`, and answers whatever happens.
        let _ = self.jobs.send(Box::new(job));
        match outcome.recv() {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(gone) => resume_unwind(Box::new(gone.to_string())),
        }
    }
}
