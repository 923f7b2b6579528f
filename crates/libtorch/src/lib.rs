//! What tch lacks of libtorch: backward operators, layouts, a fused optimiser, settings, and its CUDA half at run time.
//!
//! Empty without the feature `tch`, so that the workspace builds where there is no libtorch.
#![cfg(feature = "tch")]

pub mod cuda;
pub mod error;
pub mod operators;
pub mod settings;
mod shim;

pub use tch;
