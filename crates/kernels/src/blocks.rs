//! How output channels are cut into the blocks that a product computes at once.

use std::ops::Range;

use crate::isa::Isa;
use crate::plane::padded;

/// The channels, padded to a multiple of eight, in blocks of [`Isa::block_widths`], the widest that still fits first.
#[must_use]
pub fn blocks(isa: Isa, channels: usize) -> Vec<Range<usize>> {
    let end = padded(channels);
    let mut blocks = Vec::new();
    let mut first = 0;
    for &width in isa.block_widths() {
        while end - first >= width {
            blocks.push(first..first + width);
            first += width;
        }
    }
    blocks
}

#[cfg(test)]
mod tests;
