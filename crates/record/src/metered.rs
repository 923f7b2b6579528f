//! `ergo meter`: what a command cost.

use serde::Serialize;

use crate::card::CardState;
use crate::cost::CostOutput;
use crate::energy::{BoundsCover, EnergyWindow, Kind, Phase, Sampling};
use crate::run::{Host, SecondsRecord};
use crate::units::{Joules, Seconds, Watts};

/// The object of `ergo meter --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeterOutput {
    /// The command, word by word.
    pub command: Vec<String>,
    /// From its start to its end, or from the start of the first to the end of the last of several runs.
    pub seconds: Seconds,
    /// How often it ran, one after the other; seconds and joules are those of all runs together.
    pub runs: u64,
    /// The code it ended with; 128 and the signal's number where a signal ended it. Null in a replay.
    pub exit_code: Option<i32>,
    /// When it began, seconds since 1970-01-01 UTC.
    pub started_unix: f64,
    /// Energy by domain.
    pub energy: Vec<MeteredEnergy>,
    /// Joules of the whole machine, where parts of one kind cover it; null otherwise.
    pub total_joules: Option<Joules>,
    /// The domains that it adds: its boundary. Empty where there is none.
    pub total_of: Vec<String>,
    /// Why there is no total, in words; null where there is one.
    pub total_reason: Option<String>,
    /// How these were obtained.
    pub total_kind: Kind,
    /// What that cost.
    pub costs: CostOutput,
    /// Power by domain while nothing but the machine itself ran, just before the command; only with an idle window. It
    /// is never subtracted from anything.
    pub idle: Vec<MeteredEnergy>,
    /// How long that window was; absent without one.
    #[serde(rename = "idle_seconds", skip_serializing_if = "Option::is_none")]
    pub idle_length: Option<Seconds>,
    /// Share of the machine's processor time that other programs than the command had, 0 to 1; null where the system does
    /// not tell.
    pub others_share: Option<f64>,
    /// Processor time that this program itself took, as a share of the time of the command; null in a replay.
    pub overhead: Option<f64>,
    /// How often the sources were read, and what that took; null where only the edges were, and in a replay.
    pub sampling: Option<Sampling>,
    /// The trace that this was computed from, instead of running a command; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<String>,
    /// A training by phase, where a trace of one was replayed; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phases: Option<PhasesOutput>,
    /// The machine; null in a replay.
    pub host: Option<Host>,
}

/// What the phases of a training took, as its record has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhasesOutput {
    /// Time by phase.
    pub seconds: SecondsRecord,
    /// Energy by domain and phase, with the total of every domain.
    pub energy: Vec<EnergyWindow>,
}

/// Energy of one domain while a command ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeteredEnergy {
    /// `package-N`, `dram-N`, `psys`, `gpu-N`, `battery`, `wall` or `host`.
    pub domain: String,
    /// How `joules` was obtained.
    pub kind: Kind,
    /// What was read, or the formula and inputs of the model.
    pub source: String,
    /// Energy; null when unknown.
    pub joules: Option<Joules>,
    /// Lower bound.
    pub joules_low: Option<Joules>,
    /// Upper bound.
    pub joules_high: Option<Joules>,
    /// What the bounds cover.
    pub bounds_cover: Option<BoundsCover>,
    /// By the power that the same device tells, integrated; null where there is none beside a counter.
    pub joules_integrated: Option<Joules>,
    /// Mean power.
    pub watts_mean: Option<Watts>,
    /// Largest power seen between readings.
    pub watts_max: Option<Watts>,
    /// Share of the time between two good readings that followed each other, 0 to 1.
    pub coverage: f64,
    /// Time beside that in which readings failed, though a counter's difference across it holds its energy.
    #[serde(rename = "bridged_seconds")]
    pub bridged: Seconds,
    /// How often the counter began again from 0.
    pub wraps: u32,
    /// Intervals, among the gaps, in which a counter was reset, or may have wrapped more than once: what they held is not guessed.
    pub ambiguous: u32,
    /// Failed readings and unbelievable intervals.
    pub gaps: u32,
    /// Of a card the state before and after; absent of everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<[CardState; 2]>,
    /// Anything a reader should know, in words.
    pub notes: Vec<String>,
}

impl MeteredEnergy {
    /// The windows of whole runs, one for each domain.
    #[must_use]
    pub fn of_totals(windows: &[EnergyWindow]) -> Vec<MeteredEnergy> {
        windows.iter().filter(|window| window.phase == Phase::Total).map(MeteredEnergy::of).collect()
    }

    fn of(window: &EnergyWindow) -> MeteredEnergy {
        let window = window.clone();
        MeteredEnergy {
            domain: window.domain,
            kind: window.kind,
            source: window.source,
            joules: window.joules,
            joules_low: window.joules_low,
            joules_high: window.joules_high,
            bounds_cover: window.bounds_cover,
            joules_integrated: window.joules_integrated,
            watts_mean: window.watts_mean,
            watts_max: window.watts_max,
            coverage: window.coverage,
            bridged: window.bridged,
            wraps: window.wraps,
            ambiguous: window.ambiguous,
            gaps: window.gaps,
            card: window.card,
            notes: window.notes,
        }
    }
}
