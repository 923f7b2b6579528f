//! The functions of shim.cpp, and what they answer.

use std::ffi::{CStr, c_char, c_int, c_void};

use tch::Tensor;

use crate::error::TorchError;

/// An `at::Tensor` on the heap.
pub(crate) type Handle = *mut c_void;

unsafe extern "C" {
    fn ergo_reason() -> *const c_char;
    pub(crate) fn ergo_inference_enter() -> *mut c_void;
    pub(crate) fn ergo_inference_leave(guard: *mut c_void);
    pub(crate) fn ergo_convolution_backward(
        out: *mut Handle,
        gradient: *const c_void,
        input: *const c_void,
        weight: *const c_void,
        geometry: *const i64,
        of_input: bool,
        of_bias: bool,
    ) -> c_int;
    pub(crate) fn ergo_batch_norm(
        out: *mut Handle,
        implementation: *mut i64,
        input: *const c_void,
        scale: *const c_void,
        shift: *const c_void,
        mean: *const c_void,
        variance: *const c_void,
        training: bool,
        share: f64,
        epsilon: f64,
    ) -> c_int;
    pub(crate) fn ergo_batch_norm_backward(
        out: *mut Handle,
        implementation: i64,
        input: *const c_void,
        gradient: *const c_void,
        scale: *const c_void,
        mean: *const c_void,
        variance: *const c_void,
        saved: *const *const c_void,
        epsilon: f64,
        of_input: bool,
    ) -> c_int;
    pub(crate) fn ergo_sgd(
        weights: *const Handle,
        gradients: *const Handle,
        velocities: *const Handle,
        count: usize,
        rate: f64,
        momentum: f64,
        decay: f64,
    ) -> c_int;
    pub(crate) fn ergo_settings(tf32: bool, search: bool, reproducible: bool) -> c_int;
    pub(crate) fn ergo_keep_memory();
    pub(crate) fn ergo_open(library: *const c_char) -> c_int;
    pub(crate) fn ergo_own_stream(card: i64) -> c_int;
    pub(crate) fn ergo_wait(card: i64) -> c_int;
}

/// The outcome of a function that answers 0 or 1.
pub(crate) fn answer(code: c_int) -> Result<(), TorchError> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: the shim gives a string of its own that ends in zero and stays until this thread's next call.
    let reason = unsafe { CStr::from_ptr(ergo_reason()) };
    Err(TorchError(reason.to_string_lossy().trim_end().to_owned()))
}

/// The tensor to read behind a reference.
pub(crate) fn handle(tensor: &Tensor) -> *const c_void {
    tensor.as_ptr().cast()
}

/// The tensor behind a handle that the shim made, if it made one.
pub(crate) fn take(handle: Handle) -> Option<Tensor> {
    // SAFETY: the shim gives a fresh `at::Tensor` away, which is what tch's handles are; nobody else frees it.
    (!handle.is_null()).then(|| unsafe { Tensor::from_ptr(handle.cast()) })
}
