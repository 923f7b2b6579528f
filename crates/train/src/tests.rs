//! Checks that concern every learner: that they agree, and the networks and images that their tests share.

#[cfg(feature = "candle")]
mod agreement;
pub(crate) mod networks;
