//! A fit by a named method, of tables and of records, in the form that `ergo fit --json` prints.

mod counts;
mod sizes;
mod split;

use std::collections::BTreeMap;
use std::path::Path;

use law::compare::{self, Compared};
use law::estimate::{self, Estimate};
use law::fit::{Point, Settings};
use law::method::Method;
use law::sizes as law_sizes;
use law::surface::Size;
use record::output::{FitOutput, FrontierOutput, MethodOutput};
use record::run::RunRecord;

use crate::cells::{self, Cells, Cost};
use crate::csv::{self, Row, Wanted};
use crate::error::ReportError;
use crate::fit::{self, FRACTION, RunsFit};
use split::Split;

/// Which method is to fit what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The method; `None`: every method of error against compute.
    pub method: Option<Method>,
    /// The share of points below the line of a comparison's quantile.
    pub quantile: f64,
    /// How many of the largest different computes are not fitted.
    pub drop_largest: usize,
    /// Errors between which rows are fitted.
    pub range: Option<Range>,
    /// Resamples of the intervals; `None`: 1000, and 2000 where the choice of a frontier is repeated.
    pub resamples: Option<usize>,
}

/// Resamples of a named method, where none are asked for.
const RESAMPLES: usize = 1000;

/// The ends of what is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// In the unit of the rows: errors, or computes where no error lies in between.
    Plain([f64; 2]),
    /// Errors in percent, whether the rows count fractions or percent.
    Percent([f64; 2]),
}

impl Choice {
    fn settings(&self) -> Settings {
        Settings { resamples: self.resamples.unwrap_or(RESAMPLES), ..Settings::default() }
    }

    /// Where the choice of a frontier is repeated.
    fn of_sweeps(&self) -> Settings {
        let settings = Settings::default();
        Settings { resamples: self.resamples.unwrap_or(settings.resamples), ..settings }
    }

    /// Whether it leaves out anything that could be fitted.
    fn selects(&self) -> bool {
        self.drop_largest > 0 || self.range.is_some()
    }
}

/// The fits of the table at `path`: one, or one for every method where none is chosen.
///
/// # Errors
/// As [`csv::read_rows`], or settings outside their range.
pub fn of_table(path: &Path, wanted: &Wanted, choice: &Choice) -> Result<Vec<FitOutput>, ReportError> {
    let compute = wanted.compute.unwrap_or("6 N D");
    let units = [compute, wanted.error];
    if choice.method == Some(Method::Surface) {
        let (mut fitted, mut held_out) = (Vec::new(), Vec::new());
        let take = |row: Row| if row.held_out { held_out.push(row) } else { fitted.push(row) };
        csv::read_rows(path, wanted, take)?;
        let of = |row: &Row| Point { compute: row.compute, error: row.error };
        let split = Split::new(fitted, held_out, choice, of)?;
        let computes: Vec<f64> = split.fitted.iter().map(|row| row.compute).collect();
        let size = |row: Row| Size { parameters: row.parameters, data: row.data, error: row.error };
        let sizes = Split {
            fitted: split.fitted.into_iter().map(size).collect(),
            held_out: split.held_out.into_iter().map(size).collect(),
            notes: split.notes,
        };
        return Ok(vec![of_sizes(&sizes, &computes, choice, units)?]);
    }
    let (mut fitted, mut held_out) = (Vec::new(), Vec::new());
    csv::read_rows(path, wanted, |row| {
        let point = Point { compute: row.compute, error: row.error };
        if row.held_out { held_out.push(point) } else { fitted.push(point) }
    })?;
    let split = Split::new(fitted, held_out, choice, |point| *point)?;
    match choice.method {
        Some(method) => Ok(vec![of_split(&split, method, choice, units)?]),
        None => of_every_method(&split, choice, units),
    }
}

/// The fits of records: the power law and the floor through the frontier with its choice repeated, the quantile and the
/// surface through all runs, the others through the frontier.
///
/// # Errors
/// As [`fit::of_cost`].
pub fn of_records(records: &[RunRecord], cost: Cost, choice: &Choice) -> Result<Vec<FitOutput>, ReportError> {
    let runs_fit = fit::of_runs(records, cost, &choice.of_sweeps(), None)?;
    let RunsFit { output: plain, about_runs, .. } = &runs_fit;
    let units = [cells::unit(cost), FRACTION];
    let Some(method) = choice.method else {
        let frontier = Split::new(frontier(plain), Vec::new(), choice, |point| *point)?;
        let mut fits = of_every_method(&frontier, choice, units)?;
        fits.push(counts::of_counts(&runs_fit, choice, units)?);
        for output in &mut fits {
            let others = output.more.extrapolation_rmse_log;
            match output.method.as_str() {
                "quantile" => {
                    *output = of_runs(records, cost, Method::Quantile(choice.quantile), choice, units)?;
                }
                // As alone, with the choice of the frontier repeated.
                "power" => *output = through_choice(records, cost, plain, Method::Power, choice)?,
                "floor" => *output = through_choice(records, cost, plain, Method::Floor, choice)?,
                _ => {}
            }
            if output.method != "quantile" {
                output.more.extrapolation_rmse_log = others;
            }
            output.warnings.extend(missing(about_runs, output));
        }
        if cost == Cost::Flops {
            fits.push(of_run_sizes(records, &runs_fit.cells, choice, about_runs)?);
        }
        return Ok(fits);
    };
    let mut output = match method {
        Method::Surface => {
            return Ok(vec![of_run_sizes(records, &runs_fit.cells, choice, about_runs)?]);
        }
        Method::Quantile(_) => of_runs(records, cost, method, choice, units)?,
        Method::Counts => counts::of_counts(&runs_fit, choice, units)?,
        Method::Power | Method::Floor => through_choice(records, cost, plain, method, choice)?,
        _ => {
            let split = Split::new(frontier(plain), Vec::new(), choice, |point| *point)?;
            let mut output = of_split(&split, method, choice, units)?;
            output.frontier = without(&plain.frontier, &split.fitted);
            output.warnings.push(
                "The frontier is taken as given: how it was chosen is in no interval of this method."
                    .to_owned(),
            );
            output
        }
    };
    if output.frontier.is_empty() {
        output.frontier.clone_from(&plain.frontier);
    }
    output.warnings.extend(missing(about_runs, &output));
    Ok(vec![output])
}

/// The frontier, of which only the `fitted` points were.
fn without(frontier: &[FrontierOutput], fitted: &[Point]) -> Vec<FrontierOutput> {
    let is_fitted = |point: &FrontierOutput| {
        fitted.iter().any(|kept| kept.compute == point.compute && kept.error == point.error)
    };
    let of =
        |point: &FrontierOutput| FrontierOutput { fitted: point.fitted && is_fitted(point), ..point.clone() };
    frontier.iter().map(of).collect()
}

/// The surface over the parameters and images of all runs.
fn of_run_sizes(
    records: &[RunRecord],
    cells: &Cells,
    choice: &Choice,
    about_runs: &[String],
) -> Result<FitOutput, ReportError> {
    let of = |size: &Size| Point { compute: law_sizes::compute(size), error: size.error };
    let (runs, notes) = sizes::runs(records, cells);
    let split = Split::new(runs, Vec::new(), choice, of)?;
    let computes: Vec<f64> = split.fitted.iter().map(law_sizes::compute).collect();
    let mut output = of_sizes(&split, &computes, choice, ["6 N D", FRACTION])?;
    output.warnings.extend(notes);
    // What else is known of the runs is about a frontier of compute.
    let of_images = missing(about_runs, &output).into_iter().filter(|warning| is_of_images(warning));
    output.warnings.extend(of_images);
    Ok(output)
}

/// What is to be said about the runs and is not yet: fits that repeat the choice of the frontier have said it, and have the draw
/// of the test images in their intervals.
fn missing(about_runs: &[String], output: &FitOutput) -> Vec<String> {
    // The likelihood of counts is widened by a jackknife of its own, as its description says.
    let has_images =
        output.method == Method::Counts.name() || output.warnings.iter().any(|warning| is_of_images(warning));
    // What differs by numbers alone was said of what is fitted.
    let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    let is_said = |warning: &String| {
        let is_known = output.warnings.iter().any(|known| words(known) == words(warning));
        is_known || (has_images && is_of_images(warning))
    };
    about_runs.iter().filter(|warning| !is_said(warning)).cloned().collect()
}

fn is_of_images(warning: &str) -> bool {
    warning.contains("the same test images")
}

fn frontier(fit: &FitOutput) -> Vec<Point> {
    let fitted = fit.frontier.iter().filter(|point| point.fitted);
    fitted.map(|point| Point { compute: point.compute, error: point.error }).collect()
}

/// The power law or the floor through a frontier, with intervals that repeat how it was chosen, in the budgets that are fitted. `all` is the
/// fit of all budgets.
fn through_choice(
    records: &[RunRecord],
    cost: Cost,
    all: &FitOutput,
    method: Method,
    choice: &Choice,
) -> Result<FitOutput, ReportError> {
    let split = Split::new(frontier(all), Vec::new(), choice, |point| *point)?;
    let of_kept = match choice.selects() {
        true => Some(fit::of_runs(records, cost, &choice.of_sweeps(), Some(&split.fitted))?.output),
        false => None,
    };
    let plain = of_kept.as_ref().unwrap_or(all);
    let mut output = of_split(&split, method, choice, [cells::unit(cost), FRACTION])?;
    output.frontier = without(&all.frontier, &split.fitted);
    if output.k.is_none() {
        return Ok(output);
    }
    (output.k, output.k_low, output.k_high) = (plain.k, plain.k_low, plain.k_high);
    (output.k_floor, output.k_floor_low, output.k_floor_high) = match method {
        Method::Floor => (plain.k_floor, plain.k_floor_low, plain.k_floor_high),
        _ => (None, None, None),
    };
    if method == Method::Floor {
        (output.floor, output.floor_low, output.floor_high) =
            (plain.floor, plain.floor_low, plain.floor_high);
    }
    let more = &mut output.more;
    more.description.clone_from(&plain.more.description);
    more.intervals_by.clone_from(&plain.more.intervals_by);
    let over = |ends: [Option<f64>; 2]| ends.map(|end| end.map(|end| 1.0 / end));
    more.intervals.insert("k".to_owned(), [plain.k_low, plain.k_high]);
    let exponent = if method == Method::Floor {
        more.intervals.insert("k_floor".to_owned(), [plain.k_floor_low, plain.k_floor_high]);
        more.intervals.insert("floor".to_owned(), [plain.floor_low, plain.floor_high]);
        over([plain.k_floor_high, plain.k_floor_low])
    } else {
        over([plain.k_high, plain.k_low])
    };
    more.intervals.insert("b".to_owned(), exponent);
    // That of `a` above a floor does not repeat the choice, and so is not told.
    let a = plain.more.intervals.get("a").copied().filter(|_| method == Method::Power);
    more.intervals.insert("a".to_owned(), a.unwrap_or_default());
    output.warnings = split.notes.iter().chain(&plain.warnings).cloned().collect();
    Ok(output)
}

/// A quantile of all runs.
fn of_runs(
    records: &[RunRecord],
    cost: Cost,
    method: Method,
    choice: &Choice,
    units: [&str; 2],
) -> Result<FitOutput, ReportError> {
    let point = |run: &RunRecord| {
        let (compute, error) = (cells::cost_of_run(run, cost)?, run.error.filter(|error| *error > 0.0)?);
        Some(Point { compute, error })
    };
    let split = Split::new(records.iter().filter_map(point).collect(), Vec::new(), choice, |point| *point)?;
    of_split(&split, method, choice, units)
}

fn of_split(
    split: &Split<Point>,
    method: Method,
    choice: &Choice,
    units: [&str; 2],
) -> Result<FitOutput, ReportError> {
    let estimate = estimate::estimate(&split.fitted, method, &choice.settings())?;
    Ok(of_estimate(&estimate, split, units))
}

fn of_every_method(
    split: &Split<Point>,
    choice: &Choice,
    units: [&str; 2],
) -> Result<Vec<FitOutput>, ReportError> {
    let compared = compare::compare(&split.fitted, choice.quantile, &choice.settings())?;
    let output = |Compared { estimate, extrapolation_rmse_log }: &Compared| {
        let mut output = of_estimate(estimate, split, units);
        output.more.extrapolation_rmse_log = *extrapolation_rmse_log;
        output
    };
    Ok(compared.iter().map(output).collect())
}

fn of_estimate(estimate: &Estimate, split: &Split<Point>, units: [&str; 2]) -> FitOutput {
    let rmse = estimate.curve.and_then(|curve| compare::rmse_log(&curve, &split.held_out));
    output(estimate, &split.notes, units, &split.fitted, (split.held_out.len(), rmse))
}

fn of_sizes(
    split: &Split<Size>,
    computes: &[f64],
    choice: &Choice,
    units: [&str; 2],
) -> Result<FitOutput, ReportError> {
    let mut estimate = law_sizes::estimate(&split.fitted, &choice.settings())?;
    let least = computes.iter().copied().fold(f64::INFINITY, f64::min);
    let most = computes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    estimate.compute_range = estimate.compute_range.map(|_| [least, most]);
    let sizes = split.fitted.iter().zip(computes);
    let points: Vec<Point> =
        sizes.map(|(size, compute)| Point { compute: *compute, error: size.error }).collect();
    let rmse = estimate.surface.and_then(|law| law_sizes::rmse_log(&law, &split.held_out));
    Ok(output(&estimate, &split.notes, units, &points, (split.held_out.len(), rmse)))
}

/// Whether k itself is that of the error above a floor.
fn is_above_floor(estimate: &Estimate) -> bool {
    estimate.surface.is_some() || estimate.method == Method::M3
}

fn output(
    estimate: &Estimate,
    notes: &[String],
    [compute, error]: [&str; 2],
    points: &[Point],
    (held_out, holdout_rmse_log): (usize, Option<f64>),
) -> FitOutput {
    let mut coefficients = BTreeMap::new();
    let mut intervals = BTreeMap::new();
    for (name, interval) in &estimate.coefficients {
        coefficients.insert((*name).to_owned(), interval.estimate);
        intervals.insert((*name).to_owned(), [interval.low, interval.high]);
    }
    intervals.insert("k".to_owned(), [estimate.k.low, estimate.k.high]);
    intervals.insert("k_floor".to_owned(), [estimate.k_floor.low, estimate.k_floor.high]);
    // The floor has a place of its own, whatever the method.
    let floor = coefficients.remove("floor").flatten();
    let [floor_low, floor_high] = intervals.get("floor").copied().unwrap_or_default();
    match (estimate.method, estimate.surface) {
        (Method::Surface, law) => {
            coefficients.insert("objective".to_owned(), law.map(|law| law.objective));
        }
        (Method::Quantile(q), _) => {
            coefficients.insert("quantile".to_owned(), Some(q));
        }
        _ => {}
    }
    let fitted = estimate.curve.map(|curve| estimate.method.coefficients(&curve)).unwrap_or_default();
    let mut output = FitOutput {
        compute_unit: compute.to_owned(),
        error_unit: error.to_owned(),
        k: estimate.k.estimate,
        k_low: estimate.k.low,
        k_high: estimate.k.high,
        k_floor: estimate.k_floor.estimate,
        k_floor_low: estimate.k_floor.low,
        k_floor_high: estimate.k_floor.high,
        floor,
        floor_low,
        floor_high,
        points: estimate.points,
        error_range: estimate.error_range.map(|[low, high]| [high, low]),
        compute_range: estimate.compute_range,
        // 2^k holds without a floor alone: not of a surface, nor of M3, whose k is that far above its floor.
        halving_cost: estimate.k.estimate.filter(|_| !is_above_floor(estimate)).map(law::fit::halving_cost),
        method: estimate.method.name().to_owned(),
        warnings: notes.iter().chain(&estimate.warnings).cloned().collect(),
        frontier: Vec::new(),
        path: None,
        more: MethodOutput {
            description: estimate.description.clone(),
            coefficients,
            intervals,
            intervals_by: BTreeMap::new(),
            floor_curve: BTreeMap::new(),
            curve: fitted.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            r2: estimate.goodness.r2,
            aicc: estimate.goodness.aicc,
            cells: estimate.cells,
            held_out,
            holdout_rmse_log,
            extrapolation_rmse_log: None,
            decades: fit::decades_of(points.iter().copied()),
        },
    };
    let residual = ("residual", vec![("k", estimate.k), ("k_floor", estimate.k_floor)]);
    fit::add_ways(&mut output, &[residual, ("profile", estimate.profile.clone())]);
    output
}

#[cfg(test)]
mod tests;
