//! Why there is no card to compute on.

use thiserror::Error;

/// What stands between the program and a card.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CudaError {
    /// A library of CUDA's is not where libraries are looked for.
    #[error("{library} cannot be opened ({reason}); {remedy}")]
    Missing {
        /// The name of its file.
        library: &'static str,
        /// What the loader says.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A library lacks a function that the program calls.
    #[error("{library} has no function {function}; install CUDA 13, or build for the version that is here")]
    Function {
        /// The name of its file.
        library: &'static str,
        /// The name of the function.
        function: &'static str,
    },
    /// The driver answers with an error.
    #[error("the CUDA driver finds no card (its error {0}; see nvidia-smi)")]
    Driver(i32),
}
