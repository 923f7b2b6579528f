//! What a learner promises: the same bits at any number of threads, outcomes that do not depend on the batch, and
//! counts of what was executed.

use data::set::SetName;
use kernels::isa::{Isa, counted};
use record::bench::LayerPhase;
use record::spec::RunPlan;
use record::units::Flops;

use crate::executed::Executed;
use crate::learner::{Learner, ProfileEntry, State};
use crate::native::learner::NativeLearner;
use crate::tests::contract::{lanes_stay_apart, state_goes_out_and_comes_back};
use crate::tests::networks::{everything, images, plan, step};
use crate::worker::thread_pool;

/// The state after three steps at a number of threads.
fn trained(data: SetName, plan: &RunPlan, threads: usize) -> (State, Vec<f32>) {
    trained_on(Isa::detect(), data, plan, threads)
}

/// The same on other instructions.
fn trained_on(isa: Isa, data: SetName, plan: &RunPlan, threads: usize) -> (State, Vec<f32>) {
    thread_pool(threads).unwrap().install(|| {
        let mut learner = NativeLearner::with_isa(&[plan], isa).unwrap();
        learner.load(&images(data)).unwrap();
        let steps: Vec<_> = (0..3).map(|number| step(number, plan.spec.batch as usize, 0.05)).collect();
        learner.train(&[&steps]).unwrap();
        (learner.state(0).unwrap(), learner.take_losses().unwrap().remove(0))
    })
}

#[test]
fn bits_do_not_depend_on_threads() {
    let cases = [
        (SetName::Mnist, plan(SetName::Mnist, "net-a", 33)),
        (SetName::Mnist, plan(SetName::Mnist, "lenet5", 16)),
        (SetName::Cifar10, plan(SetName::Cifar10, "cnn-w8-d3", 20)),
        (SetName::Cifar10, plan(SetName::Cifar10, "resnet8-w8", 17)),
        (SetName::Cifar10, plan(SetName::Cifar10, "net-b", 17)),
        // Chunks of ten images.
        (SetName::Mnist, plan(SetName::Mnist, "cnn-w4-d3", 150)),
        (SetName::Digits, everything(19)),
    ];
    for (data, plan) in &cases {
        let one = trained(*data, plan, 1);
        assert!(one.1.iter().all(|loss| loss.is_finite()), "{}", plan.network.name);
        for threads in [2, 3, 7] {
            assert!(one == trained(*data, plan, threads), "{} on {threads} threads", plan.network.name);
        }
    }
}

#[test]
fn no_instruction_set_depends_on_threads() {
    let plan = plan(SetName::Cifar10, "resnet8-w5", 17);
    for isa in Isa::available() {
        let one = trained_on(isa, SetName::Cifar10, &plan, 1);
        assert!(one == trained_on(isa, SetName::Cifar10, &plan, 3), "{}", isa.name());
    }
}

/// A learner made where there is one thread works where there are more.
#[test]
fn threads_may_become_more() {
    let (data, plan) = (SetName::Cifar10, plan(SetName::Cifar10, "cnn-w8-d3", 70));
    let mut learner = thread_pool(1).unwrap().install(|| NativeLearner::new(&[&plan])).unwrap();
    learner.load(&images(data)).unwrap();
    let steps: Vec<_> = (0..3).map(|number| step(number, 70, 0.05)).collect();
    thread_pool(3).unwrap().install(|| learner.train(&[&steps])).unwrap();
    let found = (learner.state(0).unwrap(), learner.take_losses().unwrap().remove(0));
    assert!(found == trained(data, &plan, 1));
}

/// The outcome of an image is the same alone and among others, to the last bit.
#[test]
fn evaluation_does_not_depend_on_the_batch() {
    for (data, net) in [
        (SetName::Mnist, "net-a"),
        (SetName::Mnist, "cnn-w2-d3"),
        (SetName::Cifar10, "net-b"),
        (SetName::Cifar10, "resnet8-w4"),
    ] {
        let plan = plan(data, net, 8);
        let mut learner = NativeLearner::new(&[&plan]).unwrap();
        learner.load(&images(data)).unwrap();
        learner.train(&[&[step(0, 8, 0.05)]]).unwrap();
        let images = images(data);
        let together = learner.evaluate(&images).unwrap().remove(0);
        assert_eq!(together.len(), images.len());
        for index in [0u32, 15, 16, 63] {
            let alone = learner.evaluate(&images.select(&[index])).unwrap().remove(0);
            assert_eq!(alone[0], together[index as usize], "{net}");
        }
    }
}

#[test]
fn a_state_goes_out_and_comes_back() {
    state_goes_out_and_comes_back(&build);
}

#[test]
fn lanes_do_not_touch_each_other() {
    lanes_stay_apart(&build);
}

fn build(plans: &[&RunPlan]) -> Box<dyn Learner> {
    Box::new(NativeLearner::new(plans).unwrap())
}

/// A linear layer from 784 inputs to 10 outputs, padded to 16 lanes, executes in rows of 12 or 6 on AVX-512 and of 6 or 4
/// elsewhere (see the kernels' tiles): 3 images in one tile forward, and for each of them 784 rows back, as 786 or as such.
#[test]
fn executed_operations_are_what_was_run() {
    let plan = plan(SetName::Mnist, "linear", 3);
    for isa in Isa::available() {
        let mut learner = NativeLearner::with_isa(&[&plan], isa).unwrap();
        learner.load(&images(SetName::Mnist)).unwrap();
        learner.train(&[&[step(0, 3, 0.1), step(1, 3, 0.1)]]).unwrap();
        let (forward_rows, back_rows) = if isa.name() == "avx512" { (6, 786) } else { (4, 784) };
        let per_step = forward_rows * 16 * 784 + back_rows * 16 * 3;
        assert_eq!(learner.executed(0).train, Flops(2 * 2 * per_step), "{}", isa.name());
    }
}

/// What programs count beforehand against every multiply-add of a product as it happens, of whole networks: with padded
/// channels, Winograd's points, stems, ragged tiles and chunks.
#[test]
fn executed_operations_are_those_counted_as_they_happen() {
    for (data, net, batch, layers) in [
        (SetName::Mnist, "mlp", 5, 3),
        (SetName::Mnist, "lenet5", 9, 5),
        (SetName::Mnist, "net-a", 17, 4),
        (SetName::Cifar10, "cnn-w6-d3", 9, 4),
        (SetName::Cifar10, "resnet8-w5", 9, 10),
        (SetName::Cifar10, "net-b", 3, 7),
    ] {
        let plan = plan(data, net, batch);
        let mut learner = NativeLearner::with_isa(&[&plan], Isa::Counting).unwrap();
        learner.load(&images(data)).unwrap();
        let _ = counted();
        learner.train(&[&[step(0, batch, 0.1), step(1, batch, 0.1)]]).unwrap();
        let train = Flops::of_macs(counted());
        learner.evaluate(&images(data)).unwrap();
        let evaluate = Flops::of_macs(counted());
        assert_eq!(learner.executed(0), Executed { train, evaluate }, "{net}");
        assert_eq!(learner.executed_by_layer(0).layers_of(train).len(), layers, "{net}");
        assert!(train > Flops(0) && evaluate > Flops(0), "{net}");
    }
}

/// 65,536 images of a network that keeps some megabytes for each are more than the kernels' tables address.
#[test]
fn too_large_a_step_is_refused() {
    let plan = plan(SetName::Cifar10, "resnet20-w64", 65_536);
    let refused = NativeLearner::new(&[&plan]).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|words| words.contains("smaller") && words.contains("batch")));
}

/// A profile names every layer, and nothing is kept that was not asked for.
#[test]
fn a_profile_names_the_layers() {
    let plan = plan(SetName::Mnist, "cnn-w4-d2", 8);
    let mut learner = NativeLearner::new(&[&plan]).unwrap();
    learner.load(&images(SetName::Mnist)).unwrap();
    learner.train(&[&[step(0, 8, 0.1)]]).unwrap();
    assert!(learner.take_profile().is_none());
    learner.profile(true);
    learner.train(&[&[step(1, 8, 0.1)]]).unwrap();
    let entries = learner.take_profile().unwrap();
    for layer in ["batch", "0.conv", "4.conv", "8.linear", "loss"] {
        let found = entries.iter().filter(|entry| entry.layer == layer);
        assert!(
            found.clone().count() > 0 && found.map(|entry| entry.seconds.0).sum::<f64>() > 0.0,
            "{layer}"
        );
    }
    for layer in ["0.conv", "4.conv", "8.linear"] {
        let of_weights =
            |entry: &&ProfileEntry| entry.layer == layer && entry.phase == LayerPhase::WeightGradient;
        assert_eq!(entries.iter().filter(of_weights).count(), 1, "{layer}");
    }
}
