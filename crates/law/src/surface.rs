//! The surface E = floor + A/N^alpha + B/D^beta over parameters N and data D.
//!
//! Approach 3 of Hoffmann et al. (2022, arXiv 2203.15556): the Huber losses (delta 0.001) of log error. Their *sum* is
//! minimised and never their mean, whose tiny size stopped the original search early (Besiroglu et al., 2024, arXiv
//! 2404.10102). Given alpha and beta the rest is linear, so a grid of these two, each with the non-negative least squares
//! of the other three, is where the searches begin.

use crate::least_squares::{self, Loss, Normal};
use crate::method::Method;

/// Huber's delta, on log error.
pub const DELTA: f64 = 1e-3;

/// Points on which the searches begin; the best go on with all.
const MOST_COARSE: usize = 2000;

/// Exponents at which the searches may begin.
const EXPONENTS: [f64; 12] = [0.05, 0.1, 0.18, 0.26, 0.34, 0.42, 0.5, 0.65, 0.8, 1.0, 1.4, 2.0];

/// Searches that are followed to some depth.
const STARTS: usize = 12;

/// One training by its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Parameters, above zero.
    pub parameters: f64,
    /// Examples seen, or whatever data are counted in, above zero.
    pub data: f64,
    /// Error or loss, above zero.
    pub error: f64,
}

/// One training on logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LogSize {
    pub n: f64,
    pub d: f64,
    pub log_error: f64,
}

impl LogSize {
    pub(crate) fn new(size: &Size) -> LogSize {
        LogSize { n: libm::log(size.parameters), d: libm::log(size.data), log_error: libm::log(size.error) }
    }
}

/// The fitted surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceLaw {
    /// The error that neither parameters nor data remove.
    pub floor: f64,
    /// ln A.
    pub log_a: f64,
    /// The exponent of parameters.
    pub alpha: f64,
    /// ln B.
    pub log_b: f64,
    /// The exponent of data.
    pub beta: f64,
    /// The sum of losses.
    pub objective: f64,
}

impl SurfaceLaw {
    /// ln of the error at parameters and data given as ln.
    #[must_use]
    pub fn log_error(&self, n: f64, d: f64) -> f64 {
        let parts = libm::exp(self.log_a - self.alpha * n) + libm::exp(self.log_b - self.beta * d);
        libm::log(self.floor + parts)
    }

    /// 1/alpha + 1/beta: with compute in proportion to N D, divided between them in the best way, the error above the
    /// floor falls as C^-(alpha beta / (alpha + beta)).
    #[must_use]
    pub fn k(&self) -> f64 {
        1.0 / self.alpha + 1.0 / self.beta
    }

    /// The best share of the growth of compute for parameters, N ~ C^a; data get the rest, D ~ C^(1-a).
    #[must_use]
    pub fn split(&self) -> f64 {
        self.beta / (self.alpha + self.beta)
    }

    /// Its coefficients and what follows from them, by name.
    #[must_use]
    pub fn coefficients(&self) -> Vec<(&'static str, f64)> {
        let (a, b) = (libm::exp(self.log_a), libm::exp(self.log_b));
        let values = [self.floor, a, self.alpha, b, self.beta, self.split(), 1.0 - self.split()];
        Method::Surface.names().iter().copied().zip(values).collect()
    }
}

/// The surface through `sizes`; `None` with fewer than six, or where parameters or data take fewer than three values.
#[must_use]
pub fn fit(sizes: &[Size]) -> Option<SurfaceLaw> {
    fit_logs(&sizes.iter().map(LogSize::new).collect::<Vec<_>>())
}

/// ln floor, ln A, alpha, ln B, beta, with N and D about their middles.
type Place = [f64; 5];

struct Scaled<'a> {
    points: &'a [LogSize],
    middle: [f64; 2],
    smallest: f64,
}

pub(crate) fn fit_logs(points: &[LogSize]) -> Option<SurfaceLaw> {
    if points.len() < 6 || different(points, |p| p.n) < 3 || different(points, |p| p.d) < 3 {
        return None;
    }
    let step = points.len().div_ceil(MOST_COARSE);
    let coarse: Vec<LogSize> = points.iter().step_by(step).copied().collect();
    let scaled = Scaled::new(points);
    let coarse = Scaled { points: &coarse, ..scaled };
    let mut starts = Vec::new();
    for alpha in EXPONENTS {
        starts.extend(EXPONENTS.iter().filter_map(|&beta| coarse.start(alpha, beta)));
    }
    starts.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut near: Vec<(Place, f64)> =
        starts.iter().take(STARTS).map(|(place, _)| coarse.descend(*place, 250)).collect();
    near.sort_by(|a, b| a.1.total_cmp(&b.1));
    // All of a great many points take long, and then a few among them have told the best start already.
    let finished = if step > 1 { 1 } else { 2 };
    let found = near.iter().take(finished).map(|(place, _)| scaled.polished(*place, 600));
    let (place, cost) = found.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, cost)| cost.is_finite())?;
    Some(scaled.restored(&place, cost))
}

/// The surface through `points` from one that is near already, and from some with steeper and flatter exponents, to which other floors
/// belong: a floor near 0 cannot rise far on its logarithmic scale, nor one that is high vanish.
pub(crate) fn refit(points: &[LogSize], near: &SurfaceLaw) -> Option<SurfaceLaw> {
    let scaled = Scaled::new(points);
    let [n, d] = scaled.middle;
    let floor = libm::log(near.floor.max(1e-6 * scaled.smallest));
    let start = [floor, near.log_a - near.alpha * n, near.alpha, near.log_b - near.beta * d, near.beta];
    let others = STEEPER.iter().filter_map(|by| scaled.start(near.alpha * by, near.beta * by));
    let starts = std::iter::once(start).chain(others.map(|(place, _)| place));
    let found = starts.map(|start| scaled.descend(start, 200)).min_by(|a, b| a.1.total_cmp(&b.1))?;
    found.1.is_finite().then(|| scaled.restored(&found.0, found.1))
}

/// Times the exponents of the surface through all points, those of its resamples are looked for.
const STEEPER: [f64; 3] = [0.8, 1.25, 1.7];

/// How many values `of` takes.
pub(crate) fn different(points: &[LogSize], of: impl Fn(&LogSize) -> f64) -> usize {
    let mut values: Vec<f64> = points.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| (*a - *b).abs() <= crate::point::EQUAL);
    values.len()
}

impl<'a> Scaled<'a> {
    fn new(points: &'a [LogSize]) -> Scaled<'a> {
        let count = points.len() as f64;
        let mean = |of: fn(&LogSize) -> f64| points.iter().map(of).sum::<f64>() / count;
        let smallest = points.iter().map(|point| point.log_error).fold(f64::INFINITY, f64::min);
        Scaled { points, middle: [mean(|p| p.n), mean(|p| p.d)], smallest: libm::exp(smallest) }
    }

    fn fill(&self, place: &Place, normal: &mut Normal<5>) {
        let [log_floor, log_a, alpha, log_b, beta] = *place;
        let floor = libm::exp(log_floor);
        for point in self.points {
            let (n, d) = (point.n - self.middle[0], point.d - self.middle[1]);
            let (of_n, of_d) = (libm::exp(log_a - alpha * n), libm::exp(log_b - beta * d));
            let error = floor + of_n + of_d;
            let (share_n, share_d) = (of_n / error, of_d / error);
            let by = [floor / error, share_n, -share_n * n, share_d, -share_d * d];
            normal.add(1.0, point.log_error - libm::log(error), &by);
        }
    }

    fn descend(&self, place: Place, steps: usize) -> (Place, f64) {
        least_squares::descend(place, Loss::Huber(DELTA), steps, |p, n| self.fill(p, n))
    }

    /// Both searches in turn until neither gains: one is fast among large residuals, the other among small ones.
    fn polished(&self, place: Place, steps: usize) -> (Place, f64) {
        let (mut place, mut cost) = (place, f64::INFINITY);
        for _ in 0..8 {
            let (next, _) = self.descend(place, steps);
            let fill = |p: &Place, n: &mut Normal<5>| self.fill(p, n);
            let (next, lower) = least_squares::minimise(next, Loss::Huber(DELTA), 60, fill);
            if lower.is_nan() || lower >= cost * (1.0 - 1e-12) {
                return if lower < cost { (next, lower) } else { (place, cost) };
            }
            (place, cost) = (next, lower);
        }
        (place, cost)
    }

    /// Non-negative least squares of relative error for given exponents, and its loss.
    fn start(&self, alpha: f64, beta: f64) -> Option<(Place, f64)> {
        let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for point in self.points {
            let over = libm::exp(-point.log_error);
            let (n, d) = (point.n - self.middle[0], point.d - self.middle[1]);
            let by = [over, over * libm::exp(-alpha * n), over * libm::exp(-beta * d)];
            for i in 0..3 {
                right[i] += by[i];
                (0..3).for_each(|j| matrix[i][j] += by[i] * by[j]);
            }
        }
        let solution = non_negative(&matrix, &right)?;
        // What is zero could never become anything else on a logarithmic scale.
        let log = |value: f64| libm::log(value.max(1e-3 * self.smallest));
        let place = [log(solution[0]), log(solution[1]), alpha, log(solution[2]), beta];
        let (_, cost) = least_squares::minimise(place, Loss::Huber(DELTA), 0, |p, n| self.fill(p, n));
        cost.is_finite().then_some((place, cost))
    }

    fn restored(&self, place: &Place, objective: f64) -> SurfaceLaw {
        let [log_floor, log_a, alpha, log_b, beta] = *place;
        let floor = libm::exp(log_floor);
        SurfaceLaw {
            floor: if floor < 1e-9 * self.smallest { 0.0 } else { floor },
            log_a: log_a + alpha * self.middle[0],
            alpha,
            log_b: log_b + beta * self.middle[1],
            beta,
            objective,
        }
    }
}

/// The least squares of three numbers that are not below zero: of all subsets allowed to be above it, the best.
fn non_negative(matrix: &[[f64; 3]; 3], right: &[f64; 3]) -> Option<[f64; 3]> {
    let solved = (1..8u8).filter_map(|subset| {
        let mut part = *matrix;
        let mut known = *right;
        for i in (0..3).filter(|i| subset & (1 << i) == 0) {
            (0..3).for_each(|j| (part[i][j], part[j][i]) = (0.0, 0.0));
            (part[i][i], known[i]) = (1.0, 0.0);
        }
        let solution = least_squares::solve(&part, &known).filter(|s| s.iter().all(|value| *value >= 0.0))?;
        let gained: f64 = (0..3).map(|i| right[i] * solution[i]).sum();
        Some((solution, gained))
    });
    solved.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(solution, _)| solution)
}

#[cfg(test)]
mod tests;
