//! What stands between convolutions, in one pass: batch normalisation, a residual sum, ReLU and 2x2 max-pooling.

use crate::isa::{Isa, Kernel};
use crate::lanes::{
    ByLanes, by_lanes, bytes_mut, check, check_alike, check_pooled, choose, keep, lanes, lanes_mut, row_start,
};
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
/// `index`, wanted with pooling, takes one byte an output value: which of the four pixels won, row by row; of equal
/// ones the first, as PyTorch does. A NaN wins, and goes through ReLU, so that a diverged run is seen.
///
/// Every lane of a pixel is computed; only pixels are read and written, no borders. With pooling, `out` has half the
/// rows and columns of `y`, rounded down.
///
/// # Panics
/// When a slice is too short, planes do not fit each other, or both a residual and pooling are wanted.
pub fn activate(
    isa: Isa,
    images: usize,
    y: Operand<'_>,
    residual: Option<Operand<'_>>,
    relu: bool,
    out: (Plane, &mut [f32]),
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
            isa.run(Plain { images, y, residual, relu, plane: out.0, out: out.1 });
        }
    }
}

/// The numbers of a normalisation for `L` channels.
#[derive(Clone, Copy)]
struct Lanes<const L: usize> {
    mean: [f32; L],
    factor: [f32; L],
    shift: [f32; L],
}

impl<const L: usize> Lanes<L> {
    #[inline(always)]
    fn of(norm: Option<Affine<'_>>, lane: usize) -> Lanes<L> {
        match norm {
            Some(norm) => Lanes {
                mean: *lanes(norm.mean, lane),
                factor: *lanes(norm.factor, lane),
                shift: *lanes(norm.shift, lane),
            },
            None => Lanes { mean: [0.0; L], factor: [1.0; L], shift: [0.0; L] },
        }
    }

    #[inline(always)]
    fn apply(&self, x: &[f32; L]) -> [f32; L] {
        let mut z = [0f32; L];
        for l in 0..L {
            z[l] = (x[l] - self.mean[l]) * self.factor[l] + self.shift[l];
        }
        z
    }
}

/// max(x, 0) that lets NaN through.
#[inline(always)]
fn rectify(x: f32) -> f32 {
    keep(x, x >= 0.0 || x.is_nan())
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
    fn run<W: Simd, H: Simd>(mut self, _wide: W, _half: H) {
        by_lanes(self.plane, &mut self);
    }
}

impl ByLanes for Plain<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, lane: usize) {
        let norm = Lanes::<L>::of(self.y.norm, lane);
        let least = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        for image in 0..self.images {
            for row in 0..self.plane.height {
                let to = row_start(self.plane, image, row) + lane;
                let from = row_start(self.y.plane, image, row) + lane;
                match self.residual {
                    None => {
                        for column in 0..self.plane.width {
                            let y = lanes::<L>(self.y.values, from + column * self.y.plane.stride);
                            let z = norm.apply(y);
                            let out = lanes_mut::<L>(self.out, to + column * self.plane.stride);
                            for l in 0..L {
                                out[l] = choose(z[l] < least, least, z[l]);
                            }
                        }
                    }
                    Some(residual) => {
                        let other = Lanes::<L>::of(residual.norm, lane);
                        let side = row_start(residual.plane, image, row) + lane;
                        for column in 0..self.plane.width {
                            let y = lanes::<L>(self.y.values, from + column * self.y.plane.stride);
                            let r = lanes::<L>(residual.values, side + column * residual.plane.stride);
                            let (z, r) = (norm.apply(y), other.apply(r));
                            let out = lanes_mut::<L>(self.out, to + column * self.plane.stride);
                            for l in 0..L {
                                let sum = z[l] + r[l];
                                out[l] = choose(sum < least, least, sum);
                            }
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
    fn run<W: Simd, H: Simd>(mut self, _wide: W, _half: H) {
        by_lanes(self.plane, &mut self);
    }
}

impl ByLanes for Pooled<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, lane: usize) {
        let norm = Lanes::<L>::of(self.y.norm, lane);
        let Plane { height, width, stride, .. } = self.plane;
        let source = self.y.plane;
        for image in 0..self.images {
            for row in 0..height {
                let to = row_start(self.plane, image, row) + lane;
                let from = row_start(source, image, 2 * row) + lane;
                let mark = (image * height + row) * width * stride + lane;
                for column in 0..width {
                    let from = from + 2 * column * source.stride;
                    let places = [
                        from,
                        from + source.stride,
                        from + source.row(),
                        from + source.row() + source.stride,
                    ];
                    let mut best = norm.apply(lanes(self.y.values, places[0]));
                    let mut winner = [0u32; L];
                    let mut number = 1;
                    while number < 4 {
                        let z = norm.apply(lanes(self.y.values, places[number]));
                        for l in 0..L {
                            let wins = z[l] > best[l] || z[l].is_nan();
                            best[l] = choose(wins, z[l], best[l]);
                            let mask = u32::from(wins).wrapping_neg();
                            winner[l] = number as u32 & mask | winner[l] & !mask;
                        }
                        number += 1;
                    }
                    let out = lanes_mut::<L>(self.out, to + column * stride);
                    let index = bytes_mut::<L>(self.index, mark + column * stride);
                    for l in 0..L {
                        out[l] = if self.relu { rectify(best[l]) } else { best[l] };
                        index[l] = winner[l] as u8;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
