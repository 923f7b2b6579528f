//! Which files make up each set, the SHA-256 of their uncompressed content, and where they are published.

use crate::error::DataError;
use crate::set::SetName;

/// One file of a set, uncompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its original name, without `.gz` or `.xz`.
    pub name: &'static str,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its content, in lower-case hexadecimal.
    pub sha256: &'static str,
}

impl SourceFile {
    /// The file in words, for errors.
    pub(crate) fn describe(&self) -> String {
        format!("the {} bytes of {}", self.bytes, self.name)
    }
}

/// How a set is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// File by file, each compressed by gzip: address + name + `.gz`.
    Files {
        /// Addresses of folders, in the order in which they are tried.
        addresses: &'static [&'static str],
    },
    /// In one `.tar.gz` archive that holds all files.
    Archive {
        /// Name of the archive.
        name: &'static str,
        /// The folder within the archive.
        folder: &'static str,
        /// Addresses of the archive, in the order in which they are tried.
        addresses: &'static [&'static str],
    },
}

/// How the files hold images and labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Two IDX files for each part: images, labels.
    Idx,
    /// Rows of labels and planes, in any number of files.
    Cifar,
}

/// The files of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The set.
    pub set: SetName,
    /// The folder below a data folder in which its files lie.
    pub folder: &'static str,
    /// How they are laid out.
    pub layout: Layout,
    /// Files of the images that are not test images, in order.
    pub learning: &'static [SourceFile],
    /// Files of the test images, in order.
    pub test: &'static [SourceFile],
    /// Where they can be fetched.
    pub published: Published,
}

impl Source {
    /// All files: learning, then test.
    pub fn files(&self) -> impl Iterator<Item = &'static SourceFile> + use<> {
        self.learning.iter().chain(self.test)
    }
}

/// The files of `set`.
///
/// # Errors
/// [`DataError::Procedural`] for a set that lies in no file.
pub fn source(set: SetName) -> Result<&'static Source, DataError> {
    match set {
        SetName::Digits => Err(DataError::Procedural { set }),
        SetName::Mnist => Ok(&MNIST),
        SetName::FashionMnist => Ok(&FASHION_MNIST),
        SetName::Cifar10 => Ok(&CIFAR_10),
        SetName::Cifar100 => Ok(&CIFAR_100),
    }
}

const fn file(name: &'static str, bytes: u64, sha256: &'static str) -> SourceFile {
    SourceFile { name, bytes, sha256 }
}

/// 16 bytes of header and 60,000 images of 28 x 28 bytes.
const IDX_LEARNING_IMAGES: u64 = 16 + 60_000 * 28 * 28;
/// 8 bytes of header and 60,000 labels.
const IDX_LEARNING_LABELS: u64 = 8 + 60_000;
/// 16 bytes of header and 10,000 images of 28 x 28 bytes.
const IDX_TEST_IMAGES: u64 = 16 + 10_000 * 28 * 28;
/// 8 bytes of header and 10,000 labels.
const IDX_TEST_LABELS: u64 = 8 + 10_000;
/// 10,000 rows of one label and 3 planes of 32 x 32 bytes.
const CIFAR_10_BATCH: u64 = 10_000 * (1 + 3 * 32 * 32);
/// Bytes of one row of CIFAR-100: two labels and 3 planes of 32 x 32 bytes.
const CIFAR_100_ROW: u64 = 2 + 3 * 32 * 32;

static MNIST: Source = Source {
    set: SetName::Mnist,
    folder: "mnist",
    layout: Layout::Idx,
    learning: &[
        file(
            "train-images-idx3-ubyte",
            IDX_LEARNING_IMAGES,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        file(
            "train-labels-idx1-ubyte",
            IDX_LEARNING_LABELS,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
    ],
    test: &[
        file(
            "t10k-images-idx3-ubyte",
            IDX_TEST_IMAGES,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        file(
            "t10k-labels-idx1-ubyte",
            IDX_TEST_LABELS,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ],
    published: Published::Files {
        addresses: &[
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ],
    },
};

static FASHION_MNIST: Source = Source {
    set: SetName::FashionMnist,
    folder: "fashion-mnist",
    layout: Layout::Idx,
    learning: &[
        file(
            "train-images-idx3-ubyte",
            IDX_LEARNING_IMAGES,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        file(
            "train-labels-idx1-ubyte",
            IDX_LEARNING_LABELS,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
    ],
    test: &[
        file(
            "t10k-images-idx3-ubyte",
            IDX_TEST_IMAGES,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        file(
            "t10k-labels-idx1-ubyte",
            IDX_TEST_LABELS,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ],
    // The first is the publisher's own, which has no https; the digests guard what comes from it.
    published: Published::Files {
        addresses: &[
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        ],
    },
};

static CIFAR_10: Source = Source {
    set: SetName::Cifar10,
    folder: "cifar-10",
    layout: Layout::Cifar,
    learning: &[
        file(
            "data_batch_1.bin",
            CIFAR_10_BATCH,
            "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        ),
        file(
            "data_batch_2.bin",
            CIFAR_10_BATCH,
            "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        ),
        file(
            "data_batch_3.bin",
            CIFAR_10_BATCH,
            "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        ),
        file(
            "data_batch_4.bin",
            CIFAR_10_BATCH,
            "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        ),
        file(
            "data_batch_5.bin",
            CIFAR_10_BATCH,
            "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        ),
    ],
    test: &[file(
        "test_batch.bin",
        CIFAR_10_BATCH,
        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    )],
    published: Published::Archive {
        name: "cifar-10-binary.tar.gz",
        folder: "cifar-10-batches-bin",
        addresses: &[
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
        ],
    },
};

/// Its digests are of the rows of the published Python version laid out as the binary version is described;
/// they have not been compared with the published binary version itself.
static CIFAR_100: Source = Source {
    set: SetName::Cifar100,
    folder: "cifar-100",
    layout: Layout::Cifar,
    learning: &[file(
        "train.bin",
        50_000 * CIFAR_100_ROW,
        "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
    )],
    test: &[file(
        "test.bin",
        10_000 * CIFAR_100_ROW,
        "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
    )],
    published: Published::Archive {
        name: "cifar-100-binary.tar.gz",
        folder: "cifar-100-binary",
        addresses: &["https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"],
    },
};

#[cfg(test)]
mod tests;
