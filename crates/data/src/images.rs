//! Images and labels in memory: bytes, channel by channel.

use std::ops::Range;
use std::sync::Arc;

/// Channels, height and width of every image of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Colour channels.
    pub channels: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

impl ImageShape {
    /// Bytes of one image: one per channel and pixel.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.channels * self.height * self.width
    }
}

/// Labelled images; cheap to clone, as the bytes are shared.
#[derive(Clone, Debug)]
pub struct Images {
    /// Shape of each image.
    pub shape: ImageShape,
    /// Number of classes; every label is smaller.
    pub classes: usize,
    /// `len() * shape.bytes()` bytes: image by image, channel by channel, row by row (NCHW).
    pub pixels: Arc<[u8]>,
    /// One class per image.
    pub labels: Arc<[u8]>,
}

impl Images {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The bytes of image `index`.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        let bytes = self.shape.bytes();
        &self.pixels[index * bytes..(index + 1) * bytes]
    }

    /// The images numbered by `range`: a copy, or the same bytes where these are all of them.
    ///
    /// # Panics
    /// When it reaches beyond `len()`.
    #[must_use]
    pub fn range(&self, range: Range<usize>) -> Images {
        if range == (0..self.len()) {
            return self.clone();
        }
        let bytes = self.shape.bytes();
        let pixels = self.pixels[range.start * bytes..range.end * bytes].into();
        Images { shape: self.shape, classes: self.classes, pixels, labels: self.labels[range].into() }
    }

    /// The images numbered by `indices`, in that order; one may come more than once.
    ///
    /// # Panics
    /// When an index is not below `len()`.
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Images {
        let mut pixels = Vec::with_capacity(indices.len() * self.shape.bytes());
        for &index in indices {
            pixels.extend_from_slice(self.image(index as usize));
        }
        let labels = indices.iter().map(|&index| self.labels[index as usize]).collect();
        Images { shape: self.shape, classes: self.classes, pixels: pixels.into(), labels }
    }
}
