//! A network compiled for one mode and one size of chunk: actions bound to memory and kernels.

use std::ops::Range;
use std::sync::Arc;

use kernels::convolution::Convolution;
use kernels::dense::{BackPart, Dense, WeightShare};
use kernels::winograd::Winograd;
use record::bench::LayerPhase;

use super::memory::Place;
use super::work::{Filter, Group, Notes, Work};
use crate::executed::ByLayer;

/// Inputs of a linear layer whose weights one task trains.
const INPUTS_PER_SHARE: usize = 96;

/// A compiled network.
#[derive(Debug)]
pub(super) struct Program {
    /// Images of a chunk.
    pub chunk: usize,
    /// Region after region, stage after stage.
    pub regions: Vec<Region>,
    /// Values in the slab of a chunk.
    pub slab: usize,
    /// Values of a chunk's partial gradients, and what each part is of: a parameter.
    pub partial: usize,
    pub partials: Vec<(usize, Range<usize>)>,
    /// Sums of a chunk that are the gradient of a bias: a parameter and where they lie.
    pub biases: Vec<(usize, Range<usize>)>,
    /// Values of a stage's sums at Winograd's points.
    pub points: usize,
    /// Values that a chunk needs to work with.
    pub scratch: usize,
    /// Prepared weights.
    pub prepared: usize,
    pub preparations: Vec<(Preparation, Range<usize>)>,
    /// Linear layers, whose weights are trained from all chunks.
    pub linears: Vec<Linear>,
    /// Layer and part of the work of every action, for a profile.
    pub labels: Vec<(String, LayerPhase)>,
    /// What is left where the loss would be taken.
    pub logits: Place,
    pub(super) notes: Notes,
}

/// Work between two points at which all chunks have arrived.
#[derive(Debug)]
pub(super) struct Region {
    pub stages: Vec<BoundStage>,
    /// Normalisations whose forward sums are complete after it.
    pub moments: Vec<usize>,
    /// Normalisations whose backward sums are complete after it.
    pub backward: Vec<usize>,
}

/// A stage with its actions bound, each with the number of its label.
#[derive(Debug)]
pub(super) struct BoundStage {
    pub works: Vec<(Work, usize)>,
    pub group: usize,
}

/// Weights to be brought, before a step, into the form that a kernel wants.
#[derive(Debug)]
pub(super) enum Preparation {
    Conv(Convolution, Range<usize>),
    Expand(Winograd, Range<usize>),
    Turn(Winograd, Range<usize>),
    Dense(Arc<Dense>, BackPart, Range<usize>),
}

/// A linear layer at the end of a step.
#[derive(Debug)]
pub(super) struct Linear {
    pub dense: Dense,
    /// Its name.
    pub layer: String,
    /// The weight among the parameters.
    pub parameter: usize,
    pub x: Place,
    pub dy: Place,
}

impl Linear {
    /// The gradient of the weights in tasks, for chunks of `chunk` images in slabs of `slab` values.
    pub(super) fn shares(&self, chunk: usize, slab: usize, images: usize) -> Vec<WeightShare> {
        let place = |place: &Place, image: usize| {
            image / chunk * slab + place.start + image % chunk * place.plane.values()
        };
        let images: Vec<(usize, usize)> =
            (0..images).map(|image| (place(&self.x, image), place(&self.dy, image))).collect();
        self.dense.weight_shares(INPUTS_PER_SHARE, &images)
    }
}

impl Program {
    /// What a chunk keeps beside its slab.
    pub(super) fn notes(&self) -> Notes {
        self.notes.clone()
    }

    /// The groups of a stage in a chunk of `images` images, of which the first is `batch_first` in the batch.
    pub(super) fn groups(batch_first: usize, images: usize, room: usize) -> impl Iterator<Item = Group> {
        (0..images).step_by(room).map(move |first| Group {
            batch_first,
            first,
            images: room.min(images - first),
            room,
            last: first + room >= images,
        })
    }

    /// Operations that a batch of `images` images really takes, by layer.
    pub(super) fn executed(&self, images: usize) -> ByLayer {
        let mut executed = ByLayer::default();
        let chunks = (0..images).step_by(self.chunk).map(|first| self.chunk.min(images - first));
        for images in chunks {
            for stage in self.regions.iter().flat_map(|region| &region.stages) {
                for group in Program::groups(0, images, stage.group) {
                    for (work, label) in &stage.works {
                        let (layer, phase) = &self.labels[*label];
                        executed.note(layer, *phase, macs(work, group.images));
                    }
                }
            }
        }
        for linear in &self.linears {
            let macs = linear.dense.executed_macs(images)[1];
            executed.note(&linear.layer, LayerPhase::WeightGradient, macs);
        }
        executed
    }
}

fn macs(work: &Work, images: usize) -> u64 {
    match work {
        Work::Conv { filter, .. } => filter_macs(filter, images, 0),
        Work::WeightGradient { filter, .. } => filter_macs(filter, images, 1),
        Work::ConvBack { filter, .. } => filter_macs(filter, images, 2),
        Work::Stem { stem, .. } => stem.executed_macs(images)[0],
        Work::StemBack { stem, .. } => stem.executed_macs(images)[1],
        Work::Linear { dense, .. } => dense.executed_macs(images)[0],
        Work::LinearBack { dense, .. } => dense.executed_macs(images)[2],
        _ => 0,
    }
}

fn filter_macs(filter: &Filter, images: usize, part: usize) -> u64 {
    match filter {
        Filter::Direct(conv) => conv.executed_macs(images)[part],
        Filter::Grouped(conv) => conv.executed_macs(images),
        Filter::Winograd(conv) if part == 1 => conv.gradient_macs(images),
        Filter::Winograd(conv) => conv.forward_macs(images),
    }
}
