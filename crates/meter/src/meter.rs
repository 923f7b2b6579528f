//! The meter of one run: time and energy by phase.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use record::energy::{EnergyWindow, Kind, Phase, total};
use record::run::SecondsRecord;
use record::units::{Seconds, Watts};

use crate::clock::unix_now;
use crate::metering::Metering;
use crate::sampler::Sampler;
use crate::sources::Sources;
use crate::tally::Tally;
use crate::timeline::{Span, Timeline};
use crate::windows;

/// Less than that is how far apart two clocks were read.
const SUSPENDED: Seconds = Seconds(0.05);

/// Meters one run from its start to its end. Runs side by side each have their own; what the sources show
/// belongs to the machine or the process, not to one run.
pub struct Meter {
    account: Arc<Account>,
    sampler: Option<Sampler>,
    started_unix: f64,
    suspended_before: Seconds,
    conditions_before: Vec<Option<String>>,
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
    /// Begins in [`Phase::Load`] at time 0.
    #[must_use]
    pub fn start(sources: &Sources) -> Meter {
        let started_unix = unix_now();
        let account = Arc::new(Account::open(sources.clone()));
        let sampler = sources.sampling().and_then(|interval| {
            let account = Arc::clone(&account);
            Sampler::start(interval, move || account.observe())
        });
        let suspended_before = sources.clock().suspended();
        let conditions_before = sources.conditions();
        Meter { account, sampler, started_unix, suspended_before, conditions_before }
    }

    /// Ends the current phase and begins `phase`. The caller has waited for the device, or work of the old
    /// phase is counted in the new one. [`Phase::Total`] is taken as [`Phase::Other`].
    pub fn enter(&mut self, phase: Phase) {
        let mut book = self.account.book();
        self.account.observe_in(&mut book);
        book.timeline.enter(phase);
    }

    /// Time by phase so far.
    #[must_use]
    pub fn seconds(&self) -> SecondsRecord {
        let book = self.account.book();
        let mut timeline = book.timeline.clone();
        timeline.advance(self.account.since(book.origin));
        timeline.seconds()
    }

    /// Power over the last second or so.
    #[must_use]
    pub fn live(&self) -> Live {
        let mut book = self.account.book();
        if self.sampler.is_none() {
            self.account.observe_in(&mut book);
        }
        let parts: Vec<EnergyWindow> = book.tallies.iter().map(second_of).collect();
        match total(&parts, Phase::Total) {
            Some((joules, kind)) => Live { watts: Some(joules / Seconds(1.0)), kind },
            None => Live { watts: None, kind: Kind::None },
        }
    }

    /// What was metered so far, for a checkpoint; metering goes on.
    #[must_use]
    pub fn snapshot(&self) -> Metering {
        let mut book = self.account.book();
        self.account.observe_in(&mut book);
        let measured = book.tallies.iter().flat_map(|tally| windows::of_tally(tally, &book.timeline));
        let unknown =
            self.account.sources.unknown().flat_map(|facts| windows::of_unreadable(facts, &book.timeline));
        let mut energy: Vec<EnergyWindow> = measured.chain(unknown).collect();
        self.note_conditions(&mut energy);
        let suspended = self.account.sources.clock().suspended() - self.suspended_before;
        if suspended > SUSPENDED {
            let note = format!("the machine was suspended for {:.1} s, which are not counted", suspended.0);
            let totals = energy.iter_mut().filter(|window| window.phase == Phase::Total);
            totals.for_each(|window| window.notes.push(note.clone()));
        }
        Metering { seconds: book.timeline.seconds(), energy, started_unix: self.started_unix }
    }

    /// Adds to the totals how fast devices were, before and after.
    fn note_conditions(&self, energy: &mut [EnergyWindow]) {
        let sources = &self.account.sources;
        let after = sources.conditions();
        for (((facts, _), before), after) in sources.facts().zip(&self.conditions_before).zip(after) {
            let (Some(before), Some(after)) = (before, after) else { continue };
            let totals = energy.iter_mut().filter(|window| window.phase == Phase::Total);
            let note = format!("before: {before}; after: {after}");
            totals.filter(|w| w.domain == facts.domain).for_each(|window| window.notes.push(note.clone()));
        }
    }

    /// Ends the current phase and the run.
    #[must_use]
    pub fn finish(mut self) -> Metering {
        self.sampler = None;
        self.snapshot()
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
    book: Mutex<Book>,
}

struct Book {
    origin: Seconds,
    timeline: Timeline,
    tallies: Vec<Tally>,
}

impl Account {
    fn open(sources: Sources) -> Account {
        let mut tallies: Vec<_> =
            sources.facts().map(|(facts, limits)| Tally::new(facts.clone(), *limits)).collect();
        let looks = sources.read();
        let origin = sources.clock().now();
        for (tally, look) in tallies.iter_mut().zip(looks) {
            tally.observe(0.0, Phase::Load, 0.0, look.reading);
            tally.check(Phase::Load, 0.0, look.power);
        }
        Account { sources, book: Mutex::new(Book { origin, timeline: Timeline::start(), tallies }) }
    }

    /// A panic elsewhere leaves the book between two readings at worst, so it stays usable.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn since(&self, origin: Seconds) -> f64 {
        (self.sources.clock().now() - origin).0
    }

    fn observe(&self) {
        self.observe_in(&mut self.book());
    }

    /// Reads the counters, then the clock, and books both to the current phase. The book stays locked
    /// meanwhile, so that readings are booked in the order in which they were made.
    fn observe_in(&self, book: &mut Book) {
        let looks = self.sources.read();
        let ran = book.timeline.advance(self.since(book.origin));
        let (now, phase) = (book.timeline.now, book.timeline.phase);
        for (tally, look) in book.tallies.iter_mut().zip(looks) {
            tally.observe(now, phase, ran, look.reading);
            tally.check(phase, ran, look.power);
        }
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
