//! Checks of the candle learner: gradients in f64 against finite differences, and its numeric contract.

mod contract;
mod finite;
mod networks;
mod operations;
