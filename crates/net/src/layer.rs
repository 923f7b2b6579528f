//! The layers that a network is written in: plain data, one variant per kind of layer.

/// One layer as written; its input shape follows from what stands before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// Two-dimensional cross-correlation.
    Conv(Conv),
    /// Batch normalisation over (batch, height, width) with a learnt scale and shift per channel.
    BatchNorm,
    /// max(x, 0).
    Relu,
    /// Maximum over a square window; padding never wins.
    MaxPool(Pool),
    /// Mean over height and width; leaves a vector of channels.
    GlobalAvgPool,
    /// Zeroes each value with this probability while training and scales the rest by 1/(1-p).
    Dropout {
        /// Probability of zero, in percent, 0 to 99.
        percent: u8,
    },
    /// Fully connected layer; flattens its input as C, H, W.
    Linear(Linear),
    /// The same input through several paths, joined; an empty path is the identity.
    Branches {
        /// The paths, each a sequence of layers.
        paths: Vec<Vec<Layer>>,
        /// How their outputs become one.
        join: Join,
    },
}

/// A convolution; square windows, symmetric padding, zero filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Number of filters.
    pub out_channels: usize,
    /// Window side in pixels.
    pub kernel: usize,
    /// Step between windows in pixels.
    pub stride: usize,
    /// Zero pixels added on every side.
    pub padding: usize,
    /// Distance between taps in pixels.
    pub dilation: usize,
    /// Input channels and filters are split into this many independent groups.
    pub groups: usize,
    /// Whether each filter adds a learnt constant.
    pub bias: bool,
}

/// A pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Window side in pixels.
    pub kernel: usize,
    /// Step between windows in pixels.
    pub stride: usize,
    /// Pixels added on every side, that never win.
    pub padding: usize,
    /// Round the output size up, so that a last window may hang over the edge, as PyTorch's `ceil_mode`.
    pub ceil: bool,
}

/// A fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Number of outputs.
    pub out_features: usize,
    /// Whether each output adds a learnt constant.
    pub bias: bool,
}

/// How branches become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Element-wise sum; all paths give the same shape.
    Add,
    /// Along channels; all paths give the same height and width.
    Concat,
}

impl Layer {
    /// The last part of a node's name, for example `conv` in `3.conv`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Layer::Conv(_) => "conv",
            Layer::BatchNorm => "batch_norm",
            Layer::Relu => "relu",
            Layer::MaxPool(_) => "max_pool",
            Layer::GlobalAvgPool => "global_avg_pool",
            Layer::Dropout { .. } => "dropout",
            Layer::Linear(_) => "linear",
            Layer::Branches { .. } => "branches",
        }
    }
}
