//! The data sets that ergometer knows: names, shapes and sizes.

use serde::{Deserialize, Serialize};

use crate::content::sha256_hex;
use crate::images::ImageShape;
use crate::source::source;

/// A known data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetName {
    /// Procedural digits, made on the spot and unlimited in number.
    Digits,
    /// MNIST (LeCun, Cortes, Burges).
    Mnist,
    /// Fashion-MNIST (Zalando SE).
    FashionMnist,
    /// CIFAR-10 (Krizhevsky, 2009).
    #[serde(rename = "cifar10")]
    Cifar10,
    /// CIFAR-100 with its fine labels (Krizhevsky, 2009).
    #[serde(rename = "cifar100")]
    Cifar100,
}

impl SetName {
    /// All of them, in the order in which they are listed.
    pub const ALL: [SetName; 5] =
        [SetName::Digits, SetName::Mnist, SetName::FashionMnist, SetName::Cifar10, SetName::Cifar100];

    /// The name on the command line and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SetName::Digits => "digits",
            SetName::Mnist => "mnist",
            SetName::FashionMnist => "fashion-mnist",
            SetName::Cifar10 => "cifar10",
            SetName::Cifar100 => "cifar100",
        }
    }

    /// Shape of its images.
    #[must_use]
    pub fn shape(self) -> ImageShape {
        match self {
            SetName::Digits | SetName::Mnist | SetName::FashionMnist => {
                ImageShape { channels: 1, height: 28, width: 28 }
            }
            SetName::Cifar10 | SetName::Cifar100 => ImageShape { channels: 3, height: 32, width: 32 },
        }
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(self) -> usize {
        if self == SetName::Cifar100 { 100 } else { 10 }
    }

    /// Images that are not test images, training and validation together; `None`: unlimited.
    #[must_use]
    pub fn learning_images(self) -> Option<u64> {
        match self {
            SetName::Digits => None,
            SetName::Mnist | SetName::FashionMnist => Some(60_000),
            SetName::Cifar10 | SetName::Cifar100 => Some(50_000),
        }
    }

    /// Test images.
    #[must_use]
    pub fn test_images(self) -> u64 {
        10_000
    }
}

impl std::fmt::Display for SetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Digest of the content of `set`, which enters the id of every run on it: 16 hexadecimal digits.
///
/// They are the first of the SHA-256 of what `sha256sum` prints for the uncompressed files, in the order of
/// [`Source::files`](crate::source::Source::files); for the digits, of the version of their generator.
#[must_use]
pub fn digest(set: SetName) -> String {
    let content = match source(set) {
        Ok(source) => source.files().map(|file| format!("{}  {}\n", file.sha256, file.name)).collect(),
        Err(_) => crate::digits::VERSION.to_owned(),
    };
    sha256_hex(content.as_bytes()).chars().take(16).collect()
}

#[cfg(test)]
mod tests;
