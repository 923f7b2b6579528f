//! The one source of chance: named, counter-based random streams.
//!
//! A [`Stream`] is a pure function of (seed, purpose, index), so any part of a run can be drawn
//! again without replaying what came before it, on any machine and in any order.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream of chance is used for; streams of different purpose are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Initial values of one parameter tensor (index: the tensor's place in the network).
    InitialWeights,
    /// The order of the training images within one pass (index: the pass).
    SampleOrder,
    /// Shifts and flips of the images of one step (index: the step).
    Augmentation,
    /// Dropout masks of one step (index: the step).
    Dropout,
    /// One resample of a bootstrap (index: the resample).
    Bootstrap,
    /// One procedural image (index: the image).
    Digits,
    /// The order in which images enter nested subsets and splits (index: the class).
    Subset,
    /// One sample of a simulated regression (index: the repetition and the sample).
    Regression,
    /// Errors of one simulated sweep (index: the trial).
    Calibration,
    /// Inputs of tests and benchmarks.
    Test,
}

impl Purpose {
    /// The name that enters the key; at most 24 bytes, and never changed once released.
    const fn name(self) -> &'static str {
        match self {
            Purpose::InitialWeights => "initial-weights",
            Purpose::SampleOrder => "sample-order",
            Purpose::Augmentation => "augmentation",
            Purpose::Dropout => "dropout",
            Purpose::Bootstrap => "bootstrap",
            Purpose::Digits => "digits",
            Purpose::Subset => "subset",
            Purpose::Regression => "regression",
            Purpose::Calibration => "calibration",
            Purpose::Test => "test",
        }
    }
}

/// A stream of random numbers: ChaCha with 8 rounds, keyed by seed and purpose, numbered by index.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The stream for `(seed, purpose, index)`, at its beginning.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Stream {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let name = purpose.name().as_bytes();
        key[8..8 + name.len()].copy_from_slice(name);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(index);
        Stream { generator }
    }

    /// 32 random bits.
    pub fn bits_u32(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// 64 random bits.
    pub fn bits_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Random bytes: of each [`Stream::bits_u32`] the lowest first. Of the last one, bytes that do not fit are lost.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.generator.fill_bytes(bytes);
    }

    /// Uniform in [0, 1), a multiple of 2^-24, so that every value is exact in f32.
    pub fn uniform_f32(&mut self) -> f32 {
        // 2^-24 = 5.9604645e-8
        (self.bits_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform_f64(&mut self) -> f64 {
        // 2^-53
        (self.bits_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform_f32()
    }

    /// Uniform over 0..n without bias (Lemire, "Fast Random Integer Generation in an Interval", 2019).
    ///
    /// # Panics
    /// When `n` is zero: there is nothing to choose from.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "below(0) has no value to return");
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits_u64()) * u128::from(n);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// Standard normal, by the Box-Muller transform on `libm`, so the same bits on every machine.
    pub fn normal(&mut self) -> f64 {
        // 1 - u lies in (0, 1], so the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.uniform_f64())).sqrt();
        radius * libm::cos(core::f64::consts::TAU * self.uniform_f64())
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests;
