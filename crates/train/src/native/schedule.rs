//! The order of work in one step: actions, grouped into stages that a few images pass together, and into regions
//! between which all images of the batch must have arrived.

use std::collections::HashMap;

use kernels::plane::Plane;
use kernels::winograd::Tile;

use super::graph::{Graph, Op, Source, TensorId};

/// Pixels of the smallest convolution that a group of images should have, so that its products are worth a call.
const PIXELS_PER_GROUP: usize = 256;

/// Winograd's tiles that a group of images should have in every convolution: the rows of the largest register tile.
const TILES_PER_GROUP: usize = 12;

/// One piece of work on some images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// Bytes to normalised numbers.
    Load,
    /// The forward pass of an operation.
    Forward(usize),
    /// Sums for the mean and variance of a normalisation.
    Moments(usize),
    /// Loss and the gradient of the logits.
    Loss,
    /// An activation's gradient after ReLU, and sums for its normalisations.
    Mask(usize),
    /// The gradient before an activation: of its first or second operand.
    Spread(usize, usize),
    /// Sum of the gradient of an operation's output.
    BiasGradient(usize),
    /// Gradient of a convolution's weights, and of a stem's bias.
    WeightGradient(usize),
    /// Gradient of an operation's input.
    InputGradient(usize),
}

/// What actions read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Resource {
    /// An activation.
    Value(TensorId),
    /// The gradient of an activation, by the number of its memory.
    Gradient(usize),
    /// Winners of a pooling operation.
    Index(usize),
    /// Sums of a normalisation over the batch.
    ForwardSums(usize),
    /// Sums of an activation's normalisations over the batch, on the way back.
    BackwardSums(usize),
}

/// What one action reads and writes.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub reads: Vec<Resource>,
    pub writes: Vec<Resource>,
}

/// Actions that a group of images passes one after the other.
#[derive(Debug)]
pub(super) struct Stage {
    /// The actions.
    pub actions: Vec<Action>,
    /// Images in a group.
    pub group: usize,
}

/// The order of work.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Stages that a chunk of images passes without waiting for the others, region after region.
    pub regions: Vec<Vec<Stage>>,
    /// For each tensor, the number of its gradient's memory; two tensors may share one.
    pub gradients: Vec<usize>,
    /// Actions that add to a gradient that another began, with the tensor.
    adding: Vec<(Action, TensorId)>,
}

/// The actions in an order that is right for one image, before they are grouped.
struct Sequence<'a> {
    graph: &'a Graph,
    actions: Vec<Action>,
    gradients: Vec<usize>,
    begun: Vec<bool>,
    adding: Vec<(Action, TensorId)>,
}

impl Schedule {
    /// A training step on chunks of `chunk` images.
    pub(super) fn training(graph: &Graph, chunk: usize) -> Schedule {
        let mut sequence = Sequence::forward(graph, true);
        sequence.backward();
        sequence.schedule(chunk)
    }

    /// The forward pass alone.
    pub(super) fn inference(graph: &Graph, chunk: usize) -> Schedule {
        Sequence::forward(graph, false).schedule(chunk)
    }

    /// Whether an action adds to the gradient of `tensor`; otherwise it begins it.
    pub(super) fn adds(&self, action: Action, tensor: TensorId) -> bool {
        self.adding.contains(&(action, tensor))
    }

    /// What an action touches.
    pub(super) fn access(&self, graph: &Graph, action: Action) -> Access {
        access(graph, &self.gradients, action)
    }
}

/// Whether the gradient of an activation's output is masked and summed up before it is spread.
pub(super) fn is_masked(y: Source, residual: Option<Source>) -> bool {
    y.norm.is_some() || residual.is_some()
}

impl<'a> Sequence<'a> {
    fn forward(graph: &'a Graph, training: bool) -> Sequence<'a> {
        let mut actions = vec![Action::Load];
        let moments = |actions: &mut Vec<Action>, tensor: TensorId| {
            for (number, norm) in graph.norms.iter().enumerate() {
                if training && norm.tensor == tensor {
                    actions.push(Action::Moments(number));
                }
            }
        };
        moments(&mut actions, 0);
        for (number, op) in graph.ops.iter().enumerate() {
            actions.push(Action::Forward(number));
            moments(&mut actions, op.out());
        }
        Sequence {
            graph,
            actions,
            gradients: (0..graph.tensors.len()).collect(),
            begun: vec![false; graph.tensors.len()],
            adding: Vec::new(),
        }
    }

    fn backward(&mut self) {
        self.writes(Action::Loss, self.graph.logits);
        self.actions.push(Action::Loss);
        for (number, op) in self.graph.ops.iter().enumerate().rev() {
            match op {
                Op::Conv { weights, x, .. } => {
                    if weights.bias.is_some() {
                        self.actions.push(Action::BiasGradient(number));
                    }
                    self.actions.push(Action::WeightGradient(number));
                    self.input_gradient(number, &[*x]);
                }
                Op::Stem { .. } => self.actions.push(Action::WeightGradient(number)),
                Op::Linear { weights, x, .. } => {
                    if weights.bias.is_some() {
                        self.actions.push(Action::BiasGradient(number));
                    }
                    self.input_gradient(number, &[*x]);
                }
                Op::Activate { y, residual, out, .. } => self.activation(number, *y, *residual, *out),
                Op::MaxPool { x, .. } | Op::Mean { x, .. } | Op::Dropout { x, .. } => {
                    self.input_gradient(number, &[*x]);
                }
                Op::Concat { parts, .. } => self.input_gradient(number, parts),
            }
        }
    }

    /// Notes that an action writes the gradient of a tensor, for the first time or to add.
    fn writes(&mut self, action: Action, tensor: TensorId) {
        if self.begun[tensor] {
            self.adding.push((action, tensor));
        }
        self.begun[tensor] = true;
    }

    fn input_gradient(&mut self, op: usize, inputs: &[TensorId]) {
        let wanted = inputs.iter().filter(|&&input| self.graph.tensors[input].needs_gradient);
        let wanted: Vec<TensorId> = wanted.copied().collect();
        if !wanted.is_empty() {
            let action = Action::InputGradient(op);
            wanted.into_iter().for_each(|input| self.writes(action, input));
            self.actions.push(action);
        }
    }

    fn activation(&mut self, op: usize, y: Source, residual: Option<Source>, out: TensorId) {
        if !self.graph.tensors[out].needs_gradient {
            return;
        }
        if is_masked(y, residual) {
            self.actions.push(Action::Mask(op));
        }
        for (which, source) in std::iter::once(y).chain(residual).enumerate() {
            if !self.graph.tensors[source.tensor].needs_gradient {
                continue;
            }
            // What comes back through a plain sum is the gradient itself: no copy.
            if which == 1 && source.norm.is_none() && !self.begun[source.tensor] {
                self.gradients[source.tensor] = self.gradients[out];
                self.begun[source.tensor] = true;
                continue;
            }
            self.writes(Action::Spread(op, which), source.tensor);
            self.actions.push(Action::Spread(op, which));
        }
    }

    /// Sorts actions by the number of times that the whole batch must have arrived before them.
    fn schedule(self, chunk: usize) -> Schedule {
        let levels = levels(self.graph, &self.gradients, &self.actions);
        let count = levels.iter().max().map_or(0, |&level| level + 1);
        let region = |level: usize| {
            let of_level = self.actions.iter().zip(&levels).filter(|&(_, &other)| other == level);
            let actions: Vec<Action> = of_level.map(|(&action, _)| action).collect();
            let stages = actions.chunk_by(|&a, &b| is_vector(self.graph, a) == is_vector(self.graph, b));
            let stage = |actions: &[Action]| Stage {
                actions: actions.to_vec(),
                group: group(self.graph, actions, chunk),
            };
            stages.map(stage).collect()
        };
        let regions = (0..count).map(region).collect();
        Schedule { regions, gradients: self.gradients, adding: self.adding }
    }
}

/// Images that pass the actions of a stage together: few, so that they stay in the processor's cache, but enough for
/// the products of its smallest convolution.
fn group(graph: &Graph, actions: &[Action], chunk: usize) -> usize {
    let images = actions.iter().filter_map(|&action| {
        let op = graph.ops.get(operation(action)?)?;
        match op {
            Op::Conv { x, y, .. } => {
                let [x, y] = [*x, *y].map(|tensor| graph.tensors[tensor].shape);
                let [x, y] = [x, y].map(|shape| Plane::new(shape.height, shape.width, shape.channels, 0));
                let sizes: &[Tile] = match action {
                    Action::Forward(_) => &Tile::FINE,
                    _ => &Tile::ALL,
                };
                let tiles = op.tile(sizes, x, y).map_or(TILES_PER_GROUP, |tile| tile.tiles(y));
                Some((PIXELS_PER_GROUP / (y.height * y.width)).max(TILES_PER_GROUP.div_ceil(tiles)))
            }
            // Four pixels of the convolution are one of the output.
            Op::Stem { out, .. } => Some(PIXELS_PER_GROUP / (4 * pixels_of(graph, *out))),
            _ => None,
        }
    });
    let vectors = actions.iter().all(|&action| is_vector(graph, action));
    match images.max() {
        Some(images) => images.clamp(1, chunk),
        None if vectors => chunk,
        None => 1,
    }
}

fn pixels_of(graph: &Graph, tensor: TensorId) -> usize {
    let shape = graph.tensors[tensor].shape;
    shape.height * shape.width
}

/// The operation that an action belongs to.
fn operation(action: Action) -> Option<usize> {
    match action {
        Action::Forward(op)
        | Action::Mask(op)
        | Action::Spread(op, _)
        | Action::BiasGradient(op)
        | Action::WeightGradient(op)
        | Action::InputGradient(op) => Some(op),
        Action::Load | Action::Moments(_) | Action::Loss => None,
    }
}

/// Whether an action works on vectors, where many images together use the weights best.
fn is_vector(graph: &Graph, action: Action) -> bool {
    let one_pixel = |tensor: TensorId| pixels_of(graph, tensor) == 1;
    match action {
        Action::Load => one_pixel(0),
        Action::Loss => true,
        Action::Moments(norm) => one_pixel(graph.norms[norm].tensor),
        _ => operation(action).is_some_and(|op| match &graph.ops[op] {
            Op::Linear { .. } => true,
            Op::Mean { .. } => false,
            other => one_pixel(other.out()) && other.inputs().into_iter().all(one_pixel),
        }),
    }
}

/// How often the whole batch must have arrived before each action: once more than for whatever wrote the sums that it
/// reads.
fn levels(graph: &Graph, gradients: &[usize], actions: &[Action]) -> Vec<usize> {
    let mut written: HashMap<Resource, usize> = HashMap::new();
    let mut read: HashMap<Resource, usize> = HashMap::new();
    let mut levels = Vec::with_capacity(actions.len());
    for &action in actions {
        let access = access(graph, gradients, action);
        let mut level = 0;
        for resource in &access.reads {
            let waits = matches!(resource, Resource::ForwardSums(_) | Resource::BackwardSums(_));
            level = level.max(written.get(resource).map_or(0, |&before| before + usize::from(waits)));
        }
        for resource in &access.writes {
            let before = [written.get(resource), read.get(resource)];
            level = before.into_iter().flatten().fold(level, |level, &before| level.max(before));
        }
        access.reads.into_iter().for_each(|resource| {
            let last = read.entry(resource).or_insert(0);
            *last = level.max(*last);
        });
        access.writes.into_iter().for_each(|resource| {
            written.insert(resource, level);
        });
        levels.push(level);
    }
    levels
}

fn access(graph: &Graph, gradients: &[usize], action: Action) -> Access {
    let value = Resource::Value;
    let gradient = |tensor: TensorId| Resource::Gradient(gradients[tensor]);
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    match action {
        Action::Load => writes.push(value(0)),
        Action::Moments(norm) => {
            reads.push(value(graph.norms[norm].tensor));
            writes.push(Resource::ForwardSums(norm));
        }
        Action::Loss => {
            reads.push(value(graph.logits));
            writes.push(gradient(graph.logits));
        }
        Action::Forward(number) => {
            let op = &graph.ops[number];
            reads.extend(op.inputs().into_iter().map(value));
            if let Op::Activate { y, residual, .. } = op {
                let norms = std::iter::once(*y).chain(*residual).filter_map(|source| source.norm);
                reads.extend(norms.map(Resource::ForwardSums));
            }
            writes.extend([value(op.out()), Resource::Index(number)]);
        }
        Action::Mask(number) => {
            let op = &graph.ops[number];
            reads.extend([value(op.out()), Resource::Index(number)]);
            reads.extend(op.inputs().into_iter().map(value));
            writes.extend([gradient(op.out()), Resource::BackwardSums(number)]);
        }
        Action::Spread(number, which) => {
            let op = &graph.ops[number];
            reads.extend([value(op.out()), gradient(op.out()), Resource::Index(number)]);
            if let Op::Activate { y, residual, .. } = op
                && let Some(source) = std::iter::once(*y).chain(*residual).nth(which)
            {
                reads.push(value(source.tensor));
                reads.extend(source.norm.map(|_| Resource::BackwardSums(number)));
                writes.push(gradient(source.tensor));
            }
        }
        Action::BiasGradient(number) => reads.push(gradient(graph.ops[number].out())),
        Action::WeightGradient(number) => {
            let op = &graph.ops[number];
            reads.push(gradient(op.out()));
            reads.extend(op.inputs().into_iter().map(value));
            if let Op::Stem { out, .. } = op {
                reads.extend([value(*out), Resource::Index(number)]);
            }
        }
        Action::InputGradient(number) => {
            let op = &graph.ops[number];
            reads.extend([gradient(op.out()), Resource::Index(number)]);
            let wanted = op.inputs().into_iter().filter(|&input| graph.tensors[input].needs_gradient);
            writes.extend(wanted.map(gradient));
        }
    }
    Access { reads, writes }
}
