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
    /// Points of which it is known on which side of the best line they lie.
    above: Settled,
    below: Settled,
}

/// How many points are settled on one side, and the sums over them that matter.
#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    count: usize,
    x: f64,
    /// Sum of |x|, for rounding.
    size: f64,
}

impl Settled {
    fn add(&mut self, x: f64) {
        self.count += 1;
        self.x += x;
        self.size += x.abs();
    }
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

/// Fewer points than this are not worth settling.
const FEW: usize = 500;

impl Problem {
    pub(crate) fn push(&mut self, point: &LogPoint) {
        self.x.push(point.log_compute);
        self.y.push(point.log_error);
    }

    /// The best line, from a slope near it.
    ///
    /// The least loss for a slope s, over all intercepts, is a convex function of s; its intercept is the quantile of
    /// y - s x. At every slope the subgradient tells on which side the best slope lies, and proves the best one
    /// when it holds zero. Turning the line about the point that holds the quantile leads to the best line through
    /// that point, which goes through a second one: a weighted quantile again. So the two sides close in, halving
    /// where a turn would leave them, each step in time proportional to the points. Among many points the sides are
    /// found first, and most points then lie on one side of every line that is left (Portnoy and Koenker, 1997).
    pub(crate) fn solve(&mut self, q: f64, start: f64) -> Option<PowerLaw> {
        let count = self.x.len();
        if count < 2 || !(q > 0.0 && q < 1.0) || !start.is_finite() {
            return None;
        }
        let middle = self.x.iter().sum::<f64>() / count as f64;
        self.x.iter_mut().for_each(|x| *x -= middle);
        let place = ((q * count as f64 - 1e-9).ceil() as usize).clamp(1, count) - 1;
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut slope = start;
        let mut intercept = self.intercept(place, slope);
        let mut side = self.side(q, slope, intercept);
        if count >= FEW && side != Side::Here {
            (low, high) = self.sides(q, place, slope, intercept, side);
            if low.is_finite() && high.is_finite() {
                self.settle(place, low, high);
                slope = f64::midpoint(low, high);
                intercept = self.intercept(place, slope);
                side = self.side(q, slope, intercept);
            }
        }
        for _ in 0..400 {
            match side {
                Side::Here => break,
                Side::Lower => high = slope,
                Side::Higher => low = slope,
            }
            let next = self.turned(q, slope, intercept, low, high)?;
            if !(next > low && next < high) {
                break;
            }
            slope = next;
            intercept = self.intercept(place, slope);
            side = self.side(q, slope, intercept);
        }
        Some(PowerLaw { log_a: intercept - slope * middle, b: -slope })
    }

    /// Slopes on either side of the best, from one that is not: some standard errors apart, as far as needed.
    fn sides(&mut self, q: f64, place: usize, slope: f64, intercept: f64, side: Side) -> (f64, f64) {
        let count = self.x.len() as f64;
        let scatter = self.residuals.iter().map(|residual| (residual - intercept).abs()).sum::<f64>() / count;
        let spread = (self.x.iter().map(|x| x * x).sum::<f64>() / count).sqrt();
        let (mut low, mut high) = match side {
            Side::Lower => (f64::NEG_INFINITY, slope),
            _ => (slope, f64::INFINITY),
        };
        let mut step = 4.0 * scatter / (spread * count.sqrt());
        for _ in 0..100 {
            let tried = if low.is_finite() { low + step } else { high - step };
            if !tried.is_finite() || tried == slope {
                break;
            }
            let intercept = self.intercept(place, tried);
            match (self.side(q, tried, intercept), low.is_finite()) {
                // The best itself is an end a little beyond it.
                (Side::Here, true) | (Side::Lower, true) => {
                    high = tried + step;
                    break;
                }
                (Side::Here, false) | (Side::Higher, false) => {
                    low = tried - step;
                    break;
                }
                (Side::Higher, true) => low = tried,
                (Side::Lower, false) => high = tried,
            }
            step *= 4.0;
        }
        (low, high)
    }

    /// Takes out the points that lie on one side of every line with a slope from `low` to `high` and the intercept
    /// that is best for it: that one lies between the quantiles of the least and of the largest residuals.
    fn settle(&mut self, place: usize, low: f64, high: f64) {
        let ends = |(x, y): (&f64, &f64)| {
            let (a, b) = (y - low * x, y - high * x);
            [a.min(b), a.max(b)]
        };
        let quantile = |order: &mut Vec<f64>, ends: &mut dyn Iterator<Item = f64>| {
            order.clear();
            order.extend(ends);
            *order.select_nth_unstable_by(place, f64::total_cmp).1
        };
        let points = || self.x.iter().zip(&self.y);
        let least = quantile(&mut self.order, &mut points().map(|point| ends(point)[0]));
        let most = quantile(&mut self.order, &mut points().map(|point| ends(point)[1]));
        let room = 1e3 * self.rounding(low.abs().max(high.abs()), least.abs().max(most.abs()));
        let mut kept = 0;
        for i in 0..self.x.len() {
            let [bottom, top] = ends((&self.x[i], &self.y[i]));
            if bottom > most + room {
                self.above.add(self.x[i]);
            } else if top < least - room {
                self.below.add(self.x[i]);
            } else {
                (self.x[kept], self.y[kept]) = (self.x[i], self.y[i]);
                kept += 1;
            }
        }
        self.x.truncate(kept);
        self.y.truncate(kept);
    }

    /// The residual y - slope x at the `place` of all, in order.
    fn intercept(&mut self, place: usize, slope: f64) -> f64 {
        self.residuals.clear();
        self.residuals.extend(self.x.iter().zip(&self.y).map(|(x, y)| y - slope * x));
        self.order.clone_from(&self.residuals);
        let place = place.saturating_sub(self.below.count).min(self.order.len().saturating_sub(1));
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
        let (above, below) = (self.above, self.below);
        let mut sum = q * above.count as f64 + (q - 1.0) * below.count as f64;
        let mut product = q * above.x + (q - 1.0) * below.x;
        let mut size = above.size + below.size;
        let mut on_line: Vec<f64> = Vec::new();
        for (&x, &residual) in self.x.iter().zip(&self.residuals) {
            let off = residual - intercept;
            size += x.abs();
            let psi = if off > zero { q } else { q - 1.0 };
            if off.abs() <= zero {
                on_line.push(x);
            }
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
    /// lies beyond them; `None` where all points have one x. Settled points are taken to stay on their side, which is
    /// true near the best line; elsewhere the slope is a step, and [`Problem::side`] judges it with the others.
    fn turned(&mut self, q: f64, slope: f64, intercept: f64, low: f64, high: f64) -> Option<f64> {
        let pivot = self.residuals.iter().position(|residual| *residual == intercept)?;
        let (at_x, at_y) = (self.x[pivot], self.y[pivot]);
        let (above, below) = (self.above, self.below);
        let moment = |side: Settled| side.x - side.count as f64 * at_x;
        let mut target = q * moment(above) - (1.0 - q) * moment(below);
        let mut others = above.count + below.count > 0;
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
            others = true;
        }
        if !others {
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
