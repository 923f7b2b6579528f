//! max(x, 0) whose gradient at 0 is 0, as in PyTorch; candle's own gives 1 there.

use std::marker::PhantomData;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::real::{Real, slice, with_values};

/// The operation, for one number type.
pub(crate) struct Relu<T>(PhantomData<T>);

/// max(x, 0), element by element.
///
/// # Errors
/// When candle refuses.
pub(crate) fn relu<T: Real>(x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Relu::<T>(PhantomData))
}

impl<T: Real> CustomOp1 for Relu<T> {
    fn name(&self) -> &'static str {
        "relu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let zero = T::zero();
        // Written so that NaN stays NaN and a diverged run is seen.
        let y = slice::<T>(storage, layout)?.iter().map(|&x| if x < zero { zero } else { x }).collect();
        Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let zero = T::zero();
        let dx: Vec<T> = with_values(y, |y: &[T]| {
            with_values(grad, |grad: &[T]| {
                Ok(y.iter().zip(grad).map(|(&y, &g)| if y > zero { g } else { zero }).collect())
            })
        })?;
        Tensor::from_vec(dx, y.shape(), y.device()).map(Some)
    }
}
