//! The multiply-add loop on all threads of a pool, by the clock.

use kernels::isa::Isa;
use kernels::peak::burst;
use meter::clock::{Clock, SystemClock};
use rayon::ThreadPool;
use record::units::Seconds;

use super::{MeasuredPeak, PeakSlice};

/// Multiply-adds of a chain between two looks at the clock: some tens of microseconds.
const ITERATIONS: u64 = 10_000;

/// Longest slice: by then a processor has the clock rate at which it runs these instructions.
const MOST_SECONDS: f64 = 0.1;

/// The loop with one number of threads.
pub(super) struct Peak<'a> {
    pool: &'a ThreadPool,
    isa: Isa,
    measured: MeasuredPeak,
}

impl<'a> Peak<'a> {
    pub(super) fn new(threads: usize, pool: &'a ThreadPool) -> Peak<'a> {
        let isa = Isa::detect();
        let measured = MeasuredPeak { threads, isa: isa.name(), slices: Vec::new() };
        let mut peak = Peak { pool, isa, measured };
        peak.run(Seconds(MOST_SECONDS / 10.0));
        peak
    }

    /// Measures one slice.
    pub(super) fn take(&mut self, seconds: Seconds) {
        let slice = self.run(Seconds(seconds.0.min(MOST_SECONDS)));
        self.measured.slices.push(slice);
    }

    pub(super) fn finish(self) -> MeasuredPeak {
        self.measured
    }

    /// Every thread works until the time is over, so that none waits for another.
    fn run(&mut self, least: Seconds) -> PeakSlice {
        let (isa, clock) = (self.isa, SystemClock::start());
        let (start, cpu_start) = (clock.now(), clock.cpu());
        let flops = self.pool.broadcast(|_| {
            let mut flops = 0;
            let mut kept = 0.0;
            while clock.now() - start < least {
                let burst = burst(isa, ITERATIONS);
                flops += burst.flops;
                kept += burst.value;
            }
            std::hint::black_box(kept);
            flops
        });
        PeakSlice {
            flops: flops.into_iter().sum(),
            seconds: clock.now() - start,
            cpu_seconds: clock.cpu() - cpu_start,
        }
    }
}
