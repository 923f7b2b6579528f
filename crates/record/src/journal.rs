//! Journals: append-only files of run records, one JSON line each, that survive being killed at any moment.

pub mod company;

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::JournalError;
use crate::run::{RunRecord, SCHEMA};

/// How often a journal that is locked is tried again, and how long is waited each time: five seconds in all. A
/// process that was killed holds its lock until the system has taken its memory and threads down.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// One worker's journal, open for appending; nobody else can open it meanwhile.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens `folder/runs-{worker}.jsonl`, making it if need be. A torn last line, left by a
    /// killed process, is cut off; one that lacks nothing but its end gets it, as readers count its record.
    ///
    /// # Errors
    /// When the file cannot be opened, or another process holds it for more than some seconds.
    pub fn open(folder: &Path, worker: &str) -> Result<Journal, JournalError> {
        Journal::open_within(folder, worker, TRIES)
    }

    fn open_within(folder: &Path, worker: &str, tries: u32) -> Result<Journal, JournalError> {
        let path = folder.join(format!("runs-{worker}.jsonl"));
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = file.map_err(io("open", &path))?;
        if !lock(&file, tries) {
            return Err(JournalError::Busy { path });
        }
        mend_last_line(&mut file).map_err(io("mend", &path))?;
        sync_folder(folder)?;
        Ok(Journal { file, path })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one record; when this returns, the line is on disk.
    ///
    /// # Errors
    /// When the disk refuses; the file then ends as it did before, or in a torn line that readers drop.
    pub fn append(&mut self, record: &RunRecord) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(record).map_err(|e| io("write", &self.path)(e.into()))?;
        line.push(b'\n');
        let length = self.file.metadata().map_err(io("read", &self.path))?.len();
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|source| {
            // A full disk can leave half a line: take it back, so that the next append starts clean.
            let _ = self.file.set_len(length);
            io("write", &self.path)(source)
        })
    }
}

/// Locks `file` against every other process; false when another has held it throughout `tries`.
fn lock(file: &File, tries: u32) -> bool {
    for _ in 0..tries {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            // Some network disks have no locks; there the folder is the user's to keep to one process.
            Ok(()) | Err(fs::TryLockError::Error(_)) => return true,
        }
    }
    false
}

/// Every record in the journals (`*.jsonl`) of `folder`, or in the one file `folder` names, each id once.
///
/// A last line without its end of line counts if it is a whole record; otherwise it is torn and dropped.
///
/// # Errors
/// When a file cannot be read, or a whole line is not a record.
pub fn read(path: &Path) -> Result<Vec<RunRecord>, JournalError> {
    Ok(read_all(path)?.records)
}

/// What journals hold.
#[derive(Debug)]
pub struct Journals {
    /// The records, each id once.
    pub records: Vec<RunRecord>,
    /// Journals that end in half a record, which was dropped.
    pub torn: Vec<PathBuf>,
}

/// What [`read`] reads, and which journals are torn.
///
/// # Errors
/// As [`read`].
pub fn read_all(path: &Path) -> Result<Journals, JournalError> {
    let mut seen = HashSet::new();
    let mut found = Journals { records: Vec::new(), torn: Vec::new() };
    for file in journals(path)? {
        let is_torn = read_file(&file, |record| {
            if seen.insert(record.id.clone()) {
                found.records.push(record);
            }
        })?;
        if is_torn {
            found.torn.push(file);
        }
    }
    Ok(found)
}

/// The journals that [`read`] reads, in order of name.
///
/// # Errors
/// When the folder cannot be listed.
pub fn journals(path: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let metadata = fs::metadata(path).map_err(io("open", path))?;
    if !metadata.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io("list", path))? {
        let file = entry.map_err(io("list", path))?.path();
        let is_journal = file.extension().is_some_and(|extension| extension == "jsonl") && !is_trace(&file)?;
        if is_journal {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file begins as a trace of what energy counters showed does, which may lie beside the records of its run.
fn is_trace(file: &Path) -> Result<bool, JournalError> {
    let mut begin = Vec::new();
    let opened = File::open(file).map_err(io("open", file))?;
    opened.take(TRACE.len() as u64).read_to_end(&mut begin).map_err(io("read", file))?;
    Ok(begin == TRACE)
}

/// How a trace begins.
const TRACE: &[u8] = b"{\"start\":{\"schema\":\"ergo.trace/";

/// Gives every record of one journal to `keep`; whether it ends in a torn line.
fn read_file(path: &Path, mut keep: impl FnMut(RunRecord)) -> Result<bool, JournalError> {
    let file = File::open(path).map_err(io("open", path))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let length = reader.read_until(b'\n', &mut text).map_err(io("read", path))?;
        if length == 0 {
            break;
        }
        if text.last() != Some(&b'\n') {
            let last = parse(&text);
            let is_torn = last.is_err() && !text.trim_ascii().is_empty();
            last.into_iter().for_each(&mut keep);
            return Ok(is_torn);
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let record =
            parse(&text).map_err(|source| JournalError::Line { path: path.to_owned(), line, source })?;
        keep(record);
    }
    Ok(false)
}

fn parse(text: &[u8]) -> Result<RunRecord, serde_json::Error> {
    let record: RunRecord = serde_json::from_slice(text.trim_ascii_end())?;
    // A later version may keep the keys and change what they mean.
    if record.schema != SCHEMA {
        let found = format!("schema `{}`, expected `{SCHEMA}`", record.schema);
        return Err(serde::de::Error::custom(found));
    }
    let counted = [&record.test, &record.validation].into_iter().flatten().map(|counted| counted.error);
    if let Some(error) = counted.chain(record.error).find(|error| !(0.0..=1.0).contains(error)) {
        let found = format!("error = {error}, expected a fraction from 0 to 1");
        return Err(serde::de::Error::custom(found));
    }
    Ok(record)
}

/// Ends the last line where it is a whole record, and cuts it off where it is not.
fn mend_last_line(file: &mut File) -> std::io::Result<()> {
    let length = file.metadata()?.len();
    let mut end = length;
    let mut block = vec![0; 64 * 1024];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(newline) = part.iter().rposition(|&byte| byte == b'\n') {
            end = start + newline as u64 + 1;
            break;
        }
        end = start;
    }
    if end < length {
        let mut last = Vec::new();
        file.seek(SeekFrom::Start(end))?;
        file.read_to_end(&mut last)?;
        match parse(&last) {
            Ok(_) => file.write_all(b"\n")?,
            Err(_) => file.set_len(end)?,
        }
        file.sync_data()?;
    }
    Ok(())
}

/// Makes a new file's name durable; a folder that cannot be synced (some network disks) is no reason to stop.
fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    let folder = File::open(folder).map_err(io("open", folder))?;
    let _ = folder.sync_all();
    Ok(())
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { action, path, source }
}

#[cfg(test)]
mod tests;
