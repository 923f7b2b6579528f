//! The largest power of a counter between two readings, whatever its updates turn out to be.

use std::collections::BTreeMap;

/// Lengths of steps are told apart by this factor.
const FACTOR: f64 = 1.05;

/// The largest step in microjoules, by its length: the power of [`FACTOR`] below it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quickest(BTreeMap<i32, f64>);

impl Quickest {
    pub(super) fn add(&mut self, seconds: f64, microjoules: f64) {
        // Shorter ones are those of a microsecond.
        let power = (seconds.max(1e-6).ln() / FACTOR.ln()).floor() as i32;
        let largest = self.0.entry(power).or_default();
        *largest = largest.max(microjoules);
    }

    /// The largest power, taken over one `update` in seconds at least; in watts, at most [`FACTOR`] too high.
    pub(crate) fn watts(&self, update: f64) -> f64 {
        let of = |(power, microjoules): (&i32, &f64)| microjoules * 1e-6 / FACTOR.powi(*power).max(update);
        self.0.iter().map(of).fold(0.0, f64::max)
    }
}
