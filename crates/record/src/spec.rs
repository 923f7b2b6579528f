//! Every setting of one training, what makes settings valid, and the id that follows from them.

use std::fmt;

use data::set::SetName;
use net::cost::Descent;
use net::network::{Network, Shape};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::SpecError;
use crate::units::Flops;

/// Version of the numerics: raised whenever the same spec would no longer give the same bits. 2: the native learner's
/// gradients of convolutions may be computed in tiles of 7 x 7.
pub const NUMERICS: u32 = 2;

/// Images held out of the training files for choosing, unless a spec says otherwise.
pub const VALIDATION_IMAGES: u64 = 5_000;

/// Which implementation trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnerName {
    /// Our own kernels on the CPU.
    #[default]
    Native,
    /// candle-core: the independent reference.
    Candle,
    /// libtorch by way of tch: CPU and CUDA.
    Tch,
}

impl LearnerName {
    /// All of them, in the order in which they are listed.
    pub const ALL: [LearnerName; 3] = [LearnerName::Native, LearnerName::Candle, LearnerName::Tch];

    /// The name on the command line and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LearnerName::Native => "native",
            LearnerName::Candle => "candle",
            LearnerName::Tch => "tch",
        }
    }
}

/// Type of the numbers that are multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32-bit floating point throughout.
    #[default]
    F32,
    /// 32-bit floating point whose factors a CUDA card rounds to 10 bits of mantissa.
    Tf32,
    /// Weights and statistics in f32; factors and activations in bfloat16.
    Bf16,
    /// Weights and statistics in f32; factors and activations in 16-bit IEEE floating point, and scaled gradients.
    F16,
}

impl Precision {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Precision; 4] = [Precision::F32, Precision::Tf32, Precision::Bf16, Precision::F16];

    /// The name on the command line and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::Bf16 => "bf16",
            Precision::F16 => "f16",
        }
    }
}

/// Every setting of one training. As written: [`RunSpec::plan`] says whether it is possible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Data set.
    pub data: SetName,
    /// Network by name, for example `cnn-w16-d2`.
    pub net: String,
    /// Optimizer steps; every batch is full.
    pub steps: u64,
    /// Images per step.
    pub batch: u64,
    /// Seed of initial weights, order, augmentation and dropout.
    pub seed: u64,
    /// Training images to use, a stratified subset; `None`: all, or for `digits` fresh ones for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<u64>,
    /// Images held out of the training files for choosing between cells.
    #[serde(default = "default_validation_images", skip_serializing_if = "is_default_validation_images")]
    pub validation_images: u64,
    /// Test images to count on, the first of the set; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_images: Option<u64>,
    /// Highest learning rate of the schedule.
    #[serde(default = "default_learning_rate", skip_serializing_if = "is_default_learning_rate")]
    pub learning_rate: f64,
    /// Nesterov momentum.
    #[serde(default = "default_momentum", skip_serializing_if = "is_default_momentum")]
    pub momentum: f64,
    /// Weight decay, added to the gradient as PyTorch's SGD does.
    #[serde(default = "default_weight_decay", skip_serializing_if = "is_default_weight_decay")]
    pub weight_decay: f64,
    /// Label smoothing: this share of the target is spread evenly over all classes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// Share of the steps over which the learning rate rises linearly; it then falls linearly to zero.
    #[serde(default = "default_warmup", skip_serializing_if = "is_default_warmup")]
    pub warmup: f64,
    /// Largest random shift of a training image, in pixels along each axis.
    #[serde(default, skip_serializing_if = "is_zero_u8")]
    pub shift: u8,
    /// Mirror training images at random.
    #[serde(default, skip_serializing_if = "is_false")]
    pub flip: bool,
    /// Which implementation trains.
    #[serde(default)]
    pub learner: LearnerName,
    /// Type of the numbers that are multiplied.
    #[serde(default)]
    pub precision: Precision,
}

/// Highest learning rate, unless a spec says otherwise.
pub const DEFAULT_LEARNING_RATE: f64 = 0.1;
/// Nesterov momentum, unless a spec says otherwise.
pub const DEFAULT_MOMENTUM: f64 = 0.9;
/// Weight decay, unless a spec says otherwise.
pub const DEFAULT_WEIGHT_DECAY: f64 = 5e-4;
/// Share of the steps over which the learning rate rises, unless a spec says otherwise.
pub const DEFAULT_WARMUP: f64 = 0.2;

fn default_validation_images() -> u64 {
    VALIDATION_IMAGES
}
fn is_default_validation_images(images: &u64) -> bool {
    *images == VALIDATION_IMAGES
}
fn default_learning_rate() -> f64 {
    DEFAULT_LEARNING_RATE
}
fn is_default_learning_rate(rate: &f64) -> bool {
    *rate == DEFAULT_LEARNING_RATE
}
fn default_momentum() -> f64 {
    DEFAULT_MOMENTUM
}
fn is_default_momentum(momentum: &f64) -> bool {
    *momentum == DEFAULT_MOMENTUM
}
fn default_weight_decay() -> f64 {
    DEFAULT_WEIGHT_DECAY
}
fn is_default_weight_decay(decay: &f64) -> bool {
    *decay == DEFAULT_WEIGHT_DECAY
}
fn default_warmup() -> f64 {
    DEFAULT_WARMUP
}
fn is_default_warmup(warmup: &f64) -> bool {
    *warmup == DEFAULT_WARMUP
}
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}
fn is_zero_u8(value: &u8) -> bool {
    *value == 0
}
fn is_false(value: &bool) -> bool {
    !*value
}

/// SHA-256 of a canonical spec, as 64 hexadecimal digits: the name of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The first twelve digits: enough for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }

    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A spec that can be trained: its network, its sizes and its id. Only [`RunSpec::plan`] makes one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunPlan {
    /// The settings.
    pub spec: RunSpec,
    /// Their id.
    pub id: RunId,
    /// The checked network.
    pub network: Network,
    /// Digest of the data set's content.
    pub data_digest: String,
    /// Training images in one pass; `None`: fresh images for ever.
    pub pass_images: Option<u64>,
    /// Test images counted.
    pub test_images: u64,
}

impl RunSpec {
    /// A spec with the defaults of everything that is not named here.
    #[must_use]
    pub fn new(data: SetName, net: &str, steps: u64, batch: u64, seed: u64) -> RunSpec {
        RunSpec {
            data,
            net: net.to_owned(),
            steps,
            batch,
            seed,
            examples: None,
            validation_images: VALIDATION_IMAGES,
            test_images: None,
            learning_rate: DEFAULT_LEARNING_RATE,
            momentum: DEFAULT_MOMENTUM,
            weight_decay: DEFAULT_WEIGHT_DECAY,
            label_smoothing: 0.0,
            warmup: DEFAULT_WARMUP,
            shift: 0,
            flip: false,
            learner: LearnerName::default(),
            precision: Precision::F32,
        }
    }

    /// Checks every setting, builds the network and names the run.
    ///
    /// # Errors
    /// The first setting that is impossible, with what was found and what is allowed.
    pub fn plan(&self) -> Result<RunPlan, SpecError> {
        self.check_numbers()?;
        let network = network_for(self.data, &self.net)?;
        let pass_images = self.pass_images()?;
        let test_images = self.checked_test_images()?;
        let data_digest = data::set::digest(self.data);
        let id = run_id(self, &data_digest);
        Ok(RunPlan { spec: self.clone(), id, network, data_digest, pass_images, test_images })
    }

    fn check_numbers(&self) -> Result<(), SpecError> {
        let positive = |name, value: u64| match value {
            0 => Err(SpecError::new(name, "0", "a whole number of at least 1")),
            _ => Ok(()),
        };
        positive("batch", self.batch)?;
        positive("steps", self.steps)?;
        if self.batch > MAX_BATCH {
            return Err(SpecError::new("batch", self.batch, format!("at most {MAX_BATCH} images a step")));
        }
        if self.batch.checked_mul(self.steps).is_none_or(|images| images >= 1 << 40) {
            return Err(SpecError::new("steps", self.steps, "batch x steps below 2^40 images"));
        }
        // Seeds are written to JSON, whose readers are exact only below 2^53.
        if self.seed >= 1 << 53 {
            return Err(SpecError::new("seed", self.seed, "a whole number below 2^53"));
        }
        let range = |name, value: f64, allowed: std::ops::RangeInclusive<f64>| {
            // Negative zero is written otherwise than zero, and would give the same run a second id.
            if allowed.contains(&value) && value.is_sign_positive() {
                return Ok(());
            }
            Err(SpecError::new(
                name,
                value,
                format!("a number from {} to {}", allowed.start(), allowed.end()),
            ))
        };
        range("learning_rate", self.learning_rate, 0.0..=1e6)?;
        range("momentum", self.momentum, 0.0..=0.9999)?;
        range("weight_decay", self.weight_decay, 0.0..=1e3)?;
        range("label_smoothing", self.label_smoothing, 0.0..=0.99)?;
        range("warmup", self.warmup, 0.0..=1.0)?;
        let side = self.data.shape().height.min(self.data.shape().width) as u64;
        if u64::from(self.shift) >= side {
            return Err(SpecError::new("shift", self.shift, format!("fewer pixels than the image's {side}")));
        }
        Ok(())
    }

    fn pass_images(&self) -> Result<Option<u64>, SpecError> {
        let available = match self.data.learning_images() {
            Some(images) => match images.checked_sub(self.validation_images) {
                Some(rest) if rest > 0 => Some(rest),
                _ => {
                    let allowed = format!("fewer than the {images} training images of {}", self.data);
                    return Err(SpecError::new("validation_images", self.validation_images, allowed));
                }
            },
            None if self.validation_images > MAX_PROCEDURAL_EVALUATION => {
                let allowed = format!("at most {MAX_PROCEDURAL_EVALUATION}");
                return Err(SpecError::new("validation_images", self.validation_images, allowed));
            }
            None => None,
        };
        match (self.examples, available) {
            (Some(0), _) => Err(SpecError::new("examples", 0, "a whole number of at least 1")),
            (Some(examples), Some(most)) if examples > most => {
                let held_out = self.validation_images;
                let allowed = format!(
                    "at most {most}: {} has {} training images and {held_out} of them are held out for validation; hold \
                     out fewer with --validation, or validation_images in a sweep file",
                    self.data,
                    most + held_out
                );
                Err(SpecError::new("examples", examples, allowed))
            }
            (Some(examples), None) if examples > MAX_PROCEDURAL_SUBSET => Err(SpecError::new(
                "examples",
                examples,
                format!("at most {MAX_PROCEDURAL_SUBSET} procedural images"),
            )),
            (Some(examples), _) => Ok(Some(examples)),
            (None, available) => Ok(available),
        }
    }

    fn checked_test_images(&self) -> Result<u64, SpecError> {
        let most = self.data.test_images();
        match self.test_images {
            None => Ok(most),
            Some(images) if (1..=most).contains(&images) => Ok(images),
            Some(images) => {
                Err(SpecError::new("test_images", images, format!("a whole number from 1 to {most}")))
            }
        }
    }
}

/// Most images in one step; bounds the memory of a step.
const MAX_BATCH: u64 = 65_536;
/// Most procedural images kept as a finite set: 2^22 of 784 bytes are 3.3 GB.
const MAX_PROCEDURAL_SUBSET: u64 = 1 << 22;
/// Most procedural images to choose on.
const MAX_PROCEDURAL_EVALUATION: u64 = 100_000;

/// The network `name` for the images and classes of `data`.
///
/// # Errors
/// An unknown name, or a network that does not fit these images.
pub fn network_for(data: SetName, name: &str) -> Result<Network, SpecError> {
    let shape = data.shape();
    let input = Shape { channels: shape.channels, height: shape.height, width: shape.width };
    net::family::build(name, input, data.classes()).map_err(|source| SpecError::Network {
        data,
        name: name.to_owned(),
        source,
    })
}

impl RunPlan {
    /// Model FLOPs to train on one image: forward and backward of the mathematics.
    #[must_use]
    pub fn train_flops_per_image(&self) -> Flops {
        Flops::of_macs(self.network.training_macs())
    }

    /// FLOPs of the optimizer in the first `steps` steps, which no other count holds.
    #[must_use]
    pub fn optimizer_flops(&self, steps: u64) -> Flops {
        let descent = Descent {
            has_momentum: self.spec.momentum != 0.0,
            has_weight_decay: self.spec.weight_decay != 0.0,
        };
        Flops(self.network.update_operations(descent, steps))
    }

    /// Model FLOPs to train the whole run.
    #[must_use]
    pub fn train_flops(&self) -> Flops {
        self.train_flops_per_image().times(self.images_trained())
    }

    /// Model FLOPs of one evaluation on the validation and test images.
    #[must_use]
    pub fn evaluation_flops(&self) -> Flops {
        Flops::of_macs(self.network.macs()).times(self.spec.validation_images + self.test_images)
    }

    /// Images seen in training, counted with repetition.
    #[must_use]
    pub fn images_trained(&self) -> u64 {
        self.spec.steps * self.spec.batch
    }
}

/// SHA-256 of the spec as JSON with sorted keys and defaults omitted, with the data's digest and the numerics
/// version; host and thread count do not enter.
fn run_id(spec: &RunSpec, data_digest: &str) -> RunId {
    let mut canonical = serde_json::json!({ "data": data_digest, "numerics": NUMERICS, "spec": spec });
    // serde_json sorts keys by itself unless some crate of the build asks it to keep the written order.
    canonical.sort_all_objects();
    RunId(hex(&Sha256::digest(canonical.to_string().as_bytes())))
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
