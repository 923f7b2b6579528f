//! The sizes of Winograd's minimal filtering: what is done to tiles along one axis.
//!
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), whose names the matrices bear:
//! outputs = Aᵀ [(G weights) · (Bᵀ inputs)], a product of polynomials evaluated at N points. Along two axes each
//! matrix acts on columns, then on rows. The gradient of the weights is the adjoint of the same expression,
//! Gᵀ [(A dy) · (Bᵀ inputs)].

pub(crate) use opposite::{Five, Seven};

use crate::simd::Simd;

mod opposite;

/// One size: M outputs along an axis from N = M + 2 inputs.
pub(crate) trait Form<const M: usize, const N: usize>: Copy {
    /// The points' rows of G.
    const WEIGHTS: [[f32; 3]; N];

    /// Bᵀ, of inputs.
    fn inputs<S: Simd>(self, simd: S, d: [S::Vector; N]) -> [S::Vector; N];

    /// Aᵀ, giving outputs.
    fn outputs<S: Simd>(self, simd: S, p: [S::Vector; N]) -> [S::Vector; M];

    /// A, of the gradient with respect to outputs.
    fn gradients<S: Simd>(self, simd: S, y: [S::Vector; M]) -> [S::Vector; N];
}

/// F(2, 3): the points 0, 1, -1 and infinity.
#[derive(Clone, Copy)]
pub(crate) struct Two;

impl Form<2, 4> for Two {
    const WEIGHTS: [[f32; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];

    #[inline(always)]
    fn inputs<S: Simd>(self, simd: S, d: [S::Vector; 4]) -> [S::Vector; 4] {
        [simd.sub(d[0], d[2]), simd.add(d[1], d[2]), simd.sub(d[2], d[1]), simd.sub(d[3], d[1])]
    }

    #[inline(always)]
    fn outputs<S: Simd>(self, simd: S, p: [S::Vector; 4]) -> [S::Vector; 2] {
        let even = simd.add(p[1], p[2]);
        let odd = simd.sub(p[1], p[2]);
        [simd.add(p[0], even), simd.add(odd, p[3])]
    }

    #[inline(always)]
    fn gradients<S: Simd>(self, simd: S, y: [S::Vector; 2]) -> [S::Vector; 4] {
        [y[0], simd.add(y[0], y[1]), simd.sub(y[0], y[1]), y[1]]
    }
}

/// F(4, 3): the points 0, ±[`POINTS`] and infinity.
#[derive(Clone, Copy)]
pub(crate) struct Four;

/// Each the inverse of the other and near one, so that no power of them is large: errors are a quarter smaller than
/// with 1/2 and 2, 1.1e-6 of the outputs' norm for 128 channels of random numbers where direct sums have 0.6e-6.
const POINTS: [f32; 2] = [std::f32::consts::FRAC_1_SQRT_2, std::f32::consts::SQRT_2];
/// Their squares.
const SQUARES: [f32; 2] = [0.5, 2.0];
/// Their third powers.
const CUBES: [f32; 2] = [SQUARES[0] * POINTS[0], SQUARES[1] * POINTS[1]];
/// The sum of the squares; their product is 1.
const SUM: f32 = SQUARES[0] + SQUARES[1];

/// [1, p, p²] over the product of the differences from p to the other finite points, for the point `sign` * p.
const fn weights(this: usize, sign: f32) -> [f32; 3] {
    let differences = 2.0 * SQUARES[this] * (SQUARES[this] - SQUARES[1 - this]);
    [1.0 / differences, sign * POINTS[this] / differences, SQUARES[this] / differences]
}

impl Form<4, 6> for Four {
    const WEIGHTS: [[f32; 3]; 6] = [
        [1.0, 0.0, 0.0],
        weights(0, 1.0),
        weights(0, -1.0),
        weights(1, 1.0),
        weights(1, -1.0),
        [0.0, 0.0, 1.0],
    ];

    #[inline(always)]
    fn inputs<S: Simd>(self, simd: S, d: [S::Vector; 6]) -> [S::Vector; 6] {
        let even = [fused(simd, -SQUARES[1], d[2], d[4]), fused(simd, -SQUARES[0], d[2], d[4])];
        let odd = [fused(simd, -SQUARES[1], d[1], d[3]), fused(simd, -SQUARES[0], d[1], d[3])];
        let [[plus, minus], [plus_2, minus_2]] = both_signs(simd, even, odd);
        let (first, last) = (simd.add(d[0], d[4]), simd.add(d[1], d[5]));
        [fused(simd, -SUM, d[2], first), plus, minus, plus_2, minus_2, fused(simd, -SUM, d[3], last)]
    }

    #[inline(always)]
    fn outputs<S: Simd>(self, simd: S, p: [S::Vector; 6]) -> [S::Vector; 4] {
        let even = [simd.add(p[1], p[2]), simd.add(p[3], p[4])];
        let odd = [simd.sub(p[1], p[2]), simd.sub(p[3], p[4])];
        [
            simd.add(p[0], simd.add(even[0], even[1])),
            fused(simd, POINTS[1], odd[1], simd.mul(simd.splat(POINTS[0]), odd[0])),
            fused(simd, SQUARES[1], even[1], simd.mul(simd.splat(SQUARES[0]), even[0])),
            fused(simd, CUBES[1], odd[1], fused(simd, CUBES[0], odd[0], p[5])),
        ]
    }

    #[inline(always)]
    fn gradients<S: Simd>(self, simd: S, y: [S::Vector; 4]) -> [S::Vector; 6] {
        let even = [fused(simd, SQUARES[0], y[2], y[0]), fused(simd, SQUARES[1], y[2], y[0])];
        let odd = [fused(simd, SQUARES[0], y[3], y[1]), fused(simd, SQUARES[1], y[3], y[1])];
        let [[plus, minus], [plus_2, minus_2]] = both_signs(simd, even, odd);
        [y[0], plus, minus, plus_2, minus_2, y[3]]
    }
}

/// Polynomials at a point and at its negative: even + point * odd and even - point * odd, for both points.
#[inline(always)]
fn both_signs<S: Simd>(simd: S, even: [S::Vector; 2], odd: [S::Vector; 2]) -> [[S::Vector; 2]; 2] {
    // Additions have units of their own, which would be idle if both were fused with the multiplication.
    let odd = [simd.mul(simd.splat(POINTS[0]), odd[0]), simd.mul(simd.splat(POINTS[1]), odd[1])];
    [
        [simd.add(even[0], odd[0]), simd.sub(even[0], odd[0])],
        [simd.add(even[1], odd[1]), simd.sub(even[1], odd[1])],
    ]
}

/// a * b + c. A function and not a closure, for a closure would not be compiled for the instruction set.
#[inline(always)]
fn fused<S: Simd>(simd: S, a: f32, b: S::Vector, c: S::Vector) -> S::Vector {
    simd.mul_add(simd.splat(a), b, c)
}
