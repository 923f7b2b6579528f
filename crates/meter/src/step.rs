//! The energy of one interval between two readings: wrap-around, resets and what is not believable.

use record::units::Watts;
use thiserror::Error;

use crate::source::{Limits, ReadError, Reading};

/// Energy of one interval, in microjoules so that differences of counters stay whole numbers (exact in f64
/// up to 2^53 uJ = 9 GJ).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Step {
    pub low: f64,
    pub microjoules: f64,
    pub high: f64,
    /// How often the counter began again from 0.
    pub wraps: u32,
}

/// Why an interval has no energy that can be believed.
#[derive(Debug, Error, PartialEq)]
pub(crate) enum Unbelievable {
    #[error(
        "the counter went from {from:.1} J to {to:.1} J in {seconds:.2} s, which is more than {watts} W allow: it was reset, or \
         what it shows is false"
    )]
    Reset { from: f64, to: f64, seconds: f64, watts: f64 },
    #[error(
        "between two readings of the counter lie {seconds:.1} s, in which it may have wrapped more than once at {watts} W"
    )]
    Ambiguous { seconds: f64, watts: f64 },
    #[error("power was not read for {seconds:.1} s")]
    Unsampled { seconds: f64 },
    #[error(
        "the counter stood still for {seconds:.1} s and then showed less than half of what is usual in such a time: what was drawn then is \
         not known"
    )]
    Stalled { seconds: f64 },
    #[error("the form of the readings changed")]
    FormChanged,
}

impl Unbelievable {
    /// Whether a counter was read, and what it counted cannot be told from what it shows.
    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self, Unbelievable::Reset { .. } | Unbelievable::Ambiguous { .. })
    }
}

/// Energy between two good readings `seconds` apart. A counter is monotone, so it covers the time between
/// two good readings even when a reading between them failed (`missed`); power readings do not.
pub(crate) fn step(
    last: Reading,
    now: Reading,
    seconds: f64,
    limits: Limits,
    missed: bool,
) -> Result<Step, Unbelievable> {
    match (last, now) {
        (
            Reading::Counter { microjoules: from, .. },
            Reading::Counter { microjoules: to, range_microjoules: range },
        ) => {
            if range.is_some_and(|range| limits.plausible.0 * seconds * 1e6 >= range as f64) {
                return Err(Unbelievable::Ambiguous { seconds, watts: limits.plausible.0 });
            }
            // A reading may be one update old at either end, so a short interval can hold one more update.
            let most = limits.plausible.0 * (seconds + limits.update.0) * 1e6;
            match counted(from, to, range).map(|count| count as f64).filter(|&count| count <= most) {
                Some(exact) => {
                    Ok(Step { low: exact, microjoules: exact, high: exact, wraps: u32::from(to < from) })
                }
                None => Err(Unbelievable::Reset {
                    from: from as f64 * 1e-6,
                    to: to as f64 * 1e-6,
                    seconds,
                    watts: limits.plausible.0,
                }),
            }
        }
        (Reading::Power(from), Reading::Power(to)) => {
            if missed || seconds > limits.holds.0 {
                return Err(Unbelievable::Unsampled { seconds });
            }
            let trapezoid = 0.5 * (from.0 + to.0) * seconds * 1e6;
            // Between two readings it may have been as either of them throughout.
            let [low, high] = [from.0.min(to.0), from.0.max(to.0)].map(|watts| watts * seconds * 1e6);
            Ok(Step { low, microjoules: trapezoid, high, wraps: 0 })
        }
        (
            Reading::Modelled { low: l0, central: c0, high: h0 },
            Reading::Modelled { low: l1, central: c1, high: h1 },
        ) => Ok(Step {
            low: (l1 - l0).0 * 1e6,
            microjoules: (c1 - c0).0 * 1e6,
            high: (h1 - h0).0 * 1e6,
            wraps: 0,
        }),
        _ => Err(Unbelievable::FormChanged),
    }
}

/// Difference of a counter, across at most one wrap; `None` when it ran backwards and cannot wrap.
///
/// The kernel states the largest value rather than the modulus; the two differ by one unit of the
/// counter, at most 61 uJ a wrap, which is neglected.
pub(crate) fn counted(from: u64, to: u64, range: Option<u64>) -> Option<u64> {
    match to.checked_sub(from) {
        Some(count) => Some(count),
        None => range?.checked_sub(from)?.checked_add(to),
    }
}

/// A reading that its source can show.
pub(crate) fn in_range(reading: Reading, plausible: Watts) -> Result<Reading, ReadError> {
    match reading {
        Reading::Counter { microjoules: found, range_microjoules: Some(range) } if found > range => {
            Err(ReadError::OutOfRange { found, range })
        }
        Reading::Power(Watts(watts)) if !watts.is_finite() || watts < 0.0 => {
            Err(ReadError::Device { device: "power".into(), reason: format!("{watts} W is no power") })
        }
        Reading::Power(Watts(watts)) if watts > plausible.0 => Err(ReadError::Device {
            device: "power".into(),
            reason: format!("{watts} W are more than the {} W that it can draw", plausible.0),
        }),
        good => Ok(good),
    }
}

#[cfg(test)]
mod tests;
