//! Batch normalisation in training, forward and backward in one operation each.
//!
//! Ioffe and Szegedy, "Batch Normalization", 2015; conventions as PyTorch: the biased variance normalises,
//! the unbiased one enters the running average. Sums are taken in f64, image after image, so their value does
//! not depend on threads.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::real::{Real, slice, with_values};

/// Added to the variance, as PyTorch's default.
pub(crate) const EPSILON: f64 = 1e-5;

/// Mean and biased variance of each channel over one batch, in f64, where the batch is.
#[derive(Clone, Debug)]
pub(crate) struct BatchMoments {
    /// Mean.
    pub mean: Tensor,
    /// Biased variance.
    pub variance: Tensor,
    /// Values per channel: batch x height x width.
    pub count: usize,
}

/// The same as numbers.
#[derive(Clone, Debug, Default)]
struct Moments {
    mean: Vec<f64>,
    variance: Vec<f64>,
    count: usize,
}

impl Moments {
    fn into_tensors(self, device: &Device) -> Result<BatchMoments> {
        let tensor = |values: Vec<f64>| {
            let channels = values.len();
            Tensor::from_vec(values, channels, device)
        };
        Ok(BatchMoments { mean: tensor(self.mean)?, variance: tensor(self.variance)?, count: self.count })
    }

    fn deviation_inverse(&self, channel: usize) -> f64 {
        1.0 / (self.variance[channel] + EPSILON).sqrt()
    }
}

struct BatchNorm<T> {
    moments: Arc<Mutex<Moments>>,
    number: std::marker::PhantomData<T>,
}

/// Normalises `x` (batch, channels, height, width) by the moments of the batch, then scales and shifts; also
/// returns those moments.
///
/// # Errors
/// When candle refuses.
pub(crate) fn batch_norm<T: Real>(
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
) -> Result<(Tensor, BatchMoments)> {
    let moments = Arc::new(Mutex::new(Moments::default()));
    let op = BatchNorm::<T> { moments: moments.clone(), number: std::marker::PhantomData };
    let y = x.contiguous()?.apply_op3(scale, shift, op)?;
    let moments = moments.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((y, moments.into_tensors(x.device())?))
}

/// The values of one channel, image after image.
fn channel<T>(x: &[T], dims: (usize, usize, usize), channel: usize) -> impl Iterator<Item = &[T]> {
    let (_, channels, pixels) = dims;
    x.chunks_exact(pixels).skip(channel).step_by(channels)
}

fn moments<T: Real>(x: &[T], dims: (usize, usize, usize)) -> Moments {
    let (batch, channels, pixels) = dims;
    let count = batch * pixels;
    let of_channel = |c: usize| {
        let sum: f64 = channel(x, dims, c).map(|part| part.iter().map(|v| v.to_f64()).sum::<f64>()).sum();
        let mean = sum / count as f64;
        let squares = channel(x, dims, c)
            .map(|part| part.iter().map(|v| (v.to_f64() - mean) * (v.to_f64() - mean)).sum::<f64>());
        (mean, squares.sum::<f64>() / count as f64)
    };
    let (mean, variance) = (0..channels).into_par_iter().map(of_channel).unzip();
    Moments { mean, variance, count }
}

fn dims(shape: &Shape) -> Result<(usize, usize, usize)> {
    let (batch, channels, height, width) = shape.dims4()?;
    Ok((batch, channels, height * width))
}

impl<T: Real> CustomOp3 for BatchNorm<T> {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
        shift: &CpuStorage,
        shift_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let dims = dims(x_layout.shape())?;
        let (_, channels, pixels) = dims;
        let x = slice::<T>(x, x_layout)?;
        let (scale, shift) = (slice::<T>(scale, scale_layout)?, slice::<T>(shift, shift_layout)?);
        let moments = moments(x, dims);
        let mut y = vec![T::zero(); x.len()];
        y.par_chunks_mut(pixels).zip(x.par_chunks(pixels)).enumerate().for_each(|(plane, (y, x))| {
            let c = plane % channels;
            let factor = T::from_f64(moments.deviation_inverse(c)) * scale[c];
            let mean = T::from_f64(moments.mean[c]);
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - mean) * factor + shift[c]);
        });
        *self.moments.lock().unwrap_or_else(PoisonError::into_inner) = moments;
        Ok((T::to_cpu_storage_owned(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        _shift: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let dims = dims(x.shape())?;
        let moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scales = scale.to_vec1::<T>()?;
        let gradients = with_values(x, |x: &[T]| {
            with_values(grad, |grad: &[T]| Ok(gradients(x, grad, &scales, &moments, dims)))
        })?;
        let (dx, dscale, dshift) = gradients;
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        let vector = |values: Vec<f64>| {
            let values: Vec<T> = values.into_iter().map(T::from_f64).collect();
            Tensor::from_vec(values, scale.shape(), scale.device())
        };
        Ok((Some(dx), Some(vector(dscale)?), Some(vector(dshift)?)))
    }
}

/// Gradients of input, scale and shift. With n values in a channel and h = (x - mean) / deviation:
/// dshift = sum g, dscale = sum g h, dx = scale / deviation * (g - dshift / n - h * dscale / n).
fn gradients<T: Real>(
    x: &[T],
    grad: &[T],
    scale: &[T],
    moments: &Moments,
    dims: (usize, usize, usize),
) -> (Vec<T>, Vec<f64>, Vec<f64>) {
    let (_, channels, pixels) = dims;
    let of_channel = |c: usize| {
        let (mean, inverse) = (moments.mean[c], moments.deviation_inverse(c));
        let (mut dscale, mut dshift) = (0.0, 0.0);
        for (x, g) in channel(x, dims, c).zip(channel(grad, dims, c)) {
            for (x, g) in x.iter().zip(g) {
                dshift += g.to_f64();
                dscale += g.to_f64() * (x.to_f64() - mean) * inverse;
            }
        }
        (dscale, dshift)
    };
    let (dscale, dshift): (Vec<f64>, Vec<f64>) = (0..channels).into_par_iter().map(of_channel).unzip();
    let mut dx = vec![T::zero(); x.len()];
    let count = moments.count as f64;
    let planes = dx.par_chunks_mut(pixels).zip(x.par_chunks(pixels)).zip(grad.par_chunks(pixels));
    planes.enumerate().for_each(|(plane, ((dx, x), grad))| {
        let c = plane % channels;
        let inverse = moments.deviation_inverse(c);
        let factor = scale[c] * T::from_f64(inverse);
        let mean = T::from_f64(moments.mean[c]);
        let slope = T::from_f64(inverse * dscale[c] / count);
        let offset = T::from_f64(dshift[c] / count);
        for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(grad) {
            *dx = factor * (g - offset - (x - mean) * slope);
        }
    });
    (dx, dscale, dshift)
}

struct ChannelAffine<T> {
    factor: Vec<T>,
    offset: Vec<T>,
}

/// Batch normalisation in evaluation: by running moments instead of the batch's; has no gradient.
///
/// # Errors
/// When candle refuses.
pub(crate) fn batch_norm_running<T: Real>(x: &Tensor, parameters: [&Tensor; 4]) -> Result<Tensor> {
    let [scale, shift, mean, variance] = parameters;
    let values = |tensor: &Tensor| tensor.to_vec1::<T>();
    let (scale, shift, mean, variance) = (values(scale)?, values(shift)?, values(mean)?, values(variance)?);
    let inverse = |v: &T| T::from_f64(1.0 / (v.to_f64() + EPSILON).sqrt());
    let factor: Vec<T> = scale.iter().zip(&variance).map(|(&s, v)| s * inverse(v)).collect();
    let offset = shift.iter().zip(&mean).zip(&factor).map(|((&b, &m), &f)| b - m * f).collect();
    x.contiguous()?.apply_op1_no_bwd(&ChannelAffine { factor, offset })
}

impl<T: Real> CustomOp1 for ChannelAffine<T> {
    fn name(&self) -> &'static str {
        "channel-affine"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, channels, pixels) = dims(layout.shape())?;
        let x = slice::<T>(x, layout)?;
        let mut y = vec![T::zero(); x.len()];
        y.par_chunks_mut(pixels).zip(x.par_chunks(pixels)).enumerate().for_each(|(plane, (y, x))| {
            let (factor, offset) = (self.factor[plane % channels], self.offset[plane % channels]);
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = x * factor + offset);
        });
        Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
    }
}
