//! What tests share: memory that ends at guard pages, numbers, activations, and sums in f64 to compare with.

use proptest::prelude::*;

use crate::blocks::blocks;
use crate::isa::Isa;
use crate::plane::Plane;
use guarded::Guarded;

pub(crate) mod guarded;
pub(crate) mod plain;

/// Numbers of no interest but their variety: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014), of which any two seeds give unlike numbers.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Numbers {
        Numbers(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ bits >> 31
    }

    /// A whole number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// A multiple of 2^-23 from -1 to 1: products and sums of such numbers round.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    /// A multiple of 1/4 from -2 to 2: products of a few such numbers, and sums of not too many, are exact in f32,
    /// and many are equal.
    pub(crate) fn quarter(&mut self) -> f32 {
        self.below(17) as f32 / 4.0 - 2.0
    }

    /// So many of [`Numbers::unit`].
    pub(crate) fn units(&mut self, len: usize) -> Guarded<f32> {
        (0..len).map(|_| self.unit()).collect()
    }

    /// One of [`Numbers::quarter`] for each channel, and 0 in the lanes without one.
    pub(crate) fn channels(&mut self, plane: Plane) -> Guarded<f32> {
        (0..plane.stride).map(|lane| if lane < plane.channels { self.quarter() } else { 0.0 }).collect()
    }
}

/// Channels that mostly fill blocks of few lanes or a part of one, and now and then those of 48 and of 64.
pub(crate) fn channels() -> impl Strategy<Value = usize> {
    prop_oneof![5 => 1usize..=40, 1 => 41usize..=130]
}

/// What an activation holds beside the values of its real channels at its real pixels.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    /// Pixels of border next to the image that hold zeros; those beyond are NaN, as nobody should read them.
    pub(crate) zeros: usize,
    /// What lanes without a channel hold.
    pub(crate) spare: f32,
    /// Images that follow, all NaN.
    pub(crate) room: usize,
}

/// Nothing but pixels may be read; lanes without a channel are zero, as in all activations of a network.
pub(crate) const ALONE: Beside = Beside { zeros: 0, spare: 0.0, room: 0 };

/// The values of one activation of some images.
pub(crate) fn activation(
    plane: Plane,
    images: usize,
    beside: Beside,
    mut value: impl FnMut() -> f32,
) -> Guarded<f32> {
    let mut values = vec![f32::NAN; (images + beside.room) * plane.values()];
    let zeros = beside.zeros as isize;
    for image in values.chunks_exact_mut(plane.values().max(1)).take(images) {
        for row in -zeros..plane.height as isize + zeros {
            for column in -zeros..plane.width as isize + zeros {
                image[plane.place(row, column)..][..plane.stride].fill(0.0);
            }
        }
        for pixel in pixels(plane) {
            let (channels, spare) = image[pixel..][..plane.stride].split_at_mut(plane.channels);
            channels.fill_with(&mut value);
            spare.fill(beside.spare);
        }
    }
    values.into_iter().collect()
}

/// Memory in which nothing may change but what a kernel should write.
pub(crate) fn canvas(plane: Plane, images: usize) -> Guarded<f32> {
    (0..images * plane.values()).map(|place| (place % 97) as f32 / 32.0 - 1.0).collect()
}

/// The same value all over.
pub(crate) fn filled(len: usize, value: f32) -> Guarded<f32> {
    std::iter::repeat_n(value, len).collect()
}

/// Places of the real pixels, row by row.
pub(crate) fn pixels(plane: Plane) -> Vec<usize> {
    let rows = 0..plane.height as isize;
    rows.flat_map(|row| (0..plane.width as isize).map(move |column| plane.place(row, column))).collect()
}

/// Place of a channel of a pixel of an image.
pub(crate) fn at(plane: Plane, image: usize, [row, column]: [usize; 2], channel: usize) -> usize {
    image * plane.values() + plane.place(row as isize, column as isize) + channel
}

/// Calls for every pixel of every image.
pub(crate) fn each_pixel(plane: Plane, images: usize, mut call: impl FnMut(usize, [usize; 2])) {
    for image in 0..images {
        for row in 0..plane.height {
            for column in 0..plane.width {
                call(image, [row, column]);
            }
        }
    }
}

/// Values of packed weights, and the place among them of an output and a tap: blocks of outputs, each `[tap][lane]`.
pub(crate) fn packed(isa: Isa, outputs: usize, taps: usize) -> (usize, impl Fn(usize, usize) -> usize) {
    let blocks = blocks(isa, outputs);
    let length = blocks.last().map_or(0, |block| block.end) * taps;
    let place = move |output: usize, tap: usize| {
        let block = blocks.iter().find(|block| block.contains(&output)).expect("a block for each output");
        block.start * taps + tap * block.len() + output - block.start
    };
    (length, place)
}

/// A sum in f64 of products of f32.
#[derive(Clone, Copy, Debug)]
struct Sum {
    value: f64,
    /// Sum of the magnitudes, by which rounding is judged.
    size: f64,
    terms: usize,
}

/// What a slice should hold: sums where there is one, and elsewhere the same bits as before.
pub(crate) struct Expected {
    before: Vec<f32>,
    sums: Vec<Option<Sum>>,
}

impl Expected {
    pub(crate) fn of(before: &[f32]) -> Expected {
        Expected { before: before.to_vec(), sums: vec![None; before.len()] }
    }

    /// A sum begins there.
    pub(crate) fn start(&mut self, place: usize, value: f32) {
        let value = f64::from(value);
        self.sums[place] = Some(Sum { value, size: value.abs(), terms: 0 });
    }

    /// A product is added there.
    pub(crate) fn add(&mut self, place: usize, a: f32, b: f32) {
        let product = f64::from(a) * f64::from(b);
        let sum = self.sums[place].as_mut().expect("a sum that began");
        sum.value += product;
        sum.size += product.abs();
        sum.terms += 1;
    }

    /// Each product, and each sum after a term, may round by 2^-24 of itself, which is at most 2^-24 of the sum of
    /// magnitudes; two roundings more are for those of roundings. Without magnitude there is no error: where there
    /// is no channel, zeros are zeros.
    pub(crate) fn check(&self, got: &[f32]) -> Result<(), TestCaseError> {
        prop_assert_eq!(got.len(), self.sums.len());
        for (place, (&got, sum)) in got.iter().zip(&self.sums).enumerate() {
            match sum {
                None => prop_assert!(
                    got.to_bits() == self.before[place].to_bits(),
                    "{got} written at {place} over {}",
                    self.before[place]
                ),
                Some(Sum { value, size, terms }) => {
                    let bound = size * (terms + 2) as f64 * 2f64.powi(-24);
                    let error = (f64::from(got) - value).abs();
                    prop_assert!(error <= bound, "{got} for {value} at {place}, off by {error}");
                }
            }
        }
        Ok(())
    }
}

/// All values equal, where NaN equals NaN.
pub(crate) fn exactly(got: &[f32], expected: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.len(), expected.len());
    for (place, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let same = f64::from(got) == expected || got.is_nan() && expected.is_nan();
        prop_assert!(same, "{got} for {expected} at {place}");
    }
    Ok(())
}

/// The same values in f64.
pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Whether something is refused by a panic.
pub(crate) fn refused<T>(work: impl FnOnce() -> T) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
}
