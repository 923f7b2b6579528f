//! A network lowered to the operations that the kernels know: what follows a convolution is gathered into one
//! activation.

use kernels::convolution::Window;
use kernels::plane::Plane;
use kernels::pool::PoolWindow;
use kernels::stem::Stem;
use kernels::winograd::Tile;
use net::layer::{Conv, Join, Layer, Pool};
use net::network::{Network, Node, Shape};

/// Number of an activation tensor.
pub(super) type TensorId = usize;

/// Operations in an order in which they can run.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Every tensor; the first is the image.
    pub tensors: Vec<Tensor>,
    /// Every operation.
    pub ops: Vec<Op>,
    /// For each operation, the node of the network that it stands for.
    pub names: Vec<String>,
    /// Every batch normalisation.
    pub norms: Vec<Norm>,
    /// What the loss is taken of.
    pub logits: TensorId,
}

/// One activation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tensor {
    /// Channels, height and width.
    pub shape: Shape,
    /// Zero pixels that a reader wants on every side.
    pub border: usize,
    /// Whether anything before it is trained.
    pub needs_gradient: bool,
}

/// A batch normalisation: its first parameter, and the tensor it normalises.
#[derive(Clone, Copy, Debug)]
pub(super) struct Norm {
    /// Place of scale, shift, running mean and running variance in the network's parameters.
    pub parameters: usize,
    /// What it normalises.
    pub tensor: TensorId,
}

/// A tensor with the normalisation that its reader applies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Source {
    /// The tensor.
    pub tensor: TensorId,
    /// The normalisation.
    pub norm: Option<usize>,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// Convolution, with bias where `bias`.
    Conv { window: Window, groups: usize, weights: Weights, x: TensorId, y: TensorId },
    /// out = pool(relu(convolution of the image)) in one pass, with bias where `bias`.
    Stem { window: Window, weights: Weights, x: TensorId, out: TensorId },
    /// Fully connected layer.
    Linear { weights: Weights, x: TensorId, y: TensorId },
    /// out = pool(relu(norm(y) + norm(residual))).
    Activate { y: Source, residual: Option<Source>, relu: bool, pooled: bool, out: TensorId },
    /// Maximum over windows.
    MaxPool { window: PoolWindow, x: TensorId, out: TensorId },
    /// Mean over height and width.
    Mean { x: TensorId, out: TensorId },
    /// The parts' channels one after the other.
    Concat { parts: Vec<TensorId>, out: TensorId },
    /// Zeroes values at random while training.
    Dropout { percent: u8, x: TensorId, out: TensorId },
}

/// Places of weight and bias in the network's parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// The weight.
    pub weight: usize,
    /// The bias.
    pub bias: Option<usize>,
}

impl Op {
    /// The tensor it makes.
    pub(super) fn out(&self) -> TensorId {
        match self {
            Op::Conv { y: out, .. }
            | Op::Linear { y: out, .. }
            | Op::Stem { out, .. }
            | Op::Activate { out, .. }
            | Op::MaxPool { out, .. }
            | Op::Mean { out, .. }
            | Op::Concat { out, .. }
            | Op::Dropout { out, .. } => *out,
        }
    }

    /// The tensors it reads.
    pub(super) fn inputs(&self) -> Vec<TensorId> {
        match self {
            Op::Conv { x, .. }
            | Op::Stem { x, .. }
            | Op::Linear { x, .. }
            | Op::MaxPool { x, .. }
            | Op::Mean { x, .. }
            | Op::Dropout { x, .. } => vec![*x],
            Op::Activate { y, residual, .. } => {
                std::iter::once(y.tensor).chain(residual.map(|source| source.tensor)).collect()
            }
            Op::Concat { parts, .. } => parts.clone(),
        }
    }

    /// The one of some tiles with which a convolution is computed fastest from one plane to another, forward or back;
    /// nothing where that is by direct sums.
    pub(super) fn tile(&self, tiles: &[Tile], from: Plane, to: Plane) -> Option<Tile> {
        match self {
            Op::Conv {
                window: Window { kernel: 3, stride: 1, dilation: 1, padding: 0..=2 },
                groups: 1,
                ..
            } => Tile::best(tiles, from, to),
            _ => None,
        }
    }
}

impl Graph {
    /// Lowers a network.
    pub(super) fn lower(network: &Network) -> Graph {
        let mut graph = Graph::default();
        graph.tensor(network.input, false);
        let last = graph.nodes(&network.nodes, Source { tensor: 0, norm: None });
        graph.logits = graph.settled("output", last);
        graph.gather_stem();
        graph
    }

    /// A first convolution whose output nothing but ReLU with pooling reads, and that alone reads the image, becomes one
    /// operation with them.
    fn gather_stem(&mut self) {
        let [first, second, rest @ ..] = &self.ops[..] else { return };
        let Op::Conv { window, groups: 1, weights, x: 0, y } = first else { return };
        let Op::Activate { y: before, residual: None, relu: true, pooled: true, out } = second else {
            return;
        };
        let is_plain = *before == Source { tensor: *y, norm: None };
        let is_normed = self.norms.iter().any(|norm| norm.tensor == *y || norm.tensor == 0);
        let is_read_later = rest.iter().any(|op| op.inputs().iter().any(|input| *input == 0 || input == y));
        if Stem::fits(*window, self.tensors[0].shape.channels) && is_plain && !is_normed && !is_read_later {
            let stem = Op::Stem { window: *window, weights: *weights, x: 0, out: *out };
            self.ops.splice(..2, [stem]);
            self.names.remove(1);
        }
    }

    fn tensor(&mut self, shape: Shape, needs_gradient: bool) -> TensorId {
        self.tensors.push(Tensor { shape, border: 0, needs_gradient });
        self.tensors.len() - 1
    }

    fn shape(&self, source: Source) -> Shape {
        self.tensors[source.tensor].shape
    }

    fn needs_gradient(&self, source: Source) -> bool {
        source.norm.is_some() || self.tensors[source.tensor].needs_gradient
    }

    /// An activation of its own, so that the tensor can be read as it is.
    fn activate(
        &mut self,
        name: &str,
        y: Source,
        residual: Option<Source>,
        relu: bool,
        pool: Option<Shape>,
    ) -> Source {
        let shape = pool.unwrap_or_else(|| self.shape(y));
        let needs = self.needs_gradient(y) || residual.is_some_and(|source| self.needs_gradient(source));
        let out = self.tensor(shape, needs);
        self.push(name, Op::Activate { y, residual, relu, pooled: pool.is_some(), out });
        Source { tensor: out, norm: None }
    }

    /// The tensor of a source, after its normalisation.
    fn settled(&mut self, name: &str, source: Source) -> TensorId {
        match source.norm {
            None => source.tensor,
            Some(_) => self.activate(name, source, None, false, None).tensor,
        }
    }

    fn push(&mut self, name: &str, op: Op) {
        self.ops.push(op);
        self.names.push(name.to_owned());
    }

    fn nodes(&mut self, nodes: &[Node], mut x: Source) -> Source {
        let mut rest = nodes.iter().peekable();
        while let Some(node) = rest.next() {
            x = match &node.layer {
                Layer::Relu => {
                    let pool = rest.next_if(|next| halves(next)).map(|next| next.output);
                    self.activate(&node.name, x, None, true, pool)
                }
                Layer::Branches { join: Join::Add, .. } => {
                    let relu = rest.next_if(|next| next.layer == Layer::Relu).is_some();
                    self.sum(node, x, relu)
                }
                Layer::BatchNorm => {
                    let tensor = self.settled(&node.name, x);
                    self.norms.push(Norm { parameters: node.parameters.start, tensor });
                    Source { tensor, norm: Some(self.norms.len() - 1) }
                }
                _ => self.node(node, x),
            };
        }
        x
    }

    /// A layer that needs no look at the next.
    fn node(&mut self, node: &Node, x: Source) -> Source {
        let x = self.settled(&node.name, x);
        let needs = self.tensors[x].needs_gradient;
        let weights = Weights {
            weight: node.parameters.start,
            bias: (node.parameters.len() > 1).then_some(node.parameters.start + 1),
        };
        let op = match &node.layer {
            Layer::Conv(conv) => {
                let y = self.tensor(node.output, true);
                self.conv(conv, weights, x, y)
            }
            Layer::Linear(_) => {
                let y = self.tensor(node.output, true);
                Op::Linear { weights, x, y }
            }
            Layer::MaxPool(pool) => {
                let Pool { kernel, stride, padding, ceil: _ } = *pool;
                let window = PoolWindow { kernel, stride, padding };
                Op::MaxPool { window, x, out: self.tensor(node.output, needs) }
            }
            Layer::GlobalAvgPool => Op::Mean { x, out: self.tensor(node.output, needs) },
            Layer::Dropout { percent } => {
                Op::Dropout { percent: *percent, x, out: self.tensor(node.output, needs) }
            }
            Layer::Branches { .. } => {
                let mut parts = Vec::new();
                for path in &node.paths {
                    let part = self.nodes(path, Source { tensor: x, norm: None });
                    parts.push(self.settled(&node.name, part));
                }
                let needs = parts.iter().any(|&part| self.tensors[part].needs_gradient);
                Op::Concat { parts, out: self.tensor(node.output, needs) }
            }
            // Those were treated where they are met, as the layers beside them matter.
            Layer::BatchNorm | Layer::Relu => return Source { tensor: x, norm: None },
        };
        let out = op.out();
        self.push(&node.name, op);
        Source { tensor: out, norm: None }
    }

    fn conv(&mut self, conv: &Conv, weights: Weights, x: TensorId, y: TensorId) -> Op {
        let Conv { kernel, stride, padding, dilation, groups, .. } = *conv;
        let border = &mut self.tensors[x].border;
        *border = padding.max(*border);
        let window = Window { kernel, stride, padding, dilation };
        Op::Conv { window, groups, weights, x, y }
    }

    /// The sum of branches, through ReLU where it follows.
    fn sum(&mut self, node: &Node, x: Source, relu: bool) -> Source {
        let x = Source { tensor: self.settled(&node.name, x), norm: None };
        let mut sum: Option<Source> = None;
        for (number, path) in node.paths.iter().enumerate() {
            let mut part = self.nodes(path, x);
            if let Some(before) = sum {
                // The same tensor twice would be one slice borrowed twice.
                if part.tensor == before.tensor {
                    part = self.activate(&node.name, part, None, false, None);
                }
                let last = number + 1 == node.paths.len();
                part = self.activate(&node.name, before, Some(part), relu && last, None);
            }
            sum = Some(part);
        }
        let sum = sum.unwrap_or(x);
        let unseen = relu && node.paths.len() < 2;
        if unseen { self.activate(&node.name, sum, None, true, None) } else { sum }
    }
}

/// Whether a layer is the 2x2 pooling that an activation takes in.
fn halves(node: &Node) -> bool {
    match &node.layer {
        Layer::MaxPool(Pool { kernel: 2, stride: 2, padding: 0, .. }) => {
            // With `ceil` a last window may hang over the edge.
            node.output.height == node.input.height / 2 && node.output.width == node.input.width / 2
        }
        _ => false,
    }
}
