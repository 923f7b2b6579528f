//! The estimate for a machine without a readable counter: a straight line from idle to busy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use record::energy::Kind;
use record::units::{Joules, Seconds, Watts};

use crate::clock::Clock;
use crate::processor_times::{self, MachineTicks, TICKS_PER_SECOND};
use crate::source::{EnergySource, Limits, ReadError, Reading, SourceFacts};

/// Watts of one logical processor, for one view of an unknown machine.
#[derive(Clone, Copy, Debug)]
struct PerCore {
    idle: f64,
    busy: f64,
}

/// The thriftiest: an EPYC 9654, 360 W / 192 threads = 1.9 W, with a margin below.
const LOW: PerCore = PerCore { idle: 0.3, busy: 1.5 };
/// About the geometric mean of the other two. Tools in use lie near it: CodeCarbon 3.3 takes 4 W a thread
/// for a processor that it does not know.
const CENTRAL: PerCore = PerCore { idle: 1.0, busy: 5.0 };
/// The thirstiest: a Ryzen 9 7950X, 230 W / 16 cores = 14.4 W, where every core counts as one processor.
const HIGH: PerCore = PerCore { idle: 3.0, busy: 15.0 };

/// Says for a record what was assumed.
const ASSUMED: &str = "watts per logical processor, central [low, high]: idle 1 [0.3, 3], busy 5 [1.5, 15]; an \
    assumption, bracketed by published power limits of processors (EPYC 9654 360 W / 192 threads, Ryzen 9 7950X 230 \
    W / 16 cores)";

/// The power that an unknown machine would draw for the processor time that is used.
///
/// P = n x idle + (busy - idle) x cores in use, which is idle + (max - idle) x utilisation, the form that
/// Cloud Carbon Footprint uses, integrated: the integral of cores in use is processor time.
pub(crate) struct Estimate {
    facts: SourceFacts,
    clock: Arc<dyn Clock>,
    processors: f64,
    used: Used,
    start: Seconds,
    used_before: f64,
}

/// Whose processor time counts.
enum Used {
    /// That of this process, by its own clock.
    Process,
    /// That of everything on the machine, by `/proc/stat`.
    Machine(PathBuf),
}

impl Estimate {
    /// Of what this process uses of `processors` logical processors of a `model`, which is told and changes nothing, as its watts are
    /// not known; `why` says why nothing better could be had.
    pub(crate) fn of_process(clock: Arc<dyn Clock>, model: &str, processors: u64, why: &str) -> Estimate {
        let source = format!(
            "estimate of processor packages only: joules = n x idle x wall + (busy - idle) x CPU time of this process; \
             {ASSUMED}; n = {processors} of {model}"
        );
        let used_before = clock.cpu().0;
        Estimate::new(clock, Used::Process, used_before, processors as f64, &source, why)
    }

    /// Of what everything on the machine under `root` uses.
    ///
    /// # Errors
    /// When its `/proc/stat` does not tell.
    pub(crate) fn of_machine(
        clock: Arc<dyn Clock>,
        root: &Path,
        model: &str,
        why: &str,
    ) -> Result<Estimate, ReadError> {
        let stat = root.join("proc/stat");
        let (used_before, processors) = busy(&stat)?;
        let source = format!(
            "estimate of processor packages only: joules = n x idle x wall + (busy - idle) x CPU time of the whole \
             machine by {}; {ASSUMED}; n = {processors} of {model}",
            stat.display()
        );
        Ok(Estimate::new(clock, Used::Machine(stat), used_before, processors as f64, &source, why))
    }

    fn new(
        clock: Arc<dyn Clock>,
        used: Used,
        used_before: f64,
        processors: f64,
        source: &str,
        why: &str,
    ) -> Estimate {
        let facts = SourceFacts {
            note: Some(format!("estimate: no readable energy counter ({why})")),
            ..SourceFacts::readable("host", Kind::Modelled, source)
        };
        let start = clock.now();
        Estimate { facts, clock, processors, used, start, used_before }
    }
}

/// Seconds that all processors together were busy since the machine was started, and how many there are. What a
/// hypervisor gave to others was not ours.
fn busy(stat: &Path) -> Result<(f64, u64), ReadError> {
    let MachineTicks { programs, interrupts, processors, .. } = processor_times::of_machine(stat)?;
    Ok((programs.saturating_add(interrupts) as f64 / TICKS_PER_SECOND, processors))
}

impl EnergySource for Estimate {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        // Shorter spans only show the jitter of the clock of processor time.
        let update = match self.used {
            Used::Process => Seconds(0.001),
            Used::Machine(_) => Seconds(1.0 / TICKS_PER_SECOND),
        };
        Limits::of(update, Watts(HIGH.busy * self.processors))
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let used = match &self.used {
            Used::Process => self.clock.cpu().0,
            Used::Machine(stat) => busy(stat)?.0,
        };
        let wall = (self.clock.now() - self.start).0;
        let most = self.processors * wall;
        let cpu = used - self.used_before;
        // Ticks come late or early by one for each processor, but never run backwards, nor faster than all of them.
        if !(0.0..=most + self.processors + 1.0).contains(&cpu) {
            let reason = format!(
                "shows {cpu:.1} s of processor time in {wall:.1} s on {} processors",
                self.processors
            );
            return Err(ReadError::Device { device: "the clock of processor time".into(), reason });
        }
        let cpu = if matches!(self.used, Used::Machine(_)) { cpu.min(most) } else { cpu };
        let energy = |per: PerCore| Joules(self.processors * per.idle * wall + (per.busy - per.idle) * cpu);
        Ok(Reading::Modelled { low: energy(LOW), central: energy(CENTRAL), high: energy(HIGH) })
    }
}
