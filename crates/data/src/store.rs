//! Finds, checks and loads sets that lie in folders.

use std::io;
use std::path::{Path, PathBuf};

use crate::cifar;
use crate::content::{self, Compression, Content};
use crate::error::{DataError, fetch_command};
use crate::idx;
use crate::images::Images;
use crate::set::SetName;
use crate::source::{Layout, Published, Source, SourceFile, source};

/// An ordered list of folders in which sets may lie.
///
/// Below a data folder lies one folder for each set (`mnist`, `cifar-10`, ...; see [`Source::folder`])
/// with the original files, each raw, `.gz` or `.xz`. A data folder may also be such a folder itself.
/// The first that holds any file of a set decides; damage there is an error, never a reason to look on.
#[derive(Clone, Debug)]
pub struct Store {
    folders: Vec<PathBuf>,
}

/// A whole set.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Images that are not test images; training and validation images are split off them.
    pub learning: Images,
    /// Test images.
    pub test: Images,
}

/// Where a set lies.
#[derive(Clone, Debug)]
pub struct Found {
    /// The set's folder.
    pub folder: PathBuf,
    /// The data folder: a fetch into it puts the set where it is found before what lies in `folder`, or there.
    pub data_folder: PathBuf,
    /// Its files that are there, in the order of [`Source::files`].
    pub files: Vec<FoundFile>,
    /// Names of its files that are not there.
    pub missing: Vec<&'static str>,
}

/// One file of a set that is there; its content has not been looked at.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// What it should hold.
    pub file: &'static SourceFile,
    /// Where it lies.
    pub path: PathBuf,
    /// How it is compressed, by its name.
    pub compression: Compression,
}

/// What became of checking one file.
#[derive(Debug)]
pub struct Verified {
    /// Where it lies, or should lie.
    pub path: PathBuf,
    /// Whether it holds what it should.
    pub outcome: Result<(), DataError>,
}

impl Store {
    /// A store that looks into `folders` in order.
    #[must_use]
    pub fn new(folders: Vec<PathBuf>) -> Store {
        Store { folders }
    }

    /// Where `set` lies, or `None` when no folder holds any of its files. Contents are not read.
    ///
    /// # Errors
    /// [`DataError::Procedural`] for digits; [`DataError::Io`] when a folder cannot be looked into.
    pub fn find(&self, set: SetName) -> Result<Option<Found>, DataError> {
        self.find_source(source(set)?)
    }

    /// Where `set` lies with all its files. Contents are not read.
    ///
    /// # Errors
    /// [`DataError::NotFound`] when it is nowhere, [`DataError::Damaged`] when a file is missing, and those of
    /// [`Store::find`].
    pub fn locate(&self, set: SetName) -> Result<Found, DataError> {
        self.locate_source(source(set)?)
    }

    /// Reads, checks and parses `set`.
    ///
    /// # Errors
    /// [`DataError::NotFound`] when it is nowhere, [`DataError::Damaged`] when a file is missing or wrong,
    /// and those of [`Store::find`].
    pub fn load(&self, set: SetName) -> Result<Loaded, DataError> {
        self.load_source(source(set)?)
    }

    /// Checks every file of `set`, in the order of [`Source::files`].
    ///
    /// # Errors
    /// [`DataError::NotFound`] when it is nowhere, and those of [`Store::find`]; what is wrong with a
    /// file is in its outcome.
    pub fn verify(&self, set: SetName) -> Result<Vec<Verified>, DataError> {
        self.verify_source(source(set)?)
    }

    /// [`Store::find`] for a table of one's own.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub fn find_source(&self, source: &Source) -> Result<Option<Found>, DataError> {
        for data_folder in &self.folders {
            for candidate in candidates(data_folder, source) {
                let found = find_in(&candidate, source)?;
                if !found.files.is_empty() {
                    let data_folder = folder_to_fetch_into(data_folder, &candidate, source);
                    return Ok(Some(Found { data_folder, ..found }));
                }
            }
        }
        Ok(None)
    }

    /// [`Store::load`] for a table of one's own.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn load_source(&self, source: &Source) -> Result<Loaded, DataError> {
        let found = self.locate_source(source)?;
        let in_folder = |error: DataError| error.in_folder(source.set, &found.data_folder);
        let mut learning = read_all(source.set, &found.files).map_err(in_folder)?;
        let test = learning.split_off(source.learning.len());
        Ok(Loaded {
            learning: parse(source, &learning).map_err(in_folder)?,
            test: parse(source, &test).map_err(in_folder)?,
        })
    }

    /// [`Store::verify`] for a table of one's own.
    ///
    /// # Errors
    /// As [`Store::verify`].
    pub fn verify_source(&self, source: &Source) -> Result<Vec<Verified>, DataError> {
        let found = self.find_or_say_where(source)?;
        let verified = source.files().map(|file| match found.files.iter().find(|f| f.file == file) {
            Some(there) => {
                let outcome = content::read(source.set, &there.path, there.compression, file).map(drop);
                let outcome = outcome.map_err(|error| error.in_folder(source.set, &found.data_folder));
                Verified { path: there.path.clone(), outcome }
            }
            None => Verified {
                path: found.folder.join(file.name),
                outcome: Err(missing(source.set, &found, file.name)),
            },
        });
        Ok(verified.collect())
    }

    fn locate_source(&self, source: &Source) -> Result<Found, DataError> {
        let found = self.find_or_say_where(source)?;
        match found.missing.first() {
            Some(name) => Err(missing(source.set, &found, name)),
            None => Ok(found),
        }
    }

    fn find_or_say_where(&self, source: &Source) -> Result<Found, DataError> {
        self.find_source(source)?.ok_or_else(|| {
            let archive_in = self.folders.iter().find(|folder| holds_archive(folder, source)).cloned();
            DataError::NotFound { set: source.set, looked_in: self.folders.clone(), archive_in }
        })
    }
}

/// Which of the files of `source` lie in `folder` itself; the preferred form where there are several.
///
/// # Errors
/// [`DataError::Io`] when the folder cannot be looked into; a folder that is absent is merely empty.
pub fn find_in(folder: &Path, source: &Source) -> Result<Found, DataError> {
    let mut found = Found {
        folder: folder.to_owned(),
        data_folder: folder.to_owned(),
        files: Vec::new(),
        missing: Vec::new(),
    };
    for file in source.files() {
        let mut there = None;
        for compression in Compression::ALL {
            let path = folder.join(format!("{}{}", file.name, compression.suffix()));
            if there.is_none() && exists(&path)? {
                there = Some(FoundFile { file, path, compression });
            }
        }
        match there {
            Some(there) => found.files.push(there),
            None => found.missing.push(file.name),
        }
    }
    Ok(found)
}

/// The folders below or at `folder` in which the set may lie.
fn candidates(folder: &Path, source: &Source) -> Vec<PathBuf> {
    let mut names = vec![source.folder];
    if let Published::Archive { folder, .. } = source.published {
        names.push(folder);
    }
    let mut candidates: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    // A folder that is itself a set's is known by its name, as MNIST and Fashion-MNIST name their files alike.
    let resolved = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    if names.iter().any(|name| resolved.ends_with(name)) {
        candidates.push(folder.to_owned());
    }
    candidates
}

/// The folder to give to a fetch so that it mends what was found in `candidate`, at or below `data_folder`.
fn folder_to_fetch_into(data_folder: &Path, candidate: &Path, source: &Source) -> PathBuf {
    let is_own = candidate == data_folder && data_folder.ends_with(source.folder);
    match data_folder.parent().filter(|_| is_own) {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        // A fetch goes to the first of the candidates, so that it comes before any other.
        None => data_folder.to_owned(),
    }
}

/// Whether the archive in which the set is published lies where a fetch into `data_folder` takes it from.
fn holds_archive(data_folder: &Path, source: &Source) -> bool {
    match &source.published {
        Published::Files { .. } => false,
        Published::Archive { name, .. } => data_folder.join(source.folder).join(name).is_file(),
    }
}

/// Whether there is anything at `path`, be it a dangling link: that, too, is damage and not absence.
fn exists(path: &Path) -> Result<bool, DataError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(source) => Err(DataError::Io { file: path.to_owned(), action: "look there", source }),
    }
}

/// Reads and checks files side by side, as decompressing CIFAR takes seconds one by one.
fn read_all(set: SetName, files: &[FoundFile]) -> Result<Vec<Content>, DataError> {
    std::thread::scope(|scope| {
        let readers: Vec<_> = files
            .iter()
            .map(|f| scope.spawn(move || content::read(set, &f.path, f.compression, f.file)))
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn parse(source: &Source, contents: &[Content]) -> Result<Images, DataError> {
    match (source.layout, contents) {
        (Layout::Idx, [images, labels]) => idx::parse(images, labels),
        (Layout::Idx | Layout::Cifar, files) => cifar::parse(source.set, files),
    }
}

fn missing(set: SetName, found: &Found, name: &str) -> DataError {
    let there: Vec<&str> = found.files.iter().map(|f| f.file.name).collect();
    DataError::Damaged {
        file: found.folder.join(name),
        found: format!("no such file, raw, .gz or .xz, beside {}", there.join(", ")),
        expected: "every file of the set".to_owned(),
        remedy: format!(
            "run {}, or name another folder with --data-dir",
            fetch_command(set, Some(&found.data_folder))
        ),
    }
}

#[cfg(test)]
mod tests;
