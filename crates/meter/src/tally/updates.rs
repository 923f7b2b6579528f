//! How often what is read is renewed: as its kind has it, or more slowly, where it was seen to stand still.

/// The time between two updates of a source, and what was learnt of it, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Updates {
    nominal: f64,
    /// For how long a counter stood still, at most, before it moved again.
    stood: f64,
    /// Around its last move lie two looks so far apart.
    edge: Option<f64>,
    /// Between two of its moves lies no more than that.
    most: f64,
}

impl Updates {
    pub(super) fn new(nominal: f64) -> Updates {
        Updates { nominal, stood: 0.0, edge: None, most: f64::INFINITY }
    }

    /// Takes in that a counter moved `seconds` after it was last seen to move, and had stood still for the first `still` of them;
    /// longer than `patience` is a stall, of which other words tell. Answers whether its updates turned out to be longer.
    pub(super) fn moved(&mut self, still: f64, seconds: f64, patience: f64) -> bool {
        let edge = seconds - still;
        if let Some(before) = self.edge.replace(edge) {
            self.most = self.most.min(before + still + edge);
        }
        // What was seen to move more often than that stalled.
        let is_longer = still <= patience.min(self.most) && still > self.seconds();
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

    /// As old may a reading be: the looks at which a counter stood still may have missed its moves by the time between them.
    pub(crate) fn age(&self) -> f64 {
        let is_longer = self.seconds() > self.nominal && self.most.is_finite();
        if is_longer { self.most } else { self.seconds() }
    }
}
