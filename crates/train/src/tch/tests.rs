//! The libtorch learner's own contract: batches, order of operators, state, lanes, counts and half precisions.

use data::augment::Augment;
use data::set::SetName;
use libtorch::tch::{self, Tensor};
use net::layer::Layer;
use record::device::Device;
use record::spec::{LearnerName, Precision, RunPlan};
use record::units::Flops;

use super::batch::{Source, Values};
use super::learner::TchLearner;
use super::matrices::Matrices;
use super::pass::order;
use crate::learner::{Learner, Products, Step, check};
use crate::tests::contract::{lanes_stay_apart, state_goes_out_and_comes_back};
use crate::tests::networks::{everything, images, plan, step};
use crate::tests::skipped;

fn learner(plan: &RunPlan) -> TchLearner {
    learner_on(plan, Device::Cpu)
}

fn learner_on(plan: &RunPlan, device: Device) -> TchLearner {
    TchLearner::new(&[plan], device).unwrap()
}

/// The processor, and the first card; where there is none, that is said aloud.
fn devices() -> Vec<Device> {
    let card = Device::Cuda(0);
    match check(LearnerName::Tch, card, Precision::F32) {
        Ok(()) => vec![Device::Cpu, card],
        Err(error) => {
            skipped(format!("tch on {card}: {error}"));
            vec![Device::Cpu]
        }
    }
}

fn values(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.contiguous().view([-1]);
    let mut values = vec![0f32; flat.numel()];
    flat.copy_data(&mut values, flat.numel());
    values
}

/// What a card gathers is what the processor makes, to the last bit: shifts, flips and both, with one channel and three.
#[test]
fn gathered_batches_are_those_of_the_processor() {
    for set in [SetName::Mnist, SetName::Cifar10] {
        let table = Values::new(data::normalisation::normalisation(set).values(), tch::Device::Cpu).unwrap();
        let host = Source::Host(images(set));
        let card = Source::gathering(images(set), 2, tch::Device::Cpu).unwrap();
        let steps: Vec<Step> = (0..3).map(|number| step(number, 12, 0.0)).collect();
        let (host_plan, card_plan) = (host.plan(&steps).unwrap(), card.plan(&steps).unwrap());
        for (place, step) in steps.iter().enumerate() {
            let (expected, labels) = host_plan.batch(&table, place, step).unwrap();
            let (found, found_labels) = card_plan.batch(&table, place, step).unwrap();
            assert_eq!(found.size(), expected.size());
            assert_eq!(found.stride(), expected.stride(), "channels are innermost");
            assert_eq!(values(&found), values(&expected));
            assert_eq!(found_labels, labels);
        }
    }
}

/// 4 products of 2 x 64^3 FLOP, in every precision of the processor, by the way that cards take.
#[test]
fn products_of_matrices_are_counted() {
    for precision in [Precision::F32, Precision::Bf16] {
        let matrices = Matrices::new(Device::Cpu, precision, 64).unwrap();
        assert_eq!(matrices.burst().unwrap(), Flops(4 * 2 * 64 * 64 * 64));
    }
    let absent = crate::learner::products(Device::Cuda(99), Precision::F32);
    assert!(absent.is_err_and(|error| error.to_string().starts_with("cuda:99: ")));
}

#[test]
fn a_shift_beyond_the_border_is_refused() {
    let card = Source::gathering(images(SetName::Mnist), 1, tch::Device::Cpu).unwrap();
    let mut step = step(0, 4, 0.0);
    step.augment = vec![Augment { dx: 0, dy: -2, flip: false }; 4];
    assert!(card.plan(&[step]).unwrap_err().0.contains("border"));
}

/// Pooling comes before ReLU, in branches too, and nothing else moves.
#[test]
fn pooling_changes_places_with_relu() {
    let kinds = |nodes: &[net::network::Node]| nodes.iter().map(|node| node.layer.kind()).collect::<Vec<_>>();
    let net_a = plan(SetName::Mnist, "net-a", 4).network;
    let expected = ["conv", "max_pool", "relu", "conv", "max_pool", "relu", "linear", "relu", "linear"];
    assert_eq!(kinds(&order(&net_a.nodes)), expected);
    let all = everything(4).network;
    let ordered = order(&all.nodes);
    assert_eq!(ordered.len(), all.nodes.len());
    assert!(matches!(ordered[2].layer, Layer::MaxPool(_)) && matches!(ordered[3].layer, Layer::Relu));
    assert_eq!(kinds(&ordered[4].paths[0]), ["conv", "relu"]);
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let plan = everything(19);
    let trained = |device| {
        let mut learner = learner_on(&plan, device);
        learner.load(&images(SetName::Digits)).unwrap();
        let steps: Vec<_> = (0..3).map(|number| step(number, 19, 0.05)).collect();
        learner.train(&[&steps]).unwrap();
        (learner.state(0).unwrap(), learner.take_losses().unwrap())
    };
    for device in devices() {
        assert!(trained(device) == trained(device), "{device}");
    }
}

#[test]
fn a_state_goes_out_and_comes_back() {
    for device in devices() {
        state_goes_out_and_comes_back(&|plans| build(plans, device));
    }
}

#[test]
fn lanes_do_not_touch_each_other() {
    for device in devices() {
        lanes_stay_apart(&|plans| build(plans, device));
    }
}

fn build(plans: &[&RunPlan], device: Device) -> Box<dyn Learner> {
    Box::new(TchLearner::new(plans, device).unwrap())
}

/// The outcome of an image is the same alone and among others, to the last bit.
#[test]
fn evaluation_does_not_depend_on_the_batch() {
    let plan = plan(SetName::Cifar10, "resnet8-w4", 8);
    let images = images(SetName::Cifar10);
    for device in devices() {
        let mut learner = learner_on(&plan, device);
        let together = learner.evaluate(&images).unwrap().remove(0);
        for index in [0u32, 15, 63] {
            let alone = learner.evaluate(&images.select(&[index])).unwrap().remove(0);
            assert_eq!(alone[0], together[index as usize], "{device}");
        }
    }
}

/// Exactly the model's operations: no gradient of the image. Evaluation fills its batch up to 250, or to what is wanted.
#[test]
fn executed_operations_are_what_was_run() {
    for plan in [plan(SetName::Mnist, "lenet5", 6), everything(6)] {
        let data = plan.spec.data;
        let mut learner = learner(&plan);
        learner.load(&images(data)).unwrap();
        learner.train(&[&[step(0, 6, 0.1), step(1, 6, 0.1)]]).unwrap();
        learner.evaluate(&images(data)).unwrap();
        let executed = learner.executed(0);
        assert_eq!(executed.train, Flops::of_macs(plan.network.training_macs() * 12));
        assert_eq!(executed.evaluate, Flops::of_macs(plan.network.macs() * 250));
        learner.judge_at_once(images(data).len());
        learner.evaluate(&images(data)).unwrap();
        let more = Flops::of_macs(plan.network.macs() * (250 + images(data).len() as u64));
        assert_eq!(learner.executed(0).evaluate, more);
    }
}

/// A momentum of 0 is plain descent, and decayed weights shrink.
#[test]
fn the_optimizer_without_momentum_is_plain_descent() {
    let mut plan = plan(SetName::Mnist, "lenet5", 6);
    (plan.spec.momentum, plan.spec.weight_decay) = (0.0, 0.01);
    let mut with = learner(&plan);
    plan.spec.momentum = 0.9;
    plan.spec.weight_decay = 0.0;
    let mut gradient = learner(&plan);
    for learner in [&mut with, &mut gradient] {
        learner.load(&images(SetName::Mnist)).unwrap();
    }
    let before = with.state(0).unwrap().weights;
    with.train(&[&[step(0, 6, 0.1)]]).unwrap();
    gradient.train(&[&[step(0, 6, 0.0)]]).unwrap();
    let (after, gradients) = (with.state(0).unwrap().weights, gradient.state(0).unwrap().optimizer);
    for (((parameter, before), after), gradient) in
        plan.network.parameters.iter().zip(&before).zip(&after).zip(&gradients)
    {
        let decay = 0.01 * parameter.weight_decay_scale as f32;
        for ((w, new), g) in before.values.iter().zip(&after.values).zip(&gradient.values) {
            let expected = w - 0.1 * (g + decay * w);
            assert!((new - expected).abs() <= 1e-6 * expected.abs().max(1e-2), "{}", parameter.name);
        }
    }
}

/// Two wordings of what cannot be.
#[test]
fn what_cannot_be_is_said() {
    let error = |device, precision| check(LearnerName::Tch, device, precision).unwrap_err().to_string();
    assert!(error(Device::Cpu, Precision::Tf32).contains("--precision f32"));
    if libtorch::cuda::cards().is_err() {
        assert!(error(Device::Cuda(0), Precision::F32).starts_with("cuda:0: "));
    }
}

/// Half precisions learn the same thing as f32: final errors over five seeds agree within their spread, with and without
/// batch normalisation, whose parameters stay in f32, on every device that is here.
#[test]
fn half_precisions_in_agreement_with_f32() {
    for device in [Device::Cpu, Device::Cuda(0)] {
        if let Err(error) = check(LearnerName::Tch, device, Precision::F16) {
            skipped(format!("tch on {device}: {error}"));
            continue;
        }
        for net in ["lenet5", "cnn-w8-d2"] {
            compare_half_precisions(net, device);
        }
    }
}

fn compare_half_precisions(net: &str, device: Device) {
    let errors = |precision: Precision| -> Vec<f64> {
        (1..=5).map(|seed| final_error(net, device, seed, precision)).collect()
    };
    let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
    let full = errors(Precision::F32);
    // Guessing among ten classes is wrong in 90%.
    assert!(mean(&full) < 0.4, "{net} on {device}: {full:?}");
    let spread = full.iter().map(|error| (error - mean(&full)).powi(2)).sum::<f64>() / 4.0;
    for precision in [Precision::Bf16, Precision::F16] {
        let half = errors(precision);
        // Three standard errors of a difference of two means of five, and two points for the chance of five.
        let bound = 3.0 * (2.0 * spread / 5.0).sqrt() + 0.02;
        let close = (mean(&half) - mean(&full)).abs() < bound;
        assert!(close, "{net} on {device} in {}: {half:?} against {full:?}", precision.name());
    }
}

/// Share of 1,000 digits judged wrong after 128 steps.
fn final_error(net: &str, device: Device, seed: u64, precision: Precision) -> f64 {
    let mut plan = plan(SetName::Digits, net, 32);
    (plan.spec.seed, plan.spec.precision, plan.spec.learner) = (seed, precision, LearnerName::Tch);
    (plan.spec.steps, plan.spec.learning_rate) = (128, 0.05);
    let mut learner = crate::learner::build(&[&plan], device).unwrap();
    learner.load(&data::digits::images(seed, 0..2048)).unwrap();
    let steps: Vec<Step> = (0..128)
        .map(|number| {
            let indices = (0..32).map(|image| (number * 32 + image) as u32 % 2048).collect();
            // As a training does: at a constant rate, or without a warm-up, batch normalisation ends anywhere.
            let learning_rate = crate::schedule::learning_rate(&plan.spec, number);
            Step { number, indices, augment: vec![Augment::IDENTITY; 32], learning_rate }
        })
        .collect();
    learner.train(&[&steps]).unwrap();
    let judged = learner.evaluate(&data::digits::images(u64::MAX, 0..1000)).unwrap().remove(0);
    judged.iter().filter(|outcome| !outcome.right).count() as f64 / 1000.0
}
