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

/// The fastest slice by the clock, or on a processor with other work to do all slices by the processor time that they got.
fn best(of: PeakOf, slices: &[PeakSlice], processors: usize) -> Option<(f64, String)> {
    let speeds = slices.iter().map(|slice| slice.flops as f64 / slice.seconds.0);
    let by_clock = speeds.filter(|speed| speed.is_finite()).fold(0.0, f64::max);
    let count = slices.len();
    let (speed, what) = match of {
        PeakOf::Threads(threads, isa) => {
            let busy = threads.min(processors.max(1)) as f64;
            // Over all slices, as processor time is booked in lumps.
            let flops: u64 = slices.iter().map(|slice| slice.flops).sum();
            let cpu_seconds: f64 = slices.iter().map(|slice| slice.cpu_seconds.0).sum();
            let by_cpu_time = busy * flops as f64 / cpu_seconds;
            let others = 1.0 - by_clock / by_cpu_time;
            let plural = if threads == 1 { "" } else { "s" };
            let what = format!("multiply-adds on {} registers alone, {threads} thread{plural}", isa.name());
            if others > OTHERS && by_cpu_time.is_finite() {
                let share = 100.0 * others;
                (by_cpu_time, format!("{what}, by processor time, as other work had {share:.0}% meanwhile"))
            } else {
                (by_clock, format!("{what}, at the fastest"))
            }
        }
        PeakOf::Card(card, precision) => (
            by_clock,
            format!("products of large matrices in {} on {card}, at the fastest", precision.name()),
        ),
    };
    (speed > 0.0).then(|| (speed, format!("{what}; of {count} bursts")))
}

/// The clock rate of this processor in hertz while one thread computes, the highest of a few looks; `None` where it cannot
/// be counted.
#[must_use]
pub fn clock_hertz() -> Option<f64> {
    let clock = SystemClock::start();
    let (mut highest, mut cycles): (f64, u64) = (0.0, 0);
    let cpu_start = clock.cpu();
    for _ in 0..LOOKS {
        let start = clock.now();
        let counted = dependent_additions(TURNS)?;
        let rate = counted as f64 / (clock.now() - start).0;
        cycles += counted;
        highest = if rate.is_finite() { highest.max(rate) } else { highest };
    }
    // Time in which others had the processor is not of this thread. Over all looks, as processor time is booked in lumps.
    let rate = cycles as f64 / (clock.cpu() - cpu_start).0;
    highest = if rate.is_finite() { highest.max(rate) } else { highest };
    (highest > 0.0).then_some(highest)
}

#[cfg(test)]
mod tests;
