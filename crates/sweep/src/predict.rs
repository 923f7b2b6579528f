//! What a sweep will cost, from rates measured on this machine: estimates, and labelled so.

use std::collections::HashSet;

use record::output::{DryRun, DryRunOutput};
use record::spec::RunId;
use record::units::{Joules, Seconds, Watts};

use crate::plan::{PlannedRun, Sweep};

/// How fast this machine trains and evaluates one network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Model FLOPs of one step of training.
    pub step_flops: f64,
    /// Seconds of one step, the making of its images included.
    pub seconds_per_step: f64,
    /// Seconds per model FLOP of evaluation.
    pub seconds_per_eval_flop: f64,
    /// Seconds of every run: building the learner, moving images.
    pub seconds_per_run: f64,
}

/// How fast this machine is with several networks, told apart by the FLOPs of their steps; others lie between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// In the order of the steps' FLOPs.
    rates: Vec<Rate>,
    /// Mean power while training; `None` where nothing is known of it.
    watts: Option<f64>,
}

impl Rates {
    /// These rates, in any order. Without any, everything takes no time.
    #[must_use]
    pub fn new(mut rates: Vec<Rate>, watts: Option<f64>) -> Rates {
        rates.sort_by(|a, b| a.step_flops.total_cmp(&b.step_flops));
        Rates { rates, watts }
    }

    /// The rate of a network with steps of so many FLOPs: as measured, or on the line between its neighbours. A step
    /// below all that were measured takes as long as the least of them, and one above all is as fast by the FLOP as
    /// the largest.
    fn at(&self, step_flops: f64) -> Rate {
        let next = self.rates.partition_point(|rate| rate.step_flops < step_flops);
        let below = next.checked_sub(1).map(|below| self.rates[below]);
        match (below, self.rates.get(next)) {
            (Some(below), Some(above)) => {
                let share = (step_flops - below.step_flops) / (above.step_flops - below.step_flops);
                let between = |below: f64, above: f64| below + share * (above - below);
                Rate {
                    step_flops,
                    seconds_per_step: between(below.seconds_per_step, above.seconds_per_step),
                    seconds_per_eval_flop: between(below.seconds_per_eval_flop, above.seconds_per_eval_flop),
                    seconds_per_run: between(below.seconds_per_run, above.seconds_per_run),
                }
            }
            (None, Some(least)) => *least,
            (Some(most), None) => {
                let seconds_per_step = most.seconds_per_step * step_flops / most.step_flops;
                Rate { step_flops, seconds_per_step, ..most }
            }
            (None, None) => Rate::default(),
        }
    }
}

/// Predicted time of one run that has the machine to itself, its one evaluation at the end included.
#[must_use]
pub fn seconds(run: &PlannedRun, rates: &Rates) -> Seconds {
    let steps = run.spec.steps as f64;
    let rate = rates.at(run.train_flops.as_f64() / steps);
    Seconds(
        rate.seconds_per_run
            + rate.seconds_per_step * steps
            + rate.seconds_per_eval_flop * run.evaluation_flops.as_f64(),
    )
}

/// Predicted energy of one run; `None` where the power is not known.
#[must_use]
pub fn joules(run: &PlannedRun, rates: &Rates) -> Option<Joules> {
    rates.watts.map(|watts| Watts(watts) * seconds(run, rates))
}

/// Every run with its predicted cost; the sums are over what is not finished. `method` says where the rates come
/// from, and `out` is the sweep's folder. The fit is left to the caller, who has the records.
#[must_use]
pub fn dry_run(
    sweep: &Sweep,
    finished: &HashSet<RunId>,
    rates: &Rates,
    method: &str,
    out: &str,
) -> DryRunOutput {
    let runs: Vec<DryRun> =
        sweep.runs.iter().map(|run| predicted(run, finished.contains(&run.id), rates)).collect();
    let to_do = || runs.iter().filter(|run| !run.done);
    let done = runs.len() - to_do().count();
    DryRunOutput {
        runs_planned: runs.len(),
        runs_done: done,
        runs_skipped: done,
        train_flops: to_do().map(|run| run.train_flops).sum(),
        predicted_seconds: to_do().map(|run| run.predicted_seconds).sum(),
        predicted_joules: rates.watts.map(|_| to_do().filter_map(|run| run.predicted_joules).sum()),
        planned_memory_bytes: None,
        method: method.to_owned(),
        out: out.to_owned(),
        fit: None,
        runs,
    }
}

fn predicted(run: &PlannedRun, done: bool, rates: &Rates) -> DryRun {
    DryRun {
        id: run.id.to_string(),
        cell: run.cell(),
        seed: run.spec.seed,
        steps: run.spec.steps,
        train_flops: run.train_flops,
        predicted_seconds: seconds(run, rates).0,
        predicted_joules: joules(run, rates).map(|joules| joules.0),
        done,
    }
}

#[cfg(test)]
mod tests;
