//! Weights into points, for outputs and for the gradient of inputs, and points back into the gradient of weights.
#![expect(clippy::needless_range_loop, reason = "constant trip counts keep tiles in registers")]

use std::ops::Range;

use super::form::Form;
use crate::isa::Kernel;
use crate::simd::Simd;

/// A kernel of 3 x 3 has this many weights.
pub(crate) const TAPS: usize = 9;

/// One block of direct weights, `[tap][input][lane]`, into points, `[point][input][lane]`.
pub(crate) struct Expand<'a, F, const M: usize, const N: usize> {
    pub(crate) form: F,
    pub(crate) taps: &'a [f32],
    pub(crate) points: &'a mut [f32],
}

impl<F: Form<M, N>, const M: usize, const N: usize> Kernel for Expand<'_, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, wide: W, half: H) {
        let length = check(self.taps, self.points, N * N);
        let mut place = 0;
        while place + W::LANES <= length {
            // SAFETY: the slices hold `length` values for every tap and point, and so many are left from `place` on.
            unsafe { expand_at(wide, self.form, self.taps, &mut *self.points, place, length) };
            place += W::LANES;
        }
        while place < length {
            // SAFETY: as above; what is left is a multiple of eight.
            unsafe { expand_at(half, self.form, self.taps, &mut *self.points, place, length) };
            place += H::LANES;
        }
    }
}

/// One block of points, `[point][input][lane]`, into the gradient of direct weights, `[tap][input][lane]`.
pub(crate) struct Contract<'a, F, const M: usize, const N: usize> {
    pub(crate) form: F,
    pub(crate) points: &'a [f32],
    pub(crate) taps: &'a mut [f32],
}

impl<F: Form<M, N>, const M: usize, const N: usize> Kernel for Contract<'_, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, wide: W, half: H) {
        let length = check(self.taps, self.points, N * N);
        let mut place = 0;
        while place + W::LANES <= length {
            // SAFETY: the slices hold `length` values for every tap and point, and so many are left from `place` on.
            unsafe { contract_at(wide, self.form, self.points, &mut *self.taps, place, length) };
            place += W::LANES;
        }
        while place < length {
            // SAFETY: as above; what is left is a multiple of eight.
            unsafe { contract_at(half, self.form, self.points, &mut *self.taps, place, length) };
            place += H::LANES;
        }
    }
}

/// Values of a tap and of a point: inputs times lanes.
fn check(taps: &[f32], points: &[f32], count: usize) -> usize {
    let length = taps.len() / TAPS;
    assert!(length.is_multiple_of(8) && length * TAPS == taps.len(), "no whole block of weights");
    assert!(points.len() == length * count, "not as many points as weights");
    length
}

/// # Safety
/// From `place` on a whole vector must lie in every tap and every point, each of `length` values.
#[inline(always)]
unsafe fn expand_at<S: Simd, F: Form<M, N>, const M: usize, const N: usize>(
    simd: S,
    form: F,
    taps: &[f32],
    points: &mut [f32],
    place: usize,
    length: usize,
) {
    let mut loaded = [simd.splat(0.0); TAPS];
    for tap in 0..TAPS {
        // SAFETY: the caller's promise.
        loaded[tap] = unsafe { simd.load(taps.as_ptr().add(tap * length + place)) };
    }
    let expanded = expand(simd, form, loaded);
    for point in 0..N * N {
        // SAFETY: the caller's promise.
        unsafe {
            simd.store(points.as_mut_ptr().add(point * length + place), expanded[point / N][point % N])
        };
    }
}

/// # Safety
/// From `place` on a whole vector must lie in every tap and every point, each of `length` values.
#[inline(always)]
unsafe fn contract_at<S: Simd, F: Form<M, N>, const M: usize, const N: usize>(
    simd: S,
    _: F,
    points: &[f32],
    taps: &mut [f32],
    place: usize,
    length: usize,
) {
    let mut half = [[simd.splat(0.0); N]; 3];
    for point in 0..N * N {
        // SAFETY: the caller's promise.
        let value = unsafe { simd.load(points.as_ptr().add(point * length + place)) };
        for k in 0..3 {
            let sum = &mut half[k][point % N];
            *sum = simd.mul_add(simd.splat(F::WEIGHTS[point / N][k]), value, *sum);
        }
    }
    for tap in 0..TAPS {
        let mut sum = simd.splat(0.0);
        for j in 0..N {
            sum = simd.mul_add(simd.splat(F::WEIGHTS[j][tap % 3]), half[tap / 3][j], sum);
        }
        // SAFETY: the caller's promise.
        unsafe { simd.store(taps.as_mut_ptr().add(tap * length + place), sum) };
    }
}

/// G g Gᵀ.
#[inline(always)]
fn expand<S: Simd, F: Form<M, N>, const M: usize, const N: usize>(
    simd: S,
    _: F,
    taps: [S::Vector; TAPS],
) -> [[S::Vector; N]; N] {
    let mut half = [[simd.splat(0.0); 3]; N];
    let mut whole = [[simd.splat(0.0); N]; N];
    for i in 0..N {
        for k in 0..3 {
            half[i][k] = at_point(simd, F::WEIGHTS[i], [taps[k], taps[3 + k], taps[6 + k]]);
        }
        for j in 0..N {
            whole[i][j] = at_point(simd, F::WEIGHTS[j], half[i]);
        }
    }
    whole
}

/// A row of G times three weights.
#[inline(always)]
fn at_point<S: Simd>(simd: S, row: [f32; 3], weights: [S::Vector; 3]) -> S::Vector {
    let sum = simd.mul(simd.splat(row[0]), weights[0]);
    let sum = simd.mul_add(simd.splat(row[1]), weights[1], sum);
    simd.mul_add(simd.splat(row[2]), weights[2], sum)
}

/// Direct weights of a convolution from some inputs to some outputs into the points of the convolution that gives
/// the gradient of its inputs: outputs are summed over, inputs are the lanes, and the kernels are turned by 180°.
pub(crate) struct Turn<'a, F, const M: usize, const N: usize> {
    pub(crate) form: F,
    /// Real inputs and outputs.
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Blocks of outputs, whose weights lie one after the other as `[tap][input][lane]`.
    pub(crate) blocks: &'a [Range<usize>],
    pub(crate) taps: &'a [f32],
    /// The block of inputs that is written as `[point][output][lane]`.
    pub(crate) block: Range<usize>,
    pub(crate) points: &'a mut [f32],
}

impl<F: Form<M, N>, const M: usize, const N: usize> Kernel for Turn<'_, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, _: W, half: H) {
        assert!(H::LANES == 8 && self.block.len().is_multiple_of(8), "blocks are cut by eight");
        assert!(self.points.len() == N * N * self.outputs * self.block.len(), "no whole block of points");
        for block in self.blocks {
            for lane in (0..block.len()).step_by(8) {
                let outputs = block.start + lane..self.outputs.min(block.start + lane + 8);
                // Innermost, so that lines of the points, of which there are most, are written as a whole.
                for first in self.block.clone().step_by(8) {
                    let turned = self.turned(half, first, block, lane);
                    for (number, output) in outputs.clone().enumerate() {
                        let mut loaded = [half.splat(0.0); TAPS];
                        for tap in 0..TAPS {
                            // SAFETY: each is an array of the eight values of a vector.
                            loaded[tap] = unsafe { half.load(turned[TAPS - 1 - tap][number].as_ptr()) };
                        }
                        let expanded = expand(half, self.form, loaded);
                        for point in 0..N * N {
                            let place = (point * self.outputs + output) * self.block.len();
                            let to = &mut self.points[place + first - self.block.start..][..8];
                            // SAFETY: the slice has the eight values of a vector.
                            unsafe { half.store(to.as_mut_ptr(), expanded[point / N][point % N]) };
                        }
                    }
                }
            }
        }
    }
}

impl<F, const M: usize, const N: usize> Turn<'_, F, M, N> {
    /// Of every tap eight outputs, each with eight inputs from `first` on; inputs that do not exist have zeros.
    #[inline(always)]
    fn turned<H: Simd>(
        &self,
        half: H,
        first: usize,
        block: &Range<usize>,
        lane: usize,
    ) -> [[[f32; 8]; 8]; TAPS] {
        let weights = &self.taps[block.start * TAPS * self.inputs..];
        let mut turned = [[[0.0; 8]; 8]; TAPS];
        for tap in 0..TAPS {
            let mut rows = [[0.0; 8]; 8];
            for (row, input) in rows.iter_mut().zip(first..self.inputs) {
                row.copy_from_slice(&weights[(tap * self.inputs + input) * block.len() + lane..][..8]);
            }
            turned[tap] = half.columns(rows);
        }
        turned
    }
}
