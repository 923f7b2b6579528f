//! `ergo literature`: the golden numbers of the published record, on stdout and in files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::shell::{json, refused, run, workspace};

fn rows<'a>(told: &'a Value, table: &str) -> &'a Vec<Value> {
    told.pointer(table).and_then(Value::as_array).unwrap_or_else(|| panic!("no table {table}"))
}

fn near(value: &Value, expected: f64, tolerance: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() <= tolerance, "{value}, expected {expected}");
}

#[test]
fn the_tables_hold_the_known_numbers() {
    let told = json(&["literature", "--json"]);
    // R2 and k of the six benchmarks, computed from the same data in another language.
    let known = [(0.452, Some(13.6)), (0.290, Some(44.3)), (0.682, Some(7.8)), (0.418, Some(59.5))];
    let known = known.into_iter().chain([(0.516, Some(42.2)), (0.003, None)]);
    assert_eq!(rows(&told, "/benchmarks").len(), 6);
    for (benchmark, (r2, k)) in rows(&told, "/benchmarks").iter().zip(known) {
        near(&benchmark["r2"], r2, 0.0005);
        match k {
            Some(k) => near(&benchmark["k"], k, 0.05),
            None => assert_eq!(benchmark["k"], Value::Null),
        }
    }
    near(&told["taken_apart"]["compute"], 1097.0, 1.0);
    near(&told["taken_apart"]["k"], 9.3, 0.05);
    let doubling = &told["ai_and_compute"]["doublings"][0];
    near(&doubling["months"], 3.43, 0.343);
    assert!(doubling["low"].as_f64() < Some(3.43) && doubling["high"].as_f64() > Some(3.43), "{doubling}");
}

#[test]
fn what_does_not_follow_is_said_with_both_numbers() {
    let ran = run(&["literature"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (_, faults) = ran.stdout.split_once("\nDoes not follow from").expect("a list at the end");
    for words in [
        "Seq2Seq by method 1, petaflop/s-days: does not follow: published 0.085, computed 0.129",
        "VGG by method 2, petaflop/s-days: does not follow: published 0.12, computed 0.101",
        "EfficientNet-B1 as good as ResNet-50, factor: does not follow: published 10, computed 22.67",
        "k of the 13 ImageNet systems: does not follow: published 9, computed 13.64",
    ] {
        assert!(faults.contains(words), "`{words}` is not in {faults}");
    }
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 140), "lines stay readable");
}

/// Every file of a folder by its name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("listed").path());
    let name =
        |path: &Path| path.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
    entries.map(|path| (name(&path), fs::read(&path).expect("readable"))).collect()
}

#[test]
fn files_are_the_same_each_time() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let written = folders.each_ref().map(|folder| {
        let out = folder.path().join("made");
        let told = json(&["literature", "--out", out.to_str().expect("a plain path"), "--json"]);
        let files = files(&out);
        assert_eq!(rows(&told, "/written").len(), files.len());
        files
    });
    assert!(written[0] == written[1]);
    let names: Vec<&str> = written[0].keys().map(String::as_str).collect();
    assert_eq!(names.len(), 2 + 2 * 6, "{names:?}");
    let tables: Value = serde_json::from_slice(&written[0]["literature.json"]).expect("JSON");
    let mut told = json(&["literature", "--json"]);
    told.as_object_mut().expect("an object").remove("written");
    assert_eq!(tables, told);
}

#[test]
fn the_kept_figures_are_those_of_the_program() {
    let kept = workspace().join("results/literature");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = run(&["literature", "--out", folder.path().to_str().expect("a plain path")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for (name, bytes) in files(folder.path()) {
        let kept = fs::read(kept.join(&name)).unwrap_or_else(|e| panic!("results/literature/{name}: {e}"));
        assert!(kept == bytes, "results/literature/{name} is not what `ergo literature` writes");
    }
}

#[test]
fn a_file_is_no_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    refused(&["literature", "--out", file.to_str().expect("a plain path")], &["is a file"]);
    refused(&["literature", "imagenet"], &["imagenet"]);
}
