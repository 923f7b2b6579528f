//! When there are pairs enough: the rule by which the experiment ends, on ratios alone.

use crate::bench::statistics::{estimate, rank_and_coverage};

/// Pairs before which no interval is believed, however narrow.
const LEAST_PAIRS: usize = 30;

/// The rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    /// It ends after so many.
    pub most_pairs: usize,
    /// It ends when the interval is this narrow.
    pub half_width: f64,
}

impl Rule {
    /// Whether another pair is wanted.
    pub(super) fn goes_on(self, ratios: &[f64]) -> bool {
        ratios.len() < self.most_pairs && !self.is_narrow(ratios)
    }

    /// Whether these are pairs enough for an interval, and it is as narrow as is asked.
    pub(super) fn is_narrow(self, ratios: &[f64]) -> bool {
        ratios.len() >= LEAST_PAIRS && half_width(ratios) <= self.half_width
    }
}

/// Half of the width of the interval of the median of `ratios`; infinite where they are too few to have one of 95%.
pub(super) fn half_width(ratios: &[f64]) -> f64 {
    if rank_and_coverage(ratios.len()).1 < 0.95 {
        return f64::INFINITY;
    }
    let ratio = estimate(ratios);
    (ratio.high - ratio.low) / 2.0
}

/// What the ends of the interval after so many pairs are, in words, and its coverage.
pub(super) fn method(pairs: usize) -> (String, f64) {
    let (rank, coverage) = rank_and_coverage(pairs);
    let method = format!(
        "median over the pairs of the seconds of a metered block over those of an unmetered one of the same steps; low and \
         high: the values of rank {rank} from either end, whatever way ratios scatter; as the experiment ends when they are \
         close, the interval holds the median a little less often than its coverage says"
    );
    (method, coverage)
}

#[cfg(test)]
mod tests;
