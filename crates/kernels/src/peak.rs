//! The most multiply-adds that this processor can do: on registers alone, with nothing to load.

use std::hint::black_box;

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// What a burst of multiply-adds was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Floating-point operations, two for every lane of every multiply-add.
    pub flops: u64,
    /// The sum of all lanes, which only keeps the compiler from leaving the work out.
    pub value: f32,
}

/// Chains without fused instructions: 16 registers of 4 lanes on x86 hold six vectors of 8 and what they need;
/// elsewhere there are 32.
const PORTABLE_CHAINS: usize = if cfg!(target_arch = "x86_64") { 6 } else { 12 };

/// Takes `iterations` multiply-adds on each of many chains, with the widest vectors of `isa`.
///
/// A multiply-add waits for the one before it in its chain, 4 or 5 cycles, and a processor begins two in each
/// cycle, so at least 10 chains are needed; 24 of the 32 registers of AVX-512 and 12 of the 16 of AVX2 are used.
/// The result is the peak of the instructions that the kernels use, not of what else a processor may have.
#[must_use]
pub fn burst(isa: Isa, iterations: u64) -> Burst {
    isa.run(Chains { iterations, is_portable: isa == Isa::Portable })
}

struct Chains {
    iterations: u64,
    is_portable: bool,
}

impl Kernel for Chains {
    type Output = Burst;

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, wide: W, _half: H) -> Burst {
        if W::LANES == 16 {
            chains::<W, 24>(wide, self.iterations)
        } else if self.is_portable {
            chains::<W, PORTABLE_CHAINS>(wide, self.iterations)
        } else {
            chains::<W, 12>(wide, self.iterations)
        }
    }
}

#[expect(clippy::needless_range_loop, reason = "constant trip counts keep the sums in registers")]
#[inline(always)]
fn chains<S: Simd, const N: usize>(simd: S, iterations: u64) -> Burst {
    const { assert!(S::LANES <= 16) }
    // x -> x * (1 - 2^-10) + 2^-10 goes to 1 from anywhere, so that no value becomes too large or too small.
    let factor = simd.splat(black_box(1.0 - 1.0 / 1024.0));
    let addend = simd.splat(black_box(1.0 / 1024.0));
    let mut sums = [simd.splat(0.0); N];
    for n in 0..N {
        sums[n] = simd.splat(black_box(n as f32));
    }
    for _ in 0..iterations {
        for n in 0..N {
            sums[n] = simd.mul_add(sums[n], factor, addend);
        }
    }
    let mut lanes = [0.0; 16];
    let mut value = 0.0;
    for n in 0..N {
        // SAFETY: there is room for sixteen lanes, and no vector has more.
        unsafe { simd.store(lanes.as_mut_ptr(), sums[n]) };
        value += lanes[..S::LANES].iter().sum::<f32>();
    }
    Burst { flops: 2 * (S::LANES * N) as u64 * iterations, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every lane goes to 1, so the sum is the number of lanes, which is half the operations of an iteration.
    #[test]
    fn every_lane_is_computed_and_counted() {
        for isa in Isa::available() {
            let once = burst(isa, 1);
            let lanes = (once.flops / 2) as f32;
            // (1 - 2^-10)^20,000 = 3e-9, so what is left of the beginning is below f32's resolution of 1.
            let long = burst(isa, 20_000);
            assert_eq!(long.flops, 20_000 * once.flops, "{isa:?}");
            assert!((long.value / lanes - 1.0).abs() < 1e-3, "{isa:?}: {} of {lanes}", long.value);
        }
    }

    #[test]
    fn widths_are_those_of_the_registers() {
        let per_iteration = |isa| burst(isa, 1).flops;
        assert_eq!(per_iteration(Isa::Portable), 2 * 8 * PORTABLE_CHAINS as u64);
        #[cfg(target_arch = "x86_64")]
        for isa in Isa::available() {
            match isa {
                Isa::Avx512 => assert_eq!(per_iteration(isa), 2 * 16 * 24),
                Isa::Avx2 => assert_eq!(per_iteration(isa), 2 * 8 * 12),
                _ => {}
            }
        }
    }
}
