//! The seam between the loop and whatever computes: whole steps, never single operations.

use data::augment::Augment;
use data::images::Images;
use kernels::softmax::log_sum_exp;
use record::bench::LayerPhase;
use record::device::Device;
use record::spec::{LearnerName, Precision, RunPlan};
use record::units::{Flops, Seconds};

use crate::error::TrainError;
use crate::executed::{ByLayer, Executed};
use crate::native;

/// Trains one or more runs of one shape (lanes) side by side.
///
/// A learner is told whole sequences of steps, so that it may fuse, preallocate or capture them. It keeps the
/// losses until they are asked for, and nothing it returns depends on the number of threads.
pub trait Learner: Send {
    /// Puts the training images where the steps will find them, as bytes; replaces earlier ones.
    ///
    /// # Errors
    /// When the device has no room or the library refuses.
    fn load(&mut self, images: &Images) -> Result<(), TrainError>;

    /// Takes steps: one sequence per lane, all of the same length.
    ///
    /// # Errors
    /// When the library refuses; a loss that is not finite is no error.
    fn train(&mut self, lanes: &[&[Step]]) -> Result<(), TrainError>;

    /// The mean loss of every step since this was last asked, lane by lane.
    ///
    /// # Errors
    /// When they cannot be fetched from the device.
    fn take_losses(&mut self) -> Result<Vec<Vec<f32>>, TrainError>;

    /// Judges every image with the weights of each lane; the outcome of an image does not depend on its batch.
    ///
    /// # Errors
    /// When the library refuses.
    fn evaluate(&mut self, images: &Images) -> Result<Vec<Vec<Outcome>>, TrainError>;

    /// Sets how many images are judged at once from now on, one at least. A learner whose memory was planned before keeps
    /// its own number; each has one of its own to begin with, which trainings keep.
    fn judge_at_once(&mut self, _images: usize) {}

    /// Weights, buffers and optimizer state of one lane.
    ///
    /// # Errors
    /// When they cannot be fetched from the device.
    fn state(&self, lane: usize) -> Result<State, TrainError>;

    /// Puts a state back.
    ///
    /// # Errors
    /// When it does not fit the network.
    fn restore(&mut self, lane: usize, state: &State) -> Result<(), TrainError>;

    /// What one lane has executed so far.
    fn executed(&self, lane: usize) -> Executed;

    /// What one lane has executed in training so far, by layer; adds up to [`Executed::train`].
    fn executed_by_layer(&self, lane: usize) -> ByLayer;

    /// Waits until everything asked for is done.
    ///
    /// # Errors
    /// When the device reports a failure.
    fn sync(&mut self) -> Result<(), TrainError>;

    /// Bytes of memory planned for weights and momenta, activations, gradients, and what the kernels work with; `None`
    /// from a learner whose library takes memory as it goes.
    fn memory_bytes(&self) -> Option<u64> {
        None
    }

    /// Begins to keep the time of every layer, or of whole passes where the library does not tell layers apart, or
    /// stops; forgets what was kept before. What is computed stays the same, but keeping time may slow it down.
    fn profile(&mut self, on: bool);

    /// The time since [`Learner::profile`] switched it on; `None` where it is off.
    fn take_profile(&mut self) -> Option<Vec<ProfileEntry>>;
}

/// Time that a learner spent on one layer in one phase: of all threads, over their number.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileEntry {
    /// Name of the network's node, or of what belongs to no node, such as `batch` or `loss`.
    pub layer: String,
    /// Which part of the work.
    pub phase: LayerPhase,
    /// How long.
    pub seconds: Seconds,
    /// Times that it was entered.
    pub calls: u64,
}

impl ProfileEntry {
    /// The entry of `label` for the seconds and calls of `threads` threads together.
    pub(crate) fn of_threads(
        label: &(String, LayerPhase),
        (seconds, calls): (Seconds, u64),
        threads: usize,
    ) -> ProfileEntry {
        let seconds = Seconds(seconds.0 / threads as f64);
        ProfileEntry { layer: label.0.clone(), phase: label.1, seconds, calls }
    }
}

/// One optimizer step of one lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Number of the step within the run, from 0: names the dropout stream, and ends parameters' training.
    pub number: u64,
    /// Which of the loaded images, one per place in the batch.
    pub indices: Vec<u32>,
    /// How each of them is shifted and mirrored.
    pub augment: Vec<Augment>,
    /// Learning rate of this step.
    pub learning_rate: f64,
}

/// What came out for one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Whether the top class is the label; of equal outputs the first counts as the top, and NaN is never right.
    pub right: bool,
    /// Cross-entropy in nats, without label smoothing.
    pub cross_entropy: f64,
}

/// Weights, buffers and optimizer state of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Every parameter and buffer, in the network's order.
    pub weights: Vec<NamedTensor>,
    /// Momentum of every trained parameter, named `{parameter}.momentum`.
    pub optimizer: Vec<NamedTensor>,
}

/// The name of a parameter's momentum.
pub(crate) fn momentum_name(parameter: &str) -> String {
    format!("{parameter}.momentum")
}

/// The values of one tensor, which must have this shape.
///
/// # Errors
/// When it is missing or has another, in the name of the learner that asks.
pub(crate) fn find<'a>(
    learner: &'static str,
    tensors: &'a [NamedTensor],
    name: &str,
    shape: &[usize],
) -> Result<&'a [f32], TrainError> {
    let failed = |reason| TrainError::Learner { learner, action: "restore", reason };
    let found = tensors.iter().find(|tensor| tensor.name == name);
    let tensor = found.ok_or_else(|| failed(format!("{name} is missing")))?;
    if tensor.shape != shape {
        return Err(failed(format!("{name} has shape {:?}, expected {shape:?}", tensor.shape)));
    }
    Ok(&tensor.values)
}

/// A named f32 tensor: OIHW for convolutions, (out, in) for linear layers.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Name of the parameter.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, row by row.
    pub values: Vec<f32>,
}

/// The outcome for an image of the class `label` with these logits.
pub(crate) fn outcome(logits: &[f32], label: usize) -> Outcome {
    let top = |best: usize, class: usize| if logits[class] > logits[best] { class } else { best };
    let right = logits.iter().all(|v| v.is_finite()) && (0..logits.len()).fold(0, top) == label;
    Outcome { right, cross_entropy: log_sum_exp(logits) - f64::from(logits[label]) }
}

/// A learner for these plans, which share network, batch size and precision; one lane each.
///
/// # Errors
/// When this build lacks the learner, it cannot compute so, the device is not here, or it cannot be built.
pub fn build(plans: &[&RunPlan], device: Device) -> Result<Box<dyn Learner>, TrainError> {
    let spec = plans.first().map(|plan| &plan.spec);
    let name = spec.map_or(LearnerName::default(), |spec| spec.learner);
    check(name, device, spec.map_or(Precision::default(), |spec| spec.precision))?;
    match name {
        LearnerName::Native => Ok(Box::new(native::learner::NativeLearner::new(plans)?)),
        #[cfg(feature = "candle")]
        LearnerName::Candle => {
            Ok(Box::new(crate::candle::learner::CandleLearner::<f32>::new(plans, device)?))
        }
        #[cfg(feature = "tch")]
        LearnerName::Tch => Ok(Box::new(crate::tch::learner::TchLearner::new(plans, device)?)),
        #[cfg(not(all(feature = "candle", feature = "tch")))]
        missing => Err(TrainError::NotBuilt { learner: missing.name() }),
    }
}

/// Products of large matrices: as fast as a device multiplies anything.
pub trait Products {
    /// Computes some, waits for them, and says how much that was.
    ///
    /// # Errors
    /// When the device fails.
    fn burst(&self) -> Result<Flops, TrainError>;
}

/// Rows and columns of such a matrix: one product is 1.1e12 FLOP, which fills any card for milliseconds.
#[cfg(any(feature = "cuda", feature = "tch"))]
const MATRIX_SIDE: usize = 8192;

/// Products on a card in a precision, with what they need in its memory.
///
/// # Errors
/// When this build or this machine has no such card, or it fails.
pub fn products(card: Device, precision: Precision) -> Result<Box<dyn Products>, TrainError> {
    let learner = of_card(card).unwrap_or(LearnerName::Tch);
    check(learner, card, precision)?;
    match learner {
        #[cfg(feature = "tch")]
        LearnerName::Tch => {
            use crate::tch::matrices::Matrices;
            Ok(Box::new(Matrices::new(card, precision, MATRIX_SIDE as i64)?))
        }
        #[cfg(feature = "cuda")]
        LearnerName::Candle => {
            use crate::candle::matrices::Matrices;
            Ok(Box::new(Matrices::new(card, MATRIX_SIDE)?))
        }
        other => Err(TrainError::NotBuilt { learner: other.name() }),
    }
}

/// Checks that a learner is part of this build and can compute on `device` in `precision`.
///
/// # Errors
/// What is missing, and what to ask for instead.
pub fn check(name: LearnerName, device: Device, precision: Precision) -> Result<(), TrainError> {
    if device.is_cuda() && on_cards().is_none() {
        return Err(TrainError::NoDevice { device, reason: ON_CPU_ONLY.to_owned() });
    }
    if !is_built(name) {
        return Err(TrainError::NotBuilt { learner: name.name() });
    }
    let unfit = |inability: &str, instead: &str| TrainError::Unfit {
        learner: name.name(),
        inability: inability.to_owned(),
        instead: instead.to_owned(),
    };
    match (name, device, precision) {
        (LearnerName::Native, Device::Cuda(_), _) => {
            let of_card = on_cards().map_or("tch", LearnerName::name);
            let instead = format!("write --device cpu, or --learner {of_card} for a card");
            Err(unfit("computes on the CPU only", &instead))
        }
        (LearnerName::Candle, Device::Cuda(_), _) if !computes_on_cards(name) => {
            let instead = "write --device cpu, or --learner tch for a card, or build with --features cuda";
            Err(unfit("computes on the CPU only", instead))
        }
        (LearnerName::Native | LearnerName::Candle, _, Precision::F32) => on_device(name, device),
        (LearnerName::Native | LearnerName::Candle, _, other) => Err(unfit(
            &format!("does not compute in {}", other.name()),
            "write --precision f32, or --learner tch in a build with --features tch",
        )),
        (LearnerName::Tch, Device::Cpu, Precision::Tf32) => {
            Err(unfit("has tf32 on CUDA cards only", "write --precision f32, or --device cuda:0"))
        }
        (LearnerName::Tch, _, _) => on_device(name, device),
    }
}

/// Checks that there is such a device.
fn on_device(name: LearnerName, device: Device) -> Result<(), TrainError> {
    let Device::Cuda(card) = device else { return Ok(()) };
    let reason = |reason| TrainError::NoDevice { device, reason };
    let cards = cuda_cards(name).map_err(reason)?;
    if card < cards { Ok(()) } else { Err(reason(format!("the last of {cards} is cuda:{}", cards - 1))) }
}

/// What a build without any way to a card says.
const ON_CPU_ONLY: &str =
    "this program computes on the CPU only; write cpu, or build it with --features tch or cuda";

/// Whether this build's candle has CUDA.
const CANDLE_ON_CARDS: bool = cfg!(feature = "cuda");

/// Those that can be built to compute on cards, the fastest first.
const FOR_CARDS: [LearnerName; 2] = [LearnerName::Tch, LearnerName::Candle];

/// The fastest learner that this build has for cards, whether or not there are any.
#[must_use]
pub fn on_cards() -> Option<LearnerName> {
    FOR_CARDS.into_iter().find(|&name| computes_on_cards(name))
}

/// The fastest learner that can compute on this card; where none can, the one that has the best reason to give.
#[must_use]
pub fn of_card(card: Device) -> Option<LearnerName> {
    let built = || FOR_CARDS.into_iter().filter(|&name| computes_on_cards(name));
    // Asking takes seconds, and is of use only where there is a choice.
    if built().count() < 2 {
        return on_cards();
    }
    built().find(|&name| on_device(name, card).is_ok()).or_else(on_cards)
}

/// Whether a learner of this build computes on cards, where there are any.
#[must_use]
pub fn computes_on_cards(name: LearnerName) -> bool {
    match name {
        LearnerName::Native => false,
        LearnerName::Candle => CANDLE_ON_CARDS,
        LearnerName::Tch => is_built(LearnerName::Tch),
    }
}

/// CUDA cards that a learner of this build can compute on, at least one.
///
/// # Errors
/// Why there are none, in words.
pub fn cuda_cards(name: LearnerName) -> Result<u32, String> {
    match name {
        #[cfg(feature = "tch")]
        LearnerName::Tch => libtorch::cuda::cards().map_err(|error| error.to_string()),
        #[cfg(feature = "cuda")]
        LearnerName::Candle => cuda::cards().map_err(|error| error.to_string()),
        _ => Err(ON_CPU_ONLY.to_owned()),
    }
}

/// Threads that can be of use in training on batches of `batch` images; `None` where any number can.
#[must_use]
pub fn most_threads(learner: LearnerName, batch: u64) -> Option<u64> {
    match learner {
        LearnerName::Native => {
            Some(batch.div_ceil(native::learner::chunk_images(batch as usize).max(1) as u64))
        }
        LearnerName::Candle | LearnerName::Tch => None,
    }
}

/// Whether this build has the learner, so that [`build`] can make it.
#[must_use]
pub fn is_built(learner: LearnerName) -> bool {
    match learner {
        LearnerName::Native => true,
        LearnerName::Candle => cfg!(feature = "candle"),
        LearnerName::Tch => cfg!(feature = "tch"),
    }
}
