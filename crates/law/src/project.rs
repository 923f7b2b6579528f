//! What an error would cost: the fitted laws followed beyond the data, with the intervals of their replicates.

use crate::bootstrap::percentile_interval;
use crate::fit::{Fit, Interval};
use crate::floor::FloorLaw;
use crate::power::PowerLaw;

/// Decades beyond the data after which an answer is one of the model rather than of the data.
pub const FAR_DECADES: f64 = 2.0;

/// Compute at which an error would be reached, by each law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// The error, in the unit of the points.
    pub error: f64,
    /// By the power law without a floor.
    pub power: Interval,
    /// By the law with a floor; no estimate where the floor is not identified. An end that is `None` is unbounded, as
    /// where the floor may lie above the error.
    pub floor: Interval,
    /// Whether the fitted floor is identified, and lies at or above the error: no compute reaches it by that law.
    pub below_floor: bool,
    /// By power laws with given exponents from today's error.
    pub references: [f64; 2],
}

/// Where things stand today: compute and error of the fitted point with the least error.
#[must_use]
pub fn today(fit: &Fit) -> Option<[f64; 2]> {
    let fitted = fit.frontier.iter().filter(|point| point.is_fitted());
    let least = fitted.min_by(|a, b| a.error.total_cmp(&b.error))?;
    Some([least.compute, least.error])
}

/// The compute that `error` takes, `references` being the exponents k to compare with; `None` where the fit has no
/// exponent.
///
/// A power law E = a C^-b reaches E at C = (a / E)^(1/b), one with a floor at (a / (E - floor))^(1/b). The intervals are
/// those of the same formula over the replicates of the fit, at its level.
#[must_use]
pub fn project(fit: &Fit, error: f64, references: [f64; 2]) -> Option<Projection> {
    let law = fit.power.filter(|_| fit.k.estimate.is_some())?;
    let [spent, reached] = today(fit)?;
    let of_power = interval(
        log_compute_of_power(&law, error),
        fit.replicates.iter().map(|law| log_compute_of_power(law, error)),
        fit.level,
    );
    let identified = fit.floor.estimate.and(fit.floor_law);
    let of_floor = interval(
        identified.map_or(f64::NAN, |law| log_compute_of_floor(&law, error)),
        fit.floor_replicates.iter().map(|law| log_compute_of_floor(law, error)),
        fit.level,
    );
    Some(Projection {
        error,
        power: of_power,
        floor: of_floor,
        below_floor: identified.is_some_and(|law| law.floor >= error),
        references: references.map(|k| spent * libm::pow(reached / error, k)),
    })
}

/// ln C; infinite where error does not fall.
fn log_compute_of_power(law: &PowerLaw, error: f64) -> f64 {
    if law.b > 0.0 { (law.log_a - libm::log(error)) / law.b } else { f64::INFINITY }
}

/// ln C; infinite where the error is not above the floor, or error does not fall.
fn log_compute_of_floor(law: &FloorLaw, error: f64) -> f64 {
    if law.b > 0.0 && error > law.floor {
        (libm::log(law.a) - libm::log(error - law.floor)) / law.b
    } else {
        f64::INFINITY
    }
}

/// Computes from their logarithms; what is no finite number is `None`.
fn interval(estimate: f64, replicates: impl Iterator<Item = f64>, level: f64) -> Interval {
    let finite = |log: f64| Some(libm::exp(log)).filter(|compute| compute.is_finite());
    let mut logs: Vec<f64> = replicates.collect();
    let ends = percentile_interval(&mut logs, level);
    Interval {
        estimate: finite(estimate),
        low: ends.and_then(|ends| finite(ends[0])),
        high: ends.and_then(|ends| finite(ends[1])),
    }
}

#[cfg(test)]
mod tests;
