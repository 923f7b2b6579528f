//! Which of the several numbers that make a power have changed: what never did may never have been renewed.

/// Numbers as they were first shown, and whether each has been another since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    first: Vec<i64>,
    changed: Vec<bool>,
}

impl Numbers {
    /// Takes in what a look showed whose power is believed; nothing where one number alone makes it.
    pub(crate) fn look(&mut self, shown: &[i64]) {
        if self.first.is_empty() {
            (self.first, self.changed) = (shown.to_vec(), vec![false; shown.len()]);
        }
        for ((changed, first), now) in self.changed.iter_mut().zip(&self.first).zip(shown) {
            *changed |= first != now;
        }
    }

    /// Whether none was the same throughout.
    pub(crate) fn all_changed(&self) -> bool {
        self.changed.iter().all(|&changed| changed)
    }
}
