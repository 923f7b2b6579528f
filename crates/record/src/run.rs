//! The record that a finished run leaves behind, schema `ergo.run/1`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::energy::{EnergyWindow, Sampling};
use crate::peak::Peak;
use crate::profile::TrainProfile;
use crate::spec::{RunId, RunSpec};
use crate::units::{Flops, Seconds};

/// Name and version of the record's form.
pub const SCHEMA: &str = "ergo.run/1";

/// Test images are counted in this many fixed blocks: image `i` belongs to block `i % 50`.
pub const BLOCKS: usize = 50;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All steps were taken.
    Done,
    /// The loss was no longer a finite number.
    Diverged,
}

/// Everything known of one finished run; self-contained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// Hash of the spec.
    pub id: RunId,
    /// The spec's seed, repeated for convenience.
    pub seed: u64,
    /// How it ended.
    pub status: Status,
    /// Share of the test images whose top class is wrong; null when the run diverged.
    pub error: Option<f64>,
    /// Wrong test images.
    pub wrong: Option<u64>,
    /// Test images counted.
    pub test_images: u64,
    /// The test images in detail.
    pub test: Option<Evaluation>,
    /// The validation images in detail; null when none were held out.
    pub validation: Option<Evaluation>,
    /// Every setting.
    pub spec: RunSpec,
    /// Digest of the data set's content.
    pub data_digest: String,
    /// Version of the numerics.
    pub numerics: u32,
    /// Trained parameters.
    pub parameters: u64,
    /// Multiply-accumulates of one forward pass on one image.
    pub macs: u64,
    /// Steps taken.
    pub steps: u64,
    /// Images seen in training, with repetition.
    pub examples_seen: u64,
    /// Operations.
    pub flops: FlopsRecord,
    /// Time by phase.
    pub seconds: SecondsRecord,
    /// Training images per second of the train phase.
    pub images_per_second: Option<f64>,
    /// Model FLOP/s of the train phase.
    pub flops_per_second: Option<f64>,
    /// Model FLOP/s divided by the measured peak; null where no peak was measured.
    pub mfu: Option<Mfu>,
    /// What the device could reach at most; absent where nobody asked, as in records of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak: Option<Peak>,
    /// What cannot be true of this record, such as more executed FLOP/s than the peak: faults in the measurement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// Energy by domain and phase.
    pub energy: Vec<EnergyWindow>,
    /// How energy was sampled; absent where only the edges of phases were read, and from records of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// The train phase taken apart; absent where nobody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<TrainProfile>,
    /// The run in passes over its images; one entry for a run shorter than a pass.
    pub epochs: Vec<Epoch>,
    /// SHA-256 over names, shapes and little-endian f32 values of all weights and buffers.
    pub weights_sha256: String,
    /// Its place in the sweep that asked for it; null for a single training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Where and how it ran.
    pub circumstances: Circumstances,
}

/// What a run is for within a sweep; does not enter its id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the sweep.
    pub sweep: String,
    /// Training FLOPs allowed to the cell; cells of one budget compete for one place on the frontier.
    pub budget: Flops,
    /// Whether its validation error helps to choose, or its test error is reported.
    pub role: SeedRole,
    /// Where the cell lies in the grid: axis name to value, for every axis with more than one value.
    pub axes: BTreeMap<String, f64>,
}

/// What the seed of a run is for; no seed serves both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedRole {
    /// Its validation error helps to choose the cell.
    Selection,
    /// Its test error is reported and fitted.
    Report,
}

/// Wrong answers on one set of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Images counted.
    pub images: u64,
    /// Wrong among them.
    pub wrong: u64,
    /// `wrong / images`.
    pub error: f64,
    /// Mean cross-entropy in nats, without label smoothing; null when not finite.
    pub cross_entropy: Option<f64>,
    /// Wrong in each of the [`BLOCKS`] blocks.
    pub wrong_by_block: Vec<u32>,
}

/// Operations of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlopsRecord {
    /// How they were counted.
    pub convention: String,
    /// What the mathematics of training needs: 6 x MAC, less 2 x MAC of layers whose input needs no gradient.
    pub model_train: Flops,
    /// What the learner ran in training.
    pub executed_train: Flops,
    /// The same by layer; absent from records of before that was kept, and of runs that began before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executed_train_by_layer: Vec<LayerFlops>,
    /// What the mathematics of the evaluations needs: 2 x MAC an image.
    pub model_eval: Flops,
    /// What the learner ran in evaluations.
    pub executed_eval: Flops,
    /// Those of the optimizer, which no other count holds; absent from records of before they were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerFlops>,
}

/// Operations that a learner ran for one layer in training.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFlops {
    /// Name of the network's node, for example `3.conv`.
    pub layer: String,
    /// Forward.
    pub forward: Flops,
    /// For the gradient of its input.
    pub input_gradient: Flops,
    /// For the gradient of its weights.
    pub weight_gradient: Flops,
}

impl LayerFlops {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> Flops {
        self.forward + self.input_gradient + self.weight_gradient
    }
}

/// Operations of the optimizer, which depend on parameters and steps, and not on images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptimizerFlops {
    /// How they were counted.
    pub convention: String,
    /// Those of the first step.
    pub per_step: Flops,
    /// Those of all steps.
    pub train: Flops,
}

/// The convention of [`FlopsRecord`].
pub const FLOPS_CONVENTION: &str =
    "1 MAC = 2 FLOP; convolutions and linear layers only; padding taps counted";

/// The convention of [`OptimizerFlops`].
pub const OPTIMIZER_CONVENTION: &str = "Nesterov SGD, additions and multiplications of every trained value: \
    2 for w -= rate * d, 4 more with momentum (v = momentum * v + g, d = g + momentum * v), and 2 more where weights \
    decay (g += decay * w); in no other count";

/// Time by phase; the phases add up to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SecondsRecord {
    /// Reading, making and ordering images.
    pub load: Seconds,
    /// Building the learner and moving images to the device.
    pub transfer: Seconds,
    /// Training steps.
    pub train: Seconds,
    /// Counting wrong answers.
    pub evaluate: Seconds,
    /// Everything else.
    pub other: Seconds,
    /// All of it.
    pub total: Seconds,
}

/// Model FLOP/s against a peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mfu {
    /// The ratio; above 1 where a learner executes fewer operations than the model counts.
    pub ratio: f64,
    /// The peak in FLOP/s, dense, in the run's precision.
    pub peak: f64,
    /// Where the peak comes from.
    pub source: String,
}

/// One pass over the training images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Passes finished, from 1; a last one may be partial.
    pub epoch: u64,
    /// Steps taken when it ended.
    pub step: u64,
    /// Mean training loss over its steps; null when not finite.
    pub train_loss: Option<f64>,
    /// Error on the test images at its end; null when not counted there.
    pub test_error: Option<f64>,
    /// Training seconds of this pass.
    pub seconds: Seconds,
}

/// Where and how a run was made; does not enter its id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The program.
    pub build: Build,
    /// The machine.
    pub host: Host,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// Instructions that the native learner's kernels were of, on which its bits depend: `avx512`, `avx2` or
    /// `portable`; absent for other learners, and from records of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Threads that computed.
    pub threads: u64,
    /// Trainings that ran side by side on this machine, this one included, as far as their journals in the same
    /// folder showed when the run began or ended; the seconds and joules of a run
    /// with company are not its own.
    pub jobs: u64,
    /// Share of the machine's processor time that other programs had since the run began or was last resumed, as far as
    /// `/proc` tells; absent where it does not, and from records of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others_share: Option<f64>,
    /// How many times the run was resumed from a checkpoint.
    pub resumed: u64,
    /// Bytes that the learner planned, weights and momenta included; absent from one that plans none, and from records of before it was
    /// kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_memory_bytes: Option<u64>,
    /// When it began, seconds since 1970-01-01 UTC.
    pub started_unix: f64,
}

/// What program ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Version of ergometer.
    pub version: String,
    /// Commit it was built from, with `-dirty` where files were changed; `unknown` outside a checkout.
    pub commit: String,
    /// Compiler.
    pub rustc: String,
    /// Build profile, optimisation level, target and its features.
    pub flags: String,
}

impl Build {
    /// The compiler's optimisation level, such as `3`; `None` where the flags do not say.
    #[must_use]
    pub fn optimisation(&self) -> Option<&str> {
        self.flags.split(' ').nth(1)
    }
}

/// What machine it ran on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Processor as it names itself.
    pub cpu: String,
    /// Processors that the operating system shows.
    pub cores: u64,
    /// Instruction sets that matter for speed, as the processor reports them.
    pub simd: String,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Operating system and kernel.
    pub os: String,
    /// Hypervisor or container, where one is seen.
    pub virtualization: Option<String>,
    /// Graphics cards with their driver.
    #[serde(default)]
    pub gpus: Vec<String>,
    /// How the kernel chooses clock rates, such as `performance`; absent where it does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    /// Whether processors may go above their base clock; absent where the kernel does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boost: Option<bool>,
}
