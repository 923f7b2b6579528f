//! The train phase taken apart, by what the learner tells of its layers between two looks.

use std::hint::black_box;

use meter::clock::Stopwatch;
use meter::metering::Metering;
use record::energy::Phase;
use record::profile::{LayerSeconds, TrainProfile, parts};
use record::units::Seconds;
use serde::{Deserialize, Serialize};

use crate::learner::ProfileEntry;

/// What stands for the layer where whole passes are told.
pub(crate) const NETWORK: &str = "network";

/// Readings by which the time that one takes is found: less than a millisecond of work.
const READINGS: u32 = 1000;

/// What a learner has told so far; goes into checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Told {
    layers: Vec<LayerSeconds>,
    /// Seconds of the train phases of earlier processes in which it was told.
    profiled: Seconds,
}

impl Told {
    /// Adds what was told of the steps since the last look.
    pub(crate) fn add(&mut self, entries: Vec<ProfileEntry>) {
        for ProfileEntry { layer, phase, seconds, calls } in entries {
            let known = self.layers.iter_mut().find(|known| known.phase == phase && known.layer == layer);
            match known {
                Some(known) => {
                    known.seconds += seconds;
                    known.calls += calls;
                }
                None => self.layers.push(LayerSeconds { layer, phase, seconds, calls }),
            }
        }
    }

    /// For a checkpoint of a process whose train phase took `seconds` so far, and was told of.
    pub(crate) fn after(mut self, seconds: Seconds) -> Told {
        self.profiled += seconds;
        self
    }

    /// The profile of a run that `threads` threads computed and that took all of `metering`; every process is in `self`.
    pub(crate) fn profile(self, metering: &Metering, threads: usize) -> TrainProfile {
        let train = metering.seconds.train;
        // Both are sums of the same numbers, but not in the same order.
        let profiled = if self.profiled < train { self.profiled } else { train };
        let calls: u64 = self.layers.iter().map(|layer| layer.calls).sum();
        let reading = reading();
        let clock = Seconds(calls as f64 * reading.0 / threads.max(1) as f64);
        let estimated =
            metering.energy.iter().any(|window| window.phase == Phase::Train && window.joules.is_some());
        let whole = self.layers.iter().all(|layer| layer.layer == NETWORK);
        let mut notes = match whole {
            true => vec![WHOLE.to_owned()],
            false => vec![of_threads(threads), OPTIMIZER.to_owned()],
        };
        if estimated {
            notes.push(SPLIT.to_owned());
        }
        if profiled.0 < 0.999 * train.0 {
            notes.push(format!(
                "{:.3} s of the train phase were trained without a profile, before the run was resumed, and are in the rest",
                train.0 - profiled.0
            ));
        }
        if train.0 > 0.0 {
            notes.push(format!(
                "reading the clock around {calls} pieces of work, at {:.0} ns each, took about {:.2}% of the train phase",
                reading.0 * 1e9,
                100.0 * clock.0 / train.0
            ));
        }
        TrainProfile {
            parts: parts(train, &self.layers, &metering.energy),
            layers: self.layers,
            threads: threads as u64,
            profiled,
            clock,
            notes,
        }
    }
}

const WHOLE: &str = "seconds are those of whole passes, as the library does not tell layers apart; the forward part holds the \
                     loss, and the rest is what lies between passes";

const OPTIMIZER: &str = "the optimizer's part holds sums of gradients over groups of images, descent, and bringing weights into \
                         the forms that kernels want; the forward part holds the loss and its gradient";

const SPLIT: &str = "joules of a part are those of the train phase split by time: no source tells parts of a step apart, so its \
                     bounds go from nothing to all of them";

fn of_threads(threads: usize) -> String {
    if threads == 1 {
        "seconds are those of the one thread that computed; the rest is what belongs to no layer".to_owned()
    } else {
        format!(
            "seconds are those of {threads} threads together, divided by {threads}; the rest is what belongs to no layer, \
             and time for which threads waited for each other"
        )
    }
}

/// The time that the clock is read in around one piece of work.
fn reading() -> Seconds {
    let all = Stopwatch::start();
    for _ in 0..READINGS {
        black_box(Stopwatch::start().elapsed());
    }
    Seconds(all.elapsed().0 / f64::from(READINGS))
}

#[cfg(test)]
mod tests;
