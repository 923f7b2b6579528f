//! Sums over batch, height and width for each channel: of values, and of values and squares around a given centre.

use crate::isa::{Isa, Kernel};
use crate::lanes::{ByLanes, MOST_LANES, add_to, by_lanes, check, load};
use crate::pixels::{Pixels, Reading};
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
    assert!(sums.len() >= plane.stride, "sums too short");
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
    assert!(sums.len() >= 2 * plane.stride && centre.len() >= plane.stride, "sums or centre too short");
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
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let plane = self.plane;
        by_lanes(wide, half, plane, &mut self);
    }
}

impl ByLanes for Sums<'_> {
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, lane: usize) {
        let plane = self.plane;
        let centre = self.centre.map(|centre| load(simd, centre, lane));
        let mut total = [[0f64; MOST_LANES]; 2];
        for image in 0..self.images {
            for row in 0..plane.height {
                let values = Reading::new(simd, self.values, Pixels::of_row(plane, image, row, lane));
                let mut sum = simd.splat(0.0);
                let mut squares = simd.splat(0.0);
                match centre {
                    None => {
                        for column in 0..plane.width {
                            sum = simd.add(sum, values.load(column, 0));
                        }
                    }
                    Some(centre) => {
                        for column in 0..plane.width {
                            let deviation = simd.sub(values.load(column, 0), centre);
                            sum = simd.add(sum, deviation);
                            squares = simd.mul_add(deviation, deviation, squares);
                        }
                    }
                }
                add_to(simd, &mut total[0], sum);
                if centre.is_some() {
                    add_to(simd, &mut total[1], squares);
                }
            }
        }
        let of_pixels = total[0].iter().take(S::LANES);
        self.sums[lane..].iter_mut().zip(of_pixels).for_each(|(sum, total)| *sum += total);
        if centre.is_some() {
            let of_squares = total[1].iter().take(S::LANES);
            self.sums[plane.stride + lane..]
                .iter_mut()
                .zip(of_squares)
                .for_each(|(sum, total)| *sum += total);
        }
    }
}

#[cfg(test)]
mod tests;
