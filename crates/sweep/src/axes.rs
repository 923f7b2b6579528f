//! From what is written to the values of an axis: lists, ladders, brackets and seeds, each checked.

use std::ops::RangeInclusive;

use crate::error::SweepError;
use crate::file::{BudgetLadder, LearningRates, SeedsTable, WidthsAround};
use crate::written::{Numbers, Written};

/// Whole numbers in files are exact only below this, 2^53.
const MAX_WHOLE: u64 = 1 << 53;
/// Largest budget, just below the 2^64 FLOPs that can be counted.
const MAX_BUDGET: f64 = 1.8e19;
/// Most values on one axis; a longer one is a slip of the pen.
const MAX_VALUES: usize = 10_000;
const MAX_PER_DECADE: u32 = 100;

/// Seeds by what they are for; no seed is in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// Their validation error chooses the cell.
    pub selection: Vec<u64>,
    /// Their test error is reported.
    pub report: Vec<u64>,
}

/// Widths at every budget.
#[derive(Clone, Debug, PartialEq)]
pub enum Widths {
    /// The same everywhere.
    Fixed(Vec<u64>),
    /// Following the budget.
    Around(WidthsAround),
}

/// Finite numbers of at least zero.
///
/// # Errors
/// An empty list, NaN, an infinity or a negative number.
pub fn reals(file: &str, key: &str, written: &Numbers) -> Result<Vec<f64>, SweepError> {
    let values = listed(file, key, written)?;
    match values.iter().find(|value| !(value.is_finite() && **value >= 0.0)) {
        Some(bad) => Err(wrong(file, key, bad, "a finite number of at least 0")),
        None => Ok(values),
    }
}

/// Whole numbers within `range`; `1e4` is a whole number too.
///
/// # Errors
/// An empty list, or a value that is not whole or not in the range.
pub fn wholes(
    file: &str,
    key: &str,
    written: &Numbers,
    range: RangeInclusive<u64>,
) -> Result<Vec<u64>, SweepError> {
    listed(file, key, written)?.into_iter().map(|value| whole(file, key, value, &range)).collect()
}

/// Whole numbers from 1.
///
/// # Errors
/// As [`wholes`].
pub fn counts(file: &str, key: &str, written: &Numbers) -> Result<Vec<u64>, SweepError> {
    wholes(file, key, written, 1..=MAX_WHOLE)
}

/// Budgets in whole FLOPs, smallest first.
///
/// # Errors
/// A budget that is not a number from 1 to 1.8e19, or a ladder that does not rise.
pub fn budgets(file: &str, written: &Written<BudgetLadder>) -> Result<Vec<u64>, SweepError> {
    let values = match written {
        Written::One(value) => vec![*value],
        Written::List(values) => values.clone(),
        Written::Table(ladder) => rungs(file, ladder)?,
    };
    nonempty(file, "budgets", &values)?;
    let mut whole: Vec<u64> =
        values.iter().map(|&value| budget(file, "budgets", value)).collect::<Result<_, _>>()?;
    whole.sort_unstable();
    Ok(whole)
}

/// Learning rates.
///
/// # Errors
/// As [`reals`].
pub fn learning_rates(
    file: &str,
    key: &str,
    written: &Written<LearningRates>,
) -> Result<Vec<f64>, SweepError> {
    let numbers = match written {
        Written::One(rate) => Numbers::One(*rate),
        Written::List(rates) => Numbers::List(rates.clone()),
        Written::Table(LearningRates { centre, bracket }) => {
            reals(file, &format!("{key}.bracket"), &Numbers::List(bracket.clone()))?;
            reals(file, &format!("{key}.centre"), &Numbers::One(*centre))?;
            Numbers::List(bracket.iter().map(|factor| nine_digits(centre * factor)).collect())
        }
    };
    reals(file, key, &numbers)
}

/// Widths, checked as far as they can be without a budget.
///
/// # Errors
/// A width below 1; guesses that are not positive or not in order of budget; a ladder without steps.
pub fn widths(file: &str, key: &str, written: &Written<WidthsAround>) -> Result<Widths, SweepError> {
    let ladder = match written {
        Written::One(width) => return counts(file, key, &Numbers::One(*width)).map(Widths::Fixed),
        Written::List(list) => return counts(file, key, &Numbers::List(list.clone())).map(Widths::Fixed),
        Written::Table(ladder) => ladder,
    };
    let around = format!("{key}.around");
    nonempty(file, &around, &ladder.around)?;
    for &[at, width] in &ladder.around {
        budget(file, &around, at)?;
        if !(1.0..=1e6).contains(&width) {
            return Err(wrong(file, &around, width, "widths from 1 to 1e6"));
        }
    }
    if ladder.around.is_sorted_by(|before, after| before[0] < after[0]) {
        whole(file, &format!("{key}.count"), f64::from(ladder.count), &(1..=100))?;
        if !(ladder.factor > 1.0 && ladder.factor <= 16.0) {
            return Err(wrong(file, &format!("{key}.factor"), ladder.factor, "a ratio above 1, at most 16"));
        }
        return Ok(Widths::Around(ladder.clone()));
    }
    let found = ladder.around.iter().map(|[at, _]| format!("{at:e}")).collect::<Vec<_>>().join(", ");
    Err(wrong(file, &around, found, "[budget, width] pairs by rising budget"))
}

/// The widths of `ladder` at `budget`: rounded to whole numbers of at least 1, rising, each once.
#[must_use]
pub fn widths_at(ladder: &WidthsAround, budget: u64) -> Vec<u64> {
    let log_guess = interpolate(&ladder.around, budget as f64);
    let middle = f64::from(ladder.count.saturating_sub(1)) / 2.0;
    let width = |place: u32| {
        let log_width = log_guess + (f64::from(place) - middle) * libm::log(ladder.factor);
        libm::exp(log_width).round().clamp(1.0, 1e9) as u64
    };
    let mut widths: Vec<u64> = (0..ladder.count).map(width).collect();
    widths.dedup();
    widths
}

/// Seeds for both ends.
///
/// # Errors
/// No seeds, seed 0, or a seed that is to serve both ends.
pub fn seeds(file: &str, table: &SeedsTable) -> Result<Seeds, SweepError> {
    let selection = seed_list(file, "[seeds] selection", &table.selection, 0)?;
    let last = selection.iter().copied().max().unwrap_or(0);
    let report = seed_list(file, "[seeds] report", &table.report, last)?;
    match report.iter().find(|seed| selection.contains(seed)) {
        Some(both) => Err(wrong(
            file,
            "[seeds] report",
            both,
            "seeds that selection does not use: an error that helped to choose a cell is not a fair measure of it",
        )),
        None => Ok(Seeds { selection, report }),
    }
}

fn seed_list(file: &str, key: &str, written: &Numbers, after: u64) -> Result<Vec<u64>, SweepError> {
    match written {
        Numbers::One(_) => {
            let count = wholes(file, key, written, 1..=MAX_VALUES as u64)?;
            Ok(count.into_iter().flat_map(|count| after + 1..=after + count).collect())
        }
        Numbers::List(_) => wholes(file, key, written, 1..=MAX_WHOLE - 1),
        Numbers::Table(none) => match *none {},
    }
}

/// The ladder's budgets. Whole decades above `from` are exact.
fn rungs(file: &str, ladder: &BudgetLadder) -> Result<Vec<f64>, SweepError> {
    let from = budget(file, "budgets.from", ladder.from)?;
    if budget(file, "budgets.to", ladder.to)? < from {
        return Err(wrong(file, "budgets.to", ladder.to, format!("at least the {:e} of from", ladder.from)));
    }
    whole(file, "budgets.per_decade", f64::from(ladder.per_decade), &(1..=u64::from(MAX_PER_DECADE)))?;
    let per_decade = f64::from(ladder.per_decade);
    // The last rung may miss `to` by rounding; a millionth of a rung is more than that.
    let last = (libm::log10(ladder.to / ladder.from) * per_decade + 1e-6).floor() as u32;
    let rung = |place: u32| {
        let (decades, rest) = (place / ladder.per_decade, place % ladder.per_decade);
        ladder.from * libm::pow(10.0, f64::from(decades)) * libm::pow(10.0, f64::from(rest) / per_decade)
    };
    Ok((0..=last).map(rung).collect())
}

fn budget(file: &str, key: &str, value: f64) -> Result<u64, SweepError> {
    if (1.0..=MAX_BUDGET).contains(&value) {
        return Ok(value.round() as u64);
    }
    Err(wrong(file, key, value, format!("FLOPs from 1 to {MAX_BUDGET:e}")))
}

/// Natural logarithm of the width at `budget` on the straight lines through `points` in log-log.
fn interpolate(points: &[[f64; 2]], budget: f64) -> f64 {
    let after = points.iter().position(|[at, _]| *at >= budget).unwrap_or(points.len());
    // Beyond either end its line goes on.
    let right = after.clamp(1, points.len().saturating_sub(1).max(1));
    match (points.get(right - 1), points.get(right)) {
        (Some([x0, y0]), Some([x1, y1])) => {
            let share = libm::log(budget / x0) / libm::log(x1 / x0);
            libm::log(*y0) + share * libm::log(y1 / y0)
        }
        (Some([_, width]), None) => libm::log(*width),
        (None, _) => 0.0,
    }
}

/// `value` to nine digits, so that 3 x 0.1 is the 0.3 that another file may name.
fn nine_digits(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

fn listed(file: &str, key: &str, written: &Numbers) -> Result<Vec<f64>, SweepError> {
    let values = match written {
        Numbers::One(value) => vec![*value],
        Numbers::List(values) => values.clone(),
        Numbers::Table(none) => match *none {},
    };
    nonempty(file, key, &values)?;
    Ok(values)
}

fn nonempty<T>(file: &str, key: &str, values: &[T]) -> Result<(), SweepError> {
    match values.len() {
        0 => Err(wrong(file, key, "[]", "at least one value")),
        1..=MAX_VALUES => Ok(()),
        many => Err(wrong(file, key, format!("{many} values"), format!("at most {MAX_VALUES}"))),
    }
}

fn whole(file: &str, key: &str, value: f64, range: &RangeInclusive<u64>) -> Result<u64, SweepError> {
    let (least, most) = (*range.start(), *range.end());
    // The comparison with itself refuses NaN.
    if value.fract() == 0.0 && value >= least as f64 && value <= most as f64 {
        return Ok(value as u64);
    }
    let bounds =
        if most >= MAX_WHOLE - 1 { format!("at least {least}") } else { format!("{least} to {most}") };
    Err(wrong(file, key, value, format!("a whole number, {bounds}")))
}

/// `key` was `found`, and `expected` is allowed.
pub(crate) fn wrong(file: &str, key: &str, found: impl ToString, expected: impl Into<String>) -> SweepError {
    SweepError::Value {
        file: file.to_owned(),
        key: key.to_owned(),
        found: found.to_string(),
        expected: expected.into(),
    }
}

#[cfg(test)]
mod tests;
