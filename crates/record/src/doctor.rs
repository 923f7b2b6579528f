//! `ergo doctor`: what can be read on a machine, what cannot, and what that means for its results.

use serde::{Deserialize, Serialize};

use crate::overhead::OverheadOutput;
use crate::run::Host;

/// Whether a source of energy can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceStatus {
    /// It answers.
    Ok,
    /// It is there, and not for this user.
    Denied,
    /// This machine has none that counts here; the reason says whether it has another.
    Absent,
    /// It is there and answers nonsense, or fails.
    Broken,
}

impl SourceStatus {
    /// As it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SourceStatus::Ok => "ok",
            SourceStatus::Denied => "denied",
            SourceStatus::Absent => "absent",
            SourceStatus::Broken => "broken",
        }
    }
}

/// The object of `ergo doctor --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoctorOutput {
    /// Every source that was looked for.
    pub sources: Vec<DoctorSource>,
    /// The machine.
    pub host: Host,
    /// How its processors are run.
    pub processors: ProcessorState,
    /// What a run here can claim, in sentences.
    pub claims: Vec<String>,
    /// What metering costs a training; null without `--overhead`.
    pub overhead: Option<OverheadOutput>,
}

/// One source of energy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoctorSource {
    /// What is read, or would be.
    pub name: String,
    /// `package-N`, `dram-N`, `psys`, `gpu-N`, `battery` or `host`; without a number where none was found; `sensor` where it
    /// is not known what is measured.
    pub domain: String,
    /// Whether it can be read.
    pub status: SourceStatus,
    /// Why not; empty where it can.
    pub reason: String,
    /// What else to know of one that answers.
    pub note: Option<String>,
    /// What to type against it; null where nothing is known to help, or needed.
    pub fix: Option<String>,
}

/// How the processors of a machine are run; unknown where the system does not say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProcessorState {
    /// Logical processors that this program may use.
    pub usable: u64,
    /// What decides their clock rate, such as `performance`.
    pub governor: Option<String>,
    /// Lowest and highest clock rate right now, in MHz.
    pub clock_mhz: Option<[f64; 2]>,
    /// Whether they may run faster than their nominal rate for a while.
    pub boost: Option<bool>,
    /// Mean load over the last minute, in processors.
    pub load: Option<f64>,
}
