//! The time of whole passes, for learners whose library does not tell layers apart.

use meter::clock::Stopwatch;
use record::bench::LayerPhase;

use crate::learner::ProfileEntry;
use crate::profile::NETWORK;

/// The parts of steps, one after the other, while a profile is kept.
#[derive(Debug, Default)]
pub(crate) struct Laps {
    /// Since the last lap, and what was kept; `None` while no profile is.
    kept: Option<(Stopwatch, Vec<ProfileEntry>)>,
}

impl Laps {
    /// Begins to keep time, or stops; forgets what was kept before.
    pub(crate) fn keep(&mut self, on: bool) {
        self.kept = on.then(|| (Stopwatch::start(), Vec::new()));
    }

    /// A step begins: what lies before belongs to none of its parts.
    pub(crate) fn start(&mut self) {
        if let Some((since, _)) = &mut self.kept {
            *since = Stopwatch::start();
        }
    }

    /// A part of a step ended. `settle` waits for the device to have done it, and is called only while time is kept.
    ///
    /// # Errors
    /// What `settle` says.
    pub(crate) fn lap<E>(
        &mut self,
        phase: LayerPhase,
        settle: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let Some((since, entries)) = &mut self.kept else { return Ok(()) };
        settle()?;
        let seconds = since.elapsed();
        *since = Stopwatch::start();
        match entries.iter_mut().find(|entry| entry.phase == phase) {
            Some(entry) => {
                entry.seconds += seconds;
                entry.calls += 1;
            }
            None => entries.push(ProfileEntry { layer: NETWORK.to_owned(), phase, seconds, calls: 1 }),
        }
        Ok(())
    }

    /// What was kept since [`Laps::keep`]; `None` while no profile is.
    pub(crate) fn entries(&self) -> Option<Vec<ProfileEntry>> {
        self.kept.as_ref().map(|(_, entries)| entries.clone())
    }
}
