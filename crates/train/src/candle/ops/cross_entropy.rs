//! Softmax cross-entropy with label smoothing, and its gradient, in one operation.

use std::marker::PhantomData;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::real::{Real, slice, with_values};

struct CrossEntropy<T> {
    labels: Vec<u8>,
    smoothing: f64,
    number: PhantomData<T>,
}

/// Mean cross-entropy of `logits` (batch, classes) against targets of weight `1 - smoothing` on the label plus
/// `smoothing / classes` on every class (Szegedy et al., 2016, as PyTorch's `label_smoothing`).
///
/// # Errors
/// When candle refuses.
pub(crate) fn cross_entropy<T: Real>(logits: &Tensor, labels: Vec<u8>, smoothing: f64) -> Result<Tensor> {
    logits.contiguous()?.apply_op1(CrossEntropy::<T> { labels, smoothing, number: PhantomData })
}

/// log of the sum of exponentials, shifted by the maximum so that nothing overflows.
pub(crate) fn log_sum_exp(logits: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    max + libm::log(logits.map(|v| libm::exp(v - max)).sum())
}

impl<T: Real> CustomOp1 for CrossEntropy<T> {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, classes) = layout.shape().dims2()?;
        let logits = slice::<T>(storage, layout)?;
        let mut loss = 0.0;
        for (row, &label) in logits.chunks_exact(classes).zip(&self.labels) {
            let mean = row.iter().map(|v| v.to_f64()).sum::<f64>() / classes as f64;
            let target = (1.0 - self.smoothing) * row[usize::from(label)].to_f64() + self.smoothing * mean;
            loss += log_sum_exp(row.iter().map(|v| v.to_f64())) - target;
        }
        Ok((T::to_cpu_storage_owned(vec![T::from_f64(loss / batch as f64)]), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _loss: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (batch, classes) = logits.dims2()?;
        let factor = grad.to_scalar::<T>()?.to_f64() / batch as f64;
        let spread = self.smoothing / classes as f64;
        let dx = with_values(logits, |logits: &[T]| {
            let mut dx = Vec::with_capacity(logits.len());
            for (row, &label) in logits.chunks_exact(classes).zip(&self.labels) {
                let log_sum = log_sum_exp(row.iter().map(|v| v.to_f64()));
                for (class, v) in row.iter().enumerate() {
                    let hit = if class == usize::from(label) { 1.0 - self.smoothing } else { 0.0 };
                    dx.push(T::from_f64(factor * (libm::exp(v.to_f64() - log_sum) - hit - spread)));
                }
            }
            Ok(dx)
        })?;
        Tensor::from_vec(dx, logits.shape(), logits.device()).map(Some)
    }
}
