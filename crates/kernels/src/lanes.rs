//! Walking the pixels of planes a vector of channels at a time, for everything that is not a product.

use crate::plane::Plane;
use crate::simd::Simd;

/// The most lanes of any vector.
pub(crate) const MOST_LANES: usize = 16;

/// A vector from `place` on.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, values: &[f32], place: usize) -> S::Vector {
    let values = &values[place..place + S::LANES];
    // SAFETY: the slice has as many values as the vector.
    unsafe { simd.load(values.as_ptr()) }
}

/// Writes a vector from `place` on.
#[inline(always)]
pub(crate) fn store<S: Simd>(simd: S, values: &mut [f32], place: usize, vector: S::Vector) {
    let values = &mut values[place..place + S::LANES];
    // SAFETY: the slice has as many values as the vector.
    unsafe { simd.store(values.as_mut_ptr(), vector) }
}

/// Adds the lanes of a vector to sums in f64, from `place` on.
#[inline(always)]
pub(crate) fn add_to<S: Simd>(simd: S, sums: &mut [f64; MOST_LANES], vector: S::Vector) {
    let mut lanes = [0f32; MOST_LANES];
    store(simd, &mut lanes, 0, vector);
    for l in 0..S::LANES {
        sums[l] += f64::from(lanes[l]);
    }
}

/// What is done to one block of channels of every pixel; `#[inline(always)]` wherever it is written.
pub(crate) trait ByLanes {
    /// Treats the channels from `lane` on, as many as the vector has.
    fn run<S: Simd>(&mut self, simd: S, lane: usize);
}

/// Treats all channels of a plane by the widest vector that divides them.
///
/// # Panics
/// When pixels are not whole vectors of eight: the last would reach into the next pixel.
#[inline(always)]
pub(crate) fn by_lanes<W: Simd, H: Simd>(wide: W, half: H, plane: Plane, work: &mut impl ByLanes) {
    assert!(plane.stride.is_multiple_of(8), "pixels are not whole vectors");
    // Plain loops: what the standard library's iterators do not inline would lose the instruction set.
    let mut lane = 0;
    if plane.stride.is_multiple_of(W::LANES) {
        while lane < plane.stride {
            work.run(wide, lane);
            lane += W::LANES;
        }
    }
    while lane < plane.stride {
        work.run(half, lane);
        lane += H::LANES;
    }
}

/// Place of the first pixel of a row of image `image`.
#[inline(always)]
pub(crate) fn row_start(plane: Plane, image: usize, row: usize) -> usize {
    image * plane.values() + plane.place(row as isize, 0)
}

/// Images of planes with the same pixels as one image of one row, where no border parts them: what is done to every
/// pixel by itself then takes one loop, which for the single pixels of linear layers is most of the work.
#[inline]
pub(crate) fn one_row<const N: usize>(images: usize, planes: [Option<&mut Plane>; N]) -> usize {
    if planes.iter().flatten().any(|plane| plane.border > 0) {
        return images;
    }
    for plane in planes.into_iter().flatten() {
        (plane.width, plane.height) = (images * plane.height * plane.width, 1);
    }
    1
}

/// Refuses slices too short for so many images.
///
/// # Panics
/// When one is.
pub(crate) fn check(plane: Plane, images: usize, length: usize) {
    assert!(
        images.checked_mul(plane.values()).is_some_and(|values| values <= length),
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
