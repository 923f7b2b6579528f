//! M2 of Alabdulmohsin et al. (2022, arXiv 2209.06640): E = floor + b C^-c, least squares of log error, `k_floor` = 1/c.

use crate::floor::{self, FloorLaw};
use crate::point::LogPoint;

/// The law with a floor; `None` without three different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<FloorLaw> {
    floor::fit(points)
}
