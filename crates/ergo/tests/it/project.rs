//! `ergo project`: what a lower error would cost, from tables and records, and what is refused.

use std::fs;

use serde_json::Value;

use crate::shell::{json, refused, run, workspace};

/// Error = 20 C^-0.25 from 1e6 to 1e11 FLOP.
fn table(folder: &std::path::Path) -> String {
    let rows: String = (0..11)
        .map(|i| 10f64.powf(6.0 + 0.5 * f64::from(i)))
        .map(|compute| format!("{compute},{}\n", 20.0 * compute.powf(-0.25)))
        .collect();
    let path = folder.join("points.csv");
    fs::write(&path, format!("compute,error\n{rows}")).expect("written");
    path.to_str().expect("a plain path").to_owned()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

#[test]
fn a_table_is_projected_with_costs_and_a_figure() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = table(folder.path());
    let out = folder.path().join("out");
    let out = out.to_str().expect("a plain path");
    let machine = ["--flops-per-second", "1e9", "--watts", "100", "--usd-per-kwh", "0.2", "--grid", "FRA"];
    let all = [&["project", &path, "--to", "0.01,0.001"], &machine[..], &["--out", out, "--json"]].concat();
    let told = json(&all);
    let [one, far] = [&told["targets"][0], &told["targets"][1]];
    // (20 / 0.01)^4 = 1.6e13, 2.2 decades beyond 1e11.
    assert!((number(&one["power"]["flops"][1]) / 1.6e13 - 1.0).abs() < 1e-6, "{one}");
    assert!((number(&one["power"]["hours"][1]) / (1.6e4 / 3600.0) - 1.0).abs() < 1e-6, "{one}");
    assert!((number(&one["power"]["kwh"][1]) / (1.6e6 / 3.6e6) - 1.0).abs() < 1e-6, "{one}");
    assert!(number(&one["power"]["usd_electricity"][1]) > 0.0 && number(&one["power"]["kg_co2e"][1]) > 0.0);
    assert!((number(&far["power"]["decades_beyond"]) - 6.204).abs() < 0.001, "{far}");
    assert_eq!(one["references"][1]["halving_cost"], 512.0);
    assert_eq!(one["floor"]["reason"], "the floor is not identified");
    assert!(told["warnings"][0].as_str().is_some_and(|words| words.contains("beyond the data")), "{told}");
    for file in ["project.json", "projection.svg", "projection.png"] {
        assert!(fs::metadata(format!("{out}/{file}")).is_ok_and(|file| file.len() > 500), "{file}");
    }
    let ran = run(&["project", &path, "--to", "0.01"]);
    assert!(ran.stdout.starts_with("WARNING: error 1.00% lies 2.2 decades"), "{}", ran.stdout);
    assert!(ran.stdout.contains("k = 9"), "{}", ran.stdout);
}

#[test]
fn what_makes_no_projection_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = table(folder.path());
    refused(&["project", &path, "--to", "0"], &["--to"]);
    refused(&["project", &path, "--error", "nothing"], &["no column `nothing`"]);
    refused(&["project", "/nowhere"], &["/nowhere"]);
}

/// Half of today's error is named as such however it was asked for, so that a kept projection is drawn again alike.
#[test]
fn a_kept_projection_is_drawn_again_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let sweep = workspace().join("results/2026-11-22-cpu-quick");
    let out = folder.path().join("kept");
    let out = out.to_str().expect("a plain path");
    json(&["project", sweep.to_str().expect("a plain path"), "--out", out, "--json"]);
    fs::copy(sweep.join("runs.jsonl"), format!("{out}/runs.jsonl")).expect("copied");
    let told = json(&["plot", "--all", out, "--json"]);
    assert_eq!(
        (told["figures"].as_array().map(Vec::len), &told["changed"]),
        (Some(2), &serde_json::json!([]))
    );
}
