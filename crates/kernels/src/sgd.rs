//! Stochastic gradient descent with Nesterov momentum and weight decay, in one pass.

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// The numbers of one step for one tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate.
    pub rate: f32,
    /// Momentum.
    pub momentum: f32,
    /// Weight decay, added to the gradient.
    pub decay: f32,
}

/// Moves `weights` and their `velocity` by one step along `gradient`, each of any length, but all of the same.
///
/// As PyTorch: g += decay * w; v = momentum * v + g; w -= rate * (g + momentum * v).
///
/// # Panics
/// When the slices are of different length.
pub fn descend(isa: Isa, sgd: Sgd, weights: &mut [f32], velocity: &mut [f32], gradient: &[f32]) {
    assert!(weights.len() == velocity.len() && weights.len() == gradient.len(), "slices of one length");
    isa.run(Descent { sgd, weights, velocity, gradient });
}

struct Descent<'a> {
    sgd: Sgd,
    weights: &'a mut [f32],
    velocity: &'a mut [f32],
    gradient: &'a [f32],
}

impl Kernel for Descent<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, _wide: W, _half: H) {
        let Sgd { rate, momentum, decay } = self.sgd;
        for ((w, v), &g) in self.weights.iter_mut().zip(self.velocity).zip(self.gradient) {
            let g = g + decay * *w;
            *v = momentum * *v + g;
            *w -= rate * (g + momentum * *v);
        }
    }
}

/// sum[i] = the `count` parts' values at i, added in their order; part `p` begins at `p * stride` of `parts`.
///
/// # Panics
/// When a part is too short.
pub fn reduce(isa: Isa, parts: &[f32], stride: usize, count: usize, sum: &mut [f32]) {
    isa.run(Reduction { parts, stride, count, sum });
}

struct Reduction<'a> {
    parts: &'a [f32],
    stride: usize,
    count: usize,
    sum: &'a mut [f32],
}

impl Kernel for Reduction<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, _wide: W, _half: H) {
        let length = self.sum.len();
        if self.count == 0 {
            self.sum.fill(0.0);
        }
        for part in 0..self.count {
            let values = &self.parts[part * self.stride..][..length];
            let to = self.sum.iter_mut().zip(values);
            if part == 0 {
                to.for_each(|(sum, &value)| *sum = value);
            } else {
                to.for_each(|(sum, &value)| *sum += value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
