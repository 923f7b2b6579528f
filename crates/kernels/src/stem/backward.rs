//! The gradient of a stem's weights.

use std::ops::Range;

use super::{ByFilters, PICKED, Pooled, Stem, by_filters};
use crate::isa::Kernel;
use crate::lanes::{MOST_LANES, add_to, load, store};
use crate::pixels::{Pixels, Reading};
use crate::plane::Plane;
use crate::simd::Simd;

/// A checked gradient.
pub(super) struct Back<'a> {
    pub(super) stem: &'a Stem,
    pub(super) images: usize,
    pub(super) x: &'a [f32],
    pub(super) pooled: Pooled<'a>,
    pub(super) begin: bool,
    pub(super) sums: &'a mut [f32],
    pub(super) bias: Option<&'a mut [f64]>,
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

/// What a row of the pool has seen and is told.
struct Seen<'a, S: Simd> {
    simd: S,
    out: Reading<'a, S, f32>,
    index: Reading<'a, S, u8>,
    gradient: Reading<'a, S, f32>,
}

impl<'a, S: Simd> Seen<'a, S> {
    #[inline(always)]
    fn of_row(
        simd: S,
        plane: Plane,
        pooled: Pooled<'a>,
        (image, row, lane): (usize, usize, usize),
    ) -> Seen<'a, S> {
        let pixels = |plane: Plane| Pixels::of_row(plane, image, row, lane);
        Seen {
            simd,
            out: Reading::new(simd, pooled.out, pixels(plane)),
            index: Reading::new(simd, pooled.index, pixels(Plane { border: 0, ..plane })),
            gradient: Reading::new(simd, pooled.gradient, pixels(pooled.plane)),
        }
    }

    /// The gradient before ReLU.
    #[inline(always)]
    fn gradient(&self, column: usize) -> S::Vector {
        let zero = self.simd.splat(0.0);
        let positive = self.simd.greater(self.out.load(column, 0), zero);
        self.simd.select(positive, self.gradient.load(column, 0), zero)
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
        let (plane, below) = (self.stem.out, self.stem.x.row());
        let corner = self.stem.corner(image, row);
        let seen = Seen::of_row(simd, plane, self.pooled, (image, row / 2, lane));
        let zero = simd.splat(0.0);
        let numbers = [simd.splat((row % 2 * 2) as f32), simd.splat((row % 2 * 2 + 1) as f32)];
        let mut total = zero;
        for column in 0..plane.width {
            let (g, winner) = (seen.gradient(column), seen.index.load_bytes(column, 0));
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
        let (plane, below) = (self.stem.out, self.stem.x.row());
        let corner = self.stem.corner(image, 2 * row);
        let seen = Seen::of_row(simd, plane, self.pooled, (image, row, lane));
        let [zero, one, two] = [simd.splat(0.0), simd.splat(1.0), simd.splat(2.0)];
        let mut total = zero;
        for column in 0..plane.width {
            let (g, winner) = (seen.gradient(column), seen.index.load_bytes(column, 0));
            total = simd.add(total, g);
            // Winners 0 and 1 are in the first row of a table, which has four columns, 2 and 3 in the second.
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
