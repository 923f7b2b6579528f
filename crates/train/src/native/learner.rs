//! The native learner: steps, losses, evaluation and state, lane after lane.

use data::augment::Augment;
use data::images::Images;
use data::normalisation::normalisation;
use kernels::arena::Arena;
use kernels::isa::Isa;
use kernels::plane::Plane;
use net::network::Network;
use record::spec::{RunPlan, RunSpec};
use record::units::Flops;

use super::graph::Graph;
use super::norm::NormState;
use super::parameters::Layout;
use super::program::Program;
use super::schedule::Schedule;
use super::step::{Batch, Machine, dropout_masks, sgd};
use super::update::Update;
use crate::error::TrainError;
use crate::executed::{ByLayer, Executed};
use crate::learner::{
    Learner, NamedTensor, Outcome, ProfileEntry, State, Step, find, momentum_name, outcome,
};

/// Images of a chunk in evaluation, and chunks at once.
const EVALUATION: (usize, usize) = (16, 16);

/// Trains with our own kernels on the CPU, in f32.
pub struct NativeLearner {
    network: Network,
    /// What stands for each byte of an image, channel by channel.
    values: [[f32; 256]; 3],
    graph: Graph,
    layout: Layout,
    training: Machine,
    evaluation: Machine,
    update: Update,
    /// Gradient of the latest step, packed.
    gradient: Arena,
    /// What a step executes.
    step_executes: ByLayer,
    images: Option<Images>,
    lanes: Vec<Lane>,
}

/// One run: its settings, weights and optimizer state.
struct Lane {
    spec: RunSpec,
    weights: Arena,
    velocity: Arena,
    losses: Vec<f32>,
    steps: u64,
    evaluated: Flops,
}

/// Images of a chunk for batches of `batch`: at most sixteen chunks, but of no fewer than eight images, as every
/// chunk has partial gradients of its own. Never from the number of threads, as bits follow from chunks.
pub(crate) fn chunk_images(batch: usize) -> usize {
    batch.div_ceil(16).max(8).min(batch)
}

impl NativeLearner {
    /// A learner with the initial weights of each plan, on the best instructions that this processor has.
    ///
    /// # Errors
    /// When there is no plan, or a step would need more memory than the machine gives or the kernels can address.
    pub fn new(plans: &[&RunPlan]) -> Result<NativeLearner, TrainError> {
        NativeLearner::with_isa(plans, Isa::detect())
    }

    /// A learner on the instructions of `isa`.
    ///
    /// # Errors
    /// When there is no plan, or a step would need more memory than the machine gives or the kernels can address.
    pub fn with_isa(plans: &[&RunPlan], isa: Isa) -> Result<NativeLearner, TrainError> {
        let first = plans.first().ok_or_else(|| failed("build a learner", "no run was given"))?;
        let network = first.network.clone();
        let batch = first.spec.batch as usize;
        let graph = Graph::lower(&network);
        let layout = Layout::new(isa, &network, &graph);
        let norms = norms(&graph, &layout);
        let chunk = chunk_images(batch);
        let schedule = Schedule::training(&graph, chunk);
        let program = Program::compile(isa, &graph, &layout, &norms, &schedule, chunk)?;
        let update = Update::plan(&program, &layout, &network.parameters, batch);
        let step_executes = program.executed(batch);
        let training = Machine::new(isa, program, norms.clone(), batch.div_ceil(chunk))?;
        let schedule = Schedule::inference(&graph, EVALUATION.0);
        let program = Program::compile(isa, &graph, &layout, &norms, &schedule, EVALUATION.0)?;
        let evaluation = Machine::new(isa, program, norms, EVALUATION.1)?;
        let lanes: Result<_, _> = plans.iter().map(|plan| Lane::new(&network, &layout, &plan.spec)).collect();
        Ok(NativeLearner {
            values: normalisation(first.spec.data).values(),
            gradient: parameters(&layout)?,
            network,
            graph,
            layout,
            training,
            evaluation,
            update,
            step_executes,
            images: None,
            lanes: lanes?,
        })
    }

    /// One step of one lane; returns its loss.
    fn step(&mut self, number: usize, step: &Step) -> Result<f64, TrainError> {
        let images = self.images.as_ref().ok_or_else(|| failed("take a step", "no images were loaded"))?;
        let lane = &mut self.lanes[number];
        let count = step.indices.len();
        if count > self.training.images() || step.augment.len() != count {
            return Err(failed(
                "take a step",
                "it has more images than the batch that was planned, or not as many augmentations",
            ));
        }
        let masks = dropout_masks(&self.graph, lane.spec.seed, step.number, count);
        let batch = Batch {
            images,
            values: &self.values,
            indices: &step.indices,
            augment: &step.augment,
            label_smoothing: lane.spec.label_smoothing,
            masks: &masks,
        };
        let loss = self.training.pass(&batch, &mut lane.weights, &mut self.gradient);
        self.training.biases(&self.layout, &mut self.gradient);
        let tensors = (&mut lane.weights[..], &mut lane.velocity[..], &mut self.gradient[..]);
        let (network, spec) = (&self.network, &lane.spec);
        self.update.run(self.training.isa, &self.training.left(count), tensors, |parameter| {
            sgd(network, spec, step, parameter)
        });
        Ok(loss)
    }

    fn judge(&mut self, number: usize, images: &Images) -> Vec<Outcome> {
        let weights = &self.lanes[number].weights;
        self.evaluation.settle(weights);
        let mut outcomes = Vec::with_capacity(images.len());
        let most = self.evaluation.images();
        let augment = vec![Augment::IDENTITY; most];
        for start in (0..images.len()).step_by(most) {
            let indices: Vec<u32> =
                (start..images.len().min(start + most)).map(|index| index as u32).collect();
            let batch = Batch {
                images,
                values: &self.values,
                indices: &indices,
                augment: &augment[..indices.len()],
                label_smoothing: 0.0,
                masks: &[],
            };
            self.evaluation.infer(&batch, weights);
            for (image, &index) in indices.iter().enumerate() {
                let label = usize::from(images.labels[index as usize]);
                outcomes.push(outcome(self.evaluation.logits(image), label));
            }
        }
        outcomes
    }
}

/// One state for each batch normalisation, with places for its sums.
fn norms(graph: &Graph, layout: &Layout) -> Vec<NormState> {
    let mut start = 0;
    let mut norms = Vec::new();
    for norm in &graph.norms {
        let shape = graph.tensors[norm.tensor].shape;
        let plane = Plane::new(shape.height, shape.width, shape.channels, 0);
        let length = 2 * plane.stride;
        let sums = [start..start + length, start + length..start + 2 * length];
        start += 2 * length;
        norms.push(NormState::new(&layout.slots[norm.parameters..norm.parameters + 4], plane, sums));
    }
    norms
}

/// Memory for one value of every parameter.
fn parameters(layout: &Layout) -> Result<Arena, TrainError> {
    let gibibytes = layout.len as f64 * size_of::<f32>() as f64 / f64::from(1 << 30);
    Arena::try_new(layout.len).map_err(|_| TrainError::Memory {
        purpose: "a copy of the parameters",
        gibibytes,
        instead: "make the network smaller",
    })
}

impl Lane {
    fn new(network: &Network, layout: &Layout, spec: &RunSpec) -> Result<Lane, TrainError> {
        let mut weights = parameters(layout)?;
        let velocity = parameters(layout)?;
        for (slot, values) in layout.slots.iter().zip(net::init::initial_weights(network, spec.seed)) {
            slot.pack(&values, &mut weights);
        }
        Ok(Lane { spec: spec.clone(), weights, velocity, losses: Vec::new(), steps: 0, evaluated: Flops(0) })
    }
}

impl Learner for NativeLearner {
    fn load(&mut self, images: &Images) -> Result<(), TrainError> {
        self.images = Some(images.clone());
        Ok(())
    }

    fn train(&mut self, lanes: &[&[Step]]) -> Result<(), TrainError> {
        for (number, steps) in lanes.iter().enumerate() {
            for step in *steps {
                let loss = self.step(number, step)?;
                let lane = &mut self.lanes[number];
                lane.losses.push(loss as f32);
                lane.steps += 1;
            }
        }
        Ok(())
    }

    fn take_losses(&mut self) -> Result<Vec<Vec<f32>>, TrainError> {
        Ok(self.lanes.iter_mut().map(|lane| std::mem::take(&mut lane.losses)).collect())
    }

    fn evaluate(&mut self, images: &Images) -> Result<Vec<Vec<Outcome>>, TrainError> {
        let executed = self.evaluation.program.executed(images.len()).total();
        let mut outcomes = Vec::with_capacity(self.lanes.len());
        for number in 0..self.lanes.len() {
            outcomes.push(self.judge(number, images));
            self.lanes[number].evaluated += executed;
        }
        Ok(outcomes)
    }

    fn state(&self, lane: usize) -> Result<State, TrainError> {
        let lane = &self.lanes[lane];
        let mut state = State { weights: Vec::new(), optimizer: Vec::new() };
        for (parameter, slot) in self.network.parameters.iter().zip(&self.layout.slots) {
            let tensor = |name: String, flat: &[f32]| NamedTensor {
                name,
                shape: parameter.shape.clone(),
                values: slot.unpack(parameter.elements() as usize, flat),
            };
            state.weights.push(tensor(parameter.name.clone(), &lane.weights));
            if parameter.role.is_trained() {
                state.optimizer.push(tensor(momentum_name(&parameter.name), &lane.velocity));
            }
        }
        Ok(state)
    }

    fn restore(&mut self, lane: usize, state: &State) -> Result<(), TrainError> {
        let lane = &mut self.lanes[lane];
        for (parameter, slot) in self.network.parameters.iter().zip(&self.layout.slots) {
            let values = find("native", &state.weights, &parameter.name, &parameter.shape)?;
            slot.pack(values, &mut lane.weights);
            if parameter.role.is_trained() {
                let values =
                    find("native", &state.optimizer, &momentum_name(&parameter.name), &parameter.shape)?;
                slot.pack(values, &mut lane.velocity);
            }
        }
        Ok(())
    }

    fn executed(&self, lane: usize) -> Executed {
        let lane = &self.lanes[lane];
        Executed { train: self.step_executes.total().times(lane.steps), evaluate: lane.evaluated }
    }

    fn executed_by_layer(&self, lane: usize) -> ByLayer {
        let mut executed = ByLayer::default();
        executed.add(&self.step_executes, self.lanes[lane].steps);
        executed
    }

    fn sync(&mut self) -> Result<(), TrainError> {
        Ok(())
    }

    fn memory_bytes(&self) -> Option<u64> {
        let lanes = self.lanes.iter().map(|lane| lane.weights.bytes() + lane.velocity.bytes());
        let machines = self.training.bytes() + self.evaluation.bytes();
        Some((machines + self.gradient.bytes() + lanes.sum::<usize>()) as u64)
    }

    fn profile(&mut self, on: bool) {
        self.training.keep_profile(on);
        self.evaluation.keep_profile(on);
        self.update.keep_profile(on);
    }

    fn take_profile(&mut self) -> Option<Vec<ProfileEntry>> {
        let mut entries = self.training.profile()?;
        entries.extend(self.update.profile()?);
        // Forward passes with batch statistics and with running ones are the same layers.
        for entry in self.evaluation.profile()? {
            let known =
                |other: &&mut ProfileEntry| (&other.layer, other.phase) == (&entry.layer, entry.phase);
            match entries.iter_mut().find(known) {
                Some(known) => {
                    known.seconds += entry.seconds;
                    known.calls += entry.calls;
                }
                None => entries.push(entry),
            }
        }
        entries.retain(|entry| entry.calls > 0);
        Some(entries)
    }
}

fn failed(action: &'static str, reason: &str) -> TrainError {
    TrainError::Learner { learner: "native", action, reason: reason.to_owned() }
}
