//! What stands between convolutions, in one pass: batch normalisation, a residual sum, ReLU and 2x2 max-pooling.

use crate::isa::{Isa, Kernel};
use crate::lanes::{ByLanes, by_lanes, check, check_alike, check_pooled, load, one_row};
use crate::pixels::{Pixels, Reading, Writing};
use crate::plane::Plane;
use crate::simd::Simd;

/// A batch normalisation as (x - mean) * factor + shift; one value a lane of a pixel, zero where there is no channel.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// Mean.
    pub mean: &'a [f32],
    /// Scale over deviation.
    pub factor: &'a [f32],
    /// Shift.
    pub shift: &'a [f32],
}

/// One operand of an activation.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// Its values, image after image.
    pub values: &'a [f32],
    /// Its layout.
    pub plane: Plane,
    /// Its normalisation, where it has one.
    pub norm: Option<Affine<'a>>,
}

/// out = pool(relu(norm(y) + norm(residual))), each part where it is wanted.
///
/// `index`, wanted with pooling, takes one byte an output value: which of the four pixels won before ReLU, row by row;
/// of equal ones the first, as PyTorch does. A NaN wins, and goes through ReLU, so that a diverged run is seen.
///
/// Every lane of a pixel is computed; only pixels are read and written, no borders. With pooling, `out` has half the
/// rows and columns of `y`, rounded down.
///
/// # Panics
/// When a slice is too short, planes do not fit each other, or both a residual and pooling are wanted.
pub fn activate(
    isa: Isa,
    images: usize,
    mut y: Operand<'_>,
    mut residual: Option<Operand<'_>>,
    relu: bool,
    mut out: (Plane, &mut [f32]),
    index: Option<&mut [u8]>,
) {
    check(y.plane, images, y.values.len());
    check(out.0, images, out.1.len());
    if let Some(residual) = residual {
        check(residual.plane, images, residual.values.len());
        check_alike(residual.plane, y.plane);
        assert!(index.is_none(), "a residual sum is not pooled");
    }
    match index {
        Some(index) => {
            check_pooled(y.plane, out.0);
            assert!(images * out.0.height * out.0.width * out.0.stride <= index.len(), "index too short");
            isa.run(Pooled { images, y, relu, plane: out.0, out: out.1, index });
        }
        None => {
            check_alike(y.plane, out.0);
            let side = residual.as_mut().map(|residual| &mut residual.plane);
            let images = one_row(images, [Some(&mut y.plane), Some(&mut out.0), side]);
            isa.run(Plain { images, y, residual, relu, plane: out.0, out: out.1 });
        }
    }
}

/// The numbers of a normalisation for one vector of channels.
#[derive(Clone, Copy)]
struct Lanes<V> {
    mean: V,
    factor: V,
    shift: V,
}

impl<V: Copy> Lanes<V> {
    #[inline(always)]
    fn of<S: Simd<Vector = V>>(simd: S, norm: Option<Affine<'_>>, lane: usize) -> Option<Lanes<V>> {
        match norm {
            Some(norm) => Some(Lanes {
                mean: load(simd, norm.mean, lane),
                factor: load(simd, norm.factor, lane),
                shift: load(simd, norm.shift, lane),
            }),
            None => None,
        }
    }
}

/// (x - mean) * factor + shift, or x.
#[inline(always)]
fn apply<S: Simd>(simd: S, norm: Option<Lanes<S::Vector>>, x: S::Vector) -> S::Vector {
    match norm {
        Some(norm) => simd.mul_add(simd.sub(x, norm.mean), norm.factor, norm.shift),
        None => x,
    }
}

/// max(x, 0) that lets NaN through, where it is wanted.
#[inline(always)]
pub(crate) fn rectify<S: Simd>(simd: S, relu: bool, x: S::Vector) -> S::Vector {
    let zero = simd.splat(0.0);
    if relu { simd.select(simd.greater(zero, x), zero, x) } else { x }
}

/// The highest of the four pixels of a window, and the number of the pixel that won: of equal ones the first, and of
/// NaN the last.
#[inline(always)]
pub(crate) fn highest<S: Simd>(simd: S, pixels: [S::Vector; 4]) -> (S::Vector, S::Vector) {
    let numbers = [simd.splat(1.0), simd.splat(2.0), simd.splat(3.0)];
    let mut best = pixels[0];
    let mut winner = simd.splat(0.0);
    let mut other = 0;
    while other < 3 {
        let z = pixels[other + 1];
        let wins = simd.either(simd.greater(z, best), simd.nan(z));
        best = simd.select(wins, z, best);
        winner = simd.select(wins, numbers[other], winner);
        other += 1;
    }
    (best, winner)
}

struct Plain<'a> {
    images: usize,
    y: Operand<'a>,
    residual: Option<Operand<'a>>,
    relu: bool,
    plane: Plane,
    out: &'a mut [f32],
}

impl Kernel for Plain<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let plane = self.plane;
        by_lanes(wide, half, plane, &mut self);
    }
}

impl ByLanes for Plain<'_> {
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, lane: usize) {
        let norm = Lanes::of(simd, self.y.norm, lane);
        for image in 0..self.images {
            for row in 0..self.plane.height {
                let mut to = Writing::new(simd, self.out, Pixels::of_row(self.plane, image, row, lane));
                let y = Reading::new(simd, self.y.values, Pixels::of_row(self.y.plane, image, row, lane));
                match self.residual {
                    None => {
                        for column in 0..self.plane.width {
                            let z = apply(simd, norm, y.load(column, 0));
                            to.store(column, 0, rectify(simd, self.relu, z));
                        }
                    }
                    Some(residual) => {
                        let other = Lanes::of(simd, residual.norm, lane);
                        let pixels = Pixels::of_row(residual.plane, image, row, lane);
                        let r = Reading::new(simd, residual.values, pixels);
                        for column in 0..self.plane.width {
                            let z = apply(simd, norm, y.load(column, 0));
                            let sum = simd.add(z, apply(simd, other, r.load(column, 0)));
                            to.store(column, 0, rectify(simd, self.relu, sum));
                        }
                    }
                }
            }
        }
    }
}

struct Pooled<'a> {
    images: usize,
    y: Operand<'a>,
    relu: bool,
    plane: Plane,
    out: &'a mut [f32],
    index: &'a mut [u8],
}

impl Kernel for Pooled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let plane = self.plane;
        by_lanes(wide, half, plane, &mut self);
    }
}

impl ByLanes for Pooled<'_> {
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, lane: usize) {
        let norm = Lanes::of(simd, self.y.norm, lane);
        let (plane, source) = (self.plane, self.y.plane);
        for image in 0..self.images {
            for row in 0..plane.height {
                let mut to = Writing::new(simd, self.out, Pixels::of_row(plane, image, row, lane));
                let marks = Pixels::of_row(Plane { border: 0, ..plane }, image, row, lane);
                let mut index = Writing::new(simd, self.index, marks);
                let y = Reading::new(simd, self.y.values, Pixels::of_windows(source, image, row, lane));
                for column in 0..plane.width {
                    let mut pixels = [simd.splat(0.0); 4];
                    let mut pixel = 0;
                    while pixel < 4 {
                        pixels[pixel] = apply(simd, norm, y.load(column, pixel));
                        pixel += 1;
                    }
                    let (best, winner) = highest(simd, pixels);
                    to.store(column, 0, rectify(simd, self.relu, best));
                    index.store_bytes(column, 0, winner);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
