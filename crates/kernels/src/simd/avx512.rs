//! Sixteen lanes of AVX-512.

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _CMP_EQ_OQ, _CMP_GT_OQ, _CMP_UNORD_Q, _mm_loadu_ps, _mm_loadu_si128,
    _mm_storeu_si128, _mm256_castps128_ps256, _mm256_insertf128_ps, _mm512_add_ps, _mm512_cmp_ps_mask,
    _mm512_cvtepi32_epi8, _mm512_cvtepi32_ps, _mm512_cvtepu8_epi32, _mm512_cvtps_epi32, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_mask_blend_ps, _mm512_mul_ps, _mm512_permutexvar_ps, _mm512_set1_ps,
    _mm512_storeu_ps, _mm512_sub_ps, _mm512_zextps256_ps512,
};

use super::Simd;

/// Sixteen lanes; made only after the processor was asked for AVX-512 F.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The proof.
    ///
    /// # Safety
    /// The processor must have AVX-512 F.
    pub(crate) unsafe fn new() -> Avx512 {
        Avx512(())
    }
}

// SAFETY of every block below: a value exists only where `Avx512::new` was allowed, so the
// instructions exist; memory is the caller's promise.
impl Simd for Avx512 {
    type Vector = __m512;
    type Mask = __mmask16;
    type Places = __m512i;
    const LANES: usize = 16;

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m512) {
        unsafe { _mm512_storeu_ps(to, vector) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn greater(self, a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
    }

    #[inline(always)]
    fn equal(self, a: __m512, b: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b) }
    }

    #[inline(always)]
    fn either(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }

    #[inline(always)]
    fn nan(self, a: __m512) -> __mmask16 {
        unsafe { _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a) }
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mask_blend_ps(mask, b, a) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, from: *const u8) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, vector: __m512) {
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(vector))) }
    }

    #[inline(always)]
    fn places(self, numbers: __m512) -> __m512i {
        unsafe { _mm512_cvtps_epi32(numbers) }
    }

    #[inline(always)]
    unsafe fn table(self, first: *const f32, second: *const f32) -> __m512 {
        unsafe {
            let first = _mm256_castps128_ps256(_mm_loadu_ps(first));
            _mm512_zextps256_ps512(_mm256_insertf128_ps::<1>(first, _mm_loadu_ps(second)))
        }
    }

    #[inline(always)]
    fn pick(self, table: __m512, places: __m512i) -> __m512 {
        unsafe { _mm512_permutexvar_ps(places, table) }
    }
}
