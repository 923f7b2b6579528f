//! From cells or points to an exponent with its interval.

use crate::bootstrap::{Bootstrap, Resampling, percentile_interval};
use crate::cell::{self, Cell};
use crate::error::LawError;
use crate::floor::{self, FloorLaw};
use crate::frontier::{FrontierPoint, frontier};
use crate::point::LogPoint;
use crate::power::{self, PowerLaw};
use crate::{interval, resample, warning};

/// An estimate with its two-sided interval at [`Settings::level`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interval {
    /// `None`: the data do not support a number.
    pub estimate: Option<f64>,
    /// `None`: not known or unbounded below.
    pub low: Option<f64>,
    /// `None`: not known or unbounded above.
    pub high: Option<f64>,
}

/// How intervals are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Bootstrap resamples; at least 4 / (1 - level), so that each tail holds two.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
    /// Coverage of the intervals, between 0 and 1.
    pub level: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { resamples: 2000, seed: 0, level: 0.95 }
    }
}

/// A plain pair, as from a table of published results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Compute, in any unit, above zero.
    pub compute: f64,
    /// Error, in any unit, above zero.
    pub error: f64,
}

/// What the points say about error against compute. Numbers that they do not support are `None`, and
/// `warnings` says why.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The winner of each budget, fitted or not ([`FrontierPoint::is_fitted`]); for plain points, all.
    pub frontier: Vec<FrontierPoint>,
    /// The law without a floor.
    pub power: Option<PowerLaw>,
    /// The law with a floor, for drawing; whether its numbers mean anything, `floor` and `k_floor` say.
    pub floor_law: Option<FloorLaw>,
    /// Exponent without a floor: cutting error by a factor f costs f^k in compute.
    pub k: Interval,
    /// Exponent of the error above the floor. Without an identified floor only its interval is given.
    pub k_floor: Interval,
    /// The floor, in the unit of the errors. Without an identified floor only its interval is given.
    pub floor: Interval,
    /// How many points were fitted.
    pub points: usize,
    /// Smallest and largest compute fitted.
    pub compute_range: Option<[f64; 2]>,
    /// Smallest and largest error fitted.
    pub error_range: Option<[f64; 2]>,
    /// What was done, in a sentence or two.
    pub method: String,
    /// What a reader should know before believing the numbers, in short sentences.
    pub warnings: Vec<String>,
    /// Power laws of the bootstrap replicates; empty where no interval can be had.
    pub replicates: Vec<PowerLaw>,
    /// Coverage of the intervals.
    pub level: f64,
}

impl Fit {
    /// Pointwise interval of the fitted power law at `compute`, from the bootstrap replicates.
    ///
    /// It is about where the frontier lies, not about where another run would fall.
    #[must_use]
    pub fn band(&self, compute: f64) -> Option<[f64; 2]> {
        let log_compute = libm::log(compute);
        let mut logs: Vec<f64> = self.replicates.iter().map(|law| law.log_error(log_compute)).collect();
        percentile_interval(&mut logs, self.level).map(|ends| ends.map(libm::exp))
    }
}

/// Factor on compute that halves the error under a power law without a floor: 2^k.
#[must_use]
pub fn halving_cost(k: f64) -> f64 {
    libm::exp2(k)
}

/// Fits the frontier of `cells`: the winner of each budget that is not at an edge of its grid.
///
/// # Errors
/// [`LawError`] where a number of a cell or a setting is outside its range. Cells that support no
/// estimate are no error: the estimates are `None` and the warnings say why.
pub fn fit_cells(cells: &[Cell], settings: &Settings) -> Result<Fit, LawError> {
    check(settings)?;
    cell::check(cells)?;
    let frontier = frontier(cells);
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    let draws = resample::draws(cells, &fitted, settings.seed, settings.resamples);
    let seed_variances = fitted.iter().map(|point| point.seed_variance()).collect();
    let warnings = warning::about_cells(cells, &frontier);
    let diverged = cells.iter().filter(|cell| !cell.can_win()).count();
    let method = format!(
        "Least squares of log error on log compute over {} of {} frontier points, the winners among {} cells \
         ({diverged} diverged or without selection seeds). {}% intervals from {} resamples of cells and seeds \
         with the choice of the winners repeated, scaled to the scatter about the line as in Student's t and \
         never below the noise of the report seeds.",
        fitted.len(),
        frontier.len(),
        cells.len(),
        percent(settings.level),
        settings.resamples,
    );
    Ok(estimate(frontier, &Resampling::Cells { draws, seed_variances }, settings, method, warnings))
}

/// Fits all of `points`, without a choice among them.
///
/// # Errors
/// [`LawError`] where a compute or an error is not a finite number above zero, or a setting is outside
/// its range.
pub fn fit_points(points: &[Point], settings: &Settings) -> Result<Fit, LawError> {
    check(settings)?;
    for (index, point) in points.iter().enumerate() {
        for (quantity, found) in [("compute", point.compute), ("error", point.error)] {
            if !(found.is_finite() && found > 0.0) {
                let (quantity, expected) = (quantity.to_owned(), "a finite number above 0");
                return Err(LawError::Value { item: "point", index, quantity, found, expected });
            }
        }
    }
    let mut frontier: Vec<FrontierPoint> = points.iter().enumerate().map(as_frontier).collect();
    frontier.sort_by(|a, b| a.compute.total_cmp(&b.compute).then(a.cell.cmp(&b.cell)));
    let method = format!(
        "Least squares of log error on log compute over all {} points. {}% intervals from {} resamples of \
         the points' residuals, scaled as in Student's t.",
        points.len(),
        percent(settings.level),
        settings.resamples,
    );
    Ok(estimate(frontier, &Resampling::Points, settings, method, Vec::new()))
}

/// A plain point in the place of a budget's winner.
fn as_frontier((cell, point): (usize, &Point)) -> FrontierPoint {
    FrontierPoint {
        cell,
        budget: point.compute,
        compute: point.compute,
        selection_error: point.error,
        error: point.error,
        error_deviation: None,
        edges: Vec::new(),
    }
}

fn check(settings: &Settings) -> Result<(), LawError> {
    if !(settings.level > 0.0 && settings.level < 1.0) {
        let expected = "a coverage between 0 and 1, such as 0.95".to_owned();
        return Err(LawError::Setting { setting: "level", found: settings.level, expected });
    }
    let least = least_replicates(settings.level);
    if (settings.resamples as f64) < least || settings.resamples > 1_000_000 {
        let found = settings.resamples as f64;
        let expected =
            format!("at least {least:.0} for intervals at level {}, at most 1000000", settings.level);
        return Err(LawError::Setting { setting: "resamples", found, expected });
    }
    Ok(())
}

/// A level as a percentage, free of the rounding of 100 * 0.57.
fn percent(level: f64) -> f64 {
    (1e6 * level).round() / 1e4
}

/// Replicates below which the tails of an interval at `level` hold fewer than two each.
pub(crate) fn least_replicates(level: f64) -> f64 {
    // Rounding of 1 - 0.95 must not ask for an 81st.
    (4.0 / (1.0 - level) - 1e-6).ceil()
}

/// Both laws with their intervals over the fitted points of `frontier`.
fn estimate(
    frontier: Vec<FrontierPoint>,
    resampling: &Resampling,
    settings: &Settings,
    method: String,
    mut warnings: Vec<String>,
) -> Fit {
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    let points: Vec<LogPoint> = fitted.iter().map(|point| point.logarithm()).collect();
    let (compute_range, error_range) =
        (range(fitted.iter().map(|point| point.compute)), range(fitted.iter().map(|point| point.error)));
    let power = power::fit(&points);
    warning::about_points(&fitted, power.as_ref(), compute_range, &mut warnings);
    let (level, resamples, seed) = (settings.level, settings.resamples, settings.seed);
    let bootstrap = Bootstrap { points: &points, resampling, resamples, seed };
    let (mut k, mut replicates) = (Interval::default(), Vec::new());
    if let Some(law) = &power {
        replicates = interval::power_replicates(&bootstrap, law, level, &mut warnings);
        k = interval::exponent(law.b, &replicates, level, &mut warnings);
    }
    let floor_law = (points.len() >= 4).then(|| floor::fit(&points)).flatten();
    let floor_law = floor_law.filter(|law| law.a.is_finite());
    let (floor, k_floor) = interval::floor_intervals(&bootstrap, floor_law.as_ref(), level, &mut warnings);
    Fit {
        points: points.len(),
        frontier,
        power,
        floor_law,
        k,
        k_floor,
        floor,
        compute_range,
        error_range,
        method,
        warnings,
        replicates,
        level,
    }
}

/// Smallest and largest of `values`; `None` of nothing.
fn range(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    values.fold(None, |range, value| {
        let [low, high] = range.unwrap_or([value, value]);
        Some([low.min(value), high.max(value)])
    })
}

#[cfg(test)]
mod tests;
