//! Checks of the native learner: its contract and its memory. That it agrees with others is crate::tests' to check.

mod contract;
mod memory;
