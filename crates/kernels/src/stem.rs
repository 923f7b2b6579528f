//! The stem of a small network in one pass: a convolution of a few taps over raw images, ReLU and 2x2 max-pooling; and
//! the gradient of its weights.

use std::ops::Range;

use crate::blocks::blocks;
use crate::convolution::Window;
use crate::isa::Isa;
use crate::lanes::{check, check_alike};
use crate::plane::{Plane, padded};
use crate::simd::Simd;
use backward::Back;
use forward::Forward;

mod backward;
mod forward;

/// Sides of a window with channels of the images, of so few taps that the 32 registers of AVX-512 hold about all weights
/// of a vector of filters.
const SHAPES: [(usize, usize); 3] = [(3, 1), (5, 1), (3, 3)];

/// The one of them whose gradient picks what the pixels that won have seen: there, two rows under a pixel of the pool
/// have eight values, a table that AVX2 reads in one instruction.
const PICKED: (usize, usize) = (3, 1);

/// out = pool(relu(bias + x * weights)), with no memory for what lies between.
///
/// Weights are packed as those of [`Convolution`](crate::convolution::Convolution). Results have the bits that its
/// forward pass and [`activate`](crate::activation::activate) have, and gradients, but for the sign of a zero, those
/// of [`spread`](crate::activation_gradient::spread), [`add_sums`](crate::moments::add_sums) and its gradient of
/// weights; except that of windows of 3x3 over one channel only pixels that won are multiplied by, a fourth of all, so
/// that sums are made in the order of the pool's pixels.
#[derive(Clone, Debug)]
pub struct Stem {
    isa: Isa,
    window: Window,
    x: Plane,
    out: Plane,
    blocks: Vec<Range<usize>>,
}

/// What came of a forward pass, and the gradient with regard to it.
#[derive(Clone, Copy, Debug)]
pub struct Pooled<'a> {
    /// The output.
    pub out: &'a [f32],
    /// Which pixel won.
    pub index: &'a [u8],
    /// Layout of the gradient.
    pub plane: Plane,
    /// The gradient.
    pub gradient: &'a [f32],
}

impl Stem {
    /// Whether there is a kernel for such windows on images of so many channels.
    #[must_use]
    pub fn fits(window: Window, channels: usize) -> bool {
        window.stride == 1 && window.dilation == 1 && SHAPES.contains(&(window.kernel, channels))
    }

    /// A stem from images without padding between pixels to `out`, which has half the rows and columns of the
    /// convolution, rounded down.
    ///
    /// # Panics
    /// When there is no kernel for the window, it does not lead from `x` to `out`, or either is beyond all measure.
    #[must_use]
    pub fn new(isa: Isa, window: Window, x: Plane, out: Plane) -> Stem {
        assert!(Stem::fits(window, x.channels), "no stem has {window:?} over {x:?}");
        assert!(x.stride == x.channels, "{x:?} has lanes without a channel");
        assert!(window.padding <= x.border, "{x:?} has no border for {window:?}");
        assert!(x.is_countable() && out.is_countable(), "no plane is as large as {x:?} or {out:?}");
        let half = |size: usize| (size + 2 * window.padding + 1).saturating_sub(window.kernel) / 2;
        let fits = out.height == half(x.height) && out.width == half(x.width);
        assert!(fits && out.stride == padded(out.channels), "{window:?} does not lead from {x:?} to {out:?}");
        Stem { isa, window, x, out, blocks: blocks(isa, out.channels) }
    }

    fn taps(&self) -> usize {
        self.window.kernel * self.window.kernel * self.x.channels
    }

    /// Place of the first value that the first window of a row of the convolution sees.
    #[inline(always)]
    fn corner(&self, image: usize, row: usize) -> usize {
        let padding = self.window.padding as isize;
        image * self.x.values() + self.x.place(row as isize - padding, -padding)
    }

    fn check(&self, images: usize, x: &[f32], weights: usize, out: &[f32], index: &[u8]) {
        check(self.x, images, x.len());
        check(self.out, images, out.len());
        check(Plane { border: 0, ..self.out }, images, index.len());
        assert!(weights >= self.taps() * self.out.stride, "too few weights");
    }

    /// The forward pass of some images; `index` takes which of the four pixels won, as with
    /// [`activate`](crate::activation::activate).
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn forward(
        &self,
        images: usize,
        (x, weights, bias): (&[f32], &[f32], Option<&[f32]>),
        (out, index): (&mut [f32], &mut [u8]),
    ) {
        self.check(images, x, weights.len(), out, index);
        self.isa.run(Forward { stem: self, images, x, weights, bias, out, index });
    }

    /// Adds the gradient of the packed weights from some images to `sums`, or begins it, and to `bias`, where there is
    /// one, the sums of the gradient by lane.
    ///
    /// # Panics
    /// When a slice is too short, or the planes do not fit each other.
    pub fn weight_gradient(
        &self,
        images: usize,
        (x, pooled): (&[f32], Pooled<'_>),
        begin: bool,
        (sums, bias): (&mut [f32], Option<&mut [f64]>),
    ) {
        self.check(images, x, sums.len(), pooled.out, pooled.index);
        check(pooled.plane, images, pooled.gradient.len());
        check_alike(pooled.plane, self.out);
        self.isa.run(Back { stem: self, images, x, pooled, begin, sums, bias });
    }

    /// Multiply-accumulates that `images` images really take, forward and for the gradient.
    #[must_use]
    pub fn executed_macs(&self, images: usize) -> [u64; 2] {
        let pooled = (images * self.out.height * self.out.width * self.taps() * self.out.stride) as u64;
        let winners_alone = (self.window.kernel, self.x.channels) == PICKED;
        [4 * pooled, if winners_alone { pooled } else { 4 * pooled }]
    }
}

/// What is done to `V` vectors of filters, of `T` taps in `K` rows of as many pixels of `C` channels; always inlined.
trait ByFilters {
    /// The most vectors that are treated at once, one or two.
    const VECTORS: usize;

    fn run<S: Simd, const K: usize, const C: usize, const T: usize, const V: usize>(
        &mut self,
        simd: S,
        stem: &Stem,
        block: Range<usize>,
        lane: usize,
    );
}

/// Treats all filters by the widest vectors that divide their block.
#[inline(always)]
fn by_filters<W: Simd, H: Simd>(wide: W, half: H, stem: &Stem, work: &mut impl ByFilters) {
    match (stem.window.kernel, stem.x.channels) {
        (3, 1) => by_blocks::<W, H, 3, 1, 9>(wide, half, stem, work),
        (5, 1) => by_blocks::<W, H, 5, 1, 25>(wide, half, stem, work),
        _ => by_blocks::<W, H, 3, 3, 27>(wide, half, stem, work),
    }
}

#[inline(always)]
fn by_blocks<W: Simd, H: Simd, const K: usize, const C: usize, const T: usize>(
    wide: W,
    half: H,
    stem: &Stem,
    work: &mut impl ByFilters,
) {
    for block in &stem.blocks {
        if block.len().is_multiple_of(W::LANES) {
            by_vectors::<W, _, K, C, T>(wide, stem, block.clone(), work);
        } else {
            by_vectors::<H, _, K, C, T>(half, stem, block.clone(), work);
        }
    }
}

#[inline(always)]
fn by_vectors<S: Simd, B: ByFilters, const K: usize, const C: usize, const T: usize>(
    simd: S,
    stem: &Stem,
    block: Range<usize>,
    work: &mut B,
) {
    let mut lane = block.start;
    while lane < block.end {
        lane += if B::VECTORS == 2 && lane + 2 * S::LANES <= block.end {
            work.run::<S, K, C, T, 2>(simd, stem, block.clone(), lane);
            2 * S::LANES
        } else {
            work.run::<S, K, C, T, 1>(simd, stem, block.clone(), lane);
            S::LANES
        };
    }
}

#[cfg(test)]
mod tests;
