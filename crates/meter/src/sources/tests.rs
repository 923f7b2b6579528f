//! Tests of which sources are used together, and of the estimate.

use std::fs;

use record::energy::{BoundsCover, Phase, total};
use record::units::{Joules, Watts};
use tempfile::TempDir;

use super::*;
use crate::meter::Meter;
use crate::metering::Metering;
use crate::source::Reading;
use crate::testing::{EXACT, HandClock, counter, scripted, window};

/// A root with four processors of which this process may use three.
fn root() -> TempDir {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("proc/self")).unwrap();
    fs::write(root.path().join("proc/cpuinfo"), "processor\t: 0\n".repeat(4)).unwrap();
    fs::write(root.path().join("proc/self/status"), "Name:\tx\nCpus_allowed_list:\t0-1,3\n").unwrap();
    root
}

fn options(root: &TempDir) -> Options {
    Options { root: root.path().into(), nvml: NvmlLibrary::None, ..Options::default() }
}

/// A run of 10 s of training that used `cpu` seconds of processor time, on a machine without counters.
fn estimated(cpu: f64) -> Metering {
    let root = root();
    let clock = Arc::new(HandClock::default());
    let reader: ReadText = Arc::new(|file: &Path| fs::read_to_string(file));
    let packages = rapl::discover(root.path(), &reader);
    let sources = Sources::combine(&options(&root), clock.clone(), packages, Found::default());
    assert_eq!(sources.sampling(), None);
    let mut meter = Meter::start(&sources);
    meter.enter(Phase::Train);
    clock.pass(5.0, cpu / 2.0);
    assert_eq!(meter.live().kind, Kind::Modelled);
    clock.pass(5.0, cpu / 2.0);
    meter.finish()
}

#[test]
fn the_estimate_follows_processor_time_and_says_what_it_assumes() {
    let metering = estimated(20.0);
    let train = window(&metering, "host", Phase::Train);
    // n x idle x wall + (busy - idle) x cpu, for n = 3, 10 s and 20 s: 3 x 1 x 10 + 4 x 20 = 110 J, low
    // 3 x 0.3 x 10 + 1.2 x 20 = 33 J, high 3 x 3 x 10 + 12 x 20 = 330 J.
    let close = |joules: Option<Joules>, expected: f64| (joules.unwrap().0 - expected).abs() < 1e-9;
    assert!(close(train.joules, 110.0), "{:?}", train.joules);
    assert!(close(train.joules_low, 33.0), "{:?}", train.joules_low);
    assert!(close(train.joules_high, 330.0), "{:?}", train.joules_high);
    assert_eq!((train.kind, train.bounds_cover), (Kind::Modelled, Some(BoundsCover::Model)));
    assert!((train.watts_mean.unwrap().0 - 11.0).abs() < 1e-9);
    for words in ["n = 3", "idle 1 [0.3, 3]", "busy 5 [1.5, 15]", "CPU time of this process"] {
        assert!(train.source.contains(words), "{}", train.source);
    }
    let notes = &window(&metering, "host", Phase::Total).notes;
    assert!(notes[0].starts_with("estimate: no readable energy counter (no "), "{notes:?}");
    assert!(notes[0].ends_with("sys/class/powercap)"), "{notes:?}");
    assert_eq!(total(&metering.energy, Phase::Train).map(|(_, kind)| kind), Some(Kind::Modelled));
    // Idle costs less, but not nothing: 30 J.
    assert!(close(window(&estimated(0.0), "host", Phase::Train).joules, 30.0));
}

#[test]
fn a_package_counter_leaves_no_room_for_an_estimate() {
    let root = root();
    let clock = Arc::new(HandClock::default());
    let dial = Arc::new(Mutex::new(Some(counter(1))));
    let packages = Found {
        readable: vec![scripted("package-0", Kind::Counter, EXACT, &dial)],
        unreadable: vec![
            SourceFacts::unreadable("package-1", "RAPL", "denied"),
            SourceFacts::unreadable("psys", "RAPL", "denied"),
            SourceFacts::left_out("package-2", "RAPL", "of another machine"),
        ],
    };
    let cards = Found {
        readable: Vec::new(),
        unreadable: vec![SourceFacts::unreadable("gpu", "NVML", "no library")],
    };
    let sources = Sources::combine(&options(&root), clock, packages, cards);
    let domains: Vec<_> = sources.describe().into_iter().map(|facts| facts.domain).collect();
    assert_eq!(domains, ["package-0", "package-1", "psys", "package-2", "gpu"]);
    assert_eq!(sources.sampling(), Some(Rate { interval: Seconds(0.1), relaxes: true }));
    let unknown: Vec<_> = sources.unknown().into_iter().map(|facts| facts.domain.as_str()).collect();
    assert_eq!(unknown, ["package-1"]);
}

#[test]
fn an_unreadable_package_is_estimated_with_the_reason_and_does_not_hide_the_estimate() {
    let root = root();
    let packages = Found {
        readable: Vec::new(),
        unreadable: vec![SourceFacts::unreadable("package-0", "RAPL", "x/energy_uj: permission denied")],
    };
    let clock = Arc::new(HandClock::default());
    let sources = Sources::combine(&options(&root), clock.clone(), packages, Found::default());
    let meter = Meter::start(&sources);
    clock.pass(1.0, 1.0);
    let metering = meter.finish();
    let domains: Vec<_> = metering.energy.iter().map(|w| w.domain.as_str()).collect();
    assert_eq!(domains, ["host", "host"]);
    let note = &window(&metering, "host", Phase::Total).notes[0];
    assert!(note.contains("x/energy_uj: permission denied"), "{note}");
    // 3 x 1 W idle and 4 W more for one busy processor.
    assert_eq!(window(&metering, "host", Phase::Total).watts_mean, Some(Watts(7.0)));
}

/// Files of powercap that are root's alone, as distributions have them since 2020, send the same counters through perf; where
/// they can be read nothing is opened, and where perf is refused too both reasons stand.
#[test]
fn perf_events_stand_in_for_files_that_cannot_be_read() {
    let root = perf::tests::machine();
    let zone = root.path().join("sys/class/powercap/intel-rapl:0");
    fs::create_dir_all(&zone).unwrap();
    for (file, text) in [("name", "package-0"), ("max_energy_range_uj", "1000000"), ("energy_uj", "5")] {
        fs::write(zone.join(file), text).unwrap();
    }
    let denied: ReadText = Arc::new(|file: &Path| match file.ends_with("energy_uj") {
        true => Err(std::io::ErrorKind::PermissionDenied.into()),
        false => fs::read_to_string(file),
    });
    let opened: &perf::Open = &|_, cpu| Ok(Box::new(perf::tests::Fixed(cpu as u64)));
    let found = packages(root.path(), &denied, Some(opened));
    let sources: Vec<String> = found
        .readable
        .iter()
        .map(|source| format!("{} {}", source.domain(), source.facts().source))
        .collect();
    assert!(sources[0].starts_with("package-0 perf power/energy-pkg/"), "{sources:?}");
    assert!(found.unreadable.iter().any(|facts| facts.domain == "package-0"), "{:?}", found.unreadable);
    let allowed: ReadText = Arc::new(|file: &Path| fs::read_to_string(file));
    let found = packages(root.path(), &allowed, Some(&|_, _| panic!("nothing is opened")));
    assert_eq!(found.readable.len(), 1);
    let refused: &perf::Open = &|_, _| Err(std::io::ErrorKind::PermissionDenied.into());
    let found = packages(root.path(), &denied, Some(refused));
    let fixes: Vec<&String> = found.unreadable.iter().filter_map(|facts| facts.fix.as_ref()).collect();
    assert!(found.readable.is_empty(), "{}", found.readable.len());
    for words in ["energy_uj", "cap_perfmon"] {
        assert!(fixes.iter().any(|fix| fix.contains(words)), "`{words}` is not in: {fixes:?}");
    }
}

/// A platform contains its packages; one that shows less is not that of the whole machine.
#[test]
fn a_platform_below_its_packages_is_doubted() {
    for (microjoules, is_doubted) in [(20_000_000, true), (60_000_000, false)] {
        let clock = Arc::new(HandClock::default());
        let [package, platform] = [0, 0].map(|_| Arc::new(Mutex::new(Some(counter(5)))));
        let readable = vec![
            scripted("package-0", Kind::Counter, EXACT, &package),
            scripted("psys", Kind::Counter, EXACT, &platform),
        ];
        let found = Found { readable, unreadable: Vec::new() };
        let meter = Meter::start(&Sources::assemble(clock.clone(), found, None));
        clock.pass(1.0, 0.0);
        *package.lock().unwrap() = Some(counter(50_000_005));
        *platform.lock().unwrap() = Some(counter(microjoules + 5));
        let metering = meter.finish();
        let notes = window(&metering, "psys", Phase::Total).notes.join(" ");
        assert_eq!(notes.contains("less than the packages, 50.0 J"), is_doubted, "{notes}");
    }
}

/// A counter that moves many times a second and shows the same for a fifth of one is told; one that does move is not, and of one
/// that moves every half minute nothing is expected.
#[test]
fn a_counter_that_stands_is_noted() {
    struct Moving(SourceFacts, u64);
    impl EnergySource for Moving {
        fn facts(&self) -> &SourceFacts {
            &self.0
        }
        fn limits(&self) -> Limits {
            Limits::of(Seconds(0.001), Watts(2000.0))
        }
        fn read(&mut self) -> Result<Reading, ReadError> {
            self.1 += 1000;
            Ok(counter(self.1))
        }
    }
    let dial = Arc::new(Mutex::new(Some(counter(5))));
    let quick = Limits::of(Seconds(0.001), Watts(2000.0));
    let slow = Limits { update: Seconds(30.0), ..quick };
    let readable: Vec<Box<dyn EnergySource>> = vec![
        scripted("package-0", Kind::Counter, quick, &dial),
        Box::new(Moving(SourceFacts::readable("package-1", Kind::Counter, "script"), 0)),
        scripted("battery", Kind::Counter, slow, &dial),
    ];
    let sources =
        Sources::assemble(Arc::new(HandClock::default()), Found { readable, unreadable: Vec::new() }, None);
    let noted: Vec<bool> = sources.examine().iter().map(|facts| facts.note.is_some()).collect();
    assert_eq!(noted, [true, false, false]);
}
