//! The libtorch learner, on the CPU and on CUDA cards: walks the network with aten's operators, forward and backward.

mod batch;
mod driver;
pub mod learner;
mod loss;
pub mod matrices;
mod parameters;
mod pass;
mod trainer;

#[cfg(test)]
mod tests;
