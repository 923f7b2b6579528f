//! What a meter measured, and the sum over the parts of a resumed run.

use record::energy::{BoundsCover, EnergyWindow, Kind, Phase, Sampling};
use record::run::SecondsRecord;
use record::units::{Joules, Seconds, Watts};
use serde::{Deserialize, Serialize};

use crate::timeline::{PHASES, of_phase, summed};

/// Time and energy of one run, or of one part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metering {
    /// Time by phase.
    pub seconds: SecondsRecord,
    /// Energy by domain and phase, with a window of the total for every domain.
    pub energy: Vec<EnergyWindow>,
    /// When it began, seconds since 1970-01-01 UTC.
    pub started_unix: f64,
    /// How often the sources were read between the edges of phases, and what that took; null where only edges were.
    #[serde(default)]
    pub sampling: Option<Sampling>,
}

/// The note on windows that were summed.
const RESUMED: &str = "the run was resumed; this is the sum of its parts";

impl Metering {
    /// This part of a run and the `earlier` one as a whole. Seconds, energy and bounds add; a sum with an
    /// unknown part is unknown, and so is one of two kinds; coverage is weighted by time. Starts and ends
    /// are on the clock of the metered time, without the pause between the parts.
    #[must_use]
    pub fn after(self, earlier: &Metering) -> Metering {
        let sum = |phase| of_phase(&earlier.seconds, phase) + of_phase(&self.seconds, phase);
        let seconds = summed(SecondsRecord {
            load: sum(Phase::Load),
            transfer: sum(Phase::Transfer),
            train: sum(Phase::Train),
            evaluate: sum(Phase::Evaluate),
            other: sum(Phase::Other),
            total: Seconds(0.0),
        });
        let mut domains: Vec<&str> = Vec::new();
        for window in earlier.energy.iter().chain(&self.energy) {
            if !domains.contains(&window.domain.as_str()) {
                domains.push(&window.domain);
            }
        }
        let energy = domains.iter().flat_map(|domain| joined_domain(earlier, &self, domain)).collect();
        let sampling = match (earlier.sampling, self.sampling) {
            (Some(a), Some(b)) => Some(Sampling { processor: a.processor + b.processor, ..b }),
            (a, b) => b.or(a),
        };
        Metering { seconds, energy, started_unix: earlier.started_unix, sampling }
    }
}

/// All windows of one domain.
fn joined_domain(earlier: &Metering, later: &Metering, domain: &str) -> Vec<EnergyWindow> {
    let mut windows: Vec<EnergyWindow> =
        PHASES.iter().filter_map(|&phase| joined(earlier, later, domain, phase)).collect();
    if let Some(mut total) = joined(earlier, later, domain, Phase::Total) {
        // The total stays exactly the sum of its phases.
        total.seconds = windows.iter().fold(Seconds(0.0), |sum, w| sum + w.seconds);
        let parts: Option<Vec<Joules>> = windows.iter().map(|w| w.joules).collect();
        if let (Some(_), Some(parts)) = (total.joules, parts) {
            total.joules = Some(parts.into_iter().fold(Joules(0.0), |sum, part| sum + part));
        }
        windows.push(total);
    }
    windows
}

/// The window of one domain and phase; `None` when neither part has it.
fn joined(earlier: &Metering, later: &Metering, domain: &str, phase: Phase) -> Option<EnergyWindow> {
    let offset = earlier.seconds.total;
    let find = |part: &Metering| part.energy.iter().find(|w| w.domain == domain && w.phase == phase).cloned();
    let moved = find(later).map(|mut w| {
        w.start += offset;
        w.end += offset;
        w
    });
    match (find(earlier), moved) {
        (Some(a), Some(b)) => Some(sum(a, b)),
        (Some(only), None) => {
            Some(alone(only, of_phase(&later.seconds, phase), offset + later.seconds.total))
        }
        (None, Some(only)) => Some(alone(only, of_phase(&earlier.seconds, phase), offset)),
        (None, None) => None,
    }
}

/// A window that the other part lacks. That is right when the other was never in this phase; otherwise
/// the domain was not read there, and the sum is unknown.
fn alone(only: EnergyWindow, elsewhere: Seconds, end: Seconds) -> EnergyWindow {
    if elsewhere.0 == 0.0 {
        return only;
    }
    let unread = EnergyWindow {
        kind: Kind::None,
        joules: None,
        joules_low: None,
        joules_high: None,
        bounds_cover: None,
        joules_integrated: None,
        card: None,
        watts_mean: None,
        watts_max: None,
        seconds: elsewhere,
        coverage: 0.0,
        bridged: Seconds(0.0),
        wraps: 0,
        ambiguous: 0,
        gaps: 0,
        notes: vec!["this domain was read in only one part of the run".into()],
        end,
        ..only.clone()
    };
    sum(only, unread)
}

fn sum(a: EnergyWindow, b: EnergyWindow) -> EnergyWindow {
    let mut notes = a.notes;
    for note in b.notes.into_iter().chain([RESUMED.to_string()]) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    if a.kind != b.kind {
        notes.push(format!("unknown: parts of kind {:?} and {:?} are not added", a.kind, b.kind));
    }
    let add =
        |x: Option<Joules>, y: Option<Joules>| x.zip(y).filter(|_| a.kind == b.kind).map(|(x, y)| x + y);
    let joules = add(a.joules, b.joules);
    let covered = a.coverage * a.seconds.0 + b.coverage * b.seconds.0;
    let (seconds, bridged) = (a.seconds + b.seconds, a.bridged + b.bridged);
    let known = covered + bridged.0;
    let mean = joules.filter(|_| known > 0.0).map(|joules| joules / Seconds(known));
    EnergyWindow {
        kind: if joules.is_some() { a.kind } else { Kind::None },
        source: if a.source == b.source { a.source } else { format!("{}; then {}", a.source, b.source) },
        joules,
        joules_low: joules.and(add(a.joules_low, b.joules_low)),
        joules_high: joules.and(add(a.joules_high, b.joules_high)),
        bounds_cover: joules.and(wider(a.bounds_cover, b.bounds_cover)),
        joules_integrated: joules.and(add(a.joules_integrated, b.joules_integrated)),
        watts_mean: mean,
        // One part may have none, and the larger mean.
        watts_max: joules.and(larger(a.watts_max, b.watts_max)).and_then(|most| larger(Some(most), mean)),
        seconds,
        start: if b.start < a.start { b.start } else { a.start },
        end: if b.end > a.end { b.end } else { a.end },
        coverage: if seconds.0 > 0.0 { covered / seconds.0 } else { a.coverage.min(b.coverage) },
        wraps: a.wraps + b.wraps,
        bridged,
        ambiguous: a.ambiguous + b.ambiguous,
        gaps: a.gaps + b.gaps,
        // As it was before the earlier part and after the later one.
        card: a.card.zip(b.card).map(|([before, _], [_, after])| [before, after]),
        notes,
        domain: a.domain,
        phase: a.phase,
    }
}

fn wider(a: Option<BoundsCover>, b: Option<BoundsCover>) -> Option<BoundsCover> {
    match (a, b) {
        (Some(BoundsCover::Model), Some(_)) | (Some(_), Some(BoundsCover::Model)) => Some(BoundsCover::Model),
        (a, b) => a.and(b),
    }
}

fn larger(a: Option<Watts>, b: Option<Watts>) -> Option<Watts> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b > a { b } else { a }),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
