//! The seam behind which every counter, power sensor and model stands.

use std::io;
use std::path::{Path, PathBuf};

use record::card::CardState;
use record::doctor::SourceStatus;
use record::energy::Kind;
use record::units::{Joules, Seconds, Watts};
use thiserror::Error;

/// One place where energy can be read.
pub trait EnergySource: Send {
    /// What it is; the same for the life of the source.
    fn facts(&self) -> &SourceFacts;

    /// What to believe of it.
    fn limits(&self) -> Limits;

    /// The state now.
    ///
    /// # Errors
    /// When nothing usable could be read; the meter then marks a gap and asks again later.
    fn read(&mut self) -> Result<Reading, ReadError>;

    /// Of a card, what decides how fast it is and what it draws; `None` where it does not tell.
    fn card(&mut self) -> Option<CardState> {
        None
    }

    /// Power by another way than the counter that [`EnergySource::read`] shows, to check it by; `None` where there is none.
    fn power(&mut self) -> Option<Watts> {
        None
    }

    /// The numbers that made the power at the last look, where they are several, each of which may be renewed at times of its own;
    /// else none.
    fn numbers(&self) -> Vec<i64> {
        Vec::new()
    }

    /// `package-N`, `dram-N`, `psys`, `gpu-N` or `host`.
    fn domain(&self) -> &str {
        &self.facts().domain
    }
}

/// What one look at a source gave.
#[derive(Debug)]
pub(crate) struct Look {
    /// Its state.
    pub reading: Result<Reading, ReadError>,
    /// Power to check a counter by.
    pub power: Option<Watts>,
    /// The numbers that make the power, where they are several.
    pub numbers: Vec<i64>,
}

/// What a source shows at one moment. Only differences of counters have a meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// A counter of consumed energy.
    Counter {
        /// Its state.
        microjoules: u64,
        /// It starts again from 0 when it reaches this; `None` for one that never wraps.
        range_microjoules: Option<u64>,
    },
    /// Power at this moment.
    Power(Watts),
    /// Energy by a model since an arbitrary origin, with the ends of what is believable.
    Modelled {
        /// Lower end.
        low: Joules,
        /// Central value.
        central: Joules,
        /// Upper end.
        high: Joules,
    },
}

/// What a source is, for records and for `ergo doctor`.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFacts {
    /// `package-N`, `dram-N`, `psys`, `gpu-N` or `host`.
    pub domain: String,
    /// How its joules are obtained; `None` when it cannot be read.
    pub kind: Kind,
    /// What is read, or the formula and inputs of a model.
    pub source: String,
    /// Anything to know; for an unreadable source the reason.
    pub note: Option<String>,
    /// Whether it can be read.
    pub status: SourceStatus,
    /// What to type so that it can be read; `None` where nothing is known to help.
    pub fix: Option<String>,
    /// Whether it belongs to what is metered, so that totals without it are unknown.
    pub belongs: bool,
}

/// What is believable of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Time between two updates of the hardware: a reading may be this old.
    pub update: Seconds,
    /// Power that the domain cannot reach; a difference above it is not energy but a reset.
    pub plausible: Watts,
    /// Readings of power further apart than this are not joined by a straight line: nobody looked meanwhile.
    pub holds: Seconds,
    /// Time over which the power that it tells is a mean, so that it comes late.
    pub averaged: Seconds,
}

/// Where nobody reads at a stated rate.
const HOLDS: Seconds = Seconds(2.5);

impl Limits {
    /// Of what is told at once, and read now and then.
    pub(crate) const fn of(update: Seconds, plausible: Watts) -> Limits {
        Limits { update, plausible, holds: HOLDS, averaged: Seconds(0.0) }
    }
}

/// Why a source could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file is there, but not for this user.
    #[error("{path}: permission denied")]
    Denied {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read for another reason.
    #[error("{path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file does not hold what it should.
    #[error("{path}: expected {expected}, found {found:?}")]
    Garbage {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// The beginning of its content.
        found: String,
    },
    /// A counter shows more than it can.
    #[error("the counter shows {found} uJ, above its range of {range} uJ")]
    OutOfRange {
        /// What it shows.
        found: u64,
        /// What it can show.
        range: u64,
    },
    /// What was read before was not what it was taken for, so that nothing of the whole run is known.
    #[error("{reason}")]
    Void {
        /// What was found.
        reason: String,
    },
    /// What is counted now is not what the source stands for, such as what a battery loses while the machine draws from the
    /// mains: the count goes on anew after that.
    #[error("{reason}")]
    Cut {
        /// Why.
        reason: String,
    },
    /// A trace tells of a reading that failed.
    #[error("{reason}")]
    Told {
        /// What was said then.
        reason: String,
    },
    /// A device driver refused.
    #[error("{device}: {reason}")]
    Device {
        /// The device.
        device: String,
        /// What the driver says.
        reason: String,
    },
}

impl ReadError {
    /// Words for an error of the file system.
    #[must_use]
    pub fn of_io(path: &Path, error: &io::Error) -> ReadError {
        let path = path.to_path_buf();
        match error.kind() {
            io::ErrorKind::PermissionDenied => ReadError::Denied { path },
            _ => ReadError::Io { path, reason: error.to_string() },
        }
    }

    /// What that says of the source.
    #[must_use]
    pub fn status(&self) -> SourceStatus {
        match self {
            ReadError::Denied { .. } => SourceStatus::Denied,
            ReadError::Io { .. }
            | ReadError::Garbage { .. }
            | ReadError::OutOfRange { .. }
            | ReadError::Told { .. }
            | ReadError::Void { .. }
            | ReadError::Cut { .. }
            | ReadError::Device { .. } => SourceStatus::Broken,
        }
    }

    /// What to type against it: a line of shell, whose other ways stand behind as a comment.
    #[must_use]
    pub fn fix(&self) -> Option<String> {
        match self {
            ReadError::Denied { path } => Some(format!(
                "sudo chmod a+r {} # until the next boot{}; or, for this program alone: sudo setcap \
                 cap_dac_read_search=ep {}",
                path.display(),
                udev_rule(path).map_or_else(String::new, |rule| format!("; or, for good: {rule}")),
                this_program()
            )),
            _ => None,
        }
    }
}

/// The file of this program, as a word of shell: it need not be the one that the shell would find.
pub(crate) fn this_program() -> String {
    let path = std::env::current_exe().ok().and_then(|path| path.to_str().map(str::to_owned));
    path.map_or_else(
        || "\"$(command -v ergo)\"".to_owned(),
        |path| format!("'{}'", path.replace('\'', "'\\''")),
    )
}

/// What opens the same file of every device of its class now and at each boot: udev's `%p` is the device's path below
/// `/sys`. `None` of a file that is no device's.
fn udev_rule(path: &Path) -> Option<String> {
    let below = path.to_str()?.split_once("/sys/class/")?.1;
    let [class, _, file] = below.split('/').collect::<Vec<_>>().try_into().ok()?;
    Some(format!(
        "echo 'SUBSYSTEM==\"{class}\", RUN+=\"/bin/chmod a+r /sys%p/{file}\"' | sudo tee \
         /etc/udev/rules.d/90-ergo-{class}.rules && sudo udevadm trigger --subsystem-match={class}"
    ))
}

/// What a search for sources found.
#[derive(Default)]
pub struct Found {
    /// Those that answered.
    pub readable: Vec<Box<dyn EnergySource>>,
    /// Those that did not, with the reason.
    pub unreadable: Vec<SourceFacts>,
}

impl Found {
    /// Adds what another search found.
    pub fn join(&mut self, other: Found) {
        self.readable.extend(other.readable);
        self.unreadable.extend(other.unreadable);
    }
}

impl SourceFacts {
    /// A source that answers.
    #[must_use]
    pub fn readable(domain: &str, kind: Kind, source: &str) -> SourceFacts {
        SourceFacts {
            domain: domain.into(),
            kind,
            source: source.into(),
            note: None,
            status: SourceStatus::Ok,
            fix: None,
            belongs: true,
        }
    }

    /// A source that is not there, and why.
    #[must_use]
    pub fn unreadable(domain: &str, source: &str, why: impl ToString) -> SourceFacts {
        SourceFacts {
            note: Some(why.to_string()),
            status: SourceStatus::Absent,
            ..SourceFacts::readable(domain, Kind::None, source)
        }
    }

    /// A source that does not belong to what is metered, and why; no total lacks anything without it.
    #[must_use]
    pub fn left_out(domain: &str, source: &str, why: impl ToString) -> SourceFacts {
        SourceFacts { belongs: false, ..SourceFacts::unreadable(domain, source, why) }
    }

    /// A source that is there and cannot be read.
    #[must_use]
    pub fn refused(domain: &str, source: &str, error: &ReadError) -> SourceFacts {
        SourceFacts {
            status: error.status(),
            fix: error.fix(),
            ..SourceFacts::unreadable(domain, source, error)
        }
    }

    /// The same with another status, and what to type against it.
    #[must_use]
    pub fn but(self, status: SourceStatus, fix: Option<&str>) -> SourceFacts {
        SourceFacts { status, fix: fix.map(str::to_owned), ..self }
    }

    /// The note and what to type, for a record.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match (&self.note, &self.fix) {
            (Some(note), Some(fix)) => Some(format!("{note}; run {fix}")),
            (note, _) => note.clone(),
        }
    }
}
