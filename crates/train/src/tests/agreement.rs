//! The same weights and batches in every learner of this build, against candle in f64 or f32.

use chance::{Purpose, Stream};
use data::set::SetName;
use kernels::isa::Isa;
use record::device::Device;
use record::spec::{LearnerName, Precision, RunPlan};

use crate::candle::forward::Operations;
use crate::candle::learner::CandleLearner;
use crate::learner::{self, Learner, NamedTensor, Outcome, State, Step};
use crate::native::learner::NativeLearner;
use crate::tests::networks::{everything, images, plan, step};
use crate::tests::skipped;

/// Largest distance of a gradient from candle's in f64, over its norm: what the learners promise each other.
const TOLERANCE: f64 = 1e-4;

/// A way to compute that has to agree.
#[derive(Clone, Copy, Debug)]
enum Candidate {
    /// Our kernels on these instructions.
    Native(Isa),
    /// A learner on a device.
    Learner(LearnerName, Device),
    /// On the processor, the operations with which candle computes on cards.
    Composed,
}

impl Candidate {
    /// All that this machine and this build have: native on every instruction set, and every other learner on every
    /// kind of device.
    fn all() -> Vec<Candidate> {
        let mut all: Vec<Candidate> = Isa::available().into_iter().map(Candidate::Native).collect();
        all.push(Candidate::Composed);
        for name in [LearnerName::Candle, LearnerName::Tch] {
            for device in [Device::Cpu, Device::Cuda(0)] {
                match learner::check(name, device, Precision::F32) {
                    Ok(()) => all.push(Candidate::Learner(name, device)),
                    Err(error) => skipped(format!("{} on {device}: {error}", name.name())),
                }
            }
        }
        all
    }

    fn build(self, plan: &RunPlan) -> Box<dyn Learner> {
        match self {
            Candidate::Native(isa) => Box::new(NativeLearner::with_isa(&[plan], isa).unwrap()),
            Candidate::Composed => {
                let composed =
                    CandleLearner::<f32>::with_operations(&[plan], Device::Cpu, Operations::Composed);
                Box::new(composed.unwrap())
            }
            Candidate::Learner(name, device) => {
                let mut plan = plan.clone();
                plan.spec.learner = name;
                learner::build(&[&plan], device).unwrap()
            }
        }
    }
}

/// The loss of a step, and the state after it. As nothing moves at a learning rate of 0, and momentum begins at 0, the
/// momentum of every parameter is its gradient then.
fn gradients(learner: &mut dyn Learner, data: SetName, step: &Step) -> (f64, State) {
    learner.load(&images(data)).unwrap();
    learner.train(&[std::slice::from_ref(step)]).unwrap();
    let loss = learner.take_losses().unwrap()[0][0];
    (f64::from(loss), learner.state(0).unwrap())
}

fn reference(data: SetName, plan: &RunPlan, step: &Step) -> (f64, State) {
    gradients(&mut CandleLearner::<f64>::new(&[plan], Device::Cpu).unwrap(), data, step)
}

/// Distance of each gradient from that expected, over the norm of the latter.
fn apart(found: &State, expected: &State) -> Vec<f64> {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let pair = |(found, expected): (&NamedTensor, &NamedTensor)| {
        assert_eq!((&found.name, &found.shape), (&expected.name, &expected.shape));
        let size = norm(&mut expected.values.iter().map(|&value| f64::from(value)));
        let apart = norm(&mut found.values.iter().zip(&expected.values).map(|(f, e)| f64::from(f - e)));
        // A bias before a batch normalisation has no gradient but rounding, which may be as large as a hundredth of the
        // tolerance.
        if size < 1e-12 { apart / 1e-2 } else { apart / size }
    };
    assert_eq!(found.optimizer.len(), expected.optimizer.len());
    found.optimizer.iter().zip(&expected.optimizer).map(pair).collect()
}

/// The first step whose gradients follow from its numbers and not from their rounding, with its loss and gradients in
/// f64. Where the input of a ReLU is so near to 0 that f32 may round it to the other side, gradients of all layers before
/// it jump by a hundredth; so they must stay where they are when every weight is moved by a few units of rounding.
fn steady(data: SetName, plan: &RunPlan) -> (Step, f64, State) {
    let is_steady = |step: &Step, expected: &State| {
        (0..4).all(|trial| {
            let mut stream = Stream::new(step.number, Purpose::Test, trial);
            let mut learner = CandleLearner::<f64>::new(&[plan], Device::Cpu).unwrap();
            let mut moved = learner.state(0).unwrap();
            for weight in moved.weights.iter_mut().flat_map(|tensor| &mut tensor.values) {
                *weight *= 1.0 + stream.between(-3e-6, 3e-6);
            }
            learner.restore(0, &moved).unwrap();
            let (_, found) = gradients(&mut learner, data, step);
            apart(&found, expected).iter().all(|&apart| apart < TOLERANCE)
        })
    };
    for number in 0..60 {
        let step = step(number, plan.spec.batch as usize, 0.0);
        let (loss, expected) = reference(data, plan, &step);
        if is_steady(&step, &expected) {
            return (step, loss, expected);
        }
    }
    panic!("{}: no steady step among 60", plan.network.name)
}

/// Compares the gradient of every parameter.
fn compare(
    candidates: &[Candidate],
    data: SetName,
    plan: &RunPlan,
    (step, loss, expected): (Step, f64, State),
) {
    let net = &plan.network.name;
    for candidate in candidates {
        let (found_loss, found) = gradients(&mut *candidate.build(plan), data, &step);
        let close = (found_loss - loss).abs() < 1e-5 * loss;
        assert!(close, "{net} with {candidate:?}: {found_loss} against {loss}");
        for (tensor, apart) in expected.optimizer.iter().zip(apart(&found, &expected)) {
            let name = &tensor.name;
            assert!(apart <= TOLERANCE, "{net} with {candidate:?}: {name} is {apart} of its norm apart");
        }
    }
}

/// Compares gradients in all candidates.
fn check(data: SetName, net: &str, batch: usize) {
    check_plan(data, plan(data, net, batch));
}

fn check_plan(data: SetName, mut plan: RunPlan) {
    plan.spec.weight_decay = 0.0;
    compare(&Candidate::all(), data, &plan, steady(data, &plan));
}

#[test]
fn gradients_of_the_small_families_agree() {
    for net in ["linear", "mlp", "lenet5", "cnn-w2-d3", "cnn-w5-d2", "cnn-w8-d4", "resnet8-w6", "net-a"] {
        check(SetName::Mnist, net, 11);
    }
    // The widest of the presets, and blocks of 64 filters.
    check(SetName::Mnist, "cnn-w28-d2", 5);
    check(SetName::Mnist, "cnn-w64-d2", 2);
    check(SetName::Mnist, "cnn-w128-d2", 1);
}

#[test]
fn gradients_on_colour_images_agree() {
    for net in ["linear", "mlp", "lenet5", "cnn-w16-d3", "cnn-w24-d1", "net-a"] {
        check(SetName::Cifar10, net, 9);
    }
    // The deeper a network, the more ReLUs there are, and the fewer images are steady together.
    for net in ["resnet14-w8", "resnet20-w4", "net-b", "resnet32-w4", "cnn-w36-d3"] {
        check(SetName::Cifar10, net, 3);
    }
}

/// Batches of many chunks, which are ours alone: 150 images are 15 chunks of 10, which every stage cuts into groups that
/// do not divide them.
#[test]
fn gradients_of_large_batches_agree() {
    let native: Vec<_> = Isa::available().into_iter().map(Candidate::Native).collect();
    let check = |data, net, batch| {
        let mut plan = plan(data, net, batch);
        plan.spec.weight_decay = 0.0;
        let step = step(0, batch, 0.0);
        let (loss, expected) = reference(data, &plan, &step);
        compare(&native, data, &plan, (step, loss, expected));
    };
    for net in ["cnn-w4-d3", "net-a"] {
        check(SetName::Mnist, net, 150);
    }
    check(SetName::Cifar10, "resnet8-w4", 150);
    // The batch of the presets.
    for net in ["cnn-w6-d3", "resnet8-w6", "net-b"] {
        check(SetName::Cifar10, net, 32);
    }
}

#[test]
fn gradients_of_everything_else_agree() {
    check_plan(SetName::Digits, everything(9));
}

/// 200 steps in f32 from equal weights: equal but for rounding, which now and then puts the input of a ReLU on its other
/// side and so moves all that follows. At rates like these candle in f32 was seen to be up to 0.003 of the loss from candle in f64,
/// and 0.02 for net-a, whose bound is wide for it; at a rate of 0.02 the convolutional network on colour images was 0.4 away, where no
/// bound would show anything. (Seen on one machine; no record was kept.)
#[test]
fn loss_curves_agree() {
    for (data, net, rate, bound) in [
        (SetName::Mnist, "mlp", 0.02, 1e-2),
        (SetName::Mnist, "lenet5", 0.02, 1e-2),
        (SetName::Mnist, "cnn-w4-d2", 0.005, 1e-2),
        (SetName::Mnist, "resnet8-w2", 0.02, 1e-2),
        (SetName::Mnist, "net-a", 0.005, 0.1),
        (SetName::Cifar10, "cnn-w4-d3", 0.002, 1e-2),
        (SetName::Cifar10, "resnet8-w2", 0.002, 1e-2),
    ] {
        let plan = plan(data, net, 8);
        let steps: Vec<_> = (0..200).map(|number| step(number, 8, rate)).collect();
        let curve = |learner: &mut dyn Learner| {
            learner.load(&images(data)).unwrap();
            learner.train(&[&steps]).unwrap();
            learner.take_losses().unwrap().remove(0)
        };
        let reference = curve(&mut CandleLearner::<f32>::new(&[&plan], Device::Cpu).unwrap());
        let mean = |curve: &[f32]| curve.iter().sum::<f32>() / curve.len() as f32;
        assert!(mean(&reference[100..]) < reference[0], "{net} learns: {reference:?}");
        // Candle in f32 on the processor is what the others are held against.
        let is_reference =
            |one: &Candidate| matches!(one, Candidate::Learner(LearnerName::Candle, Device::Cpu));
        for candidate in Candidate::all().into_iter().filter(|one| !is_reference(one)) {
            let found = curve(&mut *candidate.build(&plan));
            for (number, (found, expected)) in found.iter().zip(&reference).enumerate() {
                let bound = if number < 50 { bound / 10.0 } else { bound };
                let close = (found - expected).abs() < bound * expected;
                assert!(close, "{net} with {candidate:?} at {number}: {found}, candle {expected}");
            }
            let (found, expected) = (mean(&found[100..]), mean(&reference[100..]));
            let close = (found - expected).abs() < 0.2 * bound * expected;
            assert!(close, "{net} with {candidate:?}: {found} in the mean, candle {expected}");
        }
    }
}

/// Running statistics after two steps, which no gradient shows.
#[test]
fn running_statistics_agree() {
    let plan = everything(9);
    let after = |learner: &mut dyn Learner| {
        learner.load(&images(SetName::Digits)).unwrap();
        learner.train(&[&[step(0, 9, 0.0), step(1, 9, 0.0)]]).unwrap();
        learner.state(0).unwrap().weights
    };
    let expected = after(&mut CandleLearner::<f64>::new(&[&plan], Device::Cpu).unwrap());
    for candidate in Candidate::all() {
        let found = after(&mut *candidate.build(&plan));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.name, expected.name);
            for (found_value, expected_value) in found.values.iter().zip(&expected.values) {
                let close = (found_value - expected_value).abs() <= 1e-5 * expected_value.abs().max(1e-2);
                assert!(close, "{} with {candidate:?}: {found_value}, candle {expected_value}", found.name);
            }
        }
    }
}

/// What all say of every image after two steps: by running statistics, and by the way of inference. Gradients agree
/// within 1e-4 of their norm, and outcomes within ten times that, as two steps and all layers add up.
#[test]
fn outcomes_agree() {
    for (data, plan) in [
        (SetName::Mnist, plan(SetName::Mnist, "lenet5", 9)),
        (SetName::Mnist, plan(SetName::Mnist, "net-a", 9)),
        (SetName::Cifar10, plan(SetName::Cifar10, "cnn-w6-d2", 9)),
        (SetName::Cifar10, plan(SetName::Cifar10, "resnet8-w5", 9)),
        (SetName::Digits, everything(9)),
    ] {
        let net = &plan.network.name;
        let judged = |learner: &mut dyn Learner| {
            learner.load(&images(data)).unwrap();
            learner.train(&[&[step(0, 9, 0.05), step(1, 9, 0.05)]]).unwrap();
            learner.evaluate(&images(data)).unwrap().remove(0)
        };
        let expected = judged(&mut CandleLearner::<f64>::new(&[&plan], Device::Cpu).unwrap());
        for candidate in Candidate::all() {
            let found = judged(&mut *candidate.build(&plan));
            assert_eq!(found.len(), expected.len());
            for (image, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let apart = (found.cross_entropy - expected.cross_entropy).abs();
                let close = apart < 1e-3 * expected.cross_entropy.max(1.0);
                assert!(close, "{net} with {candidate:?}, image {image}: {found:?}, candle {expected:?}");
            }
            // Two classes that are nearly equal may change places by rounding; that is rare among 64 images.
            let right = |outcomes: &[Outcome]| outcomes.iter().filter(|outcome| outcome.right).count();
            assert!(right(&found).abs_diff(right(&expected)) <= 1, "{net} with {candidate:?}");
        }
        let spread = expected.iter().map(|outcome| outcome.cross_entropy);
        assert!(
            spread.clone().fold(0.0, f64::max) > 1.05 * spread.fold(f64::MAX, f64::min),
            "{net} tells images apart"
        );
    }
}
