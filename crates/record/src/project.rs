//! What a lower error would cost, as `ergo project` prints it; triples are lower bound, central value and upper bound.

use serde::Serialize;

use crate::energy::Kind;

/// A number with its interval; null where an end is unbounded or unknown.
pub type Triple = [Option<f64>; 3];

/// The object of `ergo project --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectOutput {
    /// What was fitted.
    pub source: String,
    /// Unit of compute: `FLOP`, or the column of a table of points, which is taken to count FLOPs.
    pub compute_unit: String,
    /// Unit of errors: `fraction`, or the column of a table of points.
    pub error_unit: String,
    /// The exponent without a floor.
    pub k: Triple,
    /// The exponent above a floor; no central value where that is not identified.
    pub k_floor: Triple,
    /// The floor, in the unit of errors.
    pub floor: Triple,
    /// Smallest and largest compute fitted.
    pub compute_range: Option<[f64; 2]>,
    /// Smallest error fitted: today's.
    pub error_today: Option<f64>,
    /// Model FLOP/s by which hours are told; null where no speed is known.
    pub flops_per_second: Option<f64>,
    /// Power by which energy is told, of the whole machine.
    pub watts: Option<[f64; 3]>,
    /// How that power was obtained.
    pub watts_kind: Option<Kind>,
    /// Every error that was asked for.
    pub targets: Vec<TargetOutput>,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// What a reader must know before believing them; extrapolation over more than two decades leads.
    pub warnings: Vec<String>,
}

/// What one error would cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetOutput {
    /// The error in words.
    pub name: String,
    /// The error in its unit.
    pub error: f64,
    /// By the power law without a floor.
    pub power: AnswerOutput,
    /// By the law with a floor.
    pub floor: AnswerOutput,
    /// By power laws with given exponents from today's error, where it is lower.
    pub references: Vec<ReferenceOutput>,
}

/// What one law says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AnswerOutput {
    /// Model FLOPs of the one training that reaches the error.
    pub flops: Triple,
    /// Decades of compute from the largest that was fitted to the central value, or, negative, from the smallest down to
    /// it; 0 within the data.
    pub decades_beyond: Option<f64>,
    /// The same FLOPs in petaflop/s-days.
    pub pfs_days: Triple,
    /// Hours of training at the speed that is known.
    pub hours: Triple,
    /// Kilowatt-hours over these.
    pub kwh: Triple,
    /// Kilograms of CO2 equivalent; null without a grid.
    pub kg_co2e: Triple,
    /// Electricity in US dollars; null without a price.
    pub usd_electricity: Triple,
    /// Rent of the machine in US dollars, instead of electricity; null without a price.
    pub usd_rental: Triple,
    /// Why there is no central value.
    pub reason: Option<String>,
}

/// What a power law with a given exponent says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferenceOutput {
    /// Its exponent.
    pub k: f64,
    /// What halving the error costs by it: 2^k.
    pub halving_cost: f64,
    /// Model FLOPs.
    pub flops: f64,
    /// Hours of training at the speed that is known.
    pub hours: Option<f64>,
}
