//! Initial weights: pure, with the right moments, tensor by tensor.

use super::*;
use crate::family::build;
use crate::network::Shape;

const IMAGE: Shape = Shape { channels: 3, height: 32, width: 32 };

fn weights(name: &str, seed: u64) -> (Network, Vec<Vec<f32>>) {
    let network = build(name, IMAGE, 10).unwrap();
    let values = initial_weights(&network, seed);
    (network, values)
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let (network, first) = weights("net-b", 7);
    assert_eq!(first, initial_weights(&network, 7));
    let other = initial_weights(&network, 8);
    for (parameter, (a, b)) in network.parameters.iter().zip(first.iter().zip(&other)) {
        assert_eq!(a.len() as u64, parameter.elements());
        let constant = matches!(parameter.initial, Initial::Constant(_));
        assert_eq!(a == b, constant, "{}", parameter.name);
    }
}

/// The index of the stream is the tensor's place; 3.conv takes 32 channels of 3x3 taps.
#[test]
fn a_tensor_is_its_stream_times_its_deviation() {
    let (network, values) = weights("net-b", 1);
    let mut stream = Stream::new(1, Purpose::InitialWeights, 5);
    assert_eq!(network.parameters[5].name, "3.conv.weight");
    let deviation = (2.0f64 / (32.0 * 9.0)).sqrt();
    let expected: Vec<f32> = (0..values[5].len()).map(|_| (deviation * stream.normal()) as f32).collect();
    assert_eq!(values[5], expected);
}

/// A tensor keeps its values when tensors before it change their length.
#[test]
fn tensors_are_independent_of_one_another() {
    let (mut network, values) = weights("net-a", 3);
    network.parameters[0].shape = vec![1];
    network.parameters[1].initial = Initial::Constant(9.0);
    let changed = initial_weights(&network, 3);
    assert_eq!(changed[0], values[0][..1]);
    assert_eq!(changed[1], vec![9.0; 16]);
    assert_eq!(changed[2..], values[2..]);
    // Equal shapes in different places differ.
    let (network, values) = weights("resnet20-w16", 3);
    let place = |name: &str| network.parameters.iter().position(|parameter| parameter.name == name).unwrap();
    let (a, b) = (place("3.path0.0.conv.weight"), place("3.path0.3.conv.weight"));
    assert_eq!(network.parameters[a].shape, network.parameters[b].shape);
    assert_ne!(values[a], values[b]);
}

/// Mean 0 within five standard errors, s / sqrt(n); variance within five of its own, s^2 sqrt((k - 1) / n) with
/// kurtosis k of 3 (normal) or 9/5 (uniform).
fn check_moments(values: &[f32], variance: f64, kurtosis: f64) {
    let n = values.len() as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let found = values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
    assert!(mean.abs() < 5.0 * (variance / n).sqrt(), "mean {mean}");
    let tolerance = 5.0 * variance * ((kurtosis - 1.0) / n).sqrt();
    assert!((found - variance).abs() < tolerance, "variance {found}, expected {variance}");
}

#[test]
fn weights_have_the_variance_of_their_rule() {
    let (network, values) = weights("net-b", 11);
    for (parameter, values) in network.parameters.iter().zip(&values) {
        if let [_, channels, height, width] = parameter.shape[..] {
            // Kaiming: 2 / fan_in.
            check_moments(values, 2.0 / (channels * height * width) as f64, 3.0);
        }
    }
    // A uniform distribution of half width b has variance b^2 / 3; here b^2 = 1/3072.
    let (_, values) = weights("mlp", 11);
    check_moments(&values[0], 1.0 / (3.0 * 3072.0), 9.0 / 5.0);
    let bound = (1.0f64 / 3072.0).sqrt() as f32;
    assert!(values[0].iter().all(|&x| -bound <= x && x < bound));
    assert!(values[1].iter().all(|&x| -bound <= x && x < bound));
}

#[test]
fn batch_normalisation_starts_as_the_identity() {
    let (network, values) = weights("cnn-w4-d1", 0);
    let named = |name: &str| {
        let place = network.parameters.iter().position(|parameter| parameter.name == name).unwrap();
        values[place].clone()
    };
    assert_eq!(named("1.batch_norm.scale"), [1.0; 4]);
    assert_eq!(named("1.batch_norm.shift"), [0.0; 4]);
    assert_eq!(named("1.batch_norm.running_mean"), [0.0; 4]);
    assert_eq!(named("1.batch_norm.running_variance"), [1.0; 4]);
}
