//! Exact multiply-accumulates and parameters of a network, on one image.
//!
//! Only convolutions and linear layers count. Taps that fall on padding count too, as in every published count.

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

impl Network {
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
