//! Costs as commands print them; they are never stored, as they follow from joules, seconds and what the user says.

use serde::Serialize;

use crate::profile::Part;
use crate::utilisation::{AgainstPeak, Methods, RunUtilisation};

/// What energy and time cost; triples are lower bound, central value and upper bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CostOutput {
    /// Kilowatt-hours, with what the building adds; null when the energy is unknown.
    pub kwh: Option<[f64; 3]>,
    /// Kilograms of CO2 equivalent; null without a grid.
    pub kg_co2e: Option<[f64; 3]>,
    /// Electricity in US dollars; null without a price.
    pub usd_electricity: Option<[f64; 3]>,
    /// Rent of the machine in US dollars, instead of electricity and not beside it; null without a price.
    pub usd_rental: Option<f64>,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// The object of `ergo report --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportOutput {
    /// Finished runs.
    pub runs: usize,
    /// Those that diverged, among them.
    pub runs_diverged: usize,
    /// Model FLOPs of all trainings.
    pub train_flops: u128,
    /// The same in petaflop/s-days.
    pub pfs_days: f64,
    /// Executed FLOPs of all trainings.
    pub executed_train_flops: u128,
    /// Model FLOPs of all evaluations.
    pub evaluate_flops: u128,
    /// FLOPs of the optimizer in all trainings, which no other count holds; null where no record keeps them.
    pub optimizer_flops: Option<u128>,
    /// Records that keep them.
    pub optimizer_runs: usize,
    /// Seconds of all runs, one after the other: those of runs side by side overlap.
    pub seconds: f64,
    /// Those of training steps alone.
    pub train_seconds: f64,
    /// Training steps taken apart, over the runs that were trained with a profile; absent without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub train_parts: Vec<ReportedPart>,
    /// Model FLOPs of trainings over those seconds; null where there are none.
    pub flops_per_second: Option<f64>,
    /// Executed FLOPs of trainings over those seconds.
    pub executed_flops_per_second: Option<f64>,
    /// The runs with a theoretical peak; null where there are none.
    pub theoretical: Option<AgainstPeak>,
    /// The runs with a measured peak; null where there are none.
    pub measured: Option<AgainstPeak>,
    /// Compute as counted and as guessed from seconds, for the runs with any peak; null where there are none.
    pub methods: Option<Methods>,
    /// Every run with a peak.
    pub utilisation: Vec<RunUtilisation>,
    /// What cannot be true of these records: faults in the measurement.
    pub faults: Vec<String>,
    /// Energy of the machine by how it was obtained; kinds are never added to each other.
    pub energy: Vec<ReportedEnergy>,
    /// What that cost.
    pub costs: CostOutput,
    /// What a reader must know before believing this.
    pub warnings: Vec<String>,
}

/// Energy of the runs whose energy was obtained in one way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportedEnergy {
    /// How.
    pub kind: crate::energy::Kind,
    /// Runs.
    pub runs: usize,
    /// Joules with their bounds; null when unknown.
    pub joules: Option<[f64; 3]>,
    /// Joules of these runs in all, judging and reading included, for each 1e12 of their model's training FLOPs.
    pub joules_per_tflop: Option<f64>,
}

/// A part of the training steps of the runs with a profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportedPart {
    /// Which one.
    pub part: Part,
    /// Runs with a profile, the same for all parts.
    pub runs: usize,
    /// Seconds of these runs, one after the other.
    pub seconds: f64,
}
