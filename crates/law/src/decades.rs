//! The slope of each decade of compute by itself: an exponent that drifts is no power law.
//!
//! b is the least-squares slope of [`crate::power`] over the points of one decade alone. The cut at powers of ten is ours.

use crate::point::LogPoint;
use crate::power;

/// Decades that computes must span for a slope: those of one budget differ by rounding, over which error does not fall.
pub const LEAST_SPAN: f64 = 0.1;

/// The power law within one decade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decade {
    /// Compute at which it begins, a power of ten.
    pub from: f64,
    /// Points within it.
    pub points: usize,
    /// -d ln E / d ln C by least squares; `None` where the computes span less than [`LEAST_SPAN`].
    pub b: Option<f64>,
    /// 1/b, where error falls.
    pub k: Option<f64>,
}

/// Every decade of compute that holds a point, by rising compute.
#[must_use]
pub fn slopes(points: &[LogPoint]) -> Vec<Decade> {
    // A compute that was meant to be a power of ten begins its decade, whatever rounding made of it.
    let decade = |point: &LogPoint| (point.log_compute / core::f64::consts::LN_10 + 1e-9).floor();
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.log_compute.total_cmp(&b.log_compute).then(a.log_error.total_cmp(&b.log_error)));
    let of = |members: &[LogPoint]| {
        let span = members.last().zip(members.first()).map_or(0.0, |(a, b)| a.log_compute - b.log_compute);
        let is_wide = span >= LEAST_SPAN * core::f64::consts::LN_10;
        let b = power::fit(members).filter(|_| is_wide).map(|law| law.b);
        Decade {
            from: members.first().map_or(f64::NAN, |point| libm::exp10(decade(point))),
            points: members.len(),
            b,
            k: b.filter(|b| *b > 0.0).map(|b| 1.0 / b),
        }
    };
    sorted.chunk_by(|a, b| decade(a) == decade(b)).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_decade_has_its_own_slope() {
        // 1/4 below 1e12 and 1/8 from there on, continuous.
        let error = |x: f64| {
            let bend = 12.0 * core::f64::consts::LN_10;
            if x < bend { -x / 4.0 } else { -bend / 4.0 - (x - bend) / 8.0 }
        };
        let points: Vec<LogPoint> = (0..9)
            .map(|i| (10.0 + 0.5 * f64::from(i)) * core::f64::consts::LN_10)
            .map(|x| LogPoint { log_compute: x, log_error: error(x), weight: 1.0 })
            .collect();
        let decades = slopes(&points);
        let found: Vec<(f64, usize)> = decades.iter().map(|decade| (decade.from, decade.points)).collect();
        assert_eq!(found, [(1e10, 2), (1e11, 2), (1e12, 2), (1e13, 2), (1e14, 1)]);
        for (decade, k) in decades.iter().zip([4.0, 4.0, 8.0, 8.0]) {
            assert!((decade.k.unwrap() - k).abs() < 1e-9, "{decade:?}");
        }
        assert_eq!(decades[4].b, None);
        // One budget, whose computes differ by 2%.
        let near = [1.0, 1.02].map(|compute| LogPoint::new(compute, 0.1 / compute));
        assert_eq!(slopes(&near)[0].b, None);
    }
}
