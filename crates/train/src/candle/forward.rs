//! Walks a network with candle's tensors; autograd follows.

use std::ops::Range;

use candle_core::{Result, Tensor, Var};
use chance::Stream;
use net::layer::{Conv, Join, Layer};
use net::network::Node;
use record::bench::LayerPhase;

use super::composed;
use super::ops::batch_norm::{self, BatchMoments};
use super::ops::cross_entropy;
use super::ops::max_pool;
use super::ops::real::Real;
use super::ops::relu;
use crate::executed::ByLayer;

/// Which of two implementations computes what candle lacks or gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operations {
    /// Those of `ops`: each in one piece, on the CPU only.
    Fused,
    /// Those of `composed`: on every device.
    Composed,
}

/// One pass over a batch: the parameters it reads and what it leaves behind.
pub(super) struct Pass<'a> {
    /// Every parameter and buffer, in the network's order.
    pub parameters: &'a [Var],
    /// How it computes what candle lacks.
    pub operations: Operations,
    /// What differs between training and evaluation.
    pub mode: Mode,
    /// Operations executed, forward and (as far as training goes) backward to come.
    pub executed: ByLayer,
}

/// What differs between training and evaluation.
pub(super) enum Mode {
    /// Batch statistics and dropout.
    Training {
        /// Dropout masks of this step.
        dropout: Box<Stream>,
        /// Moments of the batch at each batch normalisation, with the place of its parameters.
        moments: Vec<(Range<usize>, BatchMoments)>,
    },
    /// Running statistics.
    Evaluation,
}

impl Pass<'_> {
    /// The output of `nodes` on `x` (batch, channels, height, width); vectors come as (batch, features).
    pub(super) fn run<T: Real>(&mut self, nodes: &[Node], x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for node in nodes {
            x = self.layer::<T>(node, &x)?;
        }
        Ok(x)
    }

    fn layer<T: Real>(&mut self, node: &Node, x: &Tensor) -> Result<Tensor> {
        match &node.layer {
            Layer::Conv(conv) => self.conv(node, conv, x),
            Layer::BatchNorm => self.batch_norm::<T>(node, x),
            Layer::Relu => match self.operations {
                Operations::Fused => relu::relu::<T>(x),
                Operations::Composed => composed::relu(x),
            },
            Layer::MaxPool(pool) => {
                let out = (node.output.height, node.output.width);
                match self.operations {
                    Operations::Fused => max_pool::max_pool::<T>(x, *pool, out),
                    Operations::Composed => composed::max_pool(x, *pool, out),
                }
            }
            Layer::GlobalAvgPool => x.flatten_from(2)?.mean(2),
            Layer::Dropout { percent } => self.dropout::<T>(*percent, x),
            Layer::Linear(linear) => self.linear(node, linear.bias, x),
            Layer::Branches { join, .. } => {
                let paths = node.paths.iter().map(|path| self.run::<T>(path, x));
                let paths = paths.collect::<Result<Vec<_>>>()?;
                match join {
                    Join::Add => sum(&paths),
                    Join::Concat => Tensor::cat(&paths, 1),
                }
            }
        }
    }

    fn conv(&mut self, node: &Node, conv: &Conv, x: &Tensor) -> Result<Tensor> {
        let own = &self.parameters[node.parameters.clone()];
        let y = x.conv2d(&own[0], conv.padding, conv.stride, conv.dilation, conv.groups)?;
        self.note(node, x, self.weight_gradient_macs(node, conv))?;
        match own.get(1) {
            Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?),
            None => Ok(y),
        }
    }

    /// Notes the work on a layer: forward, and in training the gradients of its input, always, even of the image
    /// itself, and of its weights, which takes `weight_gradient` MACs an image.
    fn note(&mut self, node: &Node, x: &Tensor, weight_gradient: u64) -> Result<()> {
        let images = x.dim(0)? as u64;
        self.executed.note(&node.name, LayerPhase::Forward, images * node.macs());
        if matches!(self.mode, Mode::Training { .. }) {
            self.executed.note(&node.name, LayerPhase::InputGradient, images * node.macs());
            self.executed.note(&node.name, LayerPhase::WeightGradient, images * weight_gradient);
        }
        Ok(())
    }

    /// MACs that candle spends on one image for the weights' gradient: as a convolution that gives `side` x `side` taps,
    /// of which only kernel x kernel are kept.
    fn weight_gradient_macs(&self, node: &Node, conv: &Conv) -> u64 {
        let taps = |input: usize, output: usize| {
            let reach = input + 2 * conv.padding - conv.stride * (output - 1);
            ((reach - 1) / conv.dilation + 1) as u64
        };
        let (input, output) = (node.input, node.output);
        let made = taps(input.height, output.height) * taps(input.width, output.width);
        let kept = (conv.kernel * conv.kernel) as u64;
        node.macs() / kept * made
    }

    fn linear(&mut self, node: &Node, bias: bool, x: &Tensor) -> Result<Tensor> {
        let own = &self.parameters[node.parameters.clone()];
        let y = x.flatten_from(1)?.matmul(&own[0].t()?)?;
        // candle's backward of a product always computes both gradients.
        self.note(node, x, node.macs())?;
        if bias { y.broadcast_add(&own[1]) } else { Ok(y) }
    }

    fn batch_norm<T: Real>(&mut self, node: &Node, x: &Tensor) -> Result<Tensor> {
        let own = &self.parameters[node.parameters.clone()];
        match &mut self.mode {
            Mode::Training { moments, .. } => {
                let (y, batch) = match self.operations {
                    Operations::Fused => batch_norm::batch_norm::<T>(x, &own[0], &own[1])?,
                    Operations::Composed => composed::batch_norm(x, &own[0], &own[1])?,
                };
                moments.push((node.parameters.clone(), batch));
                Ok(y)
            }
            Mode::Evaluation => {
                let own = [&own[0], &own[1], &own[2], &own[3]].map(Var::as_tensor);
                match self.operations {
                    Operations::Fused => batch_norm::batch_norm_running::<T>(x, own),
                    Operations::Composed => composed::batch_norm_running(x, own),
                }
            }
        }
    }

    /// Mean cross-entropy of `logits` (batch, classes) with label smoothing.
    pub(super) fn cross_entropy<T: Real>(
        &self,
        logits: &Tensor,
        labels: Vec<u8>,
        smoothing: f64,
    ) -> Result<Tensor> {
        match self.operations {
            Operations::Fused => cross_entropy::cross_entropy::<T>(logits, labels, smoothing),
            Operations::Composed => composed::cross_entropy::<T>(logits, &labels, smoothing),
        }
    }

    fn dropout<T: Real>(&mut self, percent: u8, x: &Tensor) -> Result<Tensor> {
        let Mode::Training { dropout, .. } = &mut self.mode else { return Ok(x.clone()) };
        let probability = f32::from(percent) / 100.0;
        let kept = T::from_f64(1.0 / (1.0 - f64::from(percent) / 100.0));
        let mut draw = || if dropout.uniform_f32() < probability { T::zero() } else { kept };
        let mask: Vec<T> = (0..x.elem_count()).map(|_| draw()).collect();
        x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?)
    }
}

fn sum(paths: &[Tensor]) -> Result<Tensor> {
    let (first, rest) = match paths {
        [first, rest @ ..] => (first, rest),
        [] => candle_core::bail!("branches without a path"),
    };
    rest.iter().try_fold(first.clone(), |sum, path| sum.add(path))
}
