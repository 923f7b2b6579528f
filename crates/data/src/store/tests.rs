//! Tests of finding, checking and loading sets, on made-up sets with a table of their own.

use std::fs;

use super::*;
use crate::testing::{compressed, small_cifar10, small_mnist};

#[test]
fn a_set_loads_in_every_compression() {
    for made_up in [small_mnist(), small_cifar10()] {
        for compression in Compression::ALL {
            let folder = tempfile::tempdir().unwrap();
            made_up.write_all(&folder.path().join(made_up.source.folder), compression);
            let loaded = Store::new(vec![folder.path().into()]).load_source(&made_up.source).unwrap();
            let (learning, test): (&[u8], &[u8]) = match made_up.source.layout {
                Layout::Idx => (&[5, 0, 4], &[7, 2]),
                Layout::Cifar => (&[3, 8, 9, 0], &[6]),
            };
            assert_eq!((&loaded.learning.labels[..], &loaded.test.labels[..]), (learning, test));
        }
    }
}

#[test]
fn the_first_folder_decides_even_when_damaged() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let made_up = small_mnist();
    let store = Store::new(vec!["/nowhere".into(), first.path().into(), second.path().into()]);
    made_up.write_all(&second.path().join("mnist"), Compression::Gzip);
    assert_eq!(store.find_source(&made_up.source).unwrap().unwrap().folder, second.path().join("mnist"));
    assert!(store.load_source(&made_up.source).is_ok());

    // One file alone in the first folder takes the decision, and the others are missed there.
    fs::create_dir(first.path().join("mnist")).unwrap();
    let labels = first.path().join("mnist/t10k-labels-idx1-ubyte.gz");
    fs::write(&labels, "damaged").unwrap();
    let found = store.find_source(&made_up.source).unwrap().unwrap();
    assert_eq!(found.folder, first.path().join("mnist"));
    assert_eq!((found.files.len(), found.missing.len()), (1, 3));
    let error = store.load_source(&made_up.source).unwrap_err().to_string();
    assert!(error.contains("train-images-idx3-ubyte: found no such file"), "{error}");
    assert!(error.contains("beside t10k-labels-idx1-ubyte,"), "{error}");
    let verified = store.verify_source(&made_up.source).unwrap();
    assert!(verified.iter().all(|v| v.outcome.is_err()));
    assert_eq!(verified[3].path, labels);
    assert!(verified[3].outcome.as_ref().unwrap_err().to_string().contains("broken gzip data"));
}

#[test]
fn only_the_damaged_file_fails_verification() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = small_cifar10();
    made_up.write_all(&folder.path().join("cifar-10"), Compression::Xz);
    let mut bytes = made_up.bytes("data_batch_2.bin").to_vec();
    bytes[5] ^= 1;
    let path = folder.path().join("cifar-10/data_batch_2.bin.xz");
    fs::write(&path, compressed(&bytes, Compression::Xz)).unwrap();
    let store = Store::new(vec![folder.path().into()]);
    let verified = store.verify_source(&made_up.source).unwrap();
    assert_eq!(verified.iter().map(|v| v.outcome.is_ok()).collect::<Vec<_>>(), [true, false, true]);
    let error = store.load_source(&made_up.source).unwrap_err();
    assert!(matches!(&error, DataError::Damaged { file, .. } if *file == path), "{error}");
}

#[test]
fn a_raw_file_is_preferred_to_a_compressed_one() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = small_mnist();
    for compression in Compression::ALL {
        made_up.write_all(&folder.path().join("mnist"), compression);
    }
    let store = Store::new(vec![folder.path().into()]);
    let found = store.find_source(&made_up.source).unwrap().unwrap();
    assert!(found.files.iter().all(|f| f.compression == Compression::Raw));
}

#[test]
fn a_folder_may_be_the_sets_own_if_it_bears_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = small_mnist();
    let own = folder.path().join("mnist");
    made_up.write_all(&own, Compression::Raw);
    let found = Store::new(vec![own.clone()]).find_source(&made_up.source).unwrap().unwrap();
    assert_eq!(found.folder, own);
    // MNIST's file names are also Fashion-MNIST's, so another name is no home.
    let other = folder.path().join("fashion-mnist");
    made_up.write_all(&other, Compression::Raw);
    assert!(Store::new(vec![other]).find_source(&made_up.source).unwrap().is_none());
}

#[test]
fn an_unpacked_archive_is_found_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = small_cifar10();
    made_up.write_all(&folder.path().join("cifar-10-batches-bin"), Compression::Raw);
    assert!(Store::new(vec![folder.path().into()]).load_source(&made_up.source).is_ok());
}

#[test]
fn a_set_that_is_nowhere_says_where_it_was_looked_for() {
    let store = Store::new(vec!["/nowhere".into(), "/nor/here".into()]);
    assert!(store.find(SetName::FashionMnist).unwrap().is_none());
    let error = store.load(SetName::FashionMnist).unwrap_err().to_string();
    for part in
        ["/nowhere, /nor/here", "`ergo data fetch fashion-mnist`", "`apt-get install dataset-fashion-mnist`"]
    {
        assert!(error.contains(part), "{error}\nlacks {part}");
    }
    let error = store.verify(SetName::Mnist).unwrap_err().to_string();
    assert!(error.contains("`ergo data fetch mnist`") && !error.contains("apt-get"), "{error}");
}

#[test]
fn digits_lie_in_no_file() {
    let error = Store::new(vec![]).load(SetName::Digits).unwrap_err();
    assert!(matches!(error, DataError::Procedural { set: SetName::Digits }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let made_up = small_mnist();
    made_up.write_all(&folder.path().join("mnist"), Compression::Raw);
    let path = folder.path().join("mnist/t10k-labels-idx1-ubyte");
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", &path).unwrap();
    let error = Store::new(vec![folder.path().into()]).load_source(&made_up.source).unwrap_err();
    assert!(matches!(&error, DataError::Io { file, .. } if *file == path), "{error}");
}
