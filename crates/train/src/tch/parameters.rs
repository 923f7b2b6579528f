//! Parameters as libtorch's kernels want them: filters with channels innermost, and rows of linear layers in the order of
//! their input's memory.

use libtorch::error::TorchError;
use libtorch::tch::{self, Kind, Tensor};
use net::layer::Layer;
use net::network::{Network, Node, Parameter, Shape};

/// How the values of a parameter lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Row by row, as in a state.
    Plain,
    /// OIHW whose input channels are innermost.
    Filters,
    /// (out, in), where the inputs are those of an image of this shape, channels innermost.
    Flattened(Shape),
}

/// The layout of every parameter, in the network's order.
pub(super) fn layouts(network: &Network) -> Vec<Layout> {
    let mut layouts = vec![Layout::Plain; network.parameters.len()];
    for node in network.leaves() {
        if let Some((place, layout)) = weight(node) {
            layouts[place] = layout;
        }
    }
    layouts
}

/// The place and layout of a node's weight, if it has one that is not plain.
fn weight(node: &Node) -> Option<(usize, Layout)> {
    let image = node.input.height * node.input.width > 1;
    match &node.layer {
        Layer::Conv(_) => Some((node.parameters.start, Layout::Filters)),
        Layer::Linear(_) if image => Some((node.parameters.start, Layout::Flattened(node.input))),
        Layer::Linear(_)
        | Layer::BatchNorm
        | Layer::Relu
        | Layer::MaxPool(_)
        | Layer::GlobalAvgPool
        | Layer::Dropout { .. }
        | Layer::Branches { .. } => None,
    }
}

impl Layout {
    /// A tensor on `device` with these values, which come row by row in the parameter's shape.
    pub(super) fn place(
        self,
        values: &[f32],
        parameter: &Parameter,
        device: tch::Device,
    ) -> Result<Tensor, TorchError> {
        let shape = sizes(&parameter.shape);
        let tensor = Tensor::f_from_slice(values)?.f_view(shape.as_slice())?;
        let tensor = match (self, shape.as_slice()) {
            (Layout::Flattened(Shape { channels, height, width }), &[rows, columns]) => {
                let [channels, height, width] = [channels, height, width].map(|side| side as i64);
                let images = tensor.f_view([rows, channels, height, width])?;
                images.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_view([rows, columns])?
            }
            (Layout::Filters, _) => channels_last(&tensor)?,
            (Layout::Plain | Layout::Flattened(_), _) => tensor,
        };
        // `from_slice` copies, so that the tensor is nobody else's.
        Ok(tensor.f_to_device(device)?)
    }

    /// The values of such a tensor, row by row in the parameter's shape.
    pub(super) fn read(self, tensor: &Tensor) -> Result<Vec<f32>, TorchError> {
        let tensor = tensor.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?;
        let plain = match (self, tensor.size().as_slice()) {
            (Layout::Flattened(Shape { channels, height, width }), &[rows, columns]) => {
                let [channels, height, width] = [channels, height, width].map(|side| side as i64);
                let images = tensor.f_view([rows, height, width, channels])?;
                images.f_permute([0, 3, 1, 2])?.f_contiguous()?.f_view([rows, columns])?
            }
            (Layout::Plain | Layout::Filters | Layout::Flattened(_), _) => tensor.f_contiguous()?,
        };
        let mut values = vec![0f32; plain.numel()];
        plain.f_copy_data(&mut values, plain.numel())?;
        Ok(values)
    }
}

/// The same values of a (batch, channels, height, width) tensor with channels innermost. Its strides say so even with
/// one channel, where either order is the same in memory, and libtorch takes the layout of its output from them.
pub(super) fn channels_last(tensor: &Tensor) -> Result<Tensor, TorchError> {
    let innermost = tensor.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    let shape = innermost.size();
    Ok(innermost.f_view([-1])?.f_view(shape.as_slice())?.f_permute([0, 3, 1, 2])?)
}

/// A shape in libtorch's numbers.
pub(super) fn sizes(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&side| side as i64).collect()
}
