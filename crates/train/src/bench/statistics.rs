//! Medians of slices and how sure one can be of them.

/// A median with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Coverage that an interval is to have where there are slices enough.
const COVERAGE: f64 = 0.95;

/// The median of `values` and an interval between two of them: the `rank`-th smallest and the `rank`-th largest.
///
/// Such an interval needs no assumption about how slices scatter (Conover, Practical Nonparametric Statistics, 3rd
/// ed., section 3.2): it misses the median when fewer than `rank` values lie on one side of it, and each does so by
/// the toss of a coin. [`rank_and_coverage`] has the rank. Not numbers where there are no values.
#[must_use]
pub fn estimate(values: &[f64]) -> Estimate {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    if count == 0 {
        return Estimate { median: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let (rank, _) = rank_and_coverage(count);
    let median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0;
    Estimate { median, low: sorted[rank - 1], high: sorted[count - rank] }
}

/// The rank, from 1, of the narrowest interval that covers the median with a probability of at least 95%, and
/// that probability: 1 - 2 P(fewer than `rank` heads in `count` tosses). Below 6 values no interval does, and the
/// widest one, from the smallest to the largest, is it.
#[must_use]
pub fn rank_and_coverage(count: usize) -> (usize, f64) {
    // P(exactly 0 heads), P(exactly 1 head) and so on.
    let mut exactly = 0.5f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut fewer = exactly;
    let (mut rank, mut coverage) = (1, 1.0 - 2.0 * fewer);
    for heads in 1..count / 2 {
        exactly *= (count - heads + 1) as f64 / heads as f64;
        fewer += exactly;
        if 1.0 - 2.0 * fewer < COVERAGE {
            break;
        }
        (rank, coverage) = (heads + 1, 1.0 - 2.0 * fewer);
    }
    (rank, coverage.max(0.0))
}

/// The estimate of `values / against`, round by round, so that what slows both down in a round drops out.
#[must_use]
pub fn paired_ratio(values: &[f64], against: &[f64]) -> Estimate {
    let ratios: Vec<f64> = values.iter().zip(against).map(|(value, base)| value / base).collect();
    estimate(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_its_ends() {
        let odd = estimate(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(odd, Estimate { median: 3.0, low: 1.0, high: 5.0 });
        let even = estimate(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(even, Estimate { median: 2.5, low: 1.0, high: 4.0 });
        // Of nine values the second from either end: one outlier on each side does no harm.
        let nine = estimate(&[900.0, 12.0, 11.0, 13.0, 0.1, 15.0, 14.0, 17.0, 16.0]);
        assert_eq!(nine, Estimate { median: 14.0, low: 11.0, high: 17.0 });
        assert_eq!(estimate(&[7.0]), Estimate { median: 7.0, low: 7.0, high: 7.0 });
        assert!(estimate(&[]).median.is_nan());
    }

    /// Sums of binomial coefficients over 2^n: n = 5: 1 - 2 x 1/32; n = 6: 1 - 2 x 1/64; n = 8: 1 - 2 x 1/256, as
    /// with (1 + 8)/256 it would be 0.930; n = 9: 1 - 2 x (1 + 9)/512; n = 20: 1 - 2 x (1 + 20 + 190 + 1,140 +
    /// 4,845 + 15,504)/1,048,576.
    #[test]
    fn coverage_is_that_of_tossed_coins() {
        let cases = [
            (1, 1, 0.0),
            (2, 1, 0.5),
            (5, 1, 0.9375),
            (6, 1, 0.96875),
            (8, 1, 0.992_187_5),
            (9, 2, 0.960_937_5),
            (20, 6, 1.0 - 2.0 * 21_700.0 / 1_048_576.0),
        ];
        for (count, rank, coverage) in cases {
            let found = rank_and_coverage(count);
            assert_eq!(found.0, rank, "{count}");
            assert!((found.1 - coverage).abs() < 1e-12, "{count}: {}", found.1);
        }
        let many = rank_and_coverage(1000);
        // The normal approximation: 500 - 1.96 x sqrt(1000)/2 = 469.
        assert!((465..=472).contains(&many.0) && many.1 >= 0.95, "{many:?}");
    }

    /// A machine that halves its speed in the third round: the ratio does not notice.
    #[test]
    fn ratios_are_taken_within_rounds() {
        let (fast, slow) = ([30.0, 36.0, 15.0, 33.0], [10.0, 12.0, 5.0, 11.0]);
        assert_eq!(paired_ratio(&fast, &slow), Estimate { median: 3.0, low: 3.0, high: 3.0 });
        assert_eq!(paired_ratio(&slow, &slow).median, 1.0);
        // Ratios 2, 3, 4 and 5.
        let ratio = paired_ratio(&[2.0, 6.0, 12.0, 5.0], &[1.0, 2.0, 3.0, 1.0]);
        assert_eq!(ratio, Estimate { median: 3.5, low: 2.0, high: 5.0 });
    }
}
