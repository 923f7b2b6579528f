//! How well a law fits: R^2 and the corrected criterion of Akaike, both of log error, so that laws compare.

use crate::curve::Curve;
use crate::method::Method;
use crate::point::{self, LogPoint};

/// Two figures of one fit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Goodness {
    /// Share of the variance of log error that the law explains; `None` where there is none.
    pub r2: Option<f64>,
    /// n ln(S/n) + 2 p + 2 p (p + 1) / (n - p - 1) with S the squares of log error over n points and p the numbers
    /// of the law and one for the scatter (Hurvich and Tsai, 1989); lower is better. `None` without enough points.
    pub aicc: Option<f64>,
}

/// Sums over log errors, and over what a law leaves of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    count: f64,
    mean: f64,
    total: f64,
    left: f64,
}

impl Sums {
    /// One log error and its fitted value (Welford's method for the total).
    pub(crate) fn add(&mut self, log_error: f64, fitted: f64) {
        self.count += 1.0;
        let off = log_error - self.mean;
        self.mean += off / self.count;
        self.total += off * (log_error - self.mean);
        self.left += (log_error - fitted) * (log_error - fitted);
    }

    /// Of a law with so many parameters, under normal scatter.
    pub(crate) fn goodness(&self, parameters: usize) -> Goodness {
        let r2 = Some(1.0 - self.left / self.total).filter(|r2| r2.is_finite());
        let likelihood = self.count * libm::log(self.left / self.count);
        Goodness { r2, aicc: corrected(likelihood, self.count, parameters) }
    }
}

/// A criterion from -2 ln likelihood, whose constants are those of the normal law left away.
fn corrected(likelihood: f64, count: f64, parameters: usize) -> Option<f64> {
    let p = parameters as f64 + 1.0;
    let rest = count - p - 1.0;
    (rest > 0.0).then(|| likelihood + 2.0 * p + 2.0 * p * (p + 1.0) / rest).filter(|value| value.is_finite())
}

/// Of a curve through points by rising compute.
///
/// A quantile is the likeliest line under an asymmetric Laplace law (Koenker and Machado, 1999), whose density is
/// q (1 - q) / s exp(-loss / s); less the constants of the normal law it compares with the others.
pub(crate) fn of_curve(method: Method, curve: &Curve, points: &[LogPoint]) -> Goodness {
    let mut sums = Sums::default();
    let mut loss = 0.0;
    let q = if let Method::Quantile(q) = method { q } else { 0.5 };
    for cell in points.chunk_by(|a, b| b.log_compute - a.log_compute <= point::EQUAL) {
        let Some(first) = cell.first() else { continue };
        let fitted = curve.log_error(first.log_compute);
        for point in cell {
            sums.add(point.log_error, fitted);
            let residual = point.log_error - fitted;
            loss += if residual > 0.0 { q * residual } else { (q - 1.0) * residual };
        }
    }
    let goodness = sums.goodness(curve.parameters());
    if !matches!(method, Method::Quantile(_)) {
        return goodness;
    }
    let n = sums.count;
    let constants = n * (1.0 + libm::log(core::f64::consts::TAU));
    let likelihood = 2.0 * n * (libm::log(loss / n / (q * (1.0 - q))) + 1.0) - constants;
    Goodness { aicc: corrected(likelihood, n, curve.parameters()), ..goodness }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::power;

    /// Four points with residuals 1, -1, -1, 1 tenths about a line: S = 0.04 by hand, and the total by hand too.
    #[test]
    fn by_hand() {
        let points: Vec<LogPoint> = [0.1, -0.9 - 0.2, -1.9 - 0.2, -2.9]
            .iter()
            .enumerate()
            .map(|(i, &log_error)| LogPoint { log_compute: i as f64, log_error, weight: 1.0 })
            .collect();
        let law = power::fit(&points).unwrap();
        assert!((law.b - 1.0).abs() < 1e-12, "{law:?}");
        let found = of_curve(Method::Ols, &Curve::Power(law), &points);
        // Errors 0.1, -1.1, -2.1, -2.9 about their mean -1.5: 1.6^2 + 0.4^2 + 0.6^2 + 1.4^2 = 5.04.
        assert!((found.r2.unwrap() - (1.0 - 0.04 / 5.04)).abs() < 1e-12, "{found:?}");
        // n - p - 1 = 4 - 3 - 1 = 0.
        assert_eq!(found.aicc, None);
        let twice: Vec<LogPoint> = points.iter().flat_map(|point| [*point, *point]).collect();
        let found = of_curve(Method::Ols, &Curve::Power(law), &twice);
        // 8 ln(0.08 / 8) + 6 + 24 / 4.
        assert!((found.aicc.unwrap() - (8.0 * 0.01f64.ln() + 12.0)).abs() < 1e-9, "{found:?}");
    }
}
