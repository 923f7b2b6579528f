//! The meter of one run: time and energy by phase.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use record::card::CardState;
use record::energy::{EnergyWindow, Kind, Phase, Sampling, total};
use record::run::SecondsRecord;
use record::units::{Seconds, Watts};

use crate::book::{Book, Ending};
use crate::metering::Metering;
use crate::sampler::{self, Sampler};
use crate::source::{Look, Reading};
use crate::sources::Sources;
use crate::tally::Tally;
use crate::timeline::Span;
use crate::trace::Trace;
use crate::windows;

/// Meters one run from its start to its end. Runs side by side each have their own; what the sources show
/// belongs to the machine or the process, not to one run.
pub struct Meter {
    account: Arc<Account>,
    sampler: Option<Sampler>,
    started_unix: f64,
    suspended_before: Seconds,
    cards_before: Vec<Option<CardState>>,
}

/// Power at this moment, for a progress line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Live {
    /// Mean over the last second or so, by the rule of [`record::energy::total`]; `None` when not known.
    pub watts: Option<Watts>,
    /// How it was obtained.
    pub kind: Kind,
}

impl Meter {
    /// So long after its beginning a meter has made its first looks, which follow each other more quickly than later ones.
    pub const START: Seconds = sampler::START;

    /// Begins in [`Phase::Load`] at time 0.
    #[must_use]
    pub fn start(sources: &Sources) -> Meter {
        Meter::traced(sources, None)
    }

    /// The same, keeping everything that the sources show.
    #[must_use]
    pub fn traced(sources: &Sources, trace: Option<Trace>) -> Meter {
        let started_unix = sources.clock().unix();
        let account = Arc::new(Account::open(sources.clone(), started_unix, trace));
        let sampler = sources.sampling().and_then(|rate| {
            let account = Arc::clone(&account);
            Sampler::start(rate, move || account.observe())
        });
        let suspended_before = sources.clock().suspended();
        let cards_before = sources.cards();
        Meter { account, sampler, started_unix, suspended_before, cards_before }
    }

    /// Ends the current phase and begins `phase`. The caller has waited for the device, or work of the old
    /// phase is counted in the new one. [`Phase::Total`] is taken as [`Phase::Other`].
    pub fn enter(&mut self, phase: Phase) {
        self.account.observe_in(&mut self.account.ledger(), Some(phase));
    }

    /// Time by phase so far.
    #[must_use]
    pub fn seconds(&self) -> SecondsRecord {
        let ledger = self.account.ledger();
        let mut timeline = ledger.book.timeline.clone();
        timeline.advance(self.account.now());
        timeline.seconds()
    }

    /// Power over the last second or so.
    #[must_use]
    pub fn live(&self) -> Live {
        let mut ledger = self.account.ledger();
        if self.sampler.is_none() {
            self.account.observe_in(&mut ledger, None);
        }
        let parts: Vec<EnergyWindow> = ledger.book.tallies.iter().map(second_of).collect();
        match total(&parts, Phase::Total) {
            Some((joules, kind)) => Live { watts: Some(joules / Seconds(1.0)), kind },
            None => Live { watts: None, kind: Kind::None },
        }
    }

    /// What was metered so far, for a checkpoint; metering goes on.
    #[must_use]
    pub fn snapshot(&self) -> Metering {
        let mut ledger = self.account.ledger();
        self.account.observe_in(&mut ledger, None);
        self.metering(&ledger, &self.ending(), self.sampler.as_ref().map_or(Seconds(0.0), Sampler::used))
    }

    /// Ends the current phase and the run.
    #[must_use]
    pub fn finish(mut self) -> Metering {
        let used = self.sampler.take().map_or(Seconds(0.0), Sampler::end);
        let mut ledger = self.account.ledger();
        self.account.observe_in(&mut ledger, None);
        let ending = self.ending();
        if let Some(trace) = &mut ledger.trace {
            trace.end(&ending);
        }
        self.metering(&ledger, &ending, used)
    }

    fn ending(&self) -> Ending {
        let sources = &self.account.sources;
        let cards = self.cards_before.iter().cloned().zip(sources.cards());
        let clock = sources.clock();
        let suspended = clock.suspended() - self.suspended_before;
        let ran = self.account.now() + suspended.0;
        Ending {
            cards: cards.map(|(before, after)| Some([before?, after?])).collect(),
            suspended,
            set: Seconds(clock.unix() - self.started_unix - ran),
        }
    }

    fn metering(&self, ledger: &Ledger, ending: &Ending, sampler: Seconds) -> Metering {
        let sources = &self.account.sources;
        let mut energy = ledger.book.energy(&sources.unknown());
        ledger.book.note_ending(&mut energy, ending);
        if let Some(trouble) = ledger.trace.as_ref().and_then(Trace::trouble) {
            let totals = energy.iter_mut().filter(|window| window.phase == Phase::Total);
            totals.for_each(|window| window.notes.push(format!("the trace is not whole: {trouble}")));
        }
        let sampling =
            sources.sampling().map(|rate| Sampling { interval: rate.interval, processor: sampler });
        let seconds = ledger.book.timeline.seconds();
        Metering { seconds, energy, started_unix: self.started_unix, sampling }
    }

    /// Reads all sources, as the sampler does.
    #[cfg(test)]
    pub(crate) fn sample(&self) {
        self.account.observe();
    }
}

/// What the meter and its sampler share.
struct Account {
    sources: Sources,
    /// The time that the ledger calls 0.
    origin: Seconds,
    ledger: Mutex<Ledger>,
}

struct Ledger {
    book: Book,
    trace: Option<Trace>,
}

impl Account {
    fn open(sources: Sources, started_unix: f64, mut trace: Option<Trace>) -> Account {
        let looks = sources.read();
        let origin = sources.clock().now();
        if let Some(trace) = &mut trace {
            trace.start(&sources, started_unix, &looks);
        }
        let book = Book::open(sources.facts().cloned(), looks);
        Account { sources, origin, ledger: Mutex::new(Ledger { book, trace }) }
    }

    /// A panic elsewhere leaves the ledger between two readings at worst, so it stays usable.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the start.
    fn now(&self) -> f64 {
        (self.sources.clock().now() - self.origin).0
    }

    /// Answers whether all that is read are counters, or models of them, whose edges are enough.
    fn observe(&self) -> bool {
        self.observe_in(&mut self.ledger(), None)
    }

    /// Reads the counters, then the clock, and books both to the current phase. The ledger stays locked meanwhile, so that
    /// readings are booked in the order in which they were made.
    fn observe_in(&self, ledger: &mut Ledger, enter: Option<Phase>) -> bool {
        let looks = self.sources.read();
        let now = self.now();
        if let Some(trace) = &mut ledger.trace {
            trace.look(now, &looks, enter);
        }
        let is_enough =
            |look: &Look| look.power.is_none() && !matches!(look.reading, Ok(Reading::Power(_)) | Err(_));
        let are_enough = looks.iter().all(is_enough);
        ledger.book.observe(now, looks, enter);
        are_enough
    }
}

/// A second at the power of this moment, in the form that the rule of totals takes.
fn second_of(tally: &Tally) -> EnergyWindow {
    let joules = tally.live().map(|watts| watts * Seconds(1.0));
    let kind = if joules.is_some() { tally.facts.kind } else { Kind::None };
    EnergyWindow {
        joules,
        kind,
        coverage: 1.0,
        ..windows::blank(&tally.facts, Phase::Total, &Span::default())
    }
}

#[cfg(test)]
mod tests;
