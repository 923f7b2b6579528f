//! `ergo flops` against published counts.

use serde_json::json;

use crate::shell::{json, refused, run};

#[test]
fn published_counts() {
    let lenet5 = json(&["flops", "lenet5", "--data", "mnist", "--json"]);
    // LeCun et al. 1998 with full connections: weights 150 + 2,400 + 48,000 + 10,080 + 840, biases 236; MACs
    // 117,600 + 240,000 + 48,000 + 10,080 + 840; training 6 x 416,520 - 2 x 117,600.
    assert_eq!(lenet5["params"], 61_706);
    assert_eq!(lenet5["macs"], 416_520);
    assert_eq!(lenet5["forward_flops"], 2 * 416_520);
    assert_eq!(lenet5["train_flops"], 2_263_920);
    assert_eq!(lenet5["input"], "1x28x28");
    // 8 for each of 61,470 weights, and 6 for each of 236 biases, which do not decay.
    assert_eq!(lenet5["optimizer_flops_per_step"], 8 * 61_470 + 6 * 236);
    assert!(lenet5["optimizer_convention"].as_str().unwrap().contains("Nesterov"));
    assert_eq!([&lenet5["total_train_flops"], &lenet5["pfs_days"]], [&json!(null), &json!(null)]);
    let resnet50 = json(&["flops", "resnet50", "--json"]);
    // torchvision: 25,557,032 parameters and 4.09 GFLOPS, which counts multiply-accumulates.
    assert_eq!(resnet50["params"], 25_557_032);
    assert_eq!(resnet50["macs"], 4_089_184_256u64);
}

#[test]
fn layers_add_up() {
    for net in ["lenet5", "cnn-w16-d2", "resnet20-w16", "googlenet"] {
        let counted = json(&["flops", net, "--json"]);
        for key in ["params", "macs", "train_flops"] {
            let layers = counted["layers"].as_array().expect("layers");
            let sum: u64 = layers.iter().map(|layer| layer[key].as_u64().expect("a number")).sum();
            assert_eq!(counted[key], sum, "{net} {key}");
        }
    }
}

#[test]
fn a_whole_training() {
    let counted =
        json(&["flops", "lenet5", "--data", "mnist", "--examples", "60000", "--epochs", "10", "--json"]);
    assert_eq!(counted["total_train_flops"], 2_263_920u64 * 600_000);
    // One petaflop/s for a day is 1e15 x 86,400 FLOPs.
    let days = counted["pfs_days"].as_f64().expect("a number");
    assert!((days / (2_263_920.0 * 6e5 / 8.64e19) - 1.0).abs() < 1e-12, "{days}");
}

/// Beyond 2^64, where one petaflop/s-day lies: 92,648,177,664 FLOPs an image (torchvision's 15,470,264,320 MACs x 6,
/// less 2 x the 86,704,128 of the first layer) x 1,281,167 x 160.
#[test]
fn totals_are_exact_beyond_64_bits() {
    let ran = run(&["flops", "vgg16", "--examples", "1281167", "--epochs", "160"]);
    assert!(ran.stdout.contains("18,991,646,053,320,622,080 FLOPs, 0.2198 pfs-days"), "{}", ran.stdout);
    let ran = run(&["flops", "vgg16", "--examples", "1281167", "--epochs", "160", "--json"]);
    assert!(ran.stdout.contains("\"total_train_flops\":18991646053320622080,"), "{}", ran.stdout);
}

#[test]
fn a_part_of_a_pass_counts_whole_images() {
    for (epochs, images) in [("0.5", 30_000), ("0.1", 6_000), ("1.00001", 60_001), ("2", 120_000)] {
        let counted = json(&[
            "flops",
            "lenet5",
            "--data",
            "mnist",
            "--examples",
            "60000",
            "--epochs",
            epochs,
            "--json",
        ]);
        assert_eq!(
            (&counted["images"], &counted["total_train_flops"]),
            (&json!(images), &json!(2_263_920u64 * images))
        );
    }
}

#[test]
fn shape_and_classes_can_be_chosen() {
    // A linear layer of 3 x 4 x 5 inputs and 7 classes has 420 weights and 7 biases.
    let counted = json(&["flops", "linear", "--input", "3x4x5", "--classes", "7", "--json"]);
    assert_eq!((&counted["params"], &counted["macs"]), (&json!(427), &json!(420)));
    let hundred = json(&["flops", "linear", "--data", "cifar100", "--json"]);
    assert_eq!(hundred["params"], 100 * (3 * 32 * 32 + 1));
    // The first layer needs no gradient of the image: 4 FLOPs a MAC.
    assert_eq!(hundred["train_flops"], 4 * 100 * 3 * 32 * 32);
}

#[test]
fn the_table_shows_the_totals() {
    let ran = run(&["flops", "lenet5", "--data", "mnist"]);
    for number in ["61,706", "416,520", "2,263,920", "833,040"] {
        assert!(ran.stdout.contains(number), "{number} is not in:\n{}", ran.stdout);
    }
    assert!(ran.stdout.lines().all(|line| line.len() <= 100), "{}", ran.stdout);
}

#[test]
fn impossible_networks_are_refused() {
    refused(&["flops", "cnn-w0-d2"], &["cnn-w0-d2"]);
    refused(&["flops", "cnn-w16-d99"], &["cnn-w16-d99", "99"]);
    refused(&["flops", "cnn-w99999999999999999999-d2"], &["cnn-w99999999999999999999-d2"]);
    refused(&["flops", "cnn-w4000000000-d2"], &["too large"]);
    refused(&["flops", "lenet6"], &["did you mean lenet5"]);
    refused(&["flops", ""], &["network ``"]);
    refused(&["flops", "lenet5", "--input", "1x99999999999x99999999999"], &["too large"]);
    refused(&["flops", "linear", "--data", "mnist", "--classes", "18446744073709551615"], &["too large"]);
}

#[test]
fn impossible_numbers_are_refused() {
    refused(&["flops", "lenet5", "--examples", "10", "--epochs", "-1"], &["-1", "--epochs", "above 0"]);
    refused(&["flops", "lenet5", "--examples", "0", "--epochs", "1"], &["0", "--examples", "from 1"]);
    refused(&["flops", "lenet5", "--examples", "1.5", "--epochs", "1"], &["1.5"]);
    refused(&["flops", "lenet5", "--examples", "10"], &["--epochs"]);
    refused(&["flops", "lenet5", "--input", "28x28"], &["28x28", "channels x height x width"]);
    refused(&["flops", "lenet5", "--input", "1x0x28"], &["1x0x28"]);
    refused(&["flops", "lenet5", "--data", "mnist", "--input", "1x28x28"], &["--input"]);
    let much = "10000000000";
    refused(&["flops", "vgg16", "--examples", much, "--epochs", "1e19"], &["2^128"]);
    refused(&["flops", "lenet5", "--examples", much, "--epochs", "1e20"], &["1", "2^64"]);
}

#[test]
fn the_optimizer_is_told_apart() {
    let ran = run(&["flops", "lenet5", "--data", "mnist"]);
    assert!(ran.stdout.contains("descent  493,176 FLOPs a step"), "{}", ran.stdout);
    assert!(ran.stdout.contains("train    2,263,920 FLOPs"), "not among those of training: {}", ran.stdout);
}
