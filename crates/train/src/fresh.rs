//! Fresh procedural images, made once for all runs of a process that see them: runs of one seed see the same.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use data::digits::{self, Role};
use data::images::Images;

/// Images that are made and kept together.
const BLOCK: u64 = 1024;

/// Blocks that are kept, of 784 bytes an image: 245 MiB. What lies beyond is made again each time.
const MOST_BLOCKS: usize = 320;

/// Images of every seed, block by block.
#[derive(Debug)]
pub struct Fresh {
    blocks: Mutex<HashMap<(u64, u64), Images>>,
    most: usize,
}

impl Default for Fresh {
    fn default() -> Fresh {
        Fresh::with_most(MOST_BLOCKS)
    }
}

impl Fresh {
    /// Keeps nothing, for a run that nobody follows.
    #[must_use]
    pub fn unkept() -> Fresh {
        Fresh::with_most(0)
    }

    fn with_most(most: usize) -> Fresh {
        Fresh { blocks: Mutex::default(), most }
    }

    /// The training images `range` of the runs with this seed, made where they are not there yet.
    #[must_use]
    pub fn images(&self, run_seed: u64, range: Range<u64>) -> Images {
        if self.most == 0 {
            return digits::images(Role::Training { run_seed }.seed(), range);
        }
        let mut images = digits::images(0, 0..0);
        let count = range.end.saturating_sub(range.start) as usize;
        let mut pixels = Vec::with_capacity(count * images.shape.bytes());
        let mut labels = Vec::with_capacity(count);
        let mut next = range.start;
        while next < range.end {
            let number = next / BLOCK;
            let end = range.end.min((number + 1) * BLOCK);
            let (block, first) = self.block(run_seed, number, next..end);
            let inside = (next - first) as usize..(end - first) as usize;
            let bytes = images.shape.bytes();
            pixels.extend_from_slice(&block.pixels[inside.start * bytes..inside.end * bytes]);
            labels.extend_from_slice(&block.labels[inside]);
            next = end;
        }
        (images.pixels, images.labels) = (pixels.into(), labels.into());
        images
    }

    /// Images that hold those `wanted` of a block, and the number of the first.
    fn block(&self, run_seed: u64, number: u64, wanted: Range<u64>) -> (Images, u64) {
        let seed = Role::Training { run_seed }.seed();
        let blocks = || self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let first = number * BLOCK;
        if let Some(block) = blocks().get(&(seed, number)) {
            return (block.clone(), first);
        }
        if blocks().len() >= self.most {
            return (digits::images(seed, wanted.clone()), wanted.start);
        }
        // Nobody waits meanwhile; runs side by side may make the same images twice.
        let block = digits::images(seed, first..first + BLOCK);
        let mut blocks = blocks();
        if blocks.len() < self.most {
            blocks.insert((seed, number), block.clone());
        }
        (block, first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is kept, whoever asked before, and wherever a range begins.
    #[test]
    fn images_are_those_of_the_generator() {
        for most in [0, 1, 9] {
            let fresh = Fresh::with_most(most);
            for (run_seed, range) in
                [(1, 0..40), (1, 1000..1100), (2, 5..2060), (1, 0..2100), (1, 7..7), (2, 2040..2060)]
            {
                let found = fresh.images(run_seed, range.clone());
                let expected = digits::images(Role::Training { run_seed }.seed(), range.clone());
                assert_eq!(found.labels, expected.labels, "{most} blocks, seed {run_seed}, {range:?}");
                assert_eq!(found.pixels, expected.pixels, "{most} blocks, seed {run_seed}, {range:?}");
                assert!(fresh.blocks.lock().unwrap().len() <= most);
            }
        }
    }
}
