//! Where the values of an activation lie in memory: images one after the other, pixels with all their channels.

/// The layout of one activation of each image: rows of pixels, each with `stride` channels side by side, and a
/// border of pixels on every side that belong to the padding of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Height in pixels, without the border.
    pub height: usize,
    /// Width in pixels, without the border.
    pub width: usize,
    /// Real channels.
    pub channels: usize,
    /// Values from one pixel to the next: the channels, or the next multiple of eight above them.
    pub stride: usize,
    /// Pixels of border on every side.
    pub border: usize,
}

/// The next multiple of eight lanes.
#[must_use]
pub fn padded(channels: usize) -> usize {
    channels.next_multiple_of(8)
}

impl Plane {
    /// A plane whose pixels are padded to whole vectors of eight.
    #[must_use]
    pub fn new(height: usize, width: usize, channels: usize, border: usize) -> Plane {
        Plane { height, width, channels, stride: padded(channels), border }
    }

    /// Values of one image, with borders.
    #[must_use]
    pub fn values(self) -> usize {
        (self.height + 2 * self.border) * self.row()
    }

    /// Whether all sizes are so small that neither [`Plane::values`] nor a place in them can overflow.
    #[must_use]
    pub fn is_countable(self) -> bool {
        // Borders included, height and width are less than 2^16 each: all three sizes make less than 2^56.
        [self.height, self.width, self.border].iter().all(|&size| size < 1 << 14)
            && self.channels.max(self.stride) < 1 << 24
    }

    /// Values from one row of pixels to the next.
    #[must_use]
    pub fn row(self) -> usize {
        (self.width + 2 * self.border) * self.stride
    }

    /// Place of the first channel of a pixel; rows and columns from -border to size + border - 1.
    #[must_use]
    pub fn place(self, row: isize, column: isize) -> usize {
        let border = self.border as isize;
        (row + border) as usize * self.row() + (column + border) as usize * self.stride
    }
}
