//! The exponent from records or points, in the form that `ergo fit --json` prints.

use law::fit::{Fit, Point, Settings};
use law::frontier::FrontierPoint;
use record::output::{FitOutput, FrontierOutput};
use record::run::RunRecord;

use crate::cells::{self, Cells, Cost};
use crate::error::ReportError;

/// The unit of the errors of records.
pub const FRACTION: &str = "fraction";

/// The law of error against training FLOPs in `records`.
///
/// # Errors
/// What [`cells::group`] refuses, or numbers that no law can be fitted to. Too few points are no error: the numbers
/// are then null and the warnings say why.
pub fn of_records(records: &[RunRecord]) -> Result<FitOutput, ReportError> {
    of_cost(records, Cost::Flops)
}

/// The law of error against `cost`; `compute` then means seconds or joules throughout.
///
/// # Errors
/// As [`of_records`]; also when no run has the cost, or the joules are modelled: an estimate gets no fit.
pub fn of_cost(records: &[RunRecord], cost: Cost) -> Result<FitOutput, ReportError> {
    Ok(of_runs(records, cost)?.output)
}

/// A fit of records, with what holds of any other.
pub(crate) struct RunsFit {
    pub output: FitOutput,
    /// Warnings about the records and their grid, whatever is fitted to them; `output` has them too.
    pub about_runs: Vec<String>,
}

/// As [`of_cost`].
pub(crate) fn of_runs(records: &[RunRecord], cost: Cost) -> Result<RunsFit, ReportError> {
    let cells = cells::group(records)?;
    let priced = cells::price(&cells, cost);
    if priced.estimated {
        return Err(ReportError::Estimated);
    }
    if !records.iter().any(|run| cells::cost_of_run(run, cost).is_some()) {
        return Err(ReportError::NoCost { quantity: cells::quantity(cost) });
    }
    let fit = cells::fit(&cells, &priced, cost)?;
    let frontier = fit.frontier.iter().map(|point| of_winner(point, &cells)).collect();
    let mut output = output(&fit, frontier, [cells::unit(cost), FRACTION]);
    let mut about_runs: Vec<String> = cells.notes.iter().chain(&priced.notes).cloned().collect();
    output.warnings.splice(0..0, about_runs.iter().cloned());
    about_runs.extend(fit.warnings.iter().take(fit.cell_warnings).cloned());
    if let Some(images) = records.iter().map(|run| run.test_images).min() {
        let same_test = format!(
            "All runs are judged on the same test images ({images}): how these were drawn is in no interval."
        );
        output.warnings.push(same_test.clone());
        about_runs.push(same_test);
    }
    Ok(RunsFit { output, about_runs })
}

/// The law of plain points, such as those of [`crate::csv::read`] from the `columns` of compute and error.
///
/// # Errors
/// Points that are not positive and finite.
pub fn of_points(points: &[Point], columns: [&str; 2]) -> Result<FitOutput, ReportError> {
    let fit = law::fit::fit_points(points, &Settings::default())?;
    let listed = if points.len() <= MOST_LISTED { &fit.frontier[..] } else { &[] };
    let frontier = listed
        .iter()
        .map(|point| FrontierOutput {
            validation_error: None,
            ..frontier_output(point, format!("point {}", point.cell + 1))
        })
        .collect();
    let mut output = output(&fit, frontier, columns);
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
        method: fit.method.clone(),
        warnings: fit.warnings.clone(),
        frontier,
        path: None,
        by_method: None,
    }
}

#[cfg(test)]
mod tests;
