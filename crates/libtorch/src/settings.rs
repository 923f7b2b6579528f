//! Settings of libtorch that belong to the process or to a thread.

use std::ffi::c_void;
use std::marker::PhantomData;

use crate::error::TorchError;
use crate::shim::{self, answer};

/// What may be done to be faster on a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Round the factors of f32 products to TF32, on cards that can.
    pub tf32: bool,
    /// Let cuDNN try its kernels out on the first batch of each shape.
    pub search: bool,
    /// Only kernels that give the same bits each time, as far as there are some.
    pub reproducible: bool,
}

/// Makes these the settings of the process.
///
/// # Errors
/// When libtorch refuses.
pub fn apply(settings: Settings) -> Result<(), TorchError> {
    // SAFETY: plain values go in, and nothing comes out.
    answer(unsafe { shim::ergo_settings(settings.tf32, settings.search, settings.reproducible) })
}

/// Keeps memory that libtorch frees instead of giving it back to the system, as every step asks for the same again;
/// without this, faulting pages in can take as long as the arithmetic.
pub fn keep_memory() {
    // SAFETY: `mallopt` may be called at any time.
    unsafe { shim::ergo_keep_memory() }
}

/// While one lives, tensors that its thread makes carry nothing for autograd.
#[derive(Debug)]
pub struct Inference {
    guard: *mut c_void,
    /// It belongs to the thread that made it.
    thread: PhantomData<*const ()>,
}

impl Inference {
    /// From now on.
    #[must_use]
    pub fn enter() -> Inference {
        // SAFETY: the guard is left on the same thread, as this type can neither be sent nor shared.
        Inference { guard: unsafe { shim::ergo_inference_enter() }, thread: PhantomData }
    }
}

impl Drop for Inference {
    fn drop(&mut self) {
        // SAFETY: it was entered on this thread, and is left once.
        unsafe { shim::ergo_inference_leave(self.guard) }
    }
}
