//! The power law error = a * compute^-b, by least squares on logarithms.
//!
//! The law of Thompson et al. (2020, arXiv 2007.05558), whose k is 1/b. With x = ln C and y = ln E about their weighted means,
//! b = -sum(w x y) / sum(w x^2) and ln a = mean y + b mean x, the normal equations of a straight line.

use crate::point::LogPoint;

/// A straight line on logarithms: error = exp(log_a) * compute^-b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// ln of the error at a compute of one.
    pub log_a: f64,
    /// How fast error falls: k = 1/b.
    pub b: f64,
}

impl PowerLaw {
    /// Error at `compute`.
    #[must_use]
    pub fn error(&self, compute: f64) -> f64 {
        libm::exp(self.log_error(libm::log(compute)))
    }

    /// ln of the error at a compute given as ln.
    #[must_use]
    pub fn log_error(&self, log_compute: f64) -> f64 {
        self.log_a - self.b * log_compute
    }
}

/// Least squares of log error on log compute, each point counted as its weight says; `None` without two different computes.
///
/// The direction matters: compute regressed on error gives a smaller k, more so the more the points
/// scatter. Error is what a training leaves to chance, so error is what is regressed here.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<PowerLaw> {
    let n = points.iter().map(|point| point.weight).sum::<f64>();
    let mean_x = points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / n;
    let mean_y = points.iter().map(|point| point.weight * point.log_error).sum::<f64>() / n;
    let (mut xx, mut xy) = (0.0, 0.0);
    for point in points {
        let x = point.log_compute - mean_x;
        xx += point.weight * (x * x);
        xy += point.weight * (x * (point.log_error - mean_y));
    }
    // Logarithms of equal computes differ by rounding at most: 1e-9 is far above that and far below
    // any difference of compute that was meant.
    if points.len() < 2 || xx.is_nan() || xx <= n * 1e-18 {
        return None;
    }
    let b = -xy / xx;
    Some(PowerLaw { log_a: mean_y + b * mean_x, b })
}

#[cfg(test)]
mod tests;
