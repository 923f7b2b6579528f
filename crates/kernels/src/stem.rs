//! The stem of a small network in one pass: a convolution of a few taps over raw images, ReLU and 2x2 max-pooling; and
//! the gradient of its weights.

use std::ops::Range;

use crate::activation::{highest, rectify};
use crate::blocks::blocks;
use crate::convolution::Window;
use crate::isa::{Isa, Kernel};
use crate::lanes::{MOST_LANES, add_to, check, check_alike, load, load_bytes, row_start, store};
use crate::pixels::{Pixels, Writing};
use crate::plane::{Plane, padded};
use crate::simd::Simd;

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
            by_vectors::<W, K, C, T>(wide, stem, block.clone(), work);
        } else {
            by_vectors::<H, K, C, T>(half, stem, block.clone(), work);
        }
    }
}

#[inline(always)]
fn by_vectors<S: Simd, const K: usize, const C: usize, const T: usize>(
    simd: S,
    stem: &Stem,
    block: Range<usize>,
    work: &mut impl ByFilters,
) {
    let mut lane = block.start;
    while lane < block.end {
        lane += if vectors_at_once(work) == 2 && lane + 2 * S::LANES <= block.end {
            work.run::<S, K, C, T, 2>(simd, stem, block.clone(), lane);
            2 * S::LANES
        } else {
            work.run::<S, K, C, T, 1>(simd, stem, block.clone(), lane);
            S::LANES
        };
    }
}

#[inline(always)]
const fn vectors_at_once<B: ByFilters>(_: &B) -> usize {
    B::VECTORS
}

struct Forward<'a> {
    stem: &'a Stem,
    images: usize,
    x: &'a [f32],
    weights: &'a [f32],
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    index: &'a mut [u8],
}

impl Kernel for Forward<'_> {
    type Output = ();
    const IS_PRODUCT: bool = true;

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let stem = self.stem;
        by_filters(wide, half, stem, &mut self);
    }
}

impl ByFilters for Forward<'_> {
    /// Two share the pixels, and have sums enough to hide how long one addition takes.
    const VECTORS: usize = 2;

    #[inline(always)]
    fn run<S: Simd, const K: usize, const C: usize, const T: usize, const V: usize>(
        &mut self,
        simd: S,
        stem: &Stem,
        block: Range<usize>,
        lane: usize,
    ) {
        let plane = stem.out;
        let first = block.start * T + lane - block.start;
        let mut weights = [[simd.splat(0.0); V]; T];
        let mut bias = [simd.splat(0.0); V];
        for v in 0..V {
            for tap in 0..T {
                weights[tap][v] = load(simd, self.weights, first + tap * block.len() + v * S::LANES);
            }
            if let Some(values) = self.bias {
                bias[v] = load(simd, values, lane + v * S::LANES);
            }
        }
        for image in 0..self.images {
            for row in 0..plane.height {
                let corner = stem.corner(image, 2 * row);
                let marks = Pixels::of_row(Plane { border: 0, ..plane }, image, row, lane);
                let mut index = Writing::new(simd, self.index, marks.vectors(V, S::LANES));
                let pixels = Pixels::of_row(plane, image, row, lane).vectors(V, S::LANES);
                let mut out = Writing::new(simd, self.out, pixels);
                for column in 0..plane.width {
                    let z = window::<S, K, C, T, V>(
                        simd,
                        stem,
                        (self.x, corner + 2 * column * C),
                        (&weights, bias),
                    );
                    for v in 0..V {
                        let (best, winner) = highest(simd, [z[0][v], z[1][v], z[2][v], z[3][v]]);
                        out.store(column, v, rectify(simd, true, best));
                        index.store_bytes(column, v, winner);
                    }
                }
            }
        }
    }
}

/// The four pixels of the convolution under a pixel of the pool, which see images from place `corner` on.
#[inline(always)]
fn window<S: Simd, const K: usize, const C: usize, const T: usize, const V: usize>(
    simd: S,
    stem: &Stem,
    (x, corner): (&[f32], usize),
    (weights, bias): (&[[S::Vector; V]; T], [S::Vector; V]),
) -> [[S::Vector; V]; 4] {
    let below = stem.x.row();
    let mut z = [bias; 4];
    let mut i = 0;
    while i < K {
        let mut j = 0;
        while j < K * C {
            let mut pixel = 0;
            while pixel < 4 {
                let place = corner + (i + pixel / 2) * below + pixel % 2 * C + j;
                // SAFETY: K and C are the plan's, which found every window inside of the plane, border included, and
                // pixels C apart; `check` found all planes inside of the slice.
                let x = simd.splat(unsafe { *x.get_unchecked(place) });
                let mut v = 0;
                while v < V {
                    z[pixel][v] = simd.mul_add(x, weights[i * K * C + j][v], z[pixel][v]);
                    v += 1;
                }
                pixel += 1;
            }
            j += 1;
        }
        i += 1;
    }
    z
}

struct Back<'a> {
    stem: &'a Stem,
    images: usize,
    x: &'a [f32],
    pooled: Pooled<'a>,
    begin: bool,
    sums: &'a mut [f32],
    bias: Option<&'a mut [f64]>,
}

impl Kernel for Back<'_> {
    type Output = ();
    const IS_PRODUCT: bool = true;

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let stem = self.stem;
        by_filters(wide, half, stem, &mut self);
    }
}

impl ByFilters for Back<'_> {
    const VECTORS: usize = 1;

    #[inline(always)]
    fn run<S: Simd, const K: usize, const C: usize, const T: usize, const V: usize>(
        &mut self,
        simd: S,
        stem: &Stem,
        block: Range<usize>,
        lane: usize,
    ) {
        let plane = stem.out;
        let first = block.start * T + lane - block.start;
        let mut sums = [simd.splat(0.0); T];
        if !self.begin {
            for (tap, sum) in sums.iter_mut().enumerate() {
                *sum = load(simd, self.sums, first + tap * block.len());
            }
        }
        let mut total = [0f64; MOST_LANES];
        for image in 0..self.images {
            let rows = if (K, C) == PICKED { plane.height } else { 2 * plane.height };
            for row in 0..rows {
                let sum = if (K, C) == PICKED {
                    self.picked_row::<S, T>(simd, (image, row, lane), &mut sums)
                } else {
                    // Row by row of the convolution, so that sums are made in the order of its pixels.
                    self.row::<S, K, C, T>(simd, (image, row, lane), &mut sums)
                };
                add_to(simd, &mut total, sum);
            }
        }
        for (tap, &sum) in sums.iter().enumerate() {
            store(simd, self.sums, first + tap * block.len(), sum);
        }
        if let Some(bias) = &mut self.bias {
            for l in 0..S::LANES {
                bias[lane + l] += total[l];
            }
        }
    }
}

impl Back<'_> {
    /// Adds what a row of the convolution's pixels gives to the sums of all taps; the sum of its gradient.
    #[inline(always)]
    fn row<S: Simd, const K: usize, const C: usize, const T: usize>(
        &self,
        simd: S,
        (image, row, lane): (usize, usize, usize),
        sums: &mut [S::Vector; T],
    ) -> S::Vector {
        let Pooled { out, index, plane: beside, gradient } = self.pooled;
        let (plane, below) = (self.stem.out, self.stem.x.row());
        let corner = self.stem.corner(image, row);
        let of_out = row_start(plane, image, row / 2) + lane;
        let of_gradient = row_start(beside, image, row / 2) + lane;
        let mark = (image * plane.height + row / 2) * plane.width * plane.stride + lane;
        let zero = simd.splat(0.0);
        let numbers = [simd.splat((row % 2 * 2) as f32), simd.splat((row % 2 * 2 + 1) as f32)];
        let mut total = zero;
        for column in 0..plane.width {
            let positive = simd.greater(load(simd, out, of_out + column * plane.stride), zero);
            let g = simd.select(positive, load(simd, gradient, of_gradient + column * beside.stride), zero);
            let winner = load_bytes(simd, index, mark + column * plane.stride);
            let mut side = 0;
            while side < 2 {
                let dy = simd.select(simd.equal(winner, numbers[side]), g, zero);
                total = simd.add(total, dy);
                let mut i = 0;
                while i < K {
                    let mut j = 0;
                    while j < K * C {
                        let place = i * below + (2 * column + side) * C + j;
                        // SAFETY: K and C are the plan's, which found every window inside of the plane, border
                        // included, and pixels C apart; `check` found all planes inside of the slice.
                        let x = simd.splat(unsafe { *self.x.get_unchecked(corner + place) });
                        sums[i * K * C + j] = simd.mul_add(x, dy, sums[i * K * C + j]);
                        j += 1;
                    }
                    i += 1;
                }
                side += 1;
            }
        }
        total
    }

    /// Adds what a row of the pool's pixels gives to the sums of all taps of [`PICKED`]; the sum of its gradient.
    #[inline(always)]
    fn picked_row<S: Simd, const T: usize>(
        &self,
        simd: S,
        (image, row, lane): (usize, usize, usize),
        sums: &mut [S::Vector; T],
    ) -> S::Vector {
        let Pooled { out, index, plane: beside, gradient } = self.pooled;
        let (plane, below) = (self.stem.out, self.stem.x.row());
        let corner = self.stem.corner(image, 2 * row);
        let of_out = row_start(plane, image, row) + lane;
        let of_gradient = row_start(beside, image, row) + lane;
        let mark = (image * plane.height + row) * plane.width * plane.stride + lane;
        let [zero, one, two] = [simd.splat(0.0), simd.splat(1.0), simd.splat(2.0)];
        let mut total = zero;
        for column in 0..plane.width {
            let positive = simd.greater(load(simd, out, of_out + column * plane.stride), zero);
            let g = simd.select(positive, load(simd, gradient, of_gradient + column * beside.stride), zero);
            total = simd.add(total, g);
            // Winners 0 and 1 are in the first row of a table, which has four columns, 2 and 3 in the second.
            let winner = load_bytes(simd, index, mark + column * plane.stride);
            let first = simd.add(winner, simd.select(simd.greater(winner, one), two, zero));
            let second = simd.add(first, one);
            let places = [simd.places(first), simd.places(second), simd.places(simd.add(second, one))];
            let mut i = 0;
            while i < 3 {
                let start = corner + i * below + 2 * column;
                // SAFETY: windows of three are the plan's, which found all four under a pixel of the pool, of four
                // rows and columns together, inside of the plane, border included; `check` found all planes inside of
                // the slice.
                let table = unsafe {
                    let from = self.x.as_ptr().add(start);
                    simd.table(from, from.add(below))
                };
                let mut j = 0;
                while j < 3 {
                    sums[i * 3 + j] = simd.mul_add(simd.pick(table, places[j]), g, sums[i * 3 + j]);
                    j += 1;
                }
                i += 1;
            }
        }
        total
    }
}

#[cfg(test)]
mod tests;
