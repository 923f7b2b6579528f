//! F(2P - 1, 3) with P pairs of opposite points and infinity, which share half of their work.
//!
//! Zero is not among the points: with it, rounding errors would be larger.
#![expect(clippy::needless_range_loop, reason = "constant trip counts keep tiles in registers")]

use super::{Form, fused};
use crate::simd::Simd;

/// The points of F(7, 3). Found by trying: of all with four binary digits after the point those with the smallest errors,
/// which none with six makes a tenth smaller. For 128 channels of random numbers they are 1.1e-5 of the outputs' norm and
/// 0.5e-5 of that of the weights' gradient, where direct sums have 0.6e-6 and 0.5e-6. (Seen once; no record was kept.)
const SEVEN: Opposite<4> = Opposite::new([0.25, 0.6875, 1.125, 2.125]);

/// The points of F(5, 3), of all with four binary digits those with about the smallest errors: for 64 channels of random
/// numbers 1.6e-6 of the outputs' norm, where direct sums have 0.4e-6 and F(4, 3) with four digits has 0.8e-6. (Seen
/// once; no record was kept.)
const FIVE: Opposite<3> = Opposite::new([0.25, 0.875, 1.75]);

/// F(5, 3).
#[derive(Clone, Copy)]
pub(crate) struct Five;

/// F(7, 3).
#[derive(Clone, Copy)]
pub(crate) struct Seven;

/// The numbers that follow from the positive points.
struct Opposite<const P: usize> {
    points: [f32; P],
    /// The polynomials in x² that are zero at the squares of all points but one pair, from the constant coefficient up;
    /// the highest is 1 and not among them, so that the last here is without meaning.
    others: [[f32; P]; P],
    /// The polynomial in x² that is zero at all points, without its highest coefficient, which is 1.
    all: [f32; P],
}

/// The most pairs and one.
const MOST: usize = 5;

impl<const P: usize> Opposite<P> {
    const fn new(points: [f32; P]) -> Opposite<P> {
        let mut numbers = Opposite { points, others: [[0.0; P]; P], all: [0.0; P] };
        let all = numbers.product(P);
        let mut pair = 0;
        while pair < P {
            let others = numbers.product(pair);
            let mut power = 0;
            while power < P {
                numbers.others[pair][power] = others[power] as f32;
                power += 1;
            }
            numbers.all[pair] = all[pair] as f32;
            pair += 1;
        }
        numbers
    }

    /// The product of (z - square) over all squares but one, or over all where there is no such one.
    const fn product(&self, without: usize) -> [f64; MOST] {
        let mut polynomial = [0.0; MOST];
        polynomial[0] = 1.0;
        let mut pair = 0;
        while pair < P {
            if pair != without {
                let square = (self.points[pair] * self.points[pair]) as f64;
                let mut power = P;
                while power > 0 {
                    polynomial[power] = polynomial[power - 1] - square * polynomial[power];
                    power -= 1;
                }
                polynomial[0] *= -square;
            }
            pair += 1;
        }
        polynomial
    }

    /// Rows of G: [1, p, p²] over the product of the differences from p to the other finite points; last infinity's.
    const fn weights<const N: usize>(&self) -> [[f32; 3]; N] {
        let mut rows = [[0.0, 0.0, 1.0]; N];
        let mut number = 0;
        while number < 2 * P {
            let (point, others) = (self.points[number / 2] as f64, self.product(number / 2));
            let sign = if number % 2 == 0 { 1.0 } else { -1.0 };
            let square = point * point;
            let mut value = 0.0;
            let mut power = P;
            while power > 0 {
                power -= 1;
                value = others[power] + square * value;
            }
            let differences = sign * 2.0 * point * value;
            rows[number] = [
                (1.0 / differences) as f32,
                (sign * point / differences) as f32,
                (square / differences) as f32,
            ];
            number += 1;
        }
        rows
    }

    #[inline(always)]
    fn inputs<S: Simd, const N: usize>(&self, simd: S, d: [S::Vector; N]) -> [S::Vector; N] {
        let mut points = [d[2 * P]; N];
        for pair in 0..P {
            // The polynomial that is zero at all points but p is (x + p) times the one of the other pairs.
            let (mut even, mut odd) = (d[2 * P - 2], d[2 * P - 1]);
            for power in 0..P - 1 {
                even = fused(simd, self.others[pair][power], d[2 * power], even);
                odd = fused(simd, self.others[pair][power], d[2 * power + 1], odd);
            }
            let even = simd.mul(simd.splat(self.points[pair]), even);
            points[2 * pair] = simd.add(odd, even);
            points[2 * pair + 1] = simd.sub(odd, even);
            points[2 * P] = fused(simd, self.all[pair], d[2 * pair], points[2 * P]);
        }
        points
    }

    #[inline(always)]
    fn outputs<S: Simd, const M: usize, const N: usize>(&self, simd: S, p: [S::Vector; N]) -> [S::Vector; M] {
        let mut y = [simd.splat(0.0); M];
        y[M - 1] = p[2 * P];
        for pair in 0..P {
            let even = simd.add(p[2 * pair], p[2 * pair + 1]);
            let odd = simd.sub(p[2 * pair], p[2 * pair + 1]);
            let mut power = 1.0;
            for i in 0..M {
                let part = if i % 2 == 0 { even } else { odd };
                y[i] = if i == 0 {
                    if pair == 0 { part } else { simd.add(y[i], part) }
                } else if pair == 0 && i < M - 1 {
                    simd.mul(simd.splat(power), part)
                } else {
                    fused(simd, power, part, y[i])
                };
                power *= self.points[pair];
            }
        }
        y
    }

    #[inline(always)]
    fn gradients<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        y: [S::Vector; M],
    ) -> [S::Vector; N] {
        let mut points = [y[M - 1]; N];
        for pair in 0..P {
            let square = self.points[pair] * self.points[pair];
            let (mut even, mut odd) = (y[M - 1], y[M - 2]);
            let mut i = M - 1;
            while i > 1 {
                i -= 2;
                even = fused(simd, square, even, y[i]);
                if i > 1 {
                    odd = fused(simd, square, odd, y[i - 1]);
                }
            }
            let odd = simd.mul(simd.splat(self.points[pair]), odd);
            points[2 * pair] = simd.add(even, odd);
            points[2 * pair + 1] = simd.sub(even, odd);
        }
        points
    }
}

impl Form<5, 7> for Five {
    const WEIGHTS: [[f32; 3]; 7] = FIVE.weights();

    #[inline(always)]
    fn inputs<S: Simd>(self, simd: S, d: [S::Vector; 7]) -> [S::Vector; 7] {
        FIVE.inputs(simd, d)
    }

    #[inline(always)]
    fn outputs<S: Simd>(self, simd: S, p: [S::Vector; 7]) -> [S::Vector; 5] {
        FIVE.outputs(simd, p)
    }

    #[inline(always)]
    fn gradients<S: Simd>(self, simd: S, y: [S::Vector; 5]) -> [S::Vector; 7] {
        FIVE.gradients(simd, y)
    }
}

impl Form<7, 9> for Seven {
    const WEIGHTS: [[f32; 3]; 9] = SEVEN.weights();

    #[inline(always)]
    fn inputs<S: Simd>(self, simd: S, d: [S::Vector; 9]) -> [S::Vector; 9] {
        SEVEN.inputs(simd, d)
    }

    #[inline(always)]
    fn outputs<S: Simd>(self, simd: S, p: [S::Vector; 9]) -> [S::Vector; 7] {
        SEVEN.outputs(simd, p)
    }

    #[inline(always)]
    fn gradients<S: Simd>(self, simd: S, y: [S::Vector; 7]) -> [S::Vector; 9] {
        SEVEN.gradients(simd, y)
    }
}
