//! The frontier and its exponent as plain text for a terminal of 100 columns.

use law::number::{short, significant};
use record::output::{DecadeOutput, FitOutput, FrontierOutput, MethodOutput};

use crate::fit::FRACTION;
use crate::label::{factor, grouped, interval, percent, wrap};

/// Width that no line of prose exceeds.
const COLUMNS: usize = 100;
/// Longest name of a cell; what is longer is cut.
const CELL_COLUMNS: usize = 46;
/// Most rows of the frontier; `--json` has all.
const MOST_ROWS: usize = 60;
/// Digits with which a table of points prints its numbers: as they were given, for most.
const POINT_DIGITS: usize = 7;

/// The table of the frontier, then k and what it means, then the warnings; ends with a line end.
#[must_use]
pub fn text(fit: &FitOutput) -> String {
    let mut lines = Vec::new();
    if !fit.frontier.is_empty() {
        lines.extend(aligned(&frontier_rows(fit)));
        lines.push(String::new());
    }
    lines.extend(numbers(fit).iter().map(|(name, value)| format!("{name:<14}{value}")));
    lines.push(String::new());
    let figures = coefficients(&fit.more);
    if !figures.is_empty() {
        let width = figures.iter().map(|(name, _)| name.len() + 2).fold(14, usize::max);
        lines.extend(figures.iter().map(|(name, value)| format!("{name:<width$}{value}")));
        lines.push(String::new());
    }
    lines.extend(decades(fit, &fit.more));
    lines.extend(folded(&fit.more.description, "", ""));
    if !fit.warnings.is_empty() {
        lines.push(String::new());
        lines.push("Before believing these numbers:".to_owned());
        lines.extend(fit.warnings.iter().flat_map(|warning| folded(warning, "- ", "  ")));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Heading and rows; columns that are empty throughout are left out, and the middle of a long table.
fn frontier_rows(fit: &FitOutput) -> Vec<Vec<String>> {
    let dash = || "-".to_owned();
    let known = |value: Option<f64>, digits: usize| {
        value.filter(|value| value.is_finite()).map_or_else(dash, |value| error(fit, value, digits))
    };
    let heading = match is_fraction(fit) {
        true => ["frontier", &fit.compute_unit, "test error", "s.e.", "validation", "in the fit"],
        false => ["", &fit.compute_unit, &fit.error_unit, "s.e.", "validation", "in the fit"],
    };
    let left_out = fit.frontier.len().saturating_sub(MOST_ROWS);
    let (above, below) = if left_out > 0 { (MOST_ROWS / 2, MOST_ROWS / 2 + left_out) } else { (0, 0) };
    let mut rows = vec![heading.map(str::to_owned)];
    for (place, point) in fit.frontier.iter().enumerate() {
        if place == above && left_out > 0 {
            let more = format!("... {} more", grouped(left_out as u64));
            rows.push([more, dash(), dash(), dash(), dash(), String::new()]);
        }
        if (above..below).contains(&place) {
            continue;
        }
        rows.push([
            shortened(&point.cell),
            compute(fit, point.compute),
            known(Some(point.error), 3),
            known(point.error_deviation, 2),
            known(point.validation_error, 3),
            in_the_fit(point),
        ]);
    }
    let is_empty = |column: usize| rows.iter().skip(1).all(|row| row[column] == "-");
    let kept: Vec<usize> = (0..6).filter(|&column| !(3..5).contains(&column) || !is_empty(column)).collect();
    rows.iter().map(|row| kept.iter().map(|&column| row[column].clone()).collect()).collect()
}

/// Whether errors are fractions, as those of records are; in a table of points they are in its own unit.
fn is_fraction(fit: &FitOutput) -> bool {
    fit.error_unit == FRACTION
}

fn error(fit: &FitOutput, value: f64, digits: usize) -> String {
    if is_fraction(fit) { percent(value, digits) } else { short(value, POINT_DIGITS) }
}

/// Compute as records need it, or as a table of points gave it.
fn compute(fit: &FitOutput, value: f64) -> String {
    if is_fraction(fit) { significant(value, 3) } else { short(value, POINT_DIGITS) }
}

/// What is paid, in a word.
fn cost_name(fit: &FitOutput) -> &'static str {
    match fit.compute_unit.as_str() {
        "s" => "seconds",
        "J" => "joules",
        "images" => "data",
        "parameters" => "parameters",
        _ => "compute",
    }
}

fn in_the_fit(point: &FrontierOutput) -> String {
    if point.fitted {
        "yes".to_owned()
    } else if !point.edges.is_empty() {
        format!("no: edge of {}", point.edges.join(", "))
    } else if point.dominated {
        "no: a cheaper one errs no more".to_owned()
    } else if point.error == 0.0 {
        "no: nothing wrong".to_owned()
    } else {
        match point.error.is_finite() {
            true => "no: left out".to_owned(),
            false => "no: not reported".to_owned(),
        }
    }
}

fn shortened(cell: &str) -> String {
    if cell.chars().count() <= CELL_COLUMNS {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(CELL_COLUMNS - 3).collect();
    format!("{}...", kept.trim_end())
}

/// Names to the left, numbers to the right, the last column to the left again.
pub(crate) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column {
            0 => format!("{cell:<width$}", width = width(column)),
            _ if column + 1 == row.len() => cell.clone(),
            _ => format!("{cell:>width$}", width = width(column)),
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}

fn numbers(fit: &FitOutput) -> Vec<(&'static str, String)> {
    let one = |value: f64| format!("{value:.2}");
    let with_interval = |text: String, interval: String| {
        if interval.is_empty() { text } else { format!("{text}  {interval}") }
    };
    let mut rows = Vec::new();
    match fit.k {
        Some(k) => rows.push(("k", with_interval(one(k), interval(fit.k_low, fit.k_high, one)))),
        None => rows.push(("k", "none; the reasons are below".to_owned())),
    }
    if let Some(cost) = fit.halving_cost {
        let double = |k: f64| factor(law::fit::halving_cost(k));
        let cost = format!("{} x the {}", factor(cost), cost_name(fit));
        rows.push(("halving costs", with_interval(cost, interval(fit.k_low, fit.k_high, double))));
    }
    if let (Some([high, low]), Some([from, to]), true) = (fit.error_range, fit.compute_range, fit.points > 1)
    {
        let errors = format!("errors from {} to {}", error(fit, high, 3), error(fit, low, 3));
        let name = cost_name(fit);
        let compute = format!("{name} from {} to {}", compute(fit, from), compute(fit, to));
        rows.push(("measured over", format!("{} points, {errors}, {compute}", fit.points)));
    }
    let share = |value: f64| if is_fraction(fit) { percent(value, 3) } else { short(value, 3) };
    let floor_interval = interval(fit.floor_low, fit.floor_high, share);
    match fit.floor {
        Some(floor) => {
            rows.push(("floor", with_interval(share(floor), floor_interval)));
        }
        // Other methods ask for none.
        None if fit.k.is_some() && fit.more.intervals.contains_key("floor") => {
            rows.push(("floor", with_interval("not identified".to_owned(), floor_interval)));
        }
        None => {}
    }
    if let Some(k) = fit.k_floor {
        let interval = interval(fit.k_floor_low, fit.k_floor_high, one);
        rows.push(("k above floor", with_interval(one(k), interval)));
    }
    rows
}

/// Coefficients with their intervals, and how well they fit.
fn coefficients(more: &MethodOutput) -> Vec<(String, String)> {
    let number = |value: f64| short(value, 5);
    let row = |(name, value): (&String, &Option<f64>)| {
        let [low, high] = more.intervals.get(name).copied().unwrap_or_default();
        let value = value.map_or_else(|| "-".to_owned(), number);
        (name.clone(), format!("{value}  {}", interval(low, high, number)).trim_end().to_owned())
    };
    let known = more.coefficients.iter().filter(|(_, value)| value.is_some());
    let mut rows: Vec<_> = known.map(row).collect();
    let figures = [
        ("R^2", more.r2, 4),
        ("AICc", more.aicc, 5),
        ("held out", more.holdout_rmse_log, 3),
        ("extrapolated", more.extrapolation_rmse_log, 3),
    ];
    for (name, value, digits) in figures {
        rows.extend(value.map(|value| (name.to_owned(), short(value, digits))));
    }
    if let Some((_, text)) = rows.iter_mut().find(|(name, _)| name == "held out") {
        *text = format!("log error off by {text} (root mean square over {} rows)", more.held_out);
    }
    rows
}

/// The exponent of every decade, where there are several; ends with an empty line.
fn decades(fit: &FitOutput, more: &MethodOutput) -> Vec<String> {
    let known: Vec<&DecadeOutput> = more.decades.iter().filter(|decade| decade.k.is_some()).collect();
    if known.len() < 2 {
        return Vec::new();
    }
    let row = |decade: &DecadeOutput| {
        let k = decade.k.map_or_else(|| "-".to_owned(), |k| format!("{k:.2}"));
        vec![short(decade.from, 3), decade.points.to_string(), k]
    };
    let heading = vec![format!("{} from", fit.compute_unit), "points".to_owned(), "local k".to_owned()];
    let rows: Vec<_> = std::iter::once(heading).chain(known.into_iter().map(row)).collect();
    aligned(&rows).into_iter().chain([String::new()]).collect()
}

/// Fits side by side, one line each.
#[must_use]
pub fn comparison(fits: &[FitOutput]) -> String {
    let dash = || "-".to_owned();
    let with = |value: Option<f64>, low: Option<f64>, high: Option<f64>| {
        let one = |value: f64| format!("{value:.2}");
        let text = value.map_or_else(dash, one);
        format!("{text} {}", interval(low, high, one)).trim_end().to_owned()
    };
    let several = fits.windows(2).any(|pair| pair[0].path != pair[1].path);
    let mut rows = vec![
        ["fit", "points", "k", "k above floor", "R^2", "AICc", "extrapolated", "held out"].map(str::to_owned),
    ];
    for fit in fits {
        let (more, method) = (&fit.more, fit.method.as_str());
        let path = fit.path.as_deref().filter(|_| several);
        let figure = |value: Option<f64>| value.map_or_else(dash, |value| short(value, 4));
        rows.push([
            path.map_or_else(|| method.to_owned(), |path| format!("{path} {method}")),
            fit.points.to_string(),
            with(fit.k, fit.k_low, fit.k_high),
            with(fit.k_floor, fit.k_floor_low, fit.k_floor_high),
            figure(more.r2),
            figure(more.aicc),
            figure(more.extrapolation_rmse_log),
            figure(more.holdout_rmse_log),
        ]);
    }
    let is_empty = |column: usize| rows.iter().skip(1).all(|row| row[column] == "-");
    let kept: Vec<usize> = (0..8).filter(|&column| column < 3 || !is_empty(column)).collect();
    let kept: Vec<Vec<String>> =
        rows.iter().map(|row| kept.iter().map(|&column| row[column].clone()).collect()).collect();
    let mut lines = aligned(&kept);
    let said = ["extrapolated", "held out"].iter().any(|name| kept[0].iter().any(|cell| cell == name));
    if said {
        let words = "Extrapolated and held out: root mean square of the log error on the largest fifth of the \
                     computes, fitted without them, and on rows held out. AICc compares methods on the same points, and \
                     lower is better. k of floor, m2 and m4, and of broken where no break is identified, is that of the \
                     power law; that of m3 holds far above its floor, and that of surface just above it.";
        lines.push(String::new());
        lines.extend(folded(words, "", ""));
    }
    lines.extend(said_of(fits, several));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// What was said of the fits, each sentence once with the names of those that it is of.
fn said_of(fits: &[FitOutput], several: bool) -> Vec<String> {
    let name = |fit: &FitOutput| match fit.path.as_deref().filter(|_| several) {
        Some(path) => format!("{path} {}", fit.method),
        None => fit.method.clone(),
    };
    let mut said: Vec<(&str, Vec<String>)> = Vec::new();
    for fit in fits {
        for warning in &fit.warnings {
            match said.iter_mut().find(|(known, _)| known == warning) {
                Some((_, names)) => names.push(name(fit)),
                None => said.push((warning, vec![name(fit)])),
            }
        }
    }
    if said.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "Before believing these numbers:".to_owned()];
    for (warning, names) in said {
        let of = if names.len() == fits.len() { "all".to_owned() } else { names.join(", ") };
        lines.extend(folded(&format!("{of}: {warning}"), "- ", "  "));
    }
    lines
}

/// Prose in lines of at most [`COLUMNS`], the first after `first`, the others after `rest`.
pub(crate) fn folded(text: &str, first: &str, rest: &str) -> Vec<String> {
    let room = COLUMNS - first.chars().count();
    let lines = wrap(text, |line| line.chars().count() <= room);
    let prefixes = std::iter::once(first).chain(std::iter::repeat(rest));
    lines.iter().zip(prefixes).map(|(line, prefix)| format!("{prefix}{line}")).collect()
}

#[cfg(test)]
mod tests;
