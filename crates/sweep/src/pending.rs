//! What is still to do: the runs of a sweep less those that are finished, and one worker's share of them.

use std::collections::HashSet;

use record::spec::RunId;

use crate::error::SlurmError;
use crate::plan::PlannedRun;

/// Runs by whether they are finished.
#[derive(Clone, Debug)]
pub struct Pending<'a> {
    /// Still to do, in the order of the sweep: small budgets first, then cell by cell, so that what an
    /// interrupted sweep leaves behind is a frontier that merely ends early.
    pub to_do: Vec<&'a PlannedRun>,
    /// How many are finished.
    pub done: usize,
}

/// The runs among `runs` that are not among the `finished`.
#[must_use]
pub fn pending<'a>(runs: &'a [PlannedRun], finished: &HashSet<RunId>) -> Pending<'a> {
    let to_do: Vec<&PlannedRun> = runs.iter().filter(|run| !finished.contains(&run.id)).collect();
    let done = runs.len() - to_do.len();
    Pending { to_do, done }
}

/// Share `index` of `count`, from 1: every `count`-th of `runs`, so that each share has its part of every budget.
///
/// Share the whole sweep and take what is finished from the share, not the other way round: what is finished
/// changes while workers start, and shares of what is left would overlap.
///
/// # Errors
/// An index that is not from 1 to `count`.
pub fn shard<T>(runs: Vec<T>, index: usize, count: usize) -> Result<Vec<T>, SlurmError> {
    if index == 0 || index > count {
        let expected = "I/N with I from 1 to N, such as 1/8".to_owned();
        return Err(SlurmError { setting: "shard", found: format!("{index}/{count}"), expected });
    }
    Ok(runs.into_iter().skip(index - 1).step_by(count).collect())
}

#[cfg(test)]
mod tests;
