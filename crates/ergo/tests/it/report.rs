//! `ergo report` as a user runs it, held against sums of the same journal made here.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::at_hand;
use crate::shell::{json, refused, run, workspace};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn totals_and_costs_follow_from_the_journal() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("runs");
    let out = out.to_str().unwrap();
    for seed in ["1", "2"] {
        json(&[
            "train",
            "--net",
            "cnn-w2-d1",
            "--steps",
            "3",
            "--batch",
            "8",
            "--validation",
            "20",
            "--test-images",
            "50",
            "--seed",
            seed,
            "--out",
            out,
            "--json",
        ]);
    }
    let journal = fs::read_to_string(format!("{out}/runs-0.jsonl")).unwrap();
    let records: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = json(&[
        "report",
        out,
        "--grid",
        "FRA",
        "--pue",
        "1.5",
        "--usd-per-kwh",
        "0.2",
        "--usd-per-hour",
        "3",
        "--json",
    ]);
    let sum = |of: &dyn Fn(&Value) -> f64| records.iter().map(of).sum::<f64>();
    let near = |found: &Value, expected: f64| (number(found) - expected).abs() <= 1e-9 * expected.abs();
    assert_eq!(told["runs"], 2);
    assert!(near(&told["train_flops"], sum(&|r| number(&r["flops"]["model_train"]))), "{told}");
    assert!(near(&told["seconds"], sum(&|r| number(&r["seconds"]["total"]))), "{told}");
    let energy = &told["energy"][0];
    if energy["joules"].is_array() {
        let kwh = number(&energy["joules"][1]) / 3.6e6 * 1.5;
        assert!(near(&told["costs"]["kwh"][1], kwh), "{told}");
        assert!(near(&told["costs"]["kg_co2e"][1], kwh * 0.056), "{told}");
        assert!(near(&told["costs"]["usd_electricity"][1], kwh * 0.2), "{told}");
    }
    assert!(near(&told["costs"]["usd_rental"], number(&told["seconds"]) / 3600.0 * 3.0), "{told}");
    // What is asked of a report changes nothing that is kept.
    assert_eq!(fs::read_to_string(format!("{out}/runs-0.jsonl")).unwrap(), journal);
    let plain = run(&["report", out]);
    assert!(plain.stdout.contains("costs assume a PUE of 1"), "{}", plain.stdout);
    assert!(!plain.stdout.contains("CO2e"), "there is no default grid: {}", plain.stdout);
    refused(&["report", out, "--grid", "nowhere"], &["FRA", "such as 250"]);
    refused(&["report", out, "--pue", "0.5"], &["from 1"]);
    refused(&["report", "/nowhere"], &["/nowhere"]);
}

/// Records of now have peaks, and the script makes their figures again; a record that cannot be true is called so.
#[test]
fn figures_against_peaks_follow_from_the_records() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("runs");
    let out = out.to_str().unwrap();
    let settings = ["--net", "cnn-w2-d1", "--steps", "3", "--batch", "8", "--validation", "20"];
    for seed in ["1", "2"] {
        let rest = ["--test-images", "50", "--threads", "1", "--seed", seed, "--out", out, "--json"];
        json(&[&["train"], &settings[..], &rest].concat());
    }
    let told = json(&["report", out, "--json"]);
    let runs = told["utilisation"].as_array().unwrap();
    for run in runs {
        assert!(run["method2"]["pfs_days"].as_f64().is_some_and(|days| days > 0.0), "{run}");
        assert_eq!(run["method2"]["assumed_utilisation"], 0.17);
    }
    assert_eq!(told["faults"], serde_json::json!([]));
    assert!(number(&told["optimizer_flops"]) > 0.0 && told["optimizer_runs"] == 2, "{told}");
    rechecked("figures_against_peaks_follow_from_the_records", &[out.into()]);

    // 1e15 FLOP/s on a processor whose threads make 1e11.
    let journal = format!("{out}/runs-0.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let mut record: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    record["flops"]["executed_train"] = (1e15 * number(&record["seconds"]["train"])).into();
    record["flops"]["executed_train"] = (number(&record["flops"]["executed_train"]) as u64).into();
    record["flops"]["executed_train_by_layer"] = serde_json::json!([]);
    record["peak"]["measured_flops_per_second"] = 1e11.into();
    record["mfu"] = serde_json::json!({
        "ratio": number(&record["flops_per_second"]) / 1e11, "peak": 1e11, "source": "a test"
    });
    fs::write(&journal, format!("{record}\n")).unwrap();
    let told = json(&["report", out, "--json"]);
    let fault = told["faults"][0].as_str().unwrap();
    assert!(fault.contains("times the measured peak of 100.0"), "{fault}");
    let plain = run(&["report", out]);
    assert!(plain.stdout.contains("FAULT in the measurement: run "), "{}", plain.stdout);
    // The record that is kept is not trained again, and its summary says the same.
    let rest = ["--test-images", "50", "--threads", "1", "--seed", "1", "--out", out];
    let kept = run(&[&["train"], &settings[..], &rest].concat());
    assert!(kept.stdout.contains("  FAULT in the measurement: "), "{}", kept.stdout);
    rechecked("figures_against_peaks_follow_from_the_records", &[out.into()]);
}

/// Every figure of a report, made again from the kept records by another program in another language.
#[test]
fn kept_results_are_what_their_records_say() {
    let list = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let results = list(workspace().join("results")).filter(|folder| folder.is_dir());
    let within = results.flat_map(|folder| list(folder.clone()).chain([folder]));
    let folders: Vec<_> = within.filter(|folder| folder.join("runs.jsonl").exists()).collect();
    assert!(folders.len() >= 6, "{folders:?}");
    // One of them has the trace of its run beside it.
    assert!(folders.iter().any(|folder| folder.join("trace.jsonl").exists()), "{folders:?}");
    rechecked("kept_results_are_what_their_records_say", &folders);
}

/// Lets the script make every figure of a report over `folders`, and of the traces in them, again.
pub fn rechecked(test: &str, folders: &[PathBuf]) {
    let mut recheck = Command::new("python3");
    recheck.arg(workspace().join("scripts/recheck")).arg(env!("CARGO_BIN_EXE_ergo")).args(folders);
    let Ok(output) = recheck.output() else {
        return at_hand::skipped(test, "there is no python3");
    };
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(told.matches(" 0 disagree").count(), folders.len(), "{told}");
}
