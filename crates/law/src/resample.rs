//! Resampling of cells and seeds, with the choice of the winners repeated.

use chance::{Purpose, Stream};

use crate::cell::{Cell, mean};
use crate::frontier::{FrontierPoint, budgets, edges};
use crate::point::LogPoint;

/// One resample: a winner for every fitted budget.
pub(crate) type Draw = Vec<LogPoint>;

/// A draw whose winner is not fitted is drawn again this often before the full winner stands in.
const TRIES: usize = 100;

/// One fitted budget, with what does not change between resamples.
struct Contest<'a> {
    /// The winner on the full data.
    full: LogPoint,
    competitors: Vec<Competitor<'a>>,
}

/// A cell that may win.
struct Competitor<'a> {
    index: usize,
    cell: &'a Cell,
    /// Inside the full grid of the budget, with a report error that has a logarithm.
    is_fitted: bool,
}

/// `resamples` draws of the `fitted` points of the frontier of `cells`.
///
/// In each, the cells of a budget are drawn with replacement among those that may win, and the seeds
/// of each drawn cell with replacement; then the winner is chosen and judged as on the full data.
/// Edges are those of the full grid: were they judged among the drawn cells, missing the outermost cell
/// would make its neighbour an edge, though the grid was wide enough.
///
/// The interval is to be about the budgets that were fitted. So a draw whose winner lies at an edge is
/// drawn again, and a budget that the full data leave out stays out: a draw that misses the winner at
/// the edge says nothing about what lies beyond it.
pub(crate) fn draws(cells: &[Cell], fitted: &[&FrontierPoint], seed: u64, resamples: usize) -> Vec<Draw> {
    let budgets = budgets(cells);
    let contests: Vec<Contest> = fitted
        .iter()
        .filter_map(|point| {
            let members = budgets.iter().find(|members| members.contains(&point.cell))?;
            Some(contest(cells, members, point.logarithm()))
        })
        .collect();
    (0..resamples as u64)
        .map(|resample| {
            let mut stream = Stream::new(seed, Purpose::Bootstrap, resample);
            contests.iter().map(|contest| contest.draw(&mut stream)).collect()
        })
        .collect()
}

fn contest<'a>(cells: &'a [Cell], members: &[usize], full: LogPoint) -> Contest<'a> {
    let competitor = |&index: &usize| {
        let cell = &cells[index];
        let error = mean(&cell.report_errors);
        let is_fitted = error.is_finite() && error > 0.0 && edges(cells, members, index).is_empty();
        cell.can_win().then_some(Competitor { index, cell, is_fitted })
    };
    Contest { full, competitors: members.iter().filter_map(competitor).collect() }
}

impl Contest<'_> {
    fn draw(&self, stream: &mut Stream) -> LogPoint {
        (0..TRIES).find_map(|_| self.try_draw(stream)).unwrap_or(self.full)
    }

    fn try_draw(&self, stream: &mut Stream) -> Option<LogPoint> {
        let count = self.competitors.len() as u64;
        let (_, winner) = (0..count)
            .map(|_| {
                let competitor = &self.competitors[stream.below(count) as usize];
                (resampled_mean(&competitor.cell.selection_errors, stream), competitor)
            })
            .min_by(|(error_a, a), (error_b, b)| {
                error_a
                    .total_cmp(error_b)
                    .then(a.cell.compute.total_cmp(&b.cell.compute))
                    .then(a.index.cmp(&b.index))
            })?;
        let error = winner.is_fitted.then(|| resampled_mean(&winner.cell.report_errors, stream))?;
        // All the seeds drawn may be faultless ones, though the cell's mean is above zero.
        (error > 0.0).then(|| LogPoint::new(winner.cell.compute, error))
    }
}

/// Mean of as many values as there are, drawn with replacement.
fn resampled_mean(values: &[f64], stream: &mut Stream) -> f64 {
    let count = values.len() as u64;
    (0..count).map(|_| values[stream.below(count) as usize]).sum::<f64>() / count as f64
}
