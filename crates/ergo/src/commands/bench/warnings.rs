//! What a reader must know before believing the numbers of a benchmark.

use record::bench::{BenchOutput, BenchPhase, BenchRow};
use report::label::percent;

use crate::{arguments, threads};

/// Share of the processors that others may have before it is worth a word.
const OTHERS: f64 = 0.1;
/// An interval is wide where it is more than this part of the median.
const WIDE: f64 = 0.2;
/// Padding is worth a word where it is more than this part of what is needed.
const PADDING: f64 = 0.05;
/// Below this coverage an interval is no 95% interval by any rounding.
const COVERAGE: f64 = 0.93;

/// Warnings for a benchmark on `processors` processors.
#[must_use]
pub fn warnings(told: &BenchOutput, processors: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(optimised) = told.build.optimisation().filter(|level| *level != "3") {
        warnings.push(format!(
            "This program was built at optimisation level {optimised}: build it with --release to learn its speed."
        ));
    }
    if let Some(share) = told.others_share.filter(|&share| share > OTHERS) {
        warnings.push(format!(
            "Other work had {} of the processors that were used meanwhile: images/s, GFLOP/s and MFU are those of a busy machine. Images \
             per second of processor time and ratios are disturbed less.",
            percent(share, 2)
        ));
    }
    if let Some(peak) = told.peaks.iter().find(|peak| peak.high - peak.low > WIDE * peak.gflops) {
        let of = match peak.threads {
            Some(threads) => format!("threads: {threads}"),
            None => format!("{} in {}", peak.device, peak.precision),
        };
        warnings.push(format!(
            "The peak itself varied from {:.1} to {:.1} GFLOP/s ({of}): the machine did not run evenly.",
            peak.low, peak.high
        ));
    }
    let wide: Vec<&BenchRow> =
        told.rows.iter().filter(|row| row.high - row.low > WIDE * row.images_per_second).collect();
    if let Some(row) = wide.first() {
        warnings.push(format!(
            "{} of {} intervals are wider than {} of the median, such as that of {} with {}: give more --seconds.",
            wide.len(),
            told.rows.len(),
            percent(WIDE, 2),
            row.net,
            row.learner
        ));
    }
    if told.interval.coverage < COVERAGE {
        warnings.push(format!(
            "With {} rounds an interval covers the median in only {} of cases: give --rounds 6 or more.",
            told.rounds,
            percent(told.interval.coverage, 3)
        ));
    }
    warnings.extend(oversubscribed(told, processors));
    warnings.extend(idle(told));
    warnings.extend(padded(told));
    warnings.extend(slow(told));
    warnings
}

/// The slowest row of those whose single call takes longer than a slice is meant to.
fn slow(told: &BenchOutput) -> Option<String> {
    let of_call = |row: &BenchRow| row.batch as f64 / row.images_per_second;
    let rows = told.rows.iter().filter(|row| of_call(row) > told.slice_seconds.0);
    let row = rows.max_by(|a, b| of_call(a).total_cmp(&of_call(b)))?;
    Some(format!(
        "{} takes {:.2} s for one batch of {} with {}, longer than a slice of {:.2} s, so that all took longer than \
         --seconds says: leave it out, or give fewer --rounds.",
        row.learner,
        of_call(row),
        row.batch,
        row.net,
        told.slice_seconds.0
    ))
}

fn oversubscribed(told: &BenchOutput, processors: usize) -> Option<String> {
    let most = told.rows.iter().map(|row| row.threads).max().filter(|&most| most > processors as u64)?;
    Some(format!("{most} threads share {processors} processors: more threads cannot be faster."))
}

/// The first row whose batch is too small for its threads.
fn idle(told: &BenchOutput) -> Option<String> {
    let mut rows = told.rows.iter().filter(|row| row.phase == BenchPhase::Train);
    rows.find_map(|row| threads::idle(arguments::learner(&row.learner).ok()?, row.batch, row.threads))
}

/// A learner that judges in parts of its own may fill up the last, and one may pad channels; the mathematics needs no
/// more than the model.
fn padded(told: &BenchOutput) -> Option<String> {
    let is_padded = |row: &&BenchRow| {
        let needed = row.flops_per_image.as_f64();
        row.phase == BenchPhase::Infer && row.executed_flops_per_image > (1.0 + PADDING) * needed
    };
    let row = told.rows.iter().find(is_padded)?;
    Some(format!(
        "{} ran {:.2} times the model's FLOPs to judge {} images at a time with {}, as it pads channels or fills up its \
         last batch: images/s counts the images that were asked for.",
        row.learner,
        row.executed_flops_per_image / row.flops_per_image.as_f64(),
        row.batch,
        row.net
    ))
}
