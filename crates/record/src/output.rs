//! The objects that commands print with `--json`; a run record is its own object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::Flops;

/// `ergo flops`: the cost of one network.
#[derive(Clone, Debug, Serialize)]
pub struct FlopsOutput {
    /// Network.
    pub net: String,
    /// Input as `CxHxW`.
    pub input: String,
    /// Trained parameters.
    pub params: u64,
    /// Multiply-accumulates of one forward pass on one image.
    pub macs: u64,
    /// Model FLOPs of one forward pass on one image.
    pub forward_flops: Flops,
    /// Model FLOPs to train on one image.
    pub train_flops: Flops,
    /// How they were counted.
    pub convention: String,
    /// FLOPs of the optimizer in one step, whatever its batch; in no other count.
    pub optimizer_flops_per_step: Flops,
    /// How these were counted.
    pub optimizer_convention: String,
    /// Images that the whole training sees; null without examples and epochs.
    pub images: Option<u128>,
    /// Model FLOPs of the whole training, exact; null without examples and epochs.
    pub total_train_flops: Option<u128>,
    /// The same in petaflop/s-days.
    pub pfs_days: Option<f64>,
    /// Layer by layer.
    pub layers: Vec<LayerOutput>,
}

/// One layer in `ergo flops`.
#[derive(Clone, Debug, Serialize)]
pub struct LayerOutput {
    /// Node name.
    pub name: String,
    /// Output as `CxHxW`.
    pub output: String,
    /// Trained parameters.
    pub params: u64,
    /// Multiply-accumulates on one image.
    pub macs: u64,
    /// Model FLOPs of the forward pass on one image.
    pub forward_flops: Flops,
    /// Of the gradient of its input, where that is needed.
    pub input_gradient_flops: Flops,
    /// Of the gradient of its weights.
    pub weight_gradient_flops: Flops,
    /// Model FLOPs to train on one image: the three together.
    pub train_flops: Flops,
}

/// `ergo fit`: the exponent and how sure one can be of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitOutput {
    /// -d log C / d log E along the frontier, without a floor: the number that is compared with 4 and 9.
    pub k: Option<f64>,
    /// Lower end of its 95% interval.
    pub k_low: Option<f64>,
    /// Upper end of its 95% interval; null: unbounded.
    pub k_high: Option<f64>,
    /// 1/b of the fit error = floor + a C^-b.
    pub k_floor: Option<f64>,
    /// Lower end of its interval.
    pub k_floor_low: Option<f64>,
    /// Upper end of its interval; null: unbounded.
    pub k_floor_high: Option<f64>,
    /// The error that no compute removes, as fitted.
    pub floor: Option<f64>,
    /// Lower end of its interval.
    pub floor_low: Option<f64>,
    /// Upper end of its interval.
    pub floor_high: Option<f64>,
    /// Unit of compute throughout: `FLOP`, `s` or `J`, or the column of a table of points.
    pub compute_unit: String,
    /// Unit of errors throughout: `fraction`, or the column of a table of points.
    pub error_unit: String,
    /// Frontier points that entered the fit.
    pub points: usize,
    /// Errors between which k was measured, largest first.
    pub error_range: Option<[f64; 2]>,
    /// Compute between which k was measured.
    pub compute_range: Option<[f64; 2]>,
    /// Factor in compute that halves the error: 2^k.
    pub halving_cost: Option<f64>,
    /// The name of the method of k; `power` where none was asked for.
    pub method: String,
    /// What a reader must know before believing them.
    pub warnings: Vec<String>,
    /// The frontier, with the points that were left out; empty where a method was asked for that needs none.
    pub frontier: Vec<FrontierOutput>,
    /// What was fitted, where several were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Coefficients, intervals and figures of the method.
    #[serde(flatten)]
    pub more: MethodOutput,
}

/// As much of [`FitsOutput`] as its figure shows, read back from what was printed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ComparedOutput {
    /// In the order that they were printed.
    pub fits: Vec<ComparedFit>,
}

/// As much of a [`FitOutput`] as the figure of a comparison shows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ComparedFit {
    /// The name of the method.
    pub method: String,
    /// What was fitted, where several were.
    pub path: Option<String>,
    /// Unit of compute.
    pub compute_unit: String,
    /// The exponent without a floor.
    pub k: Option<f64>,
    /// Lower end of its interval.
    pub k_low: Option<f64>,
    /// Upper end of its interval.
    pub k_high: Option<f64>,
    /// The exponent of the error above a floor.
    pub k_floor: Option<f64>,
    /// Lower end of its interval.
    pub k_floor_low: Option<f64>,
    /// Upper end of its interval.
    pub k_floor_high: Option<f64>,
}

/// What a fit says beyond the exponents.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MethodOutput {
    /// How the numbers were obtained, in a sentence or two.
    pub description: String,
    /// Coefficients by name, the floor apart; null where the data do not settle them.
    #[serde(flatten)]
    pub coefficients: BTreeMap<String, Option<f64>>,
    /// The interval of every coefficient and exponent by name; null: an end that is unbounded or unknown.
    pub intervals: BTreeMap<String, [Option<f64>; 2]>,
    /// The intervals of the exponents by how they were made: `bootstrap` of cells and seeds with the choice repeated,
    /// which only records have; `residual`, from what the fit leaves; and `profile`, of the likelihood.
    pub intervals_by: BTreeMap<String, BTreeMap<String, [Option<f64>; 2]>>,
    /// The coefficients as fitted, also those that the data do not settle: the curve that is drawn. Empty without one, and
    /// for the surface.
    pub curve: BTreeMap<String, f64>,
    /// The law with a floor as fitted, beside the one without that the coefficients are of; absent where one law was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub floor_curve: BTreeMap<String, f64>,
    /// Share of the variance of log error that is explained.
    pub r2: Option<f64>,
    /// Akaike's criterion of log error, corrected for few points; lower is better.
    pub aicc: Option<f64>,
    /// Settings among the points: those of equal compute are replicates of one.
    pub cells: usize,
    /// Rows that were not fitted: held out or dropped.
    pub held_out: usize,
    /// Root mean square of the log error on them; null without any.
    pub holdout_rmse_log: Option<f64>,
    /// The same on the largest fifth of the computes, from a fit to the others; null where methods are not compared.
    pub extrapolation_rmse_log: Option<f64>,
    /// The slope within each decade of compute.
    pub decades: Vec<DecadeOutput>,
}

/// The power law within one decade of compute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecadeOutput {
    /// Compute at which it begins.
    pub from: f64,
    /// Points within it.
    pub points: usize,
    /// -d log E / d log C.
    pub b: Option<f64>,
    /// 1/b; null where error does not fall.
    pub k: Option<f64>,
}

/// `ergo fit` of several paths, or by several methods.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FitsOutput {
    /// One fit after the other.
    pub fits: Vec<FitOutput>,
}

/// One point of the frontier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontierOutput {
    /// What was chosen, for example `cnn-w8-d2 lr 0.1`.
    pub cell: String,
    /// What it took, in the unit of compute.
    pub compute: f64,
    /// Mean test error on the reporting seeds.
    pub error: f64,
    /// Standard error of that mean; null with one seed.
    pub error_deviation: Option<f64>,
    /// Mean validation error on the selection seeds, by which it was chosen.
    pub validation_error: Option<f64>,
    /// Axes at whose edge the winner lies; such a point is not fitted.
    pub edges: Vec<String>,
    /// Whether it stands alone in its budget and a cheaper point errs no more; such a point is not fitted.
    pub dominated: bool,
    /// Whether it entered the fit.
    pub fitted: bool,
}

/// `ergo sweep`: what was planned and done.
#[derive(Clone, Debug, Serialize)]
pub struct SweepOutput {
    /// Runs of the sweep.
    pub runs_planned: usize,
    /// Runs finished in all.
    pub runs_done: usize,
    /// Runs that were finished before this command.
    pub runs_skipped: usize,
    /// Runs that diverged, among those done.
    pub runs_diverged: usize,
    /// What cannot be true of a record, each with the run it is of: faults in the measurement.
    pub faults: Vec<String>,
    /// The sweep's folder.
    pub out: String,
    /// Why it ended early; null when it did not.
    pub stopped: Option<String>,
    /// The law; null while there is too little to fit.
    pub fit: Option<FitOutput>,
    /// Figures written.
    pub figures: Vec<String>,
}

/// `ergo sweep --slurm`: a job script.
#[derive(Clone, Debug, Serialize)]
pub struct SlurmOutput {
    /// The script, to be given to `sbatch`.
    pub script: String,
}

/// `ergo sweep --dry-run`: every run and what it is predicted to cost.
#[derive(Clone, Debug, Serialize)]
pub struct DryRunOutput {
    /// Runs of the sweep.
    pub runs_planned: usize,
    /// Runs finished before.
    pub runs_done: usize,
    /// Runs that the sweep would skip because they are finished: the same number, under the name it has after a sweep.
    pub runs_skipped: usize,
    /// Model FLOPs of the training still to do.
    pub train_flops: Flops,
    /// Predicted seconds of what is still to do: an estimate.
    pub predicted_seconds: f64,
    /// Predicted joules of what is still to do: an estimate; null when nothing is known of this machine.
    pub predicted_joules: Option<f64>,
    /// Bytes that the learner plans to take for the network with the largest steps, of one run alone; null when it cannot tell.
    pub planned_memory_bytes: Option<u64>,
    /// How the predictions were made.
    pub method: String,
    /// The sweep's folder.
    pub out: String,
    /// The law in what is finished; null while there is too little to fit.
    pub fit: Option<FitOutput>,
    /// Every run.
    pub runs: Vec<DryRun>,
}

/// One run of a dry run.
#[derive(Clone, Debug, Serialize)]
pub struct DryRun {
    /// Its id.
    pub id: String,
    /// What it trains, in words.
    pub cell: String,
    /// Seed.
    pub seed: u64,
    /// Steps.
    pub steps: u64,
    /// Model FLOPs of its training.
    pub train_flops: Flops,
    /// Predicted seconds, evaluation included.
    pub predicted_seconds: f64,
    /// Predicted joules.
    pub predicted_joules: Option<f64>,
    /// Whether its record is on disk already.
    pub done: bool,
}

/// An error, on stdout with `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorOutput {
    /// What was wrong and what to do.
    pub error: String,
    /// The program's exit code.
    pub exit_code: u8,
}
