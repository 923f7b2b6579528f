//! The exponent from records or points, in the form that `ergo fit --json` prints.

use std::collections::BTreeMap;

use law::curve::Curve;
use law::decades;
use law::estimate;
use law::fit::{Fit, Interval, Point, Settings};
use law::frontier::FrontierPoint;
use law::method::Method;
use law::point::LogPoint;
use record::output::{DecadeOutput, FitOutput, FrontierOutput, MethodOutput};
use record::run::RunRecord;

use crate::cells::{self, Cells, Cost};
use crate::error::ReportError;
use crate::label::interval;

/// The unit of the errors of records.
pub const FRACTION: &str = "fraction";

/// The law of error against training FLOPs in `records`.
///
/// # Errors
/// What [`cells::group`] refuses, or numbers that no law can be fitted to. Too few points are no error: the numbers
/// are then null and the warnings say why.
pub fn of_records(records: &[RunRecord]) -> Result<FitOutput, ReportError> {
    of_cost(records, Cost::Flops, &Settings::default())
}

/// The law of error against `cost`; `compute` then means seconds or joules throughout.
///
/// # Errors
/// As [`of_records`]; also when no run has the cost, or the joules are modelled: an estimate gets no fit.
pub fn of_cost(records: &[RunRecord], cost: Cost, settings: &Settings) -> Result<FitOutput, ReportError> {
    Ok(of_runs(records, cost, settings, None)?.output)
}

/// A fit of records, with what holds of any other.
pub(crate) struct RunsFit<'a> {
    pub output: FitOutput,
    pub cells: Cells<'a>,
    /// The winners, fitted or not.
    pub frontier: Vec<FrontierPoint>,
    /// Warnings about the records and their grid, whatever is fitted to them; `output` has them too.
    pub about_runs: Vec<String>,
}

/// As [`of_cost`], of the budgets alone whose winners are `kept`, where these are named.
pub(crate) fn of_runs<'a>(
    records: &'a [RunRecord],
    cost: Cost,
    settings: &Settings,
    kept: Option<&[Point]>,
) -> Result<RunsFit<'a>, ReportError> {
    let cells = cells::group(records)?;
    let mut priced = cells::price(&cells, cost);
    if priced.estimated {
        return Err(ReportError::Estimated);
    }
    if !records.iter().any(|run| cells::cost_of_run(run, cost).is_some()) {
        return Err(ReportError::NoCost { quantity: cells::quantity(cost), expected: cells::who_has(cost) });
    }
    if let Some(kept) = kept {
        let all = cells::fit(&cells, &priced, cost, settings)?;
        let is_kept = |point: &&FrontierPoint| point.is_fitted() && kept.contains(&plain(point));
        let budgets: Vec<f64> = all.frontier.iter().filter(is_kept).map(|point| point.budget).collect();
        cells::keep_budgets(&mut priced, &budgets);
    }
    let fit = cells::fit(&cells, &priced, cost, settings)?;
    let frontier = fit.frontier.iter().map(|point| of_winner(point, &cells)).collect();
    let mut output = output(&fit, frontier, [cells::unit(cost), FRACTION]);
    describe(&mut output, cost);
    add_ways(&mut output, &ways_of_runs(&fit)?);
    let mut about_runs: Vec<String> = cells.notes.iter().chain(&priced.notes).cloned().collect();
    output.warnings.splice(0..0, about_runs.iter().cloned());
    about_runs.extend(fit.warnings.iter().take(fit.cell_warnings).cloned());
    if let Some(images) = records.iter().map(|run| run.test_images).min() {
        let same =
            format!("All runs are judged on the same test images ({images}): how these were drawn is in ");
        output.warnings.push(match fit.test_blocks {
            0 => format!("{same}no interval."),
            blocks => format!("{same}the intervals by a jackknife over {blocks} blocks."),
        });
        about_runs.push(format!("{same}no interval of this method."));
    }
    Ok(RunsFit { output, cells, frontier: fit.frontier, about_runs })
}

/// Names what stands for compute, and the exponent that the theory has for it.
fn describe(output: &mut FitOutput, cost: Cost) {
    let description = &mut output.more.description;
    if cost != Cost::Flops {
        *description = description.replacen("log compute", &format!("log {}", cells::quantity(cost)), 1);
    }
    if cost == Cost::Examples {
        description.push_str(" Of fresh images the theory says k = 2: error falls as their square root.");
    }
}

fn plain(point: &FrontierPoint) -> Point {
    Point { compute: point.compute, error: point.error }
}

/// The intervals of a fit of records, by the ways of making them.
///
/// # Errors
/// Numbers that no law can be fitted to.
pub(crate) fn ways_of_runs(fit: &Fit) -> Result<Vec<Way>, ReportError> {
    let points: Vec<Point> = fit.frontier.iter().filter(|point| point.is_fitted()).map(plain).collect();
    let mut ways = vec![("bootstrap", vec![("k", fit.k), ("k_floor", fit.k_floor)])];
    ways.extend(of_residuals(&points)?);
    Ok(ways)
}

/// The intervals of a fit of plain points, by the ways of making them.
pub(crate) fn ways_of_points(fit: &Fit) -> Vec<Way> {
    vec![("residual", vec![("k", fit.k), ("k_floor", fit.k_floor)]), ("profile", fit.profile.clone())]
}

/// The intervals of k and `k_floor` from what the fits to points leave: by resampled residuals, and by the profile of
/// the likelihood.
fn of_residuals(points: &[Point]) -> Result<Vec<Way>, ReportError> {
    let settings = Settings::default();
    let power = estimate::estimate(points, Method::Power, &settings)?;
    let floor = estimate::estimate(points, Method::Floor, &settings)?;
    let profile = power.profile.into_iter().chain(floor.profile).collect();
    Ok(vec![("residual", vec![("k", power.k), ("k_floor", floor.k_floor)]), ("profile", profile)])
}

/// Intervals by name, and how they were made.
pub(crate) type Way = (&'static str, Vec<(&'static str, Interval)>);

/// Intervals of one exponent that differ by more than this in width are told of. Of six points that of the likelihood is
/// two thirds of Student's by itself.
const DISAGREEMENT: f64 = 2.0;

/// Adds the intervals by how they were made, and a warning where these disagree.
pub(crate) fn add_ways(output: &mut FitOutput, ways: &[Way]) {
    for (way, intervals) in ways {
        let known =
            intervals.iter().filter(|(_, interval)| interval.low.is_some() || interval.high.is_some());
        let ends: BTreeMap<_, _> =
            known.map(|(name, interval)| ((*name).to_owned(), [interval.low, interval.high])).collect();
        if !ends.is_empty() {
            output.more.intervals_by.insert((*way).to_owned(), ends);
        }
    }
    output.warnings.extend(disagreements(ways, output.more.cells));
}

/// How much more the interval of so few points by Student's t exceeds that by the likelihood than that of six does: by t of n - 2 degrees
/// of freedom, times the root of n / (n - 2).
fn few_points(computes: usize) -> f64 {
    match computes {
        ..=3 => 6.3,
        4 => 1.8,
        5 => 1.2,
        _ => 1.0,
    }
}

/// A warning for each exponent whose intervals differ much by how they are made.
pub(crate) fn disagreements(ways: &[Way], computes: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    for name in ["k", "k_floor"] {
        let of_name = |intervals: &[(&str, Interval)]| {
            intervals.iter().find(|(other, _)| *other == name).map(|(_, found)| [found.low, found.high])
        };
        let known = |ends: &[Option<f64>; 2]| ends[0].is_some() || ends[1].is_some();
        let ends: Vec<(&str, [Option<f64>; 2])> =
            ways.iter().filter_map(|(way, all)| Some((*way, of_name(all).filter(known)?))).collect();
        // The width of b = 1/k, in which all of them are bounded.
        let width = |[low, high]: [Option<f64>; 2]| {
            Some(1.0 / low? - high.map_or(0.0, |high| 1.0 / high)).filter(|width| *width > 0.0)
        };
        let widths: Vec<f64> = ends.iter().filter_map(|(_, ends)| width(*ends)).collect();
        let (least, most) =
            widths.iter().fold((f64::INFINITY, 0.0), |(a, b): (f64, f64), &w| (a.min(w), b.max(w)));
        // Of exact points only rounding is left.
        let is_wide = ends.iter().filter_map(|(_, [low, _])| *low).any(|low| most * low > 1e-6);
        if is_wide && most > DISAGREEMENT * least * few_points(computes) {
            let times =
                if most < 100.0 * least { format!("{:.1}", most / least) } else { "over 100".to_owned() };
            let one = |value: f64| format!("{value:.2}");
            let each =
                ends.iter().map(|(way, [low, high])| format!("{} by {way}", interval(*low, *high, one)));
            warnings.push(format!(
                "Intervals of {name} differ by how they are made, in 1/{name} up to {times} times: {}.",
                each.collect::<Vec<_>>().join(", ")
            ));
        }
    }
    warnings
}

/// The law of plain points, such as those of [`crate::csv::read`] from the `columns` of compute and error.
///
/// # Errors
/// Points that are not positive and finite.
pub fn of_points(
    points: &[Point],
    columns: [&str; 2],
    settings: &Settings,
) -> Result<FitOutput, ReportError> {
    let fit = law::fit::fit_points(points, settings)?;
    let listed = if points.len() <= MOST_LISTED { &fit.frontier[..] } else { &[] };
    let frontier = listed
        .iter()
        .map(|point| FrontierOutput {
            validation_error: None,
            ..frontier_output(point, format!("point {}", point.cell + 1))
        })
        .collect();
    let mut output = output(&fit, frontier, columns);
    add_ways(&mut output, &ways_of_points(&fit));
    if points.len() > MOST_LISTED {
        output.warnings.push(format!("The {} points are fitted, and too many to be listed.", points.len()));
    }
    Ok(output)
}

/// Points beyond which a table is not repeated in the output.
const MOST_LISTED: usize = 1_000_000;

/// A winner with its label; its validation error is left out where none was counted.
fn of_winner(point: &FrontierPoint, cells: &Cells) -> FrontierOutput {
    let group = cells.groups.get(point.cell);
    let label = group.map_or_else(String::new, |group| group.label.clone());
    let validated = group.is_some_and(|group| group.runs.iter().any(|run| run.validation.is_some()));
    let output = frontier_output(point, label);
    FrontierOutput { validation_error: output.validation_error.filter(|_| validated), ..output }
}

fn frontier_output(point: &FrontierPoint, cell: String) -> FrontierOutput {
    FrontierOutput {
        cell,
        compute: point.compute,
        error: point.error,
        error_deviation: point.error_deviation,
        validation_error: Some(point.selection_error),
        edges: point.edges.clone(),
        dominated: point.dominated,
        fitted: point.is_fitted(),
    }
}

fn output(fit: &Fit, frontier: Vec<FrontierOutput>, [compute, error]: [&str; 2]) -> FitOutput {
    FitOutput {
        compute_unit: compute.to_owned(),
        error_unit: error.to_owned(),
        k: fit.k.estimate,
        k_low: fit.k.low,
        k_high: fit.k.high,
        k_floor: fit.k_floor.estimate,
        k_floor_low: fit.k_floor.low,
        k_floor_high: fit.k_floor.high,
        floor: fit.floor.estimate,
        floor_low: fit.floor.low,
        floor_high: fit.floor.high,
        points: fit.points,
        error_range: fit.error_range.map(|[low, high]| [high, low]),
        compute_range: fit.compute_range,
        halving_cost: fit.k.estimate.map(law::fit::halving_cost),
        method: Method::Power.name().to_owned(),
        warnings: fit.warnings.clone(),
        frontier,
        path: None,
        more: more(fit),
    }
}

/// The coefficients of the law without a floor, all intervals, and how well it fits.
fn more(fit: &Fit) -> MethodOutput {
    let mut more = MethodOutput {
        description: fit.description.clone(),
        r2: fit.goodness.r2,
        aicc: fit.goodness.aicc,
        cells: fit.cells,
        decades: decades_of(fit.frontier.iter().filter(|point| point.is_fitted()).map(plain)),
        ..MethodOutput::default()
    };
    for name in Method::Power.names() {
        more.coefficients.insert((*name).to_owned(), None);
        more.intervals.insert((*name).to_owned(), [None; 2]);
    }
    for (name, interval) in &fit.coefficients {
        more.coefficients.insert((*name).to_owned(), interval.estimate);
        more.intervals.insert((*name).to_owned(), [interval.low, interval.high]);
    }
    let curve = fit.power.map(|law| Method::Power.coefficients(&Curve::Power(law))).unwrap_or_default();
    more.curve = curve.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let floored = fit.floor_law.map(|law| Method::Floor.coefficients(&Curve::Floor(law))).unwrap_or_default();
    more.floor_curve = floored.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    for (name, interval) in [("k", fit.k), ("k_floor", fit.k_floor), ("floor", fit.floor)] {
        more.intervals.insert(name.to_owned(), [interval.low, interval.high]);
    }
    more
}

/// The power law within each decade of compute.
pub(crate) fn decades_of(points: impl Iterator<Item = Point>) -> Vec<DecadeOutput> {
    let points: Vec<LogPoint> = points.map(|point| LogPoint::new(point.compute, point.error)).collect();
    decades::slopes(&points)
        .iter()
        .map(|decade| DecadeOutput { from: decade.from, points: decade.points, b: decade.b, k: decade.k })
        .collect()
}

#[cfg(test)]
mod tests;
