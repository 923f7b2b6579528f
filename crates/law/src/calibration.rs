//! How often intervals hold the truth: simulated sweeps of which the law is known, each estimated like any table.

mod sweep;

use chance::{Purpose, Stream};

use crate::error::LawError;
use crate::estimate::{self, Estimate};
use crate::fit::{self, Interval, Point, Settings};
use crate::method::Method;

/// Images on which each simulated training is judged.
pub const TEST_IMAGES: u64 = 10_000;
/// Trainings of each cell.
pub const SEEDS: usize = 3;
/// Deviation of ln error between these, beside that of the images.
pub const SEED_DEVIATION: f64 = 0.03;
/// Error above the floor at the least compute.
pub const FIRST_ERROR: f64 = 0.3;
/// Relative standard error of b from which on a floor counts as hard to identify.
pub const HARD: f64 = 0.1;

/// One kind of sweep, and the method that estimates it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// The true exponent of the error above the floor.
    pub k: f64,
    /// The true floor.
    pub floor: f64,
    /// Different computes, evenly spaced on a logarithmic scale.
    pub cells: usize,
    /// Decades of compute from the first to the last.
    pub decades: f64,
    /// [`Method::Power`] or [`Method::Floor`].
    pub method: Method,
    /// Whether the computes are budgets of a grid, from which the frontier is chosen.
    pub is_sweep: bool,
}

/// What one simulated sweep gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// k by the power law, or `k_floor`; its estimate is absent where the floor is not identified.
    pub k: Interval,
    /// b of the fitted law, whether its floor is identified or not.
    pub b: Option<f64>,
    /// Whether a floor was identified.
    pub floor_identified: bool,
}

/// What all trials of a case gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Trials with an interval.
    pub with_interval: usize,
    /// Share of these whose interval holds the true k; an end that is absent is unbounded.
    pub coverage: f64,
    /// Median of k, or of `k_floor` as fitted; null without any.
    pub median_k: Option<f64>,
    /// Standard deviation of b over its mean.
    pub relative_error_b: f64,
    /// Share of trials in which a floor was identified.
    pub floor_identified: f64,
    /// The coverage among these, and among the others; `None` where there are none of them.
    pub coverage_by_verdict: [Option<f64>; 2],
    /// Median of `k_floor` where a floor was identified.
    pub median_identified: Option<f64>,
}

impl Case {
    /// All cases: tables fitted by the power law where there is no floor, and by the law with a floor with and without
    /// one; and sweeps of a grid, fitted by the power law.
    #[must_use]
    pub fn all() -> Vec<Case> {
        let of_method = |method: Method| {
            let exponents = [3.0, 5.0, 7.0, 9.0];
            let floors: &[f64] = if method.has_floor() { &[0.0, 0.005, 0.02] } else { &[0.0] };
            let laws = exponents.into_iter().flat_map(|k| floors.iter().map(move |&floor| (k, floor)));
            let sizes = [10, 30, 60].into_iter().flat_map(|cells| [3.0, 5.0].map(|decades| (cells, decades)));
            let sizes: Vec<(usize, f64)> = sizes.collect();
            laws.flat_map(|(k, floor)| {
                sizes.iter().map(move |&(cells, decades)| Case {
                    k,
                    floor,
                    cells,
                    decades,
                    method,
                    is_sweep: false,
                })
            })
            .collect::<Vec<Case>>()
        };
        let tables = [Method::Power, Method::Floor].into_iter().flat_map(of_method);
        let sizes = [(6, 3.0), (6, 5.0), (10, 3.0), (10, 5.0)];
        let sweep = |k: f64| {
            sizes.map(|(cells, decades)| Case {
                k,
                floor: 0.0,
                cells,
                decades,
                method: Method::Power,
                is_sweep: true,
            })
        };
        tables.chain([3.0, 6.0, 9.0].into_iter().flat_map(sweep)).collect()
    }

    /// The estimator, or `sweep` for the power law through a chosen frontier.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.is_sweep { "sweep" } else { self.method.name() }
    }

    /// The trainings of one simulated sweep: three for each compute, of which each errs on a binomial number of images.
    #[must_use]
    pub fn points(&self, stream: &mut Stream) -> Vec<Point> {
        let mut points = Vec::with_capacity(SEEDS * self.cells);
        for cell in 0..self.cells {
            let share = cell as f64 / (self.cells - 1) as f64;
            let compute = libm::pow(10.0, 6.0 + self.decades * share);
            let mean = self.floor + FIRST_ERROR * libm::pow(10.0, -self.decades * share / self.k);
            for _ in 0..SEEDS {
                let chance = (mean * libm::exp(SEED_DEVIATION * stream.normal())).min(1.0);
                let wrong = binomial(stream, TEST_IMAGES, chance);
                points.push(Point { compute, error: wrong as f64 / TEST_IMAGES as f64 });
            }
        }
        // Without a wrong image there is no logarithm; such trainings are left out, as in any table.
        points.retain(|point| point.error > 0.0);
        points
    }

    /// The trial of number `trial`, with intervals from so many `resamples`.
    ///
    /// # Errors
    /// As [`estimate::estimate`].
    pub fn trial(&self, seed: u64, trial: u64, resamples: usize) -> Result<Trial, LawError> {
        let mut stream = Stream::new(seed, Purpose::Calibration, trial);
        let settings = Settings { resamples, seed: seed ^ (trial << 20), ..Settings::default() };
        if self.is_sweep {
            let found = fit::fit_cells(&sweep::cells(self, &mut stream), &settings)?;
            let b = found.power.map(|law| law.b);
            return Ok(Trial { k: found.k, b, floor_identified: found.floor.estimate.is_some() });
        }
        let found = estimate::estimate(&self.points(&mut stream), self.method, &settings)?;
        Ok(self.outcome(&found))
    }

    fn outcome(&self, found: &Estimate) -> Trial {
        let has_floor = self.method.has_floor();
        let floor = found.coefficients.iter().find(|(name, _)| *name == "floor");
        Trial {
            k: if has_floor { found.k_floor } else { found.k },
            b: found.curve.and_then(|curve| curve.exponent()),
            floor_identified: floor.is_some_and(|(_, floor)| floor.estimate.is_some()),
        }
    }

    /// The summary of trials of this case.
    #[must_use]
    pub fn summary(&self, trials: &[Trial]) -> Summary {
        let bounded = |trial: &&Trial| trial.k.low.is_some() || trial.k.high.is_some();
        let holds =
            |k: &Interval| k.low.is_none_or(|low| low <= self.k) && k.high.is_none_or(|high| self.k <= high);
        let with_interval: Vec<&Trial> = trials.iter().filter(bounded).collect();
        let covered = with_interval.iter().filter(|trial| holds(&trial.k)).count();
        let of_verdict = |identified: bool| {
            let of: Vec<_> =
                with_interval.iter().filter(|trial| trial.floor_identified == identified).collect();
            let covered = of.iter().filter(|trial| holds(&trial.k)).count();
            (!of.is_empty()).then(|| covered as f64 / of.len() as f64)
        };
        let identified: Vec<&Trial> = trials.iter().filter(|trial| trial.floor_identified).collect();
        let mut told: Vec<f64> = identified.iter().filter_map(|trial| trial.k.estimate).collect();
        told.sort_by(f64::total_cmp);
        let slopes: Vec<f64> = trials.iter().filter_map(|trial| trial.b).collect();
        let mean = slopes.iter().sum::<f64>() / slopes.len() as f64;
        let square = slopes.iter().map(|b| (b - mean) * (b - mean)).sum::<f64>() / slopes.len() as f64;
        let mut exponents: Vec<f64> =
            slopes.iter().map(|b| if *b > 0.0 { 1.0 / b } else { f64::INFINITY }).collect();
        exponents.sort_by(f64::total_cmp);
        Summary {
            with_interval: with_interval.len(),
            coverage: covered as f64 / with_interval.len() as f64,
            median_k: exponents.get(exponents.len() / 2).copied(),
            relative_error_b: square.sqrt() / mean,
            floor_identified: identified.len() as f64 / trials.len() as f64,
            coverage_by_verdict: [true, false].map(of_verdict),
            median_identified: told.get(told.len() / 2).copied(),
        }
    }
}

/// How many of `count` happen, each with `chance`, exactly: by the geometric gaps between those that do.
fn binomial(stream: &mut Stream, count: u64, chance: f64) -> u64 {
    if chance >= 1.0 {
        return count;
    }
    let rate = libm::log1p(-chance);
    let (mut place, mut happened) = (0.0, 0);
    loop {
        // 1 - u is never zero.
        place += (libm::log(1.0 - stream.uniform_f64()) / rate).floor() + 1.0;
        if place > count as f64 {
            return happened;
        }
        happened += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of 4,000 draws against n p and n p (1 - p), each within four standard errors.
    #[test]
    fn the_binomial_has_its_moments() {
        let mut stream = Stream::new(5, Purpose::Test, 0);
        for (count, chance) in [(10_000, 0.01), (200, 0.4), (50, 0.9)] {
            let draws: Vec<f64> = (0..4000).map(|_| binomial(&mut stream, count, chance) as f64).collect();
            let mean = draws.iter().sum::<f64>() / 4000.0;
            let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / 3999.0;
            let (expected, spread) = (count as f64 * chance, count as f64 * chance * (1.0 - chance));
            assert!((mean - expected).abs() < 4.0 * (spread / 4000.0).sqrt(), "{mean} {expected}");
            assert!((variance / spread - 1.0).abs() < 4.0 * (2.0f64 / 4000.0).sqrt(), "{variance} {spread}");
        }
    }

    /// A small part of the kept calibration: 200 trials have a standard error of 1.5% at 95%.
    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let cases = [
            Case { k: 5.0, floor: 0.0, cells: 10, decades: 3.0, method: Method::Power, is_sweep: false },
            Case { k: 3.0, floor: 0.02, cells: 30, decades: 5.0, method: Method::Floor, is_sweep: false },
            Case { k: 6.0, floor: 0.0, cells: 6, decades: 3.0, method: Method::Power, is_sweep: true },
        ];
        for case in cases {
            let trials: Vec<Trial> = (0..200).map(|trial| case.trial(1, trial, 200).unwrap()).collect();
            let summary = case.summary(&trials);
            assert!(summary.with_interval > 190, "{case:?} {summary:?}");
            assert!((0.90..=0.99).contains(&summary.coverage), "{case:?} {summary:?}");
            assert!((summary.median_k.unwrap() / case.k - 1.0).abs() < 0.05, "{case:?} {summary:?}");
        }
    }
}
