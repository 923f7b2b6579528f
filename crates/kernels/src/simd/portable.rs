//! Eight lanes in plain Rust, which the compiler puts into whatever vectors the processor has.

use super::Simd;

/// Eight lanes anywhere.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Simd for Portable {
    type Vector = [f32; 8];
    type Mask = [bool; 8];
    type Places = [u8; 8];
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 8] {
        [value; 8]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [f32; 8] {
        // SAFETY: the caller promises eight readable values; an unaligned read needs no more.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: [f32; 8]) {
        // SAFETY: the caller promises eight writable values; an unaligned write needs no more.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(vector) }
    }

    #[inline(always)]
    fn add(self, mut a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        for lane in 0..8 {
            a[lane] += b[lane];
        }
        a
    }

    #[inline(always)]
    fn sub(self, mut a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        for lane in 0..8 {
            a[lane] -= b[lane];
        }
        a
    }

    #[inline(always)]
    fn mul(self, mut a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        for lane in 0..8 {
            a[lane] *= b[lane];
        }
        a
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; 8], b: [f32; 8], mut c: [f32; 8]) -> [f32; 8] {
        // Not f32::mul_add, which is a library call where the processor has no fused instruction.
        for lane in 0..8 {
            c[lane] += a[lane] * b[lane];
        }
        c
    }

    #[inline(always)]
    fn greater(self, a: [f32; 8], b: [f32; 8]) -> [bool; 8] {
        core::array::from_fn(|lane| a[lane] > b[lane])
    }

    #[inline(always)]
    fn equal(self, a: [f32; 8], b: [f32; 8]) -> [bool; 8] {
        core::array::from_fn(|lane| a[lane] == b[lane])
    }

    #[inline(always)]
    fn either(self, a: [bool; 8], b: [bool; 8]) -> [bool; 8] {
        core::array::from_fn(|lane| a[lane] | b[lane])
    }

    #[inline(always)]
    fn nan(self, a: [f32; 8]) -> [bool; 8] {
        a.map(f32::is_nan)
    }

    #[inline(always)]
    fn select(self, mask: [bool; 8], a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        core::array::from_fn(|lane| if mask[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    unsafe fn load_bytes(self, from: *const u8) -> [f32; 8] {
        // SAFETY: the caller promises eight readable bytes.
        unsafe { from.cast::<[u8; 8]>().read_unaligned() }.map(f32::from)
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, vector: [f32; 8]) {
        // SAFETY: the caller promises eight writable bytes.
        unsafe { to.cast::<[u8; 8]>().write_unaligned(vector.map(|value| value as u8)) }
    }

    #[inline(always)]
    fn places(self, numbers: [f32; 8]) -> [u8; 8] {
        numbers.map(|number| number as u8)
    }

    #[inline(always)]
    unsafe fn table(self, first: *const f32, second: *const f32) -> [f32; 8] {
        // SAFETY: the caller promises four readable values at both; an unaligned read needs no more.
        let [[a, b, c, d], [e, f, g, h]] =
            unsafe { [first, second].map(|from| from.cast::<[f32; 4]>().read_unaligned()) };
        [a, b, c, d, e, f, g, h]
    }

    #[inline(always)]
    fn pick(self, table: [f32; 8], places: [u8; 8]) -> [f32; 8] {
        core::array::from_fn(|lane| table[usize::from(places[lane]) % 8])
    }
}
