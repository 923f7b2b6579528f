//! Published counts, closed forms, and names that are refused.

use proptest::prelude::*;

use super::*;
use crate::network::Node;

const MNIST: Shape = Shape { channels: 1, height: 28, width: 28 };
const CIFAR: Shape = Shape { channels: 3, height: 32, width: 32 };

fn imagenet(name: &str) -> Network {
    let (shape, classes) = natural_input(name).unwrap();
    build(name, shape, classes).unwrap()
}

fn message(name: &str, input: Shape) -> String {
    build(name, input, 10).unwrap_err().to_string()
}

/// Parameters, MACs and training FLOPs.
fn check(network: &Network, parameters: u64, macs: u64, training_flops: u64) {
    assert_eq!(network.parameter_count(), parameters, "parameters of {}", network.name);
    assert_eq!(network.macs(), macs, "MACs of {}", network.name);
    assert_eq!(2 * network.training_macs(), training_flops, "training FLOPs of {}", network.name);
}

/// Parameters as torchvision publishes them (`num_params` of the weights); MACs agree with its `_ops` to the digits
/// given there (0.714, 15.47, 1.814 and 4.089 G); training is 6 MAC less 2 MAC of the first layer.
#[test]
fn published_counts_of_imagenet_networks() {
    check(&imagenet("alexnet"), 61_100_840, 714_188_480, 4_144_577_280);
    check(&imagenet("vgg16"), 138_357_544, 15_470_264_320, 92_648_177_664);
    check(&imagenet("resnet18"), 11_689_512, 1_814_073_344, 10_648_412_160);
    check(&imagenet("resnet50"), 25_557_032, 4_089_184_256, 24_299_077_632);
    check(&imagenet("resnet50-v1"), 25_557_032, 3_857_973_248, 22_911_811_584);
}

/// Parameters and giga-MACs to three decimals from torchvision's `num_params` and `_ops`; GoogLeNet without the
/// auxiliary heads. MobileNet: 4.2 million parameters and 569 million MACs in table 4 of arXiv 1704.04861.
#[test]
fn published_counts_to_three_decimals() {
    let published = [
        ("resnet34", 21_797_672, 3.664),
        ("resnet101", 44_549_160, 7.801),
        ("resnet152", 60_192_808, 11.514),
        ("googlenet", 6_624_904, 1.498),
        ("mobilenet-v1", 4_231_976, 0.569),
    ];
    for (name, parameters, giga_macs) in published {
        let network = imagenet(name);
        assert_eq!(network.parameter_count(), parameters, "{name}");
        let found = network.macs() as f64 / 1e9;
        assert!((found - giga_macs).abs() <= 0.0005, "{name}: {found}");
    }
}

/// Moving the stride leaves the parameters and lowers the work; basic blocks have nowhere to move it.
#[test]
fn version_one_strides_in_the_first_convolution() {
    for (name, first) in [("resnet101", "resnet101-v1"), ("resnet152", "resnet152-v1")] {
        let (plain, first) = (imagenet(name), imagenet(first));
        assert_eq!(plain.parameters, first.parameters);
        assert!(first.macs() < plain.macs());
    }
    for (name, first) in [("resnet18", "resnet18-v1"), ("resnet34", "resnet34-v1")] {
        assert_eq!(imagenet(name).macs(), imagenet(first).macs());
    }
}

/// The classics keep 7x7 maps before their mean, as torchvision's comments say.
#[test]
fn imagenet_networks_end_in_seven_by_seven() {
    for name in IMAGENET.iter().filter(|name| !["alexnet", "vgg16"].contains(name)) {
        let network = imagenet(name);
        let mean = network.nodes.iter().find(|node| node.layer == Layer::GlobalAvgPool).unwrap();
        assert_eq!((mean.input.height, mean.input.width), (7, 7), "{name}");
    }
}

/// LeNet-5 with every map of C3 fed by all of S2:
/// parameters 156 + 2,416 + 48,120 + 10,164 + 850; MACs 117,600 + 240,000 + 48,000 + 10,080 + 840.
#[test]
fn lenet5_by_hand() {
    let network = build("lenet5", MNIST, 10).unwrap();
    check(&network, 61_706, 416_520, 6 * 416_520 - 2 * 117_600);
    assert_eq!(2 * network.training_macs(), 2_263_920);
    // On 32x32 there is no padding, so only the two further input channels differ.
    let colour = build("lenet5", CIFAR, 10).unwrap();
    assert_eq!(colour.parameter_count(), 61_706 + 2 * 6 * 25);
}

#[test]
fn perceptrons_by_hand() {
    check(&build("linear", MNIST, 10).unwrap(), 7_850, 7_840, 2 * 2 * 7_840);
    let macs = [784 * 256, 256 * 128, 128 * 10];
    let total: u64 = macs.iter().sum();
    let biases = 256 + 128 + 10;
    check(&build("mlp", MNIST, 10).unwrap(), total + biases, total, 6 * total - 2 * macs[0]);
}

/// Training MACs, three times the forward pass less one of the first layer.
/// net-a: 16 x 9 x 784 = 112,896; 32 x 144 x 196 = 903,168; 1,568 x 128 = 200,704; 1,280.
/// net-b: at 32x32 9 x 3 x 32 and 9 x 32 x 32 per pixel; at 16x16 and 8x8 the same pattern; 1,280.
#[test]
fn benchmark_networks_by_hand() {
    let a = build("net-a", MNIST, 10).unwrap();
    let macs = [112_896, 903_168, 200_704, 1_280];
    assert_eq!(a.macs(), macs.iter().sum::<u64>());
    assert_eq!(a.training_macs(), 3 * macs.iter().sum::<u64>() - macs[0]);
    assert_eq!(a.training_macs(), 3_541_248);
    let b = build("net-b", CIFAR, 10).unwrap();
    let first = 1024 * 9 * 3 * 32;
    let rest = 9 * (1024 * 32 * 32 + 256 * (32 * 64 + 64 * 64) + 64 * (64 * 128 + 128 * 128)) + 1_280;
    assert_eq!(b.macs(), first + rest);
    assert_eq!(b.training_macs(), 2 * first + 3 * rest);
    assert_eq!(b.training_macs(), 115_019_520);
}

/// Twice as wide is four times the multiplications of all convolutions but the first, which has twice as many, as has the last layer.
#[test]
fn the_second_benchmark_has_other_widths() {
    let (b, wide) = (build("net-b", CIFAR, 10).unwrap(), build("net-b-w64", CIFAR, 10).unwrap());
    let (first, last) = (1024 * 9 * 3 * 32, 1_280);
    assert_eq!(wide.macs(), 2 * first + 4 * (b.macs() - first - last) + 2 * last);
    assert_eq!(build("net-b-w32", CIFAR, 10).unwrap().macs(), b.macs());
    for (name, reason) in [("net-b-w0", "at least 1"), ("net-b-w9223372036854775808", "too large")] {
        let error = build(name, CIFAR, 10).unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

/// Per block 9 x in x out weights and 2 x out of the normalisation, then the linear layer on what is left.
#[test]
fn cnn_in_closed_form() {
    for (width, depth) in [(1u64, 1u32), (4, 2), (6, 3), (5, 4)] {
        let network = build(&format!("cnn-w{width}-d{depth}"), MNIST, 10).unwrap();
        let (mut channels, mut side, mut parameters, mut macs) = (1, 28u64, 0, 0);
        for block in 0..depth {
            let out = width << block;
            parameters += 9 * channels * out + 2 * out;
            macs += 9 * channels * out * side * side;
            (channels, side) = (out, side / 2);
        }
        let features = channels * side * side;
        assert_eq!(network.parameter_count(), parameters + 10 * features + 10);
        assert_eq!(network.macs(), macs + 10 * features);
    }
}

/// He et al. 2015, table 6: ResNet-20 has 0.27 M and ResNet-32 0.46 M parameters with parameter-free shortcuts;
/// the projections of option B add 16 x 32 + 32 x 64 weights and 2 (32 + 64) of their normalisation.
#[test]
fn residual_networks_for_small_images() {
    let projections = 16 * 32 + 32 * 64 + 2 * (32 + 64);
    for (name, millions) in [("resnet20-w16", 0.27), ("resnet32-w16", 0.46)] {
        let network = build(name, CIFAR, 10).unwrap();
        let found = (network.parameter_count() - projections) as f64 / 1e6;
        assert!((found - millions).abs() <= 0.005, "{name}: {found}");
    }
    for (name, depth) in [("resnet8-w4", 8), ("resnet14-w4", 14), ("resnet20-w4", 20), ("resnet32-w4", 32)] {
        let network = build(name, MNIST, 10).unwrap();
        // Projections, which are 1x1, do not count towards the depth.
        let is_weighted = |node: &&&Node| {
            matches!(&node.layer, Layer::Conv(conv) if conv.kernel == 3)
                || matches!(node.layer, Layer::Linear(_))
        };
        assert_eq!(network.leaves().iter().filter(is_weighted).count(), depth, "{name}");
        let mean = network.nodes.iter().find(|node| node.layer == Layer::GlobalAvgPool).unwrap();
        assert_eq!(mean.input, Shape { channels: 16, height: 7, width: 7 });
    }
}

#[test]
fn every_listed_name_builds() {
    for form in FORMS {
        let (input, classes) = natural_input(form.example).unwrap_or((CIFAR, 10));
        let network = build(form.example, input, classes).unwrap();
        assert_eq!(network.name, form.example);
        assert_eq!((network.input, network.classes), (input, classes));
    }
    for name in IMAGENET {
        assert_eq!(imagenet(name).classes, 1000);
    }
    assert_eq!(natural_input("lenet5"), None);
}

#[test]
fn numbers_that_do_not_suit_are_refused_with_the_remedy() {
    assert_eq!(message("cnn-w0-d2", MNIST), "width 0 and depth 2 must both be at least 1, as in cnn-w16-d2");
    assert_eq!(message("cnn-w8-d0", MNIST), "width 8 and depth 0 must both be at least 1, as in cnn-w16-d2");
    // 28, 14, 7, 3, 1 and 32, 16, 8, 4, 2, 1.
    let expected = |size, halvings| {
        format!("an image of {size} pixels can be halved {halvings} times, not 99; lower the number after -d")
    };
    assert_eq!(message("cnn-w16-d99", MNIST), expected("28x28", 4));
    assert_eq!(message("cnn-w16-d99", CIFAR), expected("32x32", 5));
    assert!(build("cnn-w2-d4", MNIST, 10).is_ok() && build("cnn-w2-d5", CIFAR, 10).is_ok());
    assert!(message("cnn-w2-d5", MNIST).contains("halved 4 times, not 5"));
    assert!(message("cnn-w2-d6", CIFAR).contains("halved 5 times, not 6"));
    assert_eq!(
        message("resnet56-w16", CIFAR),
        "residual networks for small images have depth 8, 14, 20 or 32, not 56"
    );
    assert!(message("resnet20-w0", CIFAR).contains("at least 1"));
    let none = Shape { channels: 1, height: 0, width: 4 };
    for form in FORMS {
        assert!(build(form.example, none, 10).is_err(), "{}", form.example);
    }
}

#[test]
fn sizes_beyond_all_bounds_are_refused() {
    let huge = [
        "cnn-w99999999999999-d2",
        "cnn-w4294967296-d2",
        "cnn-w18446744073709551615-d2",
        "cnn-w99999999999999999999999999999-d2",
        "resnet20-w4294967296",
        "resnet20-w18446744073709551615",
        "resnet20-w99999999999999999999999999999",
    ];
    for name in huge {
        let error = build(name, MNIST, 10).unwrap_err();
        assert!(matches!(error, NetError::TooLarge { .. }), "{name}: {error}");
    }
    assert!(build("cnn-w16-d99999999999999999999999999999", MNIST, 10).is_err());
    assert!(build("linear", MNIST, usize::MAX).is_err());
    assert!(build("linear", MNIST, 0).is_err());
}

#[test]
fn unknown_names_are_told_the_nearest() {
    let near =
        [("lenet", "lenet5"), ("resnet-20-w16", "resnet20-w16"), ("vgg19", "vgg16"), ("Alexnet", "alexnet")];
    for (name, expected) in near {
        let found = message(name, CIFAR);
        assert!(found.starts_with(&format!("no such network; did you mean {expected}? ")), "{found}");
    }
    let found = message("transformer", CIFAR);
    assert!(
        found.starts_with("no such network; networks are linear, mlp, lenet5, cnn-w{W}-d{D}, "),
        "{found}"
    );
}

/// One network, one name.
#[test]
fn names_are_canonical() {
    for name in
        ["cnn-w016-d2", "cnn-w16-d02", "cnn-w+16-d2", "cnn-w16-d2 ", "cnn-w16-d", "cnn-w-d2", "CNN-w16-d2"]
    {
        assert!(matches!(build(name, CIFAR, 10), Err(NetError::Unknown { .. })), "{name}");
    }
    for name in ["resnet020-w16", "resnet20-w016", "resnet20", "resnet20-w16-d2", "resnet50-v2", "cnn-w１-d2"]
    {
        assert!(matches!(build(name, CIFAR, 10), Err(NetError::Unknown { .. })), "{name}");
    }
}

proptest! {
    #[test]
    fn no_name_makes_build_panic(
        name in "(cnn-w|resnet|net-|)[0-9]{0,21}(-d|-w|)[0-9]{0,21}(-v1|)", channels in 0usize..5,
        height in 0usize..70, width in 0usize..70, classes in 0usize..20,
    ) {
        let input = Shape { channels, height, width };
        if let Ok(network) = build(&name, input, classes) {
            prop_assert_eq!(network.classes, classes);
            prop_assert!(network.macs() > 0);
        }
    }
}
