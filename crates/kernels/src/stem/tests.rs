//! The stem against plain loops and, bit by bit, against the kernels that it stands for, on random shapes and memory that
//! ends at guard pages.

use proptest::prelude::*;

use super::{PICKED, Pooled, SHAPES, Stem};
use crate::activation::{Operand, activate};
use crate::activation_gradient::{Spread, spread};
use crate::convolution::{Convolution, Planes, Window};
use crate::isa::Isa;
use crate::moments::add_sums;
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::{ALONE, Beside, Numbers, activation, at, canvas, each_pixel, filled, packed, refused};

/// What a random stem is made from.
#[derive(Clone, Debug)]
struct Case {
    shape: (usize, usize),
    padding: usize,
    height: usize,
    width: usize,
    outputs: usize,
    /// Borders of the image beyond the padding, of the output, and of its gradient.
    borders: [usize; 3],
    images: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let shape = (0..SHAPES.len()).prop_map(|shape| SHAPES[shape]);
    let borders = [0usize..3, 0usize..3, 0usize..3];
    (shape, 0usize..4, 6usize..14, 6usize..14, 1usize..=80, borders, 1usize..4, any::<u64>()).prop_map(
        |(shape, padding, height, width, outputs, borders, images, seed)| {
            let padding = padding.min(shape.0 / 2);
            Case { shape, padding, height, width, outputs, borders, images, seed }
        },
    )
}

impl Case {
    fn window(&self) -> Window {
        Window { kernel: self.shape.0, stride: 1, padding: self.padding, dilation: 1 }
    }

    fn x(&self) -> Plane {
        let channels = self.shape.1;
        Plane {
            stride: channels,
            ..Plane::new(self.height, self.width, channels, self.padding + self.borders[0])
        }
    }

    /// The convolution's output, which a stem never stores.
    fn between(&self) -> Plane {
        let size = |size: usize| size + 2 * self.padding + 1 - self.shape.0;
        Plane::new(size(self.height), size(self.width), self.outputs, 0)
    }

    fn pooled(&self, border: usize) -> Plane {
        let Plane { height, width, .. } = self.between();
        Plane::new(height / 2, width / 2, self.outputs, self.borders[border])
    }

    /// Layout of the winners' numbers.
    fn pooled_alone(&self) -> Plane {
        Plane { border: 0, ..self.pooled(1) }
    }

    fn stem(&self, isa: Isa) -> Stem {
        Stem::new(isa, self.window(), self.x(), self.pooled(1))
    }

    fn convolution(&self, isa: Isa) -> Convolution {
        let planes = Planes { x: self.x(), y: self.between(), dy: self.between(), dx: None };
        Convolution::new(isa, self.window(), planes, self.images)
    }

    fn images(&self, numbers: &mut Numbers) -> Guarded<f32> {
        activation(self.x(), self.images, Beside { zeros: self.padding, ..ALONE }, || numbers.quarter())
    }

    /// Weights with zeros in lanes without a filter, whose place depends on the instruction set.
    fn weights(&self, isa: Isa, mut number: impl FnMut() -> f32) -> Guarded<f32> {
        let taps = self.taps();
        let (length, place) = packed(isa, self.outputs, taps);
        let mut packed = vec![0.0; length];
        for output in 0..self.outputs {
            (0..taps).for_each(|tap| packed[place(output, tap)] = number());
        }
        packed.into_iter().collect()
    }

    fn taps(&self) -> usize {
        self.shape.0 * self.shape.0 * self.shape.1
    }

    /// What the window over a pixel of the convolution sees through a tap, by the definition of a convolution.
    fn seen(&self, x: &[f32], image: usize, [row, column]: [usize; 2], tap: usize) -> f32 {
        let (kernel, channels) = self.shape;
        let (ky, kx, channel) = (tap / channels / kernel, tap / channels % kernel, tap % channels);
        let inside =
            |place: usize, size: usize| place.checked_sub(self.padding).filter(|&place| place < size);
        let place = inside(row + ky, self.height).zip(inside(column + kx, self.width));
        place.map_or(0.0, |(y, x_place)| x[at(self.x(), image, [y, x_place], channel)])
    }

    /// A pixel of the convolution before ReLU. Of quarters every sum is exact, in whatever order.
    fn convolved(
        &self,
        x: &[f32],
        (image, pixel): (usize, [usize; 2]),
        filter: impl Fn(usize) -> f32,
        bias: f32,
    ) -> f32 {
        (0..self.taps()).fold(bias, |sum, tap| sum + filter(tap) * self.seen(x, image, pixel, tap))
    }

    fn marks(&self) -> usize {
        let pooled = self.pooled(1);
        self.images * pooled.height * pooled.width * pooled.stride
    }

    /// Output and winners, made one kernel after the other.
    fn one_by_one(
        &self,
        isa: Isa,
        x: &[f32],
        weights: &[f32],
        bias: Option<&[f32]>,
    ) -> (Guarded<f32>, Guarded<u8>) {
        let mut between: Guarded<f32> = filled(self.images * self.between().values(), f32::NAN);
        self.convolution(isa).forward(self.images, x, weights, bias, &mut between);
        let mut out = canvas(self.pooled(1), self.images);
        let mut index: Guarded<u8> = std::iter::repeat_n(9, self.marks()).collect();
        let y = Operand { values: &between, plane: self.between(), norm: None };
        activate(isa, self.images, y, None, true, (self.pooled(1), &mut out), Some(&mut index));
        (out, index)
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The four pixels of the convolution under a pixel of the pool, in the order of their numbers.
fn under([row, column]: [usize; 2]) -> [[usize; 2]; 4] {
    [0, 1, 2, 3].map(|number| [2 * row + number / 2, 2 * column + number % 2])
}

proptest! {
    /// Convolution, ReLU and pooling as they are defined; of equal pixels the first wins.
    #[test]
    fn outputs_are_those_of_plain_loops(case in cases()) {
        for isa in Isa::available() {
            let mut numbers = Numbers::new(case.seed);
            let x = case.images(&mut numbers);
            let weights = case.weights(isa, || numbers.quarter());
            let bias = numbers.channels(case.pooled(1));
            let (_, place) = packed(isa, case.outputs, case.taps());
            let mut out = canvas(case.pooled(1), case.images);
            let mut index: Guarded<u8> = std::iter::repeat_n(9, case.marks()).collect();
            case.stem(isa).forward(case.images, (&x, &weights, Some(&bias)), (&mut out, &mut index));
            let (plane, marks) = (case.pooled(1), case.pooled_alone());
            each_pixel(plane, case.images, |image, pixel| {
                for output in 0..case.outputs {
                    let filter = |tap| weights[place(output, tap)];
                    let all = under(pixel).map(|below| case.convolved(&x, (image, below), filter, bias[output]));
                    let mut winner = 0;
                    (1..4).for_each(|other| if all[other] > all[winner] { winner = other });
                    assert_eq!(out[at(plane, image, pixel, output)], all[winner].max(0.0), "{isa:?} at {pixel:?}");
                    assert_eq!(usize::from(index[at(marks, image, pixel, output)]), winner, "{isa:?} at {pixel:?}");
                }
            });
        }
    }

    /// Only the pixel that won has a gradient, and only where ReLU let it through.
    #[test]
    fn gradients_are_those_of_plain_loops(case in cases()) {
        for isa in Isa::available() {
            let mut numbers = Numbers::new(case.seed);
            let x = case.images(&mut numbers);
            let plane = case.pooled(2);
            let (outs, marks) = (case.pooled(1), case.pooled_alone());
            let out = activation(outs, case.images, ALONE, || numbers.quarter().max(0.0));
            let index: Guarded<u8> = (0..case.marks()).map(|_| numbers.below(4) as u8).collect();
            let gradient = activation(plane, case.images, ALONE, || numbers.quarter());
            let (length, place) = packed(isa, case.outputs, case.taps());
            let (mut expected, mut of_bias) = (vec![0.0; length], vec![0.0; plane.stride]);
            each_pixel(plane, case.images, |image, pixel| {
                for output in 0..case.outputs {
                    if out[at(outs, image, pixel, output)] > 0.0 {
                        let winner = under(pixel)[usize::from(index[at(marks, image, pixel, output)])];
                        let dy = gradient[at(plane, image, pixel, output)];
                        of_bias[output] += f64::from(dy);
                        for tap in 0..case.taps() {
                            expected[place(output, tap)] += dy * case.seen(&x, image, winner, tap);
                        }
                    }
                }
            });
            let mut sums: Guarded<f32> = filled(length, f32::NAN);
            let mut bias: Guarded<f64> = std::iter::repeat_n(0.0, plane.stride).collect();
            let pooled = Pooled { out: &out, index: &index, plane, gradient: &gradient };
            case.stem(isa).weight_gradient(case.images, (&x, pooled), true, (&mut sums, Some(&mut bias)));
            prop_assert_eq!(&sums[..], &expected[..]);
            prop_assert_eq!(&bias[..], &of_bias[..]);
        }
    }

    /// Borders of the output keep what they hold.
    #[test]
    fn outputs_are_those_of_convolution_and_activation(case in cases()) {
        for isa in Isa::available() {
            let mut numbers = Numbers::new(case.seed);
            let x = case.images(&mut numbers);
            let weights = case.weights(isa, || numbers.unit());
            let bias = numbers.channels(case.pooled(1));
            for bias in [None, Some(&bias[..])] {
                let (expected, winners) = case.one_by_one(isa, &x, &weights, bias);
                let mut out = canvas(case.pooled(1), case.images);
                let mut index: Guarded<u8> = std::iter::repeat_n(9, case.marks()).collect();
                case.stem(isa).forward(case.images, (&x, &weights, bias), (&mut out, &mut index));
                prop_assert_eq!(bits(&out), bits(&expected));
                prop_assert_eq!(&index[..], &winners[..]);
            }
        }
    }

    /// Begun or added, of all images at once.
    #[test]
    fn gradients_are_those_of_spreading_and_convolution(case in cases(), begin in any::<bool>()) {
        for isa in Isa::available() {
            let mut numbers = Numbers::new(case.seed);
            let x = case.images(&mut numbers);
            let weights = case.weights(isa, || numbers.unit());
            let (out, index) = case.one_by_one(isa, &x, &weights, None);
            let plane = case.pooled(2);
            let gradient = activation(plane, case.images, ALONE, || numbers.unit());
            let mut dy: Guarded<f32> = filled(case.images * case.between().values(), f32::NAN);
            let work = Spread {
                images: case.images,
                gradient: (plane, &gradient),
                out: Some((case.pooled(1), &out)),
                index: Some(&index),
                norm: None,
                add: false,
            };
            spread(isa, work, (case.between(), &mut dy));
            let before: Guarded<f32> = (0..weights.len()).map(|place| (place % 7) as f32 - 3.0).collect();
            let (mut expected, mut of_bias) = (before.clone(), vec![0.5; plane.stride]);
            case.convolution(isa).weight_gradient(case.images, &x, &dy, begin, &mut expected);
            add_sums(isa, case.between(), case.images, &dy, &mut of_bias);

            let mut sums = if begin { filled(before.len(), f32::NAN) } else { before };
            let mut bias: Guarded<f64> = std::iter::repeat_n(0.5, plane.stride).collect();
            let pooled = Pooled { out: &out, index: &index, plane, gradient: &gradient };
            let stem = case.stem(isa);
            stem.weight_gradient(case.images, (&x, pooled), begin, (&mut sums, Some(&mut bias)));
            if case.shape == PICKED {
                // Sums of the same terms in another order.
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * (1.0 + b.abs());
                prop_assert!(sums.iter().zip(&expected[..]).all(|(&a, &b)| close(f64::from(a), f64::from(b))));
                prop_assert!(bias.iter().zip(&of_bias).all(|(&a, &b)| close(a, b)));
            } else {
                // Equal numbers: a zero may have the other sign.
                prop_assert_eq!(&sums[..], &expected[..]);
                prop_assert_eq!(&bias[..], &of_bias[..]);
            }
            let of_bias = bias.clone();
            stem.weight_gradient(case.images, (&x, pooled), false, (&mut sums, None));
            prop_assert_eq!(&bias[..], &of_bias[..], "no bias was asked for");
        }
    }
}

/// A convolution of 3 x 3 over 8 x 8 with padding, pooled to 4 x 4 and 5 filters: 64 pixels of 9 taps and 8 lanes.
fn small(x: Plane) -> Stem {
    let window = Window { kernel: 3, stride: 1, padding: 1, dilation: 1 };
    Stem::new(Isa::detect(), window, x, Plane::new(4, 4, 5, 0))
}

fn grey(border: usize) -> Plane {
    Plane { stride: 1, ..Plane::new(8, 8, 1, border) }
}

#[test]
fn macs_count_lanes_without_a_filter() {
    assert_eq!(
        small(grey(1)).executed_macs(2),
        [2 * 64 * 9 * 8, 2 * 16 * 9 * 8],
        "winners alone have gradients"
    );
    let window = Window { kernel: 5, stride: 1, padding: 2, dilation: 1 };
    let five = Stem::new(Isa::detect(), window, grey(2), Plane::new(4, 4, 5, 0));
    assert_eq!(five.executed_macs(2), [2 * 64 * 25 * 8; 2]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let window = Window { kernel: 3, stride: 1, padding: 1, dilation: 1 };
    assert!(Stem::fits(window, 1) && Stem::fits(window, 3) && Stem::fits(Window { kernel: 5, ..window }, 1));
    assert!(!Stem::fits(window, 2) && !Stem::fits(Window { stride: 2, ..window }, 1));
    assert!(
        !Stem::fits(Window { dilation: 2, ..window }, 1) && !Stem::fits(Window { kernel: 5, ..window }, 3)
    );
    // Too little border, and pixels padded to whole vectors.
    assert!(refused(|| small(grey(0))) && refused(|| small(Plane::new(8, 8, 1, 1))));
    let stem = small(grey(1));
    let full = [grey(1).values(), 9 * 8, 8, 4 * 4 * 8, 4 * 4 * 8];
    let runs = |short: Option<usize>| {
        let length = |slice: usize| full[slice] - usize::from(short == Some(slice));
        let [x, weights, bias, mut out] = [0, 1, 2, 3].map(|slice| filled(length(slice), 0.0));
        let mut index: Guarded<u8> = std::iter::repeat_n(0, length(4)).collect();
        !refused(|| stem.forward(1, (&x, &weights, Some(&bias)), (&mut out, &mut index)))
    };
    assert!(runs(None));
    assert!((0..full.len()).all(|slice| !runs(Some(slice))));
    // As many images as there are values in all that is addressable.
    let mut nothing = [filled(0, 0.0), filled(72, 0.0)];
    let [empty, weights] = &mut nothing;
    assert!(refused(|| stem.forward(1 << 62, (&[], weights, None), (empty, &mut []))));
    let gradient = |short: usize, plane: Plane| {
        let [x, out, gradient, mut sums] = [64 + 36, 128, 128, 72].map(|length| filled(length, 0.0));
        let (index, mut bias) = (vec![0; 128], vec![0.0; 8 - usize::from(short == 3)]);
        let pooled = Pooled {
            out: &out[usize::from(short == 1)..],
            index: &index[usize::from(short == 2)..],
            plane,
            gradient: &gradient[usize::from(short == 4)..],
        };
        !refused(|| stem.weight_gradient(1, (&x, pooled), true, (&mut sums, Some(&mut bias))))
    };
    assert!(gradient(0, Plane::new(4, 4, 5, 0)));
    assert!((1..5).all(|short| !gradient(short, Plane::new(4, 4, 5, 0))));
    assert!(!gradient(0, Plane::new(2, 2, 5, 0)));
}
