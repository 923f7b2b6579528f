//! What can be wrong with settings and with the files that hold records.

use std::path::PathBuf;

use data::set::SetName;

/// A setting that cannot be trained.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// A number outside its range.
    #[error("{setting} = {found}: expected {expected}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A network that is unknown or does not fit the images.
    #[error("network `{name}` on {data}: {source}")]
    Network {
        /// The data set whose images it was to take.
        data: SetName,
        /// Its name as given.
        name: String,
        /// What is wrong with it.
        source: net::error::NetError,
    },
}

impl SpecError {
    /// `setting` was `found`, and `expected` is allowed.
    pub(crate) fn new(setting: &'static str, found: impl ToString, expected: impl Into<String>) -> SpecError {
        SpecError::Setting { setting, found: found.to_string(), expected: expected.into() }
    }
}

/// A journal that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A whole line that is not a record.
    #[error("{path}, line {line}: not a run record: {source}; move the file away or mend the line")]
    Line {
        /// The journal.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another process is writing the same journal.
    #[error(
        "{path} is in use by another process that is still running: wait for it or end it, then run the same \
         command again, which goes on with what is in the folder"
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
}
