//! What an account was before its last readings, to go back to where one of them turns out to have been false.

use std::collections::VecDeque;

use super::Cell;
use super::peak::Peak;
use super::updates::Updates;
use crate::source::{Limits, Reading};
use crate::step::step;

/// Readings that are remembered: false ones last for moments.
const KEPT: usize = 8;

/// How many times more or less than before is about the same power.
pub(super) const LIKE: f64 = 1.25;

/// A counter that fell, or rose by more than can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fall {
    /// What it showed before.
    pub before: Reading,
    /// Seconds in each phase since.
    pub since: [f64; 5],
    /// The phase in which that was seen.
    pub phase: usize,
}

/// The account before a reading was booked.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub cells: [Cell; 5],
    pub whole: Cell,
    pub peak: Peak,
    pub updates: Updates,
    /// What was shown last then.
    pub last: Reading,
    /// Seconds in each phase since that.
    pub since: [f64; 5],
}

/// The account before each of the last readings, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Past(VecDeque<Before>);

impl Past {
    pub(super) fn keep(&mut self, before: Before) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(before);
    }

    /// Time goes by.
    pub(super) fn run(&mut self, phase: usize, seconds: f64) {
        self.0.iter_mut().for_each(|before| before.since[phase] += seconds);
    }

    /// The latest account from which a counter comes to `reading` at about the power that it had until then, where it fell to it: what
    /// it showed in between was too much. A counter that began anew is far below, and would need a wrap; one that was set back a little
    /// comes to where it is with another power.
    pub(super) fn leads_to(&mut self, reading: Reading, limits: Limits) -> Option<Before> {
        let follows = |before: &Before| {
            let seconds = before.since.iter().sum();
            let usual = before.whole.energy.microjoules / before.whole.covered * seconds;
            step(before.last, reading, seconds, limits, false).is_ok_and(|step| {
                step.wraps == 0 && (usual / LIKE..=usual * LIKE).contains(&step.microjoules)
            })
        };
        let place = self.0.iter().rposition(follows)?;
        self.0.truncate(place + 1);
        self.0.pop_back()
    }
}
