//! Fetches sets through a download function that the program hands in, and lets nothing half-written stand.
//!
//! A file is written as `NAME.part`, checked against its SHA-256, brought to the disk, and only then renamed.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::content::{self, Compression, Fault};
use crate::error::DataError;
use crate::source::{Published, Source, SourceFile};
use crate::store;

/// Downloads what is at an address into a writer, from the first byte.
///
/// An error of the writer must be passed on as it is; any other error becomes one sentence of
/// [`DataError::Fetch`] and makes the next address be tried.
pub type Download<'a> = dyn FnMut(&str, &mut dyn Write) -> io::Result<()> + 'a;

/// Bytes by which a download may exceed the uncompressed content: headers, and data that do not compress.
const SLACK_BYTES: u64 = 4 << 20;

/// How often a folder that is locked is tried again, and how long is waited each time: a process that was killed
/// holds its lock until the system has taken it down.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// What a fetch is doing, for the program to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A file is there already and right.
    Kept(PathBuf),
    /// An archive that lies there already is being unpacked.
    Unpacking(PathBuf),
    /// An address is being asked.
    Asking(String),
    /// An archive that lies there or an address failed, and why.
    Failed(String),
    /// A file has been put in place.
    Placed(PathBuf),
}

/// Makes `data_folder` hold the set of `source`, below [`Source::folder`]; right files there are kept.
///
/// A file that is there but wrong is replaced once the right one has arrived. An archive that lies in the set's
/// folder under the name it is published by, put there by hand, is unpacked before any address is asked.
///
/// With a `mirror`, files are asked of that address, by name, instead of where they are published.
///
/// # Errors
/// [`DataError::Fetch`] when no address gave the right bytes; [`DataError::DiskFull`]; [`DataError::Busy`]
/// when another process is at it; [`DataError::Io`] for other trouble with the folder. In every case no
/// file of this fetch that is not whole and right lies under its final name.
pub fn fetch(
    source: &Source,
    data_folder: &Path,
    mirror: Option<&str>,
    download: &mut Download,
    notify: &mut dyn FnMut(Notice),
) -> Result<(), DataError> {
    let folder = data_folder.join(source.folder);
    fs::create_dir_all(&folder).map_err(|e| DataError::writing(&folder, e))?;
    let _lock = lock(&folder)?;
    let wanted = wanted(source, &folder, notify)?;
    let mut fetcher = Fetcher { source, folder: &folder, mirror, download, notify };
    match &source.published {
        _ if wanted.is_empty() => Ok(()),
        Published::Files { addresses } => {
            wanted.into_iter().try_for_each(|file| fetcher.file(file, addresses))
        }
        Published::Archive { name, folder, addresses } => fetcher.archive(name, folder, addresses, &wanted),
    }
}

/// Files that are not there in the right form.
fn wanted(
    source: &Source,
    folder: &Path,
    notify: &mut dyn FnMut(Notice),
) -> Result<Vec<&'static SourceFile>, DataError> {
    let found = store::find_in(folder, source)?;
    let mut wanted = Vec::new();
    for file in source.files() {
        let there = found.files.iter().find(|f| f.file == file);
        match there {
            Some(f) if content::read(source.set, &f.path, f.compression, file).is_ok() => {
                notify(Notice::Kept(f.path.clone()));
            }
            _ => wanted.push(file),
        }
    }
    Ok(wanted)
}

/// Why one address gave nothing usable.
enum Failure {
    /// The address is to blame; the next one may do better.
    Address(String),
    /// Our own disk is to blame; no other address helps.
    Fatal(DataError),
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::Fatal(error)
    }
}

/// What every step of one fetch needs.
struct Fetcher<'a, 'd> {
    source: &'a Source,
    folder: &'a Path,
    mirror: Option<&'a str>,
    download: &'a mut Download<'d>,
    notify: &'a mut dyn FnMut(Notice),
}

impl Fetcher<'_, '_> {
    /// Fetches one file that is published by itself.
    fn file(&mut self, file: &'static SourceFile, addresses: &[&str]) -> Result<(), DataError> {
        let name = format!("{}{}", file.name, Compression::Gzip.suffix());
        let urls: Vec<String> = addresses.iter().map(|address| format!("{address}{name}")).collect();
        self.first_good(&name, &urls, file.bytes + SLACK_BYTES, |part| {
            accept(content::read_checked(part, Compression::Gzip, file), part).map(drop)
        })?;
        let path = self.folder.join(&name);
        put(&part_of(&path), &path)?;
        // A raw file is preferred over this one, and `wanted` has found it to be wrong.
        remove(&self.folder.join(file.name))?;
        self.placed(path)
    }

    /// Fetches an archive and takes the `wanted` files out of it; none comes into place before all are right.
    fn archive(
        &mut self,
        name: &str,
        inner: &str,
        addresses: &[&str],
        wanted: &[&'static SourceFile],
    ) -> Result<(), DataError> {
        let urls: Vec<String> = addresses.iter().map(|&address| address.to_owned()).collect();
        let limit = self.source.files().map(|f| f.bytes).sum::<u64>() + SLACK_BYTES;
        let folder = self.folder;
        let unpack = |archive: &Path| {
            let unpacked = unpack(archive, folder, inner, wanted, limit);
            if unpacked.is_err() {
                wanted.iter().for_each(|file| drop(remove(&part_of(&folder.join(file.name)))));
            }
            unpacked
        };
        if !self.at_hand(&folder.join(name), unpack)? {
            self.first_good(name, &urls, limit, unpack)?;
        }
        for file in wanted {
            let path = self.folder.join(file.name);
            put(&part_of(&path), &path)?;
            self.placed(path)?;
        }
        remove(&part_of(&self.folder.join(name)))
    }

    /// Whether the archive lies there, put by hand, and `unpack` accepts it.
    fn at_hand(
        &mut self,
        archive: &Path,
        unpack: impl Fn(&Path) -> Result<(), Failure>,
    ) -> Result<bool, DataError> {
        if !archive.is_file() {
            return Ok(false);
        }
        (self.notify)(Notice::Unpacking(archive.to_owned()));
        match unpack(archive) {
            Ok(()) => Ok(true),
            Err(Failure::Fatal(error)) => Err(error),
            Err(Failure::Address(reason)) => {
                (self.notify)(Notice::Failed(format!("{}: {reason}", archive.display())));
                Ok(false)
            }
        }
    }

    /// Downloads `name` as a `.part` file from the first of `urls` whose bytes `check` accepts.
    fn first_good(
        &mut self,
        name: &str,
        urls: &[String],
        limit: u64,
        check: impl Fn(&Path) -> Result<(), Failure>,
    ) -> Result<(), DataError> {
        let part = part_of(&self.folder.join(name));
        let mirror = self.mirror.map(|base| [format!("{}/{name}", base.trim_end_matches('/'))]);
        let mut attempts = Vec::new();
        for url in mirror.as_ref().map_or(urls, |mirror| mirror.as_slice()) {
            (self.notify)(Notice::Asking(url.clone()));
            let outcome = receive(&part, url, limit, self.download).and_then(|()| check(&part));
            let failure = match outcome {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            remove(&part)?;
            match failure {
                Failure::Fatal(error) => return Err(error),
                Failure::Address(reason) => {
                    let attempt = format!("{url}: {reason}");
                    (self.notify)(Notice::Failed(attempt.clone()));
                    attempts.push(attempt);
                }
            }
        }
        let folder = self.folder.to_owned();
        Err(DataError::Fetch { set: self.source.set, file: name.to_owned(), folder, attempts })
    }

    fn placed(&mut self, path: PathBuf) -> Result<(), DataError> {
        // A rename is on the disk once its folder is; systems that cannot open a folder need no such step.
        if let Ok(folder) = File::open(self.folder) {
            folder.sync_all().map_err(|e| DataError::writing(self.folder, e))?;
        }
        (self.notify)(Notice::Placed(path));
        Ok(())
    }
}

/// Keeps a second process from writing the same `.part` files; held until dropped.
fn lock(folder: &Path) -> Result<Option<File>, DataError> {
    // Some file systems know no locks; a fetch there goes on without.
    let Ok(handle) = File::open(folder) else { return Ok(None) };
    for _ in 0..TRIES {
        match handle.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(Some(handle)),
        }
    }
    Err(DataError::Busy { folder: folder.to_owned() })
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Writes what `url` gives into `part`, at most `limit` bytes, and brings it to the disk.
fn receive(part: &Path, url: &str, limit: u64, download: &mut Download) -> Result<(), Failure> {
    let file = File::create(part).map_err(|e| DataError::writing(part, e))?;
    let mut sink = Sink { file: &file, left: limit, fault: None };
    let outcome = download(url, &mut sink);
    match (sink.fault, outcome) {
        (Some(SinkFault::Disk(e)), _) => return Err(DataError::writing(part, e).into()),
        (Some(SinkFault::TooLong), _) => {
            return Err(Failure::Address(format!("found more than {limit} bytes, expected fewer")));
        }
        (None, Err(e)) => return Err(Failure::Address(format!("{e}, after {} bytes", limit - sink.left))),
        (None, Ok(())) => {}
    }
    file.sync_all().map_err(|e| DataError::writing(part, e).into())
}

enum SinkFault {
    Disk(io::Error),
    TooLong,
}

/// A file that remembers why it took no more, whatever the download function makes of the error.
struct Sink<'a> {
    file: &'a File,
    left: u64,
    fault: Option<SinkFault>,
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            self.fault = Some(SinkFault::TooLong);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        match self.file.write(bytes) {
            Ok(written) => {
                self.left -= written as u64;
                Ok(written)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                let kind = e.kind();
                self.fault = Some(SinkFault::Disk(e));
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Takes the `wanted` files out of the archive `part`, each checked and written to its `.part` in `folder`.
///
/// Members are known by their full path within the archive, and no path of the archive is ever written to.
fn unpack(
    part: &Path,
    folder: &Path,
    inner: &str,
    wanted: &[&'static SourceFile],
    limit: u64,
) -> Result<(), Failure> {
    let reading = |source| DataError::Io { file: part.to_owned(), action: "read", source };
    let broken = |e: io::Error| Failure::Address(format!("found a broken .tar.gz archive ({e})"));
    let file = io::BufReader::new(File::open(part).map_err(reading)?);
    // The limit keeps a small archive that expands without end from being followed.
    let unzipped = io::Read::take(flate2::bufread::MultiGzDecoder::new(file), limit);
    let mut archive = tar::Archive::new(unzipped);
    let mut missing = wanted.to_vec();
    for entry in archive.entries().map_err(broken)? {
        if missing.is_empty() {
            break;
        }
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let Some(place) = missing.iter().position(|f| path == Path::new(inner).join(f.name)) else {
            continue;
        };
        let file = missing.swap_remove(place);
        let bytes = content::up_to(&mut entry, file.bytes).map_err(broken)?;
        let member = part_of(&folder.join(file.name));
        accept(content::check(&bytes, file), part)?;
        write_synced(&member, &bytes).map_err(|e| DataError::writing(&member, e))?;
    }
    match missing.first() {
        Some(file) => {
            Err(Failure::Address(format!("found no {inner}/{}, expected {}", file.name, file.describe())))
        }
        None => Ok(()),
    }
}

fn accept<T>(checked: Result<T, Fault>, part: &Path) -> Result<T, Failure> {
    checked.map_err(|fault| match fault {
        Fault::Wrong { found, expected } => Failure::Address(format!("found {found}, expected {expected}")),
        Fault::Io(source) => DataError::Io { file: part.to_owned(), action: "read", source }.into(),
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn put(part: &Path, path: &Path) -> Result<(), DataError> {
    fs::rename(part, path).map_err(|e| DataError::writing(path, e))
}

/// Removes the file at `path` if there is one.
fn remove(path: &Path) -> Result<(), DataError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(DataError::Io { file: path.to_owned(), action: "remove", source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
