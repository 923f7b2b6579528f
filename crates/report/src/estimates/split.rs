//! Which rows are fitted, and which judge the fit.

use law::compare;
use law::fit::Point;
use law::number::short;

use super::{Choice, Range};
use crate::error::ReportError;

/// Rows to be fitted, and rows to be judged by.
pub(super) struct Split<T> {
    /// What is fitted.
    pub fitted: Vec<T>,
    /// What the fit is judged by.
    pub held_out: Vec<T>,
    /// What was left out, in words.
    pub notes: Vec<String>,
}

impl<T> Split<T> {
    /// All rows, of which nothing is left out.
    pub fn all(fitted: Vec<T>) -> Split<T> {
        Split { fitted, held_out: Vec::new(), notes: Vec::new() }
    }

    /// Rows by what `choice` leaves out. What the largest computes leave out judges the fit where nothing else does.
    ///
    /// # Errors
    /// A range that holds none of them.
    pub fn new(
        rows: Vec<T>,
        held_out: Vec<T>,
        choice: &Choice,
        of: impl Fn(&T) -> Point,
    ) -> Result<Split<T>, ReportError> {
        let mut split = Split { held_out, ..Split::all(rows) };
        split.keep_range(choice, &of)?;
        if choice.drop_largest > 0 {
            let points: Vec<Point> = split.fitted.iter().map(&of).collect();
            let (others, _) = compare::without_largest(&points, choice.drop_largest);
            let most = others.iter().map(|point| point.compute).fold(f64::NEG_INFINITY, f64::max);
            let is_kept = |row: &T| of(row).compute <= most;
            let (kept, dropped): (Vec<T>, Vec<T>) = split.fitted.into_iter().partition(is_kept);
            split.notes.push(match dropped.len() {
                1 => "1 row of the largest compute is not fitted.".to_owned(),
                count => format!("{count} rows of the largest computes are not fitted."),
            });
            split.fitted = kept;
            if split.held_out.is_empty() {
                split.held_out = dropped;
            }
        }
        Ok(split)
    }

    fn keep_range(&mut self, choice: &Choice, of: &impl Fn(&T) -> Point) -> Result<(), ReportError> {
        let Some(range) = choice.range else { return Ok(()) };
        let [low, high] = match range {
            Range::Plain(ends) => ends,
            // No error is more than all, so that a table with a higher one counts percent.
            Range::Percent(ends) if self.fitted.iter().any(|row| of(row).error > 1.0) => ends,
            Range::Percent(ends) => ends.map(|end| end / 100.0),
        };
        let inside = |value: f64| (low..=high).contains(&value);
        let before = self.fitted.len();
        let ends = |of_row: &dyn Fn(&T) -> f64| {
            let ends = |[low, high]: [f64; 2], value: f64| [low.min(value), high.max(value)];
            self.fitted.iter().map(of_row).fold([f64::INFINITY, f64::NEG_INFINITY], ends)
        };
        let (errors, computes) = (ends(&|row| of(row).error), ends(&|row| of(row).compute));
        let by_error =
            matches!(range, Range::Percent(_)) || self.fitted.iter().any(|row| inside(of(row).error));
        // Nothing can be fitted of an empty range, so what lies beyond every error can only be meant for compute.
        let by_compute = !by_error && self.fitted.iter().any(|row| inside(of(row).compute));
        self.fitted.retain(|row| inside(if by_compute { of(row).compute } else { of(row).error }));
        if self.fitted.is_empty() && before > 0 {
            return Err(ReportError::EmptyRange { low, high, errors, computes });
        }
        if self.fitted.len() == before {
            return Ok(());
        }
        let quantity = if by_compute { "computes, as it holds no error" } else { "errors" };
        self.notes.push(format!(
            "{} of {before} rows lie in the range {} to {} of {quantity}.",
            self.fitted.len(),
            short(low, 6),
            short(high, 6)
        ));
        Ok(())
    }
}
