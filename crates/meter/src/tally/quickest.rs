//! The largest power of a counter between two readings, whatever its updates turn out to be.

/// Steps that are kept; beyond, two of them are taken for one that is as short as either and as large.
const KEPT: usize = 32;

/// Steps of which none is both as short and as large as another: seconds and microjoules, both rising.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quickest(Vec<(f64, f64)>);

impl Quickest {
    pub(super) fn add(&mut self, seconds: f64, microjoules: f64) {
        if self.0.iter().any(|&(length, energy)| length <= seconds && energy >= microjoules) {
            return;
        }
        self.0.retain(|&(length, energy)| length < seconds || energy > microjoules);
        let place = self.0.partition_point(|&(length, _)| length < seconds);
        self.0.insert(place, (seconds, microjoules));
        if self.0.len() > KEPT {
            self.0[1].0 = self.0[0].0;
            self.0.remove(0);
        }
    }

    /// The largest power, taken over one `update` in seconds at least; in watts.
    pub(crate) fn watts(&self, update: f64) -> f64 {
        let of = |&(seconds, microjoules): &(f64, f64)| microjoules * 1e-6 / seconds.max(update);
        self.0.iter().map(of).filter(|watts| watts.is_finite()).fold(0.0, f64::max)
    }
}
