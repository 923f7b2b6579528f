//! Batch normalisation between regions: sums of the chunks become the numbers that every image is treated with.

use std::ops::Range;

use kernels::activation::Affine;
use kernels::activation_gradient::{Before, NormGradient};
use kernels::plane::Plane;

use super::parameters::Slot;

/// Added to the variance, as PyTorch's default.
const EPSILON: f64 = 1e-5;
/// Share of a new batch in the running statistics, as PyTorch's default `momentum`.
const RUNNING_SHARE: f64 = 0.1;

/// One batch normalisation.
#[derive(Clone, Debug)]
pub(super) struct NormState {
    /// Scale, shift, running mean and running variance in the flat parameters.
    pub slots: [Range<usize>; 4],
    /// Pixels of one image.
    pub pixels: usize,
    /// Its sums within those of a chunk: forward, then backward; of twice the padded channels each.
    pub sums: [Range<usize>; 2],
    mean: Vec<f32>,
    factor: Vec<f32>,
    shift: Vec<f32>,
    inverse: Vec<f64>,
    by_gradient: Vec<f32>,
    constant: Vec<f32>,
    by_deviation: Vec<f32>,
}

/// Sums of one chunk with the number of images that they are over.
pub(super) type ChunkSums<'a> = (usize, &'a [f64]);

impl NormState {
    /// A normalisation of tensors like `plane`, with its four parameters and its place in the sums.
    pub(super) fn new(slots: &[Slot], plane: Plane, sums: [Range<usize>; 2]) -> NormState {
        let lanes = plane.stride;
        let slot = |number: usize| slots[number].range.clone();
        NormState {
            slots: [slot(0), slot(1), slot(2), slot(3)],
            pixels: plane.height * plane.width,
            sums,
            mean: vec![0.0; lanes],
            factor: vec![0.0; lanes],
            shift: vec![0.0; lanes],
            inverse: vec![0.0; lanes],
            by_gradient: vec![0.0; lanes],
            constant: vec![0.0; lanes],
            by_deviation: vec![0.0; lanes],
        }
    }

    /// (x - mean) * factor + shift.
    pub(super) fn affine(&self) -> Affine<'_> {
        Affine { mean: &self.mean, factor: &self.factor, shift: &self.shift }
    }

    /// The values that were normalised, with their mean.
    pub(super) fn before<'a>(&'a self, plane: Plane, values: &'a [f32]) -> Before<'a> {
        Before { values, plane, mean: &self.mean }
    }

    /// How the gradient comes back.
    pub(super) fn gradient<'a>(&'a self, plane: Plane, values: &'a [f32]) -> NormGradient<'a> {
        NormGradient {
            before: self.before(plane, values),
            by_gradient: &self.by_gradient,
            constant: &self.constant,
            by_deviation: &self.by_deviation,
        }
    }

    /// Normalises by the running statistics, for evaluation.
    pub(super) fn by_running(&mut self, weights: &[f32]) {
        let [scale, shift, mean, variance] = &self.slots;
        for lane in 0..self.mean.len() {
            let inverse = 1.0 / (f64::from(weights[variance.start + lane]) + EPSILON).sqrt();
            self.mean[lane] = weights[mean.start + lane];
            self.factor[lane] = (f64::from(weights[scale.start + lane]) * inverse) as f32;
            self.shift[lane] = weights[shift.start + lane];
        }
    }

    /// Normalises by the moments of the batch, and moves the running statistics: sums are of deviations from the
    /// running mean. Chunks are merged as (n, mean, M2) in their order (Chan, Golub and LeVeque, 1979).
    pub(super) fn by_batch(&mut self, chunks: &[ChunkSums<'_>], weights: &mut [f32]) {
        let lanes = self.mean.len();
        for lane in 0..lanes {
            let centre = f64::from(weights[self.slots[2].start + lane]);
            let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for (images, sums) in chunks {
                let sums = &sums[self.sums[0].clone()];
                let more = (images * self.pixels) as f64;
                let (sum, sum_of_squares) = (sums[lane], sums[lanes + lane]);
                let (other, step) = (sum / more, sum / more - mean);
                let total = count + more;
                squares += sum_of_squares - sum * other + step * step * count * more / total;
                mean += step * more / total;
                count = total;
            }
            // Rounding may leave a little less than nothing where all values are equal.
            let squares = squares.max(0.0);
            let (mean, variance) = (centre + mean, squares / count);
            let inverse = 1.0 / (variance + EPSILON).sqrt();
            self.mean[lane] = mean as f32;
            self.inverse[lane] = inverse;
            self.factor[lane] = (f64::from(weights[self.slots[0].start + lane]) * inverse) as f32;
            self.shift[lane] = weights[self.slots[1].start + lane];
            let unbiased = squares / (count - 1.0).max(1.0);
            for (slot, value) in [(&self.slots[2], mean), (&self.slots[3], unbiased)] {
                let running = &mut weights[slot.start + lane];
                *running = ((1.0 - RUNNING_SHARE) * f64::from(*running) + RUNNING_SHARE * value) as f32;
            }
        }
    }

    /// The gradients of scale and shift, and how the gradient of the input follows from that of the output. With n
    /// values in a channel and h = (x - mean) / deviation: dshift = sum g, dscale = sum g h, dx = scale / deviation *
    /// (g - dshift / n - h * dscale / n).
    pub(super) fn backward(&mut self, chunks: &[ChunkSums<'_>], weights: &[f32], gradient: &mut [f32]) {
        let lanes = self.mean.len();
        let count: f64 = chunks.iter().map(|(images, _)| (images * self.pixels) as f64).sum();
        for lane in 0..lanes {
            let total = |offset: usize| -> f64 {
                chunks.iter().map(|(_, sums)| sums[self.sums[1].start + offset + lane]).sum()
            };
            let (sum, product) = (total(0), total(lanes));
            let inverse = self.inverse[lane];
            let scale = f64::from(weights[self.slots[0].start + lane]);
            gradient[self.slots[0].start + lane] = (product * inverse) as f32;
            gradient[self.slots[1].start + lane] = sum as f32;
            self.by_gradient[lane] = (scale * inverse) as f32;
            self.constant[lane] = (-scale * inverse * sum / count) as f32;
            self.by_deviation[lane] = (-scale * inverse * inverse * inverse * product / count) as f32;
        }
    }
}
