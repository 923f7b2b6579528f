//! What a reader should know before believing the numbers, in short sentences.

use crate::cell::Cell;
use crate::fit::{Settings, spans_decades};
use crate::frontier::{FrontierPoint, budget_of, budgets};
use crate::number::short;
use crate::power::PowerLaw;

/// The axis without which an exponent is in doubt.
const LEARNING_RATE: &str = "learning_rate";

/// Residuals this many times larger than seeds explain are called far above their noise.
const FAR: f64 = 3.0;

/// Budgets that a sentence lists one by one.
const MOST_LISTED: usize = 6;

/// About the grid: what diverged, what was left out, what was never varied, how many seeds there are.
pub(crate) fn about_cells(cells: &[Cell], frontier: &[FrontierPoint], settings: &Settings) -> Vec<String> {
    let unit = settings.unit;
    let mut warnings = Vec::new();
    let groups = budgets(cells);
    let lost = groups.iter().filter(|group| !group.iter().any(|&index| cells[index].can_win()));
    let lost: Vec<String> = lost.map(|group| amount(cells[group[0]].budget, unit)).collect();
    if !lost.is_empty() {
        let listed = listed(&lost, ", ");
        warnings.push(format!("Without a winner, as all cells diverged or did not compete: {listed}."));
    }
    let at_edge = frontier.iter().filter(|point| !point.edges.is_empty());
    let at_edge: Vec<String> = at_edge.map(|point| edge(cells, point, unit)).collect();
    if !at_edge.is_empty() {
        let listed = listed(&at_edge, "; ");
        warnings.push(format!(
            "Not fitted, as the winner lies at the edge of the grid: {listed}. Widen the grid there."
        ));
    }
    let dominated = frontier.iter().filter(|point| point.dominated).count();
    if dominated > 0 {
        let why = match settings.one_size {
            true => "each budget holds a single size of training, and these err",
            false => "alone in their budgets, they err",
        };
        warnings.push(format!(
            "{dominated} of {} frontier points not fitted: {why} no less on validation images than a cheaper one.",
            frontier.len()
        ));
    }
    unusable(cells, frontier, &mut warnings);
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    about_choice(cells, &groups, &fitted, &mut warnings);
    about_noise(cells, &fitted, &mut warnings);
    warnings
}

/// About cells among which nothing was chosen.
pub(crate) fn about_all_cells(cells: &[Cell], frontier: &[FrontierPoint]) -> Vec<String> {
    let mut warnings = Vec::new();
    let lost = cells.len() - frontier.len();
    if lost > 0 {
        warnings.push(format!("{lost} of {} cells not fitted: diverged, or without a cost.", cells.len()));
    }
    unusable(cells, frontier, &mut warnings);
    let fitted: Vec<&FrontierPoint> = frontier.iter().filter(|point| point.is_fitted()).collect();
    about_noise(cells, &fitted, &mut warnings);
    warnings
}

/// `0.336 s (width 2, learning_rate 0.4)`.
fn edge(cells: &[Cell], point: &FrontierPoint, unit: &str) -> String {
    let cell = &cells[point.cell];
    let value = |name: &String| format!("{name} {}", cell.axis(name).unwrap_or(f64::NAN));
    let axes: Vec<String> = point.edges.iter().map(value).collect();
    format!("{} ({})", amount(point.budget, unit), axes.join(", "))
}

fn amount(value: f64, unit: &str) -> String {
    format!("{} {unit}", short(value, 3)).trim_end().to_owned()
}

fn listed(items: &[String], between: &str) -> String {
    let shown = items.iter().take(MOST_LISTED).cloned().collect::<Vec<_>>().join(between);
    match items.len().saturating_sub(MOST_LISTED) {
        0 => shown,
        more => format!("{shown}{between}and {more} more"),
    }
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
    let budget_of = budget_of(cells.len(), groups);
    let members = |point: &FrontierPoint| &groups[budget_of[point.cell]];
    let is_untuned = |point: &&&FrontierPoint| {
        let mut rates = members(point).iter().filter_map(|&index| cells[index].axis(LEARNING_RATE));
        let first = rates.next();
        first.is_none_or(|first| rates.all(|rate| rate == first))
    };
    let seeds = |point: &&&FrontierPoint| cells[point.cell].selection_errors.len();
    let alone = |point: &&&FrontierPoint| members(point).len() == 1;
    let untuned = fitted.iter().filter(is_untuned).count();
    let alone = fitted.iter().filter(alone).count();
    let one_seed = fitted.iter().filter(|point| seeds(point) == 1).count();
    let share = |count| share(count, fitted.len(), "budget");
    if untuned > 0 {
        let budgets = share(untuned);
        warnings.push(format!(
            "No choice of learning_rate in {budgets}: a rate that is not tuned per budget can fake an exponent."
        ));
    }
    if alone > 0 {
        warnings.push(format!("A single cell in {}: nothing was chosen there.", share(alone)));
    }
    if one_seed > 0 {
        warnings.push(format!("Chosen on one seed in {}: the choice may be luck.", share(one_seed)));
    }
}

/// How well the noise of the fitted points is known.
fn about_noise(cells: &[Cell], fitted: &[&FrontierPoint], warnings: &mut Vec<String>) {
    let one_seed = fitted.iter().filter(|point| cells[point.cell].report_errors.len() == 1).count();
    if one_seed > 0 {
        let points = share(one_seed, fitted.len(), "point");
        warnings.push(format!("One report seed for {points}: the noise of such a point is not known."));
    }
}

/// `the one fitted point`, `all 5 fitted points`, `2 of 5 fitted points`.
fn share(count: usize, total: usize, noun: &str) -> String {
    match count {
        1 if total == 1 => format!("the one fitted {noun}"),
        _ if count == total => format!("all {total} fitted {noun}s"),
        _ => format!("{count} of {total} fitted {noun}s"),
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
    if count < 3 {
        warnings.push(format!("k has no value: it needs 3 fitted points and has {count}."));
    } else if power.is_none() {
        warnings.push(
            "k has no value: it needs 3 different computes, and points of one compute are replicates."
                .to_owned(),
        );
    } else if count < 4 {
        warnings.push(format!("Only {count} points are fitted: an exponent wants at least 4."));
    }
    let narrow = compute_range.filter(|range| count >= 3 && power.is_some() && !spans_decades(*range));
    warnings.extend(narrow.map(one_decade));
    if let Some(times) = power.and_then(|law| excess_residuals(fitted, law)).filter(|&times| times > FAR) {
        warnings.push(format!(
            "Residuals are {times:.1} times what seed noise explains: the frontier is curved or its grid is coarse."
        ));
    }
}

/// Why points between `low` and `high` give no exponent.
pub(crate) fn one_decade([low, high]: [f64; 2]) -> String {
    format!(
        "k has no value: the points span one decade of compute at most (a factor of {:.2}), and an exponent of one \
         decade says nothing of others.",
        high / low
    )
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
