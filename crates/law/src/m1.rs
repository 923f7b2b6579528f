//! M1 of Alabdulmohsin, Neyshabur and Zhai (2022, arXiv 2209.06640): E = b C^-c, least squares of log error, k = 1/c.

use crate::point::LogPoint;
use crate::power::{self, PowerLaw};

/// The power law; `None` without two different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<PowerLaw> {
    power::fit(points)
}
