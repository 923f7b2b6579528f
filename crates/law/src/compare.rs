//! Estimators side by side: how each fits, and how far each goes wrong on larger computes than it saw.

use crate::curve::Curve;
use crate::error::LawError;
use crate::estimate::{self, Estimate};
use crate::fit::{Point, Settings};
use crate::method::Method;
use crate::point::{self, LogPoint};

/// One estimator among others.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What it says of all points.
    pub estimate: Estimate,
    /// Root mean square of the log error on the largest computes, from a fit to the others. In-sample figures favour
    /// laws with many numbers; this one does not (Alabdulmohsin et al., 2022).
    pub extrapolation_rmse_log: Option<f64>,
}

/// Different computes that a comparison holds out: the largest fifth, and one at least.
#[must_use]
pub fn held_out(cells: usize) -> usize {
    (cells / 5).max(1)
}

/// Points with the `cells` largest different computes apart from the others: (others, largest).
#[must_use]
pub fn without_largest(points: &[Point], cells: usize) -> (Vec<Point>, Vec<Point>) {
    let mut computes: Vec<f64> = points.iter().map(|point| libm::log(point.compute)).collect();
    computes.sort_unstable_by(f64::total_cmp);
    computes.dedup_by(|a, b| (*a - *b).abs() <= point::EQUAL);
    let first = computes.len().checked_sub(cells).and_then(|place| computes.get(place)).copied();
    let first = if cells == 0 { f64::INFINITY } else { first.unwrap_or(f64::NEG_INFINITY) };
    points.iter().partition(|point| libm::log(point.compute) < first - point::EQUAL)
}

/// Every estimator of error against compute on the same points.
///
/// # Errors
/// As [`estimate::estimate`].
pub fn compare(points: &[Point], quantile: f64, settings: &Settings) -> Result<Vec<Compared>, LawError> {
    let mut compared = Vec::new();
    for method in Method::curves(quantile) {
        let estimate = estimate::estimate(points, method, settings)?;
        let (others, largest) = without_largest(points, held_out(estimate.cells));
        let curve = estimate.curve.and_then(|_| estimate::curve(&others, method));
        let extrapolation_rmse_log = curve.and_then(|curve| rmse_log(&curve, &largest));
        compared.push(Compared { estimate, extrapolation_rmse_log });
    }
    Ok(compared)
}

/// Root mean square of the log error that a curve leaves on points; `None` of nothing.
#[must_use]
pub fn rmse_log(curve: &Curve, points: &[Point]) -> Option<f64> {
    let logs: Vec<LogPoint> = points.iter().map(|point| LogPoint::new(point.compute, point.error)).collect();
    curve.rmse_log(&logs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    /// A power law above a floor: the laws with a floor extrapolate, the others do not.
    #[test]
    fn the_law_that_made_the_points_extrapolates_best() {
        let law = |x: f64| libm::log(0.05 + 10.0 * libm::exp(-0.3 * x));
        let points = sample::about(sample::computes(1e6, 1e12, 20), law, 0.0, 0);
        let settings = Settings { resamples: 100, ..Settings::default() };
        let compared = compare(&points, 0.1, &settings).unwrap();
        let of = |name: &str| compared.iter().find(|one| one.estimate.method.name() == name).unwrap();
        let (floor, power) = (of("floor"), of("power"));
        assert!(floor.extrapolation_rmse_log.unwrap() < 1e-6, "{floor:?}");
        assert!(power.extrapolation_rmse_log.unwrap() > 0.1, "{power:?}");
        assert!(floor.estimate.goodness.aicc.unwrap() < power.estimate.goodness.aicc.unwrap() - 100.0);
        assert_eq!(compared.len(), 11);
    }

    #[test]
    fn the_largest_computes_go_with_all_their_replicates() {
        let points: Vec<Point> =
            [1.0, 3.0, 2.0, 3.0, 1.0].map(|compute| Point { compute, error: 0.1 }).into();
        let sizes = |cells| {
            let (others, largest) = without_largest(&points, cells);
            (others.len(), largest.len())
        };
        assert_eq!([0, 1, 2, 3, 9].map(sizes), [(5, 0), (3, 2), (2, 3), (0, 5), (0, 5)]);
    }
}
