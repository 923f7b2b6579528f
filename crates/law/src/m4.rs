//! M4 of Alabdulmohsin et al. (2022, arXiv 2209.06640): (E - floor) / (e0 - E)^alpha = b C^-c, `k_floor` = 1/c.
//!
//! It leaves the error of guessing, e0, at small compute, and comes to rest at the floor. The error that solves it has no
//! closed form; it is found by Newton's method, and its coefficients by least squares of log error.

use crate::least_squares::{self, Loss, Normal};
use crate::point::LogPoint;

/// An error between two levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundedLaw {
    /// The error that no compute removes.
    pub floor: f64,
    /// The error without any compute.
    pub e0: f64,
    /// How slowly the error leaves e0.
    pub alpha: f64,
    /// ln b.
    pub log_b: f64,
    /// The exponent c.
    pub c: f64,
}

impl BoundedLaw {
    /// The error at a compute given as ln.
    ///
    /// With E = floor + u (e0 - floor) and v = ln(u / (1 - u)) the law is a sum of ln u and -alpha ln(1 - u), whose
    /// slope by v lies between 1 and alpha and changes one way, so that Newton's method finds v from anywhere.
    #[must_use]
    pub fn error(&self, log_compute: f64) -> f64 {
        let room = self.e0 - self.floor;
        let rest = (1.0 - self.alpha) * libm::log(room) - self.log_b + self.c * log_compute;
        let mut v = 0.0;
        for _ in 0..60 {
            let value = self.alpha * softplus(v) - softplus(-v) + rest;
            let u = logistic(v);
            let step = value / (1.0 - u + self.alpha * u);
            v -= step;
            if step.abs() <= 1e-14 * (1.0 + v.abs()) || v.is_nan() {
                break;
            }
        }
        self.floor + room * logistic(v)
    }

    /// ln of the error at a compute given as ln.
    #[must_use]
    pub fn log_error(&self, log_compute: f64) -> f64 {
        libm::log(self.error(log_compute))
    }

    /// The error and its derivatives by floor, e0, alpha, ln b and c.
    fn derivatives(&self, log_compute: f64) -> (f64, [f64; 5]) {
        let error = self.error(log_compute);
        let above = (error - self.floor).max(f64::MIN_POSITIVE);
        let below = (self.e0 - error).max(f64::MIN_POSITIVE);
        let slope = 1.0 / above + self.alpha / below;
        let by = [
            1.0 / above / slope,
            self.alpha / below / slope,
            libm::log(below) / slope,
            1.0 / slope,
            -log_compute / slope,
        ];
        (error, by)
    }
}

/// ln(1 + e^v).
pub(crate) fn softplus(v: f64) -> f64 {
    if v > 0.0 { v + libm::log1p(libm::exp(-v)) } else { libm::log1p(libm::exp(v)) }
}

/// 1 / (1 + e^-v).
pub(crate) fn logistic(v: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-v))
}

/// The points in units that keep the search near one.
struct Scaled<'a> {
    points: &'a [LogPoint],
    middle: f64,
    smallest: f64,
    largest: f64,
}

/// Places in the search: the floor as a share of the largest error (on a logistic scale), as points at the floor scatter to
/// both sides of it; e0 above the largest, alpha and b as logarithms, and c.
type Place = [f64; 5];

impl Scaled<'_> {
    fn law(&self, place: &Place) -> BoundedLaw {
        BoundedLaw {
            floor: self.largest * logistic(place[0]),
            e0: self.largest * (1.0 + libm::exp(place[1])),
            alpha: libm::exp(place[2]),
            log_b: place[3],
            c: place[4],
        }
    }

    fn fill(&self, place: &Place, normal: &mut Normal<5>) {
        let law = self.law(place);
        for point in self.points {
            let (error, by) = law.derivatives(point.log_compute - self.middle);
            let chain =
                [law.floor * (1.0 - law.floor / self.largest), law.e0 - self.largest, law.alpha, 1.0, 1.0];
            let gradient = std::array::from_fn(|i| by[i] * chain[i] / error);
            normal.add(point.weight, point.log_error - libm::log(error), &gradient);
        }
    }

    /// ln b and c for given levels and alpha, by a straight line through what the law makes of the errors.
    fn start(&self, floor: f64, above: f64, alpha: f64) -> Option<Place> {
        let e0 = self.largest * (1.0 + above);
        let moved = |point: &LogPoint| {
            let error = libm::exp(point.log_error);
            let above_floor = (error - floor * self.smallest).max(1e-2 * error);
            let log_error = libm::log(above_floor) - alpha * libm::log((e0 - error).max(1e-12 * e0));
            LogPoint { log_compute: point.log_compute - self.middle, log_error, weight: point.weight }
        };
        let line = crate::power::fit(&self.points.iter().map(moved).collect::<Vec<_>>())?;
        let share = (floor * self.smallest / self.largest).min(0.999);
        let logit = libm::log(share / (1.0 - share));
        Some([logit, libm::log(above), libm::log(alpha), line.log_a, line.b])
    }

    fn restored(&self, place: &Place) -> BoundedLaw {
        let law = self.law(place);
        let floor = if law.floor < 1e-9 * self.smallest { 0.0 } else { law.floor };
        BoundedLaw { floor, log_b: law.log_b + law.c * self.middle, ..law }
    }
}

fn scaled(points: &[LogPoint]) -> Option<Scaled<'_>> {
    if crate::point::different_computes(points) < 6 || points.iter().any(|point| !point.log_error.is_finite())
    {
        return None;
    }
    let errors = || points.iter().map(|point| point.log_error);
    let count: f64 = points.iter().map(|point| point.weight).sum();
    Some(Scaled {
        points,
        middle: points.iter().map(|point| point.weight * point.log_compute).sum::<f64>() / count,
        smallest: libm::exp(errors().fold(f64::INFINITY, f64::min)),
        largest: libm::exp(errors().fold(f64::NEG_INFINITY, f64::max)),
    })
}

/// Least squares of log error from a grid of starts; `None` without six different computes.
#[must_use]
pub fn fit(points: &[LogPoint]) -> Option<BoundedLaw> {
    let scaled = scaled(points)?;
    let mut starts = Vec::new();
    for floor in [0.02, 0.4, 0.8, 0.97, 1.02] {
        for above in [0.02, 0.3, 3.0] {
            starts.extend([0.25, 1.0, 3.0].map(|alpha| scaled.start(floor, above, alpha)));
        }
    }
    best(&scaled, &starts.into_iter().flatten().collect::<Vec<_>>(), [20, 1200])
}

/// Least squares from a law that is near already, and from others of its kind with lower and higher floors: one that is near its end on
/// the logistic scale hardly moves from there.
pub(crate) fn refit(points: &[LogPoint], near: &BoundedLaw) -> Option<BoundedLaw> {
    let scaled = scaled(points)?;
    let share = (near.floor / scaled.smallest).max(1e-6);
    let above = (near.e0 / scaled.largest - 1.0).max(1e-3);
    let alpha = near.alpha.max(1e-6);
    let starts = [
        (share, above, alpha),
        (0.02, above, alpha),
        (0.6, above, alpha),
        (0.95, above, alpha),
        (0.4, 0.3, 1.0),
        // Nearly those of M2.
        (0.4, 30.0, 0.02),
        (0.9, 30.0, 0.02),
        (share, 0.02, 0.02),
    ];
    let starts: Vec<Place> =
        starts.into_iter().filter_map(|(floor, e0, alpha)| scaled.start(floor, e0, alpha)).collect();
    best(&scaled, &starts, [10, 120])
}

/// A few steps from every start, and all that are needed from the best three.
fn best(scaled: &Scaled, starts: &[Place], [few, all]: [usize; 2]) -> Option<BoundedLaw> {
    let descend = |place: &Place, steps| {
        least_squares::minimise(*place, Loss::Squares, steps, |p, n| scaled.fill(p, n))
    };
    let mut tried: Vec<(Place, f64)> = starts.iter().map(|start| descend(start, few)).collect();
    tried.retain(|(_, cost)| cost.is_finite());
    tried.sort_by(|a, b| a.1.total_cmp(&b.1));
    let finished = tried.iter().take(3).map(|(place, _)| descend(place, all));
    finished.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| scaled.restored(&place))
}

#[cfg(test)]
mod tests;
