//! Walks a network with aten's operators, forward and then backward: no autograd, and every operator known.

use chance::Stream;
use libtorch::error::TorchError;
use libtorch::operators::{Geometry, Moments, Norm, batch_norm, batch_norm_backward, convolution_backward};
use libtorch::tch::{Kind, Tensor};
use net::layer::{Conv, Join, Layer, Pool};
use net::network::{Node, Shape};
use record::bench::LayerPhase;

use super::parameters::channels_last;
use crate::executed::ByLayer;

/// Share of a new batch in the running statistics, as PyTorch's default `momentum`.
const RUNNING_SHARE: f64 = 0.1;
/// Added to variances, as PyTorch's default.
const EPSILON: f64 = 1e-5;

/// One pass over a batch: the tensors it reads, and what it counts.
pub(super) struct Pass<'a> {
    /// Every parameter and buffer as the operators take it, in the network's order.
    pub parameters: &'a [Tensor],
    /// What differs between training and evaluation.
    pub mode: Mode,
    /// Operations executed for one image.
    pub executed: ByLayer,
}

/// What differs between training and evaluation.
pub(super) enum Mode {
    /// Batch statistics, notes for the backward pass, and dropout masks drawn from this stream.
    Training(Box<Stream>),
    /// Running statistics.
    Evaluation,
}

/// A tensor on its way through the network.
struct Flow {
    tensor: Tensor,
    /// Whether nobody else reads it, so that it may be overwritten.
    own: bool,
}

/// What the backward pass of a node needs.
pub(super) enum Note {
    Conv { input: Tensor, geometry: Geometry },
    BatchNorm { input: Tensor, moments: Moments },
    Relu { output: Tensor },
    MaxPool { input: Tensor, indices: Tensor },
    GlobalAvgPool,
    Dropout { mask: Tensor },
    Linear { input: Tensor, of_image: bool },
    Branches { paths: Vec<Vec<Note>> },
}

/// The gradient of a parameter by its place in the network.
pub(super) type Gradients = Vec<(usize, Tensor)>;

/// Nodes in the order in which they are run: where max-pooling follows ReLU they change places, which gives the same
/// numbers, gradients too, from a fourth of the work for ReLU.
pub(super) fn order(nodes: &[Node]) -> Vec<Node> {
    let mut nodes: Vec<Node> = nodes.to_vec();
    for first in 1..nodes.len() {
        let relu = matches!(nodes[first - 1].layer, Layer::Relu);
        if relu && matches!(nodes[first].layer, Layer::MaxPool(_)) {
            nodes.swap(first - 1, first);
        }
    }
    for node in &mut nodes {
        node.paths = node.paths.iter().map(|path| order(path)).collect();
    }
    nodes
}

impl Pass<'_> {
    /// The output of `nodes` on `x` (batch, channels, height, width), and what the backward pass needs.
    pub(super) fn forward(&mut self, nodes: &[Node], x: &Tensor) -> Result<(Tensor, Vec<Note>), TorchError> {
        let mut notes = Vec::with_capacity(nodes.len());
        let flow = self.run(nodes, Flow { tensor: x.shallow_clone(), own: false }, &mut notes)?;
        Ok((flow.tensor, notes))
    }

    fn is_training(&self) -> bool {
        matches!(self.mode, Mode::Training(_))
    }

    fn run(&mut self, nodes: &[Node], mut x: Flow, notes: &mut Vec<Note>) -> Result<Flow, TorchError> {
        for node in nodes {
            let (y, note) = self.node(node, x)?;
            if self.is_training() {
                notes.push(note);
            }
            x = y;
        }
        Ok(x)
    }

    fn node(&mut self, node: &Node, x: Flow) -> Result<(Flow, Note), TorchError> {
        let own = |tensor| Flow { tensor, own: true };
        Ok(match &node.layer {
            Layer::Conv(conv) => {
                self.executed.note(&node.name, LayerPhase::Forward, node.macs());
                let thin = is_thin(node, conv) && !x.tensor.device().is_cuda();
                let input = if thin { every(&x.tensor, conv.stride)? } else { x.tensor };
                let geometry = geometry(conv, thin);
                (own(self.conv(node, geometry, &input)?), Note::Conv { input, geometry })
            }
            Layer::BatchNorm => {
                let (y, moments) = batch_norm(&x.tensor, self.norm(node), self.is_training(), RUNNING_SHARE)?;
                (own(y), Note::BatchNorm { input: x.tensor, moments })
            }
            Layer::Relu => {
                let Flow { mut tensor, own: is_own } = x;
                let output = if is_own { tensor.f_relu_()? } else { tensor.f_relu()? };
                // The backward pass reads it, but no later node writes into what a ReLU put out.
                (Flow { tensor: output.shallow_clone(), own: false }, Note::Relu { output })
            }
            Layer::MaxPool(pool) => {
                let Pool { kernel, stride, padding, ceil } = *pool;
                let [kernel, stride, padding] = [kernel, stride, padding].map(|size| [size as i64; 2]);
                let (y, indices) =
                    x.tensor.f_max_pool2d_with_indices(kernel, stride, padding, [1, 1], ceil)?;
                (own(y), Note::MaxPool { input: x.tensor, indices })
            }
            Layer::GlobalAvgPool => {
                (own(x.tensor.f_mean_dim([2i64, 3].as_slice(), false, None::<Kind>)?), Note::GlobalAvgPool)
            }
            Layer::Dropout { percent } => self.dropout(*percent, x)?,
            Layer::Linear(_) => {
                self.executed.note(&node.name, LayerPhase::Forward, node.macs());
                let input = flat(&x.tensor)?;
                (own(self.linear(node, &input)?), Note::Linear { input, of_image: x.tensor.dim() == 4 })
            }
            Layer::Branches { join, .. } => self.branches(node, *join, &x.tensor)?,
        })
    }

    fn conv(&self, node: &Node, geometry: Geometry, x: &Tensor) -> Result<Tensor, TorchError> {
        let own = &self.parameters[node.parameters.clone()];
        let Geometry { stride, padding, dilation, groups } = geometry;
        let [stride, padding, dilation] = [stride, padding, dilation].map(|size| [size; 2]);
        Ok(x.f_convolution(&own[0], own.get(1), stride, padding, dilation, false, [0, 0], groups)?)
    }

    fn linear(&self, node: &Node, x: &Tensor) -> Result<Tensor, TorchError> {
        let own = &self.parameters[node.parameters.clone()];
        let weight = own[0].f_tr()?;
        Ok(match own.get(1) {
            Some(bias) => bias.f_addmm(x, &weight)?,
            None => x.f_mm(&weight)?,
        })
    }

    fn norm(&self, node: &Node) -> Norm<'_> {
        let own = &self.parameters[node.parameters.clone()];
        Norm { scale: &own[0], shift: &own[1], mean: &own[2], variance: &own[3], epsilon: EPSILON }
    }

    fn dropout(&mut self, percent: u8, x: Flow) -> Result<(Flow, Note), TorchError> {
        let Mode::Training(stream) = &mut self.mode else {
            let mask = x.tensor.shallow_clone();
            return Ok((x, Note::Dropout { mask }));
        };
        let probability = f32::from(percent) / 100.0;
        let kept = (1.0 / (1.0 - f64::from(percent) / 100.0)) as f32;
        // Drawn in the order of images, channels, rows and columns, as every learner does.
        let mut draw = || if stream.uniform_f32() < probability { 0.0 } else { kept };
        let mask: Vec<f32> = (0..x.tensor.numel()).map(|_| draw()).collect();
        let mask = Tensor::f_from_slice(&mask)?.f_view(x.tensor.size().as_slice())?;
        let mask = mask.f_to_device(x.tensor.device())?.f_to_kind(x.tensor.f_kind()?)?;
        Ok((Flow { tensor: x.tensor.f_mul(&mask)?, own: true }, Note::Dropout { mask }))
    }

    fn branches(&mut self, node: &Node, join: Join, x: &Tensor) -> Result<(Flow, Note), TorchError> {
        let mut outputs = Vec::with_capacity(node.paths.len());
        let mut paths = Vec::with_capacity(node.paths.len());
        for path in &node.paths {
            let mut notes = Vec::with_capacity(path.len());
            let flow = Flow { tensor: x.shallow_clone(), own: false };
            outputs.push(self.run(path, flow, &mut notes)?.tensor);
            paths.push(notes);
        }
        let tensor = match join {
            Join::Concat => Tensor::f_cat(&outputs, 1)?,
            Join::Add => sum(&outputs)?,
        };
        Ok((Flow { tensor, own: outputs.len() > 1 }, Note::Branches { paths }))
    }

    /// Gradients of all parameters of `nodes`, for the `gradient` of their output; returns that of their input, where
    /// anything before them is trained.
    pub(super) fn backward(
        &mut self,
        nodes: &[Node],
        notes: Vec<Note>,
        gradient: Tensor,
        gradients: &mut Gradients,
    ) -> Result<Option<Tensor>, TorchError> {
        let mut gradient = Some(Flow { tensor: gradient, own: false });
        for (node, note) in nodes.iter().zip(notes).rev() {
            let Some(flow) = gradient else { break };
            gradient = self.node_backward(node, note, flow, gradients)?;
        }
        Ok(gradient.map(|flow| flow.tensor))
    }

    fn node_backward(
        &mut self,
        node: &Node,
        note: Note,
        flow: Flow,
        gradients: &mut Gradients,
    ) -> Result<Option<Flow>, TorchError> {
        let own = |tensor| Some(Flow { tensor, own: true });
        let dy = &flow.tensor;
        if !node.input_needs_gradient && node.leaves().iter().all(|leaf| leaf.parameters.is_empty()) {
            return Ok(None);
        }
        let place = node.parameters.start;
        Ok(match (note, &node.layer) {
            (Note::Conv { input, geometry }, Layer::Conv(conv)) => {
                self.count_backward(node);
                let weight = &self.parameters[place];
                let found =
                    convolution_backward(dy, &input, weight, geometry, node.input_needs_gradient, conv.bias)?;
                gradients.push((place, found.weight));
                gradients.extend(found.bias.map(|bias| (place + 1, bias)));
                let thin = geometry.stride != conv.stride as i64;
                let dx = found.input.map(|dx| if thin { between(&dx, node, conv.stride) } else { Ok(dx) });
                dx.transpose()?.and_then(own)
            }
            (Note::BatchNorm { input, moments }, _) => {
                let norm = self.norm(node);
                let found = batch_norm_backward(dy, &input, norm, &moments, node.input_needs_gradient)?;
                gradients.push((place, found.scale));
                gradients.push((place + 1, found.shift));
                found.input.and_then(own)
            }
            (Note::Relu { output }, _) if flow.own => {
                own(output.f_threshold_backward_grad_input(dy, dy, 0.0)?)
            }
            (Note::Relu { output }, _) => own(output.f_threshold_backward(dy, 0.0)?),
            (Note::MaxPool { input, indices }, Layer::MaxPool(pool)) => {
                let Pool { kernel, stride, padding, ceil } = *pool;
                let [kernel, stride, padding] = [kernel, stride, padding].map(|size| [size as i64; 2]);
                own(input.f_max_pool2d_with_indices_backward(
                    dy,
                    kernel,
                    stride,
                    padding,
                    [1, 1],
                    ceil,
                    &indices,
                )?)
            }
            (Note::GlobalAvgPool, _) => own(spread(dy, node)?),
            (Note::Dropout { mask }, _) => own(dy.f_mul(&mask)?),
            (Note::Linear { input, of_image }, _) => {
                let dx = self.linear_backward(node, &input, dy, gradients)?;
                dx.map(|dx| if of_image { image(&dx, node.input) } else { Ok(dx) }).transpose()?.and_then(own)
            }
            (Note::Branches { paths }, Layer::Branches { join, .. }) => {
                self.branches_backward(node, *join, paths, dy, gradients)?
            }
            _ => return Err(TorchError(format!("the notes of {} are of another layer", node.name))),
        })
    }

    fn count_backward(&mut self, node: &Node) {
        self.executed.note(&node.name, LayerPhase::WeightGradient, node.macs());
        if node.input_needs_gradient {
            self.executed.note(&node.name, LayerPhase::InputGradient, node.macs());
        }
    }

    fn linear_backward(
        &mut self,
        node: &Node,
        x: &Tensor,
        dy: &Tensor,
        gradients: &mut Gradients,
    ) -> Result<Option<Tensor>, TorchError> {
        self.count_backward(node);
        let own = &self.parameters[node.parameters.clone()];
        gradients.push((node.parameters.start, dy.f_tr()?.f_mm(x)?));
        if own.len() > 1 {
            let sum = dy.f_sum_dim_intlist([0i64].as_slice(), false, None::<Kind>)?;
            gradients.push((node.parameters.start + 1, sum));
        }
        if !node.input_needs_gradient {
            return Ok(None);
        }
        Ok(Some(dy.f_mm(&own[0])?))
    }

    fn branches_backward(
        &mut self,
        node: &Node,
        join: Join,
        notes: Vec<Vec<Note>>,
        dy: &Tensor,
        gradients: &mut Gradients,
    ) -> Result<Option<Flow>, TorchError> {
        let mut inputs = Vec::with_capacity(notes.len());
        let mut first = 0;
        for (path, notes) in node.paths.iter().zip(notes) {
            let gradient = match join {
                Join::Add => dy.shallow_clone(),
                Join::Concat => {
                    let channels = path.last().map_or(node.input, |last| last.output).channels as i64;
                    first += channels;
                    dy.f_narrow(1, first - channels, channels)?
                }
            };
            inputs.extend(self.backward(path, notes, gradient, gradients)?);
        }
        if inputs.is_empty() || !node.input_needs_gradient {
            return Ok(None);
        }
        Ok(Some(Flow { tensor: sum(&inputs)?, own: inputs.len() > 1 }))
    }
}

/// Whether the weight gradient of oneDNN would write past its memory: 1x1 windows with steps between them, and fewer
/// channels than it has lanes (oneDNN issue 6035). Those take the pixels that they use first, and then every one of them.
fn is_thin(node: &Node, conv: &Conv) -> bool {
    conv.kernel == 1 && conv.stride > 1 && conv.padding == 0 && node.input.channels / conv.groups < 16
}

fn geometry(conv: &Conv, thin: bool) -> Geometry {
    let [stride, padding, dilation, groups] =
        [conv.stride, conv.padding, conv.dilation, conv.groups].map(|size| size as i64);
    Geometry { stride: if thin { 1 } else { stride }, padding, dilation, groups }
}

/// Every so many pixels along each axis, from the first.
fn every(x: &Tensor, step: usize) -> Result<Tensor, TorchError> {
    channels_last(&x.f_slice(2, 0, None, step as i64)?.f_slice(3, 0, None, step as i64)?)
}

/// The gradient of the input of [`every`]: zero for pixels that were left out.
fn between(dy: &Tensor, node: &Node, step: usize) -> Result<Tensor, TorchError> {
    let Shape { channels, height, width } = node.input;
    let sides = [dy.size()[0], height as i64, width as i64, channels as i64];
    let dx = Tensor::f_zeros(sides, (dy.f_kind()?, dy.device()))?.f_permute([0, 3, 1, 2])?;
    dx.f_slice(2, 0, None, step as i64)?.f_slice(3, 0, None, step as i64)?.f_copy_(dy)?;
    Ok(dx)
}

/// The sum of tensors of one shape.
fn sum(tensors: &[Tensor]) -> Result<Tensor, TorchError> {
    let [first, rest @ ..] = tensors else { return Err(TorchError("branches without a path".to_owned())) };
    let mut sum = first.shallow_clone();
    for (place, tensor) in rest.iter().enumerate() {
        // The first sum is a new tensor, which the next ones may be added to.
        sum = if place == 0 { sum.f_add(tensor)? } else { sum.f_add_(tensor)? };
    }
    Ok(sum)
}

/// (batch, features) in the order of memory: channels innermost.
fn flat(x: &Tensor) -> Result<Tensor, TorchError> {
    if x.dim() == 2 {
        return Ok(x.shallow_clone());
    }
    Ok(x.f_permute([0, 2, 3, 1])?.f_reshape([x.size()[0], -1])?)
}

/// (batch, channels, height, width) from vectors whose order is that of memory: the inverse of [`flat`].
fn image(vectors: &Tensor, shape: Shape) -> Result<Tensor, TorchError> {
    let sides = [-1, shape.height as i64, shape.width as i64, shape.channels as i64];
    Ok(vectors.f_view(sides)?.f_permute([0, 3, 1, 2])?)
}

/// The gradient of a mean over the plane: the same share for every pixel.
fn spread(dy: &Tensor, node: &Node) -> Result<Tensor, TorchError> {
    let (height, width) = (node.input.height as i64, node.input.width as i64);
    let share = dy.f_div_scalar((height * width) as f64)?;
    let (batch, channels) = dy.size2()?;
    let wide = share.f_view([batch, 1, 1, channels])?.f_expand([batch, height, width, channels], false)?;
    Ok(wide.f_contiguous()?.f_permute([0, 3, 1, 2])?)
}
