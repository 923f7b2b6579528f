//! Running the forward pass of an operation.

use kernels::activation::{Operand, activate};
use kernels::plane::Plane;
use kernels::pool::{copy_channels, global_mean, max_pool};
use kernels::product::Start;

use super::{Chunk, Filter, Group, Input, Shared, Work, disjoint};

impl Work {
    pub(super) fn forward(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
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
            Work::Stem { stem, weight, bias, x, out, winners } => {
                let [x, out] = group.split(chunk.slab, [x, out]);
                let weights = &shared.weights[weight.clone()];
                let bias = bias.clone().map(|bias| &shared.weights[bias]);
                let index = &mut chunk.notes.bytes[winners.of(group)];
                stem.forward(images, (x, weights, bias), (out, index));
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
}

/// Multiplies by the mask of a dropout operation, which is in the order of images, channels, rows and columns.
pub(super) fn drop_out(
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
