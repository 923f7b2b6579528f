//! Gradients of whole networks against finite differences, family by family.

use candle_core::Tensor;
use chance::{Purpose, Stream};
use data::augment::Augment;
use data::digits;
use data::set::SetName;
use net::layer::{Conv, Join, Layer, Linear, Pool};
use net::network::Network;
use record::device::Device;
use record::spec::{RunPlan, RunSpec};

use crate::candle::forward::Operations;
use crate::candle::learner::CandleLearner;
use crate::laps::Laps;
use crate::learner::{Learner, Step};

/// Half the distance of a central difference: so small that hardly any of the tens of thousands of rectifiers and
/// maxima of a network changes sides within it, and large enough that rounding, about 1e-16 / STEP, stays below 1e-8.
const STEP: f64 = 1e-7;

/// Images in a step.
pub(super) const BATCH_IMAGES: usize = 3;

pub(super) fn plan(net: &str) -> RunPlan {
    let mut spec = RunSpec::new(SetName::Digits, net, 10, BATCH_IMAGES as u64, 7);
    spec.label_smoothing = 0.1;
    spec.plan().unwrap()
}

pub(super) fn step(number: u64, learning_rate: f64) -> Step {
    let augment = vec![Augment { dx: 1, dy: -2, flip: true }; BATCH_IMAGES];
    let indices = (0..BATCH_IMAGES as u32).map(|i| (i + number as u32) % 8).collect();
    Step { number, indices, augment, learning_rate }
}

pub(super) fn learner(plan: &RunPlan) -> CandleLearner<f64> {
    with_operations(plan, Operations::Fused)
}

fn with_operations(plan: &RunPlan, operations: Operations) -> CandleLearner<f64> {
    let mut learner = CandleLearner::with_operations(&[plan], Device::Cpu, operations).unwrap();
    learner.load(&digits::images(0, 0..8)).unwrap();
    learner
}

fn check(plan: &RunPlan) {
    check_with(plan, Operations::Fused);
    check_with(plan, Operations::Composed);
}

/// Moves a few elements of every parameter and compares the change of the loss with the gradient.
fn check_with(plan: &RunPlan, operations: Operations) {
    let learner = with_operations(plan, operations);
    let step = step(0, 0.0);
    let gradients = learner.gradients(0, &step, &mut Laps::default()).unwrap();
    let mut stream = Stream::new(5, Purpose::Test, 0);
    for (place, parameter) in plan.network.parameters.iter().enumerate() {
        let var = &learner.parameters(0)[place];
        if !parameter.role.is_trained() {
            assert!(gradients.by_parameter[place].is_none(), "{} has a gradient", parameter.name);
            continue;
        }
        let gradient = gradients.by_parameter[place].as_ref().unwrap().flatten_all().unwrap();
        let gradient = gradient.to_vec1::<f64>().unwrap();
        let values = var.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for _ in 0..4 {
            let element = stream.below(values.len() as u64) as usize;
            let loss_at = |shift: f64| {
                let mut values = values.clone();
                values[element] += shift;
                var.set(&Tensor::from_vec(values, var.shape(), &candle_core::Device::Cpu).unwrap()).unwrap();
                learner.gradients(0, &step, &mut Laps::default()).unwrap().loss
            };
            let numeric = (loss_at(STEP) - loss_at(-STEP)) / (2.0 * STEP);
            loss_at(0.0);
            let error = (gradient[element] - numeric).abs();
            let found = gradient[element];
            assert!(
                error < 1e-6 * (1.0 + numeric.abs()),
                "{} [{element}]: {found} against {numeric}",
                parameter.name
            );
        }
    }
}

#[test]
fn every_family_of_the_sweeps() {
    for net in ["linear", "mlp", "lenet5", "cnn-w2-d2", "cnn-w1-d4", "resnet8-w2", "net-a"] {
        check(&plan(net));
    }
}

/// Everything at once that the families above do not use: groups, dilation, stride, ceiling, padding in pools,
/// concatenation, dropout.
#[test]
fn a_network_of_everything_else() {
    let conv = |out_channels, kernel, stride, padding, dilation, groups| {
        Layer::Conv(Conv { out_channels, kernel, stride, padding, dilation, groups, bias: true })
    };
    let pool = |kernel, stride, padding, ceil| Layer::MaxPool(Pool { kernel, stride, padding, ceil });
    let layers = [
        conv(4, 3, 2, 1, 1, 1),
        Layer::BatchNorm,
        Layer::Relu,
        pool(3, 2, 0, true),
        Layer::Branches {
            paths: vec![
                vec![conv(4, 3, 1, 2, 2, 2), Layer::Relu],
                vec![pool(3, 1, 1, false), conv(2, 1, 1, 0, 1, 1)],
                vec![],
            ],
            join: Join::Concat,
        },
        Layer::Branches {
            paths: vec![vec![conv(10, 3, 1, 1, 1, 10), Layer::BatchNorm], vec![]],
            join: Join::Add,
        },
        Layer::GlobalAvgPool,
        Layer::Dropout { percent: 30 },
        Layer::Linear(Linear { out_features: 10, bias: true }),
    ];
    let mut plan = plan("linear");
    plan.network = Network::resolve("everything", plan.network.input, 10, &layers).unwrap();
    check(&plan);
}
