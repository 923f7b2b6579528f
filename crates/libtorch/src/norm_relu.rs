//! Batch normalisation, pooling and ReLU of a training step in one, on the processor, where they wait for memory.

use std::ptr;

use tch::Tensor;

use crate::error::TorchError;
use crate::operators::{Norm, NormGradients, found};
use crate::shim::{self, Handle, answer, handle, take};

/// What the backward pass needs.
#[derive(Debug)]
pub struct NormRelu {
    input: Tensor,
    /// Which of each two by two pixels was the largest, if they were pooled.
    winners: Option<Tensor>,
    mean: Tensor,
    /// 1 / sqrt(variance + epsilon).
    deviation: Tensor,
}

/// Normalises a batch in f32, (batch, channels, height, width), by its own moments, which then enter the running ones with
/// `share`; with `pool` takes the largest of each two by two pixels; and then the larger of that and zero.
///
/// # Errors
/// When libtorch refuses, or there is a single value for each channel.
pub fn norm_relu(
    input: &Tensor,
    norm: Norm<'_>,
    share: f64,
    pool: bool,
) -> Result<(Tensor, NormRelu), TorchError> {
    let mut out: [Handle; 4] = [ptr::null_mut(); 4];
    // SAFETY: `out` has the four places that are written, and the tensors outlive the call.
    answer(unsafe {
        shim::ergo_norm_relu(
            out.as_mut_ptr(),
            handle(input),
            handle(norm.scale),
            handle(norm.shift),
            handle(norm.mean),
            handle(norm.variance),
            share,
            norm.epsilon,
            pool,
        )
    })?;
    let [output, winners, mean, deviation] = out.map(take);
    let (Some(output), Some(mean), Some(deviation)) = (output, mean, deviation) else {
        return Err(TorchError("no output came back".to_owned()));
    };
    Ok((output, NormRelu { input: input.shallow_clone(), winners, mean, deviation }))
}

impl NormRelu {
    /// Gradients for the `gradient` of the output, which is overwritten if nobody else reads it (`own`) and has room.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn backward(
        &self,
        gradient: &Tensor,
        norm: Norm<'_>,
        own: bool,
    ) -> Result<NormGradients, TorchError> {
        let mut out: [Handle; 3] = [ptr::null_mut(); 3];
        // SAFETY: `out` has the three places that are written, and the tensors outlive the call.
        answer(unsafe {
            shim::ergo_norm_relu_backward(
                out.as_mut_ptr(),
                handle(&self.input),
                handle(gradient),
                self.winners.as_ref().map_or(ptr::null(), handle),
                handle(norm.scale),
                handle(norm.shift),
                handle(&self.mean),
                handle(&self.deviation),
                own,
            )
        })?;
        let [input, scale, shift] = out.map(take);
        Ok(NormGradients { input, scale: found(scale, "scale")?, shift: found(shift, "shift")? })
    }
}
