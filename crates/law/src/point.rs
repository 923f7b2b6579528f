//! Points as the estimators see them: logarithms of compute and error.

/// One (compute, error) pair on natural logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogPoint {
    /// ln of the compute, whatever its unit.
    pub log_compute: f64,
    /// ln of the error.
    pub log_error: f64,
    /// How often the point counts: 1, or the number of points whose mean it is.
    pub weight: f64,
}

impl LogPoint {
    /// The logarithms of a compute and an error, both above zero.
    #[must_use]
    pub fn new(compute: f64, error: f64) -> LogPoint {
        LogPoint { log_compute: libm::log(compute), log_error: libm::log(error), weight: 1.0 }
    }
}

/// Logarithms of compute as near as this are equal but for rounding, and far nearer than any difference that was meant.
pub(crate) const EQUAL: f64 = 1e-9;

/// How many different computes there are.
pub(crate) fn different_computes(points: &[LogPoint]) -> usize {
    let mut computes: Vec<f64> = points.iter().map(|point| point.log_compute).collect();
    computes.sort_by(f64::total_cmp);
    computes.dedup_by(|a, b| (*a - *b).abs() <= EQUAL);
    computes.len()
}

/// One point for each compute of `points`, which rise in compute: the mean of the logarithms, weighted by how many
/// they are. Least squares of log error cannot tell these from the points themselves.
pub(crate) fn cells(points: &[LogPoint]) -> Vec<LogPoint> {
    points
        .chunk_by(|a, b| b.log_compute - a.log_compute <= EQUAL)
        .map(|cell| crate::group::middle(cell.iter().copied()))
        .collect()
}

/// One point for each compute of `points`, which rise in compute: the log of the mean error, weighted by how many they are.
pub(crate) fn means(points: &[LogPoint]) -> Vec<LogPoint> {
    let mean = |cell: &[LogPoint]| match cell {
        [alone] => *alone,
        _ => {
            let middle = crate::group::middle(cell.iter().copied());
            let above = |point: &LogPoint| point.weight * libm::exp(point.log_error - middle.log_error);
            let mean = cell.iter().map(above).sum::<f64>() / middle.weight;
            LogPoint { log_error: middle.log_error + libm::log(mean), ..middle }
        }
    };
    points.chunk_by(|a, b| b.log_compute - a.log_compute <= EQUAL).map(mean).collect()
}
