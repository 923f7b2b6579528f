//! What a device can compute at most, by the clock: a short burst before a training, outside of what is metered.

use kernels::cycles::dependent_additions;
use kernels::isa::Isa;
use meter::clock::{Clock, SystemClock};
use record::device::Device;
use record::peak::Known;
use record::spec::Precision;
use record::units::Seconds;

use crate::bench::peak::Peak;
use crate::bench::{PeakOf, PeakSlice};
use crate::worker::thread_pool;

/// Slices of a burst, of which the fastest counts: a peak is what a device can do when nothing disturbs it.
const SLICES: usize = 5;

/// Length of a slice of a processor's burst.
const SLICE: Seconds = Seconds(0.045);

/// No slice begins later: a card that takes long for its products gets fewer.
const MOST_SECONDS: Seconds = Seconds(0.25);

/// Other work is worth a word where it had more than this share of the processors.
const OTHERS: f64 = 0.1;

/// Additions between two looks at the clock: about a millisecond.
const TURNS: u64 = 40_000;

/// Looks at the clock in all: some twenty milliseconds.
const LOOKS: usize = 20;

/// Measures the peak of `threads` threads of a machine with `processors` processors, or that of a card, in a quarter of a
/// second; in words why there is none otherwise.
///
/// # Errors
/// What is missing, or what failed: a training goes on without a peak.
pub fn measure(device: Device, precision: Precision, threads: usize, processors: usize) -> Known {
    let of = match (device, precision, Isa::detect()) {
        (Device::Cpu, Precision::F32, Isa::Portable) => {
            return Err("there is no loop of fused multiply-adds for this processor".to_owned());
        }
        (Device::Cpu, Precision::F32, isa) => PeakOf::Threads(threads, isa),
        (Device::Cpu, other, _) => {
            return Err(format!("a processor's loop of multiply-adds is in f32, not in {}", other.name()));
        }
        (card @ Device::Cuda(_), precision, _) => PeakOf::Card(card, precision),
    };
    let slices = slices(of, threads).map_err(|error| format!("the burst failed: {error}"))?;
    best(of, &slices, processors).ok_or_else(|| "the burst took no time by this clock".to_owned())
}

fn slices(of: PeakOf, threads: usize) -> Result<Vec<PeakSlice>, crate::error::TrainError> {
    let pool = thread_pool(threads)?;
    let clock = SystemClock::start();
    let mut peak = Peak::new(of, &pool)?;
    for slice in 0..SLICES {
        if slice > 0 && clock.now() > MOST_SECONDS {
            break;
        }
        peak.take(SLICE)?;
    }
    Ok(peak.finish().slices)
}

/// The fastest slice: by the clock, or on a processor with other work to do by the processor time that it got.
fn best(of: PeakOf, slices: &[PeakSlice], processors: usize) -> Option<(f64, String)> {
    let most = |of: &dyn Fn(&PeakSlice) -> f64| {
        slices.iter().map(of).filter(|speed| speed.is_finite()).fold(0.0, f64::max)
    };
    let by_clock = most(&|slice| slice.flops as f64 / slice.seconds.0);
    let count = slices.len();
    let (speed, what) = match of {
        PeakOf::Threads(threads, isa) => {
            let busy = threads.min(processors.max(1)) as f64;
            let by_cpu_time = most(&|slice| busy * slice.flops as f64 / slice.cpu_seconds.0);
            let others = 1.0 - by_clock / by_cpu_time;
            let plural = if threads == 1 { "" } else { "s" };
            let what = format!("multiply-adds on {} registers alone, {threads} thread{plural}", isa.name());
            if others > OTHERS {
                let share = 100.0 * others;
                (by_cpu_time, format!("{what}; per processor time, as other work had {share:.0}% meanwhile"))
            } else {
                (by_clock, what)
            }
        }
        PeakOf::Card(card, precision) => {
            (by_clock, format!("products of large matrices in {} on {card}", precision.name()))
        }
    };
    (speed > 0.0).then(|| (speed, format!("{what}; the fastest of {count} bursts")))
}

/// The clock rate of this processor in hertz while one thread computes, the highest of a few looks; `None` where it cannot
/// be counted.
#[must_use]
pub fn clock_hertz() -> Option<f64> {
    let clock = SystemClock::start();
    let mut highest: f64 = 0.0;
    for _ in 0..LOOKS {
        let (start, cpu_start) = (clock.now(), clock.cpu());
        let cycles = dependent_additions(TURNS)? as f64;
        let (wall, cpu) = (clock.now() - start, clock.cpu() - cpu_start);
        // Time in which others had the processor is not of this thread; a clock that stood still says nothing.
        let rates = [wall, cpu].map(|seconds| cycles / seconds.0);
        highest = rates.into_iter().filter(|rate| rate.is_finite()).fold(highest, f64::max);
    }
    (highest > 0.0).then_some(highest)
}

#[cfg(test)]
mod tests;
