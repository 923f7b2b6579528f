//! Tests of the augmentation against a reference that works pixel by pixel.

use chance::{Purpose, Stream};
use proptest::prelude::*;

use super::{Augment, apply, draw};
use crate::images::ImageShape;
use crate::normalisation::Normalisation;

/// One output number, by the definition alone: look the pixel up in the shifted, flipped image.
fn reference(
    image: &[u8],
    shape: ImageShape,
    augment: Augment,
    normalisation: (&[f32], &[f32]),
    (c, y, x): (usize, usize, usize),
) -> f32 {
    let (height, width) = (shape.height as i64, shape.width as i64);
    let source_y = y as i64 - i64::from(augment.dy);
    let in_flipped = x as i64 - i64::from(augment.dx);
    let source_x = if augment.flip { width - 1 - in_flipped } else { in_flipped };
    let inside = (0..height).contains(&source_y) && (0..width).contains(&source_x);
    let byte = if inside {
        image[(c * shape.height + source_y as usize) * shape.width + source_x as usize]
    } else {
        0
    };
    (f32::from(byte) / 255.0 - normalisation.0[c]) / normalisation.1[c]
}

fn drawn(seed: u64, step: u64, count: usize, shift: u8, flip: bool) -> Vec<Augment> {
    // What the vector held before must not matter.
    let mut out = vec![Augment { dx: 9, dy: 9, flip: true }];
    draw(seed, step, count, shift, flip, &mut out);
    out
}

fn any_shape() -> impl Strategy<Value = ImageShape> {
    (1usize..4, 1usize..9, 1usize..9).prop_map(|(channels, height, width)| ImageShape {
        channels,
        height,
        width,
    })
}

proptest! {
    #[test]
    fn apply_equals_the_reference(
        shape in any_shape(),
        seed: u64,
        dx in -12i8..13,
        dy in -12i8..13,
        flip: bool,
    ) {
        let mut stream = Stream::new(seed, Purpose::Test, 0);
        let image: Vec<u8> = (0..shape.bytes()).map(|_| stream.bits_u32() as u8).collect();
        let mean = [(); 3].map(|()| stream.between(0.0, 1.0));
        let deviation = [(); 3].map(|()| stream.between(0.1, 1.0));
        let values = Normalisation { mean, deviation }.values();
        let augment = Augment { dx, dy, flip };
        let mut out = vec![f32::NAN; shape.bytes()];
        apply(&image, shape, augment, &values, &mut out);
        let mut values = out.iter();
        for c in 0..shape.channels {
            for y in 0..shape.height {
                for x in 0..shape.width {
                    let expected = reference(&image, shape, augment, (&mean, &deviation), (c, y, x));
                    prop_assert_eq!(values.next().map(|v| v.to_bits()), Some(expected.to_bits()));
                }
            }
        }
    }

    #[test]
    fn draws_stay_in_range_and_repeat(seed: u64, step: u64, shift in 0u8..=127, flip: bool) {
        let first = drawn(seed, step, 50, shift, flip);
        prop_assert_eq!(first.len(), 50);
        for augment in &first {
            prop_assert!(augment.dx.unsigned_abs() <= shift && augment.dy.unsigned_abs() <= shift);
            prop_assert!(flip || !augment.flip);
        }
        prop_assert_eq!(&first, &drawn(seed, step, 50, shift, flip));
    }
}

#[test]
fn both_off_is_the_identity() {
    assert_eq!(drawn(3, 4, 5, 0, false), vec![Augment::IDENTITY; 5]);
}

#[test]
fn shifts_and_flips_are_uniform() {
    const COUNT: usize = 50_000;
    let all = drawn(7, 0, COUNT, 2, true);
    // 5 * 5 * 2 = 50 outcomes, 1000 expected of each; the statistic has 49 degrees of freedom, and 85.4 is
    // the 0.1% point of its distribution (chi-square tables).
    let mut seen = [0.0f64; 50];
    for augment in &all {
        let place =
            (i32::from(augment.dx) + 2) * 10 + (i32::from(augment.dy) + 2) * 2 + i32::from(augment.flip);
        seen[place as usize] += 1.0;
    }
    let expected = COUNT as f64 / 50.0;
    let statistic: f64 = seen.iter().map(|n| (n - expected) * (n - expected) / expected).sum();
    assert!(statistic < 85.4, "chi-square {statistic}");
}

#[test]
fn steps_and_seeds_differ() {
    // By chance two steps of 100 images are equal once in 50^100 tries.
    let first = drawn(1, 0, 100, 2, true);
    assert_ne!(first, drawn(1, 1, 100, 2, true));
    assert_ne!(first, drawn(2, 0, 100, 2, true));
}

#[test]
fn a_flip_alone_mirrors_and_a_shift_moves_right_and_down() {
    let shape = ImageShape { channels: 1, height: 2, width: 3 };
    let image = [255, 0, 51, 0, 102, 0];
    let run = |augment| {
        let mut out = [f32::NAN; 6];
        let values = Normalisation { mean: [0.0; 3], deviation: [1.0; 3] }.values();
        apply(&image, shape, augment, &values, &mut out);
        out
    };
    // 51 / 255 = 0.2 and 102 / 255 = 0.4, worked by hand.
    assert_eq!(run(Augment { flip: true, ..Augment::IDENTITY }), [0.2, 0.0, 1.0, 0.0, 0.4, 0.0]);
    assert_eq!(run(Augment { dx: 1, dy: 1, flip: false }), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}
