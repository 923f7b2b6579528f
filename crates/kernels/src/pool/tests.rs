//! Pooling, means and copies against plain loops.

use proptest::prelude::*;

use super::{PoolWindow, copy_channels, global_mean, global_mean_gradient, max_pool, max_pool_gradient};
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::{ALONE, Numbers, activation, at, canvas, each_pixel, exactly, refused, wide};

/// What a random pooling is made from.
#[derive(Clone, Debug)]
struct Case {
    window: PoolWindow,
    height: usize,
    width: usize,
    channels: usize,
    /// Borders of x, of the output and of the gradients of both.
    borders: [usize; 4],
    /// Whether a last window may hang over the edge.
    ceil: bool,
    images: usize,
    /// One value in so many is NaN; none where it is 0.
    nans: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let window = (1usize..5, 1usize..5).prop_flat_map(|(kernel, stride)| {
        // As PyTorch, which allows padding of half a window.
        (0..=kernel / 2).prop_map(move |padding| PoolWindow { kernel, stride, padding })
    });
    let border = || 0usize..3;
    let borders = [border(), border(), border(), border()];
    let nans = prop_oneof![Just(0), 2usize..20];
    (window, [0usize..9, 0usize..9], 1usize..20, borders, any::<bool>(), 1usize..4, nans, any::<u64>())
        .prop_map(|(window, [height, width], channels, borders, ceil, images, nans, seed)| {
            // The smallest image that has an output.
            let least = window.kernel.saturating_sub(2 * window.padding).max(1);
            let (height, width) = (least + height, least + width);
            Case { window, height, width, channels, borders, ceil, images, nans, seed }
        })
}

impl Case {
    fn x(&self, border: usize) -> Plane {
        Plane::new(self.height, self.width, self.channels, self.borders[border])
    }

    /// The plane of the output: with `ceil` one window more where it begins within the image or the padding before it.
    fn out(&self, border: usize) -> Plane {
        let PoolWindow { kernel, stride, padding } = self.window;
        let windows = |size: usize| {
            let room = size + 2 * padding - kernel;
            let whole = room / stride + 1;
            whole + usize::from(self.ceil && !room.is_multiple_of(stride) && whole * stride < size + padding)
        };
        Plane::new(windows(self.height), windows(self.width), self.channels, self.borders[border])
    }

    fn values(&self, plane: Plane, numbers: &mut Numbers) -> Guarded<f32> {
        activation(plane, self.images, ALONE, || match self.nans {
            0 => numbers.quarter(),
            nans if numbers.below(nans) == 0 => f32::NAN,
            _ => numbers.quarter(),
        })
    }

    /// The pixels of a window, row by row.
    fn pixels(&self, [row, column]: [usize; 2]) -> Vec<[usize; 2]> {
        let PoolWindow { kernel, stride, padding } = self.window;
        let along = |index: usize, size: usize| {
            (0..kernel)
                .filter_map(move |tap| (index * stride + tap).checked_sub(padding))
                .filter(move |&at| at < size)
        };
        along(row, self.height)
            .flat_map(|row| along(column, self.width).map(move |column| [row, column]))
            .collect()
    }
}

proptest! {
    /// The first of equal pixels wins, and NaN over all: then its gradient goes to the winner, and to nobody else.
    #[test]
    fn maxima_and_their_gradients_agree_with_plain_loops(case in cases()) {
        let mut numbers = Numbers::new(case.seed);
        let (from, to, back_from, back_to) = (case.x(0), case.out(1), case.out(2), case.x(3));
        let x = case.values(from, &mut numbers);
        let g = activation(back_from, case.images, ALONE, || numbers.quarter());
        let (before, back_before) = (canvas(to, case.images), canvas(back_to, case.images));
        let (mut expected, mut back_expected) = (wide(&before), wide(&back_before));
        let mut winners = Vec::new();
        each_pixel(to, case.images, |image, pixel| {
            for lane in 0..to.stride {
                let pixels = case.pixels(pixel);
                let value = |&from_pixel: &[usize; 2]| f64::from(x[at(from, image, from_pixel, lane)]);
                let nan = pixels.iter().rfind(|pixel| value(pixel).is_nan());
                let most = pixels.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
                let winner = nan.or(pixels.iter().find(|pixel| value(pixel) == most)).unwrap();
                expected[at(to, image, pixel, lane)] = value(winner);
                back_expected[at(back_to, image, *winner, lane)] += f64::from(g[at(back_from, image, pixel, lane)]);
                winners.push(at(from, 0, *winner, lane) as u32);
            }
        });
        let (mut out, mut dx) = (before.clone(), back_before.clone());
        let mut index: Guarded<u32> = winners.iter().map(|_| u32::MAX).collect();
        max_pool(case.window, case.images, (from, &x), (to, &mut out), &mut index);
        exactly(&out, &expected)?;
        prop_assert_eq!(&index[..], &winners[..]);
        max_pool_gradient(case.images, from, (back_from, &g), &index, (back_to, &mut dx));
        exactly(&dx, &back_expected)?;
    }

    /// Each of the pixels' sums, and the share and product, round by 2^-24 of the magnitudes.
    #[test]
    fn means_agree_with_plain_loops(case in cases()) {
        let mut numbers = Numbers::new(case.seed);
        let from = case.x(0);
        let to = Plane::new(1, 1, case.channels, case.borders[1]);
        let x = activation(from, case.images, ALONE, || numbers.unit());
        let before = canvas(to, case.images);
        let mut out = before.clone();
        global_mean(case.images, (from, &x), (to, &mut out));
        let pixels = (from.height * from.width) as f64;
        let (mut sums, mut sizes) = (wide(&before), vec![0.0; before.len()]);
        each_pixel(to, case.images, |image, pixel| {
            for lane in 0..to.stride {
                let mut values = Vec::new();
                each_pixel(from, 1, |_, pixel| values.push(f64::from(x[at(from, image, pixel, lane)])));
                let place = at(to, image, pixel, lane);
                sums[place] = values.iter().sum::<f64>() / pixels;
                sizes[place] = values.iter().map(|value| value.abs()).sum::<f64>() / pixels;
            }
        });
        for (place, &got) in out.iter().enumerate() {
            let bound = (pixels + 3.0) * 2f64.powi(-24) * sizes[place];
            prop_assert!((f64::from(got) - sums[place]).abs() <= bound, "{got} for {} at {place}", sums[place]);
        }
    }

    /// The share, its product and the sum round by 2^-24 each.
    #[test]
    fn gradients_of_means_agree_with_plain_loops(case in cases(), add in any::<bool>()) {
        let mut numbers = Numbers::new(case.seed);
        let (from, to) = (Plane::new(1, 1, case.channels, case.borders[2]), case.x(3));
        let g = activation(from, case.images, ALONE, || numbers.unit());
        let before = canvas(to, case.images);
        let mut dx = before.clone();
        global_mean_gradient(case.images, (from, &g), add, (to, &mut dx));
        let mut expected = wide(&before);
        each_pixel(to, case.images, |image, pixel| {
            for lane in 0..to.stride {
                let share = f64::from(g[at(from, image, [0, 0], lane)]) / (to.height * to.width) as f64;
                let value = &mut expected[at(to, image, pixel, lane)];
                *value = if add { *value + share } else { share };
            }
        });
        for (place, (&got, expected)) in dx.iter().zip(&expected).enumerate() {
            // What is there is below 2.1, and a share below 1.
            let bound = 4.0 * 2f64.powi(-24) * if add { 3.1 } else { expected.abs() };
            prop_assert!((f64::from(got) - expected).abs() <= bound, "{got} for {expected} at {place}");
            prop_assert!(expected.to_bits() != f64::from(before[place]).to_bits() || got == before[place]);
        }
    }

    /// Any channels to any others; all else stays.
    #[test]
    fn channels_are_copied_and_added(case in cases(), lanes in [0usize..9, 0usize..9], wider in 0usize..20) {
        let mut numbers = Numbers::new(case.seed);
        let from = case.x(0);
        let to = Plane::new(case.height, case.width, lanes[1] + case.channels + wider, case.borders[3]);
        let from_lane = lanes[0] % case.channels;
        let channels = case.channels - from_lane;
        let x = activation(from, case.images, ALONE, || numbers.quarter());
        let before = canvas(to, case.images);
        for add in [false, true] {
            let mut expected = wide(&before);
            each_pixel(to, case.images, |image, pixel| {
                for channel in 0..channels {
                    let value = f64::from(x[at(from, image, pixel, from_lane + channel)]);
                    let to = &mut expected[at(to, image, pixel, lanes[1] + channel)];
                    *to = if add { *to + value } else { value };
                }
            });
            let mut out = before.clone();
            copy_channels(case.images, channels, (from, &x, from_lane), (to, &mut out, lanes[1]), add);
            exactly(&out, &expected)?;
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let window = PoolWindow { kernel: 3, stride: 2, padding: 1 };
    let (from, to) = (Plane::new(5, 5, 8, 0), Plane::new(3, 3, 8, 0));
    let pools = |window: PoolWindow, to: Plane, index: usize| {
        let (x, mut out) = (vec![0.0; from.values()], vec![0.0; to.values()]);
        !refused(|| max_pool(window, 1, (from, &x), (to, &mut out), &mut vec![0; index]))
    };
    assert!(pools(window, to, 72) && !pools(window, to, 71));
    // A fourth window begins at pixel 5, after the last; a padding like the window's side is a window of nothing.
    assert!(!pools(window, Plane::new(4, 3, 8, 0), 96) && !pools(window, Plane::new(3, 4, 8, 0), 96));
    assert!(!pools(PoolWindow { padding: 3, ..window }, to, 72));
    assert!(!pools(window, Plane::new(3, 3, 16, 0), 144));
    let copies = |channels: usize, lane: usize, to: Plane| {
        let (x, mut out) = (vec![0.0; from.values()], vec![0.0; to.values()]);
        !refused(|| copy_channels(1, channels, (from, &x, 0), (to, &mut out, lane), false))
    };
    assert!(copies(8, 8, Plane::new(5, 5, 16, 0)));
    assert!(!copies(8, 9, Plane::new(5, 5, 16, 0)) && !copies(9, 0, Plane::new(5, 5, 16, 0)));
    assert!(!copies(8, 0, to));
}
