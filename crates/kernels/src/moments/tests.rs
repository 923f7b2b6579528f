//! Sums against plain loops in f64.

use proptest::prelude::*;

use super::{add_moments, add_sums};
use crate::isa::Isa;
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::{Beside, Numbers, activation, at, each_pixel, refused};

/// A plane, images, images beyond them, and a seed.
fn cases() -> impl Strategy<Value = (Plane, usize, usize, u64)> {
    let plane = (1usize..10, 1usize..40, 1usize..=40, 0usize..3)
        .prop_map(|(height, width, channels, border)| Plane::new(height, width, channels, border));
    (plane, 1usize..5, 0usize..3, any::<u64>())
}

/// A row adds up with one rounding a pixel, of at most 2^-24 of its magnitudes so far, a deviation and its square have
/// three more, and f64 has none to speak of.
fn close(plane: Plane, got: &[f64], expected: &[f64], sizes: &[f64]) -> Result<(), TestCaseError> {
    for (place, (got, expected)) in got.iter().zip(expected).enumerate() {
        let bound = (plane.width + 4) as f64 * 2f64.powi(-24) * sizes[place] + 1e-12;
        prop_assert!((got - expected).abs() <= bound, "{got} for {expected} at {place}");
    }
    Ok(())
}

proptest! {
    /// Borders and images beyond those asked for are NaN and would spoil every sum; sums go on from what they are.
    #[test]
    fn sums_agree_with_plain_loops((plane, images, room, seed) in cases()) {
        let mut numbers = Numbers::new(seed);
        let beside = Beside { zeros: 0, spare: 0.0, room };
        let values = activation(plane, images, beside, || numbers.unit());
        let centre = numbers.units(plane.stride);
        let before: Guarded<f64> = (0..2 * plane.stride).map(|place| place as f64).collect();
        let (mut sums, mut moments) = (before[..plane.stride].to_vec(), before.to_vec());
        let mut sizes = [vec![0.0; plane.stride], vec![0.0; 2 * plane.stride]];
        each_pixel(plane, images, |image, pixel| {
            for lane in 0..plane.stride {
                let x = f64::from(values[at(plane, image, pixel, lane)]);
                let deviation = x - f64::from(centre[lane]);
                sums[lane] += x;
                moments[lane] += deviation;
                moments[plane.stride + lane] += deviation * deviation;
                sizes[0][lane] += x.abs();
                sizes[1][lane] += deviation.abs();
                sizes[1][plane.stride + lane] += deviation * deviation;
            }
        });
        for isa in Isa::available() {
            let mut got = Guarded::from(&before[..plane.stride]);
            add_sums(isa, plane, images, &values, &mut got);
            close(plane, &got, &sums, &sizes[0])?;
            let mut got = before.clone();
            add_moments(isa, plane, images, &values, &centre, &mut got);
            close(plane, &got, &moments, &sizes[1])?;
        }
    }

    /// Sums of rows are added to each other in f64, so that more images lose nothing.
    #[test]
    fn images_are_summed_as_if_one_by_one((plane, images, _, seed) in cases()) {
        let mut numbers = Numbers::new(seed);
        let beside = Beside { zeros: 0, spare: 0.0, room: 0 };
        let values = activation(plane, images, beside, || numbers.unit());
        for isa in Isa::available() {
            let mut together = vec![0.0; plane.stride];
            add_sums(isa, plane, images, &values, &mut together);
            let mut alone = vec![0.0; plane.stride];
            values.chunks(plane.values()).for_each(|image| add_sums(isa, plane, 1, image, &mut alone));
            // Sums of f64 in another order differ by some 2^-53 of their size.
            for (together, alone) in together.iter().zip(&alone) {
                prop_assert!((together - alone).abs() < 1e-11);
            }
        }
    }
}

#[test]
fn short_slices_are_refused() {
    let plane = Plane::new(2, 2, 8, 0);
    let refuses = |plane, values: usize, sums: usize| {
        let (values, centre) = (vec![0.0; values], [0.0; 8]);
        refused(|| add_moments(Isa::detect(), plane, 1, &values, &centre, &mut vec![0.0; sums]))
    };
    assert!(!refuses(plane, 32, 16));
    assert!(refuses(plane, 31, 16) && refuses(plane, 32, 15));
    assert!(refuses(Plane { stride: 3, channels: 3, ..plane }, 32, 16));
}
