//! Who else is at work in a folder: journals that other processes of this machine are writing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The locks held on this machine, by inode; those held on other machines of a shared disk are not among them.
const LOCKS: &str = "/proc/locks";

/// How many journals of `folder` other processes of this machine are writing now; `own` are this process's.
///
/// Every worker has one journal and keeps it locked, so this is the number of workers that may be training at
/// this moment. Where the system does not tell whose locks are local, every lock counts as local.
#[must_use]
pub fn others(folder: &Path, own: &[PathBuf]) -> usize {
    let Ok(journals) = super::journals(folder) else { return 0 };
    let held: Vec<File> = journals
        .iter()
        .filter(|path| !own.contains(path))
        .filter_map(|path| File::open(path).ok())
        .filter(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
        .collect();
    if held.is_empty() {
        return 0;
    }
    let locks = fs::read_to_string(LOCKS).unwrap_or_default();
    let is_listed = |file: &File| is_listed(&locks, file);
    // A list that lacks the locks of this process is of no use.
    let own = own.iter().filter_map(|path| File::open(path).ok());
    if own.into_iter().any(|file| is_listed(&file)) {
        held.iter().filter(|file| is_listed(file)).count()
    } else {
        held.len()
    }
}

/// Whether `locks` has a line such as `1: FLOCK  ADVISORY  WRITE 15631 fe:00:10461266 0 EOF` for `file`.
#[cfg(unix)]
fn is_listed(locks: &str, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = file.metadata() else { return false };
    // Some file systems report another device here than to the kernel, so the inode alone must do.
    let inode = format!(":{}", metadata.ino());
    let is_of = |line: &str| {
        line.contains("FLOCK") && line.split_whitespace().nth(5).is_some_and(|place| place.ends_with(&inode))
    };
    locks.lines().any(is_of)
}

#[cfg(not(unix))]
fn is_listed(_locks: &str, _file: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    #[test]
    fn journals_in_use_are_counted_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |worker: &str| folder.path().join(format!("runs-{worker}.jsonl"));
        assert_eq!(others(folder.path(), &[]), 0);
        let _mine = Journal::open(folder.path(), "1of2-0").unwrap();
        let own = [path("1of2-0")];
        assert_eq!(others(folder.path(), &own), 0);
        // A second handle is as foreign to the system as a second process.
        let theirs = Journal::open(folder.path(), "2of2-0").unwrap();
        assert_eq!(others(folder.path(), &own), 1);
        drop(theirs);
        assert_eq!(others(folder.path(), &own), 0, "a journal that nobody writes");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_lock_of_this_machine_is_in_its_list() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let listed = || is_listed(&fs::read_to_string(LOCKS).unwrap(), file.as_file());
        assert!(!listed());
        file.as_file().lock().unwrap();
        assert!(listed());
    }
}
