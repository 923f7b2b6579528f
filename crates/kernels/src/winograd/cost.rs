//! What tiles cost: which of them pay, and what they execute.

use std::ops::Range;

use super::{Tile, Winograd, strips};
use crate::plane::Plane;
use crate::tiles::executed_rows;

impl Tile {
    /// Tiles that cover an image of `y`, some of which may hang over its edge.
    #[must_use]
    pub fn tiles(self, y: Plane) -> usize {
        y.height.div_ceil(self.size()) * y.width.div_ceil(self.size())
    }

    /// The one of some tiles that computes fastest from `x` to `y`, or nothing where direct sums are faster.
    ///
    /// The answer depends on the shapes alone, so that every machine computes the same. It is made for groups of
    /// images that have a dozen tiles or more together; fewer leave the products' registers unused.
    #[must_use]
    pub fn best(tiles: &[Tile], x: Plane, y: Plane) -> Option<Tile> {
        let pairs = x.channels * y.channels;
        let direct = 9 * y.height * y.width * pairs;
        // The transforms work on whole vectors of 16 channels. For each of them and each point they take as long as
        // this many multiply-accumulates of the products: fitted by eye to timings on one core (AMD Zen 4, AVX-512)
        // of F(2x2) and F(4x4) on planes from 2 x 2 to 32 x 32 with 8 to 256 channels, which it predicts within 15%.
        let vectors = x.channels.next_multiple_of(16) + y.channels.next_multiple_of(16);
        let cost = |tile: Tile| {
            let points = tile.tiles(y) * tile.points();
            match tile {
                Tile::Two => points * (pairs + 4 * vectors),
                Tile::Four => points * (pairs + 6 * vectors),
                // A twelfth more than for a point of F(4x4), and 13 points more for each pair: by guess between the two.
                Tile::Five => points * (pairs + 6 * vectors) * 13 / 12 + 4 * 13 * pairs,
                // A sixth more than for a point of F(4x4), with few channels as with many: seen were 0 to 28%. And for
                // each pair 45 points more, which are packed, summed over chunks and contracted: counted as four tiles
                // of an image, by guess, after wide networks on MNIST seemed some 6 to 10% slower in batches of 32.
                Tile::Seven => points * (pairs + 6 * vectors) * 7 / 6 + 4 * 45 * pairs,
            }
        };
        let fits = x.stride.is_multiple_of(8) && y.stride.is_multiple_of(8);
        let (tile, least) = tiles.iter().map(|&tile| (tile, cost(tile))).min_by_key(|&(_, cost)| cost)?;
        (fits && least < direct).then_some(tile)
    }
}

impl Winograd {
    /// Multiply-accumulates that [`Winograd::forward`] executes for so many images: those of the products, with the
    /// lanes and rows computed in vain, but not the additions and multiplications of the transforms.
    #[must_use]
    pub fn forward_macs(&self, images: usize) -> u64 {
        let of_block = |block: &Range<usize>| {
            let strips = strips(images * self.outputs.patches(), self.strip);
            strips.map(|strip| executed_rows(self.isa, block.len(), strip.len()) * block.len()).sum::<usize>()
        };
        let rows: usize = self.blocks.iter().map(of_block).sum();
        (rows * self.inputs.plane().channels * self.tile.points()) as u64
    }

    /// Multiply-accumulates that [`Winograd::weight_gradient`] executes, counted as for the forward pass.
    #[must_use]
    pub fn gradient_macs(&self, images: usize) -> u64 {
        let channels = self.inputs.plane().channels;
        let rows = |block: &Range<usize>| executed_rows(self.isa, block.len(), channels);
        let rows: usize = self.blocks.iter().map(|block| rows(block) * block.len()).sum();
        (rows * images * self.outputs.patches() * self.tile.points()) as u64
    }
}
