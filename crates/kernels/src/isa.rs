//! Which instructions this processor has, and running a kernel with them.

use crate::simd::Simd;
use crate::simd::portable::Portable;

/// An instruction set that kernels are compiled for. The last bits of a result depend on it.
///
/// Any may be named, to plan for it; computing with one that this processor lacks panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 F, VL, BW and DQ, as all but the first processors with it have: vectors of sixteen.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with FMA: vectors of eight.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Plain Rust.
    Portable,
    /// Plain Rust that counts the multiply-adds of its products; see [`counted`]. Never chosen by itself.
    #[cfg(feature = "counting")]
    Counting,
}

/// Multiply-adds of single numbers, lanes of padding included, that products have executed on [`Isa::Counting`] since
/// the last call, by all threads together.
#[cfg(feature = "counting")]
#[must_use]
pub fn counted() -> u64 {
    crate::simd::counting::take()
}

/// A computation written once for every instruction set; `run` must be `#[inline(always)]`.
pub(crate) trait Kernel {
    /// What it gives.
    type Output;

    /// Whether what it multiplies are products of the network, as opposed to transforms, activations and updates.
    #[cfg_attr(not(feature = "counting"), expect(dead_code, reason = "only counting asks"))]
    const IS_PRODUCT: bool = false;

    /// Computes with vectors of the widest kind, and with vectors of eight lanes.
    fn run<W: Simd, H: Simd>(self, wide: W, half: H) -> Self::Output;
}

impl Isa {
    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Isa {
        Isa::all().into_iter().find(|isa| isa.is_available()).unwrap_or(Isa::Portable)
    }

    /// Every instruction set that this processor has, the best first.
    #[must_use]
    pub fn available() -> Vec<Isa> {
        Isa::all().into_iter().filter(|isa| isa.is_available()).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn all() -> Vec<Isa> {
        vec![Isa::Avx512, Isa::Avx2, Isa::Portable]
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn all() -> Vec<Isa> {
        vec![Isa::Portable]
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && Isa::Avx2.is_available()
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Isa::Portable => true,
            #[cfg(feature = "counting")]
            Isa::Counting => true,
        }
    }

    /// The name that records carry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
            #[cfg(feature = "counting")]
            Isa::Counting => "counting",
        }
    }

    /// Widths, in channels, of the blocks that a product computes at once; the widest first, the last is 8.
    #[must_use]
    pub fn block_widths(self) -> &'static [usize] {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => &[64, 48, 32, 16, 8],
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &[16, 8],
            Isa::Portable => &[8],
            #[cfg(feature = "counting")]
            Isa::Counting => &[8],
        }
    }

    /// Runs a kernel with these instructions.
    ///
    /// # Panics
    /// When the processor lacks them: other vectors would not fill the blocks that plans were made of.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        assert!(self.is_available(), "this processor lacks the instructions of {}", self.name());
        match self {
            // SAFETY: the features were just found.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { run_avx512(kernel) },
            // SAFETY: the features were just found.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { run_avx2(kernel) },
            Isa::Portable => kernel.run(Portable, Portable),
            #[cfg(feature = "counting")]
            Isa::Counting if K::IS_PRODUCT => {
                use crate::simd::counting::Counting;
                kernel.run(Counting, Counting)
            }
            #[cfg(feature = "counting")]
            Isa::Counting => kernel.run(Portable, Portable),
        }
    }
}

/// # Safety
/// The processor must have the features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the features are the caller's promise. Eight lanes are AVX2's, which gain the 32 registers here.
    let (wide, half) = unsafe { (crate::simd::avx512::Avx512::new(), crate::simd::avx2::Avx2::new()) };
    kernel.run(wide, half)
}

/// # Safety
/// The processor must have the features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the features are the caller's promise.
    let simd = unsafe { crate::simd::avx2::Avx2::new() };
    kernel.run(simd, simd)
}

#[cfg(test)]
mod tests;
