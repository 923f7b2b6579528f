//! Checks of the native learner: gradients against candle's in f64, loss curves, and its contract.

#[cfg(feature = "candle")]
mod agreement;
mod contract;
mod memory;
mod networks;
