//! Tests of the search for RAPL zones in imitated folders.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use record::energy::Phase;
use tempfile::TempDir;

use super::*;
use crate::meter::Meter;
use crate::sources::Sources;
use crate::testing::{HandClock, RANGE, joules, window};

/// A zone's folder, its name and what its counter shows.
type Imitated<'a> = (&'a str, &'a str, u64);

fn tree(zones: &[Imitated]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (folder, name, microjoules) in zones {
        let folder = root.path().join("sys/class/powercap").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("name"), format!("{name}\n")).unwrap();
        fs::write(folder.join("energy_uj"), format!("{microjoules}\n")).unwrap();
        fs::write(folder.join("max_energy_range_uj"), format!("{RANGE}\n")).unwrap();
    }
    root
}

/// From now on the counter of a zone shows this.
fn show(root: &TempDir, zone: &str, microjoules: u64) {
    let file = root.path().join("sys/class/powercap").join(zone).join("energy_uj");
    fs::write(file, microjoules.to_string()).unwrap();
}

fn plain() -> ReadText {
    Arc::new(|file: &Path| fs::read_to_string(file))
}

fn domains(found: &Found) -> Vec<&str> {
    found.readable.iter().map(|source| source.domain()).collect()
}

fn check(zones: &[Imitated], expected: &[&str]) {
    let root = tree(zones);
    let found = discover(root.path(), &plain());
    assert_eq!(domains(&found), expected);
    let why: Vec<_> = found.unreadable.iter().map(|facts| &facts.note).collect();
    assert!(why.is_empty(), "{why:?}");
}

#[test]
fn packages_memory_and_platform_are_kept_apart_and_parts_of_packages_left_out() {
    check(&[("intel-rapl:0", "package-0", 1), ("intel-rapl:0:0", "core", 2)], &["package-0"]);
    check(
        &[
            ("intel-rapl:0", "package-0", 100),
            ("intel-rapl:0:0", "core", 2),
            ("intel-rapl:0:1", "uncore", 3),
            ("intel-rapl:0:2", "dram", 4),
            ("intel-rapl:1", "package-1", 500),
            ("intel-rapl:1:0", "dram", 6),
            ("intel-rapl:2", "psys", 7),
        ],
        &["package-0", "package-1", "dram-0", "dram-1", "psys"],
    );
}

#[test]
fn names_that_mean_nothing_are_ignored() {
    check(
        &[
            ("intel-rapl", "intel-rapl", 0),
            ("intel-rapl:a", "package-7", 1),
            ("intel-rapl:+1", "package-8", 1),
            ("intel-rapl:", "package-9", 1),
            ("dtpm:0", "package-3", 1),
            ("intel-rapl:0", "package-0", 1),
            ("intel-rapl:1", "package-x", 1),
            ("intel-rapl:2", "dram", 1),
            ("intel-rapl:3", "package-0-die-", 1),
            ("intel-rapl:0:0", "package-1", 1),
        ],
        &["package-0"],
    );
}

#[test]
fn twelve_sockets_come_in_numerical_order() {
    let zones: Vec<_> = (0..12).map(|i| (format!("intel-rapl:{i}"), format!("package-{i}"))).collect();
    let zones: Vec<Imitated> = zones.iter().map(|(f, n)| (f.as_str(), n.as_str(), 1)).collect();
    let expected: Vec<_> = zones.iter().map(|zone| zone.1).collect();
    check(&zones, &expected);
}

#[test]
fn the_memory_mapped_twin_counts_once_and_stands_in_when_it_alone_answers() {
    let zones = [("intel-rapl:0", "package-0", 1000), ("intel-rapl-mmio:0", "package-0", 1010)];
    check(&zones, &["package-0"]);
    let root = tree(&zones);
    let source = |found: &Found| found.readable[0].facts().source.clone();
    assert!(source(&discover(root.path(), &plain())).contains("powercap/intel-rapl:0/"));
    fs::remove_file(root.path().join("sys/class/powercap/intel-rapl:0/energy_uj")).unwrap();
    let found = discover(root.path(), &plain());
    assert_eq!(domains(&found), ["package-0"]);
    assert!(source(&found).contains("intel-rapl-mmio:0"));
}

#[test]
fn mirrored_dies_count_once_and_others_each() {
    let dies = |second| {
        [
            ("intel-rapl:0", "package-0-die-0", 1_000_000_000),
            ("intel-rapl:1", "package-0-die-1", second),
            ("intel-rapl:2", "package-1-die-0", 5_000_000_000),
        ]
    };
    // 0.9% apart, then 1.1%.
    check(&dies(1_009_000_000), &["package-0", "package-1"]);
    check(&dies(1_011_200_000), &["package-0", "package-0", "package-1"]);
    let root = tree(&dies(1_000_000_001));
    let note = discover(root.path(), &plain()).readable[0].facts().note.clone();
    assert_eq!(note.as_deref(), Some("2 dies show one counter, which is counted once"));
}

/// Of three dies two show one counter: it counts once, beside the third.
#[test]
fn some_dies_may_be_mirrors() {
    let zones = [
        ("intel-rapl:0", "package-0-die-0", 1_000_000_000),
        ("intel-rapl:1", "package-0-die-1", 9_000_000_000),
        ("intel-rapl:2", "package-0-die-2", 1_000_000_000),
    ];
    check(&zones, &["package-0", "package-0"]);
    let note = discover(tree(&zones).path(), &plain()).readable[0].facts().note.clone();
    assert_eq!(note.as_deref(), Some("3 dies show 2 counters, which are added"));
}

/// Two dies that happen to agree at first, and draw 20 W and 90 W: half of it left out would be a silent wrong number.
#[test]
fn dies_that_part_are_unknown_and_not_halved() {
    let zones = [
        ("intel-rapl:0", "package-0-die-0", 100_000_000_000),
        ("intel-rapl:1", "package-0-die-1", 100_500_000_000),
    ];
    let root = tree(&zones);
    let clock = Arc::new(HandClock::default());
    let sources = Sources::assemble(clock.clone(), discover(root.path(), &plain()), None);
    let show = |zone: &str, microjoules: u64| show(&root, zone, microjoules);
    let run = |first: u64, second: u64| {
        let meter = Meter::start(&sources);
        clock.pass(1.0, 0.0);
        show("intel-rapl:0", 100_000_000_000 + first);
        show("intel-rapl:1", 100_500_000_000 + second);
        meter.finish()
    };
    // A mirror may be an update late.
    assert_eq!(joules(&run(20_000_000, 20_900_000), Phase::Total), Some(20.0));
    let metering = run(40_000_000, 110_000_000);
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!(total.joules, None);
    assert!(
        total.notes.iter().any(|note| note.contains("were one counter and show different counts")),
        "{:?}",
        total.notes
    );
    // Each drew its own, so that what they drew together is not what one of them shows.
    assert_eq!(joules(&run(130_000_000, 130_000_000), Phase::Total), None);
}

/// What was counted before dies parted may have been a half too, so that nothing of the run is known; a twin that shows something false
/// for a moment changes nothing.
#[test]
fn dies_that_part_void_what_was_read_and_a_glitch_does_not() {
    let zones =
        [("intel-rapl:0", "package-0-die-0", 100_000_000), ("intel-rapl:1", "package-0-die-1", 100_000_000)];
    let root = tree(&zones);
    let clock = Arc::new(HandClock::default());
    let sources = Sources::assemble(clock.clone(), discover(root.path(), &plain()), None);
    let show = |zone: &str, microjoules: u64| show(&root, zone, microjoules);
    // Ten seconds at 50 W, of which the twin shows something else in some.
    let run = |from: u64, odd: &dyn Fn(u64) -> Option<u64>| {
        show("intel-rapl:0", from);
        show("intel-rapl:1", from);
        let meter = Meter::start(&sources);
        for second in 1..=10 {
            clock.pass(1.0, 0.0);
            let own = from + second * 50_000_000;
            show("intel-rapl:0", own);
            show("intel-rapl:1", odd(second).unwrap_or(own));
            meter.sample();
        }
        meter.finish()
    };
    let glitch = run(100_000_000, &|second| (second == 4).then_some(0));
    assert_eq!(joules(&glitch, Phase::Total), Some(500.0));
    assert_eq!(window(&glitch, "package-0", Phase::Total).gaps, 1);
    let parted = run(1_000_000_000, &|second| (second > 5).then_some(1_000_000_000 + second * 80_000_000));
    let total = window(&parted, "package-0", Phase::Total);
    assert_eq!((total.joules, total.kind), (None, Kind::None));
    assert!(!total.notes.iter().any(|note| note.contains("counted once")), "{:?}", total.notes);
}

/// Between the readings of two mirrors this process may sleep for long: what the later one shows more is no other counter.
#[test]
fn mirrors_read_late_are_mirrors() {
    let zones =
        [("intel-rapl:0", "package-0-die-0", 100_000_000), ("intel-rapl:1", "package-0-die-1", 100_000_000)];
    let root = tree(&zones);
    let late = AtomicU64::new(0);
    // Each reading of a counter comes 50 J after the one before, once that is wanted.
    let step = Arc::new(AtomicU64::new(0));
    let drawn = Arc::clone(&step);
    let read: ReadText = Arc::new(move |path: &Path| {
        if path.ends_with("energy_uj") {
            let more = late.fetch_add(drawn.load(Ordering::Relaxed), Ordering::Relaxed);
            return Ok((100_000_000 + more).to_string());
        }
        fs::read_to_string(path)
    });
    let mut found = discover(root.path(), &read);
    assert_eq!(found.readable.len(), 1);
    step.store(50_000_000, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(found.readable[0].read().is_ok());
    }
}

/// A package is the sum of its dies, and unknown where one of them is.
#[test]
fn dies_with_counters_of_their_own_are_added() {
    let zones = [
        ("intel-rapl:0", "package-0-die-0", 1_000_000_000),
        ("intel-rapl:1", "package-0-die-1", 9_000_000_000),
    ];
    let root = tree(&zones);
    let clock = Arc::new(HandClock::default());
    let sources = Sources::assemble(clock.clone(), discover(root.path(), &plain()), None);
    let meter = Meter::start(&sources);
    let show = |zone: &str, microjoules: u64| show(&root, zone, microjoules);
    clock.pass(2.0, 0.0);
    show("intel-rapl:0", 1_030_000_000);
    show("intel-rapl:1", 9_012_000_000);
    let metering = meter.finish();
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((total.joules, total.watts_mean), (Some(record::units::Joules(42.0)), Some(Watts(21.0))));
    assert_eq!(metering.energy.iter().filter(|window| window.phase == total.phase).count(), 1);
    assert!(total.source.contains("intel-rapl:0/") && total.source.contains("intel-rapl:1/"));
    fs::write(root.path().join("sys/class/powercap/intel-rapl:1/energy_uj"), "?").unwrap();
    let found = discover(root.path(), &plain());
    assert!(found.readable.is_empty());
    assert_eq!(found.unreadable[0].domain, "package-0");
    assert!(found.unreadable[0].words().unwrap().starts_with("package-0-die-1: "));
}

/// Zones of one name in one interface are counted like dies: once where they show one counter, else added; another interface to them adds
/// nothing.
#[test]
fn packages_of_one_name_are_counted_like_dies() {
    let zones = |second| {
        let zones = [
            ("intel-rapl:0", "package-0", 1_000_000_000),
            ("intel-rapl:1", "package-0", second),
            ("intel-rapl-mmio:0", "package-0", 1_000_000_000),
        ];
        let found = discover(tree(&zones).path(), &plain());
        assert_eq!(found.unreadable, []);
        found
    };
    assert_eq!(domains(&zones(9_000_000_000)), ["package-0", "package-0"]);
    assert_eq!(domains(&zones(1_000_000_100)), ["package-0"]);
}

/// A package that one interface shows by its dies and another as a whole is counted once, and so is its memory.
#[test]
fn a_package_by_its_dies_and_as_a_whole_counts_once() {
    let (die, whole) = (1_000_000_000, 1_700_000_000);
    check(
        &[("intel-rapl:0", "package-0-die-0", die), ("intel-rapl-mmio:0", "package-0", die)],
        &["package-0"],
    );
    let dies = [("intel-rapl:0", "package-0-die-0", die), ("intel-rapl:1", "package-0-die-1", 700_000_000)];
    check(&[&dies[..], &[("intel-rapl-mmio:0", "package-0", whole)]].concat(), &["package-0", "package-0"]);
    check(&[&dies[..], &[("intel-rapl:2", "package-0", whole)]].concat(), &["package-0"]);
    let memories = [("intel-rapl:0:0", "dram", 50_000_000), ("intel-rapl-mmio:0:0", "dram", 50_000_000)];
    let zones = [&dies[..1], &memories, &[("intel-rapl-mmio:0", "package-0", die)]].concat();
    check(&zones, &["package-0", "dram-0"]);
    // The whole stands in where a die cannot be read.
    let root = tree(&[&dies[..], &[("intel-rapl-mmio:0", "package-0", whole)]].concat());
    fs::write(root.path().join("sys/class/powercap/intel-rapl:1/energy_uj"), "?").unwrap();
    let found = discover(root.path(), &plain());
    assert_eq!(domains(&found), ["package-0"]);
    assert!(found.readable[0].facts().source.contains("intel-rapl-mmio:0"));
}

/// A laptop's package of 45 W cannot have drawn the 900 W that a wrap would need.
#[test]
fn a_package_is_believed_up_to_four_times_its_limit() {
    let root = tree(&[("intel-rapl:0", "package-0", 41), ("intel-rapl:0:0", "dram", 7)]);
    let zone = root.path().join("sys/class/powercap/intel-rapl:0");
    let plausible = || {
        let found = discover(root.path(), &plain());
        found.readable.iter().map(|source| source.limits().plausible).collect::<Vec<_>>()
    };
    assert_eq!(plausible(), [PLAUSIBLE, PLAUSIBLE]);
    fs::write(zone.join("constraint_0_power_limit_uw"), "45000000\n").unwrap();
    fs::write(zone.join("constraint_0_max_power_uw"), "0\n").unwrap();
    fs::write(zone.join("constraint_1_power_limit_uw"), "60000000\n").unwrap();
    assert_eq!(plausible(), [Watts(240.0), PLAUSIBLE]);
    fs::write(zone.join("constraint_2_power_limit_uw"), "4095000000\n").unwrap();
    assert_eq!(plausible(), [PLAUSIBLE, PLAUSIBLE]);
}

#[test]
fn a_zone_reads_its_counter_with_its_own_range() {
    let root = tree(&[("intel-rapl:0", "package-0", 41)]);
    let mut found = discover(root.path(), &plain());
    let file = root.path().join("sys/class/powercap/intel-rapl:0/energy_uj");
    let zone = &mut found.readable[0];
    fs::write(&file, "42\n").unwrap();
    assert_eq!(zone.read().unwrap(), Reading::Counter { microjoules: 42, range_microjoules: Some(RANGE) });
    for garbage in ["", "-5", "12.5", "0x10", "18446744073709551616"] {
        fs::write(&file, garbage).unwrap();
        let error = zone.read().unwrap_err().to_string();
        assert!(error.contains("expected a whole number") && error.contains("energy_uj"), "{error}");
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(zone.read(), Err(ReadError::Io { .. })));
}

#[test]
fn a_zone_without_a_range_is_unreadable_with_the_reason() {
    let root = tree(&[("intel-rapl:0", "package-0", 1), ("intel-rapl:1", "package-1", 1000)]);
    let range = root.path().join("sys/class/powercap/intel-rapl:1/max_energy_range_uj");
    fs::remove_file(&range).unwrap();
    for zero in [false, true] {
        if zero {
            fs::write(&range, "0\n").unwrap();
        }
        let found = discover(root.path(), &plain());
        assert_eq!(domains(&found), ["package-0"]);
        let facts = &found.unreadable[0];
        assert_eq!((facts.domain.as_str(), facts.kind), ("package-1", Kind::None));
        assert!(facts.note.as_ref().unwrap().contains("max_energy_range_uj"));
    }
}

#[test]
fn permission_denied_names_the_file_and_the_remedy() {
    let root = tree(&[("intel-rapl:0", "package-0", 1)]);
    // Tests run as root, whom file modes do not stop; so the reader refuses, as the kernel would.
    let refusing: ReadText = Arc::new(|file: &Path| match file.ends_with("energy_uj") {
        true => Err(io::ErrorKind::PermissionDenied.into()),
        false => fs::read_to_string(file),
    });
    let found = discover(root.path(), &refusing);
    assert!(found.readable.is_empty());
    let note = found.unreadable[0].note.as_ref().unwrap();
    assert!(note.contains("intel-rapl:0/energy_uj: permission denied"), "{note}");
    let fix = found.unreadable[0].fix.as_deref().unwrap();
    assert!(fix.contains("sudo chmod a+r") && fix.contains("setcap"), "{fix}");
    let rule = "SUBSYSTEM==\"powercap\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\"";
    assert!(fix.contains(rule), "{fix}");
    assert_eq!(found.unreadable[0].status, SourceStatus::Denied);
}

/// Rights that are taken away in a run and given back are a gap: nothing is lost, and nothing jumps.
#[test]
fn permission_denied_in_a_run_is_a_gap() {
    let root = tree(&[("intel-rapl:0", "package-0", 1_000_000)]);
    let closed = Arc::new(AtomicBool::new(false));
    let is_closed = Arc::clone(&closed);
    let reader: ReadText = Arc::new(move |file: &Path| match is_closed.load(Ordering::Relaxed) {
        true => Err(io::ErrorKind::PermissionDenied.into()),
        false => fs::read_to_string(file),
    });
    let clock = Arc::new(HandClock::default());
    let meter = Meter::start(&Sources::assemble(clock.clone(), discover(root.path(), &reader), None));
    let sample = |microjoules: u64, refused: bool| {
        let counter = root.path().join("sys/class/powercap/intel-rapl:0/energy_uj");
        fs::write(counter, format!("{microjoules}\n")).unwrap();
        closed.store(refused, Ordering::Relaxed);
        clock.pass(1.0, 0.0);
        meter.sample();
    };
    sample(11_000_000, false);
    sample(21_000_000, true);
    sample(31_000_000, false);
    let metering = meter.finish();
    assert_eq!(joules(&metering, Phase::Total), Some(30.0));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((total.gaps, total.known_share()), (1, 1.0));
    assert!(total.coverage < 0.5, "{total:?}");
    let denied = |note: &String| note.contains("intel-rapl:0/energy_uj: permission denied");
    assert!(total.notes.iter().any(denied), "{:?}", total.notes);
}

/// A platform's counter on each of two sockets: only that of the first holds the platform, and the other is named.
#[test]
fn a_second_counter_of_the_platform_is_told() {
    let root = tree(&[("intel-rapl:0", "psys", 1), ("intel-rapl:1", "psys", 2)]);
    let found = discover(root.path(), &plain());
    assert_eq!(domains(&found), ["psys"]);
    let note = found.readable[0].facts().note.as_ref().unwrap();
    assert!(note.contains("intel-rapl:1"), "{note}");
}

#[test]
fn no_folder_and_an_empty_folder_say_so() {
    let root = TempDir::new().unwrap();
    let note = |found: Found| found.unreadable[0].note.clone().unwrap();
    let none = note(discover(root.path(), &plain()));
    assert!(none.starts_with("no ") && none.ends_with("sys/class/powercap"), "{none}");
    fs::create_dir_all(root.path().join("sys/class/powercap/intel-rapl")).unwrap();
    assert!(note(discover(root.path(), &plain())).starts_with("no RAPL zone"));
    // Docker hides what the folder's links point to.
    fs::create_dir_all(root.path().join("sys/class/powercap/intel-rapl:0")).unwrap();
    assert!(note(discover(root.path(), &plain())).contains("intel-rapl:0/name"));
}

/// What counts at the top and does not say its name is most likely the package of its number, and no total is whole without it.
#[test]
fn a_package_without_a_name_is_missed() {
    let root = tree(&[("intel-rapl:0", "package-0", 1), ("intel-rapl:1", "package-1", 1)]);
    fs::remove_file(root.path().join("sys/class/powercap/intel-rapl:1/name")).unwrap();
    let found = discover(root.path(), &plain());
    assert_eq!(domains(&found), ["package-0"]);
    let missed: Vec<_> =
        found.unreadable.iter().map(|facts| (facts.domain.as_str(), facts.belongs)).collect();
    assert_eq!(missed, [("package-1", true)]);
}
