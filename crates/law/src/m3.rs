//! M3 of Alabdulmohsin et al. (2022, arXiv 2209.06640): E = b (1/C + g)^c, least squares of log error, k = 1/c.
//!
//! It falls by that power at first and comes to rest at b g^c, just above which it falls by 1/C, so that it has no `k_floor`. Given g it is a straight line of log error on
//! ln(1/C + g), so only g is searched.

use crate::point::LogPoint;
use crate::power;

/// A power law of a compute that cannot grow beyond 1/g.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShiftedLaw {
    /// ln b.
    pub log_b: f64,
    /// The exponent c.
    pub c: f64,
    /// ln g; minus infinity where nothing holds the error up.
    pub log_g: f64,
}

impl ShiftedLaw {
    /// ln of the error at a compute given as ln.
    #[must_use]
    pub fn log_error(&self, log_compute: f64) -> f64 {
        self.log_b + self.c * reciprocal(log_compute, self.log_g)
    }
}

/// ln(1/C + g), whatever the sizes of the two.
fn reciprocal(log_compute: f64, log_g: f64) -> f64 {
    let (small, large) = if -log_compute < log_g { (-log_compute, log_g) } else { (log_g, -log_compute) };
    if small == f64::NEG_INFINITY { large } else { large + libm::log1p(libm::exp(small - large)) }
}

/// How finely ln g is searched.
const GRID: usize = 48;

/// Least squares of log error with g >= 0; `None` without three different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<ShiftedLaw> {
    let low = points.iter().map(|point| point.log_compute).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| point.log_compute).fold(f64::NEG_INFINITY, f64::max);
    if crate::point::different_computes(points) < 3 {
        return None;
    }
    // From where g changes the error at the largest compute by 1e-7 to where it bends only the first decade.
    let (from, to) = (-high - 16.0, -low + 2.5);
    let place = |j: usize| from + (to - from) * j as f64 / GRID as f64;
    let best = (0..=GRID).filter_map(|j| at(points, place(j)).map(|(_, squares)| (squares, j)));
    let (_, j) = best.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let (mut low, mut high) = (place(j.saturating_sub(1)), place((j + 1).min(GRID)));
    // (sqrt(5) - 1) / 2
    let ratio = 0.618_033_988_749_894_9;
    while high - low > 1e-12 * (1.0 + high.abs()) {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if !(left > low && right > left && right < high) {
            break;
        }
        if at(points, left)?.1 < at(points, right)?.1 {
            high = right;
        } else {
            low = left;
        }
    }
    let (found, squares) = at(points, f64::midpoint(low, high))?;
    let (without, straight) = at(points, f64::NEG_INFINITY)?;
    Some(if squares < straight { found } else { without })
}

/// The best law for a given g, and its squares.
fn at(points: &[LogPoint], log_g: f64) -> Option<(ShiftedLaw, f64)> {
    let moved: Vec<LogPoint> = points
        .iter()
        .map(|point| LogPoint { log_compute: reciprocal(point.log_compute, log_g), ..*point })
        .collect();
    let line = power::fit(&moved)?;
    let law = ShiftedLaw { log_b: line.log_a, c: -line.b, log_g };
    let squares = |point: &LogPoint| {
        let residual = point.log_error - line.log_error(point.log_compute);
        point.weight * (residual * residual)
    };
    Some((law, moved.iter().map(squares).sum()))
}

#[cfg(test)]
mod tests;
