//! The candle learner: steps, losses, evaluation and state, lane after lane.

use candle_core::{Device, Tensor, Var};
use chance::{Purpose, Stream};
use data::augment::{self, Augment};
use data::images::Images;
use data::normalisation::normalisation;
use net::network::Network;
use rayon::prelude::*;
use record::spec::{RunPlan, RunSpec};
use record::units::Flops;

use super::forward::{Mode, Pass};
use super::ops::batch_norm::Moments;
use super::ops::cross_entropy::{cross_entropy, log_sum_exp};
use super::ops::real::Real;
use crate::error::TrainError;
use crate::learner::{Executed, Learner, NamedTensor, Outcome, State, Step, find, momentum_name};

/// Images judged at once; every batch is filled up to it, so that no outcome depends on the number of images.
const EVALUATION_BATCH: usize = 100;
/// Share of a new batch in the running statistics, as PyTorch's default `momentum`.
const RUNNING_SHARE: f64 = 0.1;

/// Trains with candle on the CPU: f32, or f64 where gradients are checked.
pub struct CandleLearner<T> {
    network: Network,
    /// What stands for each byte of an image, channel by channel.
    values: [[f32; 256]; 3],
    images: Option<Images>,
    lanes: Vec<Lane<T>>,
}

/// One run: its settings, weights and optimizer state.
pub(super) struct Lane<T> {
    spec: RunSpec,
    pub(super) parameters: Vec<Var>,
    momentum: Vec<Vec<T>>,
    losses: Vec<f32>,
    executed: Executed,
}

/// A loss with the gradient of every parameter, and what the pass left behind.
pub(crate) struct Gradients {
    pub(crate) loss: f64,
    /// In the network's order; `None` for buffers.
    pub(crate) by_parameter: Vec<Option<Tensor>>,
    moments: Vec<(std::ops::Range<usize>, Moments)>,
    executed_macs: u64,
}

#[expect(private_bounds, reason = "the number types are f32 and f64, and nobody outside adds one")]
impl<T: Real> CandleLearner<T> {
    /// A learner with the initial weights of each plan.
    ///
    /// # Errors
    /// When candle refuses.
    pub fn new(plans: &[&RunPlan]) -> Result<CandleLearner<T>, TrainError> {
        let first = plans.first().ok_or_else(|| failed("build a learner")("no run was given"))?;
        let lanes = plans.iter().map(|plan| Lane::new(&plan.network, &plan.spec));
        Ok(CandleLearner {
            network: first.network.clone(),
            values: normalisation(first.spec.data).values(),
            images: None,
            lanes: lanes.collect::<candle_core::Result<_>>().map_err(failed("place the weights"))?,
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
        Tensor::from_vec(pixels, dims, &Device::Cpu)?.to_dtype(T::DTYPE)
    }

    fn labels(images: &Images, indices: &[u32]) -> Vec<u8> {
        indices.iter().map(|&index| images.labels[index as usize]).collect()
    }

    /// Loss and gradients of one lane at one step, nothing changed.
    pub(crate) fn gradients(&self, lane: usize, step: &Step) -> candle_core::Result<Gradients> {
        let Some(images) = &self.images else { candle_core::bail!("no images were loaded") };
        let lane = &self.lanes[lane];
        let dropout = Box::new(Stream::new(lane.spec.seed, Purpose::Dropout, step.number));
        let mode = Mode::Training { dropout, moments: Vec::new() };
        let mut pass = Pass { parameters: &lane.parameters, mode, executed_macs: 0 };
        let logits = pass.run::<T>(&self.network.nodes, &self.batch(images, step)?)?;
        let labels = Self::labels(images, &step.indices);
        let loss = cross_entropy::<T>(&logits, labels, lane.spec.label_smoothing)?;
        let mut store = loss.backward()?;
        let by_parameter = lane.parameters.iter().map(|parameter| store.remove(parameter)).collect();
        let moments = match pass.mode {
            Mode::Training { moments, .. } => moments,
            Mode::Evaluation => Vec::new(),
        };
        let loss = loss.to_scalar::<T>()?.to_f64();
        Ok(Gradients { loss, by_parameter, moments, executed_macs: pass.executed_macs })
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
        let gradients = self.gradients(lane, step)?;
        let lane = &mut self.lanes[lane];
        lane.losses.push(gradients.loss as f32);
        lane.executed.train += Flops::of_macs(gradients.executed_macs);
        for (place, moments) in &gradients.moments {
            lane.update_running(place.clone(), moments)?;
        }
        for (place, gradient) in gradients.by_parameter.into_iter().enumerate() {
            if let Some(gradient) = gradient {
                lane.descend(&self.network, place, &gradient, step)?;
            }
        }
        Ok(())
    }

    fn judge(&self, lane: &Lane<T>, images: &Images) -> candle_core::Result<(Vec<Outcome>, u64)> {
        let mut outcomes = Vec::with_capacity(images.len());
        let mut macs = 0;
        for start in (0..images.len()).step_by(EVALUATION_BATCH) {
            let end = (start + EVALUATION_BATCH).min(images.len());
            let indices: Vec<u32> =
                (start..start + EVALUATION_BATCH).map(|i| i.min(end - 1) as u32).collect();
            let augment = vec![Augment::default(); indices.len()];
            let step = Step { number: 0, indices, augment, learning_rate: 0.0 };
            let mut pass = Pass { parameters: &lane.parameters, mode: Mode::Evaluation, executed_macs: 0 };
            let logits = pass.run::<T>(&self.network.nodes, &self.batch(images, &step)?)?.to_vec2::<T>()?;
            macs += pass.executed_macs;
            let judged = logits.iter().zip(&images.labels[start..end]);
            outcomes.extend(judged.map(|(logits, &label)| outcome(logits, usize::from(label))));
        }
        Ok((outcomes, macs))
    }
}

fn outcome<T: Real>(logits: &[T], label: usize) -> Outcome {
    let top = |best: usize, class: usize| if logits[class] > logits[best] { class } else { best };
    let right = logits.iter().all(|v| v.to_f64().is_finite()) && (0..logits.len()).fold(0, top) == label;
    let cross_entropy = log_sum_exp(logits.iter().map(|v| v.to_f64())) - logits[label].to_f64();
    Outcome { right, cross_entropy }
}

impl<T: Real> Lane<T> {
    fn new(network: &Network, spec: &RunSpec) -> candle_core::Result<Lane<T>> {
        let weights = net::init::initial_weights(network, spec.seed);
        let place = |(parameter, values): (&net::network::Parameter, Vec<f32>)| {
            let tensor = Tensor::from_vec(values, parameter.shape.as_slice(), &Device::Cpu)?;
            Var::from_tensor(&tensor.to_dtype(T::DTYPE)?)
        };
        let parameters =
            network.parameters.iter().zip(weights).map(place).collect::<candle_core::Result<Vec<_>>>()?;
        let momentum = network.parameters.iter().zip(&parameters);
        let momentum = momentum
            .map(|(p, var)| if p.role.is_trained() { vec![T::zero(); var.elem_count()] } else { vec![] });
        Ok(Lane {
            spec: spec.clone(),
            momentum: momentum.collect(),
            parameters,
            losses: Vec::new(),
            executed: Executed::default(),
        })
    }

    /// running = (1 - share) * running + share * batch, with the unbiased variance, as PyTorch.
    fn update_running(&self, place: std::ops::Range<usize>, batch: &Moments) -> candle_core::Result<()> {
        let unbias = batch.count as f64 / (batch.count as f64 - 1.0).max(1.0);
        let blend = |buffer: &Var, values: &[f64], factor: f64| {
            let old = buffer.to_vec1::<T>()?;
            let new = old.iter().zip(values).map(|(old, value)| {
                T::from_f64((1.0 - RUNNING_SHARE) * old.to_f64() + RUNNING_SHARE * value * factor)
            });
            buffer.set(&Tensor::from_vec(new.collect::<Vec<T>>(), buffer.shape(), &Device::Cpu)?)
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
        let rate = T::from_f64(step.learning_rate * parameter.learning_rate_scale);
        let decay = T::from_f64(self.spec.weight_decay * parameter.weight_decay_scale);
        let mu = T::from_f64(self.spec.momentum);
        let mut weights = self.parameters[place].flatten_all()?.to_vec1::<T>()?;
        let gradient = gradient.flatten_all()?.to_vec1::<T>()?;
        for ((w, v), g) in weights.iter_mut().zip(&mut self.momentum[place]).zip(gradient) {
            let g = g + decay * *w;
            *v = mu * *v + g;
            *w -= rate * (g + mu * *v);
        }
        let var = &self.parameters[place];
        var.set(&Tensor::from_vec(weights, var.shape(), &Device::Cpu)?)
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
            let (judged, macs) = self.judge(&self.lanes[lane], images).map_err(failed("evaluate"))?;
            self.lanes[lane].executed.evaluate += Flops::of_macs(macs);
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
            let values = var.flatten_all().and_then(|flat| flat.to_vec1::<T>());
            let values = values.map_err(failed("read the weights"))?;
            let tensor = |name: String, values: &[T]| NamedTensor {
                name,
                shape: parameter.shape.clone(),
                values: values.iter().map(|v| v.to_f64() as f32).collect(),
            };
            state.weights.push(tensor(parameter.name.clone(), &values));
            if !momentum.is_empty() {
                state.optimizer.push(tensor(momentum_name(&parameter.name), momentum));
            }
        }
        Ok(state)
    }

    fn restore(&mut self, lane: usize, state: &State) -> Result<(), TrainError> {
        let lane = &mut self.lanes[lane];
        for (place, parameter) in self.network.parameters.iter().enumerate() {
            let values = find("candle", &state.weights, &parameter.name, &parameter.shape)?;
            let var = &lane.parameters[place];
            let tensor = Tensor::from_vec(numbers::<T>(values), var.shape(), &Device::Cpu);
            tensor.and_then(|tensor| var.set(&tensor)).map_err(failed("restore the weights"))?;
            if parameter.role.is_trained() {
                let values =
                    find("candle", &state.optimizer, &momentum_name(&parameter.name), &parameter.shape)?;
                lane.momentum[place] = numbers::<T>(values);
            }
        }
        Ok(())
    }

    fn executed(&self, lane: usize) -> Executed {
        self.lanes[lane].executed
    }

    fn sync(&mut self) -> Result<(), TrainError> {
        Ok(())
    }
}

fn numbers<T: Real>(values: &[f32]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(f64::from(value))).collect()
}

fn failed<E: ToString>(action: &'static str) -> impl Fn(E) -> TrainError {
    move |reason| TrainError::Learner { learner: "candle", action, reason: reason.to_string() }
}
