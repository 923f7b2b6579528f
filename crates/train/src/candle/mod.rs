//! The candle learner: candle-core's tensors and autograd with our own operations where its are wrong or missing.

mod composed;
pub(crate) mod forward;
pub mod learner;
#[cfg(any(feature = "cuda", test))]
pub mod matrices;
mod ops;
#[cfg(test)]
mod tests;
