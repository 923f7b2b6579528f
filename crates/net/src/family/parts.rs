//! The few layers from which every family is written.

use crate::layer::{Conv, Layer, Linear, Pool};

/// A convolution without bias, as it stands before a batch normalisation.
pub(super) fn conv(out_channels: usize, kernel: usize, stride: usize, padding: usize) -> Layer {
    Layer::Conv(Conv { out_channels, kernel, stride, padding, dilation: 1, groups: 1, bias: false })
}

/// A convolution with bias, and ReLU.
pub(super) fn conv_relu(out_channels: usize, kernel: usize, stride: usize, padding: usize) -> Vec<Layer> {
    let conv = Conv { out_channels, kernel, stride, padding, dilation: 1, groups: 1, bias: true };
    vec![Layer::Conv(conv), Layer::Relu]
}

/// A convolution without bias, batch normalisation and ReLU.
pub(super) fn conv_norm_relu(
    out_channels: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Vec<Layer> {
    vec![conv(out_channels, kernel, stride, padding), Layer::BatchNorm, Layer::Relu]
}

/// A maximum over windows that stay inside the input and its padding.
pub(super) fn max_pool(kernel: usize, stride: usize, padding: usize) -> Layer {
    Layer::MaxPool(Pool { kernel, stride, padding, ceil: false })
}

/// A maximum whose last window may hang over the edge.
pub(super) fn max_pool_ceil(kernel: usize, stride: usize, padding: usize) -> Layer {
    Layer::MaxPool(Pool { kernel, stride, padding, ceil: true })
}

/// A linear layer with bias.
pub(super) fn linear(out_features: usize) -> Layer {
    Layer::Linear(Linear { out_features, bias: true })
}
