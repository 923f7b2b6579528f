//! Operators of libtorch that tch does not have: those of the backward pass, and SGD in one call.

use std::ffi::c_void;
use std::ptr;

use tch::Tensor;

use crate::error::TorchError;
use crate::shim::{self, Handle, answer, handle, take};

/// Where the window of a convolution moves; the same along both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Step between windows in pixels.
    pub stride: i64,
    /// Zero pixels added on every side.
    pub padding: i64,
    /// Distance between taps in pixels.
    pub dilation: i64,
    /// Independent groups of channels.
    pub groups: i64,
}

/// Gradients of one convolution.
#[derive(Debug)]
pub struct ConvolutionGradients {
    /// Of its input, where it was asked for.
    pub input: Option<Tensor>,
    /// Of its weight, (out, in / groups, kernel, kernel).
    pub weight: Tensor,
    /// Of its bias, where it has one.
    pub bias: Option<Tensor>,
}

/// What a batch normalisation leaves for its backward pass.
#[derive(Debug)]
pub struct Moments {
    /// Mean and inverse deviation of the batch, and memory of cuDNN's.
    saved: [Option<Tensor>; 3],
    /// Which of libtorch's kernels ran.
    implementation: i64,
}

/// Parameters of a batch normalisation; the last two are updated in training.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// Factor per channel.
    pub scale: &'a Tensor,
    /// Constant per channel.
    pub shift: &'a Tensor,
    /// Running mean.
    pub mean: &'a Tensor,
    /// Running variance.
    pub variance: &'a Tensor,
    /// Added to the variance.
    pub epsilon: f64,
}

/// Gradients of one batch normalisation.
#[derive(Debug)]
pub struct NormGradients {
    /// Of its input, where it was asked for.
    pub input: Option<Tensor>,
    /// Of its scale.
    pub scale: Tensor,
    /// Of its shift.
    pub shift: Tensor,
}

/// Settings of one step of SGD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// Learning rate.
    pub rate: f64,
    /// Nesterov momentum.
    pub momentum: f64,
    /// Weight decay.
    pub decay: f64,
}

/// A gradient that libtorch was asked for.
fn found(gradient: Option<Tensor>, name: &str) -> Result<Tensor, TorchError> {
    gradient.ok_or_else(|| TorchError(format!("no gradient of the {name} came back")))
}

/// Gradients of `convolution(input, weight)` for the `gradient` of its output.
///
/// # Errors
/// When libtorch refuses.
pub fn convolution_backward(
    gradient: &Tensor,
    input: &Tensor,
    weight: &Tensor,
    geometry: Geometry,
    of_input: bool,
    of_bias: bool,
) -> Result<ConvolutionGradients, TorchError> {
    let Geometry { stride, padding, dilation, groups } = geometry;
    let geometry = [stride, padding, dilation, groups];
    let mut out: [Handle; 3] = [ptr::null_mut(); 3];
    // SAFETY: `out` has the three places that are written, `geometry` the four that are read, and the tensors outlive the
    // call.
    answer(unsafe {
        shim::ergo_convolution_backward(
            out.as_mut_ptr(),
            handle(gradient),
            handle(input),
            handle(weight),
            geometry.as_ptr(),
            of_input,
            of_bias,
        )
    })?;
    let [input, weight, bias] = out.map(take);
    Ok(ConvolutionGradients { input, weight: found(weight, "weight")?, bias })
}

/// Normalises a batch: by its own moments in training, which then enter the running ones with `share`, and otherwise by
/// the running ones. Returns the output, of the input's shape, and what the backward pass needs.
///
/// # Errors
/// When libtorch refuses.
pub fn batch_norm(
    input: &Tensor,
    norm: Norm<'_>,
    training: bool,
    share: f64,
) -> Result<(Tensor, Moments), TorchError> {
    let mut out: [Handle; 4] = [ptr::null_mut(); 4];
    let mut implementation = 0;
    // SAFETY: `out` has the four places that are written, and the tensors outlive the call.
    answer(unsafe {
        shim::ergo_batch_norm(
            out.as_mut_ptr(),
            &mut implementation,
            handle(input),
            handle(norm.scale),
            handle(norm.shift),
            handle(norm.mean),
            handle(norm.variance),
            training,
            share,
            norm.epsilon,
        )
    })?;
    let [output, mean, deviation, reserve] = out.map(take);
    let output = output.ok_or_else(|| TorchError("no output came back".to_owned()))?;
    Ok((output, Moments { saved: [mean, deviation, reserve], implementation }))
}

/// Gradients of a batch normalisation in training, for the `gradient` of its output.
///
/// # Errors
/// When libtorch refuses.
pub fn batch_norm_backward(
    gradient: &Tensor,
    input: &Tensor,
    norm: Norm<'_>,
    moments: &Moments,
    of_input: bool,
) -> Result<NormGradients, TorchError> {
    let mut out: [Handle; 3] = [ptr::null_mut(); 3];
    let saved: [*const c_void; 3] =
        moments.saved.each_ref().map(|saved| saved.as_ref().map_or(ptr::null(), handle));
    // SAFETY: `out` has the three places that are written, `saved` the three that are read, and the tensors outlive the
    // call.
    answer(unsafe {
        shim::ergo_batch_norm_backward(
            out.as_mut_ptr(),
            moments.implementation,
            handle(input),
            handle(gradient),
            handle(norm.scale),
            handle(norm.mean),
            handle(norm.variance),
            saved.as_ptr(),
            norm.epsilon,
            of_input,
        )
    })?;
    let [input, scale, shift] = out.map(take);
    Ok(NormGradients { input, scale: found(scale, "scale")?, shift: found(shift, "shift")? })
}

/// Nesterov SGD as PyTorch, in one call: g += decay * w; v = momentum * v + g; w -= rate * (g + momentum * v).
/// The gradients may be overwritten. Without momentum the velocities stay as they are.
///
/// # Errors
/// When libtorch refuses, or there are not as many gradients and velocities as weights.
pub fn sgd(
    weights: &mut [&mut Tensor],
    gradients: &mut [Tensor],
    velocities: &mut [&mut Tensor],
    descent: Descent,
) -> Result<(), TorchError> {
    if gradients.len() != weights.len() || velocities.len() != weights.len() {
        return Err(TorchError(format!(
            "{} weights with {} gradients and {} velocities",
            weights.len(),
            gradients.len(),
            velocities.len()
        )));
    }
    let handles = |tensors: &mut [&mut Tensor]| -> Vec<Handle> {
        tensors.iter_mut().map(|tensor| tensor.as_mut_ptr().cast()).collect()
    };
    let (weights, velocities) = (handles(weights), handles(velocities));
    let gradients: Vec<Handle> = gradients.iter_mut().map(|tensor| tensor.as_mut_ptr().cast()).collect();
    let Descent { rate, momentum, decay } = descent;
    // SAFETY: the three lists have the same length, and their tensors outlive the call.
    answer(unsafe {
        shim::ergo_sgd(
            weights.as_ptr(),
            gradients.as_ptr(),
            velocities.as_ptr(),
            weights.len(),
            rate,
            momentum,
            decay,
        )
    })
}
