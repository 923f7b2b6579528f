//! Actions bound to memory and kernels, and running them on a group of images.

use std::ops::Range;

use data::augment::{self, Augment};
use data::images::Images;
use kernels::convolution::Convolution;
use kernels::dense::Dense;
use kernels::grouped::Grouped;
use kernels::isa::Isa;
use kernels::moments::{add_moments, add_sums};
use kernels::plane::Plane;
use kernels::pool::PoolWindow;
use kernels::softmax::cross_entropy;
use kernels::stem::Stem;
use kernels::winograd::Winograd;
use record::units::Seconds;

mod backward;
mod forward;

use super::memory::Place;
use super::norm::NormState;

/// A tensor that is normalised as it is read.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub place: Place,
    pub norm: Option<usize>,
}

/// A convolution by one of three ways; Winograd's weights are prepared, and another plan leads back.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    Direct(Convolution),
    Grouped(Grouped),
    Winograd(Winograd),
}

/// One action with everything it needs; ranges are of the flat parameters, of the prepared weights, of a chunk's
/// sums, bytes and marks, and of its share of partial gradients.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Load {
        x: Place,
    },
    Conv {
        filter: Filter,
        weight: Range<usize>,
        prepared: Range<usize>,
        bias: Option<Range<usize>>,
        x: Place,
        y: Place,
    },
    Stem {
        stem: Stem,
        weight: Range<usize>,
        bias: Option<Range<usize>>,
        x: Place,
        out: Place,
        winners: Winners,
    },
    Linear {
        dense: Dense,
        weight: Range<usize>,
        bias: Option<Range<usize>>,
        x: Place,
        y: Place,
    },
    Activate {
        y: Input,
        residual: Option<Input>,
        relu: bool,
        out: Place,
        winners: Option<Winners>,
    },
    MaxPool {
        window: PoolWindow,
        x: Place,
        out: Place,
        winners: Winners,
    },
    Mean {
        x: Place,
        out: Place,
    },
    Concat {
        parts: Vec<Place>,
        out: Place,
    },
    Dropout {
        mask: usize,
        x: Place,
        out: Place,
    },
    Moments {
        norm: usize,
        x: Place,
    },
    Loss {
        logits: Place,
        gradient: Place,
    },
    Mask {
        gradient: Place,
        out: Option<Place>,
        winners: Option<Winners>,
        before: Vec<(usize, Place)>,
    },
    Spread {
        gradient: Place,
        out: Option<Place>,
        winners: Option<Winners>,
        norm: Option<(usize, Place)>,
        add: bool,
        dy: Place,
    },
    BiasGradient {
        dy: Place,
        sums: Range<usize>,
    },
    WeightGradient {
        filter: Filter,
        x: Place,
        dy: Place,
        partial: Range<usize>,
        points: Range<usize>,
    },
    StemBack {
        stem: Stem,
        x: Place,
        out: Place,
        winners: Winners,
        gradient: Place,
        partial: Range<usize>,
        sums: Option<Range<usize>>,
    },
    ConvBack {
        filter: Filter,
        weight: Range<usize>,
        dy: Place,
        dx: Place,
        add: bool,
    },
    LinearBack {
        dense: Dense,
        weight: Range<usize>,
        dy: Place,
        dx: Place,
        add: bool,
    },
    MaxPoolBack {
        x: Plane,
        gradient: Place,
        winners: Winners,
        dx: Place,
        add: bool,
    },
    MeanBack {
        gradient: Place,
        dx: Place,
        add: bool,
    },
    ConcatBack {
        gradient: Place,
        parts: Vec<(Option<(Place, bool)>, usize)>,
    },
    DropoutBack {
        mask: usize,
        gradient: Place,
        dx: Place,
        add: bool,
    },
}

/// Where an action notes which pixel won, for each image so many values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Winners {
    pub start: usize,
    pub per_image: usize,
}

impl Winners {
    fn of(self, group: &Group) -> Range<usize> {
        let start = self.start + group.first * self.per_image;
        start..start + group.images * self.per_image
    }
}

/// What all chunks read.
pub(super) struct Shared<'a> {
    pub isa: Isa,
    pub weights: &'a [f32],
    /// Weights in other forms than that of the parameters.
    pub prepared: &'a [f32],
    pub norms: &'a [NormState],
    pub images: &'a Images,
    /// What stands for each byte of an image, channel by channel.
    pub values: &'a [[f32; 256]; 3],
    pub indices: &'a [u32],
    pub augment: &'a [Augment],
    pub label_smoothing: f64,
    /// What each dropout operation multiplies by, in the order of images, channels, rows and columns.
    pub masks: &'a [Vec<f32>],
}

/// What a chunk alone writes.
pub(super) struct Chunk<'a> {
    pub slab: &'a mut [f32],
    pub partial: &'a mut [f32],
    pub notes: &'a mut Notes,
    /// Sums of Winograd's weight gradients, which live as long as a stage.
    pub points: &'a mut [f32],
    /// Memory to work with, whose content does not matter.
    pub scratch: &'a mut [f32],
}

/// What a chunk keeps beside its activations.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    /// Winners of 2x2 pooling.
    pub bytes: Vec<u8>,
    /// Winners of other pooling.
    pub marks: Vec<u32>,
    /// Sums over the chunk's images.
    pub sums: Vec<f64>,
    /// Sum of the losses.
    pub loss: f64,
    /// Time and calls by label, while a profile is kept.
    pub times: Vec<(Seconds, u64)>,
    /// One image on its way in.
    pub pixels: Vec<f32>,
}

impl Notes {
    /// Bytes of its memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.bytes[..])
            + size_of_val(&self.marks[..])
            + size_of_val(&self.sums[..])
            + size_of_val(&self.times[..])
            + size_of_val(&self.pixels[..])
    }
}

/// Some images of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Number in the batch of the chunk's first image.
    pub batch_first: usize,
    /// Number in the chunk of the group's first image.
    pub first: usize,
    /// Images there are.
    pub images: usize,
    /// Images there is room for.
    pub room: usize,
    /// Whether no group of the chunk follows.
    pub last: bool,
}

impl Group {
    fn range(&self, place: &Place) -> Range<usize> {
        place.of_group(self.first, self.room)
    }

    /// The parts of the slab that some tensors take.
    fn split<'a, const N: usize>(&self, slab: &'a mut [f32], places: [&Place; N]) -> [&'a mut [f32]; N] {
        disjoint(slab, places.map(|place| self.range(place)))
    }
}

/// Disjoint parts of a slice.
///
/// # Panics
/// When they overlap: the memory plan keeps tensors that are alive at once apart.
fn disjoint<const N: usize>(slab: &mut [f32], ranges: [Range<usize>; N]) -> [&mut [f32]; N] {
    match slab.get_disjoint_mut(ranges.clone()) {
        Ok(parts) => parts,
        Err(error) => unreachable!("memory plan: {ranges:?}: {error}"),
    }
}

impl Work {
    /// Runs the action on one group.
    pub(super) fn run(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
        match self {
            Work::Load { x } => load(shared, chunk, group, x),
            Work::Loss { logits, gradient } => loss(shared, chunk, group, logits, gradient),
            Work::Moments { norm, x } => {
                let norm = &shared.norms[*norm];
                let centre = &shared.weights[norm.slots[2].clone()];
                let sums = &mut chunk.notes.sums[norm.sums[0].clone()];
                add_moments(shared.isa, x.plane, group.images, &chunk.slab[group.range(x)], centre, sums);
            }
            Work::BiasGradient { dy, sums } => {
                let sums = &mut chunk.notes.sums[sums.clone()];
                add_sums(shared.isa, dy.plane, group.images, &chunk.slab[group.range(dy)], sums);
            }
            Work::Conv { .. }
            | Work::Stem { .. }
            | Work::Linear { .. }
            | Work::Activate { .. }
            | Work::MaxPool { .. }
            | Work::Mean { .. }
            | Work::Concat { .. }
            | Work::Dropout { .. } => self.forward(shared, chunk, group),
            Work::WeightGradient { .. }
            | Work::StemBack { .. }
            | Work::ConvBack { .. }
            | Work::LinearBack { .. } => self.weights_back(shared, chunk, group),
            Work::Mask { .. }
            | Work::Spread { .. }
            | Work::MaxPoolBack { .. }
            | Work::MeanBack { .. }
            | Work::ConcatBack { .. }
            | Work::DropoutBack { .. } => self.backward(shared, chunk, group),
        }
    }
}

/// Bytes to normalised numbers, augmented, channel by channel and then side by side.
fn load(shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group, x: &Place) {
    let shape = shared.images.shape;
    let to = &mut chunk.slab[group.range(x)];
    let pixels = &mut chunk.notes.pixels;
    for image in 0..group.images {
        let place = group.batch_first + group.first + image;
        let bytes = shared.images.image(shared.indices[place] as usize);
        augment::apply(bytes, shape, shared.augment[place], shared.values, pixels);
        let to = &mut to[image * x.plane.values()..];
        for (channel, plane) in pixels.chunks_exact(shape.height * shape.width).enumerate() {
            for (row, pixels) in plane.chunks_exact(shape.width).enumerate() {
                let start = x.plane.place(row as isize, 0);
                let end = start + (shape.width - 1) * x.plane.stride + channel;
                let to = &mut to[start + channel..=end];
                if x.plane.stride == 1 {
                    to.copy_from_slice(pixels);
                } else {
                    to.iter_mut().step_by(x.plane.stride).zip(pixels).for_each(|(to, &pixel)| *to = pixel);
                }
            }
        }
    }
}

fn loss(shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group, logits: &Place, gradient: &Place) {
    let (from, to) = (logits.plane, gradient.plane);
    let [logits, gradient] = group.split(chunk.slab, [logits, gradient]);
    let factor = 1.0 / shared.indices.len() as f64;
    for image in 0..group.images {
        let index = shared.indices[group.batch_first + group.first + image];
        let label = usize::from(shared.images.labels[index as usize]);
        let logits = &logits[image * from.values() + from.place(0, 0)..][..from.channels];
        let gradient = &mut gradient[image * to.values() + to.place(0, 0)..][..to.channels];
        chunk.notes.loss += cross_entropy(logits, label, shared.label_smoothing, factor, gradient);
    }
}
