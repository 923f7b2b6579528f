//! Eight lanes of AVX2 with fused multiply-add.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_EQ_OQ, _CMP_GT_OQ, _CMP_UNORD_Q, _mm_loadl_epi64, _mm_loadu_ps, _mm_packs_epi32,
    _mm_packus_epi16, _mm_storel_epi64, _mm256_add_ps, _mm256_blendv_ps, _mm256_castps128_ps256,
    _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32, _mm256_cvtps_epi32,
    _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_insertf128_ps, _mm256_loadu_ps, _mm256_mul_ps,
    _mm256_or_ps, _mm256_permute2f128_ps, _mm256_permutevar8x32_ps, _mm256_set1_ps, _mm256_shuffle_ps,
    _mm256_storeu_ps, _mm256_sub_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::Simd;

/// Eight lanes; made only after the processor was asked for AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof.
    ///
    /// # Safety
    /// The processor must have AVX2 and FMA.
    pub(crate) unsafe fn new() -> Avx2 {
        Avx2(())
    }
}

// SAFETY of every block below: a value exists only where `Avx2::new` was allowed, so the instructions exist;
// memory is the caller's promise.
impl Simd for Avx2 {
    type Vector = __m256;
    type Mask = __m256;
    type Places = __m256i;
    const LANES: usize = 8;

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m256) {
        unsafe { _mm256_storeu_ps(to, vector) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn greater(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_GT_OQ>(a, b) }
    }

    #[inline(always)]
    fn equal(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) }
    }

    #[inline(always)]
    fn either(self, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_or_ps(a, b) }
    }

    #[inline(always)]
    fn nan(self, a: __m256) -> __m256 {
        unsafe { _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a) }
    }

    #[inline(always)]
    fn select(self, mask: __m256, a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_blendv_ps(b, a, mask) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, from: *const u8) -> __m256 {
        unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, vector: __m256) {
        unsafe {
            let whole = _mm256_cvtps_epi32(vector);
            let words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole));
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(words, words));
        }
    }

    #[inline(always)]
    fn places(self, numbers: __m256) -> __m256i {
        unsafe { _mm256_cvtps_epi32(numbers) }
    }

    #[inline(always)]
    unsafe fn table(self, first: *const f32, second: *const f32) -> __m256 {
        unsafe {
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(first)), _mm_loadu_ps(second))
        }
    }

    #[inline(always)]
    fn pick(self, table: __m256, places: __m256i) -> __m256 {
        unsafe { _mm256_permutevar8x32_ps(table, places) }
    }

    #[inline(always)]
    fn columns(self, rows: [[f32; 8]; 8]) -> [[f32; 8]; 8] {
        // Of four rows each, in both halves: the columns 0 to 3 in the lower half, 4 to 7 in the upper. No closures,
        // which would not inherit the instruction set. All memory is arrays of eight values, a vector each.
        let mut fours = [[self.splat(0.0); 4]; 2];
        for group in 0..2 {
            let rows = &rows[4 * group..];
            unsafe {
                let (a, b) = (self.load(rows[0].as_ptr()), self.load(rows[1].as_ptr()));
                let (c, d) = (self.load(rows[2].as_ptr()), self.load(rows[3].as_ptr()));
                let (low, low2) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
                let (high, high2) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
                fours[group] = [
                    _mm256_shuffle_ps::<0x44>(low, low2),
                    _mm256_shuffle_ps::<0xEE>(low, low2),
                    _mm256_shuffle_ps::<0x44>(high, high2),
                    _mm256_shuffle_ps::<0xEE>(high, high2),
                ];
            }
        }
        let mut columns = [[0.0; 8]; 8];
        for number in 0..4 {
            let (top, bottom) = (fours[0][number], fours[1][number]);
            unsafe {
                self.store(columns[number].as_mut_ptr(), _mm256_permute2f128_ps::<0x20>(top, bottom));
                self.store(columns[number + 4].as_mut_ptr(), _mm256_permute2f128_ps::<0x31>(top, bottom));
            }
        }
        columns
    }
}
