//! libtorch's CUDA half, opened at run time: one program serves machines with a card and without.

use std::ffi::CString;
use std::sync::{Once, OnceLock};

use tch::Cuda;

use crate::error::TorchError;
use crate::shim::{self, answer};

/// The library that registers everything for CUDA with the rest of libtorch.
const LIBRARY: &str = "libtorch_cuda.so";

/// The driver of NVIDIA's cards.
const DRIVER: &str = "libcuda.so.1";

/// Opens the CUDA half where this machine has a driver, and does nothing elsewhere or the second time. Comes before the first
/// operator: what libtorch finds of CUDA then is what it goes by as long as the process lives, and its first convolution on
/// the processor looks for cuDNN (`at::detail::getCUDAHooks`).
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // What is wrong with the second one `cards` says to whoever wants a card.
        if open(DRIVER).is_ok() {
            let _ = open(LIBRARY);
        }
    });
}

/// Opens a library for the whole process, for as long as it lives.
fn open(library: &str) -> Result<(), TorchError> {
    let library = CString::new(library).map_err(|error| TorchError(error.to_string()))?;
    // SAFETY: the name ends in zero. What the library does when it is opened is what Python's torch has it do.
    answer(unsafe { shim::ergo_open(library.as_ptr()) })
}

/// Number of cards; opens the CUDA half first. Takes seconds the first time.
///
/// # Errors
/// Why there are none: the library is not installed, or it finds no driver or no card.
pub fn cards() -> Result<u32, TorchError> {
    static CARDS: OnceLock<Result<u32, TorchError>> = OnceLock::new();
    CARDS.get_or_init(find).clone()
}

fn find() -> Result<u32, TorchError> {
    open(LIBRARY).map_err(|TorchError(reason)| {
        // What is missing first is told first: a machine without a driver has no use for the rest.
        TorchError(match open(DRIVER) {
            Ok(()) => {
                format!("libtorch's CUDA half is not here ({reason}); install torch 2.11.0 for CUDA 13")
            }
            Err(TorchError(no_driver)) => {
                format!("this machine has no NVIDIA driver ({no_driver}); install it")
            }
        })
    })?;
    match u32::try_from(Cuda::device_count()) {
        Ok(cards @ 1..) => Ok(cards),
        _ => Err(TorchError("libtorch finds no card, or no driver (see nvidia-smi)".to_owned())),
    }
}

/// Gives this thread a stream of its own on a card.
///
/// # Errors
/// When libtorch refuses.
pub fn own_stream(card: u32) -> Result<(), TorchError> {
    // SAFETY: a plain value goes in, and nothing comes out.
    answer(unsafe { shim::ergo_own_stream(i64::from(card)) })
}

/// Waits for everything that this thread has asked a card for.
///
/// # Errors
/// When something that was asked for failed.
pub fn wait(card: u32) -> Result<(), TorchError> {
    // SAFETY: a plain value goes in, and nothing comes out.
    answer(unsafe { shim::ergo_wait(i64::from(card)) })
}
