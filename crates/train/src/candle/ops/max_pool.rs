//! Max-pooling with padding and ceiling whose gradient goes to the first maximum, as in PyTorch.
//!
//! candle 0.11.1 divides the gradient by the window's area instead of the number of maxima.

use std::marker::PhantomData;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use net::layer::Pool;
use rayon::prelude::*;

use super::real::{Real, slice, with_values};

/// The operation, for one number type.
pub(crate) struct MaxPool<T> {
    window: Window,
    number: PhantomData<T>,
}

/// Where the windows lie in one channel.
#[derive(Clone, Copy)]
struct Window {
    pool: Pool,
    height: usize,
    width: usize,
    out_height: usize,
    out_width: usize,
}

/// Maximum over the windows of `pool` of `x` (batch, channels, height, width), giving the stated height and width.
///
/// # Errors
/// When candle refuses.
pub(crate) fn max_pool<T: Real>(x: &Tensor, pool: Pool, out: (usize, usize)) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let window = Window { pool, height, width, out_height: out.0, out_width: out.1 };
    x.contiguous()?.apply_op1(MaxPool::<T> { window, number: PhantomData })
}

impl Window {
    /// Calls `visit(output place, input place of the first maximum)` for every window of one channel.
    fn maxima<T: Real>(&self, channel: &[T], mut visit: impl FnMut(usize, usize)) {
        for oy in 0..self.out_height {
            let rows = self.span(oy, self.height);
            for ox in 0..self.out_width {
                let columns = self.span(ox, self.width);
                let mut best = rows.start * self.width + columns.start;
                for y in rows.clone() {
                    for x in columns.clone() {
                        let place = y * self.width + x;
                        let value = channel[place];
                        // A NaN wins, so that a diverged run is seen.
                        if value > channel[best] || value.partial_cmp(&value).is_none() {
                            best = place;
                        }
                    }
                }
                visit(oy * self.out_width + ox, best);
            }
        }
    }

    /// The pixels of a side of length `side` that window `index` covers; padding is left out, as it never wins.
    fn span(&self, index: usize, side: usize) -> std::ops::Range<usize> {
        let start = index * self.pool.stride;
        let end = (start + self.pool.kernel).saturating_sub(self.pool.padding).min(side);
        start.saturating_sub(self.pool.padding)..end
    }
}

impl<T: Real> CustomOp1 for MaxPool<T> {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = slice::<T>(storage, layout)?;
        let (batch, channels, _, _) = layout.shape().dims4()?;
        let Window { height, width, out_height, out_width, .. } = self.window;
        let mut y = vec![T::zero(); batch * channels * out_height * out_width];
        let planes = y.par_chunks_mut(out_height * out_width).zip(x.par_chunks(height * width));
        planes.for_each(|(y, x)| self.window.maxima(x, |out, best| y[out] = x[best]));
        Ok((T::to_cpu_storage_owned(y), (batch, channels, out_height, out_width).into()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let Window { height, width, out_height, out_width, .. } = self.window;
        let dx = with_values(x, |x: &[T]| {
            with_values(grad, |grad: &[T]| {
                let mut dx = vec![T::zero(); x.len()];
                let planes = dx.par_chunks_mut(height * width).zip(x.par_chunks(height * width));
                planes.zip(grad.par_chunks(out_height * out_width)).for_each(|((dx, x), grad)| {
                    self.window.maxima(x, |out, best| dx[best] += grad[out]);
                });
                Ok(dx)
            })
        })?;
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
