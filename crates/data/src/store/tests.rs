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

/// The folder to fetch into, as the remedy of a damaged file has it, after each way in which a set can be found.
#[test]
fn a_fetch_into_the_folder_of_the_remedy_mends() {
    let made_up = small_cifar10();
    let below = |folder: &str| (folder.to_owned(), String::new());
    let cases = [below("cifar-10"), below("cifar-10-batches-bin")];
    let own = [("a b/cifar-10", "a b/cifar-10"), ("cifar-10-batches-bin", "cifar-10-batches-bin")];
    let own = own.map(|(set, option)| (set.to_owned(), option.to_owned()));
    for (set, option) in cases.into_iter().chain(own) {
        let root = tempfile::tempdir().unwrap();
        made_up.write_all(&root.path().join(&set), Compression::Raw);
        fs::write(root.path().join(&set).join("test_batch.bin"), "damaged").unwrap();
        let store = Store::new(vec![root.path().join(&option)]);
        let error = store.load_source(&made_up.source).unwrap_err().to_string();
        let verified = store.verify_source(&made_up.source).unwrap();
        assert_eq!(verified[2].outcome.as_ref().unwrap_err().to_string(), error);
        let (_, after) = error.split_once("run `ergo data fetch cifar10 --data-dir ").unwrap();
        let (folder, _) = after.split_once('`').unwrap();
        made_up.write_all(&Path::new(folder.trim_matches('\'')).join("cifar-10"), Compression::Raw);
        store.load_source(&made_up.source).unwrap();
    }
}

#[test]
fn a_file_that_is_missing_is_fetched_into_its_own_folder() {
    let root = tempfile::tempdir().unwrap();
    let made_up = small_mnist();
    made_up.write_all(&root.path().join("mnist"), Compression::Raw);
    fs::remove_file(root.path().join("mnist/t10k-labels-idx1-ubyte")).unwrap();
    let error = Store::new(vec![root.path().into()]).load_source(&made_up.source).unwrap_err().to_string();
    let expected = format!("run `ergo data fetch mnist --data-dir {}`", root.path().display());
    assert!(error.contains(&expected), "{error}");
}

/// Headers and labels that no file of the format can have are told before the digest.
#[test]
fn impossible_headers_and_labels_are_named() {
    let cases: [(&str, usize, &[u8], &str); 5] = [
        ("t10k-images-idx3-ubyte", 3, &[1], "found magic number 2049, expected 2051, an IDX file of images"),
        // 255 x 2^24 and the two images that are there.
        (
            "t10k-images-idx3-ubyte",
            4,
            &[255],
            "found a header of 4278190082 images, expected one of 2 images",
        ),
        ("t10k-images-idx3-ubyte", 11, &[32], "found images of 32 by 28 pixels"),
        ("t10k-labels-idx1-ubyte", 9, &[10], "found label 10 for image 1, expected labels from 0 to 9"),
        ("t10k-images-idx3-ubyte", 500, &[7], "found bytes with SHA-256"),
    ];
    for (name, place, bytes, message) in cases {
        let root = tempfile::tempdir().unwrap();
        let made_up = small_mnist();
        made_up.write_all(&root.path().join("mnist"), Compression::Gzip);
        let mut content = made_up.bytes(name).to_vec();
        content[place..place + bytes.len()].copy_from_slice(bytes);
        let path = root.path().join("mnist").join(format!("{name}.gz"));
        fs::write(path, compressed(&content, Compression::Gzip)).unwrap();
        let error = Store::new(vec![root.path().into()]).load_source(&made_up.source).unwrap_err();
        assert!(error.to_string().contains(message), "{error}\nlacks {message}");
        assert!(error.to_string().contains("run `ergo data fetch mnist --data-dir "), "{error}");
    }
    let root = tempfile::tempdir().unwrap();
    let made_up = small_cifar10();
    made_up.write_all(&root.path().join("cifar-10"), Compression::Raw);
    let mut content = made_up.bytes("data_batch_2.bin").to_vec();
    // The label of the second row stands after one row of 1 + 3,072 bytes.
    content[3073] = 11;
    fs::write(root.path().join("cifar-10/data_batch_2.bin"), content).unwrap();
    let error = Store::new(vec![root.path().into()]).load_source(&made_up.source).unwrap_err().to_string();
    assert!(error.contains("found label 11 in row 1, expected labels from 0 to 9"), "{error}");
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
    assert!(matches!(&error, DataError::Damaged { file, .. } if *file == path), "{error}");
    assert!(error.to_string().contains("found a link to /nowhere/at/all, where nothing lies"), "{error}");
}
