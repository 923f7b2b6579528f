//! The way back through activations against plain loops in f64: on numbers for which f32 is exact.

use proptest::prelude::*;

use super::{Before, NormGradient, Spread, mask, spread};
use crate::isa::Isa;
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::{ALONE, Numbers, activation, at, canvas, each_pixel, exactly, refused, wide};

mod chain;

/// What a random activation is made from.
#[derive(Clone, Debug)]
struct Case {
    /// Size of the activation's output.
    height: usize,
    width: usize,
    /// Rows and columns that pooling leaves over.
    over: [usize; 2],
    channels: usize,
    /// Borders of the gradient, of the output, and of two more planes.
    borders: [usize; 4],
    images: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let border = || 0usize..3;
    let borders = [border(), border(), border(), border()];
    (1usize..7, 1usize..7, [0usize..2, 0usize..2], 1usize..=40, borders, 1usize..4, any::<u64>()).prop_map(
        |(height, width, over, channels, borders, images, seed)| Case {
            height,
            width,
            over,
            channels,
            borders,
            images,
            seed,
        },
    )
}

/// The values of one operand and the numbers of its normalisation.
struct Normed {
    plane: Plane,
    values: Guarded<f32>,
    mean: Guarded<f32>,
    by: [Guarded<f32>; 3],
}

impl Normed {
    fn before(&self) -> Before<'_> {
        Before { values: &self.values, plane: self.plane, mean: &self.mean }
    }

    fn gradient(&self) -> NormGradient<'_> {
        let [by_gradient, constant, by_deviation] = &self.by;
        NormGradient { before: self.before(), by_gradient, constant, by_deviation }
    }

    /// x - mean at a pixel.
    fn deviation(&self, image: usize, pixel: [usize; 2], lane: usize) -> f64 {
        f64::from(self.values[at(self.plane, image, pixel, lane)]) - f64::from(self.mean[lane])
    }
}

impl Case {
    /// The plane of the output, with one of the borders.
    fn out(&self, border: usize) -> Plane {
        Plane::new(self.height, self.width, self.channels, self.borders[border])
    }

    /// The plane before the activation.
    fn source(&self, border: usize, pooled: bool) -> Plane {
        let [rows, columns] = if pooled {
            [2 * self.height + self.over[0], 2 * self.width + self.over[1]]
        } else {
            [self.height, self.width]
        };
        Plane::new(rows, columns, self.channels, self.borders[border])
    }

    fn normed(&self, plane: Plane, numbers: &mut Numbers) -> Normed {
        let values = activation(plane, self.images, ALONE, || numbers.quarter());
        let mut channels = || numbers.channels(plane);
        Normed { plane, values, mean: channels(), by: [channels(), channels(), channels()] }
    }

    /// What ReLU gave: zero in half of the places.
    fn rectified(&self, plane: Plane, numbers: &mut Numbers) -> Guarded<f32> {
        activation(plane, self.images, ALONE, || numbers.quarter().max(0.0))
    }

    /// A winner for every value of the output.
    fn index(&self, numbers: &mut Numbers) -> Guarded<u8> {
        let values = self.images * self.height * self.width * self.out(0).stride;
        (0..values).map(|_| numbers.below(4) as u8).collect()
    }

    /// The pixel before the activation that an output value is of.
    fn winner(
        &self,
        index: Option<&[u8]>,
        image: usize,
        [row, column]: [usize; 2],
        lane: usize,
    ) -> [usize; 2] {
        let Some(index) = index else { return [row, column] };
        let mark = ((image * self.height + row) * self.width + column) * self.out(0).stride + lane;
        let winner = usize::from(index[mark]);
        [2 * row + winner / 2, 2 * column + winner % 2]
    }
}

proptest! {
    /// With none, one and two operands; borders of the gradient stay, and sums are added to what there is.
    #[test]
    fn masks_and_sums_agree_with_plain_loops(case in cases(), pooled in any::<bool>(), operands in 0usize..3) {
        let mut numbers = Numbers::new(case.seed);
        let (plane, out_plane) = (case.out(0), case.out(1));
        let out = case.rectified(out_plane, &mut numbers);
        let gradient = activation(plane, case.images, ALONE, || numbers.quarter());
        let index = pooled.then(|| case.index(&mut numbers));
        let before = [2, 3].map(|border| case.normed(case.source(border, pooled), &mut numbers));
        let first: Guarded<f64> = (0..2 * plane.stride).map(|lane| lane as f64).collect();
        for out in [None, Some((out_plane, &out[..]))] {
            let mut expected = wide(&gradient);
            let mut sums = vec![first.to_vec(); operands];
            each_pixel(plane, case.images, |image, pixel| {
                for lane in 0..plane.stride {
                    let g = &mut expected[at(plane, image, pixel, lane)];
                    if out.is_some_and(|(plane, out)| out[at(plane, image, pixel, lane)] == 0.0) {
                        *g = 0.0;
                    }
                    let winner = case.winner(index.as_deref(), image, pixel, lane);
                    for (sums, before) in sums.iter_mut().zip(&before) {
                        sums[lane] += *g;
                        sums[plane.stride + lane] += *g * before.deviation(image, winner, lane);
                    }
                }
            });
            for isa in Isa::available() {
                let (mut g, mut got) = (gradient.clone(), vec![first.clone(); operands]);
                let mut operands: Vec<(Before<'_>, &mut [f64])> =
                    before.iter().map(Normed::before).zip(got.iter_mut().map(|sums| &mut sums[..])).collect();
                mask(isa, case.images, out, index.as_deref(), (plane, &mut g), &mut operands);
                exactly(&g, &expected)?;
                for (got, sums) in got.iter().zip(&sums) {
                    prop_assert_eq!(&got[..], &sums[..]);
                }
            }
        }
    }

    /// Stored and added, with and without normalisation and mask. Pixels that pooling left over have no gradient of
    /// their own, but that of the moments.
    #[test]
    fn spread_gradients_agree_with_plain_loops(case in cases(), pooled in any::<bool>()) {
        let mut numbers = Numbers::new(case.seed);
        let (plane, out_plane, to) = (case.out(0), case.out(1), case.source(2, pooled));
        let out = case.rectified(out_plane, &mut numbers);
        let gradient = activation(plane, case.images, ALONE, || numbers.quarter());
        let index = pooled.then(|| case.index(&mut numbers));
        let norm = case.normed(case.source(3, pooled), &mut numbers);
        let before = canvas(to, case.images);
        for choice in 0..8 {
            let (masked, normed, add) = (choice & 1 != 0, choice & 2 != 0, choice & 4 != 0);
            let out = masked.then_some((out_plane, &out[..]));
            let mut shares = vec![0.0; before.len()];
            each_pixel(plane, case.images, |image, pixel| {
                for lane in 0..plane.stride {
                    let kept = out.is_none_or(|(plane, out)| out[at(plane, image, pixel, lane)] > 0.0);
                    let winner = case.winner(index.as_deref(), image, pixel, lane);
                    let g = f64::from(gradient[at(plane, image, pixel, lane)]);
                    shares[at(to, image, winner, lane)] = if kept { g } else { 0.0 };
                }
            });
            let mut expected = wide(&before);
            each_pixel(to, case.images, |image, pixel| {
                for lane in 0..to.stride {
                    let place = at(to, image, pixel, lane);
                    let [by_gradient, constant, by_deviation] = [0, 1, 2].map(|by| f64::from(norm.by[by][lane]));
                    let value = if normed {
                        let deviation = norm.deviation(image, pixel, lane);
                        by_gradient * shares[place] + constant + by_deviation * deviation
                    } else {
                        shares[place]
                    };
                    expected[place] = if add { expected[place] + value } else { value };
                }
            });
            for isa in Isa::available() {
                let work = Spread {
                    images: case.images,
                    gradient: (plane, &gradient),
                    out,
                    index: index.as_deref(),
                    norm: normed.then(|| norm.gradient()),
                    add,
                };
                let mut dy = before.clone();
                spread(isa, work, (to, &mut dy));
                exactly(&dy, &expected)?;
            }
        }
    }
}

/// One image of 4x4 pixels and 8 channels, pooled or not: each slice may be some values short, each plane another.
#[test]
fn masks_that_do_not_fit_are_refused() {
    let (plane, source) = (Plane::new(4, 4, 8, 0), Plane::new(8, 8, 8, 0));
    let values = vec![1f32; source.values()];
    let short = |slice: &'static str, name: &str, len: usize| if slice == name { len - 1 } else { len };
    let refuses = |slice: &'static str, out_plane: Plane, from: Plane, pooled: bool| {
        let index = vec![0u8; short(slice, "index", plane.values())];
        let mut gradient = vec![1f32; short(slice, "gradient", plane.values())];
        let out = (out_plane, &values[..short(slice, "out", plane.values())]);
        let before = Before {
            values: &values[..short(slice, "values", from.values())],
            plane: from,
            mean: &values[..short(slice, "mean", 8)],
        };
        let mut sums = vec![0f64; short(slice, "sums", 16)];
        let index = pooled.then_some(&index[..]);
        refused(|| {
            mask(Isa::detect(), 1, Some(out), index, (plane, &mut gradient), &mut [(before, &mut sums)]);
        })
    };
    assert!(!refuses("", plane, plane, false) && !refuses("", plane, source, true));
    for slice in ["gradient", "out", "values", "mean", "sums"] {
        assert!(refuses(slice, plane, plane, false), "short {slice}");
        assert!(refuses(slice, plane, source, true), "short {slice}, pooled");
    }
    assert!(refuses("index", plane, source, true));
    assert!(refuses("", Plane::new(4, 5, 8, 0), plane, false));
    assert!(refuses("", plane, source, false) && refuses("", plane, plane, true));
}

/// The same of spreading.
#[test]
fn spreads_that_do_not_fit_are_refused() {
    let (plane, source) = (Plane::new(4, 4, 8, 0), Plane::new(8, 8, 8, 0));
    let values = vec![1f32; source.values()];
    let short = |slice: &'static str, name: &str, len: usize| if slice == name { len - 1 } else { len };
    let refuses = |slice: &'static str, out_plane: Plane, before_plane: Plane, to: Plane, pooled: bool| {
        let index = vec![0u8; short(slice, "index", plane.values())];
        let before = Before {
            values: &values[..short(slice, "values", before_plane.values())],
            plane: before_plane,
            mean: &values[..short(slice, "mean", 8)],
        };
        let norm = NormGradient {
            before,
            by_gradient: &values[..short(slice, "by_gradient", 8)],
            constant: &values[..short(slice, "constant", 8)],
            by_deviation: &values[..short(slice, "by_deviation", 8)],
        };
        let work = Spread {
            images: 1,
            gradient: (plane, &values[..short(slice, "gradient", plane.values())]),
            out: Some((out_plane, &values[..short(slice, "out", plane.values())])),
            index: pooled.then_some(&index[..]),
            norm: Some(norm),
            add: false,
        };
        let mut dy = vec![0f32; short(slice, "dy", to.values())];
        refused(|| spread(Isa::detect(), work, (to, &mut dy)))
    };
    assert!(!refuses("", plane, plane, plane, false) && !refuses("", plane, source, source, true));
    for slice in ["gradient", "out", "values", "mean", "by_gradient", "constant", "by_deviation", "dy"] {
        assert!(refuses(slice, plane, plane, plane, false), "short {slice}");
        assert!(refuses(slice, plane, source, source, true), "short {slice}, pooled");
    }
    assert!(refuses("index", plane, source, source, true));
    assert!(refuses("", Plane::new(4, 5, 8, 0), plane, plane, false));
    assert!(refuses("", plane, source, plane, false));
    assert!(refuses("", plane, source, source, false) && refuses("", plane, plane, plane, true));
}
