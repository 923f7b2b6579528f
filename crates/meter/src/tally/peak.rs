//! A stretch of time over which a counter's power is taken.

/// An uninterrupted stretch of one phase, long enough in the end to take a power from.
#[derive(Clone, Debug, Default)]
pub(super) struct Peak {
    pub phase: usize,
    pub seconds: f64,
    pub microjoules: f64,
}
