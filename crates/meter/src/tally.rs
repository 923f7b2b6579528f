//! The account of one source: readings in, energy by phase out.

mod checked;
mod cut;
mod numbers;
mod past;
mod peak;
mod quickest;
mod repeats;
mod stalls;
mod updates;

use std::collections::VecDeque;

use record::energy::{Kind, Phase};
use record::units::{Seconds, Watts};

use crate::source::{Limits, ReadError, Reading, SourceFacts};
use crate::step::{Step, Unbelievable, in_range, step};
use crate::timeline::index;
pub(crate) use checked::Checked;
use numbers::Numbers;
use past::{Fall, Past};
use peak::Peak;
use quickest::Quickest;
use repeats::Repeats;
use updates::Updates;

/// The largest power is taken over spans of at least this many updates, so that the count of updates in a
/// span, off by one, errs by a tenth at most.
const PEAK_UPDATES: f64 = 10.0;

/// And over as many seconds, as the updates of a counter are not known to a few milliseconds.
const PEAK_LEAST: f64 = 0.08;

/// Live power is the mean over the last second or so.
const LIVE: f64 = 1.0;
/// Shorter memories than this give no live power.
const LIVE_LEAST: f64 = 0.2;
/// Memories lie at least this far apart, which bounds their number.
const LIVE_APART: f64 = 0.05;

/// A counter that moves many times a second and shows nothing for so many seconds is stuck.
const STUCK: f64 = 0.1;

/// As many times more than a counter showed after it stood still for so many seconds is worth a word.
const LESS: f64 = 1.1;
const NOTED: f64 = 0.05;

/// Moves after which the mean power of a counter is known.
const MOVES: u32 = 5;

/// An update may take so many seconds until that is known.
const UNLEARNT: f64 = 0.1;

/// Less than any package of a processor draws, also asleep.
const LEAST: Watts = Watts(0.01);

/// In so many updates a counter moves, if it is not late.
const LATE: f64 = 3.0;

/// Notes kept of one phase; a source that fails in ever new ways would fill the record otherwise.
const NOTES: usize = 4;

/// Energy of one phase, in microjoules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub energy: Step,
    /// Seconds between two good readings.
    pub covered: f64,
    /// Seconds of these in which readings failed, though the counter's difference holds their energy.
    pub bridged: f64,
    /// Failed readings and unbelievable intervals.
    pub gaps: u32,
    /// Gaps that a counter left by a reset, or where it may have wrapped more than once.
    pub ambiguous: u32,
    /// How often a count was cut off to go on anew later.
    pub cuts: u32,
    pub watts_max: Option<f64>,
    /// Seconds over which a counter showed that power; 0 of what shows power by itself.
    pub max_span: f64,
    /// The least and the most power that was shown, in watts; `None` of what shows none.
    pub shown: Option<(f64, f64)>,
    /// The power that a counter is checked by.
    pub checked: Checked,
    pub notes: Vec<String>,
}

/// The account of one source.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub facts: SourceFacts,
    pub limits: Limits,
    pub cells: [Cell; 5],
    /// Bounds and notes of the whole run, where no energy has to be split between phases.
    pub whole: Cell,
    last: Option<Reading>,
    /// Seconds in each phase since the last good reading.
    pending: [f64; 5],
    missed: bool,
    /// Whether a count that was cut off awaits the next move of its counter.
    is_anew: bool,
    /// Seconds in each phase until a counter last showed that it had not moved; all 0 once it moves.
    still: [f64; 5],
    updates: Updates,
    /// What a counter did that it may not have: it may have been a moment's fault.
    before_fall: Option<Fall>,
    past: Past,
    /// How often a counter moved.
    moves: u32,
    /// For how many seconds it stood still, at most, in its first moves, and in which phase.
    stood_early: (f64, usize),
    /// Its largest power between two readings.
    quickest: Quickest,
    /// For how long a power was the same.
    pub repeats: Repeats,
    /// What makes it, where that is more than one number.
    pub numbers: Numbers,
    /// Why nothing that was read is what it was taken for.
    pub void: Option<String>,
    peak: Peak,
    memory: VecDeque<(f64, f64)>,
    checked_by: Option<Watts>,
}

impl Tally {
    pub(crate) fn new(facts: SourceFacts, limits: Limits) -> Tally {
        Tally {
            updates: Updates::new(limits.update.0),
            facts,
            limits,
            cells: Default::default(),
            whole: Cell::default(),
            last: None,
            pending: [0.0; 5],
            missed: false,
            is_anew: false,
            still: [0.0; 5],
            before_fall: None,
            past: Past::default(),
            moves: 0,
            stood_early: (0.0, 0),
            quickest: Quickest::default(),
            repeats: Repeats::default(),
            numbers: Numbers::default(),
            void: None,
            peak: Peak::default(),
            memory: VecDeque::new(),
            checked_by: None,
        }
    }

    /// Takes in the power that a counter is checked by, on a straight line from the one before.
    pub(crate) fn check(&mut self, phase: Phase, ran: f64, power: Option<Watts>) {
        if let (Some(before), Some(now)) = (self.checked_by, power) {
            for cell in [&mut self.cells[index(phase)], &mut self.whole] {
                cell.checked.add(before, now, ran);
            }
        }
        self.checked_by = power;
    }

    /// Takes in a reading at `now`; since the one before, `ran` seconds of `phase` went by.
    ///
    /// After a failed reading of a counter the difference between the good readings around it is still
    /// exact, so that its energy is counted; only its split between phases is not known. It is then made by time,
    /// and each phase's bounds allow none and all of it. The same holds after a counter stood still for longer than
    /// its updates explain; until it moves again, nothing is known of that time.
    pub(crate) fn observe(&mut self, now: f64, phase: Phase, ran: f64, read: Result<Reading, ReadError>) {
        let phase = index(phase);
        self.pending[phase] += ran;
        if let Some(fall) = &mut self.before_fall {
            fall.since[phase] += ran;
        }
        self.past.run(phase, ran);
        let reading = match read.and_then(|reading| in_range(reading, self.limits.plausible)) {
            Ok(reading) => reading,
            Err(error) => {
                match &error {
                    ReadError::Void { reason } => self.void = Some(reason.clone()),
                    ReadError::Cut { .. } => self.cut(phase),
                    _ => self.missed = true,
                }
                return self.gap(phase, error.to_string());
            }
        };
        if self.awaits_move(reading) {
            return;
        }
        let seconds: f64 = self.pending.iter().sum();
        if self.stands_still(reading) {
            // What could not be read meanwhile was nothing.
            self.missed = false;
            self.still = self.pending;
            return self.remember(now);
        }
        let fell = self.before_fall.is_some();
        let seconds = self.take_back_fall(reading, phase).unwrap_or(seconds);
        let seconds = self.take_back_leap(reading, phase, seconds).unwrap_or(seconds);
        let stepped = self.last.map(|last| step(last, reading, seconds, self.lenient(), self.missed));
        match stepped.map(|step| step.and_then(|step| self.made_up(step, seconds))) {
            Some(Ok(step)) => {
                self.remember_before(reading);
                let still = self.still.iter().sum();
                if !fell && self.updates.moved(still, seconds) {
                    self.peak = Peak::default();
                }
                let is_early = self.moves < MOVES;
                self.moved(step, seconds);
                self.add(now, phase, step, seconds);
                if is_early {
                    self.early(still, phase);
                }
            }
            Some(Err(why)) => self.disbelieve(&why, phase),
            None => {}
        }
        if let Reading::Power(power) = reading {
            self.show(power, phase, seconds);
        }
        if self.memory.is_empty() {
            self.memory.push_back((now, self.whole.energy.microjoules));
        }
        self.last = Some(reading);
        (self.pending, self.still, self.missed) = ([0.0; 5], [0.0; 5], false);
    }

    /// Leaves a gap where what is shown cannot be, or says nothing of the time before.
    fn disbelieve(&mut self, why: &Unbelievable, phase: usize) {
        if matches!(why, Unbelievable::Stalled { .. }) {
            self.moves = self.moves.max(1);
        }
        if let (Unbelievable::Reset { .. }, Some(last)) = (why, self.last) {
            self.past.fall();
            self.before_fall = Some(Fall { before: last, since: self.pending, phase });
        }
        if why.is_ambiguous() {
            self.whole.ambiguous += 1;
            self.cells[phase].ambiguous += 1;
        }
        self.gap(phase, why.to_string());
        self.memory.clear();
    }

    /// Takes note of a power that was read `seconds` after the reading before.
    fn show(&mut self, power: Watts, phase: usize, seconds: f64) {
        let Watts(watts) = power;
        raise(&mut self.cells[phase].watts_max, watts);
        if let Some(last) = self.last {
            self.repeats.look(seconds, last != Reading::Power(power));
        }
        let (low, high) = self.whole.shown.unwrap_or((watts, watts));
        self.whole.shown = Some((low.min(watts), high.max(watts)));
    }

    /// Mean power of the whole run so far, in microwatts; no number before anything was covered.
    fn mean(&self) -> f64 {
        self.whole.energy.microjoules / self.whole.covered
    }

    /// The largest power that it showed, in microwatts.
    fn largest(&self) -> f64 {
        // A counter that moved in no time at all has no mean.
        (1e6 * self.fastest()).max(if self.mean().is_finite() { self.mean() } else { 0.0 })
    }

    /// As old as these limits say may a reading be at either end; how old is learnt from the first few moves.
    fn lenient(&self) -> Limits {
        let update = if self.moves < MOVES { self.update().max(UNLEARNT) } else { self.update() };
        Limits { update: Seconds(update), ..self.limits }
    }

    /// Takes note of how a counter moved.
    fn moved(&mut self, step: Step, seconds: f64) {
        self.moves = self.moves.saturating_add(u32::from(step.microjoules > 0.0));
        self.quickest.add(seconds, step.microjoules);
    }

    /// Seconds between two updates of what is read.
    pub(crate) fn update(&self) -> f64 {
        self.updates.seconds()
    }

    /// As many seconds old may a reading be.
    pub(crate) fn age(&self) -> f64 {
        self.updates.age()
    }

    /// The largest power of a phase. Where updates turned out to be longer than the span that it was taken over was meant for, the span may
    /// hold one more of them than it is long.
    pub(crate) fn watts_max(&self, cell: &Cell) -> Option<f64> {
        let (span, update) = (cell.max_span, self.update());
        let is_short = span > 0.0 && span < PEAK_UPDATES * update;
        cell.watts_max.map(|watts| if is_short { watts * span / (span + update) } else { watts })
    }

    /// The largest power between two readings of a counter, over one update at least, in watts.
    pub(crate) fn fastest(&self) -> f64 {
        self.quickest.watts(self.update())
    }

    /// The account as it is when nothing more comes: what a counter that stands still says of the time since it moved.
    pub(crate) fn closed(&self) -> Tally {
        let mut closed = self.clone();
        let seconds: f64 = self.still.iter().sum();
        // Of a counter that never moved something else is said, of all the time that it had.
        if seconds <= self.patience() || self.whole.energy.microjoules == 0.0 {
            // What its updates do not explain may have been drawn as fast as ever, and not been shown yet.
            let late = seconds > LATE * self.age() && self.whole.energy.microjoules > 0.0;
            let rate = self.largest();
            // It may have stopped at any time since the look before it was last seen to move.
            let unseen = self.updates.edge();
            for (cell, part) in closed.cells.iter_mut().zip(self.still) {
                cell.covered += part;
                if late && part > 0.0 {
                    cell.late(rate * (part + unseen), seconds);
                }
            }
            closed.whole.covered += seconds;
            if late {
                closed.whole.late(rate * (seconds + unseen), seconds);
            }
        } else {
            let last = self.still.iter().rposition(|&part| part > 0.0).unwrap_or(0);
            let why =
                format!("the counter did not move in the last {seconds:.1} s, of which nothing is known");
            closed.gap(last, why);
        }
        closed
    }

    /// Whether a counter shows what it showed before.
    fn stands_still(&self, reading: Reading) -> bool {
        matches!(reading, Reading::Counter { .. }) && self.last == Some(reading)
    }

    /// For how long a counter may stand still, in seconds, before that says anything.
    fn patience(&self) -> f64 {
        (2.0 * PEAK_UPDATES * self.limits.update.0).max(1.0).max(LATE * self.update())
    }

    /// Mean power over the last second or so; `None` when it was not watched for long enough.
    pub(crate) fn live(&self) -> Option<Watts> {
        let (&(from, before), &(to, after)) = (self.memory.front()?, self.memory.back()?);
        (to - from >= LIVE_LEAST).then(|| Watts((after - before) * 1e-6 / (to - from)))
    }

    /// Whether a counter never moved, in no time at all or in any.
    pub(crate) fn never_moved(&self) -> bool {
        let is_still = self.moves == 0 && self.whole.energy.microjoules == 0.0;
        self.facts.kind == Kind::Counter && is_still && self.was_read()
    }

    /// A counter that never moved in all the time it had is not a measurement of nothing.
    pub(crate) fn is_stuck(&self) -> bool {
        let enough = (PEAK_UPDATES * self.limits.update.0).max(STUCK);
        self.never_moved() && self.whole.covered >= enough
    }

    /// Whether the counter of a package moves more slowly than any package draws.
    pub(crate) fn crawls(&self) -> bool {
        let Cell { energy, covered, .. } = &self.whole;
        let is_package = self.facts.kind == Kind::Counter && self.facts.domain.starts_with("package-");
        is_package && *covered >= 1.0 && energy.microjoules < LEAST.0 * 1e6 * covered
    }

    /// Whether there ever was a good reading.
    pub(crate) fn was_read(&self) -> bool {
        self.last.is_some() || self.whole.covered > 0.0
    }

    fn add(&mut self, now: f64, phase: usize, step: Step, seconds: f64) {
        self.whole.add(step, seconds);
        let is_counter = matches!(self.last, Some(Reading::Counter { .. }));
        let still: f64 = self.still.iter().sum();
        if is_counter && still > NOTED && step.high > LESS * step.microjoules {
            self.whole.note(SHOWED_LESS);
            self.cells[phase].note(SHOWED_LESS);
        }
        if self.missed {
            self.whole.bridged += seconds;
            for (cell, part) in self.cells.iter_mut().zip(self.pending) {
                cell.bridged += part;
            }
        }
        // Between two updates of a counter the time before the move cost nothing that could be seen.
        let why = if self.missed {
            Some(MISSED)
        } else if seconds > self.patience() {
            Some(STOOD_STILL)
        } else {
            None
        };
        let mut left = step.microjoules;
        for i in 0..self.pending.len() {
            let part = self.pending[i];
            if i == phase || part == 0.0 {
                continue;
            }
            let Some(why) = why else {
                self.cells[i].covered += part;
                continue;
            };
            // Whole microjoules, so that the parts add up to the difference exactly.
            let share = (step.microjoules * part / seconds).floor();
            left -= share;
            self.cells[i].add(Step { low: 0.0, microjoules: share, high: step.high, wraps: 0 }, part);
            self.cells[i].note(why);
            self.cells[phase].note(why);
        }
        let split = left != step.microjoules;
        let low = if split { 0.0 } else { step.low };
        self.cells[phase].add(Step { low, microjoules: left, ..step }, self.pending[phase]);
        self.watch_peak(phase, step, seconds, split);
        self.remember(now);
    }

    fn watch_peak(&mut self, phase: usize, step: Step, seconds: f64, split: bool) {
        if split || phase != self.peak.phase {
            self.peak = Peak { phase, ..Peak::default() };
        }
        if split || self.facts.kind == Kind::Integrated {
            return;
        }
        self.peak.seconds += seconds;
        self.peak.microjoules += step.microjoules;
        if self.peak.seconds >= (PEAK_UPDATES * self.update()).max(PEAK_LEAST) {
            let watts = self.peak.microjoules * 1e-6 / self.peak.seconds;
            let cell = &mut self.cells[phase];
            if cell.watts_max.is_none_or(|known| watts > known) {
                (cell.watts_max, cell.max_span) = (Some(watts), self.peak.seconds);
            }
            self.peak = Peak { phase, ..Peak::default() };
        }
    }

    fn remember(&mut self, now: f64) {
        if self.memory.back().is_some_and(|&(at, _)| now - at < LIVE_APART) {
            return;
        }
        self.memory.push_back((now, self.whole.energy.microjoules));
        while self.memory.get(1).is_some_and(|&(at, _)| now - at >= LIVE) {
            self.memory.pop_front();
        }
    }

    fn gap(&mut self, phase: usize, why: String) {
        self.whole.gaps += 1;
        self.whole.note(&why);
        self.cells[phase].gaps += 1;
        self.cells[phase].note(&why);
        self.peak = Peak::default();
    }
}

const SHOWED_LESS: &str = "the counter stood still and then showed less than it may have counted: what it may have lost is within the bounds";
const MISSED: &str =
    "a reading failed at a change of phase; the energy around it is divided between the phases by time";
const STOOD_STILL: &str =
    "the counter stood still and caught up; its energy meanwhile is divided between the phases by time";

impl Cell {
    fn add(&mut self, step: Step, seconds: f64) {
        self.energy.low += step.low;
        self.energy.microjoules += step.microjoules;
        self.energy.high += step.high;
        self.energy.wraps += step.wraps;
        self.covered += seconds;
    }

    /// Allows for `microjoules` that a counter did not show in the last `seconds`, in which it stood still.
    fn late(&mut self, microjoules: f64, seconds: f64) {
        self.energy.high += microjoules;
        self.note(&format!(
            "the counter did not move in the last {seconds:.2} s: what was drawn meanwhile is within the bounds alone"
        ));
    }

    fn note(&mut self, note: &str) {
        // What differs by numbers alone need not be said again.
        let words = |text: &str| text.replace(|c: char| c.is_ascii_digit() || c == '.', "");
        if self.notes.len() < NOTES && !self.notes.iter().any(|known| words(known) == words(note)) {
            self.notes.push(note.into());
        }
    }
}

fn raise(largest: &mut Option<f64>, watts: f64) {
    *largest = Some(largest.map_or(watts, |known| known.max(watts)));
}

#[cfg(test)]
mod tests;
