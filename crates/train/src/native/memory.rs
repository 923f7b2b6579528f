//! Where every activation and gradient lies in the slab of a chunk, planned before the first step.

use kernels::plane::Plane;

use super::graph::{Graph, Op, TensorId};
use super::schedule::{Resource, Schedule};

/// The plan of one chunk's memory.
#[derive(Debug)]
pub(super) struct Memory {
    /// By tensor; `None` for what the schedule never touches.
    values: Vec<Option<Place>>,
    /// By number of gradient memory.
    gradients: Vec<Option<Place>>,
    /// Values in the slab of a chunk.
    pub slab: usize,
}

/// Where one tensor of the images of a chunk lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Layout of each image.
    pub plane: Plane,
    /// First value in the slab.
    pub start: usize,
    /// Whether all images of the chunk are kept, or only those of one group.
    pub kept: bool,
    /// Images there is room for.
    room: usize,
    /// First and last stage that touch it.
    life: (usize, usize),
}

impl Place {
    /// The part of the slab that belongs to the group of `group` images that begins with `first`.
    pub(super) fn of_group(&self, first: usize, group: usize) -> std::ops::Range<usize> {
        let start = self.start + if self.kept { first * self.plane.values() } else { 0 };
        start..start + group * self.plane.values()
    }

    fn values(&self) -> usize {
        // Whole cache lines, so that every tensor begins on one.
        (self.room * self.plane.values()).next_multiple_of(16)
    }
}

impl Memory {
    /// Plans memory for chunks of `chunk` images.
    pub(super) fn plan(graph: &Graph, schedule: &Schedule, chunk: usize) -> Memory {
        let count = graph.tensors.len();
        let mut memory = Memory { values: vec![None; count], gradients: vec![None; count], slab: 0 };
        for (stage, number) in schedule.regions.iter().flatten().zip(0..) {
            for &action in &stage.actions {
                let access = schedule.access(graph, action);
                for resource in access.reads.into_iter().chain(access.writes) {
                    memory.touch(graph, schedule, resource, (number, stage.group, chunk));
                }
            }
        }
        memory.keep_for_the_end(graph, schedule, chunk);
        memory.place_all();
        memory
    }

    /// The place of an activation.
    pub(super) fn value(&self, tensor: TensorId) -> Option<Place> {
        self.values[tensor]
    }

    /// The place of the gradient of an activation.
    pub(super) fn gradient(&self, schedule: &Schedule, tensor: TensorId) -> Option<Place> {
        self.gradients[schedule.gradients[tensor]]
    }

    fn touch(
        &mut self,
        graph: &Graph,
        schedule: &Schedule,
        resource: Resource,
        (stage, group, chunk): (usize, usize, usize),
    ) {
        let (place, plane) = match resource {
            Resource::Value(tensor) => (&mut self.values[tensor], value_plane(graph, tensor)),
            Resource::Gradient(number) => {
                (&mut self.gradients[number], gradient_plane(graph, &schedule.gradients, number))
            }
            Resource::Index(_) | Resource::ForwardSums(_) | Resource::BackwardSums(_) => return,
        };
        let place =
            place.get_or_insert(Place { plane, start: 0, kept: false, room: group, life: (stage, stage) });
        place.life.1 = stage;
        place.kept |= place.life.0 != stage || group == chunk;
        // The last group of a chunk may hang over its end.
        let whole = if place.kept { chunk.next_multiple_of(group) } else { group };
        place.room = place.room.max(whole).max(if place.kept { chunk } else { 0 });
    }

    /// The weights of linear layers are trained at the end of a step, from all chunks.
    fn keep_for_the_end(&mut self, graph: &Graph, schedule: &Schedule, chunk: usize) {
        let end = schedule.regions.iter().map(Vec::len).sum();
        for op in &graph.ops {
            let Op::Linear { x, y, .. } = op else { continue };
            let places = [&mut self.values[*x], &mut self.gradients[schedule.gradients[*y]]];
            for place in places.into_iter().flatten() {
                place.life.1 = end;
                place.kept = true;
                place.room = place.room.max(chunk);
            }
        }
    }

    /// Gives each place the first gap that is free throughout its life. What has a border keeps its memory for
    /// itself, as nobody writes the border's zeros again.
    fn place_all(&mut self) {
        let mut places: Vec<&mut Place> =
            self.values.iter_mut().chain(&mut self.gradients).flatten().collect();
        places.sort_by_key(|place| place.life.0);
        let mut placed: Vec<Place> = Vec::new();
        for place in places {
            if place.plane.border > 0 || place.plane.channels != place.plane.stride {
                place.life = (0, usize::MAX);
            }
            let mut start = 0;
            placed.sort_by_key(|other| other.start);
            for other in &placed {
                let apart = other.life.1 < place.life.0 || other.life.0 > place.life.1;
                if !apart && other.start < start + place.values() {
                    start = start.max(other.start + other.values());
                }
            }
            place.start = start;
            self.slab = self.slab.max(start + place.values());
            placed.push(*place);
        }
    }
}

/// The image is packed without padding where only convolutions and linear layers read it.
fn value_plane(graph: &Graph, tensor: TensorId) -> Plane {
    let shape = graph.tensors[tensor].shape;
    let mut plane = Plane::new(shape.height, shape.width, shape.channels, graph.tensors[tensor].border);
    if tensor == 0 && image_is_dense(graph) {
        plane.stride = shape.channels;
    }
    plane
}

fn image_is_dense(graph: &Graph) -> bool {
    let mut readers = graph.ops.iter().filter(|op| op.inputs().contains(&0));
    readers.all(|op| matches!(op, Op::Conv { .. } | Op::Linear { .. }))
        && graph.norms.iter().all(|norm| norm.tensor != 0)
}

/// The border of a gradient is what the convolution behind it, which made the activation, wants for the gradient of
/// its input.
fn gradient_plane(graph: &Graph, gradients: &[usize], number: usize) -> Plane {
    let tensors = (0..gradients.len()).filter(|&tensor| gradients[tensor] == number);
    let border = |tensor: TensorId| {
        let maker = graph.ops.iter().find(|op| op.out() == tensor);
        match maker {
            Some(Op::Conv { window, x, .. }) if graph.tensors[*x].needs_gradient => {
                let (from, to) = (graph.tensors[*x].shape, graph.tensors[tensor].shape);
                let rows = window.gradient_border(from.height, to.height);
                rows.max(window.gradient_border(from.width, to.width))
            }
            _ => 0,
        }
    };
    let shape = graph.tensors[number].shape;
    Plane::new(shape.height, shape.width, shape.channels, tensors.map(border).max().unwrap_or(0))
}

/// Values of one image among which an action notes the winners of pooling.
pub(super) fn pooled_values(graph: &Graph, op: &Op) -> usize {
    let shape = graph.tensors[op.out()].shape;
    shape.height * shape.width * kernels::plane::padded(shape.channels)
}
