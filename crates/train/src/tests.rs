//! Checks that concern every learner: that they agree, what all promise, and the networks and images that their tests share.

#[cfg(feature = "candle")]
mod agreement;
pub(crate) mod contract;
pub(crate) mod networks;
