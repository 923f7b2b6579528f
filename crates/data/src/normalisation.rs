//! Mean and standard deviation of each set's pixels, by which images are normalised before they enter a network.

use crate::set::SetName;

/// Mean and standard deviation of pixel / 255 by channel; only the first `channels` entries matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Mean over all learning images and pixels.
    pub mean: [f32; 3],
    /// Standard deviation over the same.
    pub deviation: [f32; 3],
}

impl Normalisation {
    /// What stands for each byte, channel by channel: (byte / 255 - mean) / deviation.
    #[must_use]
    pub fn values(&self) -> [[f32; 256]; 3] {
        let value = |channel: usize, byte: usize| {
            (byte as f32 / 255.0 - self.mean[channel]) / self.deviation[channel]
        };
        core::array::from_fn(|channel| core::array::from_fn(|byte| value(channel, byte)))
    }
}

/// The constants of `set`, to four digits: a pixel enters a network as (pixel / 255 - mean) / deviation.
///
/// Computed over all learning images; those of the digits are rounded, as the digits are without number.
#[must_use]
pub fn normalisation(set: SetName) -> Normalisation {
    match set {
        SetName::Digits => grey(0.13, 0.31),
        SetName::Mnist => grey(0.1307, 0.3081),
        SetName::FashionMnist => grey(0.2860, 0.3530),
        SetName::Cifar10 => {
            Normalisation { mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616] }
        }
        SetName::Cifar100 => {
            Normalisation { mean: [0.5071, 0.4866, 0.4409], deviation: [0.2673, 0.2564, 0.2762] }
        }
    }
}

fn grey(mean: f32, deviation: f32) -> Normalisation {
    Normalisation { mean: [mean; 3], deviation: [deviation; 3] }
}
