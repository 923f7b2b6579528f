//! A power law that bends once: E = a C^-b (1 + (C / d)^(1/f))^(-c f).
//!
//! Caballero et al., "Broken neural scaling laws" (2022, arXiv 2210.14891), with one break and no limit. The
//! error falls by b before the break at d and by b + c behind it, of which k is one over; f is how many e-folds of compute the bend takes. A
//! diagnostic: a break that is seen says that one exponent does not describe the points, and one that straight lines show as well is none.

use crate::least_squares::{self, Loss, Normal, solve};
use crate::m4::{logistic, softplus};
use crate::point::LogPoint;
use crate::{parallel, power};

/// Two straight lines on logarithms with a smooth bend between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrokenLaw {
    /// ln a.
    pub log_a: f64,
    /// The exponent before the break.
    pub b: f64,
    /// What the break adds to it.
    pub c: f64,
    /// ln of the compute of the break.
    pub log_d: f64,
    /// Width of the bend.
    pub f: f64,
}

impl BrokenLaw {
    /// ln of the error at a compute given as ln.
    #[must_use]
    pub fn log_error(&self, log_compute: f64) -> f64 {
        let bend = self.f * softplus((log_compute - self.log_d) / self.f);
        self.log_a - self.b * log_compute - self.c * bend
    }
}

/// The points with compute about its middle.
struct Scaled<'a> {
    points: &'a [LogPoint],
    middle: f64,
    low: f64,
    high: f64,
}

/// ln a, b, c, ln d, ln f.
type Place = [f64; 5];

impl<'a> Scaled<'a> {
    fn new(points: &'a [LogPoint]) -> Option<Scaled<'a>> {
        if crate::point::different_computes(points) < 6 {
            return None;
        }
        let count: f64 = points.iter().map(|point| point.weight).sum();
        let middle = points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count;
        let computes = || points.iter().map(|point| point.log_compute - middle);
        let (low, high) =
            (computes().fold(f64::INFINITY, f64::min), computes().fold(f64::NEG_INFINITY, f64::max));
        Some(Scaled { points, middle, low, high })
    }

    fn fill(&self, place: &Place, normal: &mut Normal<5>) {
        let [log_a, b, c, log_d, log_f] = *place;
        let f = libm::exp(log_f);
        for point in self.points {
            let x = point.log_compute - self.middle;
            let u = (x - log_d) / f;
            let (bend, share) = (softplus(u), logistic(u));
            let fitted = log_a - b * x - c * f * bend;
            let by = [1.0, -x, -f * bend, c * share, -c * f * (bend - u * share)];
            normal.add(point.weight, point.log_error - fitted, &by);
        }
    }

    /// The best lines for a given place and width of the bend: least squares of three numbers.
    fn lines(&self, log_d: f64, f: f64) -> Option<Place> {
        let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for point in self.points {
            let x = point.log_compute - self.middle;
            let by = [1.0, -x, -f * softplus((x - log_d) / f)];
            for i in 0..3 {
                right[i] += point.weight * by[i] * point.log_error;
                (0..=i).for_each(|j| matrix[i][j] += point.weight * by[i] * by[j]);
            }
        }
        solve(&matrix, &right).map(|[log_a, b, c]| [log_a, b, c, log_d, libm::log(f)])
    }

    /// The best lines for each of a grid of breaks within the points.
    fn starts(&self) -> Vec<Option<Place>> {
        let span = self.high - self.low;
        let widths = |j| {
            let log_d = self.low + span * f64::from(j) / 16.0;
            [0.005, 0.02, 0.08, 0.3].map(|share| self.lines(log_d, share * span))
        };
        (1..16).flat_map(widths).collect()
    }

    fn restored(&self, place: &Place) -> BrokenLaw {
        let [log_a, b, c, log_d, log_f] = *place;
        BrokenLaw { log_a: log_a + b * self.middle, b, c, log_d: log_d + self.middle, f: libm::exp(log_f) }
    }
}

/// Least squares of log error from a grid of breaks within the points; `None` without six different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<BrokenLaw> {
    let scaled = Scaled::new(points)?;
    descended(&scaled, scaled.starts(), 400)
}

/// The share of `lines`, points that scatter about a straight line, which show a break as clear as `points` do, themselves counted as
/// one of them: how likely the break is none. `None` without six different computes.
///
/// The break has a place only where there is one, so that no table of F or chi-squared tells that (Davies, 1987); resamples of the line
/// do (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16).
pub(crate) fn share_of_lines(points: &[LogPoint], lines: &[Vec<LogPoint>]) -> Option<f64> {
    let clear = clearness(points)?;
    let as_clear = parallel::map(lines.len(), |i| clearness(&lines[i]).is_none_or(|other| other >= clear));
    let count = 1 + as_clear.into_iter().filter(|as_clear| *as_clear).count();
    Some(count as f64 / (lines.len() + 1) as f64)
}

/// Squares that a straight line leaves over those that the best break of the grid does.
fn clearness(points: &[LogPoint]) -> Option<f64> {
    let scaled = Scaled::new(points)?;
    let line = power::fit(points)?;
    let left = |point: &LogPoint| {
        let residual = point.log_error - line.log_error(point.log_compute);
        point.weight * (residual * residual)
    };
    let cost = |place: &Place| least_squares::minimise(*place, Loss::Squares, 0, |p, n| scaled.fill(p, n)).1;
    let least = scaled.starts().iter().flatten().map(cost).fold(f64::INFINITY, f64::min);
    Some(points.iter().map(left).sum::<f64>() / least).filter(|ratio| ratio.is_finite())
}

/// Least squares from a law that is near already.
pub(crate) fn refit(points: &[LogPoint], near: &BrokenLaw) -> Option<BrokenLaw> {
    let scaled = Scaled::new(points)?;
    let start = scaled.lines(near.log_d - scaled.middle, near.f);
    descended(&scaled, vec![start], 40)
}

/// Starts that are followed to their end.
const BEST: usize = 6;
/// The least width of a bend, as a share of the span of the points on a logarithmic scale.
const SHARPEST: f64 = 1e-3;

/// The best of what the best starts lead to.
fn descended(scaled: &Scaled, starts: Vec<Option<Place>>, steps: usize) -> Option<BrokenLaw> {
    let descend = |place: &Place, steps| {
        least_squares::minimise(*place, Loss::Squares, steps, |p, n| scaled.fill(p, n))
    };
    let mut tried: Vec<(Place, f64)> = starts.iter().flatten().map(|start| descend(start, 2)).collect();
    tried.retain(|(_, cost)| cost.is_finite());
    tried.sort_by(|a, b| a.1.total_cmp(&b.1));
    // A bend that leaves the points, or is sharper than they tell, describes none of them.
    let span = scaled.high - scaled.low;
    let seen = |place: &Place| {
        place[3] > scaled.low && place[3] < scaled.high && place[4] > libm::log(SHARPEST * span)
    };
    let mut finished: Vec<(Place, f64)> =
        tried.iter().take(BEST).map(|(place, _)| descend(place, steps)).collect();
    // What wants to be sharper than that is as sharp as it may be.
    let sharp =
        |place: &Place| scaled.lines(place[3], SHARPEST * 1.01 * span).map(|place| descend(&place, 0));
    let sharpest: Vec<(Place, f64)> = finished.iter().filter_map(|(place, _)| sharp(place)).collect();
    finished.extend(sharpest);
    // A start is a place that was asked for, whatever it leads to.
    finished.extend(starts.iter().flatten().map(|start| descend(start, 0)));
    let inside = finished.iter().filter(|(place, _)| seen(place)).min_by(|a, b| a.1.total_cmp(&b.1));
    inside.map(|(place, _)| scaled.restored(place))
}

#[cfg(test)]
mod tests;
