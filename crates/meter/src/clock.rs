//! The only place where a clock is read.
#![expect(clippy::disallowed_methods, reason = "this file is what the rest of the workspace asks instead")]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use record::units::Seconds;
use rustix::time::{ClockId, clock_gettime};

/// Where time comes from; tests put a clock here that they turn by hand.
pub trait Clock: Send + Sync {
    /// Time that never runs backwards, from an arbitrary origin. It stands still while the machine is suspended.
    fn now(&self) -> Seconds;

    /// Processor time that all threads of this process have used so far.
    fn cpu(&self) -> Seconds;

    /// Time that the machine has been suspended since it was started, in which [`Clock::now`] stands still.
    fn suspended(&self) -> Seconds {
        Seconds(0.0)
    }

    /// Seconds since 1970-01-01 UTC by a clock that people and programs may set.
    fn unix(&self) -> f64;
}

/// The clocks of the operating system.
#[derive(Debug)]
pub struct SystemClock(Stopwatch);

impl SystemClock {
    /// A clock that shows 0 now.
    #[must_use]
    pub fn start() -> SystemClock {
        SystemClock(Stopwatch::start())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Seconds {
        self.0.elapsed()
    }

    fn cpu(&self) -> Seconds {
        of(ClockId::ProcessCPUTime)
    }

    #[cfg(target_os = "linux")]
    fn suspended(&self) -> Seconds {
        of(ClockId::Boottime) - of(ClockId::Monotonic)
    }

    fn unix(&self) -> f64 {
        unix_now()
    }
}

/// Processor time that the calling thread has used so far.
pub(crate) fn of_thread() -> Seconds {
    of(ClockId::ThreadCPUTime)
}

fn of(clock: ClockId) -> Seconds {
    let time = clock_gettime(clock);
    Seconds(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
}

/// Elapsed time, for progress, budgets and calibration.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts at 0.
    #[must_use]
    pub fn start() -> Self {
        Stopwatch(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Seconds {
        Seconds(self.0.elapsed().as_secs_f64())
    }
}

/// Seconds since 1970-01-01 UTC by the wall clock; 0 where that clock stands before 1970. For dates only:
/// this clock may jump.
#[must_use]
pub fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
