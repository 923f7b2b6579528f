//! Small made-up sets with a table of their own, for tests of finding, loading and fetching.

use std::io::Write;
use std::path::Path;

use crate::content::{Compression, sha256_hex};
use crate::set::SetName;
use crate::source::{Layout, Published, Source, SourceFile};

/// Uncompressed files of a made-up set, by name, and the table that fits them.
pub(crate) struct MadeUp {
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    pub(crate) source: Source,
}

impl MadeUp {
    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        &self.files.iter().find(|(n, _)| *n == name).unwrap().1
    }

    /// Writes every file into `folder`, compressed.
    pub(crate) fn write_all(&self, folder: &Path, compression: Compression) {
        std::fs::create_dir_all(folder).unwrap();
        for (name, bytes) in &self.files {
            let path = folder.join(format!("{name}{}", compression.suffix()));
            std::fs::write(path, compressed(bytes, compression)).unwrap();
        }
    }
}

/// A big-endian IDX header and the bytes after it.
pub(crate) fn idx(magic: u32, dimensions: &[u32], items: &[u8]) -> Vec<u8> {
    let words = std::iter::once(&magic).chain(dimensions);
    words.flat_map(|w| w.to_be_bytes()).chain(items.iter().copied()).collect()
}

/// Rows in the layout of CIFAR, whose pixels count up from the row's number.
pub(crate) fn cifar_rows(labels: &[&[u8]]) -> Vec<u8> {
    let row =
        |(i, l): (usize, &&[u8])| l.iter().copied().chain((0..3072).map(move |p| (i + p) as u8)).collect();
    labels.iter().enumerate().flat_map(|r| -> Vec<u8> { row(r) }).collect()
}

/// Three learning and two test images in MNIST's layout.
pub(crate) fn small_mnist() -> MadeUp {
    let pixels = |n: usize| (0..n * 784).map(|i| (i % 251) as u8).collect::<Vec<_>>();
    let files = vec![
        ("train-images-idx3-ubyte", idx(2051, &[3, 28, 28], &pixels(3))),
        ("train-labels-idx1-ubyte", idx(2049, &[3], &[5, 0, 4])),
        ("t10k-images-idx3-ubyte", idx(2051, &[2, 28, 28], &pixels(2))),
        ("t10k-labels-idx1-ubyte", idx(2049, &[2], &[7, 2])),
    ];
    let addresses: &[&str] = &["http://first/", "http://second/"];
    made_up(SetName::Mnist, "mnist", Layout::Idx, files, 2, Published::Files { addresses })
}

/// Two learning files of two rows and a test file of one in CIFAR-10's layout.
pub(crate) fn small_cifar10() -> MadeUp {
    let files = vec![
        ("data_batch_1.bin", cifar_rows(&[&[3], &[8]])),
        ("data_batch_2.bin", cifar_rows(&[&[9], &[0]])),
        ("test_batch.bin", cifar_rows(&[&[6]])),
    ];
    let published = Published::Archive {
        name: "cifar-10-binary.tar.gz",
        folder: "cifar-10-batches-bin",
        addresses: &["http://first/cifar-10-binary.tar.gz", "http://second/cifar-10-binary.tar.gz"],
    };
    made_up(SetName::Cifar10, "cifar-10", Layout::Cifar, files, 2, published)
}

fn made_up(
    set: SetName,
    folder: &'static str,
    layout: Layout,
    files: Vec<(&'static str, Vec<u8>)>,
    learning: usize,
    published: Published,
) -> MadeUp {
    // The tables of the real sets live for ever; leaking a few hundred bytes makes these do the same.
    let table: Vec<SourceFile> = files
        .iter()
        .map(|(name, bytes)| SourceFile { name, bytes: bytes.len() as u64, sha256: sha256_hex(bytes).leak() })
        .collect();
    let (learning, test) = Vec::leak(table).split_at(learning);
    MadeUp { files, source: Source { set, folder, layout, learning, test, published } }
}

pub(crate) fn compressed(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::Raw => bytes.to_vec(),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}
