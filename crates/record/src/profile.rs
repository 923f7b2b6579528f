//! The train phase taken apart into forward, backward and optimizer: parts that add up to it exactly.

use serde::{Deserialize, Serialize};

use crate::bench::LayerPhase;
use crate::energy::{EnergyWindow, Kind, Phase};
use crate::units::{Joules, Seconds};

/// A part of the train phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Bringing images into the form that is computed with, augmentation included.
    Images,
    /// Forward pass, with the loss and where its gradient begins.
    Forward,
    /// Backward pass: gradients of inputs and of parameters.
    Backward,
    /// Descent, and what it needs before and leaves to do behind it for the next step.
    Optimizer,
    /// What the learner told of no layer: threads that wait for each other, sums between them, bookkeeping.
    Rest,
}

impl Part {
    /// All parts, in the order in which records have them.
    pub const ALL: [Part; 5] = [Part::Images, Part::Forward, Part::Backward, Part::Optimizer, Part::Rest];

    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Images => "images",
            Part::Forward => "forward",
            Part::Backward => "backward",
            Part::Optimizer => "optimizer",
            Part::Rest => "rest",
        }
    }

    /// The part to which the work on a layer belongs.
    #[must_use]
    pub fn of(phase: LayerPhase) -> Part {
        match phase {
            LayerPhase::Load => Part::Images,
            LayerPhase::Forward => Part::Forward,
            LayerPhase::Backward | LayerPhase::InputGradient | LayerPhase::WeightGradient => Part::Backward,
            LayerPhase::Update => Part::Optimizer,
        }
    }
}

/// The train phase of a run taken apart, as the learner told the time of its layers. Its parts repeat what the train
/// phase has already, so no total adds them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainProfile {
    /// In the order of [`Part::ALL`]. Their seconds add up to those of the train phase to the last bit, and so do the
    /// joules of every domain, in whatever order they are added.
    pub parts: Vec<PartOfTrain>,
    /// What the parts were put together from.
    pub layers: Vec<LayerSeconds>,
    /// Threads that computed: seconds are those of all of them together, over their number.
    pub threads: u64,
    /// Seconds of the train phase in which the learner told; fewer than it has where a part of a resumed run did without.
    #[serde(rename = "profiled_seconds")]
    pub profiled: Seconds,
    /// About how many of these seconds went into reading the clock, which a run without a profile does not do.
    #[serde(rename = "clock_seconds")]
    pub clock: Seconds,
    /// Anything a reader should know, in words.
    pub notes: Vec<String>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartOfTrain {
    /// Which one.
    pub part: Part,
    /// How long it took.
    pub seconds: Seconds,
    /// Its share of the energy of every domain, by time.
    pub energy: Vec<PartEnergy>,
}

/// Energy of one domain in one part: that of the train phase, split by time, as no source tells parts of a step apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartEnergy {
    /// As in the windows of the run.
    pub domain: String,
    /// How the joules of the train phase were obtained.
    pub kind: Kind,
    /// In proportion to time; null when unknown, never a silent zero.
    pub joules: Option<Joules>,
    /// What it drew at least.
    pub joules_low: Option<Joules>,
    /// What it drew at most.
    pub joules_high: Option<Joules>,
    /// What the bounds cover; null when there are none.
    pub bounds_cover: Option<SplitCover>,
}

/// What the bounds of a part cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitCover {
    /// That the split by time is an assumption: a part drew anything from nothing to all of the phase's energy.
    Split,
}

/// Time of one layer in one phase of the work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSeconds {
    /// Name of the network's node, for example `3.conv`, or of what belongs to no node.
    pub layer: String,
    /// Which part of the work.
    pub phase: LayerPhase,
    /// Time of all threads together, over their number.
    pub seconds: Seconds,
    /// Times that it was entered, by any thread.
    pub calls: u64,
}

/// The parts of a train phase of `train` seconds and of the energy in `windows`, from the time of its `layers`.
#[must_use]
pub fn parts(train: Seconds, layers: &[LayerSeconds], windows: &[EnergyWindow]) -> Vec<PartOfTrain> {
    let told = |part: Part| {
        let of_part = layers.iter().filter(|layer| Part::of(layer.phase) == part);
        // A sum of no numbers would be -0.
        of_part.fold(0.0, |sum, layer| sum + layer.seconds.0)
    };
    let (told_of, _) = Part::ALL.split_at(Part::ALL.len() - 1);
    let seconds = cut(train.0, &told_of.iter().map(|&part| told(part)).collect::<Vec<_>>());
    let shares: Vec<f64> =
        seconds.iter().map(|&part| if train.0 > 0.0 { part / train.0 } else { 0.0 }).collect();
    let energy: Vec<Vec<PartEnergy>> = windows
        .iter()
        .filter(|window| window.phase == Phase::Train)
        .map(|window| split(window, &shares))
        .collect();
    let of_part = |(number, (&part, &seconds)): (usize, (&Part, &f64))| PartOfTrain {
        part,
        seconds: Seconds(seconds),
        energy: energy.iter().filter_map(|domain| domain.get(number)).cloned().collect(),
    };
    Part::ALL.iter().zip(&seconds).enumerate().map(of_part).collect()
}

/// The energy of one domain, in proportion to `shares`. Power within a step is not known, so a part may have drawn nothing
/// and may have drawn all of it.
fn split(window: &EnergyWindow, shares: &[f64]) -> Vec<PartEnergy> {
    let first = shares.split_last().map_or(&[][..], |(_, first)| first);
    let joules = window
        .joules
        .map(|Joules(whole)| cut(whole, &first.iter().map(|share| share * whole).collect::<Vec<_>>()));
    let part = |number: usize| {
        let joules = joules.as_ref().and_then(|parts| parts.get(number)).copied().map(Joules);
        PartEnergy {
            domain: window.domain.clone(),
            kind: window.kind,
            joules,
            joules_low: joules.and(Some(Joules(0.0))),
            joules_high: joules.and(window.joules_high.or(window.joules)),
            bounds_cover: joules.and(Some(SplitCover::Split)),
        }
    };
    (0..shares.len()).map(part).collect()
}

/// `whole` cut into pieces of about the `wanted` sizes and what is left; where they want more than there is, each gets less in
/// proportion.
///
/// Every piece is a multiple of the last place of `whole`, as `whole` itself is. So no sum of some of them is ever
/// rounded, and that of all, in whatever order, is `whole` to the last bit.
fn cut(whole: f64, wanted: &[f64]) -> Vec<f64> {
    let place = whole.next_up() - whole;
    let all: f64 = wanted.iter().sum();
    let scale = if all > whole { whole / all } else { 1.0 };
    let mut left = whole;
    let mut pieces: Vec<f64> = wanted
        .iter()
        .map(|size| {
            let piece = ((size * scale / place).floor() * place).min(left);
            left -= piece;
            piece
        })
        .collect();
    pieces.push(left);
    pieces
}

#[cfg(test)]
mod tests;
