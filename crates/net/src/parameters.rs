//! The tensors of each layer: shapes, first values and how they are trained.

use crate::error::NetError;
use crate::layer::{Conv, Layer, Linear};
use crate::network::{Initial, Parameter, Role, Shape};
use crate::shape::MOST_VALUES;

/// The tensors of the node `name`, in the order that `Node::parameters` promises.
///
/// Convolution weights are normal with variance 2/fan_in (He et al., arXiv 1502.01852, eq. 10), which keeps the
/// variance of activations through ReLU. Linear weights and all biases are uniform in +-1/sqrt(fan_in), the
/// defaults of PyTorch. Batch normalisation starts as the identity.
///
/// `layer` must have passed the checks of its shape.
///
/// # Errors
/// When one tensor has more values than a network may have.
pub(crate) fn of_layer(name: &str, layer: &Layer, input: Shape) -> Result<Vec<Parameter>, NetError> {
    let tensors = match layer {
        Layer::Conv(conv) => of_conv(conv, input),
        Layer::BatchNorm => of_batch_norm(input.channels),
        Layer::Linear(linear) => of_linear(linear, input),
        Layer::Relu
        | Layer::MaxPool(_)
        | Layer::GlobalAvgPool
        | Layer::Dropout { .. }
        | Layer::Branches { .. } => Vec::new(),
    };
    tensors.into_iter().map(|(role, shape, initial)| parameter(name, role, shape, initial)).collect()
}

type Tensor = (Role, Vec<usize>, Initial);

fn of_conv(conv: &Conv, input: Shape) -> Vec<Tensor> {
    let channels = input.channels / conv.groups;
    // In floating point, as the product may be too large for an integer before the size is checked.
    let fan_in = channels as f64 * conv.kernel as f64 * conv.kernel as f64;
    let shape = vec![conv.out_channels, channels, conv.kernel, conv.kernel];
    let weight = (Role::Weight, shape, Initial::Normal { deviation: (2.0 / fan_in).sqrt() });
    with_bias(weight, conv.bias, conv.out_channels, fan_in)
}

fn of_linear(linear: &Linear, input: Shape) -> Vec<Tensor> {
    let fan_in = input.elements() as f64;
    let shape = vec![linear.out_features, input.elements()];
    let weight = (Role::Weight, shape, Initial::Uniform { bound: 1.0 / fan_in.sqrt() });
    with_bias(weight, linear.bias, linear.out_features, fan_in)
}

fn with_bias(weight: Tensor, bias: bool, outputs: usize, fan_in: f64) -> Vec<Tensor> {
    let mut tensors = vec![weight];
    if bias {
        tensors.push((Role::Bias, vec![outputs], Initial::Uniform { bound: 1.0 / fan_in.sqrt() }));
    }
    tensors
}

fn of_batch_norm(channels: usize) -> Vec<Tensor> {
    let constant = |role, value| (role, vec![channels], Initial::Constant(value));
    vec![
        constant(Role::Scale, 1.0),
        constant(Role::Shift, 0.0),
        constant(Role::RunningMean, 0.0),
        constant(Role::RunningVariance, 1.0),
    ]
}

fn parameter(node: &str, role: Role, shape: Vec<usize>, initial: Initial) -> Result<Parameter, NetError> {
    let parameter = Parameter {
        name: format!("{node}.{}", role.name()),
        shape,
        role,
        initial,
        learning_rate_scale: 1.0,
        weight_decay_scale: if role == Role::Weight { 1.0 } else { 0.0 },
        trainable_until_step: None,
    };
    if parameter.elements() > MOST_VALUES {
        return Err(too_many(&parameter.name, parameter.elements()));
    }
    Ok(parameter)
}

/// Refuses tensors that are too many together.
pub(crate) fn within_limits(parameters: &[Parameter]) -> Result<(), NetError> {
    // Each tensor has at most 2^31 values, so the sum cannot overflow.
    let values: u64 = parameters.iter().map(Parameter::elements).sum();
    if values > MOST_VALUES { Err(too_many("the network", values)) } else { Ok(()) }
}

fn too_many(what: &str, values: u64) -> NetError {
    NetError::TooLarge {
        what: format!(
            "{what} has {values} parameters, more than {MOST_VALUES}; use fewer channels or features"
        ),
    }
}
