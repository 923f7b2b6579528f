//! What an account was before its last readings, to go back to where one of them turns out to have been false.

use std::collections::VecDeque;

use super::peak::Peak;
use super::quickest::Quickest;
use super::updates::Updates;
use super::{Cell, Tally};
use crate::source::{Limits, Reading};
use crate::step::{Unbelievable, step};

/// Readings that are remembered: false ones last for moments.
const KEPT: usize = 8;

/// How many times more or less than before is about the same power.
const LIKE: f64 = 1.25;

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
    /// What was known of its updates, how often it had moved, and its largest powers.
    pub learnt: (Updates, u32, Quickest),
    /// What was shown last then.
    pub last: Reading,
    /// Seconds in each phase since that.
    pub since: [f64; 5],
    /// Whether the counter has fallen since, or risen by more than can be.
    pub fell: bool,
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

    /// A counter falls, or rises by more than can be.
    pub(super) fn fall(&mut self) {
        self.0.iter_mut().for_each(|before| before.fell = true);
    }

    /// Time goes by.
    pub(super) fn run(&mut self, phase: usize, seconds: f64) {
        self.0.iter_mut().for_each(|before| before.since[phase] += seconds);
    }

    /// The latest account from which a counter comes to `reading` at about the power that it had until then, of those that `may` be it:
    /// what it showed in between was false. A counter that began anew is far below, and would need a wrap; one that was set back a
    /// little comes to where it is with another power.
    pub(super) fn leads_to(
        &mut self,
        reading: Reading,
        may: impl Fn(&Before) -> bool,
        limits: Limits,
    ) -> Option<Before> {
        let follows = |before: &Before| {
            if !may(before) {
                return false;
            }
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

impl Tally {
    /// Keeps the account as it is before a counter's `reading` is booked.
    pub(super) fn remember_before(&mut self, reading: Reading) {
        let (Some(last), Reading::Counter { .. }) = (self.last, reading) else { return };
        let (cells, whole, peak) = (self.cells.clone(), self.whole.clone(), self.peak.clone());
        let learnt = (self.updates, self.moves, self.quickest.clone());
        self.past.keep(Before { cells, whole, peak, learnt, last, since: self.pending, fell: false });
    }

    /// Where a counter shows too much for a while, though not more than can be, or too little, and then what it would without that, goes
    /// back to before it, and returns the seconds since.
    pub(super) fn take_back_leap(&mut self, reading: Reading, phase: usize, seconds: f64) -> Option<f64> {
        let (
            Some(last @ Reading::Counter { microjoules: before, .. }),
            Reading::Counter { microjoules: now, .. },
        ) = (self.last, reading)
        else {
            return None;
        };
        let step = step(last, reading, seconds, self.limits, self.missed);
        let fell = now < before && matches!(step, Err(Unbelievable::Reset { .. }));
        // It rises by more than it usually does, after it fell.
        let rose = now > before && !step.is_ok_and(|step| step.microjoules <= LIKE * self.mean() * seconds);
        if !fell && !rose {
            return None;
        }
        let may = |account: &Before| fell || account.fell;
        let Before { cells, whole, peak, learnt, last, since, .. } =
            self.past.leads_to(reading, may, self.limits)?;
        for (cell, before) in
            self.cells.iter_mut().chain([&mut self.whole]).zip(cells.into_iter().chain([whole]))
        {
            // What was told of gaps stays, and so does the power beside the counter.
            let (notes, checked) = (std::mem::take(&mut cell.notes), cell.checked);
            *cell = Cell { gaps: cell.gaps, notes, checked, ..before };
        }
        (self.updates, self.moves, self.quickest) = learnt;
        (self.peak, self.last, self.pending) = (peak, Some(last), since);
        self.still = [0.0; 5];
        self.missed = true;
        self.gap(phase, CAME_BACK.to_owned());
        self.memory.clear();
        Some(since.iter().sum())
    }

    /// Where a counter that fell, or rose by too much, shows again what it would without that, goes back to before it, and returns
    /// the seconds since: the counter had not begun anew, it showed something false for a while. Its count over all of that time
    /// is exact.
    pub(super) fn take_back_fall(&mut self, reading: Reading, phase: usize) -> Option<f64> {
        let Fall { before, since, phase: seen } = self.before_fall.take()?;
        let seconds: f64 = since.iter().sum();
        // A counter that did begin anew is far below, and would need a wrap.
        let counted =
            step(before, reading, seconds, self.limits, false).ok().filter(|step| step.wraps == 0)?;
        // At another power than before it is as likely to have leapt.
        let usual = self.whole.energy.microjoules / self.whole.covered * seconds;
        if usual.is_finite() && !(usual / LIKE..=usual * LIKE).contains(&counted.microjoules) {
            return None;
        }
        self.last = Some(before);
        self.pending = since;
        self.missed = true;
        // For how long it showed something false says nothing of it.
        self.still = [0.0; 5];
        for cell in [&mut self.whole, &mut self.cells[seen]] {
            cell.ambiguous = cell.ambiguous.saturating_sub(1);
        }
        self.cells[phase].note(CAME_BACK);
        self.whole.note(CAME_BACK);
        Some(seconds)
    }
}

const CAME_BACK: &str = "the counter showed something false for a while and came back to where it would have been: it was not reset";
