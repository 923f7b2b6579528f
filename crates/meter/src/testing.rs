//! A clock and a source that tests turn by hand.

use std::sync::{Arc, Mutex};

use record::energy::{EnergyWindow, Kind, Phase};
use record::units::{Joules, Seconds, Watts};

use crate::clock::Clock;
use crate::meter::Meter;
use crate::metering::Metering;
use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};
use crate::sources::Sources;

/// Wall and processor time, by how much the date was set forward, and for how long the machine slept.
#[derive(Default)]
pub(crate) struct HandClock(Mutex<(f64, f64)>, Mutex<f64>, Mutex<f64>);

impl HandClock {
    pub(crate) fn pass(&self, wall: f64, cpu: f64) {
        let mut time = self.0.lock().unwrap();
        *time = (time.0 + wall, time.1 + cpu);
    }

    /// The machine is suspended and wakes again: the date goes on, and the time of programs does not.
    pub(crate) fn sleep(&self, seconds: f64) {
        *self.2.lock().unwrap() += seconds;
        self.set(seconds);
    }

    /// Somebody sets the date.
    pub(crate) fn set(&self, forward: f64) {
        *self.1.lock().unwrap() += forward;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Seconds {
        Seconds(self.0.lock().unwrap().0)
    }

    fn cpu(&self) -> Seconds {
        Seconds(self.0.lock().unwrap().1)
    }

    fn suspended(&self) -> Seconds {
        Seconds(*self.2.lock().unwrap())
    }

    fn unix(&self) -> f64 {
        1e9 + self.now().0 + *self.1.lock().unwrap()
    }
}

/// What a scripted source shows; `None` is a failed reading.
pub(crate) type Dial = Arc<Mutex<Option<Reading>>>;

struct Scripted(SourceFacts, Limits, Dial);

impl EnergySource for Scripted {
    fn facts(&self) -> &SourceFacts {
        &self.0
    }

    fn limits(&self) -> Limits {
        self.1
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let shown = *self.2.lock().unwrap();
        shown.ok_or_else(|| ReadError::Device { device: self.0.domain.clone(), reason: "scripted".into() })
    }
}

pub(crate) fn scripted(domain: &str, kind: Kind, limits: Limits, dial: &Dial) -> Box<dyn EnergySource> {
    let facts = SourceFacts::readable(domain, kind, "script");
    Box::new(Scripted(facts, limits, Arc::clone(dial)))
}

pub(crate) fn counter(microjoules: u64) -> Reading {
    Reading::Counter { microjoules, range_microjoules: Some(RANGE) }
}

/// That of a common server: 2^32 x 2^-14 J, as the kernel shows it.
pub(crate) const RANGE: u64 = 262_143_328_850;

/// Of no update time, so that bounds are the energy itself unless a test wants otherwise.
pub(crate) const EXACT: Limits = Limits::of(Seconds(0.0), Watts(2000.0));

/// One source, one dial, one clock, one meter; no thread.
pub(crate) struct Bench {
    pub clock: Arc<HandClock>,
    pub dial: Dial,
    pub meter: Meter,
}

impl Bench {
    pub(crate) fn new(kind: Kind, limits: Limits, first: Option<Reading>) -> Bench {
        let (clock, dial) = (Arc::new(HandClock::default()), Arc::new(Mutex::new(first)));
        let readable = vec![scripted("package-0", kind, limits, &dial)];
        let found = Found { readable, unreadable: Vec::new() };
        let meter = Meter::start(&Sources::assemble(clock.clone(), found, None));
        Bench { clock, dial, meter }
    }

    pub(crate) fn show(&self, reading: Option<Reading>) {
        *self.dial.lock().unwrap() = reading;
    }

    /// Time goes by, then the source shows something and is read.
    pub(crate) fn sample(&self, seconds: f64, reading: Option<Reading>) {
        self.clock.pass(seconds, 0.0);
        self.show(reading);
        self.meter.sample();
    }

    /// Time goes by, then the source shows something and the phase changes.
    pub(crate) fn enter(&mut self, seconds: f64, reading: Option<Reading>, phase: Phase) {
        self.clock.pass(seconds, 0.0);
        self.show(reading);
        self.meter.enter(phase);
    }

    /// Time goes by, then the source shows something and the run ends.
    pub(crate) fn finish(self, seconds: f64, reading: Option<Reading>) -> Metering {
        self.clock.pass(seconds, 0.0);
        self.show(reading);
        self.meter.finish()
    }
}

pub(crate) fn window<'a>(metering: &'a Metering, domain: &str, phase: Phase) -> &'a EnergyWindow {
    metering.energy.iter().find(|w| w.domain == domain && w.phase == phase).unwrap()
}

pub(crate) fn joules(metering: &Metering, phase: Phase) -> Option<f64> {
    window(metering, "package-0", phase).joules.map(|Joules(joules)| joules)
}
