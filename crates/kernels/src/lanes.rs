//! Walking the pixels of planes some channels at a time, for everything that is not a product.

use crate::plane::Plane;

/// `L` values from `place` on.
#[inline(always)]
pub(crate) fn lanes<const L: usize>(values: &[f32], place: usize) -> &[f32; L] {
    &values[place..place + L].as_chunks::<L>().0[0]
}

/// `L` values from `place` on, to write.
#[inline(always)]
pub(crate) fn lanes_mut<const L: usize>(values: &mut [f32], place: usize) -> &mut [f32; L] {
    &mut values[place..place + L].as_chunks_mut::<L>().0[0]
}

/// `L` bytes from `place` on.
#[inline(always)]
pub(crate) fn bytes<const L: usize>(values: &[u8], place: usize) -> &[u8; L] {
    &values[place..place + L].as_chunks::<L>().0[0]
}

/// `L` bytes from `place` on, to write.
#[inline(always)]
pub(crate) fn bytes_mut<const L: usize>(values: &mut [u8], place: usize) -> &mut [u8; L] {
    &mut values[place..place + L].as_chunks_mut::<L>().0[0]
}

/// The value where it is wanted, or zero: without a branch, so that lanes stay together.
#[inline(always)]
pub(crate) fn keep(value: f32, wanted: bool) -> f32 {
    f32::from_bits(value.to_bits() & u32::from(wanted).wrapping_neg())
}

/// The first value where it is wanted, or the second: without a branch, so that lanes stay together.
#[inline(always)]
pub(crate) fn choose(wanted: bool, first: f32, second: f32) -> f32 {
    let mask = u32::from(wanted).wrapping_neg();
    f32::from_bits(first.to_bits() & mask | second.to_bits() & !mask)
}

/// What is done to one block of channels of every pixel; `#[inline(always)]` wherever it is written.
pub(crate) trait ByLanes {
    /// Treats the channels from `lane` on, `L` of them.
    fn run<const L: usize>(&mut self, lane: usize);
}

/// Treats all channels of a plane: sixteen at a time, or eight where they are no multiple of that.
///
/// # Panics
/// When pixels are not whole vectors of eight: the last would reach into the next pixel.
#[inline(always)]
pub(crate) fn by_lanes(plane: Plane, work: &mut impl ByLanes) {
    assert!(plane.stride.is_multiple_of(8), "pixels are not whole vectors");
    // Plain loops: what the standard library's iterators do not inline would lose the instruction set.
    let mut lane = 0;
    if plane.stride.is_multiple_of(16) {
        while lane < plane.stride {
            work.run::<16>(lane);
            lane += 16;
        }
    }
    while lane < plane.stride {
        work.run::<8>(lane);
        lane += 8;
    }
}

/// Place of the first pixel of a row of image `image`.
#[inline(always)]
pub(crate) fn row_start(plane: Plane, image: usize, row: usize) -> usize {
    image * plane.values() + plane.place(row as isize, 0)
}

/// Refuses slices too short for so many images.
///
/// # Panics
/// When one is.
pub(crate) fn check(plane: Plane, images: usize, length: usize) {
    assert!(
        images * plane.values() <= length,
        "{length} values are too few for {images} images of {plane:?}"
    );
}

/// Refuses planes of which one has other pixels than the other, or of another stride.
///
/// # Panics
/// When they differ in more than their borders.
pub(crate) fn check_alike(one: Plane, other: Plane) {
    let shape = |plane: Plane| (plane.height, plane.width, plane.stride);
    assert!(shape(one) == shape(other), "{one:?} and {other:?} have not the same pixels");
}

/// Refuses planes of which one is not the other pooled by two.
///
/// # Panics
/// When it is not.
pub(crate) fn check_pooled(from: Plane, to: Plane) {
    check_alike(Plane { height: from.height / 2, width: from.width / 2, ..from }, to);
}
