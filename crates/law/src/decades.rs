//! The slope of each decade of compute by itself: an exponent that drifts is no power law.
//!
//! b is the least-squares slope of [`crate::power`] over the points of one decade alone, both ends included. The first decade begins at the
//! least compute, so that budgets half a decade apart have three points in each; where the cuts lie is ours.

use crate::point::LogPoint;
use crate::power;

/// Decades that computes must span for a slope: those of one budget differ by rounding, over which error does not fall.
pub const LEAST_SPAN: f64 = 0.1;

/// Decades beyond its ends to which a decade holds points: computes miss the budget that they were meant for by some percent.
const ROUNDING: f64 = 0.05;

/// The power law within one decade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decade {
    /// Compute at which it begins: a power of ten times the least.
    pub from: f64,
    /// Points within it.
    pub points: usize,
    /// -d ln E / d ln C by least squares; `None` where all computes span less than [`LEAST_SPAN`].
    pub b: Option<f64>,
    /// 1/b, where error falls.
    pub k: Option<f64>,
}

/// Every decade whose points lie far enough apart for a slope, by rising compute; where there is none, the one that holds all points.
#[must_use]
pub fn slopes(points: &[LogPoint]) -> Vec<Decade> {
    use core::f64::consts::LN_10;
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.log_compute.total_cmp(&b.log_compute).then(a.log_error.total_cmp(&b.log_error)));
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    if last.log_compute - first.log_compute < LEAST_SPAN * LN_10 {
        return vec![Decade { from: libm::exp(first.log_compute), points: sorted.len(), b: None, k: None }];
    }
    let decades = ((last.log_compute - first.log_compute) / LN_10).ceil() as usize;
    let decade = |number: usize| {
        let from = first.log_compute + number as f64 * LN_10;
        let begin = sorted.partition_point(|point| point.log_compute < from - ROUNDING * LN_10);
        let end = sorted.partition_point(|point| point.log_compute <= from + (1.0 + ROUNDING) * LN_10);
        of(from, &sorted[begin.min(end)..end])
    };
    (0..decades).filter_map(decade).collect()
}

/// The decade from a compute given as ln, of its points by rising compute; `None` where they lie too near each other.
fn of(from: f64, members: &[LogPoint]) -> Option<Decade> {
    let (first, last) = (members.first()?, members.last()?);
    if last.log_compute - first.log_compute < LEAST_SPAN * core::f64::consts::LN_10 {
        return None;
    }
    let b = power::fit(members).map(|law| law.b);
    Some(Decade {
        from: libm::exp(from),
        points: members.len(),
        b,
        k: b.filter(|b| *b > 0.0).map(|b| 1.0 / b),
    })
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
        let found: Vec<usize> = decades.iter().map(|decade| decade.points).collect();
        assert_eq!(found, [3, 3, 3, 3]);
        for (decade, from) in decades.iter().zip([1e10, 1e11, 1e12, 1e13]) {
            assert!((decade.from / from - 1.0).abs() < 1e-9, "{decade:?}");
        }
        for (decade, k) in decades.iter().zip([4.0, 4.0, 8.0, 8.0]) {
            assert!((decade.k.unwrap() - k).abs() < 1e-9, "{decade:?}");
        }
        // One budget, whose computes differ by 2%.
        let near = [1.0, 1.02].map(|compute| LogPoint::new(compute, 0.1 / compute));
        assert_eq!(slopes(&near)[0].b, None);
        // Nothing in between: a decade without points is left out.
        let apart = [1.0, 2.0, 1e5, 2e5].map(|compute: f64| LogPoint::new(compute, libm::pow(compute, -0.5)));
        let found: Vec<usize> = slopes(&apart).iter().map(|decade| decade.points).collect();
        assert_eq!((found, slopes(&[])), (vec![2, 2], Vec::new()));
    }
}
