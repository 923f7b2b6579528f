//! For how long a power was told again and again: as late may it come.

/// Repeats of a power, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repeats {
    /// For which it has been the same.
    same: f64,
    /// For which it was at most, up to the look that showed another.
    longest: f64,
    /// Between the looks around its last change.
    edge: Option<f64>,
    /// Between two changes at most, where they were closest.
    most: f64,
}

impl Default for Repeats {
    fn default() -> Repeats {
        Repeats { same: 0.0, longest: 0.0, edge: None, most: f64::INFINITY }
    }
}

impl Repeats {
    /// Takes in a look `seconds` after the one before, which `changed` the power or did not.
    pub(super) fn look(&mut self, seconds: f64, changed: bool) {
        self.same += seconds;
        self.longest = self.longest.max(self.same);
        if changed {
            if let Some(edge) = self.edge.replace(seconds) {
                self.most = self.most.min(edge + self.same);
            }
            self.same = 0.0;
        }
    }

    /// As many seconds late may it come. It may have been renewed as seldom as it changed, but not more seldom than it changed
    /// once; and be the mean of the time before, whose beginning is twice as far back.
    pub(crate) fn late(&self) -> f64 {
        2.0 * self.longest.min(self.most)
    }
}
