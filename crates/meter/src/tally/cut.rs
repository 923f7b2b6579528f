//! A count that is cut off, to go on anew from the next good reading.

use super::Tally;
use super::past::Past;
use super::peak::Peak;

impl Tally {
    /// Ends the account of what was counted so far as the end of a run would; nothing is known of the time until the next good reading.
    pub(super) fn cut(&mut self, phase: usize) {
        if self.last.is_some() {
            *self = self.closed();
            self.cells[phase].cuts += 1;
            self.whole.cuts += 1;
        }
        (self.last, self.before_fall, self.missed) = (None, None, false);
        (self.pending, self.still) = ([0.0; 5], [0.0; 5]);
        (self.past, self.peak) = (Past::default(), Peak::default());
        self.memory.clear();
    }
}
