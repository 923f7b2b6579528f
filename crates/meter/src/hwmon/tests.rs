//! Tests of hwmon sensors in imitated folders.

use std::fs;
use std::io;
use std::sync::Mutex;

use record::energy::Phase;
use tempfile::TempDir;

use super::*;
use crate::meter::Meter as RunMeter;
use crate::sources::{NvmlLibrary, Options, Sources};
use crate::testing::{EXACT, HandClock, counter, scripted};

/// Files of a chip, by name and content.
type Files<'a> = &'a [(&'a str, &'a str)];

fn chip(root: &TempDir, folder: &str, name: &str, files: Files<'_>) {
    let folder = root.path().join("sys/class/hwmon").join(folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in [("name", name)].iter().chain(files) {
        fs::write(folder.join(file), format!("{text}\n")).unwrap();
    }
}

/// A chip of amd_energy with a counter for each of these labels.
fn amd(root: &TempDir, folder: &str, labels: &[String]) {
    for (place, label) in labels.iter().enumerate() {
        let (label_file, input) =
            (format!("energy{}_label", place + 1), format!("energy{}_input", place + 1));
        let shown = (1000 * (place + 1)).to_string();
        chip(root, folder, "amd_energy", &[(&label_file, label), (&input, &shown)]);
    }
}

fn plain() -> ReadText {
    Arc::new(|file: &Path| fs::read_to_string(file))
}

fn found(root: &TempDir) -> Found {
    discover(root.path(), &plain(), &Found::default())
}

fn domains(found: &Found) -> Vec<String> {
    found.readable.iter().map(|source| source.domain().to_owned()).collect()
}

/// What else reads domains of this name.
fn known(domains: &[&str]) -> Found {
    let dial = Arc::new(Mutex::new(Some(counter(1))));
    let readable = domains.iter().map(|domain| scripted(domain, Kind::Counter, EXACT, &dial)).collect();
    Found { readable, unreadable: Vec::new() }
}

/// Nothing that is left out may be missed.
fn left_out(found: &Found) -> Vec<String> {
    for facts in &found.unreadable {
        assert_eq!(
            (facts.domain.as_str(), facts.status, facts.belongs),
            (SENSOR, SourceStatus::Absent, false)
        );
    }
    let why = |facts: &SourceFacts| format!("{}: {}", facts.source, facts.note.clone().unwrap_or_default());
    found.unreadable.iter().map(why).collect()
}

#[test]
fn eight_sockets_are_packages_and_their_cores_are_not() {
    let root = TempDir::new().unwrap();
    let cores = (0..64).map(|core| format!("Ecore{core:03}"));
    amd(&root, "hwmon3", &cores.chain((0..8).map(|socket| format!("Esocket{socket}"))).collect::<Vec<_>>());
    let mut found = found(&root);
    assert_eq!(domains(&found), (0..8).map(|socket| format!("package-{socket}")).collect::<Vec<_>>());
    assert_eq!(left_out(&found), Vec::<String>::new());
    // The 65th to 72nd counters.
    for (place, source) in found.readable.iter_mut().enumerate() {
        let microjoules = 1000 * (65 + place as u64);
        assert_eq!(source.read().unwrap(), Reading::Counter { microjoules, range_microjoules: None });
        assert_eq!(source.facts().kind, Kind::Counter);
    }
    assert!(found.readable[7].facts().source.contains("amd_energy Esocket7 "));
}

#[test]
fn sockets_come_in_numerical_order_whatever_the_chip() {
    let root = TempDir::new().unwrap();
    let labels =
        |sockets: &[u32]| sockets.iter().map(|socket| format!("Esocket{socket}")).collect::<Vec<_>>();
    amd(&root, "hwmon10", &labels(&[0, 11]));
    amd(&root, "hwmon9", &labels(&[10, 2, 0]));
    let found = found(&root);
    assert_eq!(domains(&found), ["package-0", "package-2", "package-10", "package-11"]);
    assert!(found.readable[0].facts().source.contains("hwmon9/energy3_input"), "hwmon9 comes first");
    let [again] = left_out(&found).try_into().unwrap();
    assert!(
        again.contains("hwmon10/energy1_input") && again.contains("another counter of package-0"),
        "{again}"
    );
}

#[test]
fn names_that_mean_nothing_are_ignored() {
    let root = TempDir::new().unwrap();
    for folder in ["hwmon", "hwmon-1", "hwmon+1", "hwmonx", "thermal0", "hwmon99999999999"] {
        amd(&root, folder, &["Esocket0".into()]);
    }
    // A folder without a name, and files that only look like sensors.
    fs::create_dir_all(root.path().join("sys/class/hwmon/hwmon1")).unwrap();
    fs::write(root.path().join("sys/class/hwmon/hwmon1/energy1_input"), "5\n").unwrap();
    let junk = ["energy_input", "energyX_input", "energy+1_input", "energy1_average", "power1_cap", "power1"];
    chip(&root, "hwmon2", "amd_energy", &junk.map(|file| (file, "5")));
    let [none] = left_out(&found(&root)).try_into().unwrap();
    assert!(none.contains("no sensor of energy or power in "), "{none}");
    amd(&root, "hwmon2", &["Esocket".into(), "Esocket-1".into(), "Esocket0x".into(), String::new()]);
    let found = found(&root);
    assert!(found.readable.is_empty());
    assert_eq!(left_out(&found).len(), 4);
}

#[test]
fn a_package_that_is_counted_elsewhere_is_not_counted_again() {
    let root = TempDir::new().unwrap();
    amd(&root, "hwmon0", &(0..3).map(|socket| format!("Esocket{socket}")).collect::<Vec<_>>());
    let refusing: ReadText = Arc::new(|file: &Path| match file.ends_with("energy1_input") {
        true => Err(io::ErrorKind::PermissionDenied.into()),
        false => fs::read_to_string(file),
    });
    let found = discover(
        root.path(),
        &refusing,
        &known(&["package-0", "package-1-die-0", "package-1-die-1", "package-20"]),
    );
    assert_eq!(domains(&found), ["package-2"]);
    assert_eq!(left_out(&found).len(), 2, "what is not needed need not be readable");
}

#[test]
fn permission_denied_names_the_file_and_the_remedy() {
    let root = TempDir::new().unwrap();
    amd(&root, "hwmon0", &["Esocket0".into()]);
    chip(&root, "hwmon1", ACPI_METER, &[("power1_average", "250000000")]);
    // Tests run as root, whom file modes do not stop; so the reader refuses, as the kernel would.
    let refusing: ReadText = Arc::new(|file: &Path| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with("_input") || name.ends_with("_average") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        fs::read_to_string(file)
    });
    let found = discover(root.path(), &refusing, &Found::default());
    assert!(found.readable.is_empty());
    for (facts, (domain, file)) in found
        .unreadable
        .iter()
        .zip([("package-0", "hwmon0/energy1_input"), ("psys", "hwmon1/power1_average")])
    {
        assert_eq!(
            (facts.domain.as_str(), facts.status, facts.belongs),
            (domain, SourceStatus::Denied, true)
        );
        assert!(facts.note.as_ref().unwrap().contains(&format!("{file}: permission denied")), "{facts:?}");
        assert!(facts.fix.as_ref().unwrap().contains("sudo chmod a+r"), "{facts:?}");
    }
}

#[test]
fn counters_that_fail_later_say_so() {
    let root = TempDir::new().unwrap();
    amd(&root, "hwmon0", &["Esocket0".into()]);
    let mut found = found(&root);
    let file = root.path().join("sys/class/hwmon/hwmon0/energy1_input");
    for garbage in ["", "-5", "12.5", "0x10", "18446744073709551616"] {
        fs::write(&file, garbage).unwrap();
        let error = found.readable[0].read().unwrap_err().to_string();
        assert!(error.contains("expected a whole number of microjoules"), "{error}");
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(found.readable[0].read(), Err(ReadError::Io { .. })));
    fs::write(&file, "nonsense\n").unwrap();
    let broken = discover(root.path(), &plain(), &Found::default());
    assert_eq!((broken.unreadable[0].status, broken.unreadable[0].belongs), (SourceStatus::Broken, true));
}

#[test]
fn the_meter_of_the_machine_is_its_platform() {
    let root = TempDir::new().unwrap();
    let files =
        [("power1_average", "250500000"), ("power1_average_interval", "5000"), ("power1_is_battery", "0")];
    chip(&root, "hwmon4", ACPI_METER, &files);
    let mut shown = found(&root);
    let meter = &mut shown.readable[0];
    assert_eq!(
        (meter.domain(), meter.facts().kind, meter.limits().update),
        ("psys", Kind::Integrated, Seconds(5.0))
    );
    assert_eq!(meter.read().unwrap(), Reading::Power(Watts(250.5)));
    assert!(meter.facts().source.contains("whole machine"));
    let file = root.path().join("sys/class/hwmon/hwmon4/power1_average");
    for (text, words) in [("0", "0 W"), ("much", "expected a whole number of microwatts")] {
        fs::write(&file, text).unwrap();
        let error = meter.read().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(found(&root).unreadable[0].status, SourceStatus::Broken);
    }
    let beside = discover(root.path(), &plain(), &known(&["psys"]));
    assert!(beside.readable.is_empty() && left_out(&beside)[0].contains("another counter of psys"));
}

#[test]
fn meters_of_older_drivers_batteries_and_several_meters() {
    let root = TempDir::new().unwrap();
    // Files with the device, and no interval.
    chip(&root, "hwmon0/device", ACPI_METER, &[("power1_average", "99000000")]);
    let old = found(&root);
    assert_eq!((domains(&old), old.readable[0].limits().update), (vec!["psys".to_owned()], METER_UPDATE));
    chip(&root, "hwmon0/device", ACPI_METER, &[("power1_average_interval", "0")]);
    assert_eq!(found(&root).readable[0].limits().update, METER_UPDATE);
    chip(&root, "hwmon1", ACPI_METER, &[("power1_average", "5000000"), ("power1_is_battery", "1")]);
    let with_battery = found(&root);
    assert_eq!(domains(&with_battery), ["psys"]);
    assert!(left_out(&with_battery)[0].contains("measures a battery"));
    chip(&root, "hwmon2", ACPI_METER, &[("power1_average", "98000000")]);
    let several = found(&root);
    assert!(several.readable.is_empty());
    assert_eq!(left_out(&several).iter().filter(|why| why.contains("several power meters")).count(), 2);
}

/// What a sensor of an unknown place shows is told by the doctor, and neither counted nor missed.
#[test]
fn other_sensors_are_described_and_not_counted() {
    let root = TempDir::new().unwrap();
    chip(
        &root,
        "hwmon0",
        "amdgpu",
        &[("power1_average", "1"), ("power1_input", "2"), ("power1_label", "PPT")],
    );
    chip(&root, "hwmon1", "ina3221", &[("power1_input", "5"), ("power2_input", "6"), ("temp1_input", "40")]);
    chip(&root, "hwmon2", "xe", &[("energy1_input", "7"), ("energy1_label", "Esocket0")]);
    let described = found(&root);
    assert!(described.readable.is_empty());
    let told = left_out(&described);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(
        told[0].starts_with("hwmon amdgpu PPT ") && told[0].contains("power1_average: cards of AMD"),
        "{told:?}"
    );
    assert!(told[1].contains("ina3221") && told[1].contains("power1_input: what it measures"), "{told:?}");
    assert!(told[3].contains("cards of Intel"), "{told:?}");
    let clock = Arc::new(HandClock::default());
    let options = Options { root: root.path().into(), nvml: NvmlLibrary::None, ..Options::default() };
    let mut counters = known(&["package-0"]);
    counters.join(described);
    let sources = Sources::combine(&options, clock.clone(), counters, Found::default());
    assert_eq!(sources.describe().len(), 5);
    assert_eq!(sources.unknown().len(), 0);
    let meter = RunMeter::start(&sources);
    clock.pass(1.0, 1.0);
    let domains: Vec<_> =
        meter.finish().energy.into_iter().filter(|w| w.phase == Phase::Total).map(|w| w.domain).collect();
    assert_eq!(domains, ["package-0"]);
}
