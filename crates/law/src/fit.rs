//! From cells or points to an exponent with its interval.

use crate::bootstrap::{Bootstrap, Resampling, percentile_interval};
use crate::cell::{self, Cell};
use crate::curve::Curve;
use crate::error::LawError;
use crate::estimate::{self, Estimate};
use crate::floor::{self, FloorLaw};
use crate::frontier::{FrontierPoint, frontier, frontier_of_sizes};
use crate::goodness::{self, Goodness};
use crate::group::{self, Group};
use crate::method::Method;
use crate::point::{self, LogPoint};
use crate::power::{self, PowerLaw};
use crate::{interval, jackknife, resample, warning};

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

/// How intervals are made and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Bootstrap resamples; at least 4 / (1 - level), so that each tail holds two. Tens of thousands of cells with
    /// several seeds each get fewer, as the description then says.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
    /// Coverage of the intervals, between 0 and 1.
    pub level: f64,
    /// What compute is counted in, such as `FLOP` or `s`, for the sentences about it; may be empty.
    pub unit: &'static str,
    /// Whether no budget of cells holds networks or trainings of different sizes, so that a winner says nothing of whether its size is
    /// worth its compute: each is then held against the cheaper ones ([`crate::frontier::frontier_of_sizes`]).
    pub one_size: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { resamples: 2000, seed: 0, level: 0.95, unit: "", one_size: false }
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
    /// The coefficients of the law without a floor, by name.
    pub coefficients: Vec<(&'static str, Interval)>,
    /// Intervals of plain points by profile likelihood, of `k`, `k_floor` and `floor`.
    pub profile: Vec<(&'static str, Interval)>,
    /// How well the law without a floor fits.
    pub goodness: Goodness,
    /// How many points were fitted.
    pub points: usize,
    /// Settings among them: points of equal compute are replicates of one.
    pub cells: usize,
    /// Blocks of test images whose draw is in the intervals; 0 where that is not known.
    pub test_blocks: usize,
    /// Smallest and largest compute fitted.
    pub compute_range: Option<[f64; 2]>,
    /// Smallest and largest error fitted.
    pub error_range: Option<[f64; 2]>,
    /// What was done, in a sentence or two.
    pub description: String,
    /// What a reader should know before believing the numbers, in short sentences.
    pub warnings: Vec<String>,
    /// How many of these, the first, are about the cells, whatever is fitted to them.
    pub cell_warnings: usize,
    /// Power laws of the bootstrap replicates; empty where no interval can be had.
    pub replicates: Vec<PowerLaw>,
    /// Laws with a floor of the bootstrap replicates; empty where no interval can be had.
    pub floor_replicates: Vec<FloorLaw>,
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
    let frontier = if settings.one_size { frontier_of_sizes(cells) } else { frontier(cells) };
    let warnings = warning::about_cells(cells, &frontier, settings);
    let competing = cells.iter().filter(|cell| !cell.selection_errors.is_empty());
    let diverged = competing.clone().filter(|cell| !cell.can_win()).count();
    let competing = competing.count();
    let others = match cells.len() - competing {
        0 => String::new(),
        others => format!("; {others} more do not compete"),
    };
    let of = format!(
        "{} of {}, the winners among {} ({diverged} diverged{others})",
        frontier.iter().filter(|point| point.is_fitted()).count(),
        counted(frontier.len(), "frontier point"),
        counted(competing, "cell"),
    );
    Ok(fit_winners(cells, frontier, settings, &of, "with the choice of the winners repeated, ", warnings))
}

/// Fits all of `cells`, without a choice among them: trainings that no sweep asked for. Each must be the only
/// one of its budget.
///
/// # Errors
/// As [`fit_cells`].
pub fn fit_all_cells(cells: &[Cell], settings: &Settings) -> Result<Fit, LawError> {
    check(settings)?;
    cell::check(cells)?;
    let mut frontier = frontier(cells);
    frontier.iter_mut().for_each(|point| point.dominated = false);
    let warnings = warning::about_all_cells(cells, &frontier);
    let fitted = frontier.iter().filter(|point| point.is_fitted()).count();
    let of = format!("{fitted} of {}", counted(cells.len(), "cell"));
    Ok(fit_winners(cells, frontier, settings, &of, "", warnings))
}

/// Fits the frontier points of cells, `of` saying which these are and `repeated` what a resample repeats.
fn fit_winners(
    cells: &[Cell],
    frontier: Vec<FrontierPoint>,
    settings: &Settings,
    of: &str,
    repeated: &str,
    warnings: Vec<String>,
) -> Fit {
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    let sample = Sample::new(&fitted);
    let contests = resample::contests(cells, &fitted);
    let least = settings.resamples.min(LEAST_RESAMPLES.max(least_replicates(settings.level) as usize));
    let resamples = resample::affordable(&contests, settings.resamples, least);
    let draws = resample::draws(&contests, &sample.groups, settings.seed, resamples);
    let variance = |group: &Group| {
        let members = &fitted[group.clone()];
        members.iter().map(|point| point.seed_variance()).sum::<f64>() / members.len() as f64
    };
    let seed_variances = sample.groups.iter().map(variance).collect();
    let by_block = by_block(cells, &fitted, &sample.groups).unwrap_or_default();
    let blocks = by_block.first().map_or(0, Vec::len);
    let drawn = match blocks {
        0 => String::new(),
        _ => format!(" The draw of the test images is in them, by a jackknife over {blocks} blocks."),
    };
    let description = format!(
        "Least squares of log error on log compute over {of}. {}% intervals from {resamples} resamples of cells \
         and seeds, {repeated}scaled to the scatter about the line as in Student's t and never below the noise \
         of the report seeds.{drawn}{}",
        percent(settings.level),
        estimate::grouped(sample.points.len(), sample.groups.len()),
    );
    let resampling = Resampling::Cells { draws, seed_variances, by_block };
    let settings = Settings { resamples, ..*settings };
    Fit { test_blocks: blocks, ..estimate(frontier, &sample, &resampling, &settings, description, warnings) }
}

/// How far the log error of each group moves with each block of test images; `None` where the blocks of a point are not
/// known, or hold all of its errors.
fn by_block(cells: &[Cell], fitted: &[&FrontierPoint], groups: &[Group]) -> Option<Vec<Vec<f64>>> {
    let blocks = cells[fitted.first()?.cell].errors_without_block.len();
    let moves = |point: &&FrontierPoint| {
        let without = &cells[point.cell].errors_without_block;
        let logs: Vec<f64> = without.iter().map(|error| libm::log(*error)).collect();
        jackknife::deviations(&logs).filter(|_| logs.len() == blocks)
    };
    let moves: Vec<Vec<f64>> = fitted.iter().map(moves).collect::<Option<_>>()?;
    let middle = |group: &Group| {
        let members = &moves[group.clone()];
        let mean = |block| members.iter().map(|moves| moves[block]).sum::<f64>() / members.len() as f64;
        (0..blocks).map(mean).collect()
    };
    Some(groups.iter().map(middle).collect())
}

/// Resamples below which the tails of an interval are rough; no number of cells brings them lower.
const LEAST_RESAMPLES: usize = 200;

/// The fitted points, and the groups of them that intervals are made from.
struct Sample {
    /// By rising compute.
    points: Vec<LogPoint>,
    groups: Vec<Group>,
    /// One per group.
    middles: Vec<LogPoint>,
}

impl Sample {
    fn new(fitted: &[&FrontierPoint]) -> Sample {
        let points: Vec<LogPoint> = fitted.iter().map(|point| point.logarithm()).collect();
        let groups = group::groups(&points);
        let middle = |group: &Group| group::middle(points[group.clone()].iter().copied());
        let middles = groups.iter().map(middle).collect();
        Sample { points, groups, middles }
    }
}

/// `1 cell`, `5 cells`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Fits all of `points`, without a choice among them.
///
/// # Errors
/// [`LawError`] where a compute or an error is not a finite number above zero, or a setting is outside
/// its range.
pub fn fit_points(points: &[Point], settings: &Settings) -> Result<Fit, LawError> {
    let line = estimate::estimate(points, Method::Power, settings)?;
    let Estimate { curve, replicates: floor_replicates, profile, k_floor, coefficients, warnings, .. } =
        estimate::estimate(points, Method::Floor, settings)?;
    let mut frontier: Vec<FrontierPoint> = points.iter().enumerate().map(as_frontier).collect();
    frontier.sort_by(|a, b| a.compute.total_cmp(&b.compute).then(a.cell.cmp(&b.cell)));
    let floor = coefficients.iter().find(|(name, _)| *name == "floor").map(|(_, floor)| *floor);
    let others: Vec<String> =
        warnings.into_iter().filter(|warning| !line.warnings.contains(warning)).collect();
    Ok(Fit {
        frontier,
        power: line.curve.as_ref().and_then(Curve::power),
        floor_law: curve.as_ref().and_then(Curve::floor),
        k: line.k,
        k_floor,
        floor: floor.unwrap_or_default(),
        coefficients: line.coefficients,
        profile: line.profile.into_iter().chain(profile).collect(),
        goodness: line.goodness,
        points: line.points,
        cells: line.cells,
        test_blocks: 0,
        compute_range: line.compute_range,
        error_range: line.error_range,
        description: line.description,
        warnings: line.warnings.into_iter().chain(others).collect(),
        cell_warnings: 0,
        replicates: line.replicates.iter().filter_map(Curve::power).collect(),
        floor_replicates: floor_replicates.iter().filter_map(Curve::floor).collect(),
        level: settings.level,
    })
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
        dominated: false,
    }
}

/// Refuses points that have no logarithms.
pub(crate) fn check_points(points: &[Point]) -> Result<(), LawError> {
    for (index, point) in points.iter().enumerate() {
        for (quantity, found) in [("compute", point.compute), ("error", point.error)] {
            if !(found.is_finite() && found > 0.0) {
                let (quantity, expected) = (quantity.to_owned(), "a finite number above 0");
                return Err(LawError::Value { item: "point", index, quantity, found, expected });
            }
        }
    }
    Ok(())
}

pub(crate) fn check(settings: &Settings) -> Result<(), LawError> {
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
pub(crate) fn percent(level: f64) -> f64 {
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
    sample: &Sample,
    resampling: &Resampling,
    settings: &Settings,
    description: String,
    mut warnings: Vec<String>,
) -> Fit {
    let cell_warnings = warnings.len();
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    let (compute_range, error_range) =
        (range(fitted.iter().map(|point| point.compute)), range(fitted.iter().map(|point| point.error)));
    let different = point::different_computes(&sample.points);
    let power = (different >= 3).then(|| power::fit(&sample.points)).flatten();
    warning::about_points(&fitted, power.as_ref(), compute_range, &mut warnings);
    let (level, resamples, seed) = (settings.level, settings.resamples, settings.seed);
    let bootstrap = Bootstrap { points: &sample.middles, resampling, resamples, seed };
    let (mut k, mut replicates) = (Interval::default(), Vec::new());
    let is_wide = compute_range.is_some_and(spans_decades);
    if let Some(law) = power.as_ref().filter(|_| is_wide) {
        replicates = interval::power_replicates(&bootstrap, law, level, &mut warnings);
        k = interval::exponent(law.b, &replicates, level, &mut warnings);
    }
    let floor_law = (different >= 4 && is_wide).then(|| floor::fit(&sample.middles)).flatten();
    let floor_law = floor_law.filter(|law| law.a.is_finite());
    // Above what would be a floor error rises: there is none.
    let rises = floor_law.is_some_and(|law| law.b <= 0.0);
    let floor_law = floor_law.filter(|_| !rises);
    let (floor, k_floor, floor_replicates) =
        interval::floor_intervals(&bootstrap, floor_law.as_ref(), rises, level, &mut warnings);
    let k_floor = if floor.estimate.is_none() { interval::without_floor(k_floor, k) } else { k_floor };
    let curve = power.filter(|_| is_wide).map(Curve::Power);
    let drawn: Vec<Curve> = replicates.iter().copied().map(Curve::Power).collect();
    Fit {
        coefficients: curve
            .map_or_else(Vec::new, |curve| estimate::coefficients(Method::Power, &curve, &drawn, level)),
        profile: Vec::new(),
        goodness: curve.map_or_else(Goodness::default, |curve| {
            goodness::of_curve(Method::Power, &curve, &sample.points)
        }),
        points: sample.points.len(),
        cells: different,
        test_blocks: 0,
        frontier,
        power,
        floor_law,
        k,
        k_floor,
        floor,
        compute_range,
        error_range,
        description,
        warnings,
        cell_warnings,
        replicates,
        floor_replicates,
        level,
    }
}

/// Whether computes range over more than one decade: an exponent of one says nothing of others.
#[must_use]
pub fn spans_decades([low, high]: [f64; 2]) -> bool {
    // Ten times a number is not always ten times it.
    high / low > 10.0 * (1.0 + 1e-9)
}

/// Smallest and largest of `values`; `None` of nothing.
pub(crate) fn range(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    values.fold(None, |range, value| {
        let [low, high] = range.unwrap_or([value, value]);
        Some([low.min(value), high.max(value)])
    })
}

#[cfg(test)]
mod tests;
