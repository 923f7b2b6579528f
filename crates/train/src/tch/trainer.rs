//! What happens on the thread of a device: steps, losses, evaluation and state, lane after lane.

use std::collections::BTreeMap;
use std::sync::Arc;

use chance::{Purpose, Stream};
use data::augment::Augment;
use data::images::Images;
use data::normalisation::normalisation;
use libtorch::error::TorchError;
use libtorch::operators::{Descent, sgd};
use libtorch::tch::{self, Kind, Tensor};
use net::network::{Network, Node};
use record::bench::LayerPhase;
use record::spec::{Precision, RunPlan, RunSpec};
use record::units::Flops;

use super::batch::{Source, Values};
use super::loss::CrossEntropy;
use super::parameters::{Layout, layouts};
use super::pass::{Gradients, Mode, Pass, order};
use crate::error::TrainError;
use crate::executed::{ByLayer, Executed};
use crate::laps::Laps;
use crate::learner::{NamedTensor, Outcome, ProfileEntry, State, Step, find, momentum_name, outcome};

/// Images judged at once unless another number is wanted; every batch is filled up to it, so that no outcome depends on the number of images.
const EVALUATION_BATCH: usize = 250;
/// Factor on gradients in f16, whose smallest numbers they would fall below: a power of two, so that nothing is rounded.
const F16_SCALE: f64 = 1024.0;

/// Everything that a learner keeps on its device.
#[derive(Debug)]
pub(super) struct Trainer {
    network: Network,
    /// The nodes in the order in which they are run.
    nodes: Vec<Node>,
    layouts: Vec<Layout>,
    device: tch::Device,
    precision: Precision,
    threads: usize,
    values: Values,
    loss: CrossEntropy,
    /// The images to train on.
    source: Option<Source>,
    /// The images that were judged last, which are mostly judged again.
    judged: Option<Judged>,
    /// Images judged at once.
    at_once: usize,
    border: u8,
    lanes: Vec<Lane>,
    laps: Laps,
}

/// Images to judge, as they came and where the device finds them.
#[derive(Debug)]
struct Judged {
    images: Images,
    source: Source,
}

/// One run: its settings, weights and optimizer state.
#[derive(Debug)]
struct Lane {
    spec: RunSpec,
    /// In f32, in the network's order.
    parameters: Vec<Tensor>,
    /// One for each parameter; of buffers never read.
    velocities: Vec<Tensor>,
    /// Mean losses of the steps since they were asked for, on the device.
    losses: Vec<Tensor>,
    trained: ByLayer,
    evaluated: Flops,
}

impl Trainer {
    /// The lanes of `plans`, with their initial weights.
    pub(super) fn new(plans: &[RunPlan], device: tch::Device, threads: usize) -> Result<Trainer, TrainError> {
        let action = "build a learner";
        let first = plans.first().ok_or_else(|| failed(action)(TorchError("no run was given".to_owned())))?;
        let spec = &first.spec;
        settle(spec.precision, device, threads).map_err(failed(action))?;
        let network = first.network.clone();
        let layouts = layouts(&network);
        let lanes = plans.iter().map(|plan| Lane::new(&network, &layouts, &plan.spec, device));
        Ok(Trainer {
            nodes: order(&network.nodes),
            device,
            precision: spec.precision,
            threads,
            values: Values::new(normalisation(spec.data).values(), device).map_err(failed(action))?,
            loss: CrossEntropy::new(network.classes, spec.label_smoothing, device).map_err(failed(action))?,
            source: None,
            judged: None,
            at_once: EVALUATION_BATCH,
            border: plans.iter().map(|plan| plan.spec.shift).max().unwrap_or(0),
            lanes: lanes.collect::<Result<_, _>>().map_err(failed("place the weights"))?,
            layouts,
            network,
            laps: Laps::default(),
        })
    }

    pub(super) fn load(&mut self, images: Images) -> Result<(), TrainError> {
        let source = Source::new(images, self.border, self.device).map_err(failed("place the images"))?;
        self.source = Some(source);
        Ok(())
    }

    pub(super) fn train(&mut self, lanes: &[Vec<Step>]) -> Result<(), TrainError> {
        settle(self.precision, self.device, self.threads).map_err(failed("take a step"))?;
        for (lane, steps) in lanes.iter().enumerate() {
            self.steps(lane, steps).map_err(failed("take a step"))?;
        }
        Ok(())
    }

    fn steps(&mut self, lane: usize, steps: &[Step]) -> Result<(), TorchError> {
        let none = || TorchError("no images were loaded".to_owned());
        let plan = self.source.as_ref().ok_or_else(none)?.plan(steps)?;
        let lane = &mut self.lanes[lane];
        let device = self.device;
        let settle = || wait(device);
        for (place, step) in steps.iter().enumerate() {
            self.laps.start();
            let (images, labels) = plan.batch(&self.values, place, step)?;
            let scale = if self.precision == Precision::F16 { F16_SCALE } else { 1.0 };
            let working = working(self.precision, &self.network, &lane.parameters)?;
            let dropout = Box::new(Stream::new(lane.spec.seed, Purpose::Dropout, step.number));
            let mut pass =
                Pass { parameters: &working, mode: Mode::Training(dropout), executed: ByLayer::default() };
            let images = images.f_to_kind(kind(self.precision))?;
            self.laps.lap(LayerPhase::Load, settle)?;
            let (logits, notes) = pass.forward(&self.nodes, &images)?;
            let (loss, gradient) =
                self.loss.with_gradient(&logits.f_to_kind(Kind::Float)?, &labels, scale)?;
            self.laps.lap(LayerPhase::Forward, settle)?;
            let mut gradients = Gradients::with_capacity(self.network.parameters.len());
            let gradient = gradient.f_to_kind(kind(self.precision))?;
            pass.backward(&self.nodes, notes, gradient, &mut gradients)?;
            self.laps.lap(LayerPhase::Backward, settle)?;
            lane.trained.add(&pass.executed, step.indices.len() as u64);
            lane.losses.push(loss);
            lane.descend(&self.network, gradients, step, scale)?;
            self.laps.lap(LayerPhase::Update, settle)?;
        }
        Ok(())
    }

    pub(super) fn judge_at_once(&mut self, images: usize) {
        self.at_once = images.max(1);
    }

    pub(super) fn profile(&mut self, on: bool) {
        self.laps.keep(on);
    }

    pub(super) fn take_profile(&self) -> Option<Vec<ProfileEntry>> {
        self.laps.entries()
    }

    pub(super) fn take_losses(&mut self) -> Result<Vec<Vec<f32>>, TrainError> {
        let taken = self.lanes.iter_mut().map(|lane| {
            let losses = std::mem::take(&mut lane.losses);
            if losses.is_empty() { Ok(Vec::new()) } else { Layout::Plain.read(&Tensor::f_stack(&losses, 0)?) }
        });
        taken.collect::<Result<_, TorchError>>().map_err(failed("read the losses"))
    }

    pub(super) fn evaluate(&mut self, images: &Images) -> Result<Vec<Vec<Outcome>>, TrainError> {
        settle(self.precision, self.device, self.threads).map_err(failed("evaluate"))?;
        let judged = match self.judged.take() {
            Some(judged) if Arc::ptr_eq(&judged.images.pixels, &images.pixels) => judged,
            _ => Judged::new(images, self.device).map_err(failed("place the images"))?,
        };
        self.laps.start();
        let outcomes =
            (0..self.lanes.len()).map(|lane| self.judge(lane, &judged).map_err(failed("evaluate")));
        let outcomes = outcomes.collect();
        let device = self.device;
        self.laps.lap(LayerPhase::Forward, || wait(device)).map_err(failed("evaluate"))?;
        self.judged = Some(judged);
        outcomes
    }

    fn judge(&mut self, lane: usize, judged: &Judged) -> Result<Vec<Outcome>, TorchError> {
        let lane = &mut self.lanes[lane];
        let working = working(self.precision, &self.network, &lane.parameters)?;
        let mut pass = Pass { parameters: &working, mode: Mode::Evaluation, executed: ByLayer::default() };
        let steps = evaluation(judged.images.len(), self.at_once);
        let plan = judged.source.plan(&steps)?;
        let mut answers = Vec::with_capacity(steps.len());
        for (place, step) in steps.iter().enumerate() {
            let (batch, _) = plan.batch(&self.values, place, step)?;
            let (logits, _) = pass.forward(&self.nodes, &batch.f_to_kind(kind(self.precision))?)?;
            answers.push(logits.f_to_kind(Kind::Float)?);
        }
        lane.evaluated += pass.executed.total().times(self.at_once as u64);
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        // One wait for all answers.
        let logits = Layout::Plain.read(&Tensor::f_cat(&answers, 0)?)?;
        let judged = logits.chunks_exact(self.network.classes).zip(judged.images.labels.iter());
        Ok(judged.map(|(logits, &label)| outcome(logits, usize::from(label))).collect())
    }

    pub(super) fn state(&self, lane: usize) -> Result<State, TrainError> {
        let lane = &self.lanes[lane];
        let mut state = State { weights: Vec::new(), optimizer: Vec::new() };
        for (place, (parameter, layout)) in self.network.parameters.iter().zip(&self.layouts).enumerate() {
            let tensor = |name: String, values: &Tensor| {
                let values = layout.read(values).map_err(failed("read the weights"))?;
                Ok::<_, TrainError>(NamedTensor { name, shape: parameter.shape.clone(), values })
            };
            state.weights.push(tensor(parameter.name.clone(), &lane.parameters[place])?);
            if parameter.role.is_trained() {
                state.optimizer.push(tensor(momentum_name(&parameter.name), &lane.velocities[place])?);
            }
        }
        Ok(state)
    }

    pub(super) fn restore(&mut self, lane: usize, state: &State) -> Result<(), TrainError> {
        let lane = &mut self.lanes[lane];
        for (place, (parameter, layout)) in self.network.parameters.iter().zip(&self.layouts).enumerate() {
            let put = |values: &[f32]| {
                layout.place(values, parameter, self.device).map_err(failed("restore the weights"))
            };
            lane.parameters[place] = put(find("tch", &state.weights, &parameter.name, &parameter.shape)?)?;
            if parameter.role.is_trained() {
                let name = momentum_name(&parameter.name);
                lane.velocities[place] = put(find("tch", &state.optimizer, &name, &parameter.shape)?)?;
            }
        }
        Ok(())
    }

    pub(super) fn executed(&self, lane: usize) -> Executed {
        let lane = &self.lanes[lane];
        Executed { train: lane.trained.total(), evaluate: lane.evaluated }
    }

    pub(super) fn executed_by_layer(&self, lane: usize) -> ByLayer {
        self.lanes[lane].trained.clone()
    }

    pub(super) fn sync(&self) -> Result<(), TrainError> {
        wait(self.device).map_err(failed("finish its work"))
    }
}

/// Waits until a device has done what it was asked to.
fn wait(device: tch::Device) -> Result<(), TorchError> {
    match device {
        tch::Device::Cuda(card) => libtorch::cuda::wait(card as u32),
        _ => Ok(()),
    }
}

impl Judged {
    /// Moves images to where the device finds them.
    fn new(images: &Images, device: tch::Device) -> Result<Judged, TorchError> {
        Ok(Judged { source: Source::new(images.clone(), 0, device)?, images: images.clone() })
    }
}

/// What to judge of so many images, batch after batch, as if each were a step; the last is filled up with the last image.
fn evaluation(images: usize, at_once: usize) -> Vec<Step> {
    let batch = |start: usize| {
        let indices = (start..start + at_once).map(|index| index.min(images - 1) as u32).collect();
        let augment = vec![Augment::IDENTITY; at_once];
        Step { number: 0, indices, augment, learning_rate: 0.0 }
    };
    (0..images).step_by(at_once).map(batch).collect()
}

impl Lane {
    fn new(
        network: &Network,
        layouts: &[Layout],
        spec: &RunSpec,
        device: tch::Device,
    ) -> Result<Lane, TorchError> {
        let weights = net::init::initial_weights(network, spec.seed);
        let mut parameters = Vec::with_capacity(weights.len());
        let mut velocities = Vec::with_capacity(weights.len());
        for ((parameter, layout), values) in network.parameters.iter().zip(layouts).zip(weights) {
            let tensor = layout.place(&values, parameter, device)?;
            velocities.push(tensor.f_zeros_like()?);
            parameters.push(tensor);
        }
        let spec = spec.clone();
        Ok(Lane {
            spec,
            parameters,
            velocities,
            losses: Vec::new(),
            trained: ByLayer::default(),
            evaluated: Flops(0),
        })
    }

    /// One step of SGD, in one call for all parameters that share their numbers.
    fn descend(
        &mut self,
        network: &Network,
        gradients: Gradients,
        step: &Step,
        scale: f64,
    ) -> Result<(), TorchError> {
        let mut groups: BTreeMap<[u64; 2], Vec<(usize, Tensor)>> = BTreeMap::new();
        for (place, gradient) in gradients {
            let parameter = &network.parameters[place];
            if parameter.trainable_until_step.is_none_or(|until| step.number < until) {
                let scales = [parameter.learning_rate_scale, parameter.weight_decay_scale];
                groups.entry(scales.map(f64::to_bits)).or_default().push((place, gradient));
            }
        }
        for (scales, mut group) in groups {
            let [rate, decay] = scales.map(f64::from_bits);
            let descent = Descent {
                rate: step.learning_rate * rate,
                momentum: self.spec.momentum,
                decay: self.spec.weight_decay * decay,
            };
            group.sort_by_key(|(place, _)| *place);
            let mut found = Vec::with_capacity(group.len());
            for (place, gradient) in &group {
                found.push(like(&self.parameters[*place], gradient, scale)?);
            }
            let is_in = |place: &usize| group.binary_search_by_key(place, |(place, _)| *place).is_ok();
            let mut weights = members(&mut self.parameters, is_in);
            let mut velocities = members(&mut self.velocities, is_in);
            sgd(&mut weights, &mut found, &mut velocities, descent)?;
        }
        Ok(())
    }
}

/// The tensors whose places are in a group, in order.
fn members(tensors: &mut [Tensor], is_in: impl Fn(&usize) -> bool) -> Vec<&mut Tensor> {
    tensors.iter_mut().enumerate().filter(|(place, _)| is_in(place)).map(|(_, tensor)| tensor).collect()
}

/// The gradient as the optimiser takes it: in f32, over `scale`, and in the memory order of its weight, as all three are
/// read value after value.
fn like(weight: &Tensor, gradient: &Tensor, scale: f64) -> Result<Tensor, TorchError> {
    if scale == 1.0 && gradient.f_kind()? == Kind::Float && gradient.stride() == weight.stride() {
        return Ok(gradient.shallow_clone());
    }
    let mut placed = weight.f_empty_like()?;
    placed.f_copy_(gradient)?;
    if scale != 1.0 { Ok(placed.f_mul_scalar_(1.0 / scale)?) } else { Ok(placed) }
}

/// The type of activations and of the factors of products.
pub(super) fn kind(precision: Precision) -> Kind {
    match precision {
        Precision::F32 | Precision::Tf32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
        Precision::F16 => Kind::Half,
    }
}

/// The parameters as operators take them: weights and biases in the type of activations, normalisations in f32.
fn working(
    precision: Precision,
    network: &Network,
    parameters: &[Tensor],
) -> Result<Vec<Tensor>, TorchError> {
    use net::network::Role;
    let pairs = network.parameters.iter().zip(parameters);
    let cast = |(parameter, tensor): (&net::network::Parameter, &Tensor)| match parameter.role {
        // The same tensor where the type is f32 already.
        Role::Weight | Role::Bias => Ok(tensor.f_to_kind(kind(precision))?),
        Role::Scale | Role::Shift | Role::RunningMean | Role::RunningVariance => Ok(tensor.shallow_clone()),
    };
    pairs.map(cast).collect()
}

/// The settings of this learner, which the process and the thread may have from another one.
pub(super) fn settle(precision: Precision, device: tch::Device, threads: usize) -> Result<(), TorchError> {
    let is_card = device.is_cuda();
    if !is_card {
        libtorch::settings::keep_memory();
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    }
    // On the processor every kernel gives the same bits each time.
    let tf32 = is_card && precision == Precision::Tf32;
    libtorch::settings::apply(libtorch::settings::Settings { tf32, search: false, reproducible: is_card })
}

pub(super) fn failed(action: &'static str) -> impl Fn(TorchError) -> TrainError {
    move |reason| TrainError::Learner { learner: "tch", action, reason: reason.to_string() }
}
