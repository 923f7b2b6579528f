//! A thread that reads the counters between the edges of phases, so that no wrap-around is missed.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use record::units::Seconds;

/// Runs until it is dropped.
pub(crate) struct Sampler {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Calls `tick` every `interval`, but not more than a thousand times a second. `None` when the system
    /// gives no thread: the edges of phases are then all there is.
    pub(crate) fn start(interval: Seconds, tick: impl Fn() + Send + 'static) -> Option<Sampler> {
        let interval = Duration::try_from_secs_f64(interval.0.max(0.001)).unwrap_or(Duration::MAX);
        let (stop, stopped) = channel();
        let watch = move || {
            let mut ticks = 0u32;
            while stopped.recv_timeout(interval.mul_f64(stretch(ticks))) == Err(RecvTimeoutError::Timeout) {
                tick();
                ticks = ticks.wrapping_add(1);
            }
        };
        let thread = Builder::new().name("energy sampler".into()).spawn(watch).ok()?;
        Some(Sampler { stop: Some(stop), thread: Some(thread) })
    }
}

/// Between 0.9 and 1.1, never the same way again, so that no load that repeats is always met in the same moment: multiples
/// of the golden ratio without their whole part.
fn stretch(tick: u32) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    0.9 + 0.2 * (f64::from(tick) * GOLDEN).fract()
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // The thread ends when it hears that the sender is gone.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A sampler that panicked has nothing more to tell; its last readings are in the account.
            let _ = thread.join();
        }
    }
}
