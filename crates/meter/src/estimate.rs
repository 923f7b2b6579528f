//! The estimate for a machine without a readable counter: a straight line from idle to busy.

use std::sync::Arc;

use record::energy::Kind;
use record::units::{Joules, Seconds, Watts};

use crate::clock::Clock;
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
const SOURCE: &str = "estimate of processor packages only: joules = n x idle x wall + (busy - idle) x CPU \
    time of this process; watts per logical processor, central [low, high]: idle 1 [0.3, 3], busy 5 \
    [1.5, 15]; an assumption, bracketed by published power limits of processors (EPYC 9654 360 W / 192 \
    threads, Ryzen 9 7950X 230 W / 16 cores)";

/// The power that an unknown machine would draw for the processor time this process uses.
///
/// P = n x idle + (busy - idle) x cores in use, which is idle + (max - idle) x utilisation, the form that
/// Cloud Carbon Footprint uses, integrated: the integral of cores in use is processor time.
pub(crate) struct Estimate {
    facts: SourceFacts,
    clock: Arc<dyn Clock>,
    processors: f64,
    start: (Seconds, Seconds),
}

impl Estimate {
    /// For `processors` logical processors; `why` says why nothing better could be had.
    pub(crate) fn new(clock: Arc<dyn Clock>, processors: u64, why: &str) -> Estimate {
        let facts = SourceFacts {
            domain: "host".into(),
            kind: Kind::Modelled,
            source: format!("{SOURCE}; n = {processors}"),
            note: Some(format!("estimate: no readable energy counter ({why})")),
        };
        let start = (clock.now(), clock.cpu());
        Estimate { facts, clock, processors: processors as f64, start }
    }
}

impl EnergySource for Estimate {
    fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    fn limits(&self) -> Limits {
        // Clocks are exact to well below this; shorter spans only show their jitter.
        Limits { update: Seconds(0.001), plausible: Watts(HIGH.busy * self.processors) }
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let wall = (self.clock.now() - self.start.0).0;
        let cpu = (self.clock.cpu() - self.start.1).0;
        let energy = |per: PerCore| Joules(self.processors * per.idle * wall + (per.busy - per.idle) * cpu);
        Ok(Reading::Modelled { low: energy(LOW), central: energy(CENTRAL), high: energy(HIGH) })
    }
}
