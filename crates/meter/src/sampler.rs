//! A thread that reads the counters between the edges of phases, so that no wrap-around is missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use record::units::Seconds;

use crate::clock;

/// Time between two readings where nobody asked for another.
pub(crate) const USUAL: Seconds = Seconds(0.1);
/// The same once the run is long and only its edges matter.
pub(crate) const RELAXED: Seconds = Seconds(1.0);
/// Never more than a thousand times a second.
const LEAST: Duration = Duration::from_millis(1);
/// After so many readings a run is long: about a minute.
const LONG: u32 = 600;

/// Looks at the beginning, up to the number of each, are as short a share of the usual interval apart.
const QUICK: [(u32, f64); 3] = [(8, 0.01), (16, 0.02), (24, 0.08)];
/// By then these looks are over, at the usual interval, also where each of them takes a millisecond more.
pub(crate) const START: Seconds = Seconds(0.12);

/// Runs until it is dropped.
pub(crate) struct Sampler {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Processor time of the thread, in nanoseconds.
    used: Arc<AtomicU64>,
}

/// How often to read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    /// Seconds between two readings.
    pub interval: Seconds,
    /// Whether longer runs may be read every [`RELAXED`], if what is read allows it.
    pub relaxes: bool,
}

impl Sampler {
    /// Calls `tick` at `rate`, but not more than a thousand times a second; it answers whether the edges of phases are
    /// enough. `None` when the system gives no thread: the edges are then all there is.
    pub(crate) fn start(rate: Rate, tick: impl Fn() -> bool + Send + 'static) -> Option<Sampler> {
        let duration =
            |seconds: Seconds| Duration::try_from_secs_f64(seconds.0).unwrap_or(Duration::MAX).max(LEAST);
        let usual = duration(rate.interval);
        let relaxed = if rate.relaxes { usual.max(duration(RELAXED)) } else { usual };
        let (stop, stopped) = channel();
        let used = Arc::new(AtomicU64::new(0));
        let tell = Arc::clone(&used);
        let watch = move || {
            let (mut ticks, mut interval) = (0u32, usual);
            let next = |interval: Duration, ticks| interval.mul_f64(stretch(ticks)).max(LEAST);
            while stopped.recv_timeout(next(interval, ticks)) == Err(RecvTimeoutError::Timeout) {
                let edges_are_enough = tick();
                ticks = ticks.saturating_add(1);
                interval = if edges_are_enough && ticks >= LONG { relaxed } else { usual };
                tell.store((clock::of_thread().0 * 1e9) as u64, Ordering::Relaxed);
            }
            tell.store((clock::of_thread().0 * 1e9) as u64, Ordering::Relaxed);
        };
        let thread = Builder::new().name("energy sampler".into()).spawn(watch).ok()?;
        Some(Sampler { stop: Some(stop), thread: Some(thread), used })
    }

    /// Processor time that its thread has used.
    pub(crate) fn used(&self) -> Seconds {
        Seconds(self.used.load(Ordering::Relaxed) as f64 * 1e-9)
    }

    /// Ends the thread, and says what processor time it has used.
    pub(crate) fn end(mut self) -> Seconds {
        self.join();
        self.used()
    }

    fn join(&mut self) {
        // The thread ends when it hears that the sender is gone.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A sampler that panicked has nothing more to tell; its last readings are in the account.
            let _ = thread.join();
        }
    }
}

/// Between 0.915 and 0.965, never the same way again: multiples of the golden ratio without their whole part.
///
/// The mean is no round number, so that a load which repeats after a round time, as most that are made by hand do, is met at
/// other moments in each of its periods. A mean of 1 would meet one of half a second at the same five moments throughout, however
/// much each of them is varied, and be far off.
///
/// The first few looks follow each other quickly, so that a counter which is renewed more slowly than it should be is seen to stand still.
pub(crate) fn stretch(tick: u32) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    if let Some((_, share)) = QUICK.iter().find(|(until, _)| tick < *until) {
        return *share;
    }
    0.915 + 0.05 * (f64::from(tick) * GOLDEN).fract()
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_looks_are_over_after_the_start() {
        let (last, _) = QUICK[QUICK.len() - 1];
        let quick: f64 = (0..last).map(|tick| stretch(tick) * USUAL.0 + 0.001).sum();
        assert!(quick < START.0, "{quick} s");
        assert!(stretch(last) > 0.9, "the next look is a usual one");
    }
}
