//! The frontier: the best cell of each budget, chosen on some seeds and reported on others.
//!
//! That an error which chose is too low for the one that was chosen is the winner's curse; other seeds and other images do not have it
//! (Cawley and Talbot, 2010, On over-fitting in model selection). Edges and lone budgets are rules of ours.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::{Axis, Cell, mean};
use crate::point::LogPoint;

/// The winner of one budget.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontierPoint {
    /// Index of the winner among the cells given.
    pub cell: usize,
    /// The budget it won.
    pub budget: f64,
    /// Compute that it took.
    pub compute: f64,
    /// Mean error of its selection seeds: lowest of its budget, and biased low for that reason.
    pub selection_error: f64,
    /// Mean error of its report seeds; NaN when it has none, not finite when one diverged.
    pub error: f64,
    /// Standard error of that mean over report seeds; `None` with fewer than two.
    pub error_deviation: Option<f64>,
    /// Axes at whose edge, within its budget, the winner lies: a better cell may lie beyond.
    pub edges: Vec<String>,
    /// Whether it stands alone in its budget, chosen against no other size, while another winner costs less and errs
    /// no more on validation images: it is no frontier.
    pub dominated: bool,
}

impl FrontierPoint {
    /// Whether the point enters the fit: inside the grid, on the frontier, with an error whose logarithm exists.
    #[must_use]
    pub fn is_fitted(&self) -> bool {
        self.edges.is_empty() && !self.dominated && self.has_logarithm()
    }

    /// Whether the error is a finite number above zero.
    pub(crate) fn has_logarithm(&self) -> bool {
        self.error.is_finite() && self.error > 0.0
    }

    /// Variance of ln error that the report seeds show, to first order; 0 where one seed shows none.
    pub(crate) fn seed_variance(&self) -> f64 {
        let relative = self.error_deviation.unwrap_or(0.0) / self.error;
        relative * relative
    }

    /// The point as the estimators see it.
    pub(crate) fn logarithm(&self) -> LogPoint {
        LogPoint::new(self.compute, self.error)
    }
}

/// Per budget the cell with the lowest mean selection error, in ascending compute.
///
/// Ties go to the lowest compute, then to the lowest index. A cell with a diverged selection seed, or
/// with none, cannot win, but its settings still count as part of the grid when edges are judged:
/// a winner next to a learning rate that diverges is bracketed. A budget without a winner is absent.
///
/// A budget of a single cell chooses nothing, so its cell need not be worth its compute: where every cell costs
/// something else, all of them would pass for a frontier. Such a cell is flagged as dominated where a winner
/// that costs less errs no more on selection seeds. This judges by validation images and selection seeds alone, as
/// the choice within a budget does, so the report errors of those that stay are not biased by it; a cell
/// that lies on the frontier but loses by the luck of its selection seeds is left out, which costs a point and
/// moves none. Winners of a real choice are never dropped so: the best of a grid that was searched is the
/// estimate of its budget, and dropping the unlucky among them would leave the lucky.
#[must_use]
pub fn frontier(cells: &[Cell]) -> Vec<FrontierPoint> {
    let budgets = budgets(cells);
    let is_lone = |members: &[usize]| members.len() == 1;
    of_budgets(cells, &budgets, &is_lone)
}

/// The same where each budget holds one size of network and training, for which no more than the like of a learning rate was chosen:
/// whether that size is worth its compute was not asked within the budget, so all winners are held against cheaper ones.
#[must_use]
pub fn frontier_of_sizes(cells: &[Cell]) -> Vec<FrontierPoint> {
    of_budgets(cells, &budgets(cells), &|_| true)
}

fn of_budgets(
    cells: &[Cell],
    budgets: &[Vec<usize>],
    is_lone: &dyn Fn(&[usize]) -> bool,
) -> Vec<FrontierPoint> {
    let mut points: Vec<FrontierPoint> = budgets
        .iter()
        .filter_map(|members| {
            let winner = winner(cells, members)?;
            let cell = &cells[winner];
            Some(FrontierPoint {
                cell: winner,
                budget: cell.budget,
                compute: cell.compute,
                selection_error: mean(&cell.selection_errors),
                error: mean(&cell.report_errors),
                error_deviation: deviation_of_mean(&cell.report_errors),
                edges: edges(cell, &extents(cells, members)),
                dominated: false,
            })
        })
        .collect();
    points.sort_by(|a, b| a.compute.total_cmp(&b.compute).then(a.budget.total_cmp(&b.budget)));
    let lone = budgets.iter().filter(|members| is_lone(members));
    flag_dominated(&mut points, &lone.flatten().copied().collect());
    points
}

/// Flags winners among `alone` that a cheaper winner beats or equals; `points` come by rising compute.
fn flag_dominated(points: &mut [FrontierPoint], alone: &BTreeSet<usize>) {
    let mut lowest = f64::INFINITY;
    for equals in points.chunk_by_mut(|a, b| a.compute == b.compute) {
        let best = equals.iter().map(|point| point.selection_error).fold(f64::INFINITY, f64::min);
        for point in equals.iter_mut().filter(|point| alone.contains(&point.cell)) {
            point.dominated = point.selection_error >= lowest || point.selection_error > best;
        }
        lowest = lowest.min(best);
    }
}

/// Indices of the cells of each budget, in ascending budget.
pub(crate) fn budgets(cells: &[Cell]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|&a, &b| cells[a].budget.total_cmp(&cells[b].budget).then(a.cmp(&b)));
    order.chunk_by(|&a, &b| cells[a].budget == cells[b].budget).map(<[usize]>::to_vec).collect()
}

/// For each cell the place of its budget among `budgets`.
pub(crate) fn budget_of(cells: usize, budgets: &[Vec<usize>]) -> Vec<usize> {
    let mut of = vec![0; cells];
    for (place, members) in budgets.iter().enumerate() {
        members.iter().for_each(|&member| of[member] = place);
    }
    of
}

/// Smallest and largest value of every axis among `members`.
///
/// `members` are all cells of the budget, whichever of them compete: a resample that happens to miss
/// the outermost cells has not moved the edge of the grid.
pub(crate) fn extents<'a>(cells: &'a [Cell], members: &[usize]) -> BTreeMap<&'a str, [f64; 2]> {
    let mut extents = BTreeMap::new();
    for axis in members.iter().flat_map(|&member| &cells[member].axes) {
        let [low, high] = extents.entry(axis.name.as_str()).or_insert([axis.value, axis.value]);
        (*low, *high) = (low.min(axis.value), high.max(axis.value));
    }
    extents
}

/// Axes on which `winner` has the smallest or largest of several values within `extents`.
pub(crate) fn edges(winner: &Cell, extents: &BTreeMap<&str, [f64; 2]>) -> Vec<String> {
    let at_edge = |axis: &&Axis| {
        let extent = extents.get(axis.name.as_str());
        extent.is_some_and(|[low, high]| low < high && (axis.value <= *low || axis.value >= *high))
    };
    winner.axes.iter().filter(at_edge).map(|axis| axis.name.clone()).collect()
}

/// The member with the lowest mean selection error.
fn winner(cells: &[Cell], members: &[usize]) -> Option<usize> {
    members.iter().copied().filter(|&member| cells[member].can_win()).min_by(|&a, &b| {
        mean(&cells[a].selection_errors)
            .total_cmp(&mean(&cells[b].selection_errors))
            .then(cells[a].compute.total_cmp(&cells[b].compute))
            .then(a.cmp(&b))
    })
}

/// Standard error of the mean, with n - 1 in the variance; `None` with fewer than two finite values.
fn deviation_of_mean(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre) * (value - centre)).sum();
    (values.len() >= 2 && squares.is_finite()).then(|| (squares / (n - 1.0) / n).sqrt())
}

#[cfg(test)]
mod tests;
