//! What metering costs a training, as `ergo doctor --overhead` measures it.

use serde::Serialize;

use crate::units::Seconds;

/// The same training steps with a meter and without, in pairs of blocks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverheadOutput {
    /// How many times as long the steps took with a meter: median over the pairs.
    pub ratio: f64,
    /// Lower end of its interval.
    pub ratio_low: f64,
    /// Upper end of its interval.
    pub ratio_high: f64,
    /// Half of the width of the interval.
    pub half_width: f64,
    /// The half-width at which the experiment ends.
    pub half_width_limit: f64,
    /// Whether it was reached before there were `pairs_limit` pairs.
    pub is_narrow: bool,
    /// Probability that the interval holds the median, if pairs are independent and their number is not chosen by them.
    pub coverage: f64,
    /// How ratio and interval were obtained.
    pub method: String,
    /// Pairs of blocks.
    pub pairs: u64,
    /// Pairs at which the experiment ends.
    pub pairs_limit: u64,
    /// Length of a block without a meter: median.
    #[serde(rename = "block_seconds")]
    pub block: Seconds,
    /// Training steps of every block.
    pub steps_per_block: u64,
    /// Times that a metered block asks its meter for power and changes phase, as a training does between chunks of steps.
    pub looks_per_block: u64,
    /// Network.
    pub net: String,
    /// Which implementation computed.
    pub learner: String,
    /// Images of a step.
    pub batch: u64,
    /// Threads that computed.
    pub threads: u64,
    /// Domains that the meter read.
    pub domains: Vec<String>,
    /// The thread that reads between the edges of phases; null where there is none, as an estimate needs no more than edges.
    pub sampler: Option<SamplerOverhead>,
    /// Time under a meter, steps before the blocks included.
    #[serde(rename = "metered_seconds")]
    pub metered: Seconds,
    /// What was measured, pair by pair.
    pub blocks: Vec<OverheadPair>,
}

/// What the thread that reads the sources took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SamplerOverhead {
    /// Time between two readings, up to a tenth less.
    #[serde(rename = "interval_seconds")]
    pub interval: Seconds,
    /// Its processor time in the metered blocks, the end of the thread included.
    #[serde(rename = "processor_seconds")]
    pub processor: Seconds,
    /// That time as a share of the metered blocks.
    pub share: f64,
    /// What the share is to stay below.
    pub share_limit: f64,
    /// Its processor time before a block: of its start and its first looks, which are closer together. A run has it once; mean over
    /// the metered blocks.
    #[serde(rename = "start_processor_seconds")]
    pub start: Seconds,
}

/// Two blocks of the same number of steps, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OverheadPair {
    /// With a meter.
    #[serde(rename = "metered_seconds")]
    pub metered: Seconds,
    /// Without.
    #[serde(rename = "unmetered_seconds")]
    pub unmetered: Seconds,
    /// Which came first, as it was drawn.
    pub metered_first: bool,
}
