//! The native learner: the network lowered to our own kernels, with all memory planned before the first step.

mod compile;
mod graph;
pub mod learner;
mod memory;
mod norm;
mod parameters;
mod program;
mod schedule;
mod step;
#[cfg(test)]
mod tests;
mod update;
mod work;
