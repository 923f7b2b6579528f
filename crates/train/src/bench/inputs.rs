//! What a learner is timed on: random images, and steps over them in random order.

use std::sync::Arc;

use chance::{Purpose, Stream};
use data::augment::Augment;
use data::images::Images;
use data::set::SetName;
use record::device::Device;
use record::spec::RunPlan;

use crate::course::chunk_steps;
use crate::learner::Step;

/// Images among which steps choose: more than caches near a processor hold, and soon made.
pub const POOL_IMAGES: u64 = 2_048;

/// So small that the labels, which are as random as the images, are not learnt and nothing grows.
const LEARNING_RATE: f64 = 1e-4;

/// Random images of the shape of `set`; speed does not depend on what they show.
#[must_use]
pub fn noise(set: SetName, count: u64) -> Images {
    let (shape, classes) = (set.shape(), set.classes());
    let mut stream = Stream::new(0, Purpose::Test, 0);
    let mut pixels = vec![0; count as usize * shape.bytes()];
    for bytes in pixels.chunks_mut(8) {
        bytes.copy_from_slice(&stream.bits_u64().to_le_bytes()[..bytes.len()]);
    }
    let labels: Arc<[u8]> = (0..count).map(|i| (i % classes as u64) as u8).collect();
    Images { shape, classes, pixels: pixels.into(), labels }
}

/// Work of so many FLOPs at once, if not of less: a pass of a training may take a card many seconds, and a slice a second.
const SLICE: u64 = 20_000_000_000_000;

/// As many steps as a training hands to its learner on `device` at once, up to a limit, each of images drawn from `images` of them.
#[must_use]
pub fn steps(plan: &RunPlan, device: Device, images: u64) -> Vec<Step> {
    let batch = plan.spec.batch as usize;
    let step = |number| {
        let mut stream = Stream::new(plan.spec.seed, Purpose::Test, number);
        Step {
            number,
            indices: (0..batch).map(|_| stream.below(images.max(1)) as u32).collect(),
            augment: vec![Augment::default(); batch],
            learning_rate: LEARNING_RATE,
        }
    };
    let per_step = plan.train_flops_per_image().times(plan.spec.batch).0.max(1);
    (0..chunk_steps(plan, device).min((SLICE / per_step).max(1))).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::spec::RunSpec;

    #[test]
    fn images_have_the_shape_of_their_set() {
        let images = noise(SetName::Cifar10, 3);
        assert_eq!((images.len(), images.pixels.len()), (3, 3 * 3 * 32 * 32));
        assert!(images.labels.iter().all(|&label| label < 10));
        let brightest = images.pixels.iter().max();
        assert!(brightest > Some(&250) && images.pixels.iter().min() < Some(&5), "all bytes occur");
    }

    #[test]
    fn steps_are_full_and_within_the_images() {
        let plan = RunSpec::new(SetName::Mnist, "linear", 1, 8, 1).plan().unwrap();
        let steps = steps(&plan, Device::Cpu, 20);
        // 10^9 FLOP / (8 images x 4 x 7,840 MAC) is far above the 64 steps that a training takes at once.
        assert_eq!(steps.len(), 64);
        for step in &steps {
            assert_eq!((step.indices.len(), step.augment.len()), (8, 8));
            assert!(step.indices.iter().all(|&index| index < 20));
        }
        assert_ne!(steps[0].indices, steps[1].indices);
    }
}
