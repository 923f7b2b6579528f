//! Counts against loops that count one by one, and a case by hand.

use proptest::prelude::*;

use super::*;
use crate::layer::{Conv, Join, Linear, Pool};
use crate::network::Shape;

const POOL: Layer = Layer::MaxPool(Pool { kernel: 2, stride: 2, padding: 0, ceil: false });

fn conv3x3(out_channels: usize) -> Layer {
    Layer::Conv(Conv { out_channels, kernel: 3, stride: 1, padding: 1, dilation: 1, groups: 1, bias: true })
}

fn linear(out_features: usize) -> Layer {
    Layer::Linear(Linear { out_features, bias: true })
}

/// Every (output value, tap) pair of a convolution, visited one by one; taps on padding count.
fn pairs(input: Shape, conv: &Conv) -> u64 {
    let window = conv.dilation * (conv.kernel - 1) + 1;
    let starts = |size: usize| (0..=size + 2 * conv.padding - window).step_by(conv.stride);
    let mut count = 0;
    for filter in 0..conv.out_channels {
        let group = filter * conv.groups / conv.out_channels;
        for _top in starts(input.height) {
            for _left in starts(input.width) {
                for channel in 0..input.channels {
                    let seen = channel * conv.groups / input.channels == group;
                    for _row in 0..conv.kernel {
                        for _column in 0..conv.kernel {
                            count += u64::from(seen);
                        }
                    }
                }
            }
        }
    }
    count
}

prop_compose! {
    fn shapes()(
        groups in 1usize..4, channels in 1usize..4, filters in 1usize..4, height in 1usize..9, width in 1usize..9,
        kernel in 1usize..5, stride in 1usize..4, padding in 0usize..4, dilation in 1usize..3,
    ) -> (Shape, Conv) {
        let input = Shape { channels: groups * channels, height, width };
        let out_channels = groups * filters;
        (input, Conv { out_channels, kernel, stride, padding, dilation, groups, bias: false })
    }
}

proptest! {
    #[test]
    fn convolutions_count_every_output_and_tap((input, conv) in shapes()) {
        let smallest = input.height.min(input.width) + 2 * conv.padding;
        prop_assume!(conv.dilation * (conv.kernel - 1) < smallest);
        let layers = [Layer::Conv(conv), linear(2)];
        let network = Network::resolve("test", input, 2, &layers).unwrap();
        let expected = pairs(input, &conv);
        let (first, second) = (&network.nodes[0], &network.nodes[1]);
        prop_assert_eq!(first.macs(), expected);
        // No gradient of the image: forward and weights only.
        prop_assert_eq!(first.training_macs(), 2 * expected);
        let features = first.output.elements() as u64;
        prop_assert_eq!(second.macs(), 2 * features);
        prop_assert_eq!(network.macs(), expected + 2 * features);
        prop_assert_eq!(network.training_macs(), 2 * expected + 3 * 2 * features);
        // A weight is used once per output pixel.
        let pixels = (first.output.height * first.output.width) as u64;
        prop_assert_eq!(network.parameters[0].elements() * pixels, expected);
    }
}

/// Convolutions 1 -> 8 -> 16 with bias, each halved, and a linear layer of 10 on 28x28.
/// Parameters: 8 (9 + 1) + 16 (72 + 1) + 10 (16 x 7 x 7 + 1) = 80 + 1,168 + 7,850 = 9,098.
/// MACs: 8 x 9 x 784 + 16 x 72 x 196 + 7,840 = 56,448 + 225,792 + 7,840 = 290,080.
/// Training FLOPs: 6 x 290,080 - 2 x 56,448 = 1,627,584.
#[test]
fn a_case_by_hand() {
    let input = Shape { channels: 1, height: 28, width: 28 };
    let layers = [conv3x3(8), POOL, conv3x3(16), POOL, linear(10)];
    let network = Network::resolve("by-hand", input, 10, &layers).unwrap();
    assert_eq!(network.parameter_count(), 9_098);
    assert_eq!(network.macs(), 290_080);
    assert_eq!(2 * network.training_macs(), 1_627_584);
    let macs: Vec<u64> = network.leaves().iter().map(|node| node.macs()).collect();
    assert_eq!(macs, [56_448, 0, 225_792, 0, 7_840]);
}

/// Both convolutions on the image lack the gradient of their input; batch normalisation adds 2 trained and 2
/// untrained values per channel.
#[test]
fn branches_count_their_paths() {
    let input = Shape { channels: 1, height: 4, width: 4 };
    let paths = vec![vec![conv3x3(2)], vec![conv3x3(2), Layer::BatchNorm]];
    let layers = [Layer::Branches { paths, join: Join::Concat }, linear(5)];
    let network = Network::resolve("test", input, 5, &layers).unwrap();
    let (conv_macs, linear_macs) = (2 * 9 * 16, 5 * 4 * 16);
    assert_eq!(network.nodes[0].macs(), 2 * conv_macs);
    assert_eq!(network.nodes[0].training_macs(), 2 * 2 * conv_macs);
    assert_eq!(network.macs(), 2 * conv_macs + linear_macs);
    assert_eq!(network.training_macs(), 4 * conv_macs + 3 * linear_macs);
    assert_eq!(network.parameter_count(), 2 * (18 + 2) + 2 * 2 + (linear_macs + 5));
    let of_leaves: u64 = network.leaves().iter().map(|node| node.training_macs()).sum();
    assert_eq!(of_leaves, network.training_macs());
    assert_eq!(network.leaves().len(), 4);
}
