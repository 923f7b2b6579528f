//! Reads one file of a set, raw or compressed, within a known size, and checks its digest.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::set::SetName;
use crate::source::{Layout, SourceFile, source};
use crate::{cifar, idx};

/// Memory an xz stream may ask for, in bytes; `xz -9` asks for 65 MiB.
const XZ_MEMORY_LIMIT: u64 = 256 << 20;

/// How a file is compressed; in the order in which forms of one file are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Raw,
    /// By gzip, perhaps in several members.
    Gzip,
    /// By xz, perhaps in several streams.
    Xz,
}

impl Compression {
    /// All of them, the preferred first.
    pub const ALL: [Compression; 3] = [Compression::Raw, Compression::Gzip, Compression::Xz];

    /// What the file's name ends in.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::Raw => "",
            Compression::Gzip => ".gz",
            Compression::Xz => ".xz",
        }
    }
}

/// The uncompressed bytes of one file, with what an error about them must name.
#[derive(Clone, Debug)]
pub struct Content {
    /// The set it belongs to, which says the shape of its images and the number of classes.
    pub set: SetName,
    /// Where it came from.
    pub file: PathBuf,
    /// The uncompressed bytes.
    pub bytes: Vec<u8>,
}

impl Content {
    /// The error that says that this content is not as expected.
    pub(crate) fn damaged(&self, found: impl Into<String>, expected: impl Into<String>) -> DataError {
        DataError::damaged(self.set, &self.file, found.into(), expected.into())
    }
}

/// Why a file was not accepted.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The bytes are not the ones expected.
    Wrong { found: String, expected: String },
    /// The system would not give them.
    Io(io::Error),
}

/// SHA-256 of `bytes` in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads and checks the file at `path`, which should hold `expected`.
///
/// # Errors
/// [`DataError::Damaged`] when size or digest differ or the compression is broken; [`DataError::Io`]
/// when the file cannot be read.
pub fn read(
    set: SetName,
    path: &Path,
    compression: Compression,
    expected: &SourceFile,
) -> Result<Content, DataError> {
    let failed = |fault| match fault {
        Fault::Wrong { found, expected } => DataError::damaged(set, path, found, expected),
        Fault::Io(source) => DataError::Io { file: path.to_owned(), action: "read", source },
    };
    let bytes = uncompressed(path, compression, expected).map_err(failed)?;
    let content = Content { set, file: path.to_owned(), bytes };
    if let Err(fault) = check(&content.bytes, expected) {
        // That a header or a label is impossible says more than that the digest differs.
        layout_of(set, &content, expected)?;
        return Err(failed(fault));
    }
    Ok(content)
}

/// Whether header and labels of `content` are those of `expected`, as far as its bytes go.
fn layout_of(set: SetName, content: &Content, expected: &SourceFile) -> Result<(), DataError> {
    match source(set)?.layout {
        Layout::Idx => idx::check(content, expected),
        Layout::Cifar => cifar::check(content),
    }
}

/// The uncompressed bytes at `path`, or why they are not `expected`.
pub(crate) fn read_checked(
    path: &Path,
    compression: Compression,
    expected: &SourceFile,
) -> Result<Vec<u8>, Fault> {
    let bytes = uncompressed(path, compression, expected)?;
    check(&bytes, expected)?;
    Ok(bytes)
}

/// The bytes at `path`, at most one more than `expected` has.
fn uncompressed(path: &Path, compression: Compression, expected: &SourceFile) -> Result<Vec<u8>, Fault> {
    // Opening a pipe would wait for a writer for ever, so only plain files are opened.
    let metadata = fs::metadata(path).map_err(|error| match fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => {
            wrong(format!("a link to {}, where nothing lies", target.display()), "a plain file")
        }
        _ => Fault::Io(error),
    })?;
    if !metadata.is_file() {
        return Err(wrong("something that is no plain file", "a plain file"));
    }
    let file = io::BufReader::new(File::open(path).map_err(Fault::Io)?);
    match compression {
        Compression::Raw => up_to(file, expected.bytes).map_err(Fault::Io),
        Compression::Gzip => up_to(flate2::bufread::MultiGzDecoder::new(file), expected.bytes)
            .map_err(|e| wrong(format!("broken gzip data ({e})"), expected.describe())),
        Compression::Xz => {
            let stream =
                liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_LIMIT, liblzma::stream::CONCATENATED)
                    .map_err(|e| Fault::Io(e.into()))?;
            up_to(liblzma::bufread::XzDecoder::new_stream(file, stream), expected.bytes)
                .map_err(|e| wrong(format!("broken xz data ({e})"), expected.describe()))
        }
    }
}

/// Whether `bytes`, read by [`up_to`], are the ones `expected`.
pub(crate) fn check(bytes: &[u8], expected: &SourceFile) -> Result<(), Fault> {
    let length = bytes.len() as u64;
    if length > expected.bytes {
        return Err(wrong(format!("more than {} bytes", expected.bytes), expected.describe()));
    }
    if length < expected.bytes {
        return Err(wrong(format!("{length} bytes"), expected.describe()));
    }
    let digest = sha256_hex(bytes);
    if digest != expected.sha256 {
        return Err(wrong(format!("bytes with SHA-256 {digest}"), format!("SHA-256 {}", expected.sha256)));
    }
    Ok(())
}

/// Reads `limit` bytes and one more where there are more, so that no input can fill the memory.
pub(crate) fn up_to(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // As much as is expected at once: growing copies it all, several times. Where there is not so much memory, growing says so.
    let _ = bytes.try_reserve_exact(usize::try_from(limit.saturating_add(1)).unwrap_or(0));
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn wrong(found: impl Into<String>, expected: impl Into<String>) -> Fault {
    Fault::Wrong { found: found.into(), expected: expected.into() }
}

#[cfg(test)]
mod tests;
