//! `ergo fit` on tables and journals.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::shell::{json, refused, run, workspace};

/// A table of `points` and its path.
fn table(header: &str, points: impl Iterator<Item = (f64, f64)>) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("points.csv");
    let rows: String = points.map(|(compute, error)| format!("{compute:e},{error}\n")).collect();
    fs::write(&path, format!("{header}\n{rows}")).expect("written");
    let path = path.to_str().expect("a plain path").to_owned();
    (folder, path)
}

/// error = 3 C^(-1/4), so k = 4 and halving costs 2^4.
fn fourth_root() -> impl Iterator<Item = (f64, f64)> {
    (0..8).map(|i| 10f64.powi(9 + i)).map(|compute| (compute, 3.0 * compute.powf(-0.25)))
}

#[test]
fn a_law_is_found_in_a_table() {
    let (_folder, path) = table("compute,error", fourth_root());
    let fit = json(&["fit", &path, "--json"]);
    let k = fit["k"].as_f64().expect("a number");
    assert!((k - 4.0).abs() < 1e-9, "{k}");
    assert!((fit["halving_cost"].as_f64().expect("a number") - 16.0).abs() < 1e-7);
    assert_eq!(fit["points"], 8);
    let ran = run(&["fit", &path]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("4.00"), "{}", ran.stdout);
}

#[test]
fn columns_can_be_named() {
    let (_folder, path) = table("flops,top1", fourth_root());
    let fit = json(&["fit", &path, "--compute", "flops", "--error", "top1", "--json"]);
    assert!((fit["k"].as_f64().expect("a number") - 4.0).abs() < 1e-9);
    refused(&["fit", &path], &["no column `compute`", "`flops`, `top1`"]);
}

#[test]
fn a_table_needs_no_ending() {
    let (folder, path) = table("compute,error", fourth_root());
    let other = folder.path().join("points");
    fs::copy(&path, &other).expect("copied");
    let other = other.to_str().expect("a plain path");
    assert_eq!(json(&["fit", other, "--json"]), json(&["fit", &path, "--json"]));
}

/// Many points take no more than a few: this took minutes once, and the test would then not end.
#[test]
fn twenty_thousand_rows_are_fitted() {
    let rows = (0..20_000).map(|i| 1e9 * (1.0 + f64::from(i))).map(|c| (c, 3.0 * c.powf(-0.25)));
    let (_folder, path) = table("compute,error", rows);
    let fit = json(&["fit", &path, "--json"]);
    assert!((fit["k"].as_f64().expect("a number") - 4.0).abs() < 1e-9);
}

#[test]
fn the_end_of_a_journal_counts_or_is_said_to_be_torn() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    journal(folder.path());
    let file = folder.path().join("runs-0.jsonl");
    let path = file.to_str().expect("a plain path");
    let whole = fs::read_to_string(&file).expect("readable");
    let points = |text: &str| {
        fs::write(&file, text).expect("written");
        let ran = run(&["fit", path, "--json"]);
        let fit = crate::shell::object(&ran.stdout);
        (fit["frontier"].as_array().map(Vec::len), ran.stderr.contains("ends in half a record"))
    };
    assert_eq!(points(&whole), (Some(8), false));
    assert_eq!(points(whole.trim_end()), (Some(8), false));
    assert_eq!(points(&whole[..whole.len() - 2]), (Some(7), true));
}

#[test]
fn bad_tables_are_refused_with_their_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("points.csv");
    let cases = [
        ("compute,error\n1e9,0.1\n1e10,lots\n", &["points.csv, line 3", "`error`", "`lots`"] as &[&str]),
        ("compute,error\n1e9,-0.1\n", &["line 2", "`-0.1`", "positive"]),
        ("compute,error\nNaN,0.1\n", &["line 2", "`NaN`"]),
        ("compute,error\n1e9\n", &["line 2", "1 cells", "2"]),
        ("compute,error\n", &["no rows"]),
        ("", &["points.csv"]),
        ("compute,error\n\u{fffd}\u{0},1\n", &["line 2"]),
    ];
    for (text, words) in cases {
        fs::write(&path, text).expect("written");
        refused(&["fit", path.to_str().expect("a plain path")], words);
    }
    refused(&["fit", "nowhere.csv"], &["nowhere.csv"]);
    fs::write(&path, "compute,error\n1,1\n").expect("written");
    refused(&["fit", path.to_str().expect("a plain path"), "--against", "joules"], &["--against"]);
}

#[test]
fn too_few_points_are_no_error() {
    let (_folder, path) = table("compute,error", fourth_root().take(1));
    let fit = json(&["fit", &path, "--json"]);
    assert_eq!(fit["k"], Value::Null);
    assert!(!fit["warnings"].as_array().expect("warnings").is_empty());
}

/// The golden record under other ids, seeds, steps and errors.
pub fn journal(folder: &Path) {
    let golden = workspace().join("crates/record/tests/data/run-1.json");
    let golden = fs::read_to_string(golden).expect("the golden record");
    let golden: Value = serde_json::from_str(&golden).expect("JSON");
    let mut lines = String::new();
    for (number, (compute, error)) in fourth_root().map(|(c, e)| (c * 1e-3, e * 0.1)).enumerate() {
        let mut record = golden.clone();
        record["id"] = format!("{number:064x}").into();
        record["spec"]["steps"] = (1000 + number).into();
        let wrong = (error * 1e4).round();
        record["wrong"] = (wrong as u64).into();
        record["error"] = (wrong / 1e4).into();
        record["flops"]["model_train"] = (compute as u64).into();
        record.as_object_mut().expect("an object").remove("place");
        lines += &format!("{record}\n");
    }
    fs::write(folder.join("runs-0.jsonl"), lines).expect("written");
}

#[test]
fn journals_are_fitted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    journal(folder.path());
    let path = folder.path().to_str().expect("a plain path");
    let fit = json(&["fit", path, "--json"]);
    assert!(fit["frontier"].is_array() && fit["k"].is_number(), "{fit}");
    let file = folder.path().join("runs-0.jsonl");
    assert_eq!(json(&["fit", file.to_str().expect("a plain path"), "--json"]), fit);
    assert!(run(&["fit", path]).stdout.contains('k'));
}

#[test]
fn bad_journals_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_str().expect("a plain path");
    refused(&["fit", path], &["no run records"]);
    refused(&["fit", "nowhere"], &["nowhere"]);
    fs::write(folder.path().join("runs-0.jsonl"), "{\"a\":1}\n").expect("written");
    refused(&["fit", path], &["runs-0.jsonl, line 1"]);
}
