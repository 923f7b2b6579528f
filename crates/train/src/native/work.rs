//! Actions bound to memory and kernels, and running them on a group of images.

use std::ops::Range;

use data::augment::{self, Augment};
use data::images::Images;
use data::normalisation::Normalisation;
use kernels::activation::{Operand, activate};
use kernels::activation_gradient::{Spread, mask, spread};
use kernels::convolution::Convolution;
use kernels::dense::Dense;
use kernels::grouped::Grouped;
use kernels::isa::Isa;
use kernels::moments::{add_moments, add_sums};
use kernels::plane::Plane;
use kernels::pool::{
    PoolWindow, copy_channels, global_mean, global_mean_gradient, max_pool, max_pool_gradient,
};
use kernels::product::Start;
use kernels::softmax::cross_entropy;
use kernels::winograd::Winograd;

use record::units::Seconds;

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
    /// Weights packed for the way back.
    pub prepared: &'a [f32],
    pub norms: &'a [NormState],
    pub images: &'a Images,
    pub normalisation: &'a Normalisation,
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
            | Work::Linear { .. }
            | Work::Activate { .. }
            | Work::MaxPool { .. }
            | Work::Mean { .. }
            | Work::Concat { .. }
            | Work::Dropout { .. } => self.forward(shared, chunk, group),
            Work::Mask { .. }
            | Work::Spread { .. }
            | Work::WeightGradient { .. }
            | Work::ConvBack { .. }
            | Work::LinearBack { .. }
            | Work::MaxPoolBack { .. }
            | Work::MeanBack { .. }
            | Work::ConcatBack { .. }
            | Work::DropoutBack { .. } => self.backward(shared, chunk, group),
        }
    }

    fn forward(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
        let images = group.images;
        match self {
            Work::Conv { filter, weight, prepared, bias, x, y } => {
                let [x, y] = group.split(chunk.slab, [x, y]);
                let weights = &shared.weights[weight.clone()];
                let bias = bias.clone().map(|bias| &shared.weights[bias]);
                match filter {
                    Filter::Direct(conv) => conv.forward(images, x, weights, bias, y),
                    Filter::Grouped(conv) => conv.forward(images, x, weights, bias, y),
                    Filter::Winograd(conv) => {
                        let points = &shared.prepared[prepared.clone()];
                        let start = bias.map_or(Start::Zero, Start::Bias);
                        conv.forward(images, (x, points), (y, start), chunk.scratch);
                    }
                }
            }
            Work::Linear { dense, weight, bias, x, y } => {
                let [x, y] = group.split(chunk.slab, [x, y]);
                let bias = bias.clone().map(|bias| &shared.weights[bias]);
                dense.forward(images, x, &shared.weights[weight.clone()], bias, y);
            }
            Work::Activate { y, residual, relu, out, winners } => {
                let side = residual.as_ref().map_or(0..0, |input| group.range(&input.place));
                let [values, side, to] =
                    disjoint(chunk.slab, [group.range(&y.place), side, group.range(out)]);
                let operand = |input: &Input, values| Operand {
                    values,
                    plane: input.place.plane,
                    norm: input.norm.map(|norm| shared.norms[norm].affine()),
                };
                let residual = residual.as_ref().map(|input| operand(input, side));
                let winners = winners.map(|winners| &mut chunk.notes.bytes[winners.of(group)]);
                activate(shared.isa, images, operand(y, values), residual, *relu, (out.plane, to), winners);
            }
            Work::MaxPool { window, x, out, winners } => {
                let planes = (x.plane, out.plane);
                let [x, out] = group.split(chunk.slab, [x, out]);
                let winners = &mut chunk.notes.marks[winners.of(group)];
                max_pool(*window, images, (planes.0, x), (planes.1, out), winners);
            }
            Work::Mean { x, out } => {
                let planes = (x.plane, out.plane);
                let [x, out] = group.split(chunk.slab, [x, out]);
                global_mean(images, (planes.0, x), (planes.1, out));
            }
            Work::Concat { parts, out } => {
                let mut lane = 0;
                for part in parts {
                    let [x, to] = group.split(chunk.slab, [part, out]);
                    let channels = part.plane.channels;
                    copy_channels(images, channels, (part.plane, x, 0), (out.plane, to, lane), false);
                    lane += channels;
                }
            }
            Work::Dropout { mask, x, out } => {
                let [from, to] = group.split(chunk.slab, [x, out]);
                drop_out(shared, *mask, group, (x.plane, from), (out.plane, to), false);
            }
            _ => {}
        }
    }

    fn backward(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
        let (isa, images) = (shared.isa, group.images);
        match self {
            Work::Mask { gradient, out, winners, before } => {
                self.mask(shared, chunk, group, (gradient, out.as_ref(), *winners, before));
            }
            Work::Spread { gradient, out, winners, norm, add, dy } => {
                let of = |place: Option<&Place>| place.map_or(0..0, |place| group.range(place));
                let ranges = [
                    group.range(gradient),
                    of(out.as_ref()),
                    of(norm.as_ref().map(|(_, place)| place)),
                    group.range(dy),
                ];
                let [g, masked_by, before, to] = disjoint(chunk.slab, ranges);
                let work = Spread {
                    images,
                    gradient: (gradient.plane, g),
                    out: out.map(|out| (out.plane, &*masked_by)),
                    index: winners.map(|winners| &chunk.notes.bytes[winners.of(group)]),
                    norm: norm.map(|(norm, place)| shared.norms[norm].gradient(place.plane, before)),
                    add: *add,
                };
                spread(isa, work, (dy.plane, to));
            }
            Work::WeightGradient { filter, x, dy, partial, points } => {
                let (x, dy) = (&chunk.slab[group.range(x)], &chunk.slab[group.range(dy)]);
                let (begin, sum) = (group.first == 0, &mut chunk.partial[partial.clone()]);
                match filter {
                    Filter::Direct(conv) => conv.weight_gradient(images, x, dy, begin, sum),
                    Filter::Grouped(conv) => conv.weight_gradient(images, x, dy, begin, sum),
                    Filter::Winograd(conv) => {
                        let points = &mut chunk.points[points.clone()];
                        conv.weight_gradient(images, (x, dy), begin, points, chunk.scratch);
                        if group.last {
                            conv.contract_gradient(points, sum);
                        }
                    }
                }
            }
            Work::ConvBack { filter, weight, dy, dx, add } => {
                let [dy, dx] = group.split(chunk.slab, [dy, dx]);
                match filter {
                    Filter::Direct(conv) => {
                        conv.input_gradient(images, dy, &shared.prepared[weight.clone()], *add, dx);
                    }
                    Filter::Grouped(conv) => {
                        conv.input_gradient(images, dy, &shared.weights[weight.clone()], *add, dx);
                    }
                    Filter::Winograd(back) => {
                        let points = &shared.prepared[weight.clone()];
                        let start = if *add { Start::Add } else { Start::Zero };
                        back.forward(images, (dy, points), (dx, start), chunk.scratch);
                    }
                }
            }
            Work::LinearBack { dense, weight, dy, dx, add } => {
                let [dy, dx] = group.split(chunk.slab, [dy, dx]);
                dense.input_gradient(images, dy, &shared.prepared[weight.clone()], *add, dx);
            }
            Work::MaxPoolBack { x, gradient, winners, dx, add } => {
                let [g, to] = group.split(chunk.slab, [gradient, dx]);
                if !add {
                    to.fill(0.0);
                }
                let winners = &chunk.notes.marks[winners.of(group)];
                max_pool_gradient(images, *x, (gradient.plane, g), winners, (dx.plane, to));
            }
            Work::MeanBack { gradient, dx, add } => {
                let [g, to] = group.split(chunk.slab, [gradient, dx]);
                global_mean_gradient(images, (gradient.plane, g), *add, (dx.plane, to));
            }
            Work::ConcatBack { gradient, parts } => {
                let mut lane = 0;
                for (part, channels) in parts {
                    if let Some((place, add)) = part {
                        let [g, to] = group.split(chunk.slab, [gradient, place]);
                        copy_channels(
                            images,
                            *channels,
                            (gradient.plane, g, lane),
                            (place.plane, to, 0),
                            *add,
                        );
                    }
                    lane += channels;
                }
            }
            Work::DropoutBack { mask, gradient, dx, add } => {
                let [from, to] = group.split(chunk.slab, [gradient, dx]);
                drop_out(shared, *mask, group, (gradient.plane, from), (dx.plane, to), *add);
            }
            _ => {}
        }
    }

    fn mask(
        &self,
        shared: &Shared<'_>,
        chunk: &mut Chunk<'_>,
        group: &Group,
        (gradient, out, winners, before): (&Place, Option<&Place>, Option<Winners>, &[(usize, Place)]),
    ) {
        let of = |place: Option<&Place>| place.map_or(0..0, |place| group.range(place));
        let operand = |number: usize| of(before.get(number).map(|(_, place)| place));
        let ranges = [group.range(gradient), of(out), operand(0), operand(1)];
        let [g, masked_by, first, second] = disjoint(chunk.slab, ranges);
        let Notes { bytes, sums, .. } = &mut *chunk.notes;
        let mut rest = sums.as_mut_slice();
        let mut taken = 0;
        let mut sums = Vec::with_capacity(2);
        // Sums lie in the order of the operands.
        for ((norm, place), values) in before.iter().zip([&*first, &*second]) {
            let state = &shared.norms[*norm];
            let (_, tail) = rest.split_at_mut(state.sums[1].start - taken);
            let (own, tail) = tail.split_at_mut(state.sums[1].len());
            (rest, taken) = (tail, state.sums[1].end);
            sums.push((state.before(place.plane, values), own));
        }
        let out = out.map(|out| (out.plane, &*masked_by));
        let winners = winners.map(|winners| &bytes[winners.of(group)]);
        mask(shared.isa, group.images, out, winners, (gradient.plane, g), &mut sums);
    }
}

/// Bytes to normalised numbers, augmented, channel by channel and then side by side.
fn load(shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group, x: &Place) {
    let shape = shared.images.shape;
    let Normalisation { mean, deviation } = shared.normalisation;
    let (mean, deviation) = (&mean[..shape.channels], &deviation[..shape.channels]);
    let to = &mut chunk.slab[group.range(x)];
    let pixels = &mut chunk.notes.pixels;
    for image in 0..group.images {
        let place = group.batch_first + group.first + image;
        let bytes = shared.images.image(shared.indices[place] as usize);
        augment::apply(bytes, shape, shared.augment[place], mean, deviation, pixels);
        let to = &mut to[image * x.plane.values()..];
        for (channel, plane) in pixels.chunks_exact(shape.height * shape.width).enumerate() {
            for (row, pixels) in plane.chunks_exact(shape.width).enumerate() {
                let start = x.plane.place(row as isize, 0);
                let end = start + (shape.width - 1) * x.plane.stride + channel;
                let to = to[start + channel..=end].iter_mut().step_by(x.plane.stride);
                to.zip(pixels).for_each(|(to, &pixel)| *to = pixel);
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

/// Multiplies by the mask of a dropout operation, which is in the order of images, channels, rows and columns.
fn drop_out(
    shared: &Shared<'_>,
    mask: usize,
    group: &Group,
    (from, x): (Plane, &[f32]),
    (to, out): (Plane, &mut [f32]),
    add: bool,
) {
    let per_image = from.channels * from.height * from.width;
    for image in 0..group.images {
        let place = group.batch_first + group.first + image;
        let mask = shared.masks.get(mask).map(|mask| &mask[place * per_image..][..per_image]);
        for row in 0..from.height {
            for column in 0..from.width {
                let pixel =
                    |plane: Plane| image * plane.values() + plane.place(row as isize, column as isize);
                for channel in 0..from.channels {
                    let kept = mask.map_or(1.0, |m| m[(channel * from.height + row) * from.width + column]);
                    let value = x[pixel(from) + channel] * kept;
                    let to = &mut out[pixel(to) + channel];
                    *to = if add { *to + value } else { value };
                }
            }
        }
    }
}
