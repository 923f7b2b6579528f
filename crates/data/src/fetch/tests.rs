//! Tests of fetching with made-up servers: broken off, wrong, absent, endless, and a full disk.

use std::collections::HashMap;
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::store::Store;
use crate::testing::{MadeUp, compressed, small_cifar10, small_mnist};

/// What a made-up server answers at one address.
enum Answer {
    Whole(Vec<u8>),
    BreaksOff(Vec<u8>),
    Endless,
}

/// Fetches from `answers`, any other address being absent; gives the outcome and what was notified.
fn fetch_from(
    made_up: &MadeUp,
    folder: &Path,
    answers: &HashMap<String, Answer>,
) -> (Result<(), DataError>, Vec<Notice>) {
    let mut notices = Vec::new();
    let mut download = |url: &str, sink: &mut dyn Write| match answers.get(url) {
        Some(Answer::Whole(bytes)) => bytes.chunks(1000).try_for_each(|chunk| sink.write_all(chunk)),
        Some(Answer::BreaksOff(bytes)) => {
            sink.write_all(bytes)?;
            Err(io::Error::other("connection reset"))
        }
        Some(Answer::Endless) => loop {
            sink.write_all(&[0; 1 << 16])?;
        },
        None => Err(io::Error::other("404 Not Found")),
    };
    let outcome = fetch(&made_up.source, folder, None, &mut download, &mut |n| notices.push(n));
    (outcome, notices)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file of `made_up` at `address`.
fn serve_files(made_up: &MadeUp, address: &str) -> HashMap<String, Answer> {
    let answer = |(name, bytes): &(&'static str, Vec<u8>)| {
        (format!("{address}{name}.gz"), Answer::Whole(compressed(bytes, Compression::Gzip)))
    };
    made_up.files.iter().map(answer).collect()
}

/// The `.tar.gz` of [`tarred`].
fn archive(made_up: &MadeUp) -> Vec<u8> {
    compressed(&tarred(made_up), Compression::Gzip)
}

/// The archive of `made_up`, its files in reverse order and with another file among them.
fn tarred(made_up: &MadeUp) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut append = |path: String, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, bytes).unwrap();
    };
    append("cifar-10-batches-bin/readme.html".to_owned(), b"<html>");
    for (name, bytes) in made_up.files.iter().rev() {
        // The same name elsewhere in the archive is another file.
        append(format!("elsewhere/{name}"), b"not this one");
        append(format!("cifar-10-batches-bin/{name}"), bytes);
    }
    builder.into_inner().unwrap()
}

const ARCHIVE: &str = "http://first/cifar-10-binary.tar.gz";

#[test]
fn files_are_fetched_once_and_then_kept() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_mnist());
    let (outcome, notices) = fetch_from(&made_up, folder.path(), &serve_files(&made_up, "http://first/"));
    outcome.unwrap();
    assert_eq!(notices.iter().filter(|n| matches!(n, Notice::Placed(_))).count(), 4);
    assert_eq!(
        names(&folder.path().join("mnist")),
        [
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
        ]
    );
    assert!(Store::new(vec![folder.path().into()]).load_source(&made_up.source).is_ok());

    let (outcome, notices) = fetch_from(&made_up, folder.path(), &HashMap::new());
    outcome.unwrap();
    assert!(notices.iter().all(|n| matches!(n, Notice::Kept(_))) && notices.len() == 4, "{notices:?}");
}

#[test]
fn the_mirror_is_tried_when_the_first_address_fails() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_mnist());
    let mut answers = serve_files(&made_up, "http://second/");
    let wrong = compressed(b"not an image", Compression::Gzip);
    answers.insert("http://first/train-images-idx3-ubyte.gz".to_owned(), Answer::Whole(wrong));
    answers.insert("http://first/train-labels-idx1-ubyte.gz".to_owned(), Answer::BreaksOff(vec![1, 2, 3]));
    answers.insert("http://first/t10k-images-idx3-ubyte.gz".to_owned(), Answer::Endless);
    let (outcome, notices) = fetch_from(&made_up, folder.path(), &answers);
    outcome.unwrap();
    let failed = notices.iter().filter_map(|n| if let Notice::Failed(text) = n { Some(text) } else { None });
    let failed: Vec<_> = failed.collect();
    // 3 x 784 + 16 bytes are right; 2 images and the slack of 4 MiB are the limit of the third.
    let limit = 2 * 784 + 16 + (4 << 20);
    let expected = [
        "found 12 bytes, expected the 2368 bytes of train-images-idx3-ubyte".to_owned(),
        "connection reset, after 3 bytes".to_owned(),
        format!("found more than {limit} bytes"),
        "404 Not Found, after 0 bytes".to_owned(),
    ];
    assert_eq!(failed.len(), expected.len(), "{failed:?}");
    for (text, expected) in failed.iter().zip(expected) {
        assert!(text.contains(&expected), "{text}\nlacks {expected}");
    }
    assert!(Store::new(vec![folder.path().into()]).load_source(&made_up.source).is_ok());
    assert!(names(&folder.path().join("mnist")).iter().all(|n| n.ends_with(".gz")));
}

#[test]
fn a_mirror_alone_is_asked_and_named() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_mnist());
    let answers = serve_files(&made_up, "http://mirror/");
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    let mut download = |url: &str, sink: &mut dyn Write| {
        asked.push(url.to_owned());
        let Some(Answer::Whole(bytes)) = answers.get(url) else { return Err(io::Error::other("404")) };
        sink.write_all(bytes)
    };
    let mut notify = |notice| told.extend(if let Notice::Asking(url) = notice { Some(url) } else { None });
    fetch(&made_up.source, folder.path(), Some("http://mirror/"), &mut download, &mut notify).unwrap();
    assert_eq!(asked[0], "http://mirror/train-images-idx3-ubyte.gz");
    assert_eq!((asked.len(), &told), (4, &asked));
}

#[test]
fn when_every_address_fails_nothing_is_left_behind() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_mnist());
    let mut answers = HashMap::new();
    let mut bytes = made_up.bytes("train-images-idx3-ubyte").to_vec();
    bytes[100] ^= 1;
    let flipped = compressed(&bytes, Compression::Gzip);
    let cut = flipped[..flipped.len() / 2].to_vec();
    answers.insert("http://first/train-images-idx3-ubyte.gz".to_owned(), Answer::Whole(flipped));
    answers.insert("http://second/train-images-idx3-ubyte.gz".to_owned(), Answer::Whole(cut));
    let error = fetch_from(&made_up, folder.path(), &answers).0.unwrap_err().to_string();
    let digest = content::sha256_hex(&bytes);
    for part in [
        "mnist: train-images-idx3-ubyte.gz could not be fetched: http://first/train-images",
        &format!("found bytes with SHA-256 {digest}, expected SHA-256 "),
        "http://second/train-images-idx3-ubyte.gz: found broken gzip data",
        "by hand",
    ] {
        assert!(error.contains(part), "{error}\nlacks {part}");
    }
    assert!(names(&folder.path().join("mnist")).is_empty());
}

#[test]
fn a_damaged_file_is_replaced_whatever_its_form() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_mnist());
    made_up.write_all(&folder.path().join("mnist"), Compression::Raw);
    fs::write(folder.path().join("mnist/train-labels-idx1-ubyte"), "damaged").unwrap();
    let store = Store::new(vec![folder.path().into()]);
    assert!(store.load_source(&made_up.source).is_err());
    let (outcome, notices) = fetch_from(&made_up, folder.path(), &serve_files(&made_up, "http://first/"));
    outcome.unwrap();
    assert_eq!(notices.iter().filter(|n| matches!(n, Notice::Kept(_))).count(), 3);
    assert!(store.load_source(&made_up.source).is_ok());
}

#[test]
fn an_archive_is_taken_apart() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_cifar10());
    let answers = HashMap::from([(ARCHIVE.to_owned(), Answer::Whole(archive(&made_up)))]);
    fetch_from(&made_up, folder.path(), &answers).0.unwrap();
    let files = names(&folder.path().join("cifar-10"));
    assert_eq!(files, ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"]);
    assert!(Store::new(vec![folder.path().into()]).load_source(&made_up.source).is_ok());
}

#[test]
fn an_archive_put_there_by_hand_is_unpacked_and_no_address_asked() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_cifar10());
    let own = folder.path().join("cifar-10");
    fs::create_dir(&own).unwrap();
    let by_hand = own.join("cifar-10-binary.tar.gz");
    fs::write(&by_hand, archive(&made_up)).unwrap();
    let store = Store::new(vec![folder.path().into()]);
    let error = store.load_source(&made_up.source).unwrap_err().to_string();
    let advice = format!("`ergo data fetch cifar10 --data-dir {}`", folder.path().display());
    assert!(error.contains(&advice) && error.contains("unpacks the archive"), "{error}");

    let (outcome, notices) = fetch_from(&made_up, folder.path(), &HashMap::new());
    outcome.unwrap();
    assert_eq!(notices[0], Notice::Unpacking(by_hand.clone()));
    assert!(!notices.iter().any(|n| matches!(n, Notice::Asking(_))), "{notices:?}");
    store.load_source(&made_up.source).unwrap();
    assert!(by_hand.exists(), "what the user put there is the user's");

    // A damaged one is told, and the addresses are asked.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cifar-10")).unwrap();
    fs::write(folder.path().join("cifar-10/cifar-10-binary.tar.gz"), "damaged").unwrap();
    let answers = HashMap::from([(ARCHIVE.to_owned(), Answer::Whole(archive(&made_up)))]);
    let (outcome, notices) = fetch_from(&made_up, folder.path(), &answers);
    outcome.unwrap();
    assert!(matches!(&notices[1], Notice::Failed(why) if why.contains("broken")), "{notices:?}");
}

/// A wrong member, a missing member, and every cut of the archive: an error, and no file at all.
#[test]
fn a_bad_archive_leaves_nothing_behind() {
    let made_up = small_cifar10();
    let mut wrong = small_cifar10();
    wrong.files[0].1[7] ^= 1;
    let mut missing = small_cifar10();
    missing.files.remove(1);
    let whole = archive(&made_up);
    let cuts = (0..whole.len() - 30).step_by(whole.len() / 12).map(|n| (whole[..n].to_vec(), "found"));
    let bad = [
        (archive(&wrong), "found bytes with SHA-256"),
        (archive(&missing), "found no cifar-10-batches-bin/data_batch_2.bin"),
        (b"<html>404</html>".to_vec(), "found a broken .tar.gz archive"),
    ];
    for (bytes, message) in bad.into_iter().chain(cuts) {
        let folder = tempfile::tempdir().unwrap();
        let answers = HashMap::from([(ARCHIVE.to_owned(), Answer::Whole(bytes))]);
        let error = fetch_from(&made_up, folder.path(), &answers).0.unwrap_err().to_string();
        assert!(error.contains(message), "{error}\nlacks {message}");
        assert!(names(&folder.path().join("cifar-10")).is_empty());
    }
}

/// The `.part` file is made a link to the device that is always full, so the very first write meets ENOSPC.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_full() {
    if !Path::new("/dev/full").exists() {
        eprintln!("SKIP a_full_disk_is_called_full: there is no /dev/full here");
        return;
    }
    let full = |made_up: &MadeUp, part: &str, answers: HashMap<String, Answer>| {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(made_up.source.folder);
        fs::create_dir(&own).unwrap();
        std::os::unix::fs::symlink("/dev/full", own.join(part)).unwrap();
        let (outcome, notices) = fetch_from(made_up, folder.path(), &answers);
        let error = outcome.unwrap_err();
        assert!(matches!(&error, DataError::DiskFull { file, .. } if *file == own.join(part)), "{error}");
        assert!(error.to_string().contains("no space left on the disk"), "{error}");
        assert!(names(&own).is_empty(), "{:?}", names(&own));
        // No mirror helps against a full disk.
        assert_eq!(notices, [notices[0].clone()]);
    };
    let made_up = small_mnist();
    full(&made_up, "train-images-idx3-ubyte.gz.part", serve_files(&made_up, "http://first/"));
    let made_up = small_cifar10();
    let answers = || HashMap::from([(ARCHIVE.to_owned(), Answer::Whole(archive(&made_up)))]);
    full(&made_up, "cifar-10-binary.tar.gz.part", answers());
    full(&made_up, "data_batch_1.bin.part", answers());
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = fetch_from(&small_mnist(), &file, &HashMap::new()).0.unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn two_fetches_into_one_folder_do_not_meet() {
    let (folder, made_up) = (tempfile::tempdir().unwrap(), small_mnist());
    let mut inner = None;
    let mut download = |_: &str, _: &mut dyn Write| {
        inner = Some(fetch_from(&made_up, folder.path(), &HashMap::new()).0);
        Err(io::Error::other("enough"))
    };
    let outer = fetch(&made_up.source, folder.path(), None, &mut download, &mut |_| {});
    assert!(matches!(outer, Err(DataError::Fetch { .. })));
    assert!(matches!(inner, Some(Err(DataError::Busy { .. }))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However an archive's headers are mutated, either the whole set arrives or nothing does.
    #[test]
    fn a_mutated_archive_gives_all_or_nothing(header in 0usize..8, place in 0usize..512, value: u8) {
        let (folder, made_up) = (tempfile::tempdir().unwrap(), small_cifar10());
        let mut tar = tarred(&made_up);
        // Headers are told by the magic word at byte 257 (POSIX ustar).
        let headers: Vec<usize> =
            (0..tar.len() / 512).map(|b| b * 512).filter(|&b| tar[b + 257..].starts_with(b"ustar")).collect();
        tar[headers[header % headers.len()] + place] = value;
        let bytes = compressed(&tar, Compression::Gzip);
        let answers = HashMap::from([(ARCHIVE.to_owned(), Answer::Whole(bytes))]);
        let outcome = fetch_from(&made_up, folder.path(), &answers).0;
        let arrived = Store::new(vec![folder.path().into()]).load_source(&made_up.source).is_ok();
        prop_assert_eq!(outcome.is_ok(), arrived);
        prop_assert_eq!(names(&folder.path().join("cifar-10")).len(), if arrived { 3 } else { 0 });
    }
}
