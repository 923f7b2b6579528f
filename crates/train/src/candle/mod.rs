//! The candle learner: candle-core's tensors and autograd with our own operations where its are wrong or missing.

mod forward;
pub mod learner;
mod ops;
#[cfg(test)]
mod tests;
