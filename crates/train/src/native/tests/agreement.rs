//! The same weights and batches in native and in candle.

use data::set::SetName;
use kernels::isa::Isa;
use record::spec::RunPlan;

use super::networks::{everything, images, plan, step};
use crate::candle::learner::CandleLearner;
use crate::learner::Learner;
use crate::native::learner::NativeLearner;

/// Largest distance of a gradient from candle's in f64, over its norm: what the learners promise each other.
const TOLERANCE: f64 = 1e-4;

/// Compares the gradient of every parameter, on every instruction set of this machine.
fn check(data: SetName, plan: &RunPlan) {
    let batch = plan.spec.batch as usize;
    let step = step(0, batch, 0.0);
    let mut candle = CandleLearner::<f64>::new(&[plan]).unwrap();
    candle.load(&images(data)).unwrap();
    let expected = candle.gradients(0, &step).unwrap();
    for isa in Isa::available() {
        let mut native = NativeLearner::with_isa(&[plan], isa).unwrap();
        native.load(&images(data)).unwrap();
        let (loss, gradients) = native.gradients(0, &step);
        let net = &plan.network.name;
        assert!(
            (loss - expected.loss).abs() < 1e-5 * expected.loss,
            "{net}: {loss} against {}",
            expected.loss
        );
        for ((parameter, found), expected) in
            plan.network.parameters.iter().zip(gradients).zip(&expected.by_parameter)
        {
            let Some(expected) = expected else { continue };
            let expected = expected.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let norm = expected.iter().map(|e| e * e).sum::<f64>().sqrt();
            let apart =
                found.iter().zip(&expected).map(|(&f, e)| (f64::from(f) - e).powi(2)).sum::<f64>().sqrt();
            // A bias before a batch normalisation has no gradient but rounding.
            let small = 1e-6;
            assert!(
                apart <= TOLERANCE * norm + small,
                "{net} on {}: {} is {} of its norm {norm} apart",
                isa.name(),
                parameter.name,
                apart / norm
            );
        }
    }
}

#[test]
fn gradients_of_the_small_families_agree() {
    for net in ["linear", "mlp", "lenet5", "cnn-w5-d2", "cnn-w8-d4", "resnet8-w6", "net-a"] {
        check(SetName::Mnist, &plan(SetName::Mnist, net, 11));
    }
}

#[test]
fn gradients_on_colour_images_agree() {
    for net in ["lenet5", "cnn-w16-d3", "cnn-w24-d1", "resnet14-w8", "net-b"] {
        check(SetName::Cifar10, &plan(SetName::Cifar10, net, 9));
    }
}

#[test]
fn gradients_of_everything_else_agree() {
    check(SetName::Digits, &everything(9));
}
