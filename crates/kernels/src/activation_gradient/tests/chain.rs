//! Batch normalisation, ReLU and pooling as one function: its gradient against differences of a model in f64.

use super::super::{Before, NormGradient, Spread, mask, spread};
use crate::activation::{Affine, Operand, activate};
use crate::isa::Isa;
use crate::moments::add_moments;
use crate::plane::Plane;
use crate::testing::{ALONE, Numbers, activation, at, each_pixel, filled};

const IMAGES: usize = 2;
const EPSILON: f64 = 1e-5;

/// Sizes are odd, so that a row and a column are left over.
fn planes() -> (Plane, Plane) {
    (Plane::new(5, 7, 3, 1), Plane::new(2, 3, 3, 2))
}

/// Places of a channel's pixels in an activation.
fn channel(plane: Plane, lane: usize) -> Vec<usize> {
    let mut places = Vec::new();
    each_pixel(plane, IMAGES, |image, pixel| places.push(at(plane, image, pixel, lane)));
    places
}

/// Mean, and 1 / deviation, of a channel.
fn moments(x: &[f64], lane: usize) -> (f64, f64) {
    let places = channel(planes().0, lane);
    let count = places.len() as f64;
    let mean = places.iter().map(|&place| x[place]).sum::<f64>() / count;
    let variance = places.iter().map(|&place| (x[place] - mean).powi(2)).sum::<f64>() / count;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

/// Numbers of the model: values, scales, shifts, and what each output counts in the loss.
#[derive(Clone)]
struct Model {
    x: Vec<f64>,
    scale: Vec<f64>,
    shift: Vec<f64>,
    weights: Vec<f64>,
}

impl Model {
    /// The loss, and how far the nearest decision of a ReLU or a pooling is from another.
    fn loss(&self) -> (f64, f64) {
        let (from, to) = planes();
        let (mut loss, mut margin) = (0.0, f64::INFINITY);
        for lane in 0..from.channels {
            let (mean, inverse) = moments(&self.x, lane);
            let normed = |image, pixel| {
                (self.x[at(from, image, pixel, lane)] - mean) * inverse * self.scale[lane] + self.shift[lane]
            };
            each_pixel(to, IMAGES, |image, [row, column]| {
                let mut pixels = [[0, 0], [0, 1], [1, 0], [1, 1]]
                    .map(|[down, right]| normed(image, [2 * row + down, 2 * column + right]));
                pixels.sort_by(f64::total_cmp);
                margin = margin.min(pixels[3] - pixels[2]).min(pixels[3].abs());
                loss += pixels[3].max(0.0) * self.weights[at(to, image, [row, column], lane)];
            });
        }
        (loss, margin)
    }

    /// The derivative by one number.
    fn slope(&self, number: impl Fn(&mut Model) -> &mut f64) -> f64 {
        // In f64 a step of 1e-6 leaves some 1e-9 of the second order, and 1e-10 of rounding.
        let step = 1e-6;
        let moved = |by: f64| {
            let mut model = self.clone();
            *number(&mut model) += by;
            model.loss().0
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    }
}

/// The gradients of values, scales and shifts as a training step computes them.
fn gradients(isa: Isa, model: &Model) -> [Vec<f64>; 3] {
    let (from, to) = planes();
    let narrow = |values: &[f64]| -> Vec<f32> { values.iter().map(|&value| value as f32).collect() };
    let (x, stride) = (narrow(&model.x), from.stride);
    let count = (IMAGES * from.height * from.width) as f64;
    let mut sums = vec![0.0; 2 * stride];
    add_moments(isa, from, IMAGES, &x, &vec![0.0; stride], &mut sums);
    let mean: Vec<f64> = (0..stride).map(|lane| sums[lane] / count).collect();
    let inverse: Vec<f64> = (0..stride)
        .map(|lane| 1.0 / (sums[stride + lane] / count - mean[lane] * mean[lane] + EPSILON).sqrt())
        .collect();
    let factor: Vec<f64> = (0..stride).map(|lane| model.scale[lane] * inverse[lane]).collect();
    let (mean, factor, shift) = (narrow(&mean), narrow(&factor), narrow(&model.shift));
    let norm = Some(Affine { mean: &mean, factor: &factor, shift: &shift });
    let mut out = vec![0.0; IMAGES * to.values()];
    let mut index = vec![0; IMAGES * to.height * to.width * to.stride];
    let y = Operand { values: &x, plane: from, norm };
    activate(isa, IMAGES, y, None, true, (to, &mut out), Some(&mut index));

    let before = Before { values: &x, plane: from, mean: &mean };
    let mut g = narrow(&model.weights);
    let mut sums = vec![0.0; 2 * stride];
    mask(isa, IMAGES, Some((to, &out)), Some(&index), (to, &mut g), &mut [(before, &mut sums)]);
    // With n values in a channel and h = (x - mean) / deviation, dx = scale / deviation * (g - sum(g) / n - h *
    // sum(g h) / n).
    let by = |of: &dyn Fn(usize) -> f64| -> Vec<f32> { (0..stride).map(|lane| of(lane) as f32).collect() };
    let scaled = |lane: usize| model.scale[lane] * inverse[lane];
    let norm = NormGradient {
        before,
        by_gradient: &by(&scaled),
        constant: &by(&|lane| -scaled(lane) * sums[lane] / count),
        by_deviation: &by(&|lane| -scaled(lane) * inverse[lane].powi(2) * sums[stride + lane] / count),
    };
    let work = Spread {
        images: IMAGES,
        gradient: (to, &g),
        out: None,
        index: Some(&index),
        norm: Some(norm),
        add: false,
    };
    let mut dx = filled(x.len(), 0.0);
    spread(isa, work, (from, &mut dx));
    let scale = (0..stride).map(|lane| sums[stride + lane] * inverse[lane]).collect();
    [dx.iter().map(|&value| f64::from(value)).collect(), scale, sums[..stride].to_vec()]
}

/// Values, gradients and sums are of the order of 1 and round in f32, so errors are some 1e-6; a gradient that misses
/// a part is wrong by the order of 0.01.
#[test]
fn the_chain_has_the_gradient_of_its_model() {
    let (from, to) = planes();
    let mut compared = 0;
    for seed in 0..12 {
        let mut numbers = Numbers::new(seed);
        let mut wide = |plane: Plane| -> Vec<f64> {
            let values = activation(plane, IMAGES, ALONE, || numbers.unit());
            values.iter().map(|&value| f64::from(value)).collect()
        };
        let (x, weights) = (wide(from), wide(to));
        let mut channels = |most: f64| -> Vec<f64> {
            (0..from.stride)
                .map(|lane| if lane < from.channels { most * f64::from(numbers.unit()) } else { 0.0 })
                .collect()
        };
        let model = Model { x, scale: channels(2.0), shift: channels(0.5), weights };
        // Where a decision is closer than f32's roundings, or a step, gradients may rightly differ.
        if model.loss().1 < 1e-4 {
            continue;
        }
        compared += 1;
        let slopes: Vec<Vec<(usize, f64)>> = vec![
            (0..from.channels)
                .flat_map(|lane| channel(from, lane))
                .map(|place| (place, model.slope(|model| &mut model.x[place])))
                .collect(),
            (0..from.channels).map(|lane| (lane, model.slope(|model| &mut model.scale[lane]))).collect(),
            (0..from.channels).map(|lane| (lane, model.slope(|model| &mut model.shift[lane]))).collect(),
        ];
        for isa in Isa::available() {
            for (slopes, gradients) in slopes.iter().zip(gradients(isa, &model)) {
                for &(place, slope) in slopes {
                    let error = (gradients[place] - slope).abs();
                    assert!(
                        error < 2e-5,
                        "{isa:?}, seed {seed}: {} for {slope} at {place}",
                        gradients[place]
                    );
                }
            }
        }
    }
    assert!(compared >= 6, "only {compared} seeds had no close decision");
}
