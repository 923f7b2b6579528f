//! All sources of a machine, found once and shared by all runs of a process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use record::energy::Kind;
use record::units::Seconds;

use crate::clock::{Clock, SystemClock};
use crate::estimate::Estimate;
use crate::rapl::ReadText;
use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};
use crate::{host, nvml, rapl};

/// Where to look for sources, and how often to read them.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The folder under which `sys` and `proc` lie: `/`, or a test's imitation.
    pub root: PathBuf,
    /// Whether to look for NVIDIA cards.
    pub nvml: bool,
    /// Time between two readings of the counters while a phase lasts.
    pub interval: Seconds,
}

impl Default for Options {
    fn default() -> Self {
        Options { root: "/".into(), nvml: true, interval: Seconds(0.1) }
    }
}

/// Found once per process and shared by all runs; a clone is the same sources.
#[derive(Clone)]
pub struct Sources(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    readable: Vec<Mutex<Box<dyn EnergySource>>>,
    facts: Vec<(SourceFacts, Limits)>,
    unreadable: Vec<SourceFacts>,
    interval: Option<Seconds>,
}

impl Sources {
    /// Looks for everything that can be read here. Never fails: without a counter for the processor
    /// packages there is an estimate, and what could not be read is described with the reason.
    #[must_use]
    pub fn discover(options: &Options) -> Sources {
        let read: ReadText = Arc::new(|file: &Path| std::fs::read_to_string(file));
        let cards = if options.nvml { nvml::discover(nvml::open()) } else { Found::default() };
        Sources::combine(options, Arc::new(SystemClock::start()), rapl::discover(&options.root, &read), cards)
    }

    /// From given parts, for tests and replays. `sources` are read at the edges of phases, and every
    /// `interval` by a thread if there is one; `unreadable` are only described and recorded as unknown.
    #[must_use]
    pub fn assemble(clock: Arc<dyn Clock>, sources: Found, interval: Option<Seconds>) -> Sources {
        let facts = sources.readable.iter().map(|s| (s.facts().clone(), s.limits())).collect();
        let readable = sources.readable.into_iter().map(Mutex::new).collect();
        Sources(Arc::new(Inner { clock, readable, facts, unreadable: sources.unreadable, interval }))
    }

    /// What is read here, and what is not and why.
    #[must_use]
    pub fn describe(&self) -> Vec<SourceFacts> {
        self.facts().map(|(facts, _)| facts).chain(&self.0.unreadable).cloned().collect()
    }

    pub(crate) fn combine(
        options: &Options,
        clock: Arc<dyn Clock>,
        packages: Found,
        cards: Found,
    ) -> Sources {
        let mut found = packages;
        if !found.readable.iter().any(|source| is_package(source.domain())) {
            let why: Vec<_> = found.unreadable.iter().filter(|facts| facts.domain != "psys").collect();
            let why = match why.as_slice() {
                [] => "no package among the RAPL zones".to_string(),
                [first, ..] => first.note.clone().unwrap_or_default(),
            };
            let processors = host::usable_processors(&options.root);
            found.readable.push(Box::new(Estimate::new(Arc::clone(&clock), processors, &why)));
        }
        found.readable.extend(cards.readable);
        found.unreadable.extend(cards.unreadable);
        Sources::assemble(clock, found, Some(options.interval))
    }

    pub(crate) fn facts(&self) -> impl Iterator<Item = &(SourceFacts, Limits)> {
        self.0.facts.iter()
    }

    /// Parts of the machine's total that are known to exist and cannot be read. An estimate of the host
    /// stands in for packages and memory; the platform only repeats its parts.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &SourceFacts> {
        let estimated = self.facts().any(|(facts, _)| facts.kind == Kind::Modelled);
        self.0.unreadable.iter().filter(move |facts| {
            let domain = &facts.domain;
            domain.starts_with("gpu-") || (!estimated && (is_package(domain) || domain.starts_with("dram-")))
        })
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// How often to sample; `None` when the edges of phases are enough, as they are for a model.
    pub(crate) fn sampling(&self) -> Option<Seconds> {
        self.facts().any(|(facts, _)| facts.kind != Kind::Modelled).then_some(self.0.interval).flatten()
    }

    /// Reads all sources, in the order of [`Sources::facts`].
    pub(crate) fn read(&self) -> Vec<Result<Reading, ReadError>> {
        let lock = |source: &Mutex<Box<dyn EnergySource>>| {
            source.lock().unwrap_or_else(PoisonError::into_inner).read()
        };
        self.0.readable.iter().map(lock).collect()
    }
}

fn is_package(domain: &str) -> bool {
    domain.starts_with("package-")
}

#[cfg(test)]
mod tests;
