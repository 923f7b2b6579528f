//! The accounts of all sources over one run: looks in, windows out, whether they come from the machine or from a trace.

use record::card::CardState;
use record::energy::{EnergyWindow, Phase};
use record::units::{Seconds, Watts};
use serde::{Deserialize, Serialize};

use crate::source::{Limits, Look, Reading, SourceFacts};
use crate::step::in_range;
use crate::tally::Tally;
use crate::timeline::Timeline;
use crate::windows;

/// Less than that is how far apart two clocks were read.
const SUSPENDED: Seconds = Seconds(0.05);
/// Less than that is what a clock is slewed by, or two were read apart.
const SET: Seconds = Seconds(0.5);

/// Times its limit that a card's mean power may be: limits are held over some milliseconds, and vendors' figures are not exact.
const OVER_LIMIT: f64 = 1.1;

/// What a run spent where, as far as it was looked at.
#[derive(Debug)]
pub(crate) struct Book {
    pub timeline: Timeline,
    pub tallies: Vec<Tally>,
}

/// What is known only once a run has ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// The state of each source's card, before and after; null of what is no card, or does not tell.
    #[serde(default)]
    pub cards: Vec<Option<[CardState; 2]>>,
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
            // What cannot be is no power beside a counter, and no sign that a number was renewed.
            let within = |watts: &Watts| in_range(Reading::Power(*watts), tally.limits.plausible).is_ok();
            let beside = look.power.filter(within);
            let by_itself = match look.reading {
                Ok(Reading::Power(watts)) => Some(watts).filter(within),
                _ => None,
            };
            if beside.or(by_itself).is_some() {
                tally.numbers.look(&look.numbers);
            }
            tally.observe(now, phase, ran, look.reading);
            tally.check(phase, ran, beside);
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
        let mut windows = windows::merged(measured.chain(unknown));
        windows::doubt_platform(&mut windows);
        windows
    }

    /// Adds to the totals what is known only now.
    pub(crate) fn note_ending(&self, energy: &mut [EnergyWindow], ending: &Ending) {
        let mut totals: Vec<&mut EnergyWindow> =
            energy.iter_mut().filter(|window| window.phase == Phase::Total).collect();
        for (tally, card) in self.tallies.iter().zip(&ending.cards) {
            let Some(states) = card else { continue };
            for total in totals.iter_mut().filter(|total| total.domain == tally.facts.domain) {
                total.notes.extend(over_limit(total, states));
                total.card = Some(states.clone());
            }
        }
        let mut note = |note: String| totals.iter_mut().for_each(|total| total.notes.push(note.clone()));
        if ending.suspended > SUSPENDED {
            let seconds = ending.suspended.0;
            note(format!("the machine was suspended for {seconds:.1} s, which are not counted"));
        }
        if ending.set.0.abs() > SET.0 {
            let seconds = ending.set.0;
            note(format!("the date was set by {seconds:+.1} s meanwhile; times do not depend on it"));
        }
    }
}

/// Words for a card that is said to have drawn more than it was held to.
fn over_limit(total: &EnergyWindow, states: &[CardState; 2]) -> Option<String> {
    let limits = states.iter().filter_map(|state| state.limit).map(|Watts(limit)| limit);
    let limit = limits.reduce(f64::max)?;
    let Watts(mean) = total.watts_mean?;
    (mean > OVER_LIMIT * limit).then(|| {
        format!("{mean:.0} W in the mean are above the card's limit of {limit:.0} W: one of the two is wrong")
    })
}
