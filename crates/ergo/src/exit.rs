//! Exit codes, and which error ends the program with which of them.

use std::fmt;
use std::process::ExitCode;

use data::error::DataError;
use net::error::NetError;
use record::error::{JournalError, SpecError};
use report::error::ReportError;
use sweep::error::{SlurmError, SweepError};
use train::error::TrainError;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for is done.
    Done,
    /// Something failed that the user could not foresee.
    Failed,
    /// Bad usage or bad input: what was typed, or a file that was named.
    BadInput,
    /// A budget of time or work was reached; the same command goes on.
    Budget,
    /// Interrupted; the same command goes on.
    Interrupted,
    /// A command that was run for the user ended with this code.
    Command(u8),
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::Budget => 3,
            Exit::Interrupted => 130,
            Exit::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// An error with its exit code, for what no library names.
#[derive(Debug)]
pub struct Failure {
    /// How the program is to end.
    pub exit: Exit,
    /// What was found, and what was expected.
    pub message: String,
    /// What to type next, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error in what the user typed or gave.
#[must_use]
pub fn bad_input(message: impl Into<String>) -> anyhow::Error {
    Failure { exit: Exit::BadInput, message: message.into(), hint: None }.into()
}

/// An error in what the user typed or gave, with what to type instead.
#[must_use]
pub fn bad_input_with_hint(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Failure { exit: Exit::BadInput, message: message.into(), hint: Some(hint.into()) }.into()
}

/// How the program ends after `error`: the first cause that says so decides.
#[must_use]
pub fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(of_cause).unwrap_or(Exit::Failed)
}

/// What to do about `error`, where that is known beyond its message.
#[must_use]
pub fn hint(error: &anyhow::Error) -> Option<&str> {
    let known = error.chain().find_map(|cause| cause.downcast_ref::<Failure>()?.hint.as_deref());
    // The messages about data end with what to do already.
    if known.is_some() || error.chain().any(|cause| cause.is::<DataError>()) {
        return known;
    }
    error.chain().find_map(|cause| hint_of_io(cause.downcast_ref()?))
}

/// What to do where the system refuses to write.
fn hint_of_io(error: &std::io::Error) -> Option<&'static str> {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(
            "free some space on that disk and run the same command again, which goes on where it stopped",
        ),
        ErrorKind::ReadOnlyFilesystem => {
            Some("this disk cannot be written: name a folder on another one with --out")
        }
        ErrorKind::PermissionDenied => Some("check the permissions there, or name another place"),
        _ => None,
    }
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some(failure.exit);
    }
    let settings = cause.is::<SpecError>()
        || cause.is::<NetError>()
        || cause.is::<SweepError>()
        || cause.is::<SlurmError>()
        || cause.is::<toml::de::Error>();
    if settings {
        return Some(Exit::BadInput);
    }
    if let Some(error) = cause.downcast_ref::<TrainError>() {
        return Some(of_train(error));
    }
    let data = cause.downcast_ref::<DataError>().map(of_data);
    let journal = || cause.downcast_ref::<JournalError>().map(of_journal);
    let report = || cause.downcast_ref::<ReportError>().map(of_report);
    // Last, as the errors above may have such a cause and know better.
    let io = || cause.downcast_ref::<std::io::Error>().map(of_io);
    data.or_else(journal).or_else(report).or_else(io)
}

fn of_train(error: &TrainError) -> Exit {
    match error {
        TrainError::Spec(_)
        | TrainError::NotBuilt { .. }
        | TrainError::Unfit { .. }
        | TrainError::Memory { .. }
        | TrainError::NoDevice { .. }
        | TrainError::Checkpoint { .. }
        | TrainError::Trace { .. } => Exit::BadInput,
        TrainError::Data(error) => of_data(error),
        TrainError::Journal(error) => of_journal(error),
        TrainError::Learner { .. }
        | TrainError::Io { .. }
        | TrainError::Threads { .. }
        | TrainError::Internal { .. } => Exit::Failed,
    }
}

fn of_data(error: &DataError) -> Exit {
    match error {
        DataError::Damaged { .. }
        | DataError::NotFound { .. }
        | DataError::Procedural { .. }
        | DataError::Split { .. } => Exit::BadInput,
        DataError::Io { source, .. } => of_io(source),
        DataError::DiskFull { .. } | DataError::Fetch { .. } | DataError::Busy { .. } => Exit::Failed,
    }
}

fn of_journal(error: &JournalError) -> Exit {
    match error {
        JournalError::Line { .. } => Exit::BadInput,
        JournalError::Io { source, .. } => of_io(source),
        JournalError::Busy { .. } => Exit::Failed,
    }
}

fn of_report(error: &ReportError) -> Exit {
    match error {
        ReportError::Png { .. } => Exit::Failed,
        ReportError::NoRecords
        | ReportError::MixedData { .. }
        | ReportError::NoValidation { .. }
        | ReportError::Estimated
        | ReportError::NoCost { .. }
        | ReportError::Read { .. }
        | ReportError::EmptyTable { .. }
        | ReportError::Column { .. }
        | ReportError::TwoColumns { .. }
        | ReportError::Value { .. }
        | ReportError::Row { .. }
        | ReportError::EmptyRange { .. }
        | ReportError::Law(_) => Exit::BadInput,
    }
}

/// A path that leads nowhere was typed wrong; a disk that fails was not.
fn of_io(error: &std::io::Error) -> Exit {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::PermissionDenied
        | ErrorKind::InvalidFilename => Exit::BadInput,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests;
