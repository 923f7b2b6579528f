//! A count that is cut off, to go on anew later.

use record::energy::Kind;

use super::Tally;
use super::past::Past;
use super::peak::Peak;
use crate::source::Reading;

impl Tally {
    /// Ends the account of what was counted so far at the last move of the counter: what it shows next may be of before or of meanwhile.
    pub(super) fn cut(&mut self, phase: usize) {
        if self.last.is_some() {
            self.cells[phase].cuts += 1;
            self.whole.cuts += 1;
        }
        (self.last, self.before_fall) = (None, None);
        (self.past, self.peak) = (Past::default(), Peak::default());
        self.memory.clear();
        self.begin_anew(self.facts.kind == Kind::Counter);
    }

    /// Whether `reading` is not booked because a count that was cut off begins anew no sooner than with the next move of its counter,
    /// which may show a part of an update and what was before.
    pub(super) fn awaits_move(&mut self, reading: Reading) -> bool {
        let awaits = self.is_anew;
        if awaits {
            let moved = self.last.is_some_and(|last| last != reading);
            self.last = Some(reading);
            self.begin_anew(!moved);
        }
        awaits
    }

    /// Nothing is known of the time until now, nor of that until the counter moves where it is to be awaited.
    fn begin_anew(&mut self, awaits: bool) {
        (self.is_anew, self.missed) = (awaits, false);
        (self.pending, self.still) = ([0.0; 5], [0.0; 5]);
    }
}
