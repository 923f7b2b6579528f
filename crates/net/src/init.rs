//! Initial weights, drawn from the seed of a run alone, so that every learner starts equal.

use chance::{Purpose, Stream};

use crate::network::{Initial, Network, Parameter};

/// The first values of every tensor of `Network::parameters`, in its order, each row-major in its shape.
///
/// A tensor's values depend on `seed`, its place in the network, its length and its `Initial`, and on nothing else.
#[must_use]
pub fn initial_weights(network: &Network, seed: u64) -> Vec<Vec<f32>> {
    (0..).zip(&network.parameters).map(|(index, parameter)| initial_values(parameter, seed, index)).collect()
}

fn initial_values(parameter: &Parameter, seed: u64, index: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, Purpose::InitialWeights, index);
    (0..parameter.elements())
        .map(|_| match parameter.initial {
            Initial::Constant(value) => value,
            Initial::Normal { deviation } => (deviation * stream.normal()) as f32,
            Initial::Uniform { bound } => stream.between(-bound as f32, bound as f32),
        })
        .collect()
}

#[cfg(test)]
mod tests;
