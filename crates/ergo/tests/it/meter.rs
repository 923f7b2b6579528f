//! `ergo meter` and `ergo doctor` as a user runs them, on this machine and on imitated ones.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use meter::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;

use crate::machine::{BEGINNING, Machine, of, refused};
use crate::report::rechecked;
use crate::shell::{json, object, ran, run};

/// Counters that move while a command runs: 50 W and 4 W for three seconds, across an end of the first counter.
#[test]
fn living_counters_are_metered() {
    let machine = Machine::new();
    let arguments = ["meter", "--json", "--sysroot", machine.path(), "--", "sleep", "3"];
    let told = machine.while_drawing_evenly(|| json(&arguments));
    let seconds = told["seconds"].as_f64().unwrap();
    assert!((3.0..6.0).contains(&seconds), "{seconds}");
    for (domain, watts, wraps) in [("package-0", 50.0, 1), ("dram-0", 4.0, 0)] {
        let energy = of(&told, "energy", domain);
        let joules = energy["joules"].as_f64().unwrap();
        assert!((joules / (watts * seconds) - 1.0).abs() < 0.03, "{domain}: {joules} J in {seconds} s");
        assert!(
            energy["joules_low"].as_f64().unwrap() <= joules
                && joules <= energy["joules_high"].as_f64().unwrap()
        );
        assert_eq!((&energy["kind"], &energy["bounds_cover"]), (&"counter".into(), &"resolution".into()));
        assert_eq!((energy["wraps"].as_u64(), energy["gaps"].as_u64()), (Some(wraps), Some(0)), "{energy}");
        assert_eq!(energy["coverage"].as_f64(), Some(1.0));
        assert!((energy["watts_mean"].as_f64().unwrap() / watts - 1.0).abs() < 0.03);
        assert!(energy["watts_max"].as_f64().unwrap() >= energy["watts_mean"].as_f64().unwrap());
    }
    let total = told["total_joules"].as_f64().unwrap();
    assert!((total / (54.0 * seconds) - 1.0).abs() < 0.03 && told["total_kind"] == "counter");
    assert_eq!(told["total_of"], serde_json::json!(["package-0", "dram-0"]));
    assert_eq!(told["total_reason"], Value::Null);
}

/// Of garbage in a counter for a while, and of a counter that vanishes, there are gaps and no jump.
#[test]
fn failing_counters_leave_gaps() {
    let machine = Machine::new();
    let counter = "sys/class/powercap/intel-rapl:0/energy_uj";
    let spoil = format!(
        "sleep 0.5; echo nonsense > {0}; sleep 0.5; echo {1} > {0}; sleep 0.5",
        machine.root.path().join(counter).display(),
        BEGINNING + 100_000
    );
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "sh", "-c", &spoil]);
    let package = of(&told, "energy", "package-0");
    assert!((package["joules"].as_f64().unwrap() - 0.1).abs() < 1e-9, "{package}");
    assert!(package["gaps"].as_u64().unwrap() >= 1, "{package}");
    assert!(package["notes"].to_string().contains("nonsense"), "{package}");
    let remove = format!("sleep 0.3; rm {}; sleep 0.7", machine.root.path().join(counter).display());
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "sh", "-c", &remove]);
    let package = of(&told, "energy", "package-0");
    assert!(package["coverage"].as_f64().unwrap() < 0.8, "{package}");
    // Half of the time is not the whole, and costs nothing that is known.
    assert_eq!((&told["total_joules"], &told["costs"]["kwh"]), (&Value::Null, &Value::Null), "{told}");
    assert!(
        told["total_of"] == serde_json::json!([]) && told["total_reason"].to_string().contains("package-0"),
        "{told}"
    );
}

/// Without a counter there is an estimate of the whole machine, marked as one: 2 s of four processors, of which one and a
/// half were busy, are 4 x 1 x 2 + 4 x 3 = 20 J.
#[test]
fn without_counters_the_machine_is_estimated() {
    let machine = Machine::new();
    fs::remove_dir_all(machine.root.path().join("sys")).unwrap();
    let stat =
        |busy: u64| format!("cpu  {busy} 0 0 1000 7 0 0 50 0 0\n{}", "cpu0 1 0 0 1 0 0 0 0 0 0\n".repeat(4));
    machine.write("proc/stat", &stat(100));
    machine.write("later", &stat(400));
    let file = |name: &str| machine.root.path().join(name).display().to_string();
    let script = format!("sleep 2; mv {} {}", file("later"), file("proc/stat"));
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "sh", "-c", &script]);
    let host = of(&told, "energy", "host");
    let seconds = told["seconds"].as_f64().unwrap();
    let joules = host["joules"].as_f64().unwrap();
    assert!((joules - (4.0 * seconds + 4.0 * 3.0)).abs() < 0.01, "{joules} J in {seconds} s");
    assert_eq!((&host["kind"], &host["bounds_cover"]), (&"modelled".into(), &"model".into()));
    // Times that run backwards are no time.
    let backwards = format!("sleep 0.3; mv {} {}", file("later"), file("proc/stat"));
    machine.write("later", &stat(1));
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "sh", "-c", &backwards]);
    assert!(of(&told, "energy", "host")["gaps"].as_u64().unwrap() > 0, "{told}");
    fs::remove_file(machine.root.path().join("proc/stat")).unwrap();
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "true"]);
    let host = of(&told, "energy", "host");
    assert_eq!((&host["kind"], &host["joules"]), (&"none".into(), &Value::Null));
    assert!(host["notes"].to_string().contains("proc/stat"), "{host}");
}

/// Of 200 ticks the machine spends 100 in programs, of which 30 are of this one and 10 of its children.
#[test]
fn what_other_programs_had_is_told() {
    let machine = Machine::new();
    let file = |name: &str| machine.root.path().join(name).display().to_string();
    let stat = |busy: u64, idle: u64| format!("cpu  {busy} 0 100 {idle} 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
    let own = |own: u64, of_children: u64| {
        format!("7 (ergo) S 1 1 1 0 -1 0 0 0 0 0 {own} 0 {of_children} 0 20 0\n")
    };
    let script = format!(
        "mv {} {}; mv {} {}",
        file("later"),
        file("proc/stat"),
        file("later-self"),
        file("proc/self/stat")
    );
    let set = |ours: u64| {
        machine.write("proc/stat", &stat(100, 1000));
        machine.write("proc/self/stat", &own(5, 6));
        machine.write("later", &stat(200, 1100));
        machine.write("later-self", &own(5 + ours, 16));
    };
    let arguments = ["--sysroot", machine.path(), "--", "sh", "-c", &script];
    set(30);
    let told = json(&[&["meter", "--json"], arguments.as_slice()].concat());
    assert_eq!(told["others_share"].as_f64(), Some(0.3), "{told}");
    set(30);
    let text = run(&[&["meter"], arguments.as_slice()].concat()).stderr;
    assert!(text.contains("other programs had 30% of this machine meanwhile"), "{text}");
    set(87);
    let text = run(&[&["meter"], arguments.as_slice()].concat()).stderr;
    assert!(!text.contains("other programs had"), "{text}");
    // Nothing moves: nothing is known.
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "true"]);
    assert_eq!(told["others_share"], Value::Null);
}

/// A server of AMD without RAPL: its socket is counted by hwmon, its power meter integrated, another sensor only described.
#[test]
fn sensors_of_hwmon_are_metered() {
    let machine = Machine::new();
    fs::remove_dir_all(machine.root.path().join("sys/class/powercap")).unwrap();
    for (file, text) in [
        ("hwmon0/name", "amd_energy"),
        ("hwmon0/energy1_label", "Ecore000"),
        ("hwmon0/energy1_input", "77"),
        ("hwmon0/energy2_label", "Esocket0"),
        ("hwmon0/energy2_input", "1000000"),
        ("hwmon1/name", "power_meter"),
        ("hwmon1/power1_average", "120000000"),
        ("hwmon1/power1_average_interval", "100"),
        ("hwmon2/name", "amdgpu"),
        ("hwmon2/power1_average", "9000000"),
    ] {
        machine.write(&format!("sys/class/hwmon/{file}"), text);
    }
    machine.write("later", "43000000\n");
    let file = |name: &str| machine.root.path().join(name).display().to_string();
    let script = format!(
        "sleep 0.7; mv {} {}; sleep 0.1",
        file("later"),
        file("sys/class/hwmon/hwmon0/energy2_input")
    );
    let told = json(&["meter", "--json", "--sysroot", machine.path(), "--", "sh", "-c", &script]);
    assert_eq!(told["energy"].as_array().unwrap().len(), 2, "{told}");
    let (package, psys) = (of(&told, "energy", "package-0"), of(&told, "energy", "psys"));
    assert_eq!((package["joules"].as_f64(), &package["kind"]), (Some(42.0), &"counter".into()), "{package}");
    let expected = 120.0 * told["seconds"].as_f64().unwrap();
    assert!((psys["joules"].as_f64().unwrap() / expected - 1.0).abs() < 0.03, "{psys}");
    assert_eq!(psys["kind"], "integrated");
    // The platform only repeats its parts.
    assert_eq!((told["total_joules"].as_f64(), &told["total_kind"]), (Some(42.0), &"counter".into()));
    let told = json(&["doctor", "--json", "--sysroot", machine.path()]);
    assert_eq!(of(&told, "sources", "package-0")["status"], "ok");
    let sensor = of(&told, "sources", "sensor");
    assert_eq!(sensor["status"], "absent");
    assert!(
        sensor["reason"].as_str().unwrap().contains("AMD")
            && told["claims"].to_string().contains("power meter")
    );
}

#[test]
fn the_command_keeps_its_output_and_its_code() {
    let plain = run(&["meter", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((plain.code, plain.stdout.as_str()), (7, "out\n"));
    assert!(plain.stderr.contains("err\n") && plain.stderr.contains("exit code 7"), "{}", plain.stderr);
    let told = run(&["meter", "--json", "--idle", "0.2", "--", "sh", "-c", "echo out; exit 3"]);
    assert_eq!(told.code, 3);
    let value = object(&told.stdout);
    assert_eq!((value["exit_code"].as_i64(), &value["command"][0]), (Some(3), &"sh".into()));
    assert!(told.stderr.contains("out\n"), "{}", told.stderr);
    assert!(value["idle"][0]["watts_mean"].as_f64().unwrap() > 0.0);
    assert_eq!(value["idle_seconds"], 0.2);
    let others = &value["others_share"];
    assert!(others.is_null() || (0.0..=1.0).contains(&others.as_f64().unwrap()), "{others}");
    let killed = run(&["meter", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.code, 137, "{}", killed.stderr);
    refused(&["--", "no-such-program"], &["no-such-program"]);
    refused(&["--sysroot", "/nowhere", "--", "true"], &["/nowhere", "sys and proc"]);
    assert_eq!(run(&["meter"]).code, 2);
}

/// Whoever ends the meter ends the command, and still hears what it cost.
#[test]
fn signals_reach_the_command() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ergo"));
    let folder = TempDir::new().unwrap();
    let begun = folder.path().join("begun");
    // A batch system warns with USR1 before it ends a job.
    let script = format!(
        "warned=5; trap 'warned=6' USR1; trap 'exit $warned' TERM; touch {}; while :; do sleep 0.05; done",
        begun.display()
    );
    child.args(["meter", "--json", "--", "sh", "-c", &script]);
    child.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let waited = Stopwatch::start();
    while !begun.exists() && waited.elapsed().0 < 20.0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    for name in ["USR1", "TERM"] {
        std::thread::sleep(Duration::from_millis(500));
        signal(name, child.id());
    }
    let ended = ran(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 6, "{}", ended.stderr);
    assert!(object(&ended.stdout)["seconds"].as_f64().unwrap() >= 0.5);
}

/// Sends a signal by its name.
fn signal(name: &str, id: u32) {
    let sent =
        std::process::Command::new("kill").args([format!("-{name}"), id.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A meter that is stopped for three seconds misses nothing of a counter, and knows for how long it ran.
#[test]
fn a_meter_that_stood_still_has_the_whole_energy() {
    let machine = Machine::new();
    let told = machine.while_drawing_evenly(|| {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ergo"));
        child.args(["meter", "--json", "--sysroot", machine.path(), "--", "sleep", "5"]);
        child.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        signal("STOP", child.id());
        std::thread::sleep(Duration::from_secs(3));
        signal("CONT", child.id());
        object(&ran(&child.wait_with_output().unwrap()).stdout)
    });
    let package = of(&told, "energy", "package-0");
    let (seconds, joules) = (told["seconds"].as_f64().unwrap(), package["joules"].as_f64().unwrap());
    assert!(seconds >= 5.0 && (joules / (50.0 * seconds) - 1.0).abs() < 0.03, "{joules} J in {seconds} s");
    assert_eq!((package["coverage"].as_f64(), package["gaps"].as_u64()), (Some(1.0), Some(0)), "{package}");
}

/// What a trace holds is what was told, also after the meter was killed.
#[test]
fn a_trace_tells_the_same_again() {
    let machine = Machine::new();
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace.jsonl");
    let trace = trace.to_str().unwrap();
    let arguments = ["meter", "--json", "--sysroot", machine.path(), "--trace", trace, "--", "sleep", "1.5"];
    let told = machine.while_drawing(|| json(&arguments));
    let replayed = json(&["meter", "--json", "--replay", trace]);
    assert_eq!(replayed["energy"], told["energy"]);
    assert_eq!((&replayed["seconds"], &replayed["replayed"]), (&told["seconds"], &trace.into()));
    assert_eq!((&replayed["total_joules"], &replayed["overhead"]), (&told["total_joules"], &Value::Null));
    assert_eq!(told["sampling"]["interval_seconds"].as_f64(), Some(0.1));
    let busy = told["sampling"]["processor_seconds"].as_f64().unwrap();
    assert!(busy > 0.0 && busy < 0.2 * told["seconds"].as_f64().unwrap(), "{told}");
    assert!(run(&["meter", "--replay", trace]).stderr.contains("package-0"));
    fs::remove_file(trace).unwrap();
    // One whose counter does not stand where it stood before.
    let machine = Machine::new();
    machine.while_drawing(|| {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ergo"));
        child.args(["meter", "--sysroot", machine.path(), "--trace", trace, "--", "sleep", "3"]);
        let mut child = child.spawn().unwrap();
        std::thread::sleep(Duration::from_secs(2));
        signal("KILL", child.id());
        child.wait().unwrap();
    });
    let killed = json(&["meter", "--json", "--replay", trace]);
    let seconds = killed["seconds"].as_f64().unwrap();
    let package = of(&killed, "energy", "package-0");
    assert!(seconds > 0.5, "{killed}");
    // On a busy machine the last look before the end may be at a counter that was not turned for a while.
    assert!((package["joules"].as_f64().unwrap() / (50.0 * seconds) - 1.0).abs() < 0.1, "{package}");
    assert!(package["notes"].to_string().contains("cut off"), "{package}");
    refused(&["--trace", "/nowhere/trace.jsonl", "--", "true"], &["/nowhere/trace.jsonl"]);
    let none = run(&["meter", "--json", "--replay", "/nowhere.jsonl"]);
    assert!(none.code == 2 && object(&none.stdout)["error"].to_string().contains("/nowhere.jsonl"));
}

/// A training of some seconds.
const TRAINING: [&str; 10] =
    ["train", "--net", "cnn-w8-d2", "--steps", "1200", "--batch", "64", "--threads", "1", "--json"];

/// Joules of the package over all parts of a training that was resumed.
fn joules_of_parts(windows: &Value) -> f64 {
    let is_total = |window: &&Value| window["domain"] == "package-0" && window["phase"] == "total";
    let window = windows.as_array().unwrap().iter().find(is_total).unwrap();
    assert!(window["notes"].to_string().contains("resumed"), "{window}");
    window["joules"].as_f64().unwrap()
}

/// Waits until a training has written its first checkpoint, and then a little longer.
fn train_a_little(out: &str) {
    let is_checkpoint =
        |file: fs::DirEntry| file.path().extension().is_some_and(|extension| extension == "safetensors");
    let begun = || fs::read_dir(out).into_iter().flatten().flatten().any(is_checkpoint);
    for _ in 0..6000 {
        if begun() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(600));
}

/// A training that was stopped and went on has the joules of both its parts, in its record as in its trace; what the machine
/// drew in between belongs to neither.
#[test]
fn a_training_that_goes_on_has_all_its_joules() {
    let (machine, folder) = (Machine::new(), TempDir::new().unwrap());
    let [out, trace] = ["out", "trace.jsonl"].map(|name| folder.path().join(name).display().to_string());
    let arguments =
        [&TRAINING[..], &["--sysroot", machine.path(), "--out", &out, "--trace", &trace]].concat();
    let record = machine.while_drawing(|| {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ergo"));
        let child = child.args(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        train_a_little(&out);
        signal("INT", child.id());
        let stopped = ran(&child.wait_with_output().unwrap());
        assert_eq!(stopped.code, 130, "not stopped in time: {}", stopped.stderr);
        std::thread::sleep(Duration::from_millis(500));
        json(&arguments)
    });
    assert!(!record["energy"].to_string().contains("cut off"), "{record}");
    let seconds = record["seconds"]["total"].as_f64().unwrap();
    assert!((joules_of_parts(&record["energy"]) / (50.0 * seconds) - 1.0).abs() < 0.03, "{record}");
    let replayed = json(&["meter", "--json", "--replay", &trace]);
    let phases = &replayed["phases"];
    let seconds = phases["seconds"]["total"].as_f64().unwrap();
    assert!((joules_of_parts(&phases["energy"]) / (50.0 * seconds) - 1.0).abs() < 0.03, "{replayed}");
    // The same figures, bounds and largest powers among them, from the lines of the trace by another program.
    rechecked("a_training_that_goes_on_has_all_its_joules", &[folder.path().into()]);
}

/// One that was killed says that the joules since its last checkpoint are not in its record; its trace has them.
#[test]
fn a_training_that_was_killed_says_what_is_not_in_its_record() {
    let (machine, folder) = (Machine::new(), TempDir::new().unwrap());
    let [out, trace] = ["out", "trace.jsonl"].map(|name| folder.path().join(name).display().to_string());
    let arguments =
        [&TRAINING[..], &["--sysroot", machine.path(), "--out", &out, "--trace", &trace]].concat();
    let record = machine.while_drawing(|| {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ergo"));
        let mut child = child.args(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        train_a_little(&out);
        signal("KILL", child.id());
        assert!(!child.wait().unwrap().success());
        json(&arguments)
    });
    assert!(record["energy"].to_string().contains("cut off"), "{record}");
    let of_record = joules_of_parts(&record["energy"]);
    let replayed = json(&["meter", "--json", "--replay", &trace]);
    let both = of(&replayed, "energy", "package-0")["joules"].as_f64().unwrap();
    assert!(both > of_record + 15.0, "{both} {of_record}");
}

/// Short commands are metered as a group, which ends at the first that fails.
#[test]
fn short_runs_are_metered_together() {
    let machine = Machine::new();
    let arguments = ["meter", "--json", "--sysroot", machine.path(), "--runs", "10", "--", "sleep", "0.2"];
    let told = machine.while_drawing_evenly(|| json(&arguments));
    let (seconds, runs) = (told["seconds"].as_f64().unwrap(), told["runs"].as_u64());
    assert!((2.0..6.0).contains(&seconds) && runs == Some(10), "{told}");
    let joules = of(&told, "energy", "package-0")["joules"].as_f64().unwrap();
    assert!((joules / (50.0 * seconds) - 1.0).abs() < 0.03, "{joules} J in {seconds} s");
    let folder = TempDir::new().unwrap();
    let mark = folder.path().join("mark");
    // Succeeds once.
    let script = format!("test ! -e {0} && touch {0}", mark.display());
    let failed = run(&["meter", "--json", "--runs", "5", "--", "sh", "-c", &script]);
    assert_eq!((failed.code, object(&failed.stdout)["runs"].as_u64()), (1, Some(2)), "{}", failed.stderr);
}

#[test]
fn the_doctor_has_a_reason_for_everything_that_is_not_well() {
    let told = json(&["doctor", "--json"]);
    assert!(!told["claims"].as_array().unwrap().is_empty());
    for source in told["sources"].as_array().unwrap() {
        let status = source["status"].as_str().unwrap();
        assert!(["ok", "denied", "absent", "broken"].contains(&status), "{source}");
        assert_eq!(status == "ok", source["reason"] == "", "{source}");
        assert!(source["fix"].is_string() || source["fix"].is_null(), "{source}");
        assert!(!source["name"].as_str().unwrap().is_empty());
    }
    assert!(told["host"]["cpu"].is_string() && told["processors"]["usable"].as_u64().unwrap() >= 1);
    let machine = Machine::new();
    machine.write("sys/class/powercap/intel-rapl:0/energy_uj", "nonsense");
    machine.zone("intel-rapl:1", "package-1", 7);
    let told = json(&["doctor", "--json", "--sysroot", machine.path()]);
    assert!(told["claims"].to_string().contains("those of others unknown"), "{told}");
    assert_eq!(of(&told, "sources", "package-0")["status"], "broken");
    assert_eq!(of(&told, "sources", "dram-0")["status"], "ok");
    assert!(run(&["doctor"]).stdout.contains("Joules of the processor packages"));
    // Without /proc/stat there is an estimate of this process alone.
    let bare = Machine::new();
    fs::remove_dir_all(bare.root.path().join("sys")).unwrap();
    bare.write("proc/stat", "nothing");
    let told = json(&["doctor", "--json", "--sysroot", bare.path()]);
    let host = of(&told, "sources", "host");
    assert!(host["note"].to_string().contains("of trainings only"), "{host}");
}

/// A few pairs on this machine, and on one with counters, which are read between the edges too.
#[test]
fn the_doctor_measures_what_metering_costs() {
    let few = ["doctor", "--overhead", "--overhead-pairs", "2", "--overhead-block", "0.02", "--json"];
    assert!(json(&["doctor", "--json"])["overhead"].is_null());
    let machine = Machine::new();
    for arguments in [few.to_vec(), [&few[..], &["--sysroot", machine.path()]].concat()] {
        let told = json(&arguments);
        let overhead = &told["overhead"];
        for key in
            ["ratio", "ratio_low", "ratio_high", "half_width", "coverage", "block_seconds", "metered_seconds"]
        {
            assert!(overhead[key].as_f64().unwrap() >= 0.0, "{key}: {overhead}");
        }
        assert_eq!((overhead["pairs"].as_u64(), overhead["pairs_limit"].as_u64()), (Some(2), Some(2)));
        assert_eq!((&overhead["half_width_limit"], &overhead["is_narrow"]), (&0.005.into(), &false.into()));
        assert_eq!((&overhead["net"], &overhead["learner"]), (&"net-a".into(), &"native".into()));
        assert!(overhead["steps_per_block"].as_u64().unwrap() > 0 && overhead["method"].is_string());
        for pair in overhead["blocks"].as_array().unwrap() {
            assert!(pair["metered_seconds"].as_f64().unwrap() > 0.0, "{pair}");
            assert!(pair["unmetered_seconds"].as_f64().unwrap() > 0.0 && pair["metered_first"].is_boolean());
        }
        if arguments.contains(&"--sysroot") {
            assert_eq!(overhead["domains"], serde_json::json!(["package-0", "dram-0"]));
            let sampler = &overhead["sampler"];
            assert_eq!((&sampler["interval_seconds"], &sampler["share_limit"]), (&0.1.into(), &0.005.into()));
            for key in ["processor_seconds", "start_processor_seconds"] {
                assert!(sampler[key].as_f64().unwrap() > 0.0, "{key}: {sampler}");
            }
            assert!((0.0..0.5).contains(&sampler["share"].as_f64().unwrap()), "{sampler}");
        }
    }
    let plain = run(&few[..6]);
    assert!(plain.stdout.contains("metering made training") && plain.code == 0, "{}", plain.stderr);
    assert_eq!(run(&["doctor", "--overhead-pairs", "2"]).code, 2);
    crate::shell::refused(
        &["doctor", "--overhead", "--overhead-pairs", "0"],
        &["--overhead-pairs", "from 1"],
    );
    crate::shell::refused(&["doctor", "--overhead", "--overhead-block", "0"], &["from 0.01 to 10"]);
}

#[test]
fn the_experiment_can_be_interrupted() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ergo"));
    child.args(["doctor", "--overhead", "--json"]);
    child.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    std::thread::sleep(Duration::from_secs(3));
    signal("INT", child.id());
    let ended = ran(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    let told = object(&ended.stdout);
    assert!(told["error"].as_str().unwrap().contains("--overhead-pairs"), "{told}");
}
