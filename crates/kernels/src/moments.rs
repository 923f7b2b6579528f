//! Sums over batch, height and width for each channel: of values, and of values and squares around a given centre.

use crate::isa::{Isa, Kernel};
use crate::lanes::{ByLanes, by_lanes, check, lanes, row_start};
use crate::plane::Plane;
use crate::simd::Simd;

/// Adds to `sums`, one a lane of a pixel, the values of every pixel of the first `images` images.
///
/// Rows are summed in f32, images in f64.
///
/// # Panics
/// When a slice is too short.
pub fn add_sums(isa: Isa, plane: Plane, images: usize, values: &[f32], sums: &mut [f64]) {
    check(plane, images, values.len());
    isa.run(Sums { plane, images, values, centre: None, sums });
}

/// Adds to `sums`, one a lane of a pixel, the deviations of every pixel from `centre`, likewise one a lane, and behind
/// them their squares.
///
/// Rows are summed in f32, images in f64.
///
/// # Panics
/// When a slice is too short.
pub fn add_moments(isa: Isa, plane: Plane, images: usize, values: &[f32], centre: &[f32], sums: &mut [f64]) {
    check(plane, images, values.len());
    isa.run(Sums { plane, images, values, centre: Some(centre), sums });
}

struct Sums<'a> {
    plane: Plane,
    images: usize,
    values: &'a [f32],
    centre: Option<&'a [f32]>,
    sums: &'a mut [f64],
}

impl Kernel for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, _wide: W, _half: H) {
        by_lanes(self.plane, &mut self);
    }
}

impl ByLanes for Sums<'_> {
    #[expect(clippy::needless_range_loop, reason = "constant trip counts keep the sums in registers")]
    #[inline(always)]
    fn run<const L: usize>(&mut self, lane: usize) {
        let plane = self.plane;
        let mut total = [[0f64; L]; 2];
        for image in 0..self.images {
            for row in 0..plane.height {
                let start = row_start(plane, image, row) + lane;
                let row = match self.centre {
                    None => [sum_row::<L>(self.values, start, plane), [0.0; L]],
                    Some(centre) => moments_row::<L>(self.values, start, plane, lanes(centre, lane)),
                };
                for l in 0..L {
                    total[0][l] += f64::from(row[0][l]);
                    total[1][l] += f64::from(row[1][l]);
                }
            }
        }
        for l in 0..L {
            self.sums[lane + l] += total[0][l];
            if self.centre.is_some() {
                self.sums[plane.stride + lane + l] += total[1][l];
            }
        }
    }
}

#[inline(always)]
fn sum_row<const L: usize>(values: &[f32], start: usize, plane: Plane) -> [f32; L] {
    let mut sum = [0f32; L];
    for column in 0..plane.width {
        let x = lanes::<L>(values, start + column * plane.stride);
        for l in 0..L {
            sum[l] += x[l];
        }
    }
    sum
}

#[inline(always)]
fn moments_row<const L: usize>(
    values: &[f32],
    start: usize,
    plane: Plane,
    centre: &[f32; L],
) -> [[f32; L]; 2] {
    let centre = *centre;
    let (mut sum, mut squares) = ([0f32; L], [0f32; L]);
    for column in 0..plane.width {
        let x = lanes::<L>(values, start + column * plane.stride);
        for l in 0..L {
            let deviation = x[l] - centre[l];
            sum[l] += deviation;
            squares[l] += deviation * deviation;
        }
    }
    [sum, squares]
}

#[cfg(test)]
mod tests;
