//! A network whose shapes have been checked once, with its parameters and multiply-accumulates.

use std::ops::Range;

use crate::layer::Layer;

/// Channels, height and width of one image or activation; a vector is `(n, 1, 1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

/// A checked network: what every learner walks.
#[derive(Clone, Debug)]
pub struct Network {
    /// The name it was asked for by, for example `cnn-w16-d2`.
    pub name: String,
    /// Shape of one input image.
    pub input: Shape,
    /// Number of classes: the length of the output vector.
    pub classes: usize,
    /// The layers in order.
    pub nodes: Vec<Node>,
    /// Every parameter and buffer, in the order of the layers.
    pub parameters: Vec<Parameter>,
}

/// One layer in its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Path and kind, for example `3.conv` or `5.path0.1.batch_norm`.
    pub name: String,
    /// The layer as written; the paths of `Branches` are empty here and stand in `paths`.
    pub layer: Layer,
    /// Shape of what comes in.
    pub input: Shape,
    /// Shape of what goes out.
    pub output: Shape,
    /// Whether anything before this node is trained, so that the gradient of its input is needed.
    pub input_needs_gradient: bool,
    /// Its own tensors in `Network::parameters`: weight then bias; or scale, shift, running mean, running variance.
    pub parameters: Range<usize>,
    /// For `Branches`: the nodes of each path.
    pub paths: Vec<Vec<Node>>,
}

/// One named tensor of a network, how it begins and how it is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Node name and role, for example `3.conv.weight`.
    pub name: String,
    /// OIHW for convolutions, (out, in) for linear layers, (channels) for the rest.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: Role,
    /// How it begins.
    pub initial: Initial,
    /// Factor on the learning rate.
    pub learning_rate_scale: f64,
    /// Factor on the weight decay; 0 for biases and batch normalisation.
    pub weight_decay_scale: f64,
    /// Trained only in steps before this one; `None`: always.
    pub trainable_until_step: Option<u64>,
}

/// What a tensor of a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weight of a convolution or linear layer.
    Weight,
    /// Added constant.
    Bias,
    /// Factor of a batch normalisation (gamma).
    Scale,
    /// Constant of a batch normalisation (beta).
    Shift,
    /// Running mean: a buffer, not trained.
    RunningMean,
    /// Running variance: a buffer, not trained.
    RunningVariance,
}

/// How a tensor begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initial {
    /// Every value the same.
    Constant(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal {
        /// Standard deviation.
        deviation: f64,
    },
    /// Uniform in [-bound, bound).
    Uniform {
        /// Half width.
        bound: f64,
    },
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

impl Shape {
    /// A vector of `length` values, `(length, 1, 1)`.
    #[must_use]
    pub fn vector(length: usize) -> Shape {
        Shape { channels: length, height: 1, width: 1 }
    }

    /// Number of values, `channels * height * width`; saturates at the largest `usize`.
    #[must_use]
    pub fn elements(self) -> usize {
        self.channels.saturating_mul(self.height).saturating_mul(self.width)
    }
}

impl Parameter {
    /// Number of values in the tensor; saturates at 2^64 - 1.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.shape.iter().fold(1, |product, &side| product.saturating_mul(side as u64))
    }
}

impl Role {
    /// Whether an optimiser trains it; running statistics are buffers.
    #[must_use]
    pub fn is_trained(self) -> bool {
        match self {
            Role::Weight | Role::Bias | Role::Scale | Role::Shift => true,
            Role::RunningMean | Role::RunningVariance => false,
        }
    }

    /// The last part of a tensor's name, for example `weight` in `3.conv.weight`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Weight => "weight",
            Role::Bias => "bias",
            Role::Scale => "scale",
            Role::Shift => "shift",
            Role::RunningMean => "running_mean",
            Role::RunningVariance => "running_variance",
        }
    }
}
