//! `ergo simulate`: what simulations of the theory's arguments gave.

use serde::{Deserialize, Serialize};

/// The object of `ergo simulate expert --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpertOutput {
    /// Candidate features.
    pub features: u64,
    /// Those that matter, each with a coefficient of 1.
    pub relevant: u64,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Seed of everything.
    pub seed: u64,
    /// Repetitions, each with samples of its own.
    pub repetitions: u64,
    /// How operations were counted.
    pub convention: String,
    /// One curve for each system: oracle, expert, flexible, regularised.
    pub curves: Vec<ExpertCurve>,
    /// Samples from which on the flexible system is ahead of the expert; null where it never is.
    pub flexible_ahead_samples: Option<f64>,
    /// The same in operations of learning.
    pub flexible_ahead_flops: Option<f64>,
    /// Samples from which on the regularised system is ahead of the expert; null where it never is.
    pub regularised_ahead_samples: Option<f64>,
    /// The same in operations of learning.
    pub regularised_ahead_flops: Option<f64>,
}

/// How one system does, by samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpertCurve {
    /// Which.
    pub system: String,
    /// By rising samples.
    pub places: Vec<ExpertPlace>,
}

/// One system on one number of samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpertPlace {
    /// Samples that it learned from.
    pub samples: u64,
    /// Mean operations of learning.
    pub flops: f64,
    /// Mean of -log10 of the mean squared error over the least possible; 0 is perfect.
    pub performance: f64,
    /// A tenth of the repetitions lie below.
    pub low: f64,
    /// A tenth of the repetitions lie above.
    pub high: f64,
    /// Repetitions in which its equations were singular, which are not in the above.
    pub singular: u64,
}

/// The object of `ergo simulate calibration --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationOutput {
    /// Simulated sweeps of each case.
    pub trials: u64,
    /// Resamples of each interval.
    pub resamples: u64,
    /// Seed of everything.
    pub seed: u64,
    /// Trainings of each cell.
    pub seeds_per_cell: u64,
    /// Deviation of ln error between them, beside that of the images.
    pub seed_deviation: f64,
    /// Images on which each is judged.
    pub test_images: u64,
    /// Error above the floor at the least compute.
    pub first_error: f64,
    /// Every case.
    pub cases: Vec<CalibrationCase>,
}

/// One kind of simulated sweep, and how often the 95% interval of its exponent held the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCase {
    /// `power` or `floor` for tables, and `sweep` for the power law through a frontier that is chosen from a grid.
    pub method: String,
    /// The true exponent.
    pub k: f64,
    /// The true floor, a fraction.
    pub floor: f64,
    /// Different computes.
    pub cells: u64,
    /// Decades that they span.
    pub decades: f64,
    /// Trials with an interval.
    pub with_interval: u64,
    /// Share of these whose interval holds the truth.
    pub coverage: Option<f64>,
    /// Median of the fitted exponent.
    pub median_k: Option<f64>,
    /// Standard deviation of the fitted 1/k over its mean.
    pub relative_error_b: Option<f64>,
    /// Share of trials in which a floor was identified.
    pub floor_identified: f64,
    /// Share of intervals that hold the truth among these trials; null where there are none.
    #[serde(default)]
    pub coverage_identified: Option<f64>,
    /// The same among the trials whose floor was not identified.
    #[serde(default)]
    pub coverage_not_identified: Option<f64>,
    /// Median of the exponent where a floor was identified.
    #[serde(default)]
    pub median_k_identified: Option<f64>,
    /// Whether the law is hard to tell by such a sweep: that standard error is above 10%.
    pub is_hard: bool,
}
