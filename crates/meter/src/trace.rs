//! Everything that the sources showed in a run, line by line on disk, so that what it cost can be computed again.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use record::doctor::SourceStatus;
use record::energy::{Kind, Phase};
use record::units::{Joules, Seconds, Watts};
use serde::{Deserialize, Serialize};

use crate::book::Ending;
use crate::source::{Limits, Look, ReadError, Reading, SourceFacts};
use crate::sources::Sources;

/// Seconds that no run takes: thirty years.
const LONGEST: f64 = 1e9;

/// Name and version of the form.
const SCHEMA: &str = "ergo.trace/1";

/// One line of a trace. A file may hold several runs, one after the other: the parts of a run that was resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// A run begins.
    Start(Start),
    /// A look at all sources.
    At(At),
    /// The run ended, and was not cut off.
    End(Ending),
}

/// What is known when a run begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// [`SCHEMA`].
    pub schema: String,
    /// Seconds since 1970-01-01 UTC.
    pub started_unix: f64,
    /// What is read, in the order of [`At::shown`].
    pub sources: Vec<Described>,
    /// What cannot be read.
    pub unreadable: Vec<Described>,
    /// The first look.
    pub shown: Vec<Shown>,
}

/// A source, by what the meter knows of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Described {
    domain: String,
    kind: Kind,
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    status: SourceStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    belongs: bool,
    update_seconds: f64,
    plausible_watts: f64,
    #[serde(default = "held")]
    holds_seconds: f64,
    #[serde(default)]
    averaged_seconds: f64,
}

/// A look at all sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct At {
    /// Seconds since the start.
    pub t: f64,
    /// What each source showed.
    pub shown: Vec<Shown>,
    /// The phase that began with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enter: Option<Phase>,
}

/// What one source showed: one of the first three, or a reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// A counter, in microjoules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uj: Option<u64>,
    /// Where that counter begins again from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    /// Power in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    w: Option<f64>,
    /// Joules of a model: low, central, high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<[f64; 3]>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<String>,
    /// Whether that voids all that was read before.
    #[serde(default, skip_serializing_if = "is_no")]
    void: bool,
    /// Whether what is counted then is not what the source stands for.
    #[serde(default, skip_serializing_if = "is_no")]
    cut: bool,
    /// Power beside a counter, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside_w: Option<f64>,
    /// The numbers that make one of these powers, where they are several, in millionths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<i64>,
}

/// A trace that is being written; lines are whole on disk as soon as they are told, whatever happens to this process.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    file: File,
    trouble: Option<String>,
}

impl Trace {
    /// Goes on at the end of a file, or begins it. Half a line, of a run that was killed while it wrote, is ended there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(path: &Path) -> io::Result<Trace> {
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut last = [b'\n'];
        if file.metadata()?.is_file() && file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            file.write_all(b"\n")?;
        }
        Ok(Trace { path: path.into(), file, trouble: None })
    }

    /// What went wrong first; nothing is written after that.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    pub(crate) fn start(&mut self, sources: &Sources, started_unix: f64, looks: &[Look]) {
        let unknown = Limits::of(Seconds(0.0), Watts(0.0));
        let start = Start {
            schema: SCHEMA.to_owned(),
            started_unix,
            sources: sources.facts().map(|(facts, limits)| Described::of(facts, *limits)).collect(),
            unreadable: sources.unreadable().iter().map(|facts| Described::of(facts, unknown)).collect(),
            shown: looks.iter().map(Shown::of).collect(),
        };
        self.write(&Line::Start(start));
    }

    pub(crate) fn look(&mut self, t: f64, looks: &[Look], enter: Option<Phase>) {
        self.write(&Line::At(At { t, shown: looks.iter().map(Shown::of).collect(), enter }));
    }

    pub(crate) fn end(&mut self, ending: &Ending) {
        self.write(&Line::End(ending.clone()));
    }

    fn write(&mut self, line: &Line) {
        if self.trouble.is_some() {
            return;
        }
        let written = serde_json::to_string(line).map_err(io::Error::from).and_then(|mut text| {
            text.push('\n');
            self.file.write_all(text.as_bytes())
        });
        self.trouble = written.err().map(|error| format!("{}: {error}", self.path.display()));
    }
}

/// Before it was kept with the source.
fn held() -> f64 {
    Limits::of(Seconds(0.0), Watts(0.0)).holds.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_no(value: &bool) -> bool {
    !*value
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it like this")]
fn is_yes(value: &bool) -> bool {
    *value
}

impl Start {
    /// Whether it is of the form that this program writes.
    pub(crate) fn is_known(&self) -> bool {
        self.schema == SCHEMA
    }
}

impl At {
    /// What is wrong with its time, where something is.
    pub(crate) fn fault(&self) -> Option<String> {
        (!(0.0..=LONGEST).contains(&self.t))
            .then(|| format!("t is {} s, where 0 to {LONGEST:e} was expected", self.t))
    }
}

impl Start {
    /// What is wrong with one of its sources, where something is.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.shown.len() != self.sources.len() {
            return Some(format!("{} sources, of which {} are shown", self.sources.len(), self.shown.len()));
        }
        self.sources.iter().zip(&self.shown).find_map(|(source, shown)| source.fault(shown))
    }
}

impl Described {
    fn fault(&self, shown: &Shown) -> Option<String> {
        let limits = [
            ("update_seconds", self.update_seconds),
            ("plausible_watts", self.plausible_watts),
            ("holds_seconds", self.holds_seconds),
            ("averaged_seconds", self.averaged_seconds),
        ];
        let domain = &self.domain;
        if let Some((name, value)) = limits.into_iter().find(|(_, value)| *value < 0.0 || !value.is_finite())
        {
            return Some(format!("{name} of {domain} is {value}"));
        }
        let is_model = self.kind == Kind::Modelled;
        let other = if is_model { shown.uj.is_some() || shown.w.is_some() } else { shown.model.is_some() };
        other.then(|| format!("{domain} does not show what its kind does"))
    }

    fn of(facts: &SourceFacts, limits: Limits) -> Described {
        let SourceFacts { domain, kind, source, note, status, fix, belongs } = facts.clone();
        Described {
            domain,
            kind,
            source,
            note,
            status,
            fix,
            belongs,
            update_seconds: limits.update.0,
            plausible_watts: limits.plausible.0,
            holds_seconds: limits.holds.0,
            averaged_seconds: limits.averaged.0,
        }
    }

    pub(crate) fn facts(self) -> (SourceFacts, Limits) {
        let limits = Limits {
            update: Seconds(self.update_seconds),
            plausible: Watts(self.plausible_watts),
            holds: Seconds(self.holds_seconds),
            averaged: Seconds(self.averaged_seconds),
        };
        let Described { domain, kind, source, note, status, fix, belongs, .. } = self;
        (SourceFacts { domain, kind, source, note, status, fix, belongs }, limits)
    }
}

impl Shown {
    fn of(look: &Look) -> Shown {
        let beside_w = look.power.map(|power| power.0);
        let shown = match &look.reading {
            Ok(Reading::Counter { microjoules, range_microjoules }) => {
                Shown { uj: Some(*microjoules), of: *range_microjoules, ..Shown::default() }
            }
            Ok(Reading::Power(power)) => Shown { w: Some(power.0), ..Shown::default() },
            Ok(Reading::Modelled { low, central, high }) => {
                Shown { model: Some([low.0, central.0, high.0]), ..Shown::default() }
            }
            Err(error) => Shown {
                gap: Some(error.to_string()),
                void: matches!(error, ReadError::Void { .. }),
                cut: matches!(error, ReadError::Cut { .. }),
                ..Shown::default()
            },
        };
        Shown { beside_w, numbers: look.numbers.clone(), ..shown }
    }

    pub(crate) fn look(self) -> Look {
        let reading = match (self.uj, self.w, self.model) {
            (Some(microjoules), ..) => Ok(Reading::Counter { microjoules, range_microjoules: self.of }),
            (None, Some(watts), _) => Ok(Reading::Power(Watts(watts))),
            (None, None, Some(joules)) => {
                let [low, central, high] = joules.map(Joules);
                Ok(Reading::Modelled { low, central, high })
            }
            (None, None, None) => {
                let reason = self.gap.unwrap_or_else(|| "nothing was shown".to_owned());
                Err(match (self.void, self.cut) {
                    (true, _) => ReadError::Void { reason },
                    (false, true) => ReadError::Cut { reason },
                    (false, false) => ReadError::Told { reason },
                })
            }
        };
        Look { reading, power: self.beside_w.map(Watts), numbers: self.numbers }
    }
}
