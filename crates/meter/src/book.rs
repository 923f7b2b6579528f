//! The accounts of all sources over one run: looks in, windows out, whether they come from the machine or from a trace.

use record::energy::{EnergyWindow, Phase};
use record::units::Seconds;
use serde::{Deserialize, Serialize};

use crate::source::{Limits, Look, SourceFacts};
use crate::tally::Tally;
use crate::timeline::Timeline;
use crate::windows;

/// Less than that is how far apart two clocks were read.
const SUSPENDED: Seconds = Seconds(0.05);
/// Less than that is what a clock is slewed by, or two were read apart.
const SET: Seconds = Seconds(0.5);

/// What a run spent where, as far as it was looked at.
#[derive(Debug)]
pub(crate) struct Book {
    pub timeline: Timeline,
    pub tallies: Vec<Tally>,
}

/// What is known only once a run has ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// What decided how fast each source's device was, before and after; null where it does not tell.
    pub conditions: Vec<Option<[String; 2]>>,
    /// Time for which the machine was suspended.
    pub suspended: Seconds,
    /// By how much the date was set forward.
    pub set: Seconds,
}

impl Book {
    /// Opened at time 0 in [`Phase::Load`], with the first look at every source.
    pub(crate) fn open(facts: impl Iterator<Item = (SourceFacts, Limits)>, looks: Vec<Look>) -> Book {
        let tallies = facts.map(|(facts, limits)| Tally::new(facts, limits)).collect();
        let mut book = Book { timeline: Timeline::start(), tallies };
        book.observe(0.0, looks, None);
        book
    }

    /// Books what the sources show `now`, in seconds since the start, to the current phase; then begins `enter`.
    pub(crate) fn observe(&mut self, now: f64, looks: Vec<Look>, enter: Option<Phase>) {
        let ran = self.timeline.advance(now);
        let (now, phase) = (self.timeline.now, self.timeline.phase);
        for (tally, look) in self.tallies.iter_mut().zip(looks) {
            tally.observe(now, phase, ran, look.reading);
            tally.check(phase, ran, look.power);
        }
        if let Some(phase) = enter {
            self.timeline.enter(phase);
        }
    }

    /// All windows, with those of parts that cannot be read.
    pub(crate) fn energy(&self, unknown: &[&SourceFacts]) -> Vec<EnergyWindow> {
        let measured =
            self.tallies.iter().flat_map(|tally| windows::of_tally(&tally.closed(), &self.timeline));
        let unknown = unknown.iter().flat_map(|facts| windows::of_unreadable(facts, &self.timeline));
        windows::merged(measured.chain(unknown))
    }

    /// Adds to the totals what is known only now.
    pub(crate) fn note_ending(&self, energy: &mut [EnergyWindow], ending: &Ending) {
        let mut note = |domain: Option<&str>, note: String| {
            let totals = energy.iter_mut().filter(|window| window.phase == Phase::Total);
            let meant = totals.filter(|window| domain.is_none_or(|domain| window.domain == domain));
            meant.for_each(|window| window.notes.push(note.clone()));
        };
        for (tally, condition) in self.tallies.iter().zip(&ending.conditions) {
            if let Some([before, after]) = condition {
                note(Some(&tally.facts.domain), format!("before: {before}; after: {after}"));
            }
        }
        if ending.suspended > SUSPENDED {
            let seconds = ending.suspended.0;
            note(None, format!("the machine was suspended for {seconds:.1} s, which are not counted"));
        }
        if ending.set.0.abs() > SET.0 {
            let seconds = ending.set.0;
            note(None, format!("the date was set by {seconds:+.1} s meanwhile; times do not depend on it"));
        }
    }
}
