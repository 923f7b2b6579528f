//! The exponential law 1/E = a + b ln C: each further unit of 1/error takes the same factor in compute.
//!
//! The alternative to a power law in Thompson et al., arXiv 2007.05558, whose second projections (10^27 for 5% on
//! ImageNet where the power law has 10^19) it reproduces. Least squares of 1/error on log compute. It has no exponent:
//! what a cut of the error costs depends on the error it begins at.

use crate::point::LogPoint;
use crate::power;

/// A reciprocal error that grows with the logarithm of compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialLaw {
    /// 1/error at a compute of one.
    pub a: f64,
    /// What 1/error gains when compute grows e-fold.
    pub b: f64,
}

impl ExponentialLaw {
    /// ln of the error at a compute given as ln; NaN where 1/error would not be above zero.
    #[must_use]
    pub fn log_error(&self, log_compute: f64) -> f64 {
        -libm::log(self.a + self.b * log_compute)
    }
}

/// Least squares of 1/error; `None` without two different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<ExponentialLaw> {
    let line = power::fit(&points.iter().map(reciprocal).collect::<Vec<_>>())?;
    Some(ExponentialLaw { a: line.log_a, b: -line.b })
}

/// The point with 1/error in the place of log error.
pub(crate) fn reciprocal(point: &LogPoint) -> LogPoint {
    LogPoint { log_error: libm::exp(-point.log_error), ..*point }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_points_give_the_law_back() {
        let law = ExponentialLaw { a: -10.0, b: 0.5 };
        let points: Vec<LogPoint> = (0..8)
            .map(|i| 25.0 + 1.5 * f64::from(i))
            .map(|x| LogPoint { log_compute: x, log_error: law.log_error(x), weight: 1.0 })
            .collect();
        let found = fit(&points).unwrap();
        assert!((found.a / law.a - 1.0).abs() < 1e-10 && (found.b / law.b - 1.0).abs() < 1e-10, "{found:?}");
        assert!(found.log_error(10.0).is_nan());
    }

    /// 5% on ImageNet at 10^27.9 GFLOP and 1% at 10^120.1, as recomputed from the table of the 13 models.
    #[test]
    fn the_projections_of_imagenet() {
        let law = fit(&crate::sample::imagenet()).unwrap();
        for (error, decades) in [(0.05, 27.9), (0.01, 120.1)] {
            let found = (1.0 / error - law.a) / law.b / std::f64::consts::LN_10;
            assert!((found - decades).abs() < 0.05, "{error}: 10^{found}");
        }
    }
}
