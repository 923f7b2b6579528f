//! Which errors end the program with which code.

use anyhow::Context;

use super::*;

fn data_io(kind: std::io::ErrorKind) -> anyhow::Error {
    DataError::Io { file: "f".into(), action: "read", source: kind.into() }.into()
}

#[test]
fn codes_are_those_of_the_manual() {
    let codes = [Exit::Done, Exit::Failed, Exit::BadInput, Exit::Budget, Exit::Interrupted].map(Exit::code);
    assert_eq!(codes, [0, 1, 2, 3, 130]);
}

#[test]
fn causes_decide_the_code() {
    let unknown = || NetError::Unknown { hint: "h".into() };
    let json = serde_json::from_str::<u8>("x").expect_err("not a number");
    let toml = toml::from_str::<toml::Table>("= 1").expect_err("no key");
    let cases: Vec<(anyhow::Error, Exit)> = vec![
        (anyhow::anyhow!("anything else"), Exit::Failed),
        (bad_input("typed wrong"), Exit::BadInput),
        (bad_input_with_hint("typed wrong", "type this"), Exit::BadInput),
        (unknown().into(), Exit::BadInput),
        (toml.into(), Exit::BadInput),
        (ReportError::NoRecords.into(), Exit::BadInput),
        (ReportError::Png { reason: String::new() }.into(), Exit::Failed),
        (JournalError::Line { path: "p".into(), line: 1, source: json }.into(), Exit::BadInput),
        (JournalError::Busy { path: "p".into() }.into(), Exit::Failed),
        (data_io(std::io::ErrorKind::NotFound), Exit::BadInput),
        (data_io(std::io::ErrorKind::StorageFull), Exit::Failed),
        (TrainError::Data(DataError::Procedural { set: data::set::SetName::Digits }).into(), Exit::BadInput),
        (TrainError::Threads { threads: 1, reason: String::new() }.into(), Exit::Failed),
        (
            Failure { exit: Exit::Interrupted, message: "stopped".into(), hint: None }.into(),
            Exit::Interrupted,
        ),
    ];
    for (error, exit) in cases {
        assert_eq!(of(&error), exit, "{error:?}");
        assert_eq!(of(&error.context("while doing something")), exit, "a context changes nothing");
    }
}

#[test]
fn hints_survive_a_context() {
    let error = Err::<(), _>(bad_input_with_hint("m", "type this")).context("c").expect_err("an error");
    assert_eq!(hint(&error), Some("type this"));
    assert_eq!(hint(&bad_input("m")), None);
}

#[test]
fn a_disk_that_refuses_comes_with_what_to_do() {
    use std::io::ErrorKind;
    let journal = |kind: ErrorKind| -> anyhow::Error {
        JournalError::Io { action: "write", path: "p".into(), source: kind.into() }.into()
    };
    let hint_of = |kind| hint(&journal(kind)).map(str::to_owned).unwrap_or_default();
    assert!(hint_of(ErrorKind::StorageFull).contains("free some space"));
    assert!(hint_of(ErrorKind::ReadOnlyFilesystem).contains("--out"));
    assert_eq!(hint_of(ErrorKind::Interrupted), "");
    let train: anyhow::Error =
        TrainError::Io { action: "write", path: "p".into(), source: ErrorKind::StorageFull.into() }.into();
    assert!(hint(&train).is_some());
    assert_eq!(hint(&data_io(ErrorKind::PermissionDenied)), None, "its message says it already");
}
