//! The comparison with peers: its own tests, and a small run with the learners of this program alone.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::at_hand;
use crate::shell;

/// What `python3` says to `arguments` in `scripts/peers`; `None`, said aloud for `test`, where there is no Python.
fn python(test: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("python3");
    let command = command.args(arguments).current_dir(shell::workspace().join("scripts/peers"));
    // A clean checkout stays clean.
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output();
    if output.is_err() {
        at_hand::skipped(test, "there is no python3");
    }
    output.ok()
}

#[test]
fn the_harness_passes_its_own_tests() {
    let Some(output) = python("the_harness_passes_its_own_tests", &["-m", "unittest"]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran ") && !said.contains("Ran 0 tests"), "{said}");
}

#[test]
fn two_learners_are_compared_slice_by_slice() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let program = assert_cmd::cargo::cargo_bin("ergo").display().to_string();
    let (out, own) = (path("out"), path("own"));
    let peers = "ergo-native-f32,ergo-candle-f32";
    let words = ["run.py", "--nets", "net-a", "--peers", peers, "--threads", "1", "--batch", "4"];
    let more = ["--seconds", "0.01", "--rounds", "2", "--retries", "0", "--json", "--ergo", &program];
    let all = [&words[..], &more, &["--folder", &own, "--out", &out]].concat();
    let Some(output) = python("two_learners_are_compared_slice_by_slice", &all) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = summary["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let candle = rows.iter().find(|row| row["peer"] == "ergo-candle-f32").unwrap();
    let ratio = &candle["base_to_this"];
    assert!(ratio["low"].as_f64().unwrap() <= ratio["ratio"].as_f64().unwrap());
    assert!(ratio["ratio"].as_f64().unwrap() > 0.0 && ratio["rounds"] == 2, "{ratio}");

    let slices = fs::read_to_string(folder.path().join("out/rows.jsonl")).unwrap();
    assert_eq!(slices.lines().count(), 4);
    let table = fs::read_to_string(folder.path().join("out/table.md")).unwrap();
    assert!(table.contains("| ergo-candle-f32 | 1 |"), "{table}");
    let circumstances = fs::read_to_string(folder.path().join("out/circumstances.json")).unwrap();
    assert!(circumstances.contains("\"cpu\""), "{circumstances}");
}
