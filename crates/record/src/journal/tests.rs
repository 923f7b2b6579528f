//! Journals under everything that can happen to a process or a disk.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// The golden record under another id and seed.
fn record(seed: u64) -> RunRecord {
    let mut text: Value =
        serde_json::from_str(include_str!("../../tests/data/run-1.json")).expect("valid JSON");
    text["id"] = format!("{seed:064x}").into();
    text["seed"] = seed.into();
    serde_json::from_value(text).expect("readable")
}

fn line(seed: u64) -> String {
    serde_json::to_string(&record(seed)).expect("serialisable") + "\n"
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn seeds(path: &Path) -> Vec<u64> {
    read(path).expect("readable").iter().map(|record| record.seed).collect()
}

#[test]
fn what_is_appended_is_read_back() {
    let folder = folder();
    let mut journal = Journal::open(folder.path(), "0").expect("opens");
    assert_eq!(read(folder.path()).expect("readable"), []);
    for seed in 0..3 {
        journal.append(&record(seed)).expect("written");
        // Readers need not wait for the writer to finish.
        assert_eq!(seeds(folder.path()), (0..=seed).collect::<Vec<_>>());
    }
    drop(journal);
    let mut journal = Journal::open(folder.path(), "0").expect("opens again");
    journal.append(&record(3)).expect("written");
    let expected: Vec<RunRecord> = (0..4).map(record).collect();
    assert_eq!(read(folder.path()).expect("readable"), expected);
    assert_eq!(read(&folder.path().join("runs-0.jsonl")).expect("readable"), expected);
}

#[test]
fn a_torn_last_line_is_dropped_by_readers_and_cut_by_the_next_writer() {
    let folder = folder();
    let file = folder.path().join("runs-0.jsonl");
    for torn in ["{", "\u{0}\u{0}\u{0}", line(1).trim_end_matches(['}', '\n'])] {
        fs::write(&file, line(0) + torn).expect("written");
        assert_eq!(seeds(folder.path()), [0]);
        assert_eq!(read_all(folder.path()).expect("readable").torn, [file.as_path()]);
        let mut journal = Journal::open(folder.path(), "0").expect("opens");
        assert_eq!(fs::read_to_string(&file).expect("readable"), line(0));
        journal.append(&record(2)).expect("written");
        assert_eq!(seeds(folder.path()), [0, 2]);
    }
}

/// As after `tr -d '\n'`: what readers count, the next writer must not cut.
#[test]
fn a_whole_record_without_its_line_end_counts_and_is_kept() {
    let folder = folder();
    let file = folder.path().join("runs-0.jsonl");
    fs::write(&file, line(0) + line(1).trim_end()).expect("written");
    assert_eq!(seeds(folder.path()), [0, 1]);
    assert!(read_all(folder.path()).expect("readable").torn.is_empty());
    let mut journal = Journal::open(folder.path(), "0").expect("opens");
    journal.append(&record(2)).expect("written");
    assert_eq!(fs::read_to_string(&file).expect("readable"), line(0) + &line(1) + &line(2));
}

#[test]
fn an_error_that_is_no_fraction_is_refused() {
    let folder = folder();
    let file = folder.path().join("runs-0.jsonl");
    for (key, error) in [("error", 5.0), ("error", -0.1)] {
        let mut wrong: Value = serde_json::from_str(&line(1)).expect("valid JSON");
        wrong[key] = error.into();
        fs::write(&file, format!("{}{wrong}\n", line(0))).expect("written");
        let told = read(&file).expect_err("no fraction").to_string();
        let expected = format!("line 2: not a run record: error = {error}, expected a fraction from 0 to 1");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn a_torn_line_longer_than_a_block_is_cut() {
    let folder = folder();
    let file = folder.path().join("runs-0.jsonl");
    // The end of the last whole line lies three blocks of 64 KiB before the end of the file.
    fs::write(&file, line(0) + &"x".repeat(3 * 64 * 1024)).expect("written");
    drop(Journal::open(folder.path(), "0").expect("opens"));
    assert_eq!(fs::read_to_string(&file).expect("readable"), line(0));
    fs::write(&file, "x".repeat(3 * 64 * 1024)).expect("written");
    drop(Journal::open(folder.path(), "0").expect("opens"));
    assert_eq!(fs::read(&file).expect("readable"), b"");
}

#[test]
fn a_second_writer_is_refused_while_the_first_lives() {
    let folder = folder();
    let first = Journal::open(folder.path(), "0").expect("opens");
    let error = Journal::open_within(folder.path(), "0", 2).expect_err("taken");
    assert!(matches!(&error, JournalError::Busy { path } if path.ends_with("runs-0.jsonl")), "{error}");
    assert!(error.to_string().contains("run the same command again"), "{error}");
    Journal::open(folder.path(), "1").expect("another worker has its own file");
    drop(first);
    Journal::open(folder.path(), "0").expect("free again");
}

/// A killed process lets go of its lock only when the system has taken it down.
#[test]
fn a_lock_that_is_let_go_meanwhile_is_waited_for() {
    let folder = folder();
    let first = Journal::open(folder.path(), "0").expect("opens");
    let ending = std::thread::spawn(move || {
        std::thread::sleep(3 * PAUSE);
        drop(first);
    });
    Journal::open(folder.path(), "0").expect("free after a while");
    ending.join().expect("ended");
}

#[test]
fn a_line_that_is_no_record_names_its_place() {
    let folder = folder();
    let file = folder.path().join("runs-0.jsonl");
    let later_version = line(1).replace("ergo.run/1", "ergo.run/99");
    let cases = [
        ("not json\n", "expected"),
        ("{\"a\":1}\n", "missing field"),
        ("\u{0}\u{0}\n", "expected"),
        (&later_version, "schema `ergo.run/99`, expected `ergo.run/1`"),
    ];
    for (foreign, why) in cases {
        fs::write(&file, line(0) + foreign + &line(2)).expect("written");
        let error = read(folder.path()).expect_err("not a record").to_string();
        assert!(error.contains("runs-0.jsonl, line 2: not a run record") && error.contains(why), "{error}");
    }
    fs::write(&file, b"\xff\xfe\n").expect("written");
    let error = read(&file).expect_err("not text").to_string();
    assert!(error.contains("runs-0.jsonl, line 1"), "{error}");
}

#[test]
fn blank_lines_and_unknown_keys_are_tolerated() {
    let folder = folder();
    let mut later: Value = serde_json::from_str(&line(1)).expect("valid JSON");
    later["of_a_later_version"] = json!([1, { "two": null }]);
    later["spec"]["of_a_later_version"] = json!(true);
    fs::write(folder.path().join("runs-0.jsonl"), format!("{}\n  \n{later}\n", line(0))).expect("written");
    assert_eq!(seeds(folder.path()), [0, 1]);
}

#[test]
fn the_union_of_journals_holds_each_run_once() {
    let folder = folder();
    fs::write(folder.path().join("runs-1.jsonl"), line(2) + &line(0)).expect("written");
    fs::write(folder.path().join("runs-0.jsonl"), line(0) + &line(1) + &line(0)).expect("written");
    fs::write(folder.path().join("notes.txt"), "not a journal").expect("written");
    assert_eq!(seeds(folder.path()), [0, 1, 2]);
    let files = journals(folder.path()).expect("listed");
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    assert_eq!(names, ["runs-0.jsonl", "runs-1.jsonl"]);
}

#[test]
fn folders_and_files_that_are_not_there_are_errors_with_their_path() {
    let folder = folder();
    assert_eq!(read(folder.path()).expect("an empty folder has no runs"), []);
    let nowhere = folder.path().join("nowhere");
    for error in [read(&nowhere).expect_err("absent"), Journal::open(&nowhere, "0").expect_err("absent")] {
        assert!(error.to_string().starts_with("cannot open "), "{error}");
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
    fs::create_dir(folder.path().join("odd.jsonl")).expect("made");
    let error = read(folder.path()).expect_err("a folder is not a journal").to_string();
    assert!(error.contains("odd.jsonl"), "{error}");
}

/// Records that are whole in the first `length` bytes: those whose closing brace is there.
fn complete(whole: &str, length: usize) -> u64 {
    whole.match_indices('\n').filter(|(end, _)| *end <= length).count() as u64
}

/// Every length at which a killed process can leave a file: only the torn record is lost.
#[test]
fn a_file_cut_at_any_byte_loses_at_most_the_torn_record() {
    let folder = folder();
    let file = folder.path().join("runs-0.jsonl");
    let whole: String = (0..3).map(line).collect();
    fs::write(&file, &whole).expect("written");
    let handle = OpenOptions::new().write(true).open(&file).expect("opens");
    for length in (0..=whole.len()).rev() {
        handle.set_len(length as u64).expect("cut");
        let complete = complete(&whole, length);
        assert_eq!(seeds(&file), (0..complete).collect::<Vec<_>>(), "cut at byte {length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn work_goes_on_after_a_cut_at_any_byte(records in 1..5u64, share in 0.0..=1.0f64) {
        let folder = folder();
        let file = folder.path().join("runs-0.jsonl");
        let whole: String = (0..records).map(line).collect();
        let length = (share * whole.len() as f64) as usize;
        fs::write(&file, &whole[..length]).expect("written");
        let complete = complete(&whole, length);
        let mut journal = Journal::open(folder.path(), "0").expect("opens");
        for seed in complete..records {
            journal.append(&record(seed)).expect("written");
        }
        prop_assert_eq!(fs::read_to_string(&file).expect("readable"), whole);
    }
}

#[test]
fn a_hundred_thousand_records_are_read() {
    let folder = folder();
    let file = File::create(folder.path().join("runs-0.jsonl")).expect("created");
    let mut writer = std::io::BufWriter::new(file);
    let text = line(0);
    let (before, after) = text.split_once(record(0).id.as_str()).expect("the id is in the line");
    for seed in 0..100_000 {
        write!(writer, "{before}{seed:064x}{after}").expect("written");
    }
    writer.flush().expect("written");
    assert_eq!(read(folder.path()).expect("readable").len(), 100_000);
}
