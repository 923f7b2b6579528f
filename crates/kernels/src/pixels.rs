//! One vector of channels at every pixel of a row, found to lie inside its slice once for all of them.

use std::marker::PhantomData;

use crate::lanes::row_start;
use crate::plane::Plane;
use crate::simd::Simd;

/// Where the pixels of a row lie, in several parts: the windows of two rows by two columns of which pooling makes one,
/// or vectors of channels side by side.
#[derive(Clone, Copy)]
pub(crate) struct Pixels {
    /// Place of the first value.
    place: usize,
    /// Values from one pixel or window to the next.
    step: usize,
    /// Pixels or windows.
    count: usize,
    /// Parts of each.
    parts: usize,
    /// Values from an even part to the odd one after it, and from an even one to the next.
    apart: [usize; 2],
}

impl Pixels {
    /// A row of an image, with the channels from `lane` on.
    #[inline(always)]
    pub(crate) fn of_row(plane: Plane, image: usize, row: usize, lane: usize) -> Pixels {
        let place = row_start(plane, image, row) + lane;
        Pixels { place, step: plane.stride, count: plane.width, parts: 1, apart: [0; 2] }
    }

    /// The same without the first few, of which there are as many.
    #[inline(always)]
    pub(crate) fn without(self, first: usize) -> Pixels {
        Pixels { place: self.place + first * self.step, count: self.count - first, ..self }
    }

    /// The same with so many vectors of so many channels, one or two.
    #[inline(always)]
    pub(crate) fn vectors(self, parts: usize, lanes: usize) -> Pixels {
        Pixels { parts, apart: [lanes, 2 * lanes], ..self }
    }

    /// The windows of an image under a row of the pooled plane.
    #[inline(always)]
    pub(crate) fn of_windows(plane: Plane, image: usize, row: usize, lane: usize) -> Pixels {
        let place = row_start(plane, image, 2 * row) + lane;
        let apart = [plane.stride, plane.row()];
        Pixels { place, step: 2 * plane.stride, count: plane.width / 2, parts: 4, apart }
    }

    /// Refuses a slice that does not hold them all, with `lanes` values at each.
    ///
    /// # Panics
    /// When it does not.
    #[inline(always)]
    fn check(self, length: usize, lanes: usize) {
        let (rows, columns) = (self.parts.saturating_sub(1) / 2, usize::from(self.parts > 1));
        let mut end = self.count.saturating_sub(1).saturating_mul(self.step);
        for more in [self.place, columns * self.apart[0], rows * self.apart[1], lanes] {
            end = end.saturating_add(more);
        }
        assert!(self.count == 0 || end <= length, "{length} values do not hold all pixels of a row");
    }

    /// Place of a part of a pixel, relative to the first value.
    ///
    /// # Panics
    /// When there is none.
    #[inline(always)]
    fn offset(self, number: usize, part: usize) -> usize {
        // Compilers see that this holds in a loop over all pixels, unrolled over the parts.
        assert!(number < self.count && part < self.parts, "no such pixel");
        number * self.step + part % 2 * self.apart[0] + part / 2 * self.apart[1]
    }
}

/// Pixels to read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a, S, T> {
    simd: S,
    pixels: Pixels,
    first: *const T,
    values: PhantomData<&'a [T]>,
}

impl<'a, S: Simd, T> Reading<'a, S, T> {
    /// Pixels of a slice.
    ///
    /// # Panics
    /// When the slice does not hold them all.
    #[inline(always)]
    pub(crate) fn new(simd: S, values: &'a [T], pixels: Pixels) -> Reading<'a, S, T> {
        pixels.check(values.len(), S::LANES);
        Reading { simd, pixels, first: values.as_ptr().wrapping_add(pixels.place), values: PhantomData }
    }
}

impl<S: Simd> Reading<'_, S, f32> {
    /// A vector of one pixel.
    #[inline(always)]
    pub(crate) fn load(&self, number: usize, part: usize) -> S::Vector {
        let offset = self.pixels.offset(number, part);
        // SAFETY: `new` found a vector at every pixel inside the slice, which is borrowed for as long as `self`.
        unsafe { self.simd.load(self.first.add(offset)) }
    }
}

impl<S: Simd> Reading<'_, S, u8> {
    /// The small whole numbers of one pixel.
    #[inline(always)]
    pub(crate) fn load_bytes(&self, number: usize, part: usize) -> S::Vector {
        let offset = self.pixels.offset(number, part);
        // SAFETY: `new` found as many bytes as lanes at every pixel inside the slice, which is borrowed for as long.
        unsafe { self.simd.load_bytes(self.first.add(offset)) }
    }
}

/// Pixels to write.
pub(crate) struct Writing<'a, S, T> {
    simd: S,
    pixels: Pixels,
    first: *mut T,
    values: PhantomData<&'a mut [T]>,
}

impl<'a, S: Simd, T> Writing<'a, S, T> {
    /// Pixels of a slice.
    ///
    /// # Panics
    /// When the slice does not hold them all.
    #[inline(always)]
    pub(crate) fn new(simd: S, values: &'a mut [T], pixels: Pixels) -> Writing<'a, S, T> {
        pixels.check(values.len(), S::LANES);
        Writing { simd, pixels, first: values.as_mut_ptr().wrapping_add(pixels.place), values: PhantomData }
    }
}

impl<S: Simd> Writing<'_, S, f32> {
    /// A vector of one pixel.
    #[inline(always)]
    pub(crate) fn load(&self, number: usize, part: usize) -> S::Vector {
        let offset = self.pixels.offset(number, part);
        // SAFETY: `new` found a vector at every pixel inside the slice, which is borrowed for as long as `self`.
        unsafe { self.simd.load(self.first.add(offset)) }
    }

    /// Writes a vector of one pixel.
    #[inline(always)]
    pub(crate) fn store(&mut self, number: usize, part: usize, vector: S::Vector) {
        let offset = self.pixels.offset(number, part);
        // SAFETY: as in `load`, and nobody else has the slice.
        unsafe { self.simd.store(self.first.add(offset), vector) }
    }
}

impl<S: Simd> Writing<'_, S, u8> {
    /// Writes small whole numbers to one pixel.
    #[inline(always)]
    pub(crate) fn store_bytes(&mut self, number: usize, part: usize, vector: S::Vector) {
        let offset = self.pixels.offset(number, part);
        // SAFETY: `new` found as many bytes as lanes at every pixel inside the slice, which nobody else has.
        unsafe { self.simd.store_bytes(self.first.add(offset), vector) }
    }
}
