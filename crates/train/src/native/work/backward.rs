//! Running the way back through an operation.

use kernels::activation_gradient::{Spread, mask, spread};
use kernels::pool::{copy_channels, global_mean_gradient, max_pool_gradient};
use kernels::product::Start;
use kernels::stem::Pooled;

use super::forward::drop_out;
use super::{Chunk, Filter, Group, Notes, Place, Shared, Work, disjoint};

impl Work {
    pub(super) fn backward(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
        let (isa, images) = (shared.isa, group.images);
        match self {
            Work::Mask { .. } => self.mask(shared, chunk, group),
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

    pub(super) fn weights_back(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
        let images = group.images;
        match self {
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
            Work::StemBack { stem, x, out, winners, gradient, partial, sums } => {
                let (slab, notes) = (&*chunk.slab, &mut *chunk.notes);
                let pooled = Pooled {
                    out: &slab[group.range(out)],
                    index: &notes.bytes[winners.of(group)],
                    plane: gradient.plane,
                    gradient: &slab[group.range(gradient)],
                };
                let bias = sums.clone().map(|sums| &mut notes.sums[sums]);
                let results = (&mut chunk.partial[partial.clone()], bias);
                stem.weight_gradient(images, (&slab[group.range(x)], pooled), group.first == 0, results);
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
            _ => {}
        }
    }

    fn mask(&self, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group) {
        let Work::Mask { gradient, out, winners, before } = self else { return };
        let of = |place: Option<&Place>| place.map_or(0..0, |place| group.range(place));
        let operand = |number: usize| of(before.get(number).map(|(_, place)| place));
        let ranges = [group.range(gradient), of(out.as_ref()), operand(0), operand(1)];
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
