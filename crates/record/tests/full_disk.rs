//! A disk that fills up while a record is written must not leave half a line in the journal.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use record::journal::{self, Journal};
use record::run::RunRecord;

/// Names the folder to the test's second process, whose files the shell keeps small.
const FOLDER: &str = "ERGO_TEST_FULL_DISK";

fn record(seed: u64) -> RunRecord {
    let mut text: serde_json::Value =
        serde_json::from_str(include_str!("data/run-1.json")).expect("valid JSON");
    text["id"] = format!("{seed:064x}").into();
    serde_json::from_value(text).expect("readable")
}

/// `ulimit -f` makes a write stop in the middle of a line, as a full disk does.
#[test]
fn a_full_disk_leaves_whole_lines() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return fill(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("this test");
    // Files of 16 blocks of 512 or 1,024 bytes; without the trap the kernel would kill the process.
    let script = r#"trap "" XFSZ; ulimit -f 16; exec "$0" --exact a_full_disk_leaves_whole_lines"#;
    let output = Command::new("sh").args(["-c", script]).arg(program).env(FOLDER, folder.path()).output();
    let output = output.expect("sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    let kept = journal::read(folder.path()).expect("readable");
    assert!((2..100).contains(&kept.len()), "{} records in at most 16 KiB", kept.len());
    let bytes = fs::read(folder.path().join("runs-0.jsonl")).expect("readable");
    assert_eq!(bytes.last(), Some(&b'\n'));
    assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), kept.len());
}

fn fill(folder: &Path) {
    let mut journal = Journal::open(folder, "0").expect("opens");
    let error = (0..100).find_map(|seed| journal.append(&record(seed)).err()).expect("the limit is reached");
    assert!(error.to_string().contains("runs-0.jsonl"), "{error}");
    // The refusal is not the end: the next record is refused as a whole, too.
    assert!(journal.append(&record(100)).is_err());
}

#[test]
fn a_device_without_space_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    std::os::unix::fs::symlink("/dev/full", folder.path().join("runs-0.jsonl")).expect("a link");
    let mut journal = Journal::open(folder.path(), "0").expect("opens");
    let error = journal.append(&record(0)).expect_err("nothing fits").to_string();
    assert!(error.starts_with("cannot write ") && error.contains("No space left"), "{error}");
}
