//! The power law with a floor, error = floor + a * compute^-b, by least squares on log error.
//!
//! The form is that of Hestness et al. (2017, arXiv 1712.00409) and Rosenfeld et al. (2019, arXiv 1909.12673). The floor
//! is searched over all that it can be, and a and b are found for each by Gauss and Newton's method.

use crate::point::{LogPoint, different_computes};

/// A power law that falls towards a floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloorLaw {
    /// Error that no compute removes, at least 0.
    pub floor: f64,
    /// Error above the floor at a compute of one.
    pub a: f64,
    /// How fast the error above the floor falls: k_floor = 1/b.
    pub b: f64,
}

impl FloorLaw {
    /// Error at `compute`.
    #[must_use]
    pub fn error(&self, compute: f64) -> f64 {
        self.floor + self.a * libm::pow(compute, -self.b)
    }

    /// Factor on compute that halves `error`: ((e - floor) / (e/2 - floor))^(1/b).
    ///
    /// Infinite where half the error does not lie above the floor, or where b is not above zero.
    #[must_use]
    pub fn halving_cost(&self, error: f64) -> f64 {
        if error <= 2.0 * self.floor || self.b <= 0.0 {
            return f64::INFINITY;
        }
        libm::pow((error - self.floor) / (error / 2.0 - self.floor), 1.0 / self.b)
    }
}

/// How finely the floor is searched, as a fraction of the smallest error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    /// Floors tried between zero and the smallest error, and beyond it where need be, before the best is refined.
    pub grid: usize,
    /// Width of the bracket at which golden section stops.
    pub width: f64,
    /// The other parameters have settled when a step lowers the squares by less than this fraction.
    pub settle: f64,
}

impl Search {
    /// For the points themselves.
    pub(crate) const FINE: Search = Search { grid: 64, width: 1e-11, settle: 1e-13 };
    /// For one of thousands of resamples.
    pub(crate) const COARSE: Search = Search { grid: 16, width: 1e-6, settle: 1e-7 };
}

/// The floor stays this fraction of the smallest error below it, where the logarithm still exists.
const GAP: f64 = 1e-9;

/// Least squares on log error with floor >= 0; `None` without three different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<FloorLaw> {
    search(points, Search::FINE)
}

/// Profiles the sum of squares over the floor: a grid, then golden section around its best place. The grid ends at the
/// smallest error and goes on to the largest only where the best place is there.
///
/// With the floor held, the rest is nearly linear, so no choice of starting values is needed.
pub(crate) fn search(points: &[LogPoint], search: Search) -> Option<FloorLaw> {
    let scaled = Scaled::new(points)?;
    let at = |floor, start| scaled.with_floor(floor, start, search.settle);
    let place = |j: usize| (j as f64 / search.grid as f64).min(1.0 - GAP);
    let mut best = at(0.0, None);
    let without_floor = best;
    let mut best_j = 0;
    for j in 1..=search.grid {
        let candidate = at(place(j), None);
        if candidate.squares < best.squares {
            (best, best_j) = (candidate, j);
        }
    }
    let (mut low, mut high) = (place(best_j.saturating_sub(1)), place((best_j + 1).min(search.grid)));
    if best_j == search.grid {
        // Points at the floor scatter to both sides of it, so the lowest of them lies below.
        let most = scaled.y.iter().copied().fold(0.0, f64::max);
        let beyond = |j: usize| libm::exp(most * (j as f64 / search.grid as f64).powi(2));
        let mut best_beyond = 0;
        for j in 1..search.grid {
            let candidate = at(beyond(j), Some(best));
            if candidate.squares < best.squares {
                (best, best_beyond) = (candidate, j);
            }
        }
        (low, high) = match best_beyond {
            0 => (low, beyond(1)),
            _ => (beyond(best_beyond - 1), beyond(best_beyond + 1)),
        };
    }
    // (sqrt(5) - 1) / 2
    let ratio = 0.618_033_988_749_894_9;
    let mut left = at(high - ratio * (high - low), Some(best));
    let mut right = at(low + ratio * (high - low), Some(best));
    while high - low > search.width * high.max(1.0) {
        if left.squares < right.squares {
            (high, right) = (right.floor, left);
            left = at(high - ratio * (high - low), Some(right));
        } else {
            (low, left) = (left.floor, right);
            right = at(low + ratio * (high - low), Some(left));
        }
    }
    for candidate in [left, right] {
        if candidate.squares < best.squares {
            best = candidate;
        }
    }
    // A floor that is lost in the width of the search is none.
    if best.floor <= 2.0 * search.width {
        best = without_floor;
    }
    Some(scaled.restore(best))
}

/// The points in units that keep the arithmetic near one.
struct Scaled {
    /// ln compute less its mean.
    x: Vec<f64>,
    /// ln error less the smallest.
    y: Vec<f64>,
    weight: Vec<f64>,
    mean_x: f64,
    min_y: f64,
}

/// The best curve y = ln(floor + exp(alpha - b x)) for a given floor, in scaled units.
#[derive(Clone, Copy, Debug)]
struct Profile {
    floor: f64,
    alpha: f64,
    b: f64,
    squares: f64,
    step_alpha: f64,
    step_b: f64,
}

impl Scaled {
    fn new(points: &[LogPoint]) -> Option<Scaled> {
        let finite = points.iter().all(|point| point.log_error.is_finite());
        if different_computes(points) < 3 || !finite {
            return None;
        }
        let count = points.iter().map(|point| point.weight).sum::<f64>();
        let mean_x = points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count;
        let min_y = points.iter().map(|point| point.log_error).fold(f64::INFINITY, f64::min);
        Some(Scaled {
            x: points.iter().map(|point| point.log_compute - mean_x).collect(),
            y: points.iter().map(|point| point.log_error - min_y).collect(),
            weight: points.iter().map(|point| point.weight).collect(),
            mean_x,
            min_y,
        })
    }

    fn points(&self) -> impl Iterator<Item = (&f64, &f64, &f64)> {
        self.x.iter().zip(&self.y).zip(&self.weight).map(|((x, y), weight)| (x, y, weight))
    }

    /// Gauss and Newton's method in alpha and b, from `start` or from a weighted straight line.
    fn with_floor(&self, floor: f64, start: Option<Profile>, settle: f64) -> Profile {
        let (alpha, b) = start.map_or_else(|| self.start(floor), |start| (start.alpha, start.b));
        let mut best = self.evaluate(floor, alpha, b);
        for _ in 0..40 {
            let mut fraction = 1.0;
            let mut next = best;
            // A whole step may overshoot where the points scatter widely; a short one goes downhill.
            while fraction > 1e-3 {
                let (alpha, b) = (best.alpha + fraction * best.step_alpha, best.b + fraction * best.step_b);
                next = self.evaluate(floor, alpha, b);
                if next.squares < best.squares {
                    break;
                }
                fraction *= 0.25;
            }
            if next.squares.is_nan() || next.squares >= best.squares {
                break;
            }
            let settled = best.squares - next.squares <= settle * best.squares;
            best = next;
            if settled {
                break;
            }
        }
        best
    }

    /// The line through ln(error - floor), each point weighted by what it says about ln error.
    fn start(&self, floor: f64) -> (f64, f64) {
        let mut line = Line::default();
        for (&x, &y, &weight) in self.points() {
            let error = libm::exp(y);
            let excess = (error - floor).max(GAP * error);
            let slope = excess / error;
            let weight = weight * (slope * slope);
            line.add(weight, x, weight * libm::log(excess));
        }
        line.solve()
    }

    /// The squares at a place, and the step to where its tangent has the least.
    fn evaluate(&self, floor: f64, alpha: f64, b: f64) -> Profile {
        let mut line = Line::default();
        let mut squares = 0.0;
        for (&x, &y, &weight) in self.points() {
            let excess = libm::exp(alpha - b * x);
            let error = floor + excess;
            // d ln error / d alpha.
            let slope = excess / error;
            let residual = y - libm::log(error);
            squares += weight * (residual * residual);
            line.add(weight * (slope * slope), x, weight * (slope * residual));
        }
        let (step_alpha, step_b) = line.solve();
        Profile { floor, alpha, b, squares, step_alpha, step_b }
    }

    fn restore(&self, profile: Profile) -> FloorLaw {
        FloorLaw {
            floor: libm::exp(self.min_y) * profile.floor,
            a: libm::exp(self.min_y + profile.alpha + profile.b * self.mean_x),
            b: profile.b,
        }
    }
}

/// Sums for the line alpha - b x by weighted least squares.
#[derive(Default)]
struct Line {
    w: f64,
    wx: f64,
    wxx: f64,
    wy: f64,
    wxy: f64,
}

impl Line {
    /// One point with its weight; its ordinate comes multiplied by the weight, which may be near zero.
    fn add(&mut self, w: f64, x: f64, wy: f64) {
        self.w += w;
        self.wx += w * x;
        self.wxx += w * x * x;
        self.wy += wy;
        self.wxy += x * wy;
    }

    /// (alpha, b); flat where the weights leave one place.
    fn solve(&self) -> (f64, f64) {
        let xx = self.wxx - self.wx * self.wx / self.w;
        let b = if xx > 0.0 { (self.wx * self.wy / self.w - self.wxy) / xx } else { 0.0 };
        ((self.wy + b * self.wx) / self.w, b)
    }
}

#[cfg(test)]
mod tests;
