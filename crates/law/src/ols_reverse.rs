//! Least squares the other way round: ln C = u - k ln E, log compute regressed on log error, b = 1/k.
//!
//! Where points scatter, its k is smaller than that of [`crate::ols`], by the factor R^2; the truth lies between the two
//! when both compute and error are uncertain. That the product of both slopes is R^2 is in any book on regression, such as Draper and
//! Smith, Applied Regression Analysis (1998).

use crate::point::LogPoint;
use crate::power::{self, PowerLaw};

/// Log compute and log error in each other's place.
#[must_use]
pub fn swapped(points: &[LogPoint]) -> Vec<LogPoint> {
    let swap = |point: &LogPoint| LogPoint {
        log_compute: point.log_error,
        log_error: point.log_compute,
        weight: point.weight,
    };
    let mut swapped: Vec<LogPoint> = points.iter().map(swap).collect();
    swapped.sort_by(|a, b| a.log_compute.total_cmp(&b.log_compute).then(a.log_error.total_cmp(&b.log_error)));
    swapped
}

/// The line, read as error by compute; `None` where all errors are equal or do not go with compute at all.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<PowerLaw> {
    power::fit(&swapped(points)).and_then(|law| turned(&law))
}

/// A line of swapped points, ln C = u - k ln E, as ln E = u / k - ln C / k.
#[must_use]
pub fn turned(law: &PowerLaw) -> Option<PowerLaw> {
    let turned = PowerLaw { log_a: law.log_a / law.b, b: 1.0 / law.b };
    (turned.b.is_finite() && turned.log_a.is_finite()).then_some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_points_give_the_line_of_either_direction() {
        let points: Vec<LogPoint> = (0..6)
            .map(|i| 20.0 + f64::from(i))
            .map(|x| LogPoint { log_compute: x, log_error: 1.0 - 0.2 * x, weight: 1.0 })
            .collect();
        let law = fit(&points).unwrap();
        assert!((law.b - 0.2).abs() < 1e-12 && (law.log_a - 1.0).abs() < 1e-10, "{law:?}");
        let flat: Vec<LogPoint> = points.iter().map(|point| LogPoint { log_error: -1.0, ..*point }).collect();
        assert_eq!(fit(&flat), None);
    }

    /// The 13 models of ImageNet give 6.2 this way, and 13.6 times R^2 = 0.452 is 6.15.
    #[test]
    fn the_exponent_of_imagenet_is_less_than_half_of_the_other_direction() {
        let law = fit(&crate::sample::imagenet()).unwrap();
        assert!((1.0 / law.b - 6.2).abs() < 0.05, "{law:?}");
    }
}
