//! Peaks by the clock: multiply-adds on all threads of a pool, or products of large matrices on a card.

use kernels::isa::Isa;
use kernels::peak::burst;
use meter::clock::{Clock, SystemClock};
use rayon::ThreadPool;
use record::units::Seconds;

use super::{MeasuredPeak, PeakOf, PeakSlice};
use crate::error::TrainError;
use crate::learner::{self, Products};

/// Multiply-adds of a chain between two looks at the clock: some tens of microseconds.
const ITERATIONS: u64 = 10_000;

/// Longest slice: by then a processor has the clock rate at which it runs these instructions.
const MOST_SECONDS: f64 = 0.1;

/// What is run to find a peak.
enum Engine<'a> {
    /// A loop on every thread.
    Loop(&'a ThreadPool, Isa),
    /// A card.
    Products(Box<dyn Products>),
}

/// One peak.
pub(crate) struct Peak<'a> {
    engine: Engine<'a>,
    measured: MeasuredPeak,
}

impl<'a> Peak<'a> {
    pub(crate) fn new(of: PeakOf, pool: &'a ThreadPool) -> Result<Peak<'a>, TrainError> {
        let engine = match of {
            PeakOf::Threads(_, isa) => Engine::Loop(pool, isa),
            PeakOf::Card(card, precision) => Engine::Products(learner::products(card, precision)?),
        };
        let peak = Peak { engine, measured: MeasuredPeak { of, slices: Vec::new() } };
        peak.run(Seconds(MOST_SECONDS / 10.0))?;
        Ok(peak)
    }

    /// Measures one slice.
    pub(crate) fn take(&mut self, seconds: Seconds) -> Result<(), TrainError> {
        let slice = self.run(Seconds(seconds.0.min(MOST_SECONDS)))?;
        self.measured.slices.push(slice);
        Ok(())
    }

    pub(crate) fn finish(self) -> MeasuredPeak {
        self.measured
    }

    fn run(&self, least: Seconds) -> Result<PeakSlice, TrainError> {
        let clock = SystemClock::start();
        let (start, cpu_start) = (clock.now(), clock.cpu());
        let flops = match &self.engine {
            Engine::Loop(pool, isa) => looped(pool, *isa, || clock.now() - start < least),
            Engine::Products(products) => {
                let mut flops = 0;
                while flops == 0 || clock.now() - start < least {
                    flops += products.burst()?.0;
                }
                flops
            }
        };
        Ok(PeakSlice { flops, seconds: clock.now() - start, cpu_seconds: clock.cpu() - cpu_start })
    }
}

/// FLOPs of all threads, each of which works until the time is over, so that none waits for another, and at least once, as
/// waking a thread may take longer than a short slice.
fn looped(pool: &ThreadPool, isa: Isa, goes_on: impl Fn() -> bool + Sync) -> u64 {
    let flops = pool.broadcast(|_| {
        let mut flops = 0;
        let mut kept = 0.0;
        loop {
            let burst = burst(isa, ITERATIONS);
            flops += burst.flops;
            kept += burst.value;
            if !goes_on() {
                break;
            }
        }
        std::hint::black_box(kept);
        flops
    });
    flops.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::thread_pool;

    #[test]
    fn a_slice_that_is_over_before_it_begins_has_work_of_every_thread() {
        let pool = thread_pool(2).unwrap();
        let isa = Isa::detect();
        assert_eq!(looped(&pool, isa, || false), 2 * burst(isa, ITERATIONS).flops);
    }
}
