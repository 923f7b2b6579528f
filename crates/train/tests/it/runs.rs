//! What a run leaves behind: the same bits for the same seed, and a record that adds up.

use record::run::{BLOCKS, Status};
use record::units::Flops;

use crate::{small, train};

#[test]
fn the_same_seed_gives_the_same_bits_at_any_number_of_threads() {
    for net in ["cnn-w3-d2", "lenet5", "resnet8-w4"] {
        let (one, _) = train(&small(net, 1), 1, None, None).unwrap();
        let (two, _) = train(&small(net, 1), 2, None, None).unwrap();
        let (other, _) = train(&small(net, 2), 1, None, None).unwrap();
        assert_eq!(one.weights_sha256, two.weights_sha256, "{net}");
        assert_eq!(one.test, two.test, "{net}");
        assert_eq!(one.epochs.last().unwrap().train_loss, two.epochs.last().unwrap().train_loss, "{net}");
        assert_ne!(one.weights_sha256, other.weights_sha256, "{net}");
    }
}

#[test]
fn a_record_adds_up() {
    let spec = small("cnn-w3-d2", 1);
    let (record, state) = train(&spec, 2, None, None).unwrap();
    let plan = spec.plan().unwrap();
    assert_eq!(record.status, Status::Done);
    assert_eq!((record.steps, record.examples_seen), (12, 12 * 16));
    assert_eq!(record.flops.model_train, plan.train_flops_per_image().times(12 * 16));
    assert!(record.flops.executed_train > record.flops.model_train, "channels are padded to whole vectors");
    let layers = &record.flops.executed_train_by_layer;
    let names: Vec<&str> = layers.iter().map(|layer| layer.layer.as_str()).collect();
    assert_eq!(names, ["0.conv", "4.conv", "8.linear"]);
    assert_eq!(layers.iter().map(|layer| layer.total()).sum::<Flops>(), record.flops.executed_train);
    assert_eq!(layers[0].input_gradient, Flops(0), "the image needs no gradient");
    assert!(layers.iter().all(|layer| layer.forward > Flops(0) && layer.weight_gradient > Flops(0)));
    // 130 test images and 50 validation images, forward only.
    assert_eq!(record.flops.model_eval, Flops::of_macs(plan.network.macs() * 180));
    let test = record.test.as_ref().unwrap();
    assert_eq!(test.wrong_by_block.len(), BLOCKS);
    assert_eq!(test.wrong_by_block.iter().map(|&wrong| u64::from(wrong)).sum::<u64>(), test.wrong);
    assert_eq!((record.wrong, record.error), (Some(test.wrong), Some(test.wrong as f64 / 130.0)));
    assert_eq!(record.validation.as_ref().unwrap().images, 50);
    let s = record.seconds;
    let parts = s.load.0 + s.transfer.0 + s.train.0 + s.evaluate.0 + s.other.0;
    assert!((parts - s.total.0).abs() < 1e-9 && s.train.0 > 0.0);
    assert!(!record.energy.is_empty(), "energy is unknown at worst, never absent");
    assert_eq!(train::weights::sha256(&state.weights), record.weights_sha256);
    assert_eq!(record.epochs.len(), 1);
}

/// 40 images are gone through 4.8 times in 12 steps of 16: passes end after steps 3, 5, 8, 10, and the last is a part.
#[test]
fn passes_are_reports_and_not_boundaries() {
    let mut spec = small("linear", 1);
    spec.examples = Some(40);
    let (record, _) = train(&spec, 1, None, None).unwrap();
    let ends: Vec<(u64, u64)> = record.epochs.iter().map(|epoch| (epoch.epoch, epoch.step)).collect();
    assert_eq!(ends, [(1, 3), (2, 5), (3, 8), (4, 10), (5, 12)]);
}

#[test]
fn a_loss_that_is_not_finite_ends_the_run_with_a_record() {
    let mut spec = small("mlp", 1);
    spec.steps = 400;
    spec.learning_rate = 1e5;
    let (record, _) = train(&spec, 1, None, None).unwrap();
    assert_eq!(record.status, Status::Diverged);
    assert!(record.steps < 400, "{} steps", record.steps);
    assert_eq!((record.error, record.wrong, &record.test, &record.validation), (None, None, &None, &None));
    let text = serde_json::to_string(&record).unwrap();
    assert!(text.contains("\"status\":\"diverged\"") && !text.contains("NaN"));
}

#[test]
fn training_learns() {
    let mut spec = small("cnn-w4-d2", 3);
    spec.steps = 150;
    let (record, _) = train(&spec, 2, None, None).unwrap();
    // Guessing among ten classes is wrong in 90%.
    assert!(record.error.unwrap() < 0.75, "{:?}", record.error);
    assert!(record.epochs[0].train_loss.unwrap() < std::f64::consts::LN_10);
}
