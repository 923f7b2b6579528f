//! Points for the tests of several estimators.

use chance::{Purpose, Stream};

use crate::fit::Point;
use crate::point::LogPoint;

/// Hardware burden in GFLOP and top-1 error of the 13 ImageNet models that Thompson et al. fitted, from the tables of
/// their own site (Computer-Progress).
const IMAGENET: [(f64, f64); 13] = [
    (1_645_056_000_000.0, 0.173),
    (1_645_056_000_000.0, 0.173),
    (12_182_400_000.0, 0.177),
    (61_670_880_000.0, 0.136),
    (5_918_400_000.0, 0.191),
    (69_984_000_000.0, 0.233),
    (1_638_144_000.0, 0.36),
    (51_840_000_000_000.0, 0.116),
    (34_171_200_000.0, 0.255),
    (29_846_880_000.0, 0.2427),
    (87_091_200_000.0, 0.21),
    (1_501_632_000.0, 0.367),
    (2_077_894_737.51, 0.171),
];

pub(crate) fn imagenet() -> Vec<LogPoint> {
    IMAGENET.iter().map(|&(compute, error)| LogPoint::new(compute, error)).collect()
}

/// Points at `computes` on the curve whose ln error is given by ln compute, off by `scatter` times normal.
pub(crate) fn about(
    computes: impl Iterator<Item = f64>,
    log_error: impl Fn(f64) -> f64,
    scatter: f64,
    seed: u64,
) -> Vec<Point> {
    let mut stream = Stream::new(seed, Purpose::Test, 0);
    let mut noise = || if scatter > 0.0 { scatter * stream.normal() } else { 0.0 };
    computes
        .map(|compute| Point { compute, error: libm::exp(log_error(libm::log(compute)) + noise()) })
        .collect()
}

/// `count` computes at equal ratios from `low` to `high`.
pub(crate) fn computes(low: f64, high: f64, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |i| low * libm::pow(high / low, i as f64 / (count - 1) as f64))
}

pub(crate) fn logs(points: &[Point]) -> Vec<LogPoint> {
    points.iter().map(|point| LogPoint::new(point.compute, point.error)).collect()
}
