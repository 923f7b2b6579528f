//! One training step: regions over chunks, sums merged between them, and the update.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chance::{Purpose, Stream};
use data::augment::Augment;
use data::images::Images;
use kernels::arena::Arena;
use kernels::isa::Isa;
use kernels::sgd::Sgd;
use meter::clock::Stopwatch;
use net::network::Network;
use rayon::prelude::*;
use record::bench::LayerPhase;
use record::spec::RunSpec;
use record::units::Seconds;

use super::graph::{Graph, Op};
use super::norm::{ChunkSums, NormState};
use super::parameters::Layout;
use super::program::{BoundStage, Preparation, Program};
use super::update::Left;
use super::work::{Chunk, Group, Notes, Shared};
use crate::error::TrainError;
use crate::learner::{ProfileEntry, Step};

/// A compiled network with its memory.
pub(super) struct Machine {
    pub isa: Isa,
    pub program: Program,
    pub norms: Vec<NormState>,
    slabs: Arena,
    partials: Arena,
    prepared: Arena,
    notes: Vec<Notes>,
    /// Memory to work with, one for each thread, so that it stays in the cache of the core that the thread is on.
    /// Should there be more threads than when it was taken, some share: nothing that is done with it asks the pool for
    /// help, so whoever holds it gives it back.
    scratch: Vec<Mutex<Arena>>,
    /// Time of preparing weights and how often that was done, while a profile is kept, and the number of threads.
    profile: Option<(Seconds, u64, usize)>,
}

/// What a step is taken on.
pub(super) struct Batch<'a> {
    pub images: &'a Images,
    pub values: &'a [[f32; 256]; 3],
    pub indices: &'a [u32],
    pub augment: &'a [Augment],
    pub label_smoothing: f64,
    pub masks: &'a [Vec<f32>],
}

impl Machine {
    /// Takes memory for `chunks` chunks.
    ///
    /// # Errors
    /// When there is not so much, or more than the kernels' tables can address.
    pub(super) fn new(
        isa: Isa,
        program: Program,
        norms: Vec<NormState>,
        chunks: usize,
    ) -> Result<Machine, TrainError> {
        let values = |each: usize| each.checked_mul(chunks).filter(|&values| u32::try_from(values).is_ok());
        let take = |each: usize| values(each).and_then(|values| Arena::try_new(values).ok());
        let too_much = || {
            let of_chunks = (program.slab + program.partial) as f64 * chunks as f64;
            let of_threads = (program.points + program.scratch) as f64 * rayon::current_num_threads() as f64;
            let values = of_chunks + of_threads + program.prepared as f64;
            TrainError::Memory {
                purpose: "a step",
                gibibytes: values * size_of::<f32>() as f64 / f64::from(1 << 30),
                instead: "make the batch or the network smaller",
            }
        };
        let scratch = |_| Arena::try_new(program.points + program.scratch).ok().map(Mutex::new);
        let scratch: Option<Vec<_>> = (0..rayon::current_num_threads()).map(scratch).collect();
        Ok(Machine {
            isa,
            slabs: take(program.slab).ok_or_else(too_much)?,
            partials: take(program.partial).ok_or_else(too_much)?,
            prepared: Arena::try_new(program.prepared).map_err(|_| too_much())?,
            notes: vec![program.notes(); chunks],
            scratch: scratch.ok_or_else(too_much)?,
            profile: None,
            program,
            norms,
        })
    }

    /// Bytes of its memory.
    pub(super) fn bytes(&self) -> usize {
        let scratch: usize = self.scratch.iter().map(|arena| lock(arena).bytes()).sum();
        let notes: usize = self.notes.iter().map(Notes::bytes).sum();
        self.slabs.bytes() + self.partials.bytes() + self.prepared.bytes() + scratch + notes
    }

    /// Images that fit at once.
    pub(super) fn images(&self) -> usize {
        self.program.chunk * self.notes.len()
    }

    /// The logits that the last pass left for image `image` of its batch.
    pub(super) fn logits(&self, image: usize) -> &[f32] {
        let (place, chunk) = (&self.program.logits, self.program.chunk);
        let slab = &self.slabs[image / chunk * self.program.slab..];
        let start = place.start + image % chunk * place.plane.values() + place.plane.place(0, 0);
        &slab[start..start + place.plane.channels]
    }

    /// Points of Winograd's tiles, and weights packed for the way back.
    fn pack(&mut self, weights: &[f32]) {
        let mut rest = &mut self.prepared[..];
        let mut taken = 0;
        let mut work = Vec::with_capacity(self.program.preparations.len());
        for (preparation, range) in &self.program.preparations {
            let (_, tail) = std::mem::take(&mut rest).split_at_mut(range.start - taken);
            let (part, tail) = tail.split_at_mut(range.len());
            (rest, taken) = (tail, range.end);
            work.push((preparation, part));
        }
        work.into_par_iter().with_max_len(1).for_each(|(preparation, part)| match preparation {
            Preparation::Conv(conv, weight) => conv.pack_back(&weights[weight.clone()], part),
            Preparation::Expand(conv, weight) => conv.expand_weights(&weights[weight.clone()], part),
            Preparation::Turn(back, weight) => back.turn_weights(&weights[weight.clone()], part),
            Preparation::Dense(dense, piece, weight) => {
                dense.pack_back_part(piece, &weights[weight.clone()], part);
            }
        });
    }

    /// Passes all chunks of a batch through one region.
    fn region(&mut self, number: usize, batch: &Batch<'_>, weights: &[f32]) {
        let Machine { isa, program, norms, slabs, partials, prepared, notes, scratch, profile } = self;
        let profiled = profile.is_some();
        let shared = Shared {
            isa: *isa,
            weights,
            prepared,
            norms,
            images: batch.images,
            values: batch.values,
            indices: batch.indices,
            augment: batch.augment,
            label_smoothing: batch.label_smoothing,
            masks: batch.masks,
        };
        let count = notes.len();
        let stages = &program.regions[number].stages;
        let mut empty = vec![[]; if program.partial == 0 { count } else { 0 }];
        let partials: Vec<&mut [f32]> = match program.partial {
            0 => empty.iter_mut().map(|empty: &mut [f32; 0]| &mut empty[..]).collect(),
            partial => partials.chunks_exact_mut(partial).collect(),
        };
        let chunks = slabs.par_chunks_mut(program.slab).zip(partials).zip(notes.par_iter_mut());
        chunks.enumerate().with_max_len(1).for_each(|(number, ((slab, partial), notes))| {
            let first = number * program.chunk;
            let images = batch.indices.len().saturating_sub(first).min(program.chunk);
            let thread = rayon::current_thread_index().unwrap_or(0);
            let mut arena = lock(&scratch[thread % scratch.len()]);
            let (points, work) = arena.split_at_mut(program.points);
            let mut chunk = Chunk { slab, partial, notes, points, scratch: work };
            for stage in stages {
                for group in Program::groups(first, images, stage.group) {
                    run_stage(stage, &shared, &mut chunk, &group, profiled);
                }
            }
        });
    }

    /// Begins to keep the time of every action, or stops; forgets what was kept.
    pub(super) fn keep_profile(&mut self, on: bool) {
        self.profile = on.then_some((Seconds(0.0), 0, 1));
        self.notes.iter_mut().for_each(|notes| notes.times.fill(Default::default()));
    }

    /// The time of every action since then: of all threads, over their number.
    pub(super) fn profile(&self) -> Option<Vec<ProfileEntry>> {
        let (seconds, calls, threads) = self.profile?;
        let of_label = |(number, label): (usize, &(String, LayerPhase))| {
            let times = self.notes.iter().map(|notes| notes.times[number]);
            let total = times.fold((0.0, 0), |sum, (seconds, calls)| (sum.0 + seconds.0, sum.1 + calls));
            ProfileEntry::of_threads(label, (Seconds(total.0), total.1), threads)
        };
        let mut entries: Vec<ProfileEntry> = self.program.labels.iter().enumerate().map(of_label).collect();
        let layer = "packing of weights".to_owned();
        entries.push(ProfileEntry { layer, phase: LayerPhase::Update, seconds, calls });
        Some(entries)
    }

    /// Brings weights into the forms that kernels want, and keeps the time of it where a profile is wanted.
    fn prepare(&mut self, weights: &[f32]) {
        let clock = Stopwatch::start();
        self.pack(weights);
        if let Some((seconds, calls, threads)) = &mut self.profile {
            *threads = rayon::current_num_threads();
            (*seconds, *calls) = (*seconds + clock.elapsed(), *calls + 1);
        }
    }

    /// The sums of each chunk with the number of its images.
    fn sums<'a>(notes: &'a [Notes], chunk: usize, images: usize) -> Vec<ChunkSums<'a>> {
        let of_chunk = |(number, notes): (usize, &'a Notes)| {
            (images.saturating_sub(number * chunk).min(chunk), notes.sums.as_slice())
        };
        notes.iter().enumerate().map(of_chunk).filter(|(images, _)| *images > 0).collect()
    }

    /// Forward and backward: the mean loss; gradients of all but the weights of convolutions and linear layers.
    pub(super) fn pass(&mut self, batch: &Batch<'_>, weights: &mut [f32], gradient: &mut [f32]) -> f64 {
        self.prepare(weights);
        for notes in &mut self.notes {
            notes.sums.fill(0.0);
            notes.loss = 0.0;
        }
        let images = batch.indices.len();
        for number in 0..self.program.regions.len() {
            self.region(number, batch, weights);
            let sums = Machine::sums(&self.notes, self.program.chunk, images);
            let region = &self.program.regions[number];
            region.moments.iter().for_each(|&norm| self.norms[norm].by_batch(&sums, weights));
            region.backward.iter().for_each(|&norm| self.norms[norm].backward(&sums, weights, gradient));
        }
        self.notes.iter().map(|notes| notes.loss).sum::<f64>() / images as f64
    }

    /// The gradients of biases, from sums of the chunks.
    pub(super) fn biases(&self, layout: &Layout, gradient: &mut [f32]) {
        for (parameter, sums) in &self.program.biases {
            let to = &mut gradient[layout.slots[*parameter].range.clone()];
            for (to, place) in to.iter_mut().zip(sums.clone()) {
                *to = self.notes.iter().map(|notes| notes.sums[place]).sum::<f64>() as f32;
            }
        }
    }

    /// What the chunks left for the update.
    pub(super) fn left(&self, images: usize) -> Left<'_> {
        Left {
            partials: &self.partials,
            partial: self.program.partial,
            chunks: images.div_ceil(self.program.chunk),
            slabs: &self.slabs,
            images,
        }
    }

    /// Makes ready for [`Machine::infer`] with these weights: normalisations by running statistics.
    pub(super) fn settle(&mut self, weights: &[f32]) {
        self.prepare(weights);
        self.norms.iter_mut().for_each(|norm| norm.by_running(weights));
    }

    /// The forward pass with the weights of the latest [`Machine::settle`].
    pub(super) fn infer(&mut self, batch: &Batch<'_>, weights: &[f32]) {
        (0..self.program.regions.len()).for_each(|number| self.region(number, batch, weights));
    }
}

/// Runs the actions of a stage on one group, and keeps their time where a profile is wanted.
fn run_stage(stage: &BoundStage, shared: &Shared<'_>, chunk: &mut Chunk<'_>, group: &Group, profiled: bool) {
    for (work, label) in &stage.works {
        if profiled {
            let clock = Stopwatch::start();
            work.run(shared, chunk, group);
            let (seconds, calls) = &mut chunk.notes.times[*label];
            *seconds += clock.elapsed();
            *calls += 1;
        } else {
            work.run(shared, chunk, group);
        }
    }
}

/// What scratch memory holds does not matter, so neither does a panic of its last holder.
fn lock(scratch: &Mutex<Arena>) -> MutexGuard<'_, Arena> {
    scratch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of the optimizer for one parameter at one step; `None` where it is not trained.
pub(super) fn sgd(network: &Network, spec: &RunSpec, step: &Step, number: usize) -> Option<Sgd> {
    let parameter = &network.parameters[number];
    if parameter.trainable_until_step.is_some_and(|until| step.number >= until) {
        return None;
    }
    Some(Sgd {
        rate: (step.learning_rate * parameter.learning_rate_scale) as f32,
        momentum: spec.momentum as f32,
        decay: (spec.weight_decay * parameter.weight_decay_scale) as f32,
    })
}

/// What each dropout operation multiplies by in one step: drawn one after the other, in the order of images,
/// channels, rows and columns.
pub(super) fn dropout_masks(graph: &Graph, seed: u64, step: u64, images: usize) -> Vec<Vec<f32>> {
    let mut stream = Stream::new(seed, Purpose::Dropout, step);
    let mut masks = Vec::new();
    for op in &graph.ops {
        let Op::Dropout { percent, x, .. } = op else { continue };
        let probability = f32::from(*percent) / 100.0;
        let kept = (1.0 / (1.0 - f64::from(*percent) / 100.0)) as f32;
        let mut draw = || if stream.uniform_f32() < probability { 0.0 } else { kept };
        masks.push((0..images * graph.tensors[*x].shape.elements()).map(|_| draw()).collect());
    }
    masks
}
