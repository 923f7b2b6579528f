//! Networks small enough to train on a laptop, and the two of the benchmarks.

use super::parts::{conv_norm_relu, conv_relu, linear, max_pool};
use crate::error::NetError;
use crate::layer::Layer;
use crate::network::Shape;

/// Two hidden layers of 256 and 128.
pub(super) fn mlp(classes: usize) -> Vec<Layer> {
    vec![linear(256), Layer::Relu, linear(128), Layer::Relu, linear(classes)]
}

/// LeNet-5 (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998) as it is built today:
/// every map of the second convolution sees all of the first, ReLU, maximum pooling. An image lower than 32
/// pixels is padded to 32.
pub(super) fn lenet5(input: Shape, classes: usize) -> Vec<Layer> {
    let padding = 32usize.saturating_sub(input.height) / 2;
    let mut layers = conv_relu(6, 5, 1, padding);
    layers.push(max_pool(2, 2, 0));
    layers.extend(conv_relu(16, 5, 1, 0));
    layers.push(max_pool(2, 2, 0));
    layers.extend([linear(120), Layer::Relu, linear(84), Layer::Relu, linear(classes)]);
    layers
}

/// `depth` blocks of convolution, normalisation, ReLU and halving; each is twice as wide as the one before.
///
/// # Errors
/// When width or depth is zero, the image cannot be halved so often, or a width overflows.
pub(super) fn cnn(width: usize, depth: usize, input: Shape, classes: usize) -> Result<Vec<Layer>, NetError> {
    if width == 0 || depth == 0 {
        let reason = format!("width {width} and depth {depth} must both be at least 1, as in cnn-w16-d2");
        return Err(NetError::Family { reason });
    }
    // Halving and rounding down reaches one pixel after floor(log2(side)) times.
    let halvings = input.height.min(input.width).checked_ilog2().unwrap_or(0);
    if depth > halvings as usize {
        let reason = format!(
            "an image of {}x{} pixels can be halved {halvings} times, not {depth}; lower the number after -d",
            input.height, input.width
        );
        return Err(NetError::Family { reason });
    }
    let mut layers = Vec::new();
    for block in 0..depth {
        let channels = width.checked_mul(1 << block).ok_or_else(|| NetError::TooLarge {
            what: format!("width {width} doubled {block} times; lower the number after -w"),
        })?;
        layers.extend(conv_norm_relu(channels, 3, 1, 1));
        layers.push(max_pool(2, 2, 0));
    }
    layers.push(linear(classes));
    Ok(layers)
}

/// Two convolutions of 16 and 32 with bias, and a hidden layer of 128.
pub(super) fn net_a(classes: usize) -> Vec<Layer> {
    let mut layers = Vec::new();
    for channels in [16, 32] {
        layers.extend(conv_relu(channels, 3, 1, 1));
        layers.push(max_pool(2, 2, 0));
    }
    layers.extend([linear(128), Layer::Relu, linear(classes)]);
    layers
}

/// The width of net-b.
pub(super) const NET_B: usize = 32;

/// Pairs of normalised convolutions at `width`, twice and four times as many channels, each pair halved, and a global mean.
///
/// # Errors
/// When the width is zero or overflows.
pub(super) fn net_b(width: usize, classes: usize) -> Result<Vec<Layer>, NetError> {
    if width == 0 {
        return Err(NetError::Family { reason: "width 0 must be at least 1, as in net-b-w64".to_owned() });
    }
    if width.checked_mul(4).is_none() {
        let what = format!("width {width} doubled twice; lower the number after -w");
        return Err(NetError::TooLarge { what });
    }
    let mut layers = Vec::new();
    for channels in [width, 2 * width, 4 * width] {
        layers.extend(conv_norm_relu(channels, 3, 1, 1));
        layers.extend(conv_norm_relu(channels, 3, 1, 1));
        layers.push(max_pool(2, 2, 0));
    }
    layers.extend([Layer::GlobalAvgPool, linear(classes)]);
    Ok(layers)
}
