//! Names, tensors, the reach of gradients, and that no network whatever makes the checks panic.

use proptest::prelude::*;

use super::*;
use crate::layer::{Conv, Linear, Pool};
use crate::network::{Initial, Role};

const CONV: Conv =
    Conv { out_channels: 4, kernel: 3, stride: 1, padding: 1, dilation: 1, groups: 1, bias: false };
const POOL: Layer = Layer::MaxPool(Pool { kernel: 2, stride: 2, padding: 0, ceil: false });
const IMAGE: Shape = Shape { channels: 2, height: 8, width: 8 };

fn conv() -> Layer {
    Layer::Conv(CONV)
}

fn linear(out_features: usize) -> Layer {
    Layer::Linear(Linear { out_features, bias: true })
}

fn add(paths: Vec<Vec<Layer>>) -> Layer {
    Layer::Branches { paths, join: Join::Add }
}

fn resolve(layers: &[Layer]) -> Result<Network, NetError> {
    Network::resolve("test", IMAGE, 3, layers)
}

/// Name and flag of every layer that stands directly on data or on something trained.
fn gradients(layers: &[Layer]) -> Vec<(String, bool)> {
    let network = resolve(layers).unwrap();
    network.leaves().iter().map(|node| (node.name.clone(), node.input_needs_gradient)).collect()
}

fn check_gradients(layers: &[Layer], expected: &[(&str, bool)]) {
    let expected: Vec<_> = expected.iter().map(|&(name, needs)| (name.to_owned(), needs)).collect();
    assert_eq!(gradients(layers), expected);
}

/// The gradient reaches a layer's input only if something trained stands before it.
#[test]
fn gradients_stop_at_the_first_trained_layer() {
    check_gradients(
        &[Layer::Relu, POOL, conv(), Layer::Relu, linear(3)],
        &[("0.relu", false), ("1.max_pool", false), ("2.conv", false), ("3.relu", true), ("4.linear", true)],
    );
    // A batch normalisation of the image is trained, so the convolution must send its gradient down.
    check_gradients(
        &[Layer::BatchNorm, conv(), linear(3)],
        &[("0.batch_norm", false), ("1.conv", true), ("2.linear", true)],
    );
}

#[test]
fn every_layer_fed_by_data_through_branches_needs_no_gradient() {
    let paths = vec![vec![conv(), conv()], vec![Layer::Relu, conv()]];
    check_gradients(
        &[Layer::Relu, add(paths), linear(3)],
        &[
            ("0.relu", false),
            ("1.path0.0.conv", false),
            ("1.path0.1.conv", true),
            ("1.path1.0.relu", false),
            ("1.path1.1.conv", false),
            ("2.linear", true),
        ],
    );
    // One trained path is enough for what follows; none is not.
    let same = Layer::Conv(Conv { out_channels: 2, ..CONV });
    let names = ["0.path0.0.conv", "1.linear"];
    check_gradients(&[add(vec![vec![same], vec![]]), linear(3)], &[(names[0], false), (names[1], true)]);
    check_gradients(
        &[add(vec![vec![Layer::Relu], vec![]]), linear(3)],
        &[("0.path0.0.relu", false), ("1.linear", false)],
    );
}

#[test]
fn nested_branches_are_named_by_their_way() {
    let inner = add(vec![vec![Layer::Relu, Layer::BatchNorm], vec![]]);
    let network =
        resolve(&[conv(), add(vec![vec![], vec![inner.clone()]]), add(vec![vec![inner]]), linear(3)])
            .unwrap();
    let names: Vec<&str> = network.leaves().iter().map(|node| node.name.as_str()).collect();
    let expected = [
        "0.conv",
        "1.path1.0.path0.0.relu",
        "1.path1.0.path0.1.batch_norm",
        "2.path0.0.path0.0.relu",
        "2.path0.0.path0.1.batch_norm",
        "3.linear",
    ];
    assert_eq!(names, expected);
    let branches = &network.nodes[1];
    assert_eq!(branches.name, "1.branches");
    assert_eq!(branches.layer, add(vec![]));
    assert!(branches.parameters.is_empty());
    assert_eq!(branches.paths[1][0].name, "1.path1.0.branches");
}

#[test]
fn tensors_are_laid_out_in_the_order_of_the_layers() {
    let grouped = Layer::Conv(Conv { groups: 2, bias: true, ..CONV });
    let network = resolve(&[grouped, add(vec![vec![Layer::BatchNorm], vec![]]), POOL, linear(3)]).unwrap();
    let found: Vec<(&str, &[usize])> =
        network.parameters.iter().map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice())).collect();
    // OIHW with 2 / 2 input channels per group; the linear layer sees 4 channels of 4x4.
    let expected: [(&str, &[usize]); 8] = [
        ("0.conv.weight", &[4, 1, 3, 3]),
        ("0.conv.bias", &[4]),
        ("1.path0.0.batch_norm.scale", &[4]),
        ("1.path0.0.batch_norm.shift", &[4]),
        ("1.path0.0.batch_norm.running_mean", &[4]),
        ("1.path0.0.batch_norm.running_variance", &[4]),
        ("3.linear.weight", &[3, 64]),
        ("3.linear.bias", &[3]),
    ];
    assert_eq!(found, expected);
    assert_eq!(network.nodes[0].parameters, 0..2);
    assert_eq!(network.nodes[1].parameters, 2..2);
    assert_eq!(network.nodes[1].paths[0][0].parameters, 2..6);
    assert_eq!(network.nodes[3].parameters, 6..8);
    for tensor in &network.parameters {
        let decayed = if tensor.role == Role::Weight { 1.0 } else { 0.0 };
        assert_eq!(tensor.weight_decay_scale, decayed, "{}", tensor.name);
    }
    // Fan-in 1 x 3 x 3 and 4 x 4 x 4.
    assert_eq!(network.parameters[0].initial, Initial::Normal { deviation: (2.0f64 / 9.0).sqrt() });
    assert_eq!(network.parameters[1].initial, Initial::Uniform { bound: 1.0 / 3.0 });
    assert_eq!(network.parameters[6].initial, Initial::Uniform { bound: 0.125 });
    assert_eq!(network.parameters[7].initial, Initial::Uniform { bound: 0.125 });
}

fn check_refused(layers: &[Layer], expected: &str) {
    assert_eq!(resolve(layers).unwrap_err().to_string(), expected);
}

#[test]
fn refusals_name_the_layer() {
    check_refused(&[conv()], "layer output cannot take 4x8x8: a network for 3 classes must end in 3x1x1");
    check_refused(&[], "layer output cannot take 2x8x8: a network for 3 classes must end in 3x1x1");
    let wide = Layer::Conv(Conv { kernel: 9, padding: 0, ..CONV });
    check_refused(
        &[conv(), add(vec![vec![], vec![POOL, wide]])],
        "layer 1.path1.1.conv cannot take 4x4x4: its window spans 9 pixels, but only 4 are there with padding",
    );
    check_refused(
        &[Layer::Dropout { percent: 100 }],
        "layer 0.dropout cannot take 2x8x8: it drops 100 percent; the most is 99",
    );
    check_refused(
        &[linear(0)],
        "layer 0.linear cannot take 0x1x1: channels, height and width must be at least 1",
    );
    let empty = Shape { channels: 1, height: 0, width: 28 };
    let error = Network::resolve("test", empty, 3, &[linear(3)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer input cannot take 1x0x28: channels, height and width must be at least 1"
    );
    let error = Network::resolve("test", IMAGE, 0, &[linear(3)]).unwrap_err();
    assert_eq!(error.to_string(), "layer output cannot take 3x1x1: a network needs at least one class");
}

/// 2^24 features over 128 inputs are 2^31 weights, the most allowed; with anything more the sum is too large.
#[test]
fn parameters_are_limited_together() {
    let start = Shape { channels: 128, height: 1, width: 1 };
    let without_bias = Layer::Linear(Linear { out_features: 1 << 24, bias: false });
    let build = |layers: &[Layer]| Network::resolve("test", start, 1 << 24, layers);
    assert_eq!(build(std::slice::from_ref(&without_bias)).unwrap().parameter_count(), 1 << 31);
    let error = build(&[Layer::BatchNorm, without_bias]).unwrap_err().to_string();
    // 4 tensors of 128 values in the batch normalisation.
    assert!(error.contains(&((1u64 << 31) + 512).to_string()), "{error}");
}

/// Sizes of every order, also those that overflow.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0usize..6, 1 => any::<usize>(), 1 => (0u32..usize::BITS).prop_map(|bits| 1 << bits)]
}

fn any_layer() -> impl Strategy<Value = Layer> {
    let conv = (size(), size(), size(), size(), size(), size(), any::<bool>()).prop_map(
        |(out_channels, kernel, stride, padding, dilation, groups, bias)| {
            Layer::Conv(Conv { out_channels, kernel, stride, padding, dilation, groups, bias })
        },
    );
    let pool = (size(), size(), size(), any::<bool>())
        .prop_map(|(kernel, stride, padding, ceil)| Layer::MaxPool(Pool { kernel, stride, padding, ceil }));
    let linear =
        (size(), any::<bool>()).prop_map(|(out_features, bias)| Layer::Linear(Linear { out_features, bias }));
    let plain = prop_oneof![
        Just(Layer::BatchNorm),
        Just(Layer::Relu),
        Just(Layer::GlobalAvgPool),
        any::<u8>().prop_map(|percent| Layer::Dropout { percent }),
    ];
    prop_oneof![conv, pool, linear, plain].prop_recursive(3, 12, 3, |layer| {
        let paths = prop::collection::vec(prop::collection::vec(layer, 0..3), 0..3);
        (paths, any::<bool>()).prop_map(|(paths, concat)| {
            let join = if concat { Join::Concat } else { Join::Add };
            Layer::Branches { paths, join }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Also the counts of what is accepted stay in 64 bits: overflow panics in this profile.
    #[test]
    fn no_network_makes_the_checks_panic(
        layers in prop::collection::vec(any_layer(), 0..4), channels in size(), height in size(), width in size(),
    ) {
        let input = Shape { channels, height, width };
        let mut layers = layers;
        layers.push(Layer::Linear(Linear { out_features: 3, bias: true }));
        if let Ok(network) = Network::resolve("any", input, 3, &layers) {
            prop_assert!(network.macs() <= network.training_macs());
            prop_assert!(network.training_macs() <= 3 * network.macs());
            prop_assert!(network.parameter_count() <= shape::MOST_VALUES);
        }
    }
}
