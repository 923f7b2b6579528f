//! The memory plan: tensors that are needed at once lie apart, within the slab, and live until their last reader.

use data::set::SetName;
use net::network::Network;

use crate::native::graph::{Graph, Op};
use crate::native::memory::{Memory, Place};
use crate::native::schedule::{Action, Resource, Schedule};
use crate::tests::networks::{everything, plan};

/// A network lowered, scheduled and laid out.
struct Plan {
    graph: Graph,
    schedule: Schedule,
    memory: Memory,
    chunk: usize,
}

impl Plan {
    fn new(network: &Network, training: bool, chunk: usize) -> Plan {
        let graph = Graph::lower(network);
        let schedule =
            if training { Schedule::training(&graph, chunk) } else { Schedule::inference(&graph, chunk) };
        let memory = Memory::plan(&graph, &schedule, chunk);
        Plan { graph, schedule, memory, chunk }
    }

    /// Where a tensor lies; nowhere where it is of another kind, or never touched.
    fn place(&self, resource: Resource) -> Option<Place> {
        match resource {
            Resource::Value(tensor) => self.memory.value(tensor),
            Resource::Gradient(number) => {
                let tensor = self.schedule.gradients.iter().position(|&gradient| gradient == number)?;
                self.memory.gradient(&self.schedule, tensor)
            }
            _ => None,
        }
    }

    /// Runs `each` on what every action reads and writes, group by group, in the order of a step.
    fn walk(&self, mut each: impl FnMut(Action, usize, usize, &[Resource], &[Resource])) {
        for stage in self.schedule.regions.iter().flatten() {
            for first in (0..self.chunk).step_by(stage.group) {
                for &action in &stage.actions {
                    let access = self.schedule.access(&self.graph, action);
                    each(action, first, stage.group, &access.reads, &access.writes);
                }
            }
        }
    }
}

/// The places that each action touches lie apart, and within the slab.
fn lies_apart(plan: &Plan) {
    let mut compared = 0;
    plan.walk(|action, first, group, reads, writes| {
        let mut resources: Vec<Resource> = reads.iter().chain(writes).copied().collect();
        resources.sort_by_key(|resource| format!("{resource:?}"));
        resources.dedup();
        let places = resources.iter().filter_map(|&resource| plan.place(resource));
        let ranges: Vec<_> = places.map(|place| place.of_group(first, group)).collect();
        for (number, one) in ranges.iter().enumerate() {
            assert!(one.end <= plan.memory.slab, "{action:?} beyond the slab");
            for other in &ranges[number + 1..] {
                compared += 1;
                let apart = one.end <= other.start || other.end <= one.start;
                assert!(apart, "{action:?} has {one:?} and {other:?} at once");
            }
        }
    });
    assert!(compared > 0, "nothing is touched");
}

/// Whatever is read was last written as that tensor of that image; so it is for the weights of linear layers, which
/// are trained at the end of a step.
fn outlives_its_readers(plan: &Plan, training: bool) {
    let mut owners: Vec<Option<(Resource, usize)>> = vec![None; plan.memory.slab];
    let owned = |values: &[Option<(Resource, usize)>], resource: Resource, image: usize| {
        values.iter().all(|&owner| owner == Some((resource, image)))
    };
    let range = |place: Place, first: usize, group: usize, image: usize| {
        let start = place.of_group(first, group).start + (image - first) * place.plane.values();
        start..start + place.plane.values()
    };
    plan.walk(|action, first, group, reads, writes| {
        // The last group of a chunk may hang over its end; nothing depends on what lies there.
        let images = || first..plan.chunk.min(first + group);
        for &resource in reads {
            let Some(place) = plan.place(resource) else { continue };
            for image in images() {
                let whole = owned(&owners[range(place, first, group, image)], resource, image);
                assert!(whole, "{action:?}: {resource:?} of image {image} is not there any more");
            }
        }
        for &resource in writes {
            let Some(place) = plan.place(resource) else { continue };
            images()
                .for_each(|image| owners[range(place, first, group, image)].fill(Some((resource, image))));
        }
    });
    for op in plan.graph.ops.iter().filter(|_| training) {
        let Op::Linear { x, y, .. } = op else { continue };
        for resource in [Resource::Value(*x), Resource::Gradient(plan.schedule.gradients[*y])] {
            let place = plan.place(resource).expect("a linear layer has a place for what it is trained with");
            for image in 0..plan.chunk {
                let whole = owned(&owners[range(place, 0, plan.chunk, image)], resource, image);
                assert!(whole, "{resource:?} of image {image} is not there at the end");
            }
        }
    }
}

fn check(network: &Network, training: bool, chunk: usize) {
    let plan = Plan::new(network, training, chunk);
    lies_apart(&plan);
    outlives_its_readers(&plan, training);
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
