//! `ergo meter --power-log`: the log of a wall meter beside counters and estimates.

use std::fs;

use meter::clock::unix_now;
use tempfile::TempDir;

use crate::machine::{Machine, of, refused};
use crate::shell::json;

#[test]
fn a_wall_meter_stands_beside_and_calibrates() {
    let machine = Machine::new();
    let log = machine.root.path().join("wall.csv");
    let now = unix_now();
    let lines: String = (-20..200).map(|tenth| format!("{},108\n", now + 0.1 * f64::from(tenth))).collect();
    fs::write(&log, format!("time,watts\n{lines}")).unwrap();
    let path = log.to_str().unwrap();
    let arguments = ["meter", "--json", "--sysroot", machine.path(), "--power-log", path];
    let arguments = [&arguments[..], &["--", "sleep", "1"]].concat();
    let told = machine.while_drawing(|| json(&arguments));
    let wall = of(&told, "energy", "wall");
    let seconds = told["seconds"].as_f64().unwrap();
    assert!((wall["joules"].as_f64().unwrap() / (108.0 * seconds) - 1.0).abs() < 1e-3, "{wall}");
    assert_eq!((&wall["kind"], &told["total_kind"]), (&"user".into(), &"user".into()));
    // 108 W at the wall and 54 W by counters.
    let note = wall["notes"].to_string();
    let times: f64 = note.split("shows ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((times - 2.0).abs() < 0.3, "{note}");
    // 20 W at the wall cannot be where counters show 54, nor 20 kW, which are milliwatts.
    for watts in [",20", ",20000"] {
        fs::write(&log, format!("time,watts\n{}", lines.replace(",108", watts))).unwrap();
        let told = machine.while_drawing(|| json(&arguments));
        let note = of(&told, "energy", "wall")["notes"].to_string();
        assert!(note.contains("CONTRADICTION"), "{note}");
        assert_eq!(told["total_kind"], "counter", "what cannot be is in no total");
    }
    // Two kilowatts that are called watts are far below what an estimate of the processors alone allows.
    fs::write(&log, format!("time,watts\n{}", lines.replace(",108", ",0.31"))).unwrap();
    let bare = Machine::new();
    fs::remove_dir_all(bare.root.path().join("sys")).unwrap();
    bare.write(
        "proc/stat",
        &format!("cpu 0 0 0 0\n{}", (0..64).map(|n| format!("cpu{n} 0 0 0 0\n")).collect::<String>()),
    );
    let told = json(&["meter", "--json", "--sysroot", bare.path(), "--power-log", path, "--", "sleep", "1"]);
    let note = of(&told, "energy", "wall")["notes"].to_string();
    assert!(note.contains("CONTRADICTION") && told["total_kind"] == "modelled", "{told}");
    // What is no log is refused before the command, and told where it becomes one meanwhile.
    let spoil = format!("echo 2,much >> {path}");
    let told = json(&["meter", "--json", "--power-log", path, "--", "sh", "-c", &spoil]);
    assert!(of(&told, "energy", "wall")["notes"].to_string().contains("much"), "{told}");
    refused(&["--power-log", path, "--", "true"], &["much", "watts"]);
    fs::write(&log, "time,power_kw\n0,0.1\n").unwrap();
    refused(&["--power-log", path, "--", "true"], &["line 1", "power_kw"]);
    refused(&["--power-log", "/nowhere.csv", "--", "true"], &["/nowhere.csv", "begin it before the command"]);
}

/// A log whose clock is 30 s ahead shows the power of the command where it has long ended: that is told, with what to type,
/// and then the log has the whole energy.
#[test]
fn a_log_by_another_clock_is_told_and_shifted() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("wall.csv");
    let path = log.to_str().unwrap();
    // The log is written by the command when it ends: 100 W while it ran, and 20 W around that, ten times a second.
    let write = |path: &str| {
        format!(
            "b=$(date +%s.%N); sleep 3; e=$(date +%s.%N); awk -v b=$b -v e=$e \
             'BEGIN {{ for (t = b - 60; t < e + 60; t += 0.1) printf \"%.2f,%.1f\\n\", t + 30, (t >= b && t < e) ? 100 : 20 }}' >> {path}"
        )
    };
    fs::write(&log, "").unwrap();
    let arguments = ["meter", "--json", "--power-log", path, "--", "sh", "-c", &write(path)];
    let told = json(&arguments);
    let notes = of(&told, "energy", "wall")["notes"].to_string();
    let shift: f64 = notes
        .split("--power-log-shift ")
        .nth(1)
        .unwrap_or_else(|| panic!("{notes}"))
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((shift + 30.0).abs() < 0.3, "{notes}");
    assert_ne!(told["total_kind"], "user", "{told}");
    fs::write(&log, "").unwrap();
    let shifted = [&arguments[..4], &["--power-log-shift", "-30"], &arguments[4..]].concat();
    let told = json(&shifted);
    let wall = of(&told, "energy", "wall");
    // The command takes some milliseconds more than it tells the log of.
    assert!((wall["watts_mean"].as_f64().unwrap() / 100.0 - 1.0).abs() < 0.1, "{wall}");
    assert!(!wall["notes"].to_string().contains("--power-log-shift"), "{wall}");
}
