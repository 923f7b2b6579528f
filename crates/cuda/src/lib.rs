//! CUDA's libraries, opened when a program first wants a card, so that it starts where there are none.
//!
//! candle reaches CUDA through cudarc, which names the functions of `libcuda.so.1` and the others to the linker; a
//! program linked against those files does not start where one is missing. The functions that it names are therefore
//! defined here, each as one jump through a table, and [`cards`] fills the table.

pub mod error;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod jumps;
mod libraries;

use std::sync::OnceLock;

use crate::error::CudaError;

/// Number of cards; opens CUDA's libraries first.
///
/// # Errors
/// Which library is missing, or that the driver finds no card.
pub fn cards() -> Result<u32, CudaError> {
    static CARDS: OnceLock<Result<u32, CudaError>> = OnceLock::new();
    CARDS.get_or_init(libraries::open_and_count).clone()
}

#[cfg(test)]
mod tests;
