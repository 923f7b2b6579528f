//! What a sweep will cost, from rates measured on this machine: estimates, and labelled so.

use std::collections::HashSet;

use record::output::{DryRun, DryRunOutput};
use record::spec::RunId;
use record::units::{Joules, Seconds, Watts};

use crate::plan::{PlannedRun, Sweep};

/// How fast this machine trains and evaluates. A step costs a fixed time besides its arithmetic, which is what
/// small networks spend their time on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Seconds of every step, whatever its size.
    pub seconds_per_step: f64,
    /// Seconds per model FLOP of training.
    pub seconds_per_train_flop: f64,
    /// Seconds per model FLOP of evaluation.
    pub seconds_per_eval_flop: f64,
    /// Seconds of every run: building the learner, moving images.
    pub seconds_per_run: f64,
    /// Mean power while training; `None` where nothing is known of it.
    pub watts: Option<f64>,
}

/// Predicted time of one run that has the machine to itself, its one evaluation at the end included.
#[must_use]
pub fn seconds(run: &PlannedRun, rate: &Rate) -> Seconds {
    Seconds(
        rate.seconds_per_run
            + rate.seconds_per_step * run.spec.steps as f64
            + rate.seconds_per_train_flop * run.train_flops.as_f64()
            + rate.seconds_per_eval_flop * run.evaluation_flops.as_f64(),
    )
}

/// Predicted energy of one run; `None` where the power is not known.
#[must_use]
pub fn joules(run: &PlannedRun, rate: &Rate) -> Option<Joules> {
    rate.watts.map(|watts| Watts(watts) * seconds(run, rate))
}

/// Every run with its predicted cost; the sums are over what is not finished. `method` says where the rates come
/// from, and `out` is the sweep's folder. The fit is left to the caller, who has the records.
#[must_use]
pub fn dry_run(
    sweep: &Sweep,
    finished: &HashSet<RunId>,
    rate: &Rate,
    method: &str,
    out: &str,
) -> DryRunOutput {
    let runs: Vec<DryRun> =
        sweep.runs.iter().map(|run| predicted(run, finished.contains(&run.id), rate)).collect();
    let to_do = || runs.iter().filter(|run| !run.done);
    let done = runs.len() - to_do().count();
    DryRunOutput {
        runs_planned: runs.len(),
        runs_done: done,
        runs_skipped: done,
        train_flops: to_do().map(|run| run.train_flops).sum(),
        predicted_seconds: to_do().map(|run| run.predicted_seconds).sum(),
        predicted_joules: rate.watts.map(|_| to_do().filter_map(|run| run.predicted_joules).sum()),
        method: method.to_owned(),
        out: out.to_owned(),
        fit: None,
        runs,
    }
}

fn predicted(run: &PlannedRun, done: bool, rate: &Rate) -> DryRun {
    DryRun {
        id: run.id.to_string(),
        cell: run.cell(),
        seed: run.spec.seed,
        steps: run.spec.steps,
        train_flops: run.train_flops,
        predicted_seconds: seconds(run, rate).0,
        predicted_joules: joules(run, rate).map(|joules| joules.0),
        done,
    }
}

#[cfg(test)]
mod tests;
