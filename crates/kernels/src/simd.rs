//! Vectors of f32 behind one trait, so that a kernel is written once for every instruction set.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(feature = "counting")]
pub(crate) mod counting;
pub(crate) mod portable;

/// An instruction set's vector of f32; a value of the type is the proof that the processor has the instructions.
pub(crate) trait Simd: Copy {
    /// The vector.
    type Vector: Copy;
    /// A choice by lane.
    type Mask: Copy;
    /// A place in a table of eight values for every lane.
    type Places: Copy;
    /// Values in a vector.
    const LANES: usize;

    /// The same value in every lane.
    fn splat(self, value: f32) -> Self::Vector;

    /// `LANES` values from `from` on; any alignment.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn load(self, from: *const f32) -> Self::Vector;

    /// Writes `LANES` values from `to` on; any alignment.
    ///
    /// # Safety
    /// They must be writable.
    unsafe fn store(self, to: *mut f32, vector: Self::Vector);

    /// a + b.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// a - b.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// a * b.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// a * b + c, fused where the instruction set can.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// Lanes where a > b; never where either is NaN.
    fn greater(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;

    /// Lanes where a = b; never where either is NaN.
    fn equal(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;

    /// Lanes of either.
    fn either(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;

    /// Lanes that hold NaN.
    fn nan(self, a: Self::Vector) -> Self::Mask;

    /// a where the mask is set, b elsewhere.
    fn select(self, mask: Self::Mask, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `LANES` bytes from `from` on, as numbers.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn load_bytes(self, from: *const u8) -> Self::Vector;

    /// Writes whole numbers from 0 to 255 as `LANES` bytes from `to` on.
    ///
    /// # Safety
    /// They must be writable.
    unsafe fn store_bytes(self, to: *mut u8, vector: Self::Vector);

    /// Whole numbers from 0 to 7 as places in a table.
    fn places(self, numbers: Self::Vector) -> Self::Places;

    /// A table of eight values: four from `first` on, and four from `second` on; any alignment.
    ///
    /// # Safety
    /// They must be readable.
    unsafe fn table(self, first: *const f32, second: *const f32) -> Self::Vector;

    /// What stands at every lane's place in a table.
    fn pick(self, table: Self::Vector, places: Self::Places) -> Self::Vector;

    /// The columns of a matrix of eight rows; of eight lanes where the instruction set has them.
    #[inline(always)]
    fn columns(self, rows: [[f32; 8]; 8]) -> [[f32; 8]; 8] {
        std::array::from_fn(|column| std::array::from_fn(|row| rows[row][column]))
    }
}
