//! Networks, batches and images for the tests.

use std::sync::Arc;

use chance::{Purpose, Stream};
use data::augment::Augment;
use data::images::Images;
use data::set::SetName;
use net::layer::{Conv, Join, Layer, Linear, Pool};
use net::network::Network;
use record::spec::{RunPlan, RunSpec};

use crate::learner::Step;

/// Images to choose from.
const IMAGES: usize = 64;

pub(crate) fn plan(data: SetName, net: &str, batch: usize) -> RunPlan {
    let mut spec = RunSpec::new(data, net, 1000, batch as u64, 7);
    spec.label_smoothing = 0.1;
    spec.plan().unwrap()
}

/// Random images in the shape of a set.
pub(crate) fn images(data: SetName) -> Images {
    let shape = data.shape();
    let mut stream = Stream::new(3, Purpose::Test, 0);
    let pixels: Arc<[u8]> = (0..IMAGES * shape.bytes()).map(|_| stream.bits_u32() as u8).collect();
    let labels: Arc<[u8]> = (0..IMAGES).map(|_| stream.below(data.classes() as u64) as u8).collect();
    Images { shape, classes: data.classes(), pixels, labels }
}

/// A step on images drawn at random, shifted and mirrored.
pub(crate) fn step(number: u64, batch: usize, learning_rate: f64) -> Step {
    let mut stream = Stream::new(4, Purpose::Test, number);
    let indices = (0..batch).map(|_| stream.below(IMAGES as u64) as u32).collect();
    let mut shift = || stream.below(5) as i8 - 2;
    let augment = (0..batch).map(|image| Augment { dx: shift(), dy: shift(), flip: image % 2 == 1 });
    Step { number, indices, augment: augment.collect(), learning_rate }
}

/// Everything that the families of the sweeps do not use: groups, dilation, stride, ceiling, padding in pools,
/// concatenation, dropout, odd sizes, sums of three and of the same tensor twice.
pub(crate) fn everything(batch: usize) -> RunPlan {
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
            paths: vec![vec![conv(10, 3, 1, 1, 1, 10), Layer::BatchNorm], vec![], vec![]],
            join: Join::Add,
        },
        Layer::Relu,
        conv(9, 5, 2, 2, 1, 1),
        Layer::Relu,
        pool(2, 2, 0, false),
        Layer::BatchNorm,
        Layer::GlobalAvgPool,
        Layer::Dropout { percent: 30 },
        Layer::Linear(Linear { out_features: 10, bias: true }),
    ];
    let mut plan = plan(SetName::Digits, "linear", batch);
    plan.network = Network::resolve("everything", plan.network.input, 10, &layers).unwrap();
    plan
}
