//! The peaks that a training is held against, and what cannot be true beside them.

use serde::{Deserialize, Serialize};

use crate::spec::Precision;
use crate::units::{Flops, Seconds};

/// What executed FLOP/s may lie above a peak before one of the figures must be wrong: a peak is the best of a few
/// bursts, and a processor's clock rate is not the same in every minute.
pub const TOLERANCE: f64 = 0.05;

/// Dense FLOP/s that the device could reach at most, in the run's precision, on the run's threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// By what the device is made of; null when that is unknown.
    pub theoretical_flops_per_second: Option<f64>,
    /// What that follows from, or why it is unknown.
    pub theoretical_basis: String,
    /// By a short burst of nothing but multiply-adds, or on a card of products of large matrices, in the process that
    /// trained and before its meter ran; null when none was made.
    pub measured_flops_per_second: Option<f64>,
    /// What was run, or why nothing was.
    pub measured_basis: String,
    /// Threads that computed.
    pub threads: u64,
    /// Type of the numbers that are multiplied.
    pub precision: Precision,
}

/// FLOP/s with what they follow from, or why they are unknown.
pub type Known = Result<(f64, String), String>;

impl Peak {
    /// Puts both peaks together. A theoretical one that the device was just seen to exceed is none, and is unknown.
    #[must_use]
    pub fn new(theoretical: Known, measured: Known, threads: u64, precision: Precision) -> Peak {
        let theoretical = match (theoretical, &measured) {
            (Ok((limit, basis)), Ok((seen, _))) if *seen > (1.0 + TOLERANCE) * limit => Err(format!(
                "{:.1} GFLOP/s were measured, more than {:.1} by {basis}",
                seen / 1e9,
                limit / 1e9
            )),
            (theoretical, _) => theoretical,
        };
        let parts = |known: Known| match known {
            Ok((speed, basis)) if speed.is_finite() && speed > 0.0 => (Some(speed), basis),
            Ok((_, basis)) => (None, format!("no speed came of {basis}")),
            Err(reason) => (None, reason),
        };
        let (theoretical_flops_per_second, theoretical_basis) = parts(theoretical);
        let (measured_flops_per_second, measured_basis) = parts(measured);
        Peak {
            theoretical_flops_per_second,
            theoretical_basis,
            measured_flops_per_second,
            measured_basis,
            threads,
            precision,
        }
    }

    /// The peak of a run that another process began under `earlier`: the higher measured one where both computed
    /// alike, and otherwise none, as no single peak belongs to the run's seconds.
    #[must_use]
    pub fn after(&self, earlier: Option<&Peak>) -> Peak {
        let alike = |earlier: &Peak| (earlier.threads, earlier.precision) == (self.threads, self.precision);
        match earlier {
            None => self.unknown("the run began in a process that kept no peak"),
            Some(earlier) if !alike(earlier) => self.unknown(&format!(
                "the run began on {} threads and went on on {}",
                earlier.threads, self.threads
            )),
            Some(earlier) => {
                let higher = earlier.measured_flops_per_second > self.measured_flops_per_second;
                let by = if higher { earlier } else { self };
                let limit = earlier.theoretical_flops_per_second > self.theoretical_flops_per_second;
                let of = if limit { earlier } else { self };
                Peak {
                    theoretical_flops_per_second: of.theoretical_flops_per_second,
                    theoretical_basis: of.theoretical_basis.clone(),
                    measured_flops_per_second: by.measured_flops_per_second,
                    measured_basis: by.measured_basis.clone(),
                    ..self.clone()
                }
            }
        }
    }

    fn unknown(&self, reason: &str) -> Peak {
        Peak::new(Err(reason.to_owned()), Err(reason.to_owned()), self.threads, self.precision)
    }

    /// Both peaks that are known, with their names.
    #[must_use]
    pub fn known(&self) -> Vec<(&'static str, f64)> {
        let peaks = [
            ("measured", self.measured_flops_per_second),
            ("theoretical", self.theoretical_flops_per_second),
        ];
        peaks.into_iter().filter_map(|(name, peak)| Some((name, peak?))).collect()
    }

    /// What cannot be true of `executed` operations in `seconds`, in words: more than [`TOLERANCE`] above a peak.
    ///
    /// Model FLOP/s may lie above it, where a learner needs fewer multiplications than the model counts; what was
    /// executed may not.
    #[must_use]
    pub fn faults(&self, executed: Flops, seconds: Seconds) -> Vec<String> {
        let speed = executed.as_f64() / seconds.0;
        let broken = |&(_, peak): &(&str, f64)| executed.0 > 0 && speed > (1.0 + TOLERANCE) * peak;
        let fault = |(name, peak): (&str, f64)| {
            format!(
                "{:.1} GFLOP/s executed in training steps are {:.2} times the {name} peak of {:.1}: the count of \
                 operations, the seconds or the peak is wrong",
                speed / 1e9,
                speed / peak,
                peak / 1e9
            )
        };
        self.known().into_iter().filter(broken).map(fault).collect()
    }
}

#[cfg(test)]
mod tests;
