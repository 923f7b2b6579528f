//! Operations that candle lacks or gets wrong, on the CPU, for f32 and f64, each with its gradient.

pub(super) mod batch_norm;
pub(super) mod cross_entropy;
pub(super) mod max_pool;
pub(super) mod real;
pub(super) mod relu;
