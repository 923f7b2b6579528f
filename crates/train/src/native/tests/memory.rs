//! The memory plan: tensors that are needed at once lie apart, and everything lies within the slab.

use data::set::SetName;
use net::network::Network;

use super::networks::{everything, plan};
use crate::native::graph::Graph;
use crate::native::memory::{Memory, Place};
use crate::native::schedule::{Resource, Schedule};

/// The places that each action touches lie apart, and within the slab.
fn check(network: &Network, training: bool, chunk: usize) {
    let graph = Graph::lower(network);
    let schedule =
        if training { Schedule::training(&graph, chunk) } else { Schedule::inference(&graph, chunk) };
    let memory = Memory::plan(&graph, &schedule, chunk);
    let place = |resource: &Resource| -> Option<Place> {
        match resource {
            Resource::Value(tensor) => memory.value(*tensor),
            Resource::Gradient(number) => {
                let tensor = schedule.gradients.iter().position(|gradient| gradient == number)?;
                memory.gradient(&schedule, tensor)
            }
            _ => None,
        }
    };
    let mut compared = 0;
    for stage in schedule.regions.iter().flatten() {
        for &action in &stage.actions {
            let access = schedule.access(&graph, action);
            let mut resources: Vec<Resource> = access.reads.into_iter().chain(access.writes).collect();
            resources.sort_by_key(|resource| format!("{resource:?}"));
            resources.dedup();
            for first in (0..chunk).step_by(stage.group) {
                let ranges: Vec<_> = resources
                    .iter()
                    .filter_map(|resource| place(resource).map(|place| place.of_group(first, stage.group)))
                    .collect();
                for (number, one) in ranges.iter().enumerate() {
                    assert!(one.end <= memory.slab, "{}: {action:?} beyond the slab", network.name);
                    for other in &ranges[number + 1..] {
                        compared += 1;
                        let apart = one.end <= other.start || other.end <= one.start;
                        assert!(apart, "{}: {action:?} has {one:?} and {other:?} at once", network.name);
                    }
                }
            }
        }
    }
    assert!(compared > 0, "{} touches nothing", network.name);
}

#[test]
fn tensors_that_are_needed_at_once_lie_apart() {
    let families =
        ["linear", "mlp", "lenet5", "net-a", "net-b", "cnn-w2-d3", "cnn-w7-d4", "resnet8-w5", "resnet20-w8"];
    for data in [SetName::Mnist, SetName::Cifar10] {
        for net in families {
            let network = plan(data, net, 1).network;
            for chunk in [1, 7, 16, 32] {
                check(&network, true, chunk);
                check(&network, false, chunk);
            }
        }
    }
    check(&everything(1).network, true, 16);
    check(&everything(1).network, false, 16);
}
