//! Ordinary least squares of log error on log compute: ln E = ln a - b ln C, k = 1/b.
//!
//! The line of Thompson et al., arXiv 2007.05558, through all models rather than their frontier. On the same points
//! it is [`crate::power`]; on a sweep that one takes the winners alone, and repeats their choice for its interval.

use crate::point::LogPoint;
use crate::power::{self, PowerLaw};

/// The line through all points; `None` without two different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<PowerLaw> {
    power::fit(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ImageNet, 13 models: hardware burden in GFLOP against top-1 error, from the authors' own table; its slope there
    /// is -0.0733, so that compute goes with the 13.6th power.
    #[test]
    fn the_published_line_of_imagenet() {
        let law = fit(&crate::sample::imagenet()).unwrap();
        assert!((law.b - 0.0733).abs() < 5e-5 && (1.0 / law.b - 13.6).abs() < 0.05, "{law:?}");
        // Its intercept is printed as -0.096 on logarithms to base 10, of 1 / error.
        assert!((-law.log_a / std::f64::consts::LN_10 + 0.096).abs() < 5e-4, "{law:?}");
    }
}
