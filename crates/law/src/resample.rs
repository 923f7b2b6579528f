//! Resampling of cells and seeds, with the choice of the winners repeated.
//!
//! That all which was done to the data is done to each resample, the choice of a model included, is the rule of Efron (2014, Estimation
//! and accuracy after model selection).

use chance::{Purpose, Stream};

use crate::cell::{Cell, mean};
use crate::frontier::{FrontierPoint, budget_of, budgets, edges, extents};
use crate::group::{self, Group};
use crate::point::LogPoint;

/// One resample: a winner for every fitted budget, or the middle of those of a group.
pub(crate) type Draw = Vec<LogPoint>;

/// Seeds drawn in all resamples together, of every cell once per resample; beyond, fewer resamples are drawn.
const MOST_DRAWS: usize = 20_000_000;

/// A draw whose winner is not fitted is drawn again this often before the full winner stands in.
const TRIES: usize = 100;

/// One fitted budget, with what does not change between resamples.
pub(crate) struct Contest<'a> {
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

/// `resamples` draws of the `fitted` points of the frontier of `cells`, those of each group in one.
///
/// In each, the cells of a budget are drawn with replacement among those that may win, and the seeds
/// of each drawn cell with replacement; then the winner is chosen and judged as on the full data.
/// Edges are those of the full grid: were they judged among the drawn cells, missing the outermost cell
/// would make its neighbour an edge, though the grid was wide enough.
///
/// The interval is to be about the budgets that were fitted. So a draw whose winner lies at an edge is
/// drawn again, and a budget that the full data leave out stays out: a draw that misses the winner at
/// the edge says nothing about what lies beyond it.
pub(crate) fn draws(contests: &[Contest], groups: &[Group], seed: u64, resamples: usize) -> Vec<Draw> {
    let draw = |resample| {
        let mut stream = Stream::new(seed, Purpose::Bootstrap, resample);
        // Among so many points those that never change need not be drawn.
        let is_still = |contest: &Contest| groups.len() < contests.len() && contest.seeds() == 0;
        let mut draw = |contest: &Contest| match is_still(contest) {
            true => contest.full,
            false => contest.draw(&mut stream),
        };
        groups.iter().map(|group| group::middle(contests[group.clone()].iter().map(&mut draw))).collect()
    };
    (0..resamples as u64).map(draw).collect()
}

/// The contests of the `fitted` points of the frontier of `cells`, in their order.
pub(crate) fn contests<'a>(cells: &'a [Cell], fitted: &[&FrontierPoint]) -> Vec<Contest<'a>> {
    let budgets = budgets(cells);
    let budget_of = budget_of(cells.len(), &budgets);
    fitted.iter().map(|point| contest(cells, &budgets[budget_of[point.cell]], point.logarithm())).collect()
}

/// How many resamples a fit of `contests` affords, of the `wanted` ones: [`MOST_DRAWS`] seeds drawn in all, but
/// never fewer than `least`.
pub(crate) fn affordable(contests: &[Contest], wanted: usize, least: usize) -> usize {
    let seeds: usize = contests.iter().map(Contest::seeds).sum();
    wanted.min((MOST_DRAWS / seeds.max(1)).max(least))
}

fn contest<'a>(cells: &'a [Cell], members: &[usize], full: LogPoint) -> Contest<'a> {
    let extents = extents(cells, members);
    let competitor = |&index: &usize| {
        let cell = &cells[index];
        let error = mean(&cell.report_errors);
        let is_fitted = error.is_finite() && error > 0.0 && edges(cell, &extents).is_empty();
        cell.can_win().then_some(Competitor { index, cell, is_fitted })
    };
    Contest { full, competitors: members.iter().filter_map(competitor).collect() }
}

impl Contest<'_> {
    /// Seeds of all competitors; none where every draw is the same.
    fn seeds(&self) -> usize {
        if let [only] = &self.competitors[..]
            && only.cell.report_errors.len() == 1
        {
            return 0;
        }
        let of = |competitor: &Competitor| {
            competitor.cell.selection_errors.len() + competitor.cell.report_errors.len()
        };
        self.competitors.iter().map(of).sum()
    }

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
