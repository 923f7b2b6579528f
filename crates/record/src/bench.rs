//! What `ergo bench` measures and prints with `--json`, schema `ergo.bench/1`.

use serde::{Deserialize, Serialize};

use crate::energy::{EnergyWindow, Kind};
use crate::run::{Build, Host};
use crate::units::{Flops, Seconds};

/// Name and version of the form of [`BenchOutput`].
pub const SCHEMA: &str = "ergo.bench/1";

/// Which work is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BenchPhase {
    /// Training steps: forward, backward and update.
    Train,
    /// Judging images: forward alone.
    Infer,
}

impl BenchPhase {
    /// The name on the command line and in the output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BenchPhase::Train => "train",
            BenchPhase::Infer => "infer",
        }
    }
}

/// `ergo bench`: how fast each configuration is on this machine.
#[derive(Clone, Debug, Serialize)]
pub struct BenchOutput {
    /// [`SCHEMA`].
    pub schema: String,
    /// Every configuration, the learners that are compared next to each other.
    pub rows: Vec<BenchRow>,
    /// The measured peaks: of the processor for every number of threads, of every card for every precision.
    pub peaks: Vec<BenchPeak>,
    /// From where on each card is faster than the processor; empty without both, or with a single size of work.
    pub overtaking: Vec<Overtaking>,
    /// What `low` and `high` are throughout.
    pub interval: IntervalFacts,
    /// Rounds: every configuration has one slice in each, in an order that is drawn anew.
    pub rounds: u64,
    /// Least length of a slice; one that holds a single call of a slow learner is longer.
    pub slice_seconds: Seconds,
    /// How model FLOPs are counted.
    pub convention: String,
    /// Share of the processor time that other work took from the multiply-add loop, which never waits; null where
    /// the loop had no processor time at all.
    pub others_share: Option<f64>,
    /// What a reader must know before believing the numbers.
    pub warnings: Vec<String>,
    /// The program.
    pub build: Build,
    /// The machine.
    pub host: Host,
    /// When it began, seconds since 1970-01-01 UTC.
    pub started_unix: f64,
}

/// How the ends of every interval were obtained.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntervalFacts {
    /// In words.
    pub method: String,
    /// Probability that the interval holds the median, if slices are independent.
    pub coverage: f64,
}

/// One configuration and how fast it is.
#[derive(Clone, Debug, Serialize)]
pub struct BenchRow {
    /// Network.
    pub net: String,
    /// Data set whose shape the random images have.
    pub data: String,
    /// Which implementation computed.
    pub learner: String,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Type of the numbers that are multiplied.
    pub precision: String,
    /// Threads that computed.
    pub threads: u64,
    /// Images of a step, or handed over at once to be judged.
    pub batch: u64,
    /// Which work.
    pub phase: BenchPhase,
    /// Median over the slices.
    pub images_per_second: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// Median of model GFLOP/s.
    pub gflops: f64,
    /// `gflops / peak_gflops`: model FLOP/s against the measured peak, dense.
    pub mfu: f64,
    /// The measured peak: of the processor for this number of threads, in f32; of a card in this precision.
    pub peak_gflops: f64,
    /// What the mathematics needs for one image in this phase.
    pub flops_per_image: Flops,
    /// What the learner ran for one image, padding of batches included.
    pub executed_flops_per_image: f64,
    /// Memory that the learner planned, weights and momenta included, in bytes; null from one that plans none.
    pub memory_bytes: Option<u64>,
    /// Median of images per second of processor time, which other work on the machine disturbs little; null where
    /// the system counts no processor time.
    pub images_per_cpu_second: Option<f64>,
    /// The same utilisation with processor time in place of the clock, for the learner and for the loop; waiting of
    /// the learner's threads drops out, and so does other work on the machine.
    pub mfu_cpu: Option<f64>,
    /// How many times as fast as `ratio_to`: median over the rounds of the ratio within a round; null when this
    /// is the only learner of its configuration.
    pub ratio: Option<f64>,
    /// Lower end of its interval.
    pub ratio_low: Option<f64>,
    /// Upper end of its interval.
    pub ratio_high: Option<f64>,
    /// The first learner of the same configuration, with its device where that is another one.
    pub ratio_to: Option<String>,
    /// Energy of one image; null when unknown, never a silent zero. An estimate where `energy_kind` is `modelled`.
    pub joules_per_image: Option<f64>,
    /// Energy of 1e12 model FLOP, from the same joules.
    pub joules_per_tflop: Option<f64>,
    /// Mean power over the slices.
    pub watts: Option<f64>,
    /// How the joules were obtained.
    pub energy_kind: Kind,
    /// Whether they and the watts are those of the cards alone, as those of the rest of the machine are unknown or an estimate.
    pub cards_alone: bool,
    /// Energy by domain over the slices, with bounds and sources.
    pub energy: Vec<EnergyWindow>,
    /// Time by layer; null without `--profile`, and for a learner that cannot tell.
    pub profile: Option<Vec<LayerTime>>,
    /// What was measured, round by round.
    pub slices: Vec<Slice>,
}

/// From where on a card is faster than the processor, as work grows in one way while all else stays the same. The
/// processor counts with the fastest of its rows, whatever their learner, precision and threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overtaking {
    /// `cuda:N`.
    pub device: String,
    /// What computed on the card.
    pub learner: String,
    /// In which precision.
    pub precision: String,
    /// Network, with `*` in place of a width that grows.
    pub net: String,
    /// Data set whose shape the images have.
    pub data: String,
    /// Which work.
    pub phase: BenchPhase,
    /// What grows.
    pub along: Growth,
    /// The batch that all widths had; null where batches grow.
    pub batch: Option<u64>,
    /// The sizes at which both were measured, rising.
    pub measured: Vec<u64>,
    /// The least of them from which on the card is faster at all; null where it is not at the largest.
    pub from: Option<u64>,
}

/// In which way work grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// More images in a step.
    Batch,
    /// Wider layers.
    Width,
}

impl Growth {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Growth::Batch => "batch",
            Growth::Width => "width",
        }
    }
}

/// A measured peak: of multiply-adds on registers alone, or on a card of products of large matrices.
#[derive(Clone, Debug, Serialize)]
pub struct BenchPeak {
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Type of the numbers that were multiplied.
    pub precision: String,
    /// Threads that ran the loop; null on a card.
    pub threads: Option<u64>,
    /// Median over the rounds.
    pub gflops: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// Median of GFLOP per second of processor time; null where the system counts none.
    pub gflops_per_cpu_second: Option<f64>,
    /// What was run.
    pub source: String,
    /// What the device is made to do at most, dense; null where that is not known.
    pub theoretical_gflops: Option<f64>,
    /// What that follows from, or why it is not known.
    pub theoretical_source: String,
}

/// Work of one round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// Images trained on or judged.
    pub images: u64,
    /// Time by the clock.
    pub seconds: Seconds,
    /// Processor time of all threads of this process.
    pub cpu_seconds: Seconds,
}

/// What a learner does with the time of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerPhase {
    /// Bringing images into the form that is computed with.
    Load,
    /// Forward pass, the loss included.
    Forward,
    /// Backward pass, where it is not told apart.
    Backward,
    /// Gradient of the layer's input.
    InputGradient,
    /// Gradient of the layer's parameters.
    WeightGradient,
    /// The optimizer.
    Update,
}

impl LayerPhase {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LayerPhase::Load => "load",
            LayerPhase::Forward => "forward",
            LayerPhase::Backward => "backward",
            LayerPhase::InputGradient => "input gradient",
            LayerPhase::WeightGradient => "weight gradient",
            LayerPhase::Update => "update",
        }
    }
}

/// Time of one layer in one phase, in a slice of its own after the rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerTime {
    /// Name of the network's node, for example `3.conv`, or of what belongs to no node.
    pub layer: String,
    /// Which part of the work.
    pub phase: LayerPhase,
    /// Milliseconds of a step, or of one batch judged.
    pub ms_per_step: f64,
    /// Share of the time by the clock.
    pub share: f64,
    /// Model GFLOP/s; null for layers and phases without multiply-accumulates.
    pub gflops: Option<f64>,
    /// GFLOP/s of what the learner really ran; null for those, and for batches that are judged.
    pub executed_gflops: Option<f64>,
    /// Times that it was entered.
    pub calls: u64,
}
