//! What a sweep hands over: settings of trainings with the errors of their seeds.

use crate::error::LawError;

/// One setting that the grid varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Name of the setting, such as `width` or `learning_rate`.
    pub name: String,
    /// Its value in this cell.
    pub value: f64,
}

/// All settings of a training but its seed, with the outcomes of its seeds.
///
/// A seed that diverged is `f64::NAN` or `f64::INFINITY` in its vector. A cell that has no selection
/// seed, or any that diverged, cannot win its budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Compute that the cell was allowed; cells of equal budget compete. Any unit, above zero.
    pub budget: f64,
    /// Compute that one seed really took, in the unit of the budget, above zero.
    pub compute: f64,
    /// Position in the grid.
    pub axes: Vec<Axis>,
    /// Error of each selection seed on validation images, as a fraction: these choose the winner.
    pub selection_errors: Vec<f64>,
    /// Error of each report seed on test images, as a fraction: these are fitted.
    pub report_errors: Vec<f64>,
    /// Mean of these errors without each block of the test images in turn, the same blocks for all cells; empty where
    /// nobody counted by block.
    pub errors_without_block: Vec<f64>,
}

impl Cell {
    /// Value of the axis called `name`, where the cell has one.
    #[must_use]
    pub fn axis(&self, name: &str) -> Option<f64> {
        self.axes.iter().find(|axis| axis.name == name).map(|axis| axis.value)
    }

    /// Mean of the selection errors; not finite without selection seeds, or where one of them diverged.
    #[must_use]
    pub fn selection_error(&self) -> f64 {
        mean(&self.selection_errors)
    }

    /// Whether the cell may win: it has selection seeds and none of them diverged.
    pub(crate) fn can_win(&self) -> bool {
        self.selection_error().is_finite()
    }
}

/// Arithmetic mean; NaN of nothing, and not finite when any value is not.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Refuses cells with numbers that mean nothing. A diverged seed is not one of these.
pub(crate) fn check(cells: &[Cell]) -> Result<(), LawError> {
    for (index, cell) in cells.iter().enumerate() {
        let wrong = |quantity: &str, found, expected| {
            Err(LawError::Value { item: "cell", index, quantity: quantity.to_owned(), found, expected })
        };
        for (quantity, value) in [("budget", cell.budget), ("compute", cell.compute)] {
            if !(value.is_finite() && value > 0.0) {
                return wrong(quantity, value, "a finite number above 0");
            }
        }
        if let Some(axis) = cell.axes.iter().find(|axis| !axis.value.is_finite()) {
            return wrong(&axis.name, axis.value, "a finite number");
        }
        for (quantity, errors) in
            [("selection error", &cell.selection_errors), ("report error", &cell.report_errors)]
        {
            if let Some(&error) = errors.iter().find(|&&error| error < 0.0) {
                return wrong(quantity, error, "a fraction of at least 0 (NaN or infinite: diverged)");
            }
        }
    }
    Ok(())
}
