//! From accounts to the windows that a record keeps.

use record::energy::{BoundsCover, EnergyWindow, Kind, Phase};
use record::units::{Joules, Seconds, Watts};

use crate::source::SourceFacts;
use crate::tally::{Cell, Checked, Tally};
use crate::timeline::{PHASES, Span, Timeline, index};

/// Counter and integrated power that differ by more than this share are not one truth.
const DISAGREES: f64 = 0.1;

/// Counter and power are compared where the counter is known for so much of the time of the power.
const SAME: f64 = 0.99;

/// Seconds over which cards average the power that they tell, so that it comes late at both ends.
const AVERAGED: f64 = 1.0;

/// A power that is the same to the last digit for so many seconds may not have been renewed.
const RENEWED: f64 = 1.0;

const NOT_RENEWED: &str = "the power did not change in this run: if it is renewed seldom, as by some batteries, it may be one of before, and the bounds do not \
     hold what was drawn since";

const NUMBER_NOT_RENEWED: &str = "one of the numbers that make the power did not change in this run: if it is renewed seldom, as by some batteries, it may be one \
     of before, and the bounds do not hold what was drawn since";

const NOT_MOVED: &str =
    "unknown: the counter has not moved yet, so that of what was drawn only the bounds are known";

/// Below so many updates of its counter a window is not resolved.
const FEW_UPDATES: f64 = 20.0;

/// One window for each phase that was entered, and the total, which is exactly their sum.
pub(crate) fn of_tally(tally: &Tally, timeline: &Timeline) -> Vec<EnergyWindow> {
    let whole = timeline.whole();
    let mean = watts(tally.whole.energy.microjoules, tally.whole.covered).unwrap_or(0.0);
    let mut windows: Vec<_> = PHASES
        .iter()
        .map(|&phase| (phase, &timeline.spans[index(phase)], &tally.cells[index(phase)]))
        .filter(|(_, span, _)| span.visits > 0)
        .map(|(phase, span, cell)| window(tally, phase, span, cell, mean))
        .collect();
    let mut total = window(tally, Phase::Total, &whole, &tally.whole, mean);
    let most = windows.iter().filter_map(|w| w.watts_max).fold(None, larger);
    total.watts_max = most.map(|most| total.watts_mean.map_or(most, |mean| Watts(most.0.max(mean.0))));
    let parts: Option<Vec<Joules>> = windows.iter().map(|window| window.joules).collect();
    if let (Some(_), Some(parts)) = (total.joules, parts) {
        // Added in the order of the phases, so that whoever adds them again gets the same bits.
        total.joules = Some(parts.into_iter().fold(Joules(0.0), |sum, part| sum + part));
    }
    total.notes.extend(tally.facts.note.clone().filter(|_| tally.void.is_none()));
    if let Some(most) = total.joules_high {
        // A phase takes no more than the whole, however little its own edges say of it.
        for window in &mut windows {
            window.joules_high = window
                .joules_high
                .map(|high| Joules(high.0.min(most.0.max(window.joules.map_or(0.0, |j| j.0)))));
        }
    }
    windows.push(total);
    windows
}

/// Windows of a domain that is there but cannot be read.
pub(crate) fn of_unreadable(facts: &SourceFacts, timeline: &Timeline) -> Vec<EnergyWindow> {
    let whole = timeline.whole();
    let entered = PHASES.iter().map(|&phase| (phase, &timeline.spans[index(phase)]));
    entered
        .filter(|(_, span)| span.visits > 0)
        .chain([(Phase::Total, &whole)])
        .map(|(phase, span)| EnergyWindow {
            notes: facts.words().into_iter().collect(),
            ..blank(facts, phase, span)
        })
        .collect()
}

/// The same with one window for each domain and phase: dies of a package are read apart and told together.
pub(crate) fn merged(windows: impl Iterator<Item = EnergyWindow>) -> Vec<EnergyWindow> {
    let mut merged: Vec<EnergyWindow> = Vec::new();
    for window in windows {
        match merged.iter_mut().find(|w| w.domain == window.domain && w.phase == window.phase) {
            Some(known) => beside(known, window),
            None => merged.push(window),
        }
    }
    merged
}

/// Says of a platform's counter that it cannot be that of all of this machine: on some it shows less than the packages, whose
/// energy it should contain.
pub(crate) fn doubt_platform(windows: &mut [EnergyWindow]) {
    let totals = || windows.iter().filter(|window| window.phase == Phase::Total);
    let packages = totals().filter(|window| window.domain.starts_with("package-"));
    let mut lows = packages.map(|window| window.joules_low);
    let Some(least) = lows.try_fold(Joules(0.0), |sum, low| Some(sum + low?)) else { return };
    for platform in
        windows.iter_mut().filter(|window| window.domain == "psys" && window.phase == Phase::Total)
    {
        if platform.joules_high.is_some_and(|most| most < least) {
            platform.notes.push(format!(
                "shows less than the packages, {:.1} J at least: it is not the counter of the whole platform here",
                least.0
            ));
        }
    }
}

/// Adds what another part of a domain used in the same time; where one is unknown, so is the sum.
fn beside(known: &mut EnergyWindow, other: EnergyWindow) {
    let is_known = known.kind == other.kind && known.joules.is_some() && other.joules.is_some();
    let joules = |a: Option<Joules>, b: Option<Joules>| a.zip(b).filter(|_| is_known).map(|(a, b)| a + b);
    let watts =
        |a: Option<Watts>, b: Option<Watts>| a.zip(b).filter(|_| is_known).map(|(a, b)| Watts(a.0 + b.0));
    known.kind = if is_known { known.kind } else { Kind::None };
    known.joules = joules(known.joules, other.joules);
    known.joules_low = joules(known.joules_low, other.joules_low);
    known.joules_high = joules(known.joules_high, other.joules_high);
    known.joules_integrated = joules(known.joules_integrated, other.joules_integrated);
    known.bounds_cover = known.bounds_cover.filter(|_| is_known);
    known.watts_mean = watts(known.watts_mean, other.watts_mean);
    // Each may have had its largest power at another time.
    known.watts_max = watts(known.watts_max, other.watts_max);
    known.coverage = known.coverage.min(other.coverage);
    known.bridged = if other.bridged > known.bridged { other.bridged } else { known.bridged };
    known.wraps += other.wraps;
    known.ambiguous += other.ambiguous;
    known.gaps += other.gaps;
    known.source = format!("{} and {}", known.source, other.source);
    for note in other.notes {
        if !known.notes.contains(&note) {
            known.notes.push(note);
        }
    }
}

/// A window of unknown energy.
pub(crate) fn blank(facts: &SourceFacts, phase: Phase, span: &Span) -> EnergyWindow {
    EnergyWindow {
        domain: facts.domain.clone(),
        phase,
        kind: Kind::None,
        source: facts.source.clone(),
        joules: None,
        joules_low: None,
        joules_high: None,
        bounds_cover: None,
        joules_integrated: None,
        card: None,
        watts_mean: None,
        watts_max: None,
        seconds: Seconds(span.seconds),
        start: Seconds(span.start),
        end: Seconds(span.end),
        coverage: 0.0,
        wraps: 0,
        bridged: Seconds(0.0),
        ambiguous: 0,
        gaps: 0,
        notes: Vec::new(),
    }
}

fn window(tally: &Tally, phase: Phase, span: &Span, cell: &Cell, mean: f64) -> EnergyWindow {
    let mut notes = cell.notes.clone();
    let blank = EnergyWindow {
        wraps: cell.energy.wraps,
        ambiguous: cell.ambiguous,
        gaps: cell.gaps,
        ..blank(&tally.facts, phase, span)
    };
    if let (true, true, Some(joules)) = (tally.void.is_none(), tally.never_moved(), integrated(cell, span)) {
        return replaced(tally, joules, span, cell, blank);
    }
    if let Some(why) = unknown(tally, span, cell) {
        notes.push(why);
        // What else was told is of joules that are none.
        let notes = if tally.void.is_some() { notes.split_off(notes.len() - 1) } else { notes };
        return EnergyWindow { notes, ..blank };
    }
    let share = |seconds: f64| if span.seconds > 0.0 { (seconds / span.seconds).min(1.0) } else { 1.0 };
    notes.extend(limited(tally, span, share(cell.covered)));
    if tally.facts.kind == Kind::Integrated {
        let change = tally.whole.shown.map_or(0.0, |(least, most)| most - least);
        notes.extend(not_renewed(tally, change, span));
    }
    if cell.bridged > 0.0 {
        notes.push(format!(
            "readings failed over {:.2} s, whose energy is that of the counter around them",
            cell.bridged
        ));
    }
    let coverage = share(cell.covered - cell.bridged);
    let never_moved = tally.never_moved();
    if never_moved {
        notes.push(NOT_MOVED.to_owned());
    }
    // A total with nothing in the place of what is not known would be too small.
    let coverage = if never_moved { 0.0 } else { coverage };
    let watts_mean = watts(cell.energy.microjoules, cell.covered).filter(|_| !never_moved);
    let integrated = integrated(cell, span);
    let disagreement = integrated.and_then(|joules| disagreement(joules, cell, tally.age()));
    let (mut low, mut high, cover) = bounds(tally, span, cell, watts_mean.unwrap_or(0.0).max(mean));
    if let Some(words) = disagreement {
        // Which of the two is wrong is not known.
        let [least, most] = bounds_beside(tally, span, cell);
        (low, high) = (low.min(least), high.max(most));
        notes.push(words);
    }
    EnergyWindow {
        kind: if never_moved { Kind::None } else { tally.facts.kind },
        joules: Some(Joules(cell.energy.microjoules / 1e6)).filter(|_| !never_moved),
        joules_low: Some(Joules(low / 1e6)),
        joules_high: Some(Joules(high / 1e6)),
        bounds_cover: Some(cover),
        watts_mean: watts_mean.map(Watts),
        watts_max: tally.watts_max(cell).map(|most| Watts(watts_mean.map_or(most, |mean| most.max(mean)))),
        joules_integrated: integrated,
        coverage,
        bridged: Seconds(if never_moved { 0.0 } else { cell.bridged }),
        notes,
        ..blank
    }
}

/// Why nothing is known of a window, where nothing is.
fn unknown(tally: &Tally, span: &Span, cell: &Cell) -> Option<String> {
    let Cell { energy, covered, .. } = &tally.whole;
    if let Some(why) = &tally.void {
        Some(why.clone())
    } else if tally.is_stuck() {
        Some(format!("unknown: the counter did not move in {covered:.1} s"))
    } else if tally.crawls() && !tally.never_moved() {
        let joules = energy.microjoules / 1e6;
        Some(format!(
            "unknown: the counter moved by {joules:.4} J in {covered:.1} s, less than any package draws"
        ))
    } else if !tally.was_read() || (cell.covered == 0.0 && span.seconds > 0.0) {
        Some("unknown: there are no two good readings".to_owned())
    } else {
        None
    }
}

/// Words for a power that may not have been renewed, or a part of it: all of it changed by `change`.
fn not_renewed(tally: &Tally, change: f64, span: &Span) -> Option<String> {
    let why = if change == 0.0 {
        NOT_RENEWED
    } else if !tally.numbers.all_changed() {
        NUMBER_NOT_RENEWED
    } else {
        return None;
    };
    (span.seconds > RENEWED).then(|| why.to_owned())
}

/// The window of a counter that never moved, by the power beside it.
fn replaced(tally: &Tally, joules: Joules, span: &Span, cell: &Cell, blank: EnergyWindow) -> EnergyWindow {
    let Checked { seconds, range, .. } = cell.checked;
    let [low, high] = bounds_beside(tally, span, cell);
    // One that only went backwards, or too far, moved, but told nothing.
    let how = match (cell.cuts, cell.gaps) {
        (0, 0) => "did not move",
        (0, _) => "showed only what cannot be",
        _ => "was cut off and did not move apart from that",
    };
    let note = format!("the counter {how}: the power beside it is integrated instead");
    let same = not_renewed(tally, tally.whole.checked.change(), span);
    let coverage = (seconds / span.seconds).min(1.0);
    EnergyWindow {
        kind: Kind::Integrated,
        source: format!("power, integrated, beside a counter that {how}: {}", blank.source),
        joules: Some(joules),
        joules_low: Some(Joules(low / 1e6)),
        joules_high: Some(Joules(high / 1e6)),
        bounds_cover: Some(BoundsCover::Resolution),
        watts_mean: Some(joules / Seconds(seconds)),
        watts_max: range.map(|(_, most)| Watts(most)),
        coverage,
        notes: cell.notes.iter().cloned().chain([note]).chain(in_part(coverage)).chain(same).collect(),
        ..blank
    }
}

/// Bounds of the power beside a counter, in microjoules.
fn bounds_beside(tally: &Tally, span: &Span, cell: &Cell) -> [f64; 2] {
    let [low, high] = cell.checked.bounds;
    // A phase may hold what another one drew, or the other way round, so that all of the run says how much it changes.
    let run = &tally.whole.checked;
    let seconds = AVERAGED.max(tally.limits.averaged.0).max(run.repeats.late());
    let late = seconds * run.change() * f64::from(span.visits + cell.cuts) * 1e6;
    [(low - late).max(0.0), high + late]
}

/// Words for a window that was seen in part.
fn in_part(coverage: f64) -> Option<String> {
    (coverage < 0.999)
        .then(|| format!("the energy and its bounds are those of {:.1}% of the window", 100.0 * coverage))
}

/// Words for a window that was seen in part, or that is too short.
fn limited(tally: &Tally, span: &Span, coverage: f64) -> Vec<String> {
    // Of a counter that never moved nothing was seen in any part.
    let mut notes: Vec<String> = in_part(coverage).into_iter().filter(|_| !tally.never_moved()).collect();
    let updates = span.seconds / tally.update();
    if tally.facts.kind != Kind::Integrated && updates < FEW_UPDATES {
        notes.push(format!(
            "the window holds about {updates:.0} updates of what is read: too short to resolve, and what was drawn after the last of \
             them is within the bounds only if it was no more than before and updates come regularly; meter a longer or a repeated run"
        ));
    }
    notes
}

/// What the power beside a counter gives, where it was seen for nearly all of the time.
fn integrated(cell: &Cell, span: &Span) -> Option<Joules> {
    let Checked { microjoules, seconds, .. } = cell.checked;
    (seconds > 0.0 && seconds > 0.9 * span.seconds).then_some(Joules(microjoules / 1e6))
}

/// Words for a counter and a power that do not tell the same, beyond what the averaging of a changing power explains.
fn disagreement(integrated: Joules, cell: &Cell, update: f64) -> Option<String> {
    let counted = cell.energy.microjoules / 1e6;
    if cell.covered < SAME * cell.checked.seconds {
        return None;
    }
    let larger = counted.max(integrated.0);
    let apart = (integrated.0 - counted).abs() - DISAGREES * larger - AVERAGED * cell.checked.change();
    let late = 2.0 * update * larger / cell.checked.seconds;
    let how = if apart > late { "disagree" } else { "are apart, as late updates of the counter may explain" };
    (apart > 0.0).then(|| {
        format!(
            "counter and power {how}: {counted:.1} J counted, {:.1} J by power integrated over the same time",
            integrated.0
        )
    })
}

/// Bounds in microjoules. A counter read at an edge may be one update old, at both ends of every part.
fn bounds(tally: &Tally, span: &Span, cell: &Cell, mean_watts: f64) -> (f64, f64, BoundsCover) {
    let cover = match tally.facts.kind {
        Kind::Modelled => BoundsCover::Model,
        _ => BoundsCover::Resolution,
    };
    let stale = match cover {
        BoundsCover::Model => 0.0,
        BoundsCover::Resolution => {
            // A count that was cut off has more ends.
            let parts = f64::from(span.visits + cell.cuts) * tally.age();
            if tally.never_moved() {
                // Nothing is known but what the domain can draw.
                parts.max(span.seconds) * tally.limits.plausible.0 * 1e6
            } else {
                let shown = tally.whole.shown.map_or(0.0, |(least, most)| most - least);
                let late = f64::from(span.visits + cell.cuts)
                    * tally.limits.averaged.0.max(tally.repeats.late())
                    * shown;
                let most = if cell.energy.microjoules == 0.0 {
                    tally.limits.plausible.0
                } else {
                    mean_watts.max(tally.fastest())
                };
                (parts * most + late) * 1e6
            }
        }
    };
    ((cell.energy.low - stale).max(0.0), cell.energy.high + stale, cover)
}

fn watts(microjoules: f64, seconds: f64) -> Option<f64> {
    (seconds > 0.0).then(|| microjoules / 1e6 / seconds)
}

fn larger(a: Option<Watts>, b: Watts) -> Option<Watts> {
    Some(a.map_or(b, |a| if b > a { b } else { a }))
}
