//! Activations against plain loops in f64: on numbers for which f32 is exact, so that equal ones are equal.

use proptest::prelude::*;

use super::{Affine, Operand, activate};
use crate::isa::Isa;
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::{ALONE, Numbers, activation, at, canvas, each_pixel, exactly, filled, refused, wide};

/// What a random activation is made from.
#[derive(Clone, Debug)]
struct Case {
    height: usize,
    width: usize,
    channels: usize,
    /// Borders of y, of the residual and of the output.
    borders: [usize; 3],
    images: usize,
    /// One value in so many is NaN; none where it is 0.
    nans: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let borders = [0usize..3, 0usize..3, 0usize..3];
    let nans = prop_oneof![Just(0), 2usize..20];
    (2usize..10, 2usize..10, 1usize..=40, borders, 1usize..4, nans, any::<u64>()).prop_map(
        |(height, width, channels, borders, images, nans, seed)| Case {
            height,
            width,
            channels,
            borders,
            images,
            nans,
            seed,
        },
    )
}

impl Case {
    fn plane(&self, border: usize) -> Plane {
        Plane::new(self.height, self.width, self.channels, border)
    }

    /// Values of which some may be NaN, and which all may be read.
    fn values(&self, plane: Plane, numbers: &mut Numbers) -> Guarded<f32> {
        activation(plane, self.images, ALONE, || match self.nans {
            0 => numbers.quarter(),
            nans if numbers.below(nans) == 0 => f32::NAN,
            _ => numbers.quarter(),
        })
    }
}

/// A normalisation on memory of its own, zero in lanes without a channel.
struct Norm {
    mean: Guarded<f32>,
    factor: Guarded<f32>,
    shift: Guarded<f32>,
}

impl Norm {
    fn random(plane: Plane, numbers: &mut Numbers) -> Norm {
        let mut channels = || numbers.channels(plane);
        Norm { mean: channels(), factor: channels(), shift: channels() }
    }

    fn affine(&self) -> Affine<'_> {
        Affine { mean: &self.mean, factor: &self.factor, shift: &self.shift }
    }
}

/// What an operand is before anything else is done to it.
fn normed(operand: Operand<'_>, image: usize, pixel: [usize; 2], lane: usize) -> f64 {
    let value = f64::from(operand.values[at(operand.plane, image, pixel, lane)]);
    operand.norm.map_or(value, |norm| {
        let [mean, factor, shift] = [norm.mean, norm.factor, norm.shift].map(|of| f64::from(of[lane]));
        (value - mean) * factor + shift
    })
}

/// Zero where it is less.
fn rectified(value: f64, relu: bool) -> f64 {
    if relu && value < 0.0 { 0.0 } else { value }
}

/// Every operand with and without its normalisation, and no residual at all.
fn sides<'a>(residual: Operand<'a>) -> [Option<Operand<'a>>; 3] {
    [None, Some(Operand { norm: None, ..residual }), Some(residual)]
}

proptest! {
    /// Borders of the output keep what they hold, and those of operands are not read.
    #[test]
    fn sums_and_rectified_sums_agree_with_plain_loops(case in cases()) {
        let mut numbers = Numbers::new(case.seed);
        let [y_plane, side_plane, to] = case.borders.map(|border| case.plane(border));
        let (y, side) = (case.values(y_plane, &mut numbers), case.values(side_plane, &mut numbers));
        let norms = [Norm::random(y_plane, &mut numbers), Norm::random(y_plane, &mut numbers)];
        let residual = Operand { values: &side, plane: side_plane, norm: Some(norms[1].affine()) };
        let before = canvas(to, case.images);
        for norm in [None, Some(norms[0].affine())] {
            let y = Operand { values: &y, plane: y_plane, norm };
            for (residual, relu) in sides(residual).into_iter().flat_map(|side| [(side, false), (side, true)]) {
                let mut expected = wide(&before);
                each_pixel(to, case.images, |image, pixel| {
                    for lane in 0..to.stride {
                        let side = residual.map_or(0.0, |side| normed(side, image, pixel, lane));
                        let sum = normed(y, image, pixel, lane) + side;
                        expected[at(to, image, pixel, lane)] = rectified(sum, relu);
                    }
                });
                for isa in Isa::available() {
                    let mut out = before.clone();
                    activate(isa, case.images, y, residual, relu, (to, &mut out), None);
                    exactly(&out, &expected)?;
                }
            }
        }
    }

    /// The first of equal pixels wins, NaN wins over all and goes through ReLU, and of several NaN the last wins; a
    /// last odd row or column is not read.
    #[test]
    fn maxima_and_winners_agree_with_plain_loops(case in cases()) {
        let mut numbers = Numbers::new(case.seed);
        let y_plane = case.plane(case.borders[0]);
        let to = Plane::new(case.height / 2, case.width / 2, case.channels, case.borders[2]);
        let (y, norm) = (case.values(y_plane, &mut numbers), Norm::random(y_plane, &mut numbers));
        let before = canvas(to, case.images);
        let marks = case.images * to.height * to.width * to.stride;
        for (norm, relu) in [None, Some(norm.affine())].into_iter().flat_map(|norm| [(norm, false), (norm, true)]) {
            let y = Operand { values: &y, plane: y_plane, norm };
            let (mut expected, mut winners) = (wide(&before), Vec::new());
            each_pixel(to, case.images, |image, [row, column]| {
                for lane in 0..to.stride {
                    let pixels = [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[down, right]| {
                        normed(y, image, [2 * row + down, 2 * column + right], lane)
                    });
                    let nan = pixels.iter().rposition(|value| value.is_nan());
                    let most = pixels.iter().fold(f64::NEG_INFINITY, |most, &value| most.max(value));
                    let winner = nan.or(pixels.iter().position(|&value| value == most)).unwrap();
                    expected[at(to, image, [row, column], lane)] = rectified(pixels[winner], relu);
                    winners.push(winner as u8);
                }
            });
            // A byte more, which belongs to others.
            winners.push(77);
            for isa in Isa::available() {
                let mut out = before.clone();
                let mut index: Guarded<u8> = std::iter::repeat_n(77, marks + 1).collect();
                activate(isa, case.images, y, None, relu, (to, &mut out), Some(&mut index));
                exactly(&out, &expected)?;
                prop_assert_eq!(&index[..], &winners[..]);
            }
        }
    }

    /// The difference, the product and the sum each round by at most 2^-24 of themselves; 4 allows for roundings of
    /// roundings.
    #[test]
    fn normalisation_rounds_three_times(case in cases()) {
        let mut numbers = Numbers::new(case.seed);
        let plane = case.plane(0);
        let values = activation(plane, case.images, ALONE, || numbers.unit());
        let [mean, factor, shift] = [(); 3].map(|()| numbers.units(plane.stride));
        let norm = Some(Affine { mean: &mean, factor: &factor, shift: &shift });
        let y = Operand { values: &values, plane, norm };
        for isa in Isa::available() {
            let mut out = filled(values.len(), f32::NAN);
            activate(isa, case.images, y, None, false, (plane, &mut out), None);
            for (place, &got) in out.iter().enumerate() {
                let lane = place % plane.stride;
                let [x, m, f, s] = [values[place], mean[lane], factor[lane], shift[lane]].map(f64::from);
                let bound = 4.0 * 2f64.powi(-24) * (((x - m) * f).abs() + s.abs());
                let error = (f64::from(got) - ((x - m) * f + s)).abs();
                prop_assert!(error <= bound, "{got} at {place}, off by {error}");
            }
        }
    }
}

/// What is too short, does not fit, or is asked for at once with what it cannot be, is refused.
#[test]
fn what_does_not_fit_is_refused() {
    let plane = Plane::new(4, 4, 8, 0);
    let values = filled(plane.values(), 0.0);
    let y = Operand { values: &values, plane, norm: None };
    let refuses =
        |y: Operand<'_>, residual: Option<Operand<'_>>, to: Plane, short: usize, bytes: Option<usize>| {
            let mut out = filled(to.values() - short, 0.0);
            let mut index = bytes.map(|bytes| vec![0; bytes]);
            refused(|| activate(Isa::detect(), 1, y, residual, true, (to, &mut out), index.as_deref_mut()))
        };
    let half = Plane::new(2, 2, 8, 0);
    assert!(!refuses(y, Some(y), plane, 0, None) && !refuses(y, None, half, 0, Some(32)));
    assert!(refuses(y, None, plane, 1, None));
    assert!(refuses(Operand { values: &values[1..], ..y }, None, plane, 0, None));
    assert!(refuses(y, Some(Operand { values: &values[1..], ..y }), plane, 0, None));
    assert!(refuses(y, Some(y), half, 0, Some(32)));
    assert!(refuses(y, None, half, 0, Some(31)));
    // Planes of another size or of other channels.
    assert!(refuses(y, None, half, 0, None) && refuses(y, None, plane, 0, Some(128)));
    assert!(refuses(y, None, Plane::new(4, 4, 16, 0), 0, None));
    let twice = filled(2 * plane.values(), 0.0);
    let side = Operand { values: &twice, plane: Plane::new(4, 4, 16, 0), norm: None };
    assert!(refuses(y, Some(side), plane, 0, None));
}
