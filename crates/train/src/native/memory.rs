//! Where every activation and gradient lies in the slab of a chunk, planned before the first step.

use std::collections::HashMap;

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
    /// First and last action that need it to be there.
    life: (usize, usize),
}

/// Who touches a tensor: a stage with its group, the bounds of its actions, and one of them.
#[derive(Clone, Copy)]
struct Touch {
    group: usize,
    stage: (usize, usize),
    action: usize,
}

impl Place {
    /// The part of the slab that belongs to the group of `group` images that begins with `first`.
    pub(super) fn of_group(&self, first: usize, group: usize) -> std::ops::Range<usize> {
        let start = self.start + if self.kept { first * self.plane.values() } else { 0 };
        start..start + group * self.plane.values()
    }

    /// A tensor that these touch, in order: for all images of a chunk where more than one stage does, or the stage
    /// takes all at once, and then throughout these stages, as each goes through all groups.
    fn new(plane: Plane, touches: &[Touch], chunk: usize) -> Option<Place> {
        let (first, last) = (touches.first()?, touches.last()?);
        let kept = first.stage != last.stage || first.group == chunk;
        // The last group of a chunk may hang over its end.
        let room = |touch: &Touch| if kept { chunk.next_multiple_of(touch.group) } else { touch.group };
        let life = if kept { (first.stage.0, last.stage.1) } else { (first.action, last.action) };
        Some(Place { plane, start: 0, kept, room: touches.iter().map(room).max()?, life })
    }

    fn values(&self) -> usize {
        // Whole cache lines, so that every tensor begins on one.
        (self.room * self.plane.values()).next_multiple_of(16)
    }

    /// Whether zeros around the pixels or between them must outlive every use, as nobody writes them again.
    fn has_zeros(&self) -> bool {
        self.plane.border > 0 || self.plane.channels != self.plane.stride
    }

    fn is_apart(&self, other: &Place) -> bool {
        other.life.1 < self.life.0 || other.life.0 > self.life.1
    }

    fn overlaps(&self, other: &Place) -> bool {
        self.start < other.start + other.values() && other.start < self.start + self.values()
    }
}

impl Memory {
    /// Plans memory for chunks of `chunk` images.
    pub(super) fn plan(graph: &Graph, schedule: &Schedule, chunk: usize) -> Memory {
        let touches = touches(graph, schedule, chunk);
        let place = |resource: Resource, plane: Plane| {
            touches.get(&resource).and_then(|touches| Place::new(plane, touches, chunk))
        };
        let tensors = 0..graph.tensors.len();
        let value = |tensor: usize| place(Resource::Value(tensor), value_plane(graph, tensor));
        let gradient = |number: usize| {
            place(Resource::Gradient(number), gradient_plane(graph, &schedule.gradients, number))
        };
        let mut memory = Memory {
            values: tensors.clone().map(value).collect(),
            gradients: tensors.map(gradient).collect(),
            slab: 0,
        };
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

    /// Gives each place the first gap that is free throughout its life. Zeros that nobody writes again are shared
    /// only with tensors of the same layout.
    fn place_all(&mut self) {
        let mut places: Vec<&mut Place> =
            self.values.iter_mut().chain(&mut self.gradients).flatten().collect();
        places.sort_by_key(|place| place.life.0);
        let mut placed: Vec<Place> = Vec::new();
        for place in places {
            place.start =
                if place.has_zeros() { with_zeros(place, &placed) } else { first_gap(place, &placed) };
            self.slab = self.slab.max(place.start + place.values());
            placed.push(*place);
        }
    }
}

/// The start of an earlier tensor of the same layout whose life is over, or of memory that nobody has used.
fn with_zeros(place: &Place, placed: &[Place]) -> usize {
    let alike = |other: &&Place| other.plane == place.plane && other.room >= place.room;
    let is_free = |start: usize| {
        let own = Place { start, ..*place };
        placed.iter().all(|other| own.is_apart(other) || !own.overlaps(other))
    };
    let old = placed.iter().filter(alike).map(|other| other.start).find(|&start| is_free(start));
    old.unwrap_or_else(|| placed.iter().map(|other| other.start + other.values()).max().unwrap_or(0))
}

/// The first start from which the tensor disturbs nobody alive, nor anybody's zeros.
fn first_gap(place: &Place, placed: &[Place]) -> usize {
    let mut disturbed: Vec<&Place> =
        placed.iter().filter(|other| other.has_zeros() || !place.is_apart(other)).collect();
    disturbed.sort_by_key(|other| other.start);
    disturbed.into_iter().fold(0, |start, other| {
        let fits = start + place.values() <= other.start;
        if fits { start } else { start.max(other.start + other.values()) }
    })
}

/// Who touches each tensor, in order.
fn touches(graph: &Graph, schedule: &Schedule, chunk: usize) -> HashMap<Resource, Vec<Touch>> {
    let mut touches: HashMap<Resource, Vec<Touch>> = HashMap::new();
    let mut action = 0;
    for stage in schedule.regions.iter().flatten() {
        let bounds = (action, action + stage.actions.len());
        for &own in &stage.actions {
            let access = schedule.access(graph, own);
            for resource in access.reads.into_iter().chain(access.writes) {
                let touch = Touch { group: stage.group, stage: bounds, action };
                touches.entry(resource).or_default().push(touch);
            }
            action += 1;
        }
        action += 1;
    }
    // The weights of linear layers are trained at the end of a step, from all chunks.
    for op in &graph.ops {
        let Op::Linear { x, y, .. } = op else { continue };
        for resource in [Resource::Value(*x), Resource::Gradient(schedule.gradients[*y])] {
            if let Some(touches) = touches.get_mut(&resource) {
                touches.push(Touch { group: chunk, stage: (action, action), action });
            }
        }
    }
    touches
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
    readers.all(|op| matches!(op, Op::Conv { .. } | Op::Stem { .. } | Op::Linear { .. }))
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
