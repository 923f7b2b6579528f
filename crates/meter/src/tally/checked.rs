//! Power that is told beside a counter, to check it by.

use record::units::Watts;

use super::repeats::Repeats;

/// Power beside a counter, integrated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checked {
    pub microjoules: f64,
    /// As if it had been the smaller and the larger of two readings throughout.
    pub bounds: [f64; 2],
    /// Over which it was seen.
    pub seconds: f64,
    /// The least and the most of it, in watts; `None` before the first.
    pub range: Option<(f64, f64)>,
    pub repeats: Repeats,
}

impl Checked {
    pub(super) fn add(&mut self, before: Watts, now: Watts, seconds: f64) {
        self.microjoules += 0.5 * (before.0 + now.0) * seconds * 1e6;
        self.bounds[0] += before.0.min(now.0) * seconds * 1e6;
        self.bounds[1] += before.0.max(now.0) * seconds * 1e6;
        self.seconds += seconds;
        self.repeats.look(seconds, before.0 != now.0);
        let (low, high) = self.range.unwrap_or((before.0, before.0));
        self.range = Some((low.min(before.0).min(now.0), high.max(before.0).max(now.0)));
    }

    /// By how much the power changed, in watts.
    pub(crate) fn change(&self) -> f64 {
        self.range.map_or(0.0, |(low, high)| high - low)
    }
}
