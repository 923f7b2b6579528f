//! What can go wrong with data: each message says what was found, where, what was expected and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::set::SetName;

/// A failure of finding, reading, fetching or splitting a data set.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file whose content is not what it should be, or that is missing beside the others of its set.
    #[error("{}: found {found}, expected {expected}; {remedy}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
        /// What to do about it.
        remedy: String,
    },
    /// The operating system refused to read or write.
    #[error("{}: cannot {action}: {source}; check the path and its permissions", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What was being done to it, as a verb.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The disk, or the user's share of it, is full.
    #[error(
        "{}: no space left on the disk ({source}); \
         free some space or name a folder on another disk with --data-dir", file.display()
    )]
    DiskFull {
        /// The file being written; what was written of it has been removed.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The set lies in none of the folders.
    #[error(
        "{set} was found in none of: {}; expected {set}'s original files there, raw, .gz or .xz; \
         run {}{}", list(looked_in), fetch_command(*set, archive_in.as_deref()), also_packaged(*set, archive_in)
    )]
    NotFound {
        /// The set.
        set: SetName,
        /// The folders looked in, in order.
        looked_in: Vec<PathBuf>,
        /// The first of them in which the set lies as the archive that is published, yet to be unpacked by a fetch.
        archive_in: Option<PathBuf>,
    },
    /// No address gave the right bytes.
    #[error(
        "{set}: {file} could not be fetched: {}; check the network and try again, or put the file into {} \
         by hand and run the same command again",
        attempts.join("; "), folder.display()
    )]
    Fetch {
        /// The set.
        set: SetName,
        /// The file as published.
        file: String,
        /// Where it was to be put.
        folder: PathBuf,
        /// One sentence for each address tried.
        attempts: Vec<String>,
    },
    /// Another process is fetching into the same folder.
    #[error("{}: another process is fetching into this folder; wait for it to finish", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The set is made on the spot and lies in no file.
    #[error(
        "{set} is made by the program and lies in no file; nothing needs fetching, name it with --data {set}"
    )]
    Procedural {
        /// The set.
        set: SetName,
    },
    /// A split that asks for more images than there are, or for none to train on.
    #[error(
        "{validation} validation and {examples} training images were asked of {available}; expected at least \
         1 training image and at most {available} in all, so ask for fewer"
    )]
    Split {
        /// Validation images asked for.
        validation: u64,
        /// Training images asked for, or left over where no number was given.
        examples: u64,
        /// Images there are.
        available: u64,
    },
}

impl DataError {
    /// An error of the system while writing `file`, a full disk told apart from the rest.
    pub(crate) fn writing(file: &Path, source: io::Error) -> DataError {
        let file = file.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DataError::DiskFull { file, source },
            _ => DataError::Io { file, action: "write", source },
        }
    }

    /// Damage of one of `set`'s files; [`DataError::in_folder`] makes the remedy exact.
    pub(crate) fn damaged(set: SetName, file: &Path, found: String, expected: String) -> DataError {
        DataError::Damaged { file: file.to_owned(), found, expected, remedy: delete_and_fetch(set, None) }
    }

    /// The same error with the data folder in its remedy, without which a fetch might mend another folder.
    pub(crate) fn in_folder(mut self, set: SetName, data_folder: &Path) -> DataError {
        if let DataError::Damaged { remedy, .. } = &mut self {
            *remedy = delete_and_fetch(set, Some(data_folder));
        }
        self
    }
}

fn delete_and_fetch(set: SetName, data_folder: Option<&Path>) -> String {
    format!("delete it and run {}, or name another folder with --data-dir", fetch_command(set, data_folder))
}

/// What to type so that `data_folder`, or the default folder, holds `set`.
pub(crate) fn fetch_command(set: SetName, data_folder: Option<&Path>) -> String {
    let option = data_folder.map(|folder| format!(" --data-dir {}", quoted(&folder.display().to_string())));
    format!("`ergo data fetch {set}{}`", option.unwrap_or_default())
}

/// `text` as one word of a shell: in single quotes where it is not plainly one.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn list(folders: &[PathBuf]) -> String {
    if folders.is_empty() {
        return "no folder at all".to_owned();
    }
    folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn also_packaged(set: SetName, archive_in: &Option<PathBuf>) -> &'static str {
    if archive_in.is_some() {
        ", which unpacks the archive that lies there"
    } else if set == SetName::FashionMnist {
        " (or, on Debian, `apt-get install dataset-fashion-mnist`)"
    } else {
        ""
    }
}
