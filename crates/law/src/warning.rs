//! What a reader should know before believing the numbers, in short sentences.

use std::collections::BTreeSet;

use crate::cell::Cell;
use crate::frontier::{FrontierPoint, budgets};
use crate::power::PowerLaw;

/// The axis without which an exponent is in doubt.
const LEARNING_RATE: &str = "learning_rate";

/// Residuals this many times larger than seeds explain are called far above their noise.
const FAR: f64 = 3.0;

/// About the grid: what diverged, what was left out, what was never varied, how many seeds there are.
pub(crate) fn about_cells(cells: &[Cell], frontier: &[FrontierPoint]) -> Vec<String> {
    let mut warnings = Vec::new();
    let groups = budgets(cells);
    for group in groups.iter().filter(|group| !group.iter().any(|&index| cells[index].can_win())) {
        let budget = group.first().map_or(f64::NAN, |&index| cells[index].budget);
        warnings.push(format!(
            "Budget {budget:.3e} has no winner: all its cells ({}) diverged or lack selection seeds.",
            group.len()
        ));
    }
    for point in frontier {
        for axis in &point.edges {
            let value = cells[point.cell].axis(axis).unwrap_or(f64::NAN);
            warnings.push(format!(
                "Budget {:.3e} is not fitted: its winner lies at the edge of {axis} ({value}); widen the grid there.",
                point.budget
            ));
        }
    }
    unusable(cells, frontier, &mut warnings);
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    about_choice(cells, &groups, &fitted, &mut warnings);
    warnings
}

/// Winners inside their grid whose report errors have no logarithm.
fn unusable(cells: &[Cell], frontier: &[FrontierPoint], warnings: &mut Vec<String>) {
    let lost = || frontier.iter().filter(|point| point.edges.is_empty() && !point.has_logarithm());
    let empty = lost().filter(|point| cells[point.cell].report_errors.is_empty()).count();
    let zero = lost().filter(|point| point.error == 0.0).count();
    let diverged = lost().count() - empty - zero;
    for (count, reason) in [
        (empty, "no report seeds"),
        (zero, "a mean report error of 0, which has no logarithm"),
        (diverged, "a report seed that diverged"),
    ] {
        if count > 0 {
            warnings.push(format!("{count} of {} frontier points not fitted: {reason}.", frontier.len()));
        }
    }
}

/// How the winners that are fitted were chosen.
fn about_choice(
    cells: &[Cell],
    groups: &[Vec<usize>],
    fitted: &[&FrontierPoint],
    warnings: &mut Vec<String>,
) {
    let total = fitted.len();
    let members = |point: &FrontierPoint| groups.iter().find(|group| group.contains(&point.cell));
    let rates = |point: &FrontierPoint| -> BTreeSet<u64> {
        let rate = |&index: &usize| cells[index].axis(LEARNING_RATE).map(f64::to_bits);
        members(point).into_iter().flatten().filter_map(rate).collect()
    };
    let untuned = fitted.iter().filter(|point| rates(point).len() < 2).count();
    let alone = fitted.iter().filter(|point| members(point).is_some_and(|group| group.len() == 1)).count();
    let one_report = fitted.iter().filter(|point| cells[point.cell].report_errors.len() == 1).count();
    let one_selection = fitted.iter().filter(|point| cells[point.cell].selection_errors.len() == 1).count();
    for (count, what) in [
        (
            untuned,
            "budgets have no choice of learning_rate: a rate that is not tuned per budget can fake an exponent",
        ),
        (alone, "budgets have a single cell: nothing was chosen there"),
        (one_report, "points have one report seed: their own noise is not known"),
        (one_selection, "winners were chosen on one seed: the choice may be luck"),
    ] {
        if count > 0 {
            warnings.push(format!("{count} of {total} fitted {what}."));
        }
    }
}

/// About the points that are fitted: how many, how far apart, how far from the line.
pub(crate) fn about_points(
    fitted: &[&FrontierPoint],
    power: Option<&PowerLaw>,
    compute_range: Option<[f64; 2]>,
    warnings: &mut Vec<String>,
) {
    let count = fitted.len();
    if count < 2 {
        warnings.push(format!("k has no value: it needs 2 fitted points and has {count}."));
    } else if power.is_none() {
        warnings.push("k has no value: all points have the same compute.".to_owned());
    } else if count < 4 {
        warnings.push(format!("Only {count} points are fitted: an exponent wants at least 4."));
    }
    if let Some([low, high]) = compute_range.filter(|[low, high]| count >= 2 && high / low < 10.0) {
        warnings.push(format!(
            "The fitted points span less than a decade of compute (a factor of {:.2}).",
            high / low
        ));
    }
    if let Some(times) = power.and_then(|law| excess_residuals(fitted, law)).filter(|&times| times > FAR) {
        warnings.push(format!(
            "Residuals are {times:.1} times what seed noise explains: the frontier is curved or its grid is coarse."
        ));
    }
}

/// Residual deviation from the line over the mean seed deviation, both in log error.
fn excess_residuals(fitted: &[&FrontierPoint], law: &PowerLaw) -> Option<f64> {
    let freedom = fitted.len().checked_sub(2).filter(|&freedom| freedom > 0)?;
    let residual = |point: &&FrontierPoint| {
        let r = point.logarithm().log_error - law.log_error(libm::log(point.compute));
        r * r
    };
    let squares: f64 = fitted.iter().map(residual).sum();
    let known: Vec<f64> = fitted.iter().map(|point| point.seed_variance()).filter(|v| *v > 0.0).collect();
    let noise = known.iter().sum::<f64>() / known.len() as f64;
    (noise > 0.0).then(|| (squares / freedom as f64 / noise).sqrt())
}
