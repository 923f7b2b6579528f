//! How well trainings used their device, as commands print it; none of it is stored, as it follows from records.

use serde::Serialize;

use crate::run::RunRecord;
use crate::spec::RunId;

/// The speed of one training against its peaks; ratios are null where a peak is unknown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utilisation {
    /// Model FLOP/s of the train phase.
    pub flops_per_second: Option<f64>,
    /// Executed FLOP/s of the train phase.
    pub executed_flops_per_second: Option<f64>,
    /// Model FLOPs of training in petaflop/s-days: method 1 of OpenAI's "AI and Compute".
    pub pfs_days: f64,
    /// Model FLOP/s over the theoretical peak.
    pub mfu_theoretical: Option<f64>,
    /// Model FLOP/s over the measured peak; above 1 where fewer multiplications are executed than the model counts.
    pub mfu_measured: Option<f64>,
    /// Executed FLOP/s over the theoretical peak.
    pub hfu_theoretical: Option<f64>,
    /// Executed FLOP/s over the measured peak; above 1 something was measured wrongly.
    pub hfu_measured: Option<f64>,
    /// Compute as one would guess it from seconds; null without any peak.
    pub method2: Option<Method2>,
}

/// Method 2 of OpenAI's "AI and Compute": seconds x peak x a utilisation that is assumed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Method2 {
    /// Seconds of the train phase.
    pub train_seconds: f64,
    /// The peak in FLOP/s.
    pub peak_flops_per_second: f64,
    /// Which: the theoretical one where it is known, as OpenAI took it, else the measured one.
    pub peak: PeakName,
    /// 0.33 on a card, 0.17 on a processor.
    pub assumed_utilisation: f64,
    /// Their product.
    pub flops: f64,
    /// The same in petaflop/s-days.
    pub pfs_days: f64,
}

/// One of two peaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeakName {
    /// By what the device is made of.
    Theoretical,
    /// By a burst.
    Measured,
}

impl PeakName {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PeakName::Theoretical => "theoretical",
            PeakName::Measured => "measured",
        }
    }
}

/// The object of `ergo train --json`: the record, and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainOutput<'a> {
    /// As it is kept.
    #[serde(flatten)]
    pub record: &'a RunRecord,
    /// How well the device was used.
    pub utilisation: Utilisation,
}

/// One run in `ergo report`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunUtilisation {
    /// Which run.
    pub id: RunId,
    /// Its network.
    pub net: String,
    /// Its seed.
    pub seed: u64,
    /// How well it used its device.
    #[serde(flatten)]
    pub utilisation: Utilisation,
}

/// All runs with one of the peaks, in `ergo report`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AgainstPeak {
    /// Runs whose peak of this kind is known.
    pub runs: usize,
    /// Their model FLOPs over what their peaks would have done in their train seconds.
    pub mfu: f64,
    /// The same of executed FLOPs.
    pub hfu: f64,
}

/// Methods 1 and 2 for the runs that have a peak, in `ergo report`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Methods {
    /// Runs with a peak.
    pub runs: usize,
    /// Their model FLOPs in petaflop/s-days: method 1.
    pub method1_pfs_days: f64,
    /// Seconds x peak x assumed utilisation, in FLOPs: method 2.
    pub method2_flops: f64,
    /// The same in petaflop/s-days.
    pub method2_pfs_days: f64,
}
