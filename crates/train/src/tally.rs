//! What a run has counted so far; goes into its checkpoint.

use meter::meter::Meter;
use meter::metering::Metering;
use record::energy::Phase;
use record::peak::Peak;
use record::run::{Epoch, Evaluation, Status};
use record::units::{Flops, Seconds};
use serde::{Deserialize, Serialize};

use crate::executed::{ByLayer, Executed};
use crate::profile::Told;

/// What a run has counted so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Steps taken.
    pub step: u64,
    /// Whether the loss was finite throughout.
    pub status: Status,
    /// Passes noted.
    pub epochs: Vec<Epoch>,
    /// Sum of the losses since the last pass was noted.
    pub pass_loss: f64,
    /// Steps since the last pass was noted.
    pub pass_steps: u64,
    /// The last count of the test images.
    pub test: Option<Evaluation>,
    /// Model FLOPs of evaluations.
    pub model_eval: Flops,
    /// What earlier processes executed.
    pub executed: Executed,
    /// The same of training, by layer.
    #[serde(default)]
    pub by_layer: ByLayer,
    /// What earlier processes metered.
    pub metering: Option<Metering>,
    /// What the learner told of its layers.
    #[serde(default)]
    pub profile: Told,
    /// What the device of earlier processes could reach at most.
    #[serde(default)]
    pub peak: Option<Peak>,
    /// Times resumed.
    pub resumed: u64,
    /// Whether the run went on after this was written, and so was cut off later where it is read again.
    #[serde(default)]
    pub went_on: bool,
}

const CUT: &str = "the run was cut off and went on from its last checkpoint: what it drew in between, for work that was done again, is not in here";

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            step: 0,
            status: Status::Done,
            epochs: Vec::new(),
            pass_loss: 0.0,
            pass_steps: 0,
            test: None,
            model_eval: Flops(0),
            executed: Executed::default(),
            by_layer: ByLayer::default(),
            metering: None,
            profile: Told::default(),
            peak: None,
            resumed: 0,
            went_on: false,
        }
    }
}

impl Tally {
    /// Says in the totals that what came after this was lost, if anything was.
    pub(crate) fn note_cut(&mut self) {
        let windows = self.metering.iter_mut().flat_map(|metering| &mut metering.energy);
        for total in windows.filter(|window| self.went_on && window.phase == Phase::Total) {
            total.notes.push(CUT.to_owned());
        }
    }

    /// Training seconds of this process and the ones before it.
    pub(crate) fn train_seconds(&self, meter: &Meter) -> Seconds {
        let earlier = self.metering.as_ref().map_or(Seconds(0.0), |metering| metering.seconds.train);
        earlier + meter.seconds().train
    }

    /// `now` where this process began the run, and what holds for all its seconds where an earlier one did.
    pub(crate) fn peak_so_far(&self, now: Option<&Peak>) -> Option<Peak> {
        if self.resumed == 0 { now.cloned() } else { Some(now?.after(self.peak.as_ref())) }
    }

    /// `now` with what earlier processes metered.
    pub(crate) fn metering_so_far(&self, now: Metering) -> Metering {
        match &self.metering {
            Some(earlier) => now.after(earlier),
            None => now,
        }
    }
}
