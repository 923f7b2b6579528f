//! The forward pass of a stem.
#![expect(clippy::needless_range_loop, reason = "constant trip counts keep the sums in registers")]

use std::ops::Range;

use super::{ByFilters, Stem, by_filters};
use crate::activation::{highest, rectify};
use crate::isa::Kernel;
use crate::lanes::load;
use crate::pixels::{Pixels, Writing};
use crate::plane::Plane;
use crate::simd::Simd;

/// A checked forward pass.
pub(super) struct Forward<'a> {
    pub(super) stem: &'a Stem,
    pub(super) images: usize,
    pub(super) x: &'a [f32],
    pub(super) weights: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) out: &'a mut [f32],
    pub(super) index: &'a mut [u8],
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
                    // SAFETY: K and C are the plan's, which found every window inside of the plane, border included, and
                    // pixels C apart; `check` found all planes inside of the slice.
                    let z = unsafe {
                        let corner = corner + 2 * column * C;
                        window::<S, K, C, T, V>(simd, stem, (self.x, corner), (&weights, bias))
                    };
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
///
/// # Safety
/// The K + 1 rows of K + 1 pixels of C channels from there on must lie in `x`.
#[inline(always)]
unsafe fn window<S: Simd, const K: usize, const C: usize, const T: usize, const V: usize>(
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
                // SAFETY: the caller's promise.
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
