//! How often what is read is renewed: as its kind has it, or more slowly, where it was seen to stand still.

/// The time between two updates of a source, and what was learnt of it, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Updates {
    nominal: f64,
    /// For how long a counter stood still, at most, before it moved again, without having been seen to move more often.
    stood: f64,
    /// Around its last move lie two looks so far apart.
    edge: Option<f64>,
    /// Between two of its moves lies no more than that.
    most: f64,
    /// The two longest times from a move until a counter was seen to have moved again: one may have been a stall, two are how it is.
    longest: [f64; 2],
}

impl Updates {
    pub(super) fn new(nominal: f64) -> Updates {
        Updates { nominal, stood: 0.0, edge: None, most: f64::INFINITY, longest: [0.0; 2] }
    }

    /// Takes in that a counter moved `seconds` after it was last seen to move, and had stood still for the first `still` of them.
    /// Answers whether its updates turned out to be longer.
    pub(super) fn moved(&mut self, still: f64, seconds: f64) -> bool {
        let edge = seconds - still;
        if let Some(before) = self.edge.replace(edge) {
            self.most = self.most.min(before + still + edge);
        }
        if still > self.nominal {
            let [first, second] = self.longest;
            self.longest = if seconds > first { [seconds, first] } else { [first, second.max(seconds)] };
        }
        // What was seen to move more often than that stalled.
        let is_longer = still <= self.most && still > self.seconds();
        if is_longer {
            self.stood = still;
        }
        is_longer
    }

    /// Between two updates; no longer than that, if it is no longer than was seen.
    pub(crate) fn seconds(&self) -> f64 {
        self.nominal.max(self.stood.min(self.most))
    }

    /// Between the looks around its last move lie so many seconds.
    pub(super) fn edge(&self) -> f64 {
        self.edge.unwrap_or(0.0)
    }

    /// As old may a reading be: the looks at which a counter stood still may have missed its moves by the time between them, and some
    /// counters move now sooner and now later.
    pub(crate) fn age(&self) -> f64 {
        let is_longer = self.seconds() > self.nominal && self.most.is_finite();
        self.longest[1].max(if is_longer { self.most } else { self.seconds() })
    }
}
