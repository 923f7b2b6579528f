//! Augmentation: random shifts and flips, and the step from bytes to normalised numbers.

use chance::{Purpose, Stream};

use crate::images::ImageShape;

/// What is done to one image: first the flip, then the shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augment {
    /// Pixels by which the picture moves to the right.
    pub dx: i8,
    /// Pixels by which the picture moves down.
    pub dy: i8,
    /// Whether left and right are exchanged.
    pub flip: bool,
}

impl Augment {
    /// Leaves the image as it is.
    pub const IDENTITY: Augment = Augment { dx: 0, dy: 0, flip: false };
}

/// Draws the augmentations of the `count` images of one step into `out`, replacing what it held.
///
/// Each axis is shifted by a uniform number of pixels in `-shift..=shift` (as PyTorch's
/// `RandomCrop(size, padding=shift)`), and with `flip` every second image on average is mirrored. With both
/// off nothing is drawn. `shift` is at most 127.
///
/// # Panics
/// When `shift` is above 127, more than an [`Augment`] can hold.
pub fn draw(seed: u64, step: u64, count: usize, shift: u8, flip: bool, out: &mut Vec<Augment>) {
    assert!(shift <= 127, "a shift of {shift} pixels is more than the 127 that fit");
    out.clear();
    if shift == 0 && !flip {
        out.resize(count, Augment::IDENTITY);
        return;
    }
    let mut stream = Stream::new(seed, Purpose::Augmentation, step);
    let offset = |stream: &mut Stream| {
        if shift == 0 { 0 } else { (stream.below(2 * u64::from(shift) + 1) as i64 - i64::from(shift)) as i8 }
    };
    out.extend((0..count).map(|_| Augment {
        dx: offset(&mut stream),
        dy: offset(&mut stream),
        flip: flip && stream.below(2) == 1,
    }));
}

/// Writes the augmented, normalised image: `out[c][y][x] = values[c][pixel]`.
///
/// `image` and `out` hold `shape.bytes()` values each; `values` are those of
/// [`Normalisation::values`](crate::normalisation::Normalisation::values). Pixels from outside the image are byte 0
/// before the normalisation, as when PyTorch pads with zeros, then normalises.
///
/// # Panics
/// When a slice has another length than said, or there are more than three channels.
pub fn apply(image: &[u8], shape: ImageShape, augment: Augment, values: &[[f32; 256]; 3], out: &mut [f32]) {
    assert_eq!(image.len(), shape.bytes(), "bytes of the image");
    assert_eq!(out.len(), shape.bytes(), "numbers of the augmented image");
    let plane = shape.height * shape.width;
    if plane == 0 {
        return;
    }
    assert!(shape.channels <= values.len(), "values of each channel");
    let planes = image.chunks_exact(plane).zip(out.chunks_exact_mut(plane));
    for ((image, out), values) in planes.zip(values) {
        let rows = out.chunks_exact_mut(shape.width);
        for (y, row) in rows.enumerate() {
            let source = usize::try_from(y as isize - isize::from(augment.dy))
                .ok()
                .filter(|&source| source < shape.height)
                .map(|source| &image[source * shape.width..(source + 1) * shape.width]);
            match source {
                Some(source) => fill_row(source, augment, values, row),
                None => row.fill(values[0]),
            }
        }
    }
}

/// Writes one row: a margin of zero bytes where the shift brought nothing, and the rest of the source.
fn fill_row(source: &[u8], augment: Augment, values: &[f32; 256], row: &mut [f32]) {
    let width = row.len();
    let margin = usize::from(augment.dx.unsigned_abs()).min(width);
    let kept = width - margin;
    // Moved to the right, the row starts with the margin and loses its end; to the left, the other way round.
    let (target, lost) = if augment.dx >= 0 {
        let (empty, target) = row.split_at_mut(margin);
        empty.fill(values[0]);
        (target, 0)
    } else {
        let (target, empty) = row.split_at_mut(kept);
        empty.fill(values[0]);
        (target, margin)
    };
    if augment.flip {
        let source = source[..width - lost].iter().rev();
        target.iter_mut().zip(source).for_each(|(to, &from)| *to = values[usize::from(from)]);
    } else {
        let source = source[lost..].iter();
        target.iter_mut().zip(source).for_each(|(to, &from)| *to = values[usize::from(from)]);
    }
}

#[cfg(test)]
mod tests;
