//! Eight lanes in plain Rust that count their multiply-adds.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Simd;
use super::portable::Portable;

static MULTIPLY_ADDS: AtomicU64 = AtomicU64::new(0);

/// What was counted since the last call.
pub(crate) fn take() -> u64 {
    MULTIPLY_ADDS.swap(0, Ordering::SeqCst)
}

/// [`Portable`], counted; a multiplication without an addition, such as the first of a sum, counts as one with.
#[derive(Clone, Copy)]
pub(crate) struct Counting;

fn count() {
    MULTIPLY_ADDS.fetch_add(Portable::LANES as u64, Ordering::Relaxed);
}

impl Simd for Counting {
    type Vector = <Portable as Simd>::Vector;
    type Mask = <Portable as Simd>::Mask;
    type Places = <Portable as Simd>::Places;
    const LANES: usize = Portable::LANES;

    fn splat(self, value: f32) -> Self::Vector {
        Portable.splat(value)
    }

    unsafe fn load(self, from: *const f32) -> Self::Vector {
        // SAFETY: the caller's promise is the same.
        unsafe { Portable.load(from) }
    }

    unsafe fn store(self, to: *mut f32, vector: Self::Vector) {
        // SAFETY: the caller's promise is the same.
        unsafe { Portable.store(to, vector) }
    }

    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        Portable.add(a, b)
    }

    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        Portable.sub(a, b)
    }

    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        count();
        Portable.mul(a, b)
    }

    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        count();
        Portable.mul_add(a, b, c)
    }

    fn greater(self, a: Self::Vector, b: Self::Vector) -> Self::Mask {
        Portable.greater(a, b)
    }

    fn equal(self, a: Self::Vector, b: Self::Vector) -> Self::Mask {
        Portable.equal(a, b)
    }

    fn either(self, a: Self::Mask, b: Self::Mask) -> Self::Mask {
        Portable.either(a, b)
    }

    fn nan(self, a: Self::Vector) -> Self::Mask {
        Portable.nan(a)
    }

    fn select(self, mask: Self::Mask, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        Portable.select(mask, a, b)
    }

    unsafe fn load_bytes(self, from: *const u8) -> Self::Vector {
        // SAFETY: the caller's promise is the same.
        unsafe { Portable.load_bytes(from) }
    }

    unsafe fn store_bytes(self, to: *mut u8, vector: Self::Vector) {
        // SAFETY: the caller's promise is the same.
        unsafe { Portable.store_bytes(to, vector) }
    }

    fn places(self, numbers: Self::Vector) -> Self::Places {
        Portable.places(numbers)
    }

    unsafe fn table(self, first: *const f32, second: *const f32) -> Self::Vector {
        // SAFETY: the caller's promise is the same.
        unsafe { Portable.table(first, second) }
    }

    fn pick(self, table: Self::Vector, places: Self::Places) -> Self::Vector {
        Portable.pick(table, places)
    }
}
