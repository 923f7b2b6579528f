//! `ergo simulate expert` as a user runs it, on a small experiment.

use tempfile::TempDir;

use crate::shell::{json, refused, run};

const SMALL: [&str; 12] = [
    "simulate",
    "expert",
    "--features",
    "60",
    "--relevant",
    "5",
    "--samples",
    "20,60,200,1000",
    "--repetitions",
    "6",
    "--seed",
    "2",
];

#[test]
fn the_flexible_system_overtakes_the_expert() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("expert");
    let told = json(&[&SMALL[..], &["--json", "--out", out.to_str().unwrap()]].concat());
    let curves = told["curves"].as_array().unwrap();
    let names: Vec<_> = curves.iter().map(|curve| curve["system"].as_str().unwrap()).collect();
    assert_eq!(names, ["oracle", "expert", "flexible", "regularised"]);
    let ahead = told["flexible_ahead_samples"].as_f64().unwrap();
    assert!((60.0..1000.0).contains(&ahead), "{told}");
    assert!(told["regularised_ahead_samples"].as_f64().is_none_or(|samples| samples < ahead));
    for name in ["expert-vs-samples", "expert-vs-flops"] {
        assert!(
            out.join(name).with_extension("png").exists() && out.join(name).with_extension("svg").exists()
        );
    }
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("expert.json")).unwrap()).unwrap();
    assert_eq!(kept, told);
    assert_eq!(told, json(&[&SMALL[..], &["--json", "--threads", "1"]].concat()), "whatever the threads");
    assert!(run(&SMALL).stdout.contains("ahead of the expert from"));
}

#[test]
fn what_is_no_experiment_is_refused() {
    refused(&["simulate", "expert", "--relevant", "1"], &["--relevant 1", "at least 2"]);
    refused(&["simulate", "expert", "--features", "5", "--relevant", "5"], &["fewer than all"]);
    refused(&["simulate", "expert", "--samples", "9000000"], &["9000000 samples", "GB a thread"]);
    refused(&["simulate", "expert", "--samples", "0"], &["from 1"]);
}

/// A few trials of every case: the same numbers each time, and as files.
#[test]
fn a_calibration_is_kept_with_its_figure() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("calibration");
    let all = ["simulate", "calibration", "--trials", "3", "--resamples", "100", "--json"];
    let told = json(&[&all[..], &["--out", out.to_str().unwrap()]].concat());
    let cases = told["cases"].as_array().unwrap();
    assert!(cases.iter().all(|case| case["with_interval"].as_u64().is_some_and(|count| count <= 3)));
    assert!(cases.iter().any(|case| case["method"] == "floor") && cases.len() > 20);
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("calibration.json")).unwrap()).unwrap();
    assert_eq!(kept, told);
    assert!(out.join("calibration.png").exists() && out.join("calibration.svg").exists());
    assert_eq!(json(&[&all[..], &["--threads", "1"]].concat()), told);
    refused(&["simulate", "calibration", "--resamples", "10"], &["from 100"]);
}
