//! All sources of a machine, found once and shared by all runs of a process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use record::card::CardState;
use record::energy::Kind;
use record::units::Seconds;

use crate::clock::{Clock, SystemClock};
use crate::estimate::Estimate;
use crate::rapl::ReadText;
use crate::sampler::{self, Rate};
use crate::source::{EnergySource, Found, Limits, Look, ReadError, SourceFacts};
use crate::visible::CardChoice;
use crate::{battery, host, hwmon, nvml, perf, processor_times, rapl};

/// Intervals of the sampler over which readings of power are joined; beyond, it did not run.
const HELD: f64 = 5.0;

/// Between two looks that show whether a counter moves.
const MOVES: Duration = Duration::from_millis(200);

/// Where to look for sources, and how often to read them.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The folder under which `sys` and `proc` lie: `/`, or a test's imitation.
    pub root: PathBuf,
    /// Where to look for NVIDIA cards.
    pub nvml: NvmlLibrary,
    /// Which of them this process may use.
    pub cards: CardChoice,
    /// Whose processor time an estimate is made of, where there is no counter.
    pub estimate: EstimateOf,
    /// Time between two readings while a phase lasts; `None` for a tenth of a second, and after a minute a whole one where
    /// only counters are read, whose edges are enough.
    pub interval: Option<Seconds>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            root: "/".into(),
            nvml: NvmlLibrary::Driver,
            cards: CardChoice::default(),
            estimate: EstimateOf::Process,
            interval: None,
        }
    }
}

impl Options {
    /// For a folder that imitates a machine: its `sys` and `proc`, and its cards only where it brings a library for them.
    #[must_use]
    pub fn imitated(root: &Path) -> Options {
        let library = root.join("lib/libnvidia-ml.so.1");
        let nvml = if library.exists() { NvmlLibrary::At(library) } else { NvmlLibrary::None };
        Options { root: root.into(), nvml, ..Options::default() }
    }
}

/// The library of NVIDIA's driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NvmlLibrary {
    /// The one that is installed.
    Driver,
    /// A file.
    At(PathBuf),
    /// None: cards are left out.
    None,
}

impl NvmlLibrary {
    pub(crate) fn open(&self) -> Option<Result<Arc<dyn nvml::Cards>, nvml::NoCards>> {
        match self {
            NvmlLibrary::Driver => Some(nvml::open(None)),
            NvmlLibrary::At(library) => Some(nvml::open(Some(library))),
            NvmlLibrary::None => None,
        }
    }
}

/// Whose processor time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EstimateOf {
    /// That of this process: for its own work.
    Process,
    /// That of everything on the machine: for the work of another.
    Machine,
}

/// Found once per process and shared by all runs; a clone is the same sources.
#[derive(Clone)]
pub struct Sources(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    readable: Vec<Mutex<Box<dyn EnergySource>>>,
    facts: Vec<(SourceFacts, Limits)>,
    unreadable: Vec<SourceFacts>,
    rate: Option<Rate>,
    watches_machine: bool,
    root: PathBuf,
}

impl Sources {
    /// Looks for everything that can be read here. Never fails: without a counter for the processor
    /// packages there is an estimate, and what could not be read is described with the reason.
    #[must_use]
    pub fn discover(options: &Options) -> Sources {
        let read: ReadText = Arc::new(|file: &Path| std::fs::read_to_string(file));
        let cards = options
            .nvml
            .open()
            .map_or_else(Found::default, |cards| nvml::discover(cards, &options.cards, &options.root));
        // An imitated machine has no events.
        let open = |event: &str, cpu| perf::open(event, cpu);
        let events: Option<&perf::Open> = if options.root == Path::new("/") { Some(&open) } else { None };
        let mut counters = packages(&options.root, &read, events);
        counters.join(hwmon::discover(&options.root, &read, &counters));
        counters.join(battery::discover(&options.root));
        Sources::combine(options, Arc::new(SystemClock::start()), counters, cards)
    }

    /// From given parts, for tests and replays. `sources` are read at the edges of phases, and every
    /// `interval` by a thread if there is one; `unreadable` are only described and recorded as unknown.
    #[must_use]
    pub fn assemble(clock: Arc<dyn Clock>, sources: Found, interval: Option<Seconds>) -> Sources {
        let rate = interval.map(|interval| Rate { interval, relaxes: false });
        Sources::new(clock, sources, rate, false, Path::new("/"))
    }

    fn new(
        clock: Arc<dyn Clock>,
        sources: Found,
        rate: Option<Rate>,
        watches_machine: bool,
        root: &Path,
    ) -> Sources {
        let limits = |limits: Limits| match rate {
            Some(rate) => Limits { holds: Seconds(HELD * rate.interval.0), ..limits },
            None => limits,
        };
        let facts = sources.readable.iter().map(|s| (s.facts().clone(), limits(s.limits()))).collect();
        let readable = sources.readable.into_iter().map(Mutex::new).collect();
        let unreadable = sources.unreadable;
        let root = root.to_owned();
        Sources(Arc::new(Inner { clock, readable, facts, unreadable, rate, watches_machine, root }))
    }

    /// The folder in which the `sys` and `proc` of the metered machine lie.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// What is read here, and what is not and why.
    #[must_use]
    pub fn describe(&self) -> Vec<SourceFacts> {
        self.facts().map(|(facts, _)| facts).chain(&self.0.unreadable).cloned().collect()
    }

    /// As [`Sources::describe`], after a second look: a counter that should have moved meanwhile and did not has a note that says so.
    #[must_use]
    pub fn examine(&self) -> Vec<SourceFacts> {
        let mut described = self.describe();
        self.note_machine(&mut described);
        let moves = |(facts, limits): &(SourceFacts, Limits)| {
            facts.kind == Kind::Counter && MOVES >= 2 * Duration::from_secs_f64(limits.update.0)
        };
        if !self.facts().any(moves) {
            return described;
        }
        let before = self.read();
        std::thread::sleep(MOVES);
        let looks = before.into_iter().zip(self.read());
        for ((facts, (before, after)), known) in described.iter_mut().zip(looks).zip(self.facts()) {
            let same =
                before.reading.ok().zip(after.reading.ok()).is_some_and(|(before, after)| before == after);
            if same && moves(known) {
                let stood =
                    format!("did not move in {} s, so its joules may be unknown", MOVES.as_secs_f64());
                facts.note = Some(facts.note.take().map_or(stood.clone(), |note| format!("{note}; {stood}")));
            }
        }
        described
    }

    /// Says of an estimate that follows this process alone where that of a whole machine, which other programs need, has no data.
    fn note_machine(&self, described: &mut [SourceFacts]) {
        let Err(error) = processor_times::of_machine(&self.root().join("proc/stat")) else { return };
        for facts in described.iter_mut().filter(|facts| facts.kind == Kind::Modelled) {
            let words = format!("of trainings only, as `ergo meter` can estimate no other program: {error}");
            facts.note = Some(facts.note.take().map_or(words.clone(), |note| format!("{note}; {words}")));
        }
    }

    pub(crate) fn combine(
        options: &Options,
        clock: Arc<dyn Clock>,
        packages: Found,
        cards: Found,
    ) -> Sources {
        let mut found = packages;
        if !has_package(&found) {
            let of_package = |facts: &&SourceFacts| facts.domain.starts_with("package");
            let why: Vec<_> = found.unreadable.iter().filter(of_package).collect();
            let why = match why.as_slice() {
                [] => "no package among the RAPL zones".to_string(),
                // What to type against it stands with the source itself.
                [first, ..] => first.note.clone().unwrap_or_default(),
            };
            match estimate(options, &clock, &why) {
                Ok(estimate) => found.readable.push(Box::new(estimate)),
                Err(error) => found.unreadable.push(SourceFacts::refused("host", "estimate", &error)),
            }
        }
        found.join(cards);
        let watches_machine = options.estimate == EstimateOf::Machine;
        let rate = Rate {
            interval: options.interval.unwrap_or(sampler::USUAL),
            relaxes: options.interval.is_none(),
        };
        Sources::new(clock, found, Some(rate), watches_machine, &options.root)
    }

    pub(crate) fn facts(&self) -> impl Iterator<Item = &(SourceFacts, Limits)> {
        self.0.facts.iter()
    }

    pub(crate) fn unreadable(&self) -> &[SourceFacts] {
        &self.0.unreadable
    }

    /// Parts of the machine's total that are known to exist and cannot be read.
    pub(crate) fn unknown(&self) -> Vec<&SourceFacts> {
        let readable: Vec<&SourceFacts> = self.facts().map(|(facts, _)| facts).collect();
        unknown(&readable, &self.0.unreadable)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    /// How often to sample; `None` when the edges of phases are enough, as they are for a model.
    pub(crate) fn sampling(&self) -> Option<Rate> {
        let samples =
            |(facts, _): &(SourceFacts, Limits)| facts.kind != Kind::Modelled || self.0.watches_machine;
        self.facts().any(samples).then_some(self.0.rate).flatten()
    }

    /// Reads all sources, in the order of [`Sources::facts`].
    pub(crate) fn read(&self) -> Vec<Look> {
        each(&self.0.readable, |source| Look {
            reading: source.read(),
            power: source.power(),
            numbers: source.numbers(),
        })
    }

    /// The state of each card, in the order of [`Sources::facts`]; `None` of everything else.
    pub(crate) fn cards(&self) -> Vec<Option<CardState>> {
        each(&self.0.readable, |source| source.card())
    }
}

/// Parts of what is metered that are known to exist and cannot be read. An estimate of the host stands in for packages
/// and memory; the platform only repeats its parts.
pub(crate) fn unknown<'a>(readable: &[&SourceFacts], unreadable: &'a [SourceFacts]) -> Vec<&'a SourceFacts> {
    let estimated = readable.iter().any(|facts| facts.kind == Kind::Modelled);
    let is_part = |facts: &&SourceFacts| {
        let domain = &facts.domain;
        // What one way does not show, another may.
        if !facts.belongs || readable.iter().any(|known| known.domain == *domain) {
            return false;
        }
        domain.starts_with("gpu-")
            || domain == "host"
            || (!estimated && (is_package(domain) || domain.starts_with("dram-")))
    };
    unreadable.iter().filter(is_part).collect()
}

/// Counters of packages and memory by powercap, or the same counters by `events` where its files are not for this user.
fn packages(root: &Path, read: &ReadText, events: Option<&perf::Open>) -> Found {
    let mut counters = rapl::discover(root, read);
    if let Some(open) = events.filter(|_| !has_package(&counters)) {
        counters.join(perf::discover(root, open));
    }
    counters
}

fn has_package(found: &Found) -> bool {
    found.readable.iter().any(|source| is_package(source.domain()))
}

fn estimate(options: &Options, clock: &Arc<dyn Clock>, why: &str) -> Result<Estimate, ReadError> {
    let (clock, model) = (Arc::clone(clock), host::processor_model(&options.root));
    match options.estimate {
        EstimateOf::Process => {
            let processors = host::usable_processors(&options.root);
            Ok(Estimate::of_process(clock, &model, processors, why))
        }
        EstimateOf::Machine => Estimate::of_machine(clock, &options.root, &model, why),
    }
}

/// Every source in turn, whatever a panic elsewhere left of it.
fn each<T>(
    sources: &[Mutex<Box<dyn EnergySource>>],
    mut look: impl FnMut(&mut dyn EnergySource) -> T,
) -> Vec<T> {
    let lock = |source: &Mutex<Box<dyn EnergySource>>| {
        look(source.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
    };
    sources.iter().map(lock).collect()
}

fn is_package(domain: &str) -> bool {
    domain.starts_with("package-")
}

#[cfg(test)]
mod tests;
