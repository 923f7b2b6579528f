//! The numeric contract: the optimizer, running statistics, evaluation and executed operations.

use data::digits;
use net::network::Role;
use record::device::Device;
use record::units::Flops;

use super::networks::{BATCH_IMAGES, learner, plan, step};
use crate::candle::learner::CandleLearner;
use crate::laps::Laps;
use crate::learner::Learner;

/// Three steps against the formulas g += wd w; v = mu v + g; w -= lr (g + mu v), element by element.
#[test]
fn the_optimizer_is_nesterov_sgd() {
    let mut plan = plan("cnn-w2-d2");
    plan.spec.weight_decay = 0.01;
    let mut learner = learner(&plan);
    let flat = |t: &candle_core::Tensor| t.flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let values = |l: &CandleLearner<f64>| l.parameters(0).iter().map(|var| flat(var)).collect::<Vec<_>>();
    let mut velocity: Vec<Vec<f64>> = values(&learner).iter().map(|w| vec![0.0; w.len()]).collect();
    for number in 0..3 {
        let step = step(number, 0.1 * (number + 1) as f64);
        let before = values(&learner);
        let gradients = learner.gradients(0, &step, &mut Laps::default()).unwrap();
        learner.train(&[std::slice::from_ref(&step)]).unwrap();
        let after = values(&learner);
        for (place, parameter) in plan.network.parameters.iter().enumerate() {
            let Some(gradient) = &gradients.by_parameter[place] else { continue };
            let decay = if parameter.role == Role::Weight { 0.01 } else { 0.0 };
            for (i, g) in flat(gradient).into_iter().enumerate() {
                let g = g + decay * before[place][i];
                velocity[place][i] = 0.9 * velocity[place][i] + g;
                let expected = before[place][i] - step.learning_rate * (g + 0.9 * velocity[place][i]);
                assert!((after[place][i] - expected).abs() < 1e-12, "{} step {number}", parameter.name);
            }
        }
    }
}

/// After one step: running mean 0.1 x batch mean, running variance 0.9 + 0.1 x unbiased batch variance, where the
/// first layer's activations are computed here by plain loops.
#[test]
fn running_statistics_are_pytorchs() {
    let plan = plan("cnn-w2-d2");
    let mut learner = learner(&plan);
    let step = step(0, 0.0);
    let x = learner.batch_of(&step).flatten_all().unwrap().to_vec1::<f64>().unwrap();
    let w = learner.parameters(0)[0].flatten_all().unwrap().to_vec1::<f64>().unwrap();
    learner.train(&[std::slice::from_ref(&step)]).unwrap();
    let state = learner.state(0).unwrap();
    for filter in 0..2 {
        let mut values = Vec::new();
        for image in 0..BATCH_IMAGES {
            for place in 0..28 * 28 {
                let (row, column) = ((place / 28) as isize, (place % 28) as isize);
                let tap = |tap: usize| {
                    let (y, x_) = (row + (tap / 3) as isize - 1, column + (tap % 3) as isize - 1);
                    let inside = (0..28).contains(&y) && (0..28).contains(&x_);
                    if inside { w[filter * 9 + tap] * x[image * 784 + (y * 28 + x_) as usize] } else { 0.0 }
                };
                values.push((0..9).map(tap).sum::<f64>());
            }
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let buffer = |role: &str| {
            let found = state.weights.iter().find(|tensor| tensor.name == format!("1.batch_norm.{role}"));
            f64::from(found.unwrap().values[filter])
        };
        assert!((buffer("running_mean") - 0.1 * mean).abs() < 1e-6);
        assert!((buffer("running_variance") - (0.9 + 0.1 * variance)).abs() < 1e-6);
    }
}

/// The outcome of an image is the same alone and among others, to the last bit.
#[test]
fn evaluation_does_not_depend_on_the_batch() {
    let plan = plan("cnn-w2-d2");
    let mut learner = CandleLearner::<f32>::new(&[&plan], Device::Cpu).unwrap();
    let images = digits::images(0, 0..130);
    let together = learner.evaluate(&images).unwrap().remove(0);
    for index in [0u32, 99, 100, 129] {
        let alone = learner.evaluate(&images.select(&[index])).unwrap().remove(0);
        assert_eq!(alone[0], together[index as usize]);
    }
}

/// candle also computes the gradient of the image: 6 x MAC of LeNet-5's 416,520 MACs, where the model needs
/// 2,263,920. Evaluation fills its last batch up: 130 images are run as 200.
#[test]
fn executed_operations_are_what_was_run() {
    let plan = plan("lenet5");
    let mut learner = CandleLearner::<f32>::new(&[&plan], Device::Cpu).unwrap();
    learner.load(&digits::images(0, 0..8)).unwrap();
    learner.train(&[&[step(0, 0.1), step(1, 0.1)]]).unwrap();
    learner.evaluate(&digits::images(0, 0..130)).unwrap();
    let executed = learner.executed(0);
    assert_eq!(executed.train, Flops(2 * 416_520 * 3 * 2 * BATCH_IMAGES as u64));
    assert_eq!(executed.evaluate, Flops(2 * 416_520 * 200));
    learner.judge_at_once(130);
    learner.evaluate(&digits::images(0, 0..130)).unwrap();
    assert_eq!(learner.executed(0).evaluate, Flops(2 * 416_520 * 330));
}
