//! The sample stream: which image each training sample is, pass after pass over a finite set.

use chance::{Purpose, Stream};

/// The order in which a run meets the images `0..n`; pass `p` is permutation number `p` of the run's seed.
///
/// Sample `t` of the run is entry `t % n` of pass `t / n`, so that batches run on across the passes.
#[derive(Clone, Debug)]
pub struct SampleOrder {
    seed: u64,
    /// The pass whose permutation is held.
    pass: u64,
    permutation: Vec<u32>,
}

impl SampleOrder {
    /// The order of the images `0..n` in the run with this seed.
    ///
    /// # Panics
    /// When `n` is zero: there is no image to order.
    #[must_use]
    pub fn new(seed: u64, n: u32) -> SampleOrder {
        assert!(n > 0, "a sample order needs at least one image");
        SampleOrder { seed, pass: 0, permutation: permutation(seed, 0, n) }
    }

    /// Number of images in a pass.
    #[must_use]
    pub fn images(&self) -> u32 {
        self.permutation.len() as u32
    }

    /// Writes the images of the samples `first_sample..first_sample + indices.len()`.
    ///
    /// Any sample may come first; calls in rising order are cheap, as the current pass is kept.
    pub fn fill(&mut self, first_sample: u64, indices: &mut [u32]) {
        let n = u64::from(self.images());
        let mut sample = first_sample;
        let mut rest = indices;
        while !rest.is_empty() {
            self.seek(sample / n);
            let left_in_pass = &self.permutation[(sample % n) as usize..];
            let count = left_in_pass.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            now.copy_from_slice(&left_in_pass[..count]);
            sample += count as u64;
            rest = later;
        }
    }

    /// Makes `pass` the one that is held.
    fn seek(&mut self, pass: u64) {
        if pass != self.pass {
            self.permutation = permutation(self.seed, pass, self.images());
            self.pass = pass;
        }
    }
}

/// The order of the images `0..n` in one pass.
fn permutation(seed: u64, pass: u64, n: u32) -> Vec<u32> {
    let mut images: Vec<u32> = (0..n).collect();
    Stream::new(seed, Purpose::SampleOrder, pass).shuffle(&mut images);
    images
}

#[cfg(test)]
mod tests;
