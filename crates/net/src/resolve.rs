//! From layers as written to a checked network: names, shapes, parameters and the reach of gradients.

use crate::error::NetError;
use crate::layer::{Join, Layer};
use crate::network::{Network, Node, Parameter, Shape};
use crate::parameters;
use crate::shape;

/// What one layer hands to the next.
#[derive(Clone, Copy)]
struct Flow {
    shape: Shape,
    /// Whether anything trained stands upstream.
    needs_gradient: bool,
}

impl Network {
    /// Checks `layers` for images of shape `input` and gives each its name, shapes and tensors.
    ///
    /// # Errors
    /// [`NetError::Layer`] names the first layer that does not fit what comes before it, or `output` where the
    /// last one does not leave a vector of `classes` values; [`NetError::TooLarge`] where a size overflows, or an
    /// activation or the parameters exceed [`shape::MOST_VALUES`].
    pub fn resolve(name: &str, input: Shape, classes: usize, layers: &[Layer]) -> Result<Network, NetError> {
        shape::within_limits("input", input)?;
        let mut parameters = Vec::new();
        let start = Flow { shape: input, needs_gradient: false };
        let (nodes, end) = place_all(layers, "", start, &mut parameters)?;
        parameters::within_limits(&parameters)?;
        if classes == 0 || end.shape != Shape::vector(classes) {
            let reason = if classes == 0 {
                "a network needs at least one class".to_owned()
            } else {
                format!("a network for {classes} classes must end in {}", Shape::vector(classes))
            };
            return Err(shape::misfit("output", end.shape, reason));
        }
        Ok(Network { name: name.to_owned(), input, classes, nodes, parameters })
    }
}

/// Places a sequence of layers whose names begin with `prefix`; tensors go to the end of `parameters`.
fn place_all(
    layers: &[Layer],
    prefix: &str,
    before: Flow,
    parameters: &mut Vec<Parameter>,
) -> Result<(Vec<Node>, Flow), NetError> {
    let mut flow = before;
    let mut nodes = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        let (node, after) = place(layer, &format!("{prefix}{index}."), flow, parameters)?;
        nodes.push(node);
        flow = after;
    }
    Ok((nodes, flow))
}

/// Places one layer; `place_in` is the name up to the kind of layer, for example `5.path0.1.`.
fn place(
    layer: &Layer,
    place_in: &str,
    before: Flow,
    parameters: &mut Vec<Parameter>,
) -> Result<(Node, Flow), NetError> {
    let name = format!("{place_in}{}", layer.kind());
    let input = before.shape;
    let output = match layer {
        Layer::Conv(conv) => shape::conv(&name, input, conv)?,
        Layer::BatchNorm | Layer::Relu => input,
        Layer::MaxPool(pool) => shape::max_pool(&name, input, pool)?,
        Layer::GlobalAvgPool => Shape::vector(input.channels),
        Layer::Dropout { percent: 0..=99 } => input,
        Layer::Dropout { percent } => {
            return Err(shape::misfit(&name, input, format!("it drops {percent} percent; the most is 99")));
        }
        Layer::Linear(linear) => shape::within_limits(&name, Shape::vector(linear.out_features))?,
        Layer::Branches { paths, join } => {
            return place_branches(name, place_in, paths, *join, before, parameters);
        }
    };
    let own = parameters::of_layer(&name, layer, input)?;
    let after = Flow { shape: output, needs_gradient: before.needs_gradient || !own.is_empty() };
    let first = parameters.len();
    parameters.extend(own);
    let node = Node {
        name,
        layer: layer.clone(),
        input,
        output,
        input_needs_gradient: before.needs_gradient,
        parameters: first..parameters.len(),
        paths: Vec::new(),
    };
    Ok((node, after))
}

/// Places a branching, whose paths all begin from the same flow.
fn place_branches(
    name: String,
    place_in: &str,
    written: &[Vec<Layer>],
    join: Join,
    before: Flow,
    parameters: &mut Vec<Parameter>,
) -> Result<(Node, Flow), NetError> {
    let first = parameters.len();
    let mut paths = Vec::with_capacity(written.len());
    let mut ends = Vec::with_capacity(written.len());
    for (index, layers) in written.iter().enumerate() {
        let (nodes, end) = place_all(layers, &format!("{place_in}path{index}."), before, parameters)?;
        paths.push(nodes);
        ends.push(end);
    }
    let outputs: Vec<Shape> = ends.iter().map(|end| end.shape).collect();
    let output = shape::join(&name, before.shape, join, &outputs)?;
    let node = Node {
        name,
        layer: Layer::Branches { paths: Vec::new(), join },
        input: before.shape,
        output,
        input_needs_gradient: before.needs_gradient,
        parameters: first..first,
        paths,
    };
    Ok((node, Flow { shape: output, needs_gradient: ends.iter().any(|end| end.needs_gradient) }))
}

#[cfg(test)]
mod tests;
