//! The embedded data set: procedural handwritten digits, unlimited in number and the same on every machine.
//!
//! An image is a pure function of (seed, index). The skeleton of a digit is bent, slanted and moved, drawn
//! with a pen, and disturbed by gaps, neighbouring digits, stray strokes, uneven paper and noise. How badly
//! has a heavy tail, so that a better network always finds a few more images that it can still get right.

mod canvas;
mod clutter;
mod glyphs;
mod hand;

use std::ops::Range;
use std::sync::Arc;

use chance::{Purpose, Stream};
use rayon::prelude::*;

use crate::images::{ImageShape, Images};
use canvas::Canvas;
use glyphs::GLYPHS;
use hand::Hand;

/// The generator's version; it changes whenever any pixel of any image does.
pub const VERSION: &str = "digits/1";

/// Height and width of an image in pixels.
pub const SIDE: usize = 28;

/// Bytes of an image.
pub const PIXELS: usize = SIDE * SIDE;

/// Images that one thread draws at least before it looks for others that want some: some 30 microseconds of work.
const IMAGES_PER_TASK: usize = 8;

/// Where the middle of the picture lies on either axis, in pixels: (SIDE - 1) / 2.
const MIDDLE: f32 = 13.5;

/// The shape of every image.
pub const SHAPE: ImageShape = ImageShape { channels: 1, height: SIDE, width: SIDE };

/// What images are for; the images of different roles are disjoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The training images of the runs with this seed, which is below 2^53.
    Training {
        /// The seed of the run.
        run_seed: u64,
    },
    /// Images to choose settings by, the same for all runs.
    Validation,
    /// Images to report the error on, the same for all runs.
    Test,
}

impl Role {
    /// The seed of this role's images. Those of validation and test lie above every run seed.
    #[must_use]
    pub fn seed(self) -> u64 {
        match self {
            Role::Training { run_seed } => run_seed,
            Role::Validation => u64::MAX - 1,
            Role::Test => u64::MAX,
        }
    }
}

/// Draws image `index` of `seed` (see [`Role::seed`]) and returns its label.
pub fn image(seed: u64, index: u64, pixels: &mut [u8; PIXELS]) -> u8 {
    let mut stream = Stream::new(seed, Purpose::Digits, index);
    let stream = &mut stream;
    let label = stream.below(10) as u8;
    let forms = GLYPHS[usize::from(label)];
    let form = forms[stream.below(forms.len() as u64) as usize];
    let severity = severity(stream);
    let mut canvas = Canvas::blank();
    let hand = Hand::draw(stream, [MIDDLE, MIDDLE], severity);
    hand.write(stream, form, &mut canvas);
    // Every disturbance is likelier on an image that is hard already.
    let happens = |stream: &mut Stream, odds: f32| stream.uniform_f32() < odds * severity;
    if happens(stream, 0.2) {
        clutter::gap(stream, hand.centre, &mut canvas);
    }
    if happens(stream, 0.4) {
        clutter::neighbour(stream, &hand, &mut canvas);
    }
    for odds in [0.5, 0.25] {
        if happens(stream, odds) {
            clutter::stray(stream, &mut canvas);
        }
    }
    if happens(stream, 0.2) {
        clutter::rule(stream, &mut canvas);
    }
    clutter::expose(stream, severity, &canvas, pixels);
    label
}

/// The images `indices` of `seed`, drawn by the threads of the pool that this is called in.
#[must_use]
pub fn images(seed: u64, indices: Range<u64>) -> Images {
    let count = indices.end.saturating_sub(indices.start) as usize;
    let mut pixels: Arc<[u8]> = std::iter::repeat_n(0, count * PIXELS).collect();
    let mut labels: Arc<[u8]> = std::iter::repeat_n(0, count).collect();
    let (each, _) = Arc::make_mut(&mut pixels).as_chunks_mut::<PIXELS>();
    let each = each.par_iter_mut().zip(Arc::make_mut(&mut labels)).with_min_len(IMAGES_PER_TASK);
    each.enumerate().for_each(|(place, (pixels, label))| {
        *label = image(seed, indices.start + place as u64, pixels);
    });
    Images { shape: SHAPE, classes: GLYPHS.len(), pixels, labels }
}

/// How badly an image is written and kept: exponential above a base, cut off where digits become illegible.
fn severity(stream: &mut Stream) -> f32 {
    // 1 - u lies in (0, 1], so the logarithm is finite.
    let tail = -libm::logf(1.0 - stream.uniform_f32());
    (0.75 + 0.25 * tail).min(1.6)
}

#[cfg(test)]
mod tests;
