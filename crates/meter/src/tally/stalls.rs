//! What a counter that stood still may have lost.

use super::{MOVES, NOTED, SHOWED_LESS, Tally};
use crate::step::{Step, Unbelievable};

/// A counter that stood still for so many of its updates may have lost something; where it did for so many seconds, and then shows less
/// than this share of what is usual in such a time, nothing is known of it.
const STALLED: (f64, f64, f64) = (3.0, 0.2, 0.5);

impl Tally {
    /// A step of a counter, unless it stood still before and shows far less now than is usual in such a time. What was drawn at its
    /// largest power beyond what it shows, it may have lost.
    pub(super) fn made_up(&self, step: Step, seconds: f64) -> Result<Step, Unbelievable> {
        let still: f64 = self.still.iter().sum();
        let (updates, least, share) = STALLED;
        // The first few moves may have come soon after the start, or late, and tell little of what should have been shown.
        if self.moves < MOVES || still <= updates * self.update() {
            return Ok(step);
        }
        let usual = if self.whole.covered > 0.0 { self.mean() * seconds } else { 0.0 };
        let has_made_up = usual > 0.0 && step.microjoules >= share * usual;
        if still > least && !has_made_up {
            return Err(Unbelievable::Stalled { seconds: still });
        }
        // It may have stopped at any time since the look before it was last seen to move.
        Ok(Step { high: step.high.max(self.largest() * (seconds + self.updates.edge())), ..step })
    }

    /// Takes note of how long a counter stood still before it was known how often it moves; once that is known, what it may have lost
    /// then is within the bounds.
    pub(super) fn early(&mut self, still: f64, phase: usize) {
        if still > self.stood_early.0 {
            self.stood_early = (still, phase);
        }
        let (stood, phase) = self.stood_early;
        if self.moves >= MOVES && stood > STALLED.0 * self.update() {
            // It may be renewed as often as its kind is, however few of its moves were seen.
            let watts = self.quickest.watts(self.limits.update.0);
            let most = 1e6 * watts * (stood + self.updates.edge());
            for cell in [&mut self.cells[phase], &mut self.whole] {
                cell.energy.high += most;
                if stood > NOTED {
                    cell.note(SHOWED_LESS);
                }
            }
        }
    }
}
