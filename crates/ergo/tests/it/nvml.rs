//! `ergo meter` with imitations of NVIDIA's management library, which the tests compile: one for each way in which it fails.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::shell::{ergo, json, object, ran};

/// A card that draws 200 W, as the library of a driver tells it. What differs is given by macros: `CARDS`, `ENERGY` in
/// millijoules and `POWER` in milliwatts as expressions of the seconds `t` since the library was opened, negative for an
/// error of that number; the handle of the first `card` is 1. Processes 7 and 7000 compute on all of them.
const LIBRARY: &str = r#"
#include <stdio.h>
#include <time.h>
static struct timespec began;
static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (at.tv_sec - began.tv_sec) + 1e-9 * (at.tv_nsec - began.tv_nsec);
}
int nvmlInit_v2(void) { clock_gettime(CLOCK_MONOTONIC, &began); return 0; }
int nvmlInitWithFlags(unsigned flags) { (void)flags; return nvmlInit_v2(); }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { (void)code; return "imitated error"; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) { snprintf(text, length, "580.0"); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = CARDS; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **card) { *card = (void *)(index + 1ul); return 0; }
int nvmlDeviceGetName(void *card, char *text, unsigned length) { (void)card; snprintf(text, length, "Imitated"); return 0; }
int nvmlDeviceGetUUID(void *card, char *text, unsigned length) { snprintf(text, length, "GPU-%p", card); return 0; }
int nvmlDeviceGetTotalEnergyConsumption(void *card, unsigned long long *millijoules) {
    double t = now(), value = (ENERGY);
    (void)card, (void)t;
    if (value < 0) return (int)-value;
    *millijoules = (unsigned long long)value;
    return 0;
}
int nvmlDeviceGetEnforcedPowerLimit(void *card, unsigned *milliwatts) { (void)card; *milliwatts = 700000; return 0; }
int nvmlDeviceGetTemperature(void *card, int sensor, unsigned *celsius) { (void)card, (void)sensor; *celsius = 41; return 0; }
/* SM is clock 1, and the power limit reason 4; a second later both have changed. */
int nvmlDeviceGetClockInfo(void *card, int clock, unsigned *megahertz) {
    (void)card;
    *megahertz = clock != 1 ? 1 : now() < 1 ? 1980 : 1410;
    return 0;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void *card, unsigned long long *reasons) {
    (void)card;
    *reasons = now() < 1 ? 1 : 4;
    return 0;
}
int nvmlDeviceGetMigMode(void *card, unsigned *current, unsigned *pending) {
    (void)card;
    *current = 1;
    *pending = 0;
    return 0;
}
typedef struct { unsigned pid; unsigned long long memory; unsigned instances[2]; } process;
int nvmlDeviceGetComputeRunningProcesses_v3(void *card, unsigned *count, process *found) {
    (void)card;
    if (*count < 2) { *count = 2; return 7; }
    *count = 2;
    found[0] = (process){ .pid = 7 };
    found[1] = (process){ .pid = 7000 };
    return 0;
}
int nvmlDeviceGetPowerUsage(void *card, unsigned *milliwatts) {
    double t = now(), value = (POWER);
    (void)card, (void)t;
    if (value < 0) return (int)-value;
    *milliwatts = (unsigned)value;
    return 0;
}
"#;

/// NVML_ERROR_NOT_SUPPORTED.
const UNSUPPORTED: &str = "-3";

/// A machine with such a library, on which this program is the process 7.
fn machine(cards: u32, energy: &str, power: &str) -> TempDir {
    let machine = TempDir::new().unwrap();
    for folder in ["lib", "proc", "sys"] {
        fs::create_dir(machine.path().join(folder)).unwrap();
    }
    for (folder, pid) in [("self", 7), ("7", 7), ("7000", 7000)] {
        fs::create_dir(machine.path().join("proc").join(folder)).unwrap();
        let stat = format!("{pid} (any) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0\n");
        fs::write(machine.path().join("proc").join(folder).join("stat"), stat).unwrap();
    }
    let source = machine.path().join("nvml.c");
    fs::write(&source, LIBRARY).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(machine.path().join("lib/libnvidia-ml.so.1"))
        .args([format!("-DCARDS={cards}"), format!("-DENERGY={energy}"), format!("-DPOWER={power}")])
        .arg(&source)
        .status();
    assert!(compiled.unwrap().success(), "a C compiler is needed to build this program");
    machine
}

/// What `ergo meter` says of two seconds there.
fn metered(cards: u32, energy: &str, power: &str) -> Value {
    let machine = machine(cards, energy, power);
    json(&["meter", "--json", "--sysroot", machine.path().to_str().unwrap(), "--", "sleep", "2"])
}

fn card(told: &Value) -> &Value {
    let found = told["energy"].as_array().unwrap().iter().find(|energy| energy["domain"] == "gpu-0");
    found.unwrap_or_else(|| panic!("no gpu-0 in {told}"))
}

/// 200 W over the time of the command.
fn near_200_watts(told: &Value, joules: &Value) -> bool {
    let expected = 200.0 * told["seconds"].as_f64().unwrap();
    (joules.as_f64().unwrap() / expected - 1.0).abs() < 0.03
}

#[test]
fn a_counter_is_taken_and_checked_by_power() {
    let told = metered(1, "5e6+2e5*t", "2e5");
    let card = card(&told);
    assert_eq!((&card["kind"], &card["gaps"]), (&"counter".into(), &0.into()), "{card}");
    assert!(
        near_200_watts(&told, &card["joules"]) && near_200_watts(&told, &card["joules_integrated"]),
        "{card}"
    );
    assert!(!card["notes"].to_string().contains("disagree"), "{card}");
    assert!(card["source"].as_str().unwrap().contains("Imitated"), "{card}");
    for state in card["card"].as_array().unwrap() {
        let told = ["limit_watts", "celsius", "other_processes"].map(|name| state[name].as_f64());
        assert_eq!((told, &state["mig"]), ([Some(700.0), Some(41.0), Some(1.0)], &true.into()), "{state}");
    }
    let [before, after] = [0, 1].map(|end| &card["card"][end]);
    assert_eq!((&before["sm_megahertz"], &before["held_back_by"]), (&1980.into(), &Value::Array(vec![])));
    assert_eq!(
        (&after["sm_megahertz"], after["held_back_by"].to_string().as_str()),
        (&1410.into(), r#"["sw power cap"]"#)
    );
}

#[test]
fn a_counter_and_a_power_that_disagree_are_told() {
    let told = metered(1, "5e6+2e5*t", "3.2e5");
    assert!(card(&told)["notes"].to_string().contains("counter and power disagree"), "{told}");
}

/// The imitated limit is 700 W.
#[test]
fn more_than_the_limit_is_told() {
    let told = metered(1, "5e6+9e5*t", "9e5");
    assert!(card(&told)["notes"].to_string().contains("above the card's limit of 700 W"), "{told}");
}

#[test]
fn without_a_counter_power_is_integrated() {
    let told = metered(1, UNSUPPORTED, "2e5");
    let card = card(&told);
    assert_eq!((&card["kind"], &card["joules_integrated"]), (&"integrated".into(), &Value::Null), "{card}");
    assert!(near_200_watts(&told, &card["joules"]), "{card}");
}

/// A counter that stands still, one that goes backwards, and a card that is lost: never a 0, and never a jump.
#[test]
fn counters_that_fail_are_unknown_or_gaps() {
    let told = metered(1, "5e6", "2e5");
    let replaced = card(&told);
    assert!(replaced["kind"] == "integrated" && near_200_watts(&told, &replaced["joules"]), "{told}");
    let [low, high, most] =
        ["joules_low", "joules_high", "watts_max"].map(|name| replaced[name].as_f64().unwrap());
    let joules = replaced["joules"].as_f64().unwrap();
    assert!(low <= joules + 1e-6 && joules <= high + 1e-6 && (most - 200.0).abs() < 1e-6, "{replaced}");
    assert!(replaced["source"].as_str().unwrap().starts_with("power, integrated"), "{replaced}");
    let told = metered(1, "5e6", UNSUPPORTED);
    let stuck = card(&told);
    assert_eq!((&stuck["kind"], &stuck["joules"]), (&"none".into(), &Value::Null), "{stuck}");
    assert!(stuck["notes"].to_string().contains("did not move"), "{stuck}");
    let told = metered(1, "5e6-2e5*t", UNSUPPORTED);
    let backwards = card(&told);
    assert!(backwards["gaps"].as_u64().unwrap() > 0 && backwards["joules"].is_null(), "{backwards}");
    // NVML_ERROR_GPU_IS_LOST after a second.
    let told = metered(1, "t<1?5e6+2e5*t:-15", UNSUPPORTED);
    let lost = card(&told);
    assert!(lost["gaps"].as_u64().unwrap() > 0, "{lost}");
    let (joules, coverage) = (lost["joules"].as_f64().unwrap(), lost["coverage"].as_f64().unwrap());
    assert!(joules < 210.0 && coverage < 0.7, "{lost}");
}

#[test]
fn a_driver_without_cards_is_no_card() {
    let told = metered(0, "0", "0");
    assert!(told["energy"].as_array().unwrap().iter().all(|energy| energy["domain"] != "gpu-0"), "{told}");
}

/// Of three cards the first gives nothing, which is missed where it may be used, and only then.
#[test]
fn cards_that_are_hidden_are_not_metered_and_not_missed() {
    let works = |value: &str| format!("card==(void*)1?-3:{value}");
    let machine = machine(3, &works("5e6+2e5*t"), &works("2e5"));
    let zone = machine.path().join("sys/class/powercap/intel-rapl:0");
    fs::create_dir_all(&zone).unwrap();
    for (file, text) in [("name", "package-0"), ("energy_uj", "5"), ("max_energy_range_uj", "262143328850")] {
        fs::write(zone.join(file), text).unwrap();
    }
    let sysroot = ["--sysroot", machine.path().to_str().unwrap()];
    let told = |visible: &str, arguments: &[&str]| {
        let mut command = ergo(arguments);
        let ran = ran(&command.env("CUDA_VISIBLE_DEVICES", visible).output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        object(&ran.stdout)
    };
    // A package that never moved would be unknown, however long the machine takes for this.
    let moves =
        |joules: usize| format!("sleep 0.3; echo {joules}000005 > {}", zone.join("energy_uj").display());
    let cases = [
        ("2,1", vec!["gpu-1", "gpu-2"], true),
        ("GPU-0x3", vec!["gpu-2"], true),
        ("", vec![], true),
        ("-1,2", vec![], true),
        ("1,0", vec!["gpu-1", "gpu-0"], false),
    ];
    for (place, (visible, expected, whole)) in cases.into_iter().enumerate() {
        let script = moves(place + 1);
        let told =
            told(visible, &["meter", "--json", sysroot[0], sysroot[1], "--", "sh", "-c", script.as_str()]);
        let domains: Vec<&str> = told["energy"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|energy| energy["domain"].as_str())
            .collect();
        assert_eq!(domains, [vec!["package-0"], expected].concat(), "{visible}");
        assert_eq!(told["total_joules"].is_number(), whole, "{visible}: {told}");
    }
    let told = told("1", &["doctor", "--json", sysroot[0], sysroot[1]]);
    let cards: Vec<(&str, &str, &str)> = told["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| ["domain", "status", "reason"].map(|field| source[field].as_str().unwrap()))
        .filter(|[domain, ..]| domain.starts_with("gpu-"))
        .map(|[domain, status, reason]| (domain, status, reason))
        .collect();
    let hidden = "hidden by CUDA_VISIBLE_DEVICES";
    assert_eq!(cards, [("gpu-1", "ok", ""), ("gpu-0", "absent", hidden), ("gpu-2", "absent", hidden)]);
}
