//! Energy as stored: one window per domain and phase, with how it was obtained and how well.

use serde::{Deserialize, Serialize};

use crate::card::CardState;
use crate::units::{Joules, Seconds, Watts};

/// What a run does with its time. The phases of a run do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading, making and ordering images.
    Load,
    /// Moving images and weights to the device, and building the learner.
    Transfer,
    /// Training steps.
    Train,
    /// Counting wrong answers.
    Evaluate,
    /// Everything else: hashing, checkpoints, bookkeeping.
    Other,
    /// The sum of all of the above.
    Total,
}

/// How a number of joules was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Difference of a hardware energy counter.
    Counter,
    /// Power readings integrated over time.
    Integrated,
    /// A model with stated inputs: an estimate.
    Modelled,
    /// A log supplied by the user.
    User,
    /// Nothing could be read; `joules` is null.
    None,
}

impl Kind {
    /// As it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Counter => "energy counter",
            Kind::Integrated => "integrated power",
            Kind::Modelled => "estimate",
            Kind::User => "your log",
            Kind::None => "unknown",
        }
    }
}

/// What the low and high bounds cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundsCover {
    /// The resolution and update interval of a counter.
    Resolution,
    /// The assumptions of a model.
    Model,
}

/// Energy of one domain in one phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyWindow {
    /// `package-N`, `dram-N`, `psys`, `gpu-N`, `battery`, `wall` or `host`.
    pub domain: String,
    /// Which part of the run.
    pub phase: Phase,
    /// How `joules` was obtained.
    pub kind: Kind,
    /// What was read, or the formula and inputs of the model.
    pub source: String,
    /// Energy; null when unknown, never a silent zero.
    pub joules: Option<Joules>,
    /// Lower bound.
    pub joules_low: Option<Joules>,
    /// Upper bound.
    pub joules_high: Option<Joules>,
    /// What the bounds cover; null when there are none.
    pub bounds_cover: Option<BoundsCover>,
    /// By the power that the same device tells, integrated; null where `joules` is not from a counter, or there is no power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joules_integrated: Option<Joules>,
    /// Mean power over the window.
    pub watts_mean: Option<Watts>,
    /// Largest power seen between two readings.
    pub watts_max: Option<Watts>,
    /// Length of the window, the sum of its parts where the phase was entered several times.
    pub seconds: Seconds,
    /// Start of the first part, seconds after the start of the run.
    pub start: Seconds,
    /// End of the last part, seconds after the start of the run.
    pub end: Seconds,
    /// Share of the window between two good readings that followed each other, 0 to 1.
    pub coverage: f64,
    /// Time beside that in which readings failed, though a counter's difference across it holds its energy: `joules` has it.
    #[serde(default, rename = "bridged_seconds", skip_serializing_if = "is_no_time")]
    pub bridged: Seconds,
    /// How often the counter began again from 0 inside the window.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wraps: u32,
    /// Intervals, among the gaps, in which a counter was reset, or may have wrapped more than once: what they held is not guessed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ambiguous: u32,
    /// Failed readings inside the window.
    pub gaps: u32,
    /// Of a card the state before and after; only in totals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<[CardState; 2]>,
    /// Anything a reader should know, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How sources were read between the edges of phases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Time between two readings, up to a tenth less; from the second minute on it may be a second, where only counters
    /// are read.
    #[serde(rename = "interval_seconds")]
    pub interval: Seconds,
    /// Processor time of the thread that reads.
    #[serde(rename = "processor_seconds")]
    pub processor: Seconds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_no_time(time: &Seconds) -> bool {
    time.0 == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Share of a window that must have been seen, or its energy is no part of a sum.
const SEEN: f64 = 0.99;

/// Energy of one phase over several domains, added only where all parts are of one kind.
///
/// A `wall` that was seen throughout contains all others and stands alone. Otherwise the sum is over `package-N`, `dram-N`,
/// `gpu-N` and `host`, the estimate that stands in for packages without a counter; `psys` and `battery` overlap with these in
/// ways that differ from machine to machine, and stay beside; but a counter of the platform that was seen throughout stands for
/// an estimate of the host, where there is no card. `None` when there is nothing to add, a part is unknown or
/// was seen for less than 99% of the time, or the kinds differ.
#[must_use]
pub fn total(windows: &[EnergyWindow], phase: Phase) -> Option<(Joules, Kind)> {
    let parts = parts_of_total(windows, phase);
    let kind = parts.first()?.kind;
    let mut sum = Joules(0.0);
    for part in parts {
        sum += part.joules?;
    }
    Some((sum, kind))
}

/// What [`total`] adds: its boundary. Empty where there is no total.
#[must_use]
pub fn parts_of_total(windows: &[EnergyWindow], phase: Phase) -> Vec<&EnergyWindow> {
    let of_phase = || windows.iter().filter(move |w| w.phase == phase);
    if let Some(wall) = of_phase().find(|window| window.domain == "wall" && window.is_whole()) {
        return vec![wall];
    }
    let parts: Vec<_> = of_phase().filter(|w| is_part(&w.domain)).collect();
    if let ([EnergyWindow { kind: Kind::Modelled, .. }], Some(platform)) =
        (&parts[..], of_phase().find(|window| window.domain == "psys" && window.is_whole()))
    {
        return vec![platform];
    }
    let fits = |part: &&&EnergyWindow| part.kind == parts[0].kind && part.is_whole();
    if parts.iter().filter(fits).count() == parts.len() { parts } else { Vec::new() }
}

/// Why there is no [`total`], in words.
#[must_use]
pub fn why_no_total(windows: &[EnergyWindow], phase: Phase) -> String {
    let parts: Vec<_> = windows.iter().filter(|w| w.phase == phase && is_part(&w.domain)).collect();
    let domains = |wanted: &dyn Fn(&EnergyWindow) -> bool| {
        let domains = parts.iter().filter(|part| wanted(part)).map(|part| part.domain.as_str());
        domains.collect::<Vec<_>>().join(", ")
    };
    let unknown = domains(&|part| part.joules.is_none());
    let ambiguous = domains(&|part| part.joules.is_some() && part.ambiguous > 0);
    let seen = domains(&|part| part.joules.is_some() && !part.is_whole());
    if parts.is_empty() {
        "no part of the machine was metered".to_owned()
    } else if !unknown.is_empty() {
        format!("nothing is known of {unknown}")
    } else if !ambiguous.is_empty() {
        format!("{ambiguous} was reset, or showed something false, or may have wrapped unseen")
    } else if !seen.is_empty() {
        format!("less than {:.0}% of the time was seen of {seen}", 100.0 * SEEN)
    } else {
        format!("joules of {} were obtained in different ways, and are not added", domains(&|_| true))
    }
}

/// The same with the sums of the lower and of the upper bounds: low, central, high. A part without bounds stands for both; what was
/// not seen of a part may have been drawn at its largest power.
#[must_use]
pub fn total_bounds(windows: &[EnergyWindow], phase: Phase) -> Option<([Joules; 3], Kind)> {
    let (central, kind) = total(windows, phase)?;
    let moved = |bound: fn(&EnergyWindow) -> Option<Joules>| {
        let mut windows = windows.to_vec();
        windows.iter_mut().for_each(|window| window.joules = bound(window).or(window.joules));
        total(&windows, phase).map_or(central, |(joules, _)| joules)
    };
    let high = |window: &EnergyWindow| Some(window.joules_high.or(window.joules)? + window.unseen());
    Some(([moved(|window| window.joules_low), central, moved(high)], kind))
}

/// Energy of the cards alone by the rule of [`total`], for machines whose processors have no counter.
#[must_use]
pub fn total_of_cards(windows: &[EnergyWindow], phase: Phase) -> Option<(Joules, Kind)> {
    let cards: Vec<EnergyWindow> =
        windows.iter().filter(|window| window.domain.starts_with("gpu-")).cloned().collect();
    total(&cards, phase)
}

impl EnergyWindow {
    /// Whether its energy is known, and of nearly all of its time. What a counter showed around a reset may be false as well, and is
    /// then far from what was drawn.
    fn is_whole(&self) -> bool {
        self.joules.is_some() && self.known_share() >= SEEN && self.ambiguous == 0
    }

    /// The energy of the time that was not seen, at the largest power that was.
    fn unseen(&self) -> Joules {
        let most = [self.watts_max, self.watts_mean]
            .into_iter()
            .flatten()
            .fold(0.0, |most: f64, watts| most.max(watts.0));
        Joules((1.0 - self.known_share()) * self.seconds.0 * most)
    }

    /// Share of the window whose energy is known, 0 to 1.
    #[must_use]
    pub fn known_share(&self) -> f64 {
        let bridged = if self.seconds.0 > 0.0 { self.bridged.0 / self.seconds.0 } else { 0.0 };
        (self.coverage + bridged).min(1.0)
    }
}

fn is_part(domain: &str) -> bool {
    domain == "host" || ["package-", "dram-", "gpu-"].iter().any(|prefix| domain.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(domain: &str, kind: Kind, joules: Option<f64>) -> EnergyWindow {
        EnergyWindow {
            domain: domain.into(),
            phase: Phase::Train,
            kind,
            source: "test".into(),
            joules: joules.map(Joules),
            joules_low: None,
            joules_high: None,
            bounds_cover: None,
            joules_integrated: None,
            card: None,
            watts_mean: None,
            watts_max: None,
            seconds: Seconds(1.0),
            start: Seconds(0.0),
            end: Seconds(1.0),
            coverage: 1.0,
            bridged: Seconds(0.0),
            wraps: 0,
            ambiguous: 0,
            gaps: 0,
            notes: vec![],
        }
    }

    #[test]
    fn totals_add_only_parts_of_one_kind() {
        let counter = |d: &str, j| window(d, Kind::Counter, Some(j));
        let both = [counter("package-0", 3.0), counter("dram-0", 1.5)];
        assert_eq!(total(&both, Phase::Train), Some((Joules(4.5), Kind::Counter)));
        assert_eq!(total(&both, Phase::Evaluate), None);
        let mixed = [counter("package-0", 3.0), window("gpu-0", Kind::Integrated, Some(9.0))];
        assert_eq!(total(&mixed, Phase::Train), None);
        let why = "joules of package-0, gpu-0 were obtained in different ways, and are not added";
        assert_eq!(why_no_total(&mixed, Phase::Train), why);
        let domains: Vec<&str> =
            parts_of_total(&both, Phase::Train).iter().map(|part| part.domain.as_str()).collect();
        assert_eq!(domains, ["package-0", "dram-0"]);
        assert_eq!(total_of_cards(&mixed, Phase::Train), Some((Joules(9.0), Kind::Integrated)));
        assert_eq!(total_of_cards(&both, Phase::Train), None);
        let unknown = [counter("package-0", 3.0), window("gpu-0", Kind::None, None)];
        assert_eq!(total(&unknown, Phase::Train), None);
        assert_eq!(why_no_total(&unknown, Phase::Train), "nothing is known of gpu-0");
        let with_psys = [counter("package-0", 3.0), counter("psys", 8.0)];
        assert_eq!(
            total(&with_psys, Phase::Train),
            Some((Joules(3.0), Kind::Counter)),
            "a platform stays beside"
        );
        let half = EnergyWindow { coverage: 0.5, ..counter("package-0", 3.0) };
        let half = [half];
        assert_eq!(total(&half, Phase::Train), None, "half of the time is not the whole");
        assert_eq!(why_no_total(&half, Phase::Train), "less than 99% of the time was seen of package-0");
        let reset = [EnergyWindow { ambiguous: 1, coverage: 0.999, ..counter("package-0", 3.0) }];
        assert_eq!(total(&reset, Phase::Train), None, "what it showed may be false");
        let why = "package-0 was reset, or showed something false, or may have wrapped unseen";
        assert_eq!(why_no_total(&reset, Phase::Train), why);
        let wall = EnergyWindow { kind: Kind::User, ..window("wall", Kind::User, Some(9.0)) };
        let short = EnergyWindow { coverage: 0.5, ..wall.clone() };
        let package = counter("package-0", 3.0);
        assert_eq!(total(&[package.clone(), wall], Phase::Train), Some((Joules(9.0), Kind::User)));
        assert_eq!(total(&[package, short], Phase::Train), Some((Joules(3.0), Kind::Counter)));
        let bounded = EnergyWindow {
            joules_low: Some(Joules(2.0)),
            joules_high: Some(Joules(5.0)),
            ..counter("package-0", 3.0)
        };
        let bounds = total_bounds(&[bounded, counter("dram-0", 1.5)], Phase::Train);
        assert_eq!(bounds, Some(([Joules(3.5), Joules(4.5), Joules(6.5)], Kind::Counter)));
        // A second of 200 was not seen, and may have had the largest power.
        let seen = EnergyWindow {
            coverage: 0.995,
            seconds: Seconds(200.0),
            watts_max: Some(Watts(50.0)),
            ..counter("package-0", 3.0)
        };
        let ([low, _, high], _) = total_bounds(&[seen], Phase::Train).unwrap();
        assert!(low == Joules(3.0) && (high.0 - 53.0).abs() < 1e-9, "{high:?}");
        let host = [window("host", Kind::Modelled, Some(40.0))];
        assert_eq!(total(&host, Phase::Train), Some((Joules(40.0), Kind::Modelled)));
        let platform = [host[0].clone(), counter("psys", 50.0)];
        assert_eq!(
            total(&platform, Phase::Train),
            Some((Joules(50.0), Kind::Counter)),
            "measured, not estimated"
        );
        let unseen = [host[0].clone(), EnergyWindow { coverage: 0.5, ..counter("psys", 50.0) }];
        assert_eq!(total(&unseen, Phase::Train), Some((Joules(40.0), Kind::Modelled)));
        let card_and_estimate = [counter("gpu-0", 9.0), window("host", Kind::Modelled, Some(40.0))];
        assert_eq!(total(&card_and_estimate, Phase::Train), None, "a card alone is not the machine");
    }
}
