//! The two number types of the operations, and access to the values of tensors.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, WithDType, bail};

/// f32 for training, f64 for checking gradients.
pub(crate) trait Real: WithDType {}

impl Real for f32 {}
impl Real for f64 {}

/// The values of a storage whose layout is contiguous.
///
/// # Errors
/// When the layout has strides, or the type is another.
pub(crate) fn slice<'a, T: Real>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&T::cpu_storage_as_slice(storage)?[start..end]),
        None => bail!("this operation needs contiguous input, found {layout:?}"),
    }
}

/// Calls `read` with the values of a tensor on the CPU, in the order of its shape.
///
/// # Errors
/// When the tensor is elsewhere, or the type is another.
pub(crate) fn with_values<T: Real, R>(tensor: &Tensor, read: impl FnOnce(&[T]) -> Result<R>) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => read(slice(storage, layout)?),
        _ => bail!("this operation runs on the CPU only"),
    }
}
