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
