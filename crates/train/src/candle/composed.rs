//! The operations of `ops` put together from candle's own, which run on every device; autograd finds their gradients.
//!
//! Used on CUDA cards. Comparisons are made on detached tensors: candle 0.11.1 walks back through them otherwise, and
//! finds no gradient there.

use candle_core::{DType, Device, Result, Tensor};
use net::layer::Pool;

use super::ops::batch_norm::{BatchMoments, EPSILON};
use super::ops::real::Real;

/// max(x, 0), element by element, with gradient 0 at 0; NaN stays NaN.
///
/// # Errors
/// When candle refuses.
pub(super) fn relu(x: &Tensor) -> Result<Tensor> {
    x.detach().le(0.0)?.where_cond(&x.zeros_like()?, x)
}

/// Maximum over the windows of `pool` of `x` (batch, channels, height, width), giving the stated height and width. The
/// gradient goes to the first maximum, and a NaN wins.
///
/// # Errors
/// When candle refuses.
pub(super) fn max_pool(x: &Tensor, pool: Pool, out: (usize, usize)) -> Result<Tensor> {
    let x = x.contiguous()?;
    let (_, _, height, width) = x.dims4()?;
    let rows = places(pool, height, out.0, x.device())?;
    let columns = places(pool, width, out.1, x.device())?;
    let mut best: Option<Tensor> = None;
    for row in &rows {
        let strip = x.index_select(row, 2)?;
        for column in &columns {
            let tap = strip.index_select(column, 3)?;
            best = Some(match best {
                None => tap,
                Some(best) => {
                    let (one, other) = (tap.detach(), best.detach());
                    one.gt(&other)?.maximum(&one.ne(&one)?)?.where_cond(&tap, &best)?
                }
            });
        }
    }
    best.ok_or_else(|| candle_core::Error::Msg("a pool without a window".to_owned()))
}

/// For each tap of a window along one side: which place every window reads. A tap that lies in the padding reads the
/// nearest pixel instead, which its window has anyway, so it neither changes the maximum nor which pixel comes first.
fn places(pool: Pool, side: usize, out: usize, device: &Device) -> Result<Vec<Tensor>> {
    let place = |window: usize, tap: usize| {
        (window * pool.stride + tap).saturating_sub(pool.padding).min(side - 1) as u32
    };
    let of_tap = |tap| (0..out).map(|window| place(window, tap)).collect::<Vec<_>>();
    (0..pool.kernel).map(|tap| Tensor::from_vec(of_tap(tap), out, device)).collect()
}

/// Normalises `x` (batch, channels, height, width) by the moments of the batch, then scales and shifts; also returns
/// those moments.
///
/// # Errors
/// When candle refuses.
pub(super) fn batch_norm(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<(Tensor, BatchMoments)> {
    let (batch, _, height, width) = x.dims4()?;
    // Image by image first: sums of fewer numbers round less.
    let mean_of = |x: &Tensor| x.flatten_from(2)?.mean(2)?.mean(0);
    let mean = mean_of(x)?;
    let centred = x.broadcast_sub(&by_channel(&mean)?)?;
    let variance = mean_of(&centred.sqr()?)?;
    let factor = (scale / (&variance + EPSILON)?.sqrt()?)?;
    let y = centred.broadcast_mul(&by_channel(&factor)?)?.broadcast_add(&by_channel(shift)?)?;
    let kept = |moment: &Tensor| moment.detach().to_dtype(DType::F64);
    let moments =
        BatchMoments { mean: kept(&mean)?, variance: kept(&variance)?, count: batch * height * width };
    Ok((y, moments))
}

/// Batch normalisation in evaluation: by running moments instead of the batch's.
///
/// # Errors
/// When candle refuses.
pub(super) fn batch_norm_running(x: &Tensor, parameters: [&Tensor; 4]) -> Result<Tensor> {
    let [scale, shift, mean, variance] = parameters;
    let factor = (scale / (variance + EPSILON)?.sqrt()?)?;
    let offset = (shift - (mean * &factor)?)?;
    x.broadcast_mul(&by_channel(&factor)?)?.broadcast_add(&by_channel(&offset)?)
}

/// A number for each channel, in the shape that meets (batch, channels, height, width).
fn by_channel(numbers: &Tensor) -> Result<Tensor> {
    numbers.reshape((1, (), 1, 1))
}

/// Mean cross-entropy of `logits` (batch, classes) with label smoothing, as that of `ops`.
///
/// # Errors
/// When candle refuses.
pub(super) fn cross_entropy<T: Real>(logits: &Tensor, labels: &[u8], smoothing: f64) -> Result<Tensor> {
    let (batch, classes) = logits.dims2()?;
    let mut targets = vec![T::from_f64(smoothing / classes as f64); batch * classes];
    for (row, &label) in targets.chunks_exact_mut(classes).zip(labels) {
        row[usize::from(label)] = T::from_f64(1.0 - smoothing + smoothing / classes as f64);
    }
    let targets = Tensor::from_vec(targets, (batch, classes), logits.device())?;
    let shifted = logits.broadcast_sub(&logits.detach().max_keepdim(1)?)?;
    let logarithms = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(1)?.log()?)?;
    (logarithms * targets)?.sum_all()? * (-1.0 / batch as f64)
}
