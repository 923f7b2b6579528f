//! The candle learner: steps, losses, evaluation and state, lane after lane.

use std::marker::PhantomData;

use candle_core::{DType, Device, Tensor, Var};
use chance::{Purpose, Stream};
use data::augment::{self, Augment};
use data::images::Images;
use data::normalisation::normalisation;
use net::network::Network;
use rayon::prelude::*;
use record::bench::LayerPhase;
use record::spec::{RunPlan, RunSpec};
use record::units::Flops;

use super::forward::{Mode, Operations, Pass};
use super::ops::batch_norm::BatchMoments;
use super::ops::cross_entropy::log_sum_exp;
use super::ops::real::Real;
use crate::error::TrainError;
use crate::executed::{ByLayer, Executed};
use crate::laps::Laps;
use crate::learner::{Learner, NamedTensor, Outcome, ProfileEntry, State, Step, find, momentum_name};

/// Images judged at once unless another number is wanted; every batch is filled up to it, so that no outcome depends on the number of images.
const EVALUATION_BATCH: usize = 100;
/// Share of a new batch in the running statistics, as PyTorch's default `momentum`.
const RUNNING_SHARE: f64 = 0.1;

/// Trains with candle: f32, or f64 where gradients are checked.
pub struct CandleLearner<T> {
    device: Device,
    operations: Operations,
    network: Network,
    /// What stands for each byte of an image, channel by channel.
    values: [[f32; 256]; 3],
    images: Option<Images>,
    /// Images judged at once.
    at_once: usize,
    lanes: Vec<Lane<T>>,
    laps: Laps,
}

/// One run: its settings, weights and optimizer state.
pub(super) struct Lane<T> {
    spec: RunSpec,
    pub(super) parameters: Vec<Var>,
    /// In the network's order; `None` for buffers.
    momentum: Vec<Option<Tensor>>,
    losses: Vec<f32>,
    trained: ByLayer,
    evaluated: Flops,
    number: PhantomData<T>,
}

/// A loss with the gradient of every parameter, and what the pass left behind.
pub(crate) struct Gradients {
    pub(crate) loss: f64,
    /// In the network's order; `None` for buffers.
    pub(crate) by_parameter: Vec<Option<Tensor>>,
    moments: Vec<(std::ops::Range<usize>, BatchMoments)>,
    executed: ByLayer,
}

#[expect(private_bounds, reason = "the number types are f32 and f64, and nobody outside adds one")]
impl<T: Real> CandleLearner<T> {
    /// A learner on a device with the initial weights of each plan.
    ///
    /// # Errors
    /// When candle refuses, or has no such device.
    pub fn new(plans: &[&RunPlan], device: record::device::Device) -> Result<CandleLearner<T>, TrainError> {
        let operations = if device.is_cuda() { Operations::Composed } else { Operations::Fused };
        CandleLearner::with_operations(plans, device, operations)
    }

    /// The same with a choice of operations, of which fused ones compute on the CPU only.
    ///
    /// # Errors
    /// When candle refuses.
    pub(crate) fn with_operations(
        plans: &[&RunPlan],
        device: record::device::Device,
        operations: Operations,
    ) -> Result<CandleLearner<T>, TrainError> {
        let device = place(device)?;
        let first = plans.first().ok_or_else(|| failed("build a learner")("no run was given"))?;
        let lanes = plans.iter().map(|plan| Lane::new(&plan.network, &plan.spec, &device));
        let lanes = lanes.collect::<candle_core::Result<_>>().map_err(failed("place the weights"))?;
        Ok(CandleLearner {
            device,
            operations,
            network: first.network.clone(),
            values: normalisation(first.spec.data).values(),
            images: None,
            at_once: EVALUATION_BATCH,
            lanes,
            laps: Laps::default(),
        })
    }

    /// A batch as (batch, channels, height, width), normalised; image after image in parallel.
    fn batch(&self, images: &Images, step: &Step) -> candle_core::Result<Tensor> {
        let shape = images.shape;
        let mut pixels = vec![0f32; step.indices.len() * shape.bytes()];
        let sources = step.indices.par_iter().zip(&step.augment);
        pixels.par_chunks_mut(shape.bytes()).zip(sources).for_each(|(out, (&index, &augment))| {
            augment::apply(images.image(index as usize), shape, augment, &self.values, out);
        });
        let dims = (step.indices.len(), shape.channels, shape.height, shape.width);
        Tensor::from_vec(pixels, dims, &self.device)?.to_dtype(T::DTYPE)
    }

    fn labels(images: &Images, indices: &[u32]) -> Vec<u8> {
        indices.iter().map(|&index| images.labels[index as usize]).collect()
    }

    /// Loss and gradients of one lane at one step, nothing changed.
    pub(crate) fn gradients(
        &self,
        lane: usize,
        step: &Step,
        laps: &mut Laps,
    ) -> candle_core::Result<Gradients> {
        laps.start();
        let settle = || self.device.synchronize();
        let Some(images) = &self.images else { candle_core::bail!("no images were loaded") };
        let lane = &self.lanes[lane];
        let dropout = Box::new(Stream::new(lane.spec.seed, Purpose::Dropout, step.number));
        let mode = Mode::Training { dropout, moments: Vec::new() };
        let mut pass = Pass {
            parameters: &lane.parameters,
            operations: self.operations,
            mode,
            executed: ByLayer::default(),
        };
        let batch = self.batch(images, step)?;
        laps.lap(LayerPhase::Load, settle)?;
        let logits = pass.run::<T>(&self.network.nodes, &batch)?;
        let labels = Self::labels(images, &step.indices);
        let loss = pass.cross_entropy::<T>(&logits, labels, lane.spec.label_smoothing)?;
        laps.lap(LayerPhase::Forward, settle)?;
        let mut store = loss.backward()?;
        laps.lap(LayerPhase::Backward, settle)?;
        let by_parameter = lane.parameters.iter().map(|parameter| store.remove(parameter)).collect();
        let moments = match pass.mode {
            Mode::Training { moments, .. } => moments,
            Mode::Evaluation => Vec::new(),
        };
        let loss = loss.to_scalar::<T>()?.to_f64();
        Ok(Gradients { loss, by_parameter, moments, executed: pass.executed })
    }

    /// The parameters and buffers of one lane.
    #[cfg(test)]
    pub(super) fn parameters(&self, lane: usize) -> &[Var] {
        &self.lanes[lane].parameters
    }

    /// The normalised batch of a step.
    #[cfg(test)]
    pub(super) fn batch_of(&self, step: &Step) -> Tensor {
        self.batch(self.images.as_ref().unwrap(), step).unwrap()
    }

    fn step(&mut self, lane: usize, step: &Step) -> candle_core::Result<()> {
        let mut laps = std::mem::take(&mut self.laps);
        let gradients = self.gradients(lane, step, &mut laps)?;
        let lane = &mut self.lanes[lane];
        lane.losses.push(gradients.loss as f32);
        lane.trained.add(&gradients.executed, 1);
        for (place, moments) in &gradients.moments {
            lane.update_running(place.clone(), moments)?;
        }
        for (place, gradient) in gradients.by_parameter.into_iter().enumerate() {
            if let Some(gradient) = gradient {
                lane.descend(&self.network, place, &gradient, step)?;
            }
        }
        laps.lap(LayerPhase::Update, || self.device.synchronize())?;
        self.laps = laps;
        Ok(())
    }

    fn judge(&self, lane: &Lane<T>, images: &Images) -> candle_core::Result<(Vec<Outcome>, Flops)> {
        let mut outcomes = Vec::with_capacity(images.len());
        let mut executed = Flops(0);
        for start in (0..images.len()).step_by(self.at_once) {
            let end = (start + self.at_once).min(images.len());
            let indices: Vec<u32> = (start..start + self.at_once).map(|i| i.min(end - 1) as u32).collect();
            let augment = vec![Augment::default(); indices.len()];
            let step = Step { number: 0, indices, augment, learning_rate: 0.0 };
            let mut pass = Pass {
                parameters: &lane.parameters,
                operations: self.operations,
                mode: Mode::Evaluation,
                executed: ByLayer::default(),
            };
            let logits = pass.run::<T>(&self.network.nodes, &self.batch(images, &step)?)?.to_vec2::<T>()?;
            executed += pass.executed.total();
            let judged = logits.iter().zip(&images.labels[start..end]);
            outcomes.extend(judged.map(|(logits, &label)| outcome(logits, usize::from(label))));
        }
        Ok((outcomes, executed))
    }
}

/// The device by candle's own name; whoever checked that there is such a card has opened CUDA's libraries.
///
/// # Errors
/// When candle finds none.
pub(super) fn place(device: record::device::Device) -> Result<Device, TrainError> {
    match device {
        record::device::Device::Cpu => Ok(Device::Cpu),
        record::device::Device::Cuda(card) => {
            Device::new_cuda(card as usize).map_err(failed("begin on the card"))
        }
    }
}

fn outcome<T: Real>(logits: &[T], label: usize) -> Outcome {
    let top = |best: usize, class: usize| if logits[class] > logits[best] { class } else { best };
    let right = logits.iter().all(|v| v.to_f64().is_finite()) && (0..logits.len()).fold(0, top) == label;
    let cross_entropy = log_sum_exp(logits.iter().map(|v| v.to_f64())) - logits[label].to_f64();
    Outcome { right, cross_entropy }
}

impl<T: Real> Lane<T> {
    fn new(network: &Network, spec: &RunSpec, device: &Device) -> candle_core::Result<Lane<T>> {
        let weights = net::init::initial_weights(network, spec.seed);
        let mut lane = Lane {
            spec: spec.clone(),
            parameters: Vec::new(),
            momentum: Vec::new(),
            losses: Vec::new(),
            trained: ByLayer::default(),
            evaluated: Flops(0),
            number: PhantomData,
        };
        for (parameter, values) in network.parameters.iter().zip(weights) {
            let tensor = Tensor::from_vec(values, parameter.shape.as_slice(), device)?;
            let var = Var::from_tensor(&tensor.to_dtype(T::DTYPE)?)?;
            lane.momentum.push(parameter.role.is_trained().then(|| var.zeros_like()).transpose()?);
            lane.parameters.push(var);
        }
        Ok(lane)
    }

    /// running = (1 - share) * running + share * batch, with the unbiased variance, as PyTorch.
    fn update_running(&self, place: std::ops::Range<usize>, batch: &BatchMoments) -> candle_core::Result<()> {
        let unbias = batch.count as f64 / (batch.count as f64 - 1.0).max(1.0);
        let blend = |buffer: &Var, values: &Tensor, factor: f64| {
            let old = buffer.to_dtype(DType::F64)?.affine(1.0 - RUNNING_SHARE, 0.0)?;
            let new = values.affine(RUNNING_SHARE, 0.0)?.affine(factor, 0.0)?;
            buffer.set(&(old + new)?.to_dtype(T::DTYPE)?)
        };
        let own = &self.parameters[place];
        blend(&own[2], &batch.mean, 1.0)?;
        blend(&own[3], &batch.variance, unbias)
    }

    /// SGD as PyTorch: g += wd * w; v = mu * v + g; w -= lr * (g + mu * v).
    fn descend(
        &mut self,
        network: &Network,
        place: usize,
        gradient: &Tensor,
        step: &Step,
    ) -> candle_core::Result<()> {
        let parameter = &network.parameters[place];
        if parameter.trainable_until_step.is_some_and(|until| step.number >= until) {
            return Ok(());
        }
        let rate = step.learning_rate * parameter.learning_rate_scale;
        let decay = self.spec.weight_decay * parameter.weight_decay_scale;
        let (weights, Some(v)) = (&self.parameters[place], &self.momentum[place]) else { return Ok(()) };
        // Detached, or every step would hang on to the one before.
        let w = weights.as_tensor().detach();
        let g = (gradient + w.affine(decay, 0.0)?)?;
        let v = (v.affine(self.spec.momentum, 0.0)? + &g)?;
        let change = (v.affine(self.spec.momentum, 0.0)? + g)?.affine(rate, 0.0)?;
        weights.set(&(w - change)?)?;
        self.momentum[place] = Some(v);
        Ok(())
    }
}

impl<T: Real> Learner for CandleLearner<T> {
    fn load(&mut self, images: &Images) -> Result<(), TrainError> {
        self.images = Some(images.clone());
        Ok(())
    }

    fn train(&mut self, lanes: &[&[Step]]) -> Result<(), TrainError> {
        for (lane, steps) in lanes.iter().enumerate() {
            for step in *steps {
                self.step(lane, step).map_err(failed("take a step"))?;
            }
        }
        Ok(())
    }

    fn take_losses(&mut self) -> Result<Vec<Vec<f32>>, TrainError> {
        Ok(self.lanes.iter_mut().map(|lane| std::mem::take(&mut lane.losses)).collect())
    }

    fn evaluate(&mut self, images: &Images) -> Result<Vec<Vec<Outcome>>, TrainError> {
        let mut outcomes = Vec::with_capacity(self.lanes.len());
        for lane in 0..self.lanes.len() {
            self.laps.start();
            let (judged, executed) = self.judge(&self.lanes[lane], images).map_err(failed("evaluate"))?;
            let settle = || self.device.synchronize();
            self.laps.lap(LayerPhase::Forward, settle).map_err(failed("wait for the device"))?;
            self.lanes[lane].evaluated += executed;
            outcomes.push(judged);
        }
        Ok(outcomes)
    }

    fn state(&self, lane: usize) -> Result<State, TrainError> {
        let lane = &self.lanes[lane];
        let mut state = State { weights: Vec::new(), optimizer: Vec::new() };
        for ((parameter, var), momentum) in
            self.network.parameters.iter().zip(&lane.parameters).zip(&lane.momentum)
        {
            let tensor = |name: String, values: &Tensor| {
                let values = values.flatten_all()?.to_vec1::<T>()?;
                let values = values.iter().map(|v| v.to_f64() as f32).collect();
                Ok(NamedTensor { name, shape: parameter.shape.clone(), values })
            };
            let read = |named: candle_core::Result<NamedTensor>| named.map_err(failed("read the weights"));
            state.weights.push(read(tensor(parameter.name.clone(), var))?);
            if let Some(momentum) = momentum {
                state.optimizer.push(read(tensor(momentum_name(&parameter.name), momentum))?);
            }
        }
        Ok(state)
    }

    fn restore(&mut self, lane: usize, state: &State) -> Result<(), TrainError> {
        let lane = &mut self.lanes[lane];
        for (place, parameter) in self.network.parameters.iter().enumerate() {
            let var = &lane.parameters[place];
            let tensor = |values: &[f32]| Tensor::from_vec(numbers::<T>(values), var.shape(), &self.device);
            let failed = failed("restore the weights");
            let values = find("candle", &state.weights, &parameter.name, &parameter.shape)?;
            tensor(values).and_then(|tensor| var.set(&tensor)).map_err(&failed)?;
            if parameter.role.is_trained() {
                let name = momentum_name(&parameter.name);
                let values = find("candle", &state.optimizer, &name, &parameter.shape)?;
                lane.momentum[place] = Some(tensor(values).map_err(&failed)?);
            }
        }
        Ok(())
    }

    fn executed(&self, lane: usize) -> Executed {
        let lane = &self.lanes[lane];
        Executed { train: lane.trained.total(), evaluate: lane.evaluated }
    }

    fn executed_by_layer(&self, lane: usize) -> ByLayer {
        self.lanes[lane].trained.clone()
    }

    fn sync(&mut self) -> Result<(), TrainError> {
        self.device.synchronize().map_err(failed("wait for the device"))
    }

    fn judge_at_once(&mut self, images: usize) {
        self.at_once = images.max(1);
    }

    fn profile(&mut self, on: bool) {
        self.laps.keep(on);
    }

    fn take_profile(&mut self) -> Option<Vec<ProfileEntry>> {
        self.laps.entries()
    }
}

fn numbers<T: Real>(values: &[f32]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(f64::from(value))).collect()
}

pub(super) fn failed<E: ToString>(action: &'static str) -> impl Fn(E) -> TrainError {
    move |reason| TrainError::Learner { learner: "candle", action, reason: reason.to_string() }
}
