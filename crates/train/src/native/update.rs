//! The end of a step: gradients of all chunks summed in a fixed order, and descent, in tasks that share nothing.

use std::ops::Range;

use kernels::dense::WeightShare;
use kernels::isa::Isa;
use kernels::sgd::{Sgd, descend, reduce};
use meter::clock::Stopwatch;
use net::network::Parameter;
use rayon::prelude::*;
use record::bench::LayerPhase;
use record::units::Seconds;

use super::parameters::Layout;
use super::program::Program;
use crate::learner::ProfileEntry;

/// Values of a parameter that one task treats.
const VALUES_PER_TASK: usize = 8192;

/// The tasks at the end of a step.
#[derive(Debug)]
pub(super) struct Update {
    /// In the order of the flat parameters.
    tasks: Vec<Task>,
    /// What a profile calls the sums and the descent, and after them the gradient of each linear layer's weights.
    labels: Vec<(String, LayerPhase)>,
    /// Time of all threads for each label, and how many tasks it was, while a profile is kept; the number of threads.
    profile: Option<(Vec<(Seconds, u64)>, usize)>,
}

#[derive(Debug)]
struct Task {
    /// Its part of the flat parameters.
    range: Range<usize>,
    parameter: usize,
    origin: Origin,
    /// Where the time of its gradient is kept.
    label: usize,
}

/// Where a gradient comes from.
#[derive(Debug)]
enum Origin {
    /// It is there already.
    Ready,
    /// The chunks' partial gradients, from this place on in each.
    Partial(usize),
    /// All images, at once.
    Linear(WeightShare),
}

impl Task {
    /// By what tasks are ordered before they begin: those that read the same inputs of a linear layer for other outputs
    /// follow each other, so that all but the first find them in the cache.
    fn turn(&self) -> (usize, usize) {
        match &self.origin {
            Origin::Linear(share) => (self.label, share.first_input()),
            Origin::Ready | Origin::Partial(_) => (self.label, 0),
        }
    }
}

/// What the chunks left behind.
pub(super) struct Left<'a> {
    /// Partial gradients, chunk after chunk.
    pub partials: &'a [f32],
    /// Values of each chunk's partial gradients.
    pub partial: usize,
    /// Chunks.
    pub chunks: usize,
    /// Activations and their gradients, chunk after chunk.
    pub slabs: &'a [f32],
    /// Images in the batch.
    pub images: usize,
}

impl Update {
    /// The tasks for batches of `images` images.
    pub(super) fn plan(
        program: &Program,
        layout: &Layout,
        parameters: &[Parameter],
        images: usize,
    ) -> Update {
        let mut tasks = Vec::new();
        let mut labels = vec![("sums of gradients, descent".to_owned(), LayerPhase::Update)];
        for (number, (slot, parameter)) in layout.slots.iter().zip(parameters).enumerate() {
            if !parameter.role.is_trained() {
                continue;
            }
            if let Some(linear) = program.linears.iter().find(|linear| linear.parameter == number) {
                let node = parameter.name.strip_suffix(".weight").unwrap_or(&parameter.name);
                labels.push((node.to_owned(), LayerPhase::WeightGradient));
                let label = labels.len() - 1;
                let mut start = slot.range.start;
                for share in linear.shares(program.chunk, program.slab, images) {
                    let range = start..start + share.values();
                    start = range.end;
                    tasks.push(Task { range, parameter: number, origin: Origin::Linear(share), label });
                }
                continue;
            }
            let partial = program.partials.iter().find(|(parameter, _)| *parameter == number);
            for start in slot.range.clone().step_by(VALUES_PER_TASK) {
                let range = start..(start + VALUES_PER_TASK).min(slot.range.end);
                let origin = partial.map_or(Origin::Ready, |(_, place)| {
                    Origin::Partial(place.start + start - slot.range.start)
                });
                tasks.push(Task { range, parameter: number, origin, label: 0 });
            }
        }
        Update { tasks, labels, profile: None }
    }

    /// Completes the gradient and descends where `sgd` says how; it answers for each parameter.
    pub(super) fn run(
        &mut self,
        isa: Isa,
        left: &Left<'_>,
        (weights, velocity, gradient): (&mut [f32], &mut [f32], &mut [f32]),
        sgd: impl Fn(usize) -> Option<Sgd> + Sync,
    ) {
        let ranges = || self.tasks.iter().map(|task| task.range.clone());
        let parts = cut(weights, ranges()).zip(cut(velocity, ranges())).zip(cut(gradient, ranges()));
        let mut work: Vec<_> = self.tasks.iter().zip(parts).collect();
        work.sort_by_key(|(task, _)| task.turn());
        let times = work.into_par_iter().with_max_len(1).map(|(task, ((weights, velocity), gradient))| {
            let clock = Stopwatch::start();
            match &task.origin {
                Origin::Ready => {}
                Origin::Partial(start) => {
                    reduce(isa, &left.partials[*start..], left.partial, left.chunks, gradient);
                }
                Origin::Linear(share) => share.run(left.images, left.slabs, left.slabs, gradient),
            }
            let summed = clock.elapsed();
            if let Some(sgd) = sgd(task.parameter) {
                descend(isa, sgd, weights, velocity, gradient);
            }
            (task.label, summed, clock.elapsed())
        });
        let times: Vec<(usize, Seconds, Seconds)> = times.collect();
        let Some((kept, threads)) = &mut self.profile else { return };
        *threads = rayon::current_num_threads();
        for (label, summed, all) in times {
            kept[label].0 += summed;
            kept[label].1 += 1;
            kept[0].0 += Seconds(all.0 - summed.0);
        }
    }

    /// Begins to keep the time of every label, or stops; forgets what was kept.
    pub(super) fn keep_profile(&mut self, on: bool) {
        self.profile = on.then(|| (vec![(Seconds(0.0), 0); self.labels.len()], 1));
    }

    /// The time of every label since then: of all threads, over their number.
    pub(super) fn profile(&self) -> Option<Vec<ProfileEntry>> {
        let (kept, threads) = self.profile.as_ref()?;
        let labelled = self.labels.iter().zip(kept);
        Some(labelled.map(|(label, &kept)| ProfileEntry::of_threads(label, kept, *threads)).collect())
    }
}

/// The parts of a slice, which lie in order and apart.
fn cut(mut rest: &mut [f32], ranges: impl Iterator<Item = Range<usize>>) -> impl Iterator<Item = &mut [f32]> {
    let mut taken = 0;
    ranges.map(move |range| {
        let (_, tail) = std::mem::take(&mut rest).split_at_mut(range.start - taken);
        let (part, tail) = tail.split_at_mut(range.len());
        (rest, taken) = (tail, range.end);
        part
    })
}
