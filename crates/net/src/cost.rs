//! Exact multiply-accumulates and parameters of a network, on one image.
//!
//! Only convolutions and linear layers count. Taps that fall on padding count too, as in every published count. What
//! an optimizer does is counted apart.

use crate::layer::Layer;
use crate::network::{Network, Node, Parameter};

impl Node {
    /// Multiply-accumulates of the forward pass; branches count their paths.
    ///
    /// A convolution has one per output value and tap of its window, a linear layer one per weight.
    #[must_use]
    pub fn macs(&self) -> u64 {
        match &self.layer {
            Layer::Conv(conv) => {
                let taps =
                    (self.input.channels / conv.groups) as u64 * conv.kernel as u64 * conv.kernel as u64;
                self.output.elements() as u64 * taps
            }
            Layer::Linear(_) => self.input.elements() as u64 * self.output.elements() as u64,
            Layer::BatchNorm
            | Layer::Relu
            | Layer::MaxPool(_)
            | Layer::GlobalAvgPool
            | Layer::Dropout { .. } => 0,
            Layer::Branches { .. } => self.paths.iter().flatten().map(Node::macs).sum(),
        }
    }

    /// Multiply-accumulates to train: forward, gradient of the weights and, where anything before this node is
    /// trained, gradient of the input, each as many as the forward pass; branches count their paths.
    #[must_use]
    pub fn training_macs(&self) -> u64 {
        match &self.layer {
            Layer::Conv(_)
            | Layer::Linear(_)
            | Layer::BatchNorm
            | Layer::Relu
            | Layer::MaxPool(_)
            | Layer::GlobalAvgPool
            | Layer::Dropout { .. } => self.macs() * if self.input_needs_gradient { 3 } else { 2 },
            Layer::Branches { .. } => self.paths.iter().flatten().map(Node::training_macs).sum(),
        }
    }

    /// This node, or for branches all nodes in their paths that are not branches themselves, in order.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Node> {
        match &self.layer {
            Layer::Conv(_)
            | Layer::Linear(_)
            | Layer::BatchNorm
            | Layer::Relu
            | Layer::MaxPool(_)
            | Layer::GlobalAvgPool
            | Layer::Dropout { .. } => vec![self],
            Layer::Branches { .. } => self.paths.iter().flatten().flat_map(Node::leaves).collect(),
        }
    }
}

/// Which terms the rule of descent has, Nesterov SGD as PyTorch defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descent {
    /// Whether there is momentum.
    pub has_momentum: bool,
    /// Whether weights decay.
    pub has_weight_decay: bool,
}

impl Parameter {
    /// Additions and multiplications of `steps` updates of this tensor; none where it is not trained.
    ///
    /// For each value and step 2 for w -= rate * d; with momentum 4 more, for v = momentum * v + g and
    /// d = g + momentum * v; with weight decay, where this tensor has any, 2 more for g += decay * w. What is done once
    /// for the whole tensor, such as scaling the rate, does not count. Saturates.
    #[must_use]
    pub fn update_operations(&self, descent: Descent, steps: u64) -> u64 {
        if !self.role.is_trained() {
            return 0;
        }
        let momentum = if descent.has_momentum { 4 } else { 0 };
        let decays = descent.has_weight_decay && self.weight_decay_scale != 0.0;
        let decay = if decays { 2 } else { 0 };
        let steps = self.trainable_until_step.map_or(steps, |until| until.min(steps));
        self.elements().saturating_mul(2 + momentum + decay).saturating_mul(steps)
    }
}

impl Network {
    /// Additions and multiplications of the optimizer in `steps` steps; whatever the batch. Saturates.
    #[must_use]
    pub fn update_operations(&self, descent: Descent, steps: u64) -> u64 {
        let each = self.parameters.iter().map(|parameter| parameter.update_operations(descent, steps));
        each.fold(0, u64::saturating_add)
    }

    /// Multiply-accumulates of one forward pass on one image.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.nodes.iter().map(Node::macs).sum()
    }

    /// Multiply-accumulates to train on one image: three times the forward pass, less one for every layer whose
    /// input needs no gradient.
    #[must_use]
    pub fn training_macs(&self) -> u64 {
        self.nodes.iter().map(Node::training_macs).sum()
    }

    /// Number of trained values; running statistics do not count.
    #[must_use]
    pub fn parameter_count(&self) -> u64 {
        let trained = self.parameters.iter().filter(|parameter| parameter.role.is_trained());
        trained.map(Parameter::elements).sum()
    }

    /// Every node that is not a branching, in the order in which they run; a path runs after those before it.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Node> {
        self.nodes.iter().flat_map(Node::leaves).collect()
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod update_tests;
