//! A line on logarithms that leaves a given share of the points below it: quantile regression, exactly.
//!
//! It minimises the sum of q r where the residual r of log error is above zero and (q - 1) r where it is below (Koenker
//! and Bassett, "Regression quantiles", 1978). With q = 10% a tenth of the points err less: a frontier of all
//! models rather than of chosen ones, as in Thompson et al., arXiv 2007.05558.

use crate::point::LogPoint;
use crate::power::{self, PowerLaw};

/// The share of points below the line unless told otherwise.
pub const DEFAULT: f64 = 0.1;

/// Residuals below this share of the numbers they are made from are zero but for rounding.
const ROUNDING: f64 = 1e-13;

/// The line with the share `q` of the points below it; `None` without two different computes, or where q is not
/// between 0 and 1. Weights are not minded: a quantile of means would be none of points.
#[must_use]
pub fn fit(points: &[LogPoint], q: f64) -> Option<PowerLaw> {
    let start = power::fit(points)?;
    let mut problem = Problem::default();
    points.iter().for_each(|point| problem.push(point));
    problem.solve(q, -start.b)
}

/// The loss that [`fit`] minimises, of any line.
#[must_use]
pub fn loss(points: &[LogPoint], q: f64, law: &PowerLaw) -> f64 {
    let of = |point: &LogPoint| {
        let residual = point.log_error - law.log_error(point.log_compute);
        if residual > 0.0 { q * residual } else { (q - 1.0) * residual }
    };
    points.iter().map(of).sum()
}

/// Points in two columns, with room to work in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problem {
    x: Vec<f64>,
    y: Vec<f64>,
    residuals: Vec<f64>,
    order: Vec<f64>,
    breaks: Vec<Break>,
}

/// A slope at which a point turns from above the line to below it, and how much the slope of the loss rises there.
#[derive(Clone, Copy, Debug)]
struct Break {
    slope: f64,
    weight: f64,
}

/// Where the least loss lies, seen from a slope.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Lower,
    Here,
    Higher,
}

impl Problem {
    pub(crate) fn push(&mut self, point: &LogPoint) {
        self.x.push(point.log_compute);
        self.y.push(point.log_error);
    }

    /// The best line, from a slope near it.
    ///
    /// The least loss for a slope s, over all intercepts, is a convex function of s; its intercept is the quantile of
    /// y - s x. Turning the line about the point that holds this quantile leads to the best line through that point,
    /// which goes through a second one: a weighted quantile again. At every slope the subgradient tells on which
    /// side the best slope lies, and proves the best one when it holds zero; the two sides close in, halving where
    /// a turn would leave them. Each turn takes time in proportion to the points, and there are about ten.
    pub(crate) fn solve(&mut self, q: f64, start: f64) -> Option<PowerLaw> {
        let count = self.x.len();
        if count < 2 || !(q > 0.0 && q < 1.0) || !start.is_finite() {
            return None;
        }
        let middle = self.x.iter().sum::<f64>() / count as f64;
        self.x.iter_mut().for_each(|x| *x -= middle);
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut slope = start;
        let mut intercept = self.intercept(q, slope);
        for _ in 0..400 {
            match self.side(q, slope, intercept) {
                Side::Here => break,
                Side::Lower => high = slope,
                Side::Higher => low = slope,
            }
            let next = self.turned(q, slope, intercept, low, high)?;
            if !(next > low && next < high) {
                break;
            }
            slope = next;
            intercept = self.intercept(q, slope);
        }
        Some(PowerLaw { log_a: intercept - slope * middle, b: -slope })
    }

    /// The smallest y - slope x with at least the share q of them at or below it.
    fn intercept(&mut self, q: f64, slope: f64) -> f64 {
        self.residuals.clear();
        self.residuals.extend(self.x.iter().zip(&self.y).map(|(x, y)| y - slope * x));
        self.order.clone_from(&self.residuals);
        let place = ((q * self.order.len() as f64 - 1e-9).ceil() as usize).clamp(1, self.order.len()) - 1;
        *self.order.select_nth_unstable_by(place, f64::total_cmp).1
    }

    /// Size below which a residual is zero but for rounding.
    fn rounding(&self, slope: f64, intercept: f64) -> f64 {
        let reach = self.x.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        ROUNDING * (intercept.abs() + slope.abs() * reach + f64::MIN_POSITIVE)
    }

    /// On which side of `slope` the least loss lies.
    ///
    /// The derivative by the slope is -sum of psi x, with psi = q above the line and q - 1 below it. Points on the
    /// line may take any psi between, as long as all psi sum to zero: the largest sum of psi x gives as much as
    /// there is to the largest x, and the smallest to the smallest.
    fn side(&self, q: f64, slope: f64, intercept: f64) -> Side {
        let zero = self.rounding(slope, intercept);
        let (mut sum, mut product, mut size) = (0.0, 0.0, 0.0);
        let mut on_line: Vec<f64> = Vec::new();
        for (&x, &residual) in self.x.iter().zip(&self.residuals) {
            let above = residual - intercept;
            size += x.abs();
            let psi = if above > zero {
                q
            } else {
                if above >= -zero {
                    on_line.push(x);
                }
                q - 1.0
            };
            sum += psi;
            product += psi * x;
        }
        on_line.sort_by(f64::total_cmp);
        // Every point on the line stands at q - 1, and together they may rise by this much, each by 1 at most.
        let rise = (-sum).clamp(0.0, on_line.len() as f64);
        let poured = |xs: &mut dyn Iterator<Item = &f64>| {
            let mut left = rise;
            let mut poured = 0.0;
            for x in xs {
                let share = left.min(1.0);
                poured += share * x;
                left -= share;
            }
            poured
        };
        let most = product + poured(&mut on_line.iter().rev());
        let least = product + poured(&mut on_line.iter());
        let rounding = 1e-12 * size;
        if most < -rounding {
            Side::Lower
        } else if least > rounding {
            Side::Higher
        } else {
            Side::Here
        }
    }

    /// The slope of the best line through the point that holds the intercept, or one between the sides where that
    /// lies beyond them; `None` where all points have one x.
    fn turned(&mut self, q: f64, slope: f64, intercept: f64, low: f64, high: f64) -> Option<f64> {
        let pivot = self.residuals.iter().position(|residual| *residual == intercept)?;
        let (at_x, at_y) = (self.x[pivot], self.y[pivot]);
        let (mut target, mut beyond) = (0.0, false);
        self.breaks.clear();
        for (&x, &y) in self.x.iter().zip(&self.y) {
            let dx = x - at_x;
            if dx.abs() <= 1e-12 {
                continue;
            }
            let weight = dx.abs();
            let turn = (y - at_y) / dx;
            // The loss falls at this rate left of all turns.
            target += weight * if dx > 0.0 { q } else { 1.0 - q };
            if turn <= low {
                target -= weight;
            } else if turn < high {
                self.breaks.push(Break { slope: turn, weight });
            }
            beyond = true;
        }
        if !beyond {
            return None;
        }
        let next = weighted_place(&mut self.breaks, target).filter(|next| *next > low && *next < high);
        Some(next.unwrap_or(match (low.is_finite(), high.is_finite()) {
            (true, true) => low + (high - low) / 2.0,
            (true, false) => slope + 1.0 + slope.abs(),
            _ => slope - 1.0 - slope.abs(),
        }))
    }
}

/// The first slope by which the weights add up to `target`; `None` where they never do, or did before.
fn weighted_place(breaks: &mut [Break], target: f64) -> Option<f64> {
    let mut rest = breaks;
    let mut left = target;
    if left <= 0.0 {
        return None;
    }
    while rest.len() > 1 {
        let middle = (rest.len() - 1) / 2;
        rest.select_nth_unstable_by(middle, |a, b| a.slope.total_cmp(&b.slope));
        let below: f64 = rest[..=middle].iter().map(|at| at.weight).sum();
        let halves = rest.split_at_mut(middle + 1);
        rest = if below >= left {
            halves.0
        } else {
            left -= below;
            halves.1
        };
    }
    rest.first().filter(|at| at.weight >= left * (1.0 - 1e-9)).map(|at| at.slope)
}

#[cfg(test)]
mod tests;
