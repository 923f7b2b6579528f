//! F(7, 3): nine points, eight of them finite.
#![expect(clippy::needless_range_loop, reason = "constant trip counts keep tiles in registers")]

use super::{Form, fused};
use crate::simd::Simd;

/// F(7, 3): the points ±[`POINTS`] and infinity. Zero is not among them, as pairs of opposite points share half of
/// their work, and eight are four pairs.
#[derive(Clone, Copy)]
pub(crate) struct Seven;

/// Found by trying: of all with four binary digits after the point those with the smallest errors, which none with six
/// makes a tenth smaller. For 128 channels of random numbers they are 1.1e-5 of the outputs' norm and 0.5e-5 of that of
/// the weights' gradient, where direct sums have 0.6e-6 and 0.5e-6. With zero among the points they would be larger.
/// (Seen once; no record was kept.)
const POINTS: [f32; PAIRS] = [0.25, 0.6875, 1.125, 2.125];
/// Pairs of opposite points.
const PAIRS: usize = 4;
/// The polynomials in x² that are zero at the squares of all points but one pair, from the constant coefficient to
/// that of x⁶, which is 1.
const OTHERS: [[f32; PAIRS]; PAIRS] = [others(0), others(1), others(2), others(3)];
/// The polynomial in x² that is zero at all points, without its highest coefficient, which is 1.
const ALL: [f32; PAIRS] = all();

/// The product of (z - square) over all squares but one, or over all where there is no such one.
const fn product(without: usize) -> [f64; PAIRS + 1] {
    let mut polynomial = [0.0; PAIRS + 1];
    polynomial[0] = 1.0;
    let mut pair = 0;
    while pair < PAIRS {
        if pair != without {
            let square = (POINTS[pair] * POINTS[pair]) as f64;
            let mut power = PAIRS;
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

const fn others(pair: usize) -> [f32; PAIRS] {
    let polynomial = product(pair);
    [polynomial[0] as f32, polynomial[1] as f32, polynomial[2] as f32, polynomial[3] as f32]
}

const fn all() -> [f32; PAIRS] {
    let polynomial = product(PAIRS);
    [polynomial[0] as f32, polynomial[1] as f32, polynomial[2] as f32, polynomial[3] as f32]
}

/// [1, p, p²] over the product of the differences from p to the other finite points, for the point `sign` * p.
const fn weights(pair: usize, sign: f64) -> [f32; 3] {
    let (point, others) = (POINTS[pair] as f64, product(pair));
    let square = point * point;
    let value = others[0] + square * (others[1] + square * (others[2] + square * others[3]));
    let differences = sign * 2.0 * point * value;
    [(1.0 / differences) as f32, (sign * point / differences) as f32, (square / differences) as f32]
}

impl Form<7, 9> for Seven {
    const WEIGHTS: [[f32; 3]; 9] = [
        weights(0, 1.0),
        weights(0, -1.0),
        weights(1, 1.0),
        weights(1, -1.0),
        weights(2, 1.0),
        weights(2, -1.0),
        weights(3, 1.0),
        weights(3, -1.0),
        [0.0, 0.0, 1.0],
    ];

    #[inline(always)]
    fn inputs<S: Simd>(self, simd: S, d: [S::Vector; 9]) -> [S::Vector; 9] {
        let mut points = [d[8]; 9];
        for pair in 0..PAIRS {
            // The polynomial that is zero at all points but p is (x + p) times the one of the other pairs.
            let (mut even, mut odd) = (d[6], d[7]);
            for power in 0..PAIRS - 1 {
                even = fused(simd, OTHERS[pair][power], d[2 * power], even);
                odd = fused(simd, OTHERS[pair][power], d[2 * power + 1], odd);
            }
            let even = simd.mul(simd.splat(POINTS[pair]), even);
            points[2 * pair] = simd.add(odd, even);
            points[2 * pair + 1] = simd.sub(odd, even);
            points[8] = fused(simd, ALL[pair], d[2 * pair], points[8]);
        }
        points
    }

    #[inline(always)]
    fn outputs<S: Simd>(self, simd: S, p: [S::Vector; 9]) -> [S::Vector; 7] {
        let zero = simd.splat(0.0);
        let mut y = [zero, zero, zero, zero, zero, zero, p[8]];
        for pair in 0..PAIRS {
            let even = simd.add(p[2 * pair], p[2 * pair + 1]);
            let odd = simd.sub(p[2 * pair], p[2 * pair + 1]);
            let mut power = 1.0;
            for i in 0..7 {
                let part = if i % 2 == 0 { even } else { odd };
                y[i] = match (i, pair) {
                    (0, 0) => part,
                    (0, _) => simd.add(y[i], part),
                    (1..6, 0) => simd.mul(simd.splat(power), part),
                    _ => fused(simd, power, part, y[i]),
                };
                power *= POINTS[pair];
            }
        }
        y
    }

    #[inline(always)]
    fn gradients<S: Simd>(self, simd: S, y: [S::Vector; 7]) -> [S::Vector; 9] {
        let mut points = [y[6]; 9];
        for pair in 0..PAIRS {
            let square = POINTS[pair] * POINTS[pair];
            let even = fused(simd, square, fused(simd, square, fused(simd, square, y[6], y[4]), y[2]), y[0]);
            let odd = fused(simd, square, fused(simd, square, y[5], y[3]), y[1]);
            let odd = simd.mul(simd.splat(POINTS[pair]), odd);
            points[2 * pair] = simd.add(even, odd);
            points[2 * pair + 1] = simd.sub(even, odd);
        }
        points
    }
}
