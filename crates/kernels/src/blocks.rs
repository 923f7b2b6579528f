//! Cutting channels into the blocks that a product computes at once.

use std::ops::Range;

use crate::isa::Isa;
use crate::plane::padded;

/// The blocks of `channels`, padded to whole vectors of eight: the widest first, as many as fit.
///
/// Packed weights hold block after block, each as `[term][lane]`; the block that begins at lane `l` begins at
/// place `l * terms`.
#[must_use]
pub fn blocks(isa: Isa, channels: usize) -> Vec<Range<usize>> {
    let lanes = padded(channels);
    let mut blocks = Vec::new();
    let mut done = 0;
    while done < lanes {
        // Padded channels are a multiple of the narrowest width, 8.
        let width = isa.block_widths().iter().copied().find(|&width| width <= lanes - done).unwrap_or(8);
        blocks.push(done..done + width);
        done += width;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every lane lies in one block, and no block is wider than what is left.
    #[test]
    fn blocks_cover_every_lane_once() {
        for isa in Isa::available() {
            for channels in 1..300 {
                let blocks = blocks(isa, channels);
                let ends = blocks.iter().fold(0, |end, block| {
                    assert_eq!(block.start, end);
                    assert!(isa.block_widths().contains(&block.len()));
                    block.end
                });
                assert_eq!(ends, channels.div_ceil(8) * 8);
            }
        }
    }
}
