//! Convolutions of 3 x 3 with fewer multiplications: Winograd's minimal filtering of tiles.

use std::ops::Range;

use crate::blocks::blocks;
use crate::isa::Isa;
use crate::plane::Plane;
use crate::product::Start;
use batch::{Batch, Regular};
use form::{Five, Form, Four, Seven, Two};
use grid::Grid;
use transform::{Gather, Points, Scatter, Side};
use weights::{Contract, Expand, TAPS, Turn};

mod batch;
mod cost;
mod form;
mod grid;
mod transform;
mod weights;

/// Output pixels along each side of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// F(2x2, 3x3): 16 multiplications where the direct sum has 36.
    Two,
    /// F(4x4, 3x3): 36 multiplications where the direct sum has 144; rounding errors are some two times
    /// those of direct sums, and those of F(2x2) no larger than theirs.
    Four,
    /// F(5x5, 3x3): 49 multiplications where the direct sum has 225; rounding errors are some four times those of direct
    /// sums.
    Five,
    /// F(7x7, 3x3): 81 multiplications where the direct sum has 441; rounding errors are some twenty times those of
    /// direct sums, 1e-5 of the outputs' norm for 128 channels of random numbers.
    Seven,
}

impl Tile {
    /// Tiles of all sizes: for gradients, where rounding moves a result no further than it is large.
    pub const ALL: [Tile; 4] = [Tile::Two, Tile::Four, Tile::Five, Tile::Seven];

    /// Tiles that round finely: for outputs, whose last digits may decide which side of a ReLU a value is on, and which
    /// pixel of a pool is the largest. Where such a choice turns out otherwise, all gradients before it change by far
    /// more than rounding: of 48 batches of 128 planes of 14 x 14 random numbers 3 by F(4x4), 3 by F(5x5) and 19 by
    /// F(7x7) had one that did, and 2 by direct sums (`results/2026-11-29-cpu-step/flips.py`).
    pub const FINE: [Tile; 3] = [Tile::Two, Tile::Four, Tile::Five];

    /// Output pixels along each side.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Tile::Two => 2,
            Tile::Four => 4,
            Tile::Five => 5,
            Tile::Seven => 7,
        }
    }

    /// Products for each tile and pair of channels.
    fn points(self) -> usize {
        (self.size() + 2).pow(2)
    }
}

/// A 3 x 3 convolution of stride 1, from planes of one shape to planes of another.
///
/// Its weights are used as points, made by [`Winograd::expand_weights`] from the direct ones: block after block of
/// output channels, each `[tap][input channel][lane]` with the real input channels only. The gradient of the inputs
/// is a convolution of its own, from the plane of the outputs' gradient to that of the inputs', with the points
/// that [`Winograd::turn_weights`] makes from the same direct weights.
///
/// Pixels of the input's border are read as far as tiles reach, and must be zero; so must lanes without a channel.
/// Nothing that is computed for an image depends on the other images of a call, and sums over images are made in
/// their order. Slices that begin on lines of the cache are faster.
#[derive(Clone, Debug, PartialEq)]
pub struct Winograd {
    isa: Isa,
    tile: Tile,
    inputs: Grid,
    outputs: Grid,
    blocks: Vec<Range<usize>>,
    /// Tiles that are transformed and multiplied together.
    strip: usize,
}

/// Values that a strip's points should not much exceed, lest they leave the second cache: half of 1 MiB.
const STRIP_VALUES: usize = 120_000;

/// Values in a line of the cache.
const LINE: usize = 16;

/// Patches by the strip.
fn strips(patches: usize, strip: usize) -> impl Iterator<Item = Range<usize>> {
    (0..patches).step_by(strip).map(move |first| first..patches.min(first + strip))
}

/// Lanes of the widest block.
fn widest(blocks: &[Range<usize>]) -> usize {
    blocks.first().map_or(0, Range::len)
}

impl Winograd {
    /// A convolution from `x` to `y` with so many zeros around `x`, at most 2 and not more than its border has.
    ///
    /// # Panics
    /// When the planes do not fit each other, their pixels are not whole vectors of eight, or they are of no size
    /// that memory holds.
    #[must_use]
    pub fn new(isa: Isa, tile: Tile, (x, y): (Plane, Plane), padding: usize) -> Winograd {
        assert!(padding <= x.border && padding <= 2, "the border of the input has {} pixels", x.border);
        assert!(
            x.height + 2 * padding == y.height + 2 && x.width + 2 * padding == y.width + 2,
            "no convolution of 3 x 3 leads from {x:?} to {y:?}"
        );
        assert!(x.stride.is_multiple_of(8) && y.stride.is_multiple_of(8), "pixels are not whole vectors");
        // What `transform::check` multiplies must not overflow: it alone keeps unchecked loads inside the planes.
        assert!(x.is_countable() && y.is_countable(), "no plane is as large as {x:?} or {y:?}");
        let outputs = Grid::of_outputs(y, tile.size());
        let inputs = Grid::of_inputs(x, padding, outputs);
        let blocks = blocks(isa, y.channels);
        let strip = STRIP_VALUES / (tile.points() * (x.stride + widest(&blocks)));
        // Register tiles have 4, 6, 8 or 12 rows, of which a dozen is made without rows in vain.
        let strip = strip.next_multiple_of(12).clamp(12, 96);
        Winograd { isa, tile, inputs, outputs, blocks, strip }
    }

    /// Values of the points of the weights, and of the sums of their gradient.
    #[must_use]
    pub fn points_len(&self) -> usize {
        self.tile.points() * self.inputs.plane().channels * self.blocks.last().map_or(0, |block| block.end)
    }

    /// Values of the direct weights.
    #[must_use]
    pub fn direct_len(&self) -> usize {
        self.points_len() / self.tile.points() * TAPS
    }

    /// Values that a call needs to work with; what they hold does not matter.
    #[must_use]
    pub fn scratch_len(&self) -> usize {
        let [inputs, outputs] = self.layouts(widest(&self.blocks));
        self.tile.points() * (inputs.point + outputs.point) + LINE
    }

    /// Where the points of a strip lie: of all input channels, and of a block of output channels.
    fn layouts(&self, lanes: usize) -> [Points; 2] {
        // One line more from point to point, or all points of a tile would compete for the same sets of the cache.
        [self.inputs.plane().stride, lanes]
            .map(|tile| Points { tile, point: (self.strip * tile).next_multiple_of(LINE) + LINE })
    }

    /// The part of the values that belongs to a block, of which each pair of channels has `each`.
    fn part(&self, block: &Range<usize>, each: usize) -> Range<usize> {
        let values = self.inputs.plane().channels * each;
        block.start * values..block.end * values
    }

    /// Direct weights into the points that [`Winograd::forward`] needs.
    ///
    /// # Panics
    /// When a slice has not the length that the plan says.
    pub fn expand_weights(&self, direct: &[f32], points: &mut [f32]) {
        assert!(direct.len() == self.direct_len() && points.len() == self.points_len(), "other weights");
        for block in &self.blocks {
            let taps = &direct[self.part(block, TAPS)];
            let points = &mut points[self.part(block, self.tile.points())];
            match self.tile {
                Tile::Two => self.isa.run(Expand { form: Two, taps, points }),
                Tile::Four => self.isa.run(Expand { form: Four, taps, points }),
                Tile::Five => self.isa.run(Expand { form: Five, taps, points }),
                Tile::Seven => self.isa.run(Expand { form: Seven, taps, points }),
            }
        }
    }

    /// The direct weights of the opposite convolution, from this one's outputs to its inputs, into the points with
    /// which this one computes the gradient of the opposite one's inputs.
    ///
    /// # Panics
    /// When a slice has not the length that the plans say.
    pub fn turn_weights(&self, direct: &[f32], points: &mut [f32]) {
        let (inputs, outputs) = (self.outputs.plane().channels, self.inputs.plane().channels);
        let blocks = &blocks(self.isa, outputs)[..];
        let length = TAPS * inputs * blocks.last().map_or(0, |block| block.end);
        assert!(direct.len() == length && points.len() == self.points_len(), "other weights");
        for block in &self.blocks {
            let points = &mut points[self.part(block, self.tile.points())];
            let (taps, block) = (direct, block.clone());
            match self.tile {
                Tile::Two => self.isa.run(Turn { form: Two, inputs, outputs, blocks, taps, block, points }),
                Tile::Four => self.isa.run(Turn { form: Four, inputs, outputs, blocks, taps, block, points }),
                Tile::Five => self.isa.run(Turn { form: Five, inputs, outputs, blocks, taps, block, points }),
                Tile::Seven => {
                    self.isa.run(Turn { form: Seven, inputs, outputs, blocks, taps, block, points })
                }
            }
        }
    }

    /// The convolution of some images with the points of the weights; borders of `y` are left as they are.
    ///
    /// What the sums begin with is [`Start::Zero`], what `y` holds, or a bias with a value for every lane of a pixel.
    ///
    /// # Panics
    /// When there are other points than planned, or another slice is too short.
    pub fn forward(
        &self,
        images: usize,
        (x, points): (&[f32], &[f32]),
        (y, start): (&mut [f32], Start<'_>),
        scratch: &mut [f32],
    ) {
        match self.tile {
            Tile::Two => self.forward_by(Two, images, (x, points), (y, start), scratch),
            Tile::Four => self.forward_by(Four, images, (x, points), (y, start), scratch),
            Tile::Five => self.forward_by(Five, images, (x, points), (y, start), scratch),
            Tile::Seven => self.forward_by(Seven, images, (x, points), (y, start), scratch),
        }
    }

    fn forward_by<F: Form<M, N>, const M: usize, const N: usize>(
        &self,
        form: F,
        images: usize,
        (x, points): (&[f32], &[f32]),
        (y, start): (&mut [f32], Start<'_>),
        scratch: &mut [f32],
    ) {
        assert!(points.len() == self.points_len(), "other weights");
        let (v, p) = self.split(scratch);
        let plane = self.inputs.plane();
        for strip in strips(images * self.outputs.patches(), self.strip) {
            let all = (strip.clone(), 0..plane.stride);
            let [inputs, _] = self.layouts(0);
            self.isa.run(Gather::new((form, Side::Inputs), self.inputs, all, x, (inputs, &mut *v)));
            for block in &self.blocks {
                let lanes = block.len();
                let [_, outputs] = self.layouts(lanes);
                let batch = Batch {
                    places: Regular {
                        rows: strip.len(),
                        terms: plane.channels,
                        lanes,
                        row: plane.stride,
                        term: 1,
                    },
                    points: N * N,
                    steps: [inputs.point, plane.channels * lanes, outputs.point],
                };
                batch.run(self.isa, (v, &points[self.part(block, N * N)]), p, false);
                let part = (strip.clone(), block.clone());
                self.isa.run(Scatter::new(form, self.outputs, part, (&mut *y, start), (outputs, &*p)));
            }
        }
    }

    /// Adds the gradient of the weights from some images, at least one, to the sums at the points, or begins the sums.
    ///
    /// # Panics
    /// When there are other sums than planned, or another slice is too short.
    pub fn weight_gradient(
        &self,
        images: usize,
        (x, dy): (&[f32], &[f32]),
        begin: bool,
        sums: &mut [f32],
        scratch: &mut [f32],
    ) {
        match self.tile {
            Tile::Two => self.weight_gradient_by(Two, images, (x, dy), begin, sums, scratch),
            Tile::Four => self.weight_gradient_by(Four, images, (x, dy), begin, sums, scratch),
            Tile::Five => self.weight_gradient_by(Five, images, (x, dy), begin, sums, scratch),
            Tile::Seven => self.weight_gradient_by(Seven, images, (x, dy), begin, sums, scratch),
        }
    }

    fn weight_gradient_by<F: Form<M, N>, const M: usize, const N: usize>(
        &self,
        form: F,
        images: usize,
        (x, dy): (&[f32], &[f32]),
        begin: bool,
        sums: &mut [f32],
        scratch: &mut [f32],
    ) {
        assert!(sums.len() == self.points_len(), "other sums");
        let (v, t) = self.split(scratch);
        let plane = self.inputs.plane();
        for strip in strips(images * self.outputs.patches(), self.strip) {
            let all = (strip.clone(), 0..plane.stride);
            let [inputs, _] = self.layouts(0);
            self.isa.run(Gather::new((form, Side::Inputs), self.inputs, all, x, (inputs, &mut *v)));
            for block in &self.blocks {
                let lanes = block.len();
                let [_, outputs] = self.layouts(lanes);
                let part = (strip.clone(), block.clone());
                let gradients = (form, Side::Gradients);
                self.isa.run(Gather::new(gradients, self.outputs, part, dy, (outputs, &mut *t)));
                let batch = Batch {
                    places: Regular {
                        rows: plane.channels,
                        terms: strip.len(),
                        lanes,
                        row: 1,
                        term: plane.stride,
                    },
                    points: N * N,
                    steps: [inputs.point, outputs.point, plane.channels * lanes],
                };
                let add = !begin || strip.start > 0;
                batch.run(self.isa, (v, t), &mut sums[self.part(block, N * N)], add);
            }
        }
    }

    /// The sums at the points into the gradient of the direct weights, which is overwritten.
    ///
    /// # Panics
    /// When a slice has not the length that the plan says.
    pub fn contract_gradient(&self, sums: &[f32], direct: &mut [f32]) {
        assert!(direct.len() == self.direct_len() && sums.len() == self.points_len(), "other weights");
        for block in &self.blocks {
            let points = &sums[self.part(block, self.tile.points())];
            let taps = &mut direct[self.part(block, TAPS)];
            match self.tile {
                Tile::Two => self.isa.run(Contract { form: Two, points, taps }),
                Tile::Four => self.isa.run(Contract { form: Four, points, taps }),
                Tile::Five => self.isa.run(Contract { form: Five, points, taps }),
                Tile::Seven => self.isa.run(Contract { form: Seven, points, taps }),
            }
        }
    }

    /// Where the points of inputs and those of a block of outputs begin, on lines of the cache.
    fn split<'a>(&self, scratch: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
        assert!(scratch.len() >= self.scratch_len(), "scratch too short");
        let first = scratch.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        let [inputs, _] = self.layouts(0);
        scratch[first..].split_at_mut(self.tile.points() * inputs.point)
    }
}

#[cfg(test)]
mod tests;
