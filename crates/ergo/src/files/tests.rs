//! Files are whole or untouched.

use super::*;

#[test]
fn content_replaces_content_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("made/on/the/way/f.txt");
    write(&path, b"old").expect("written");
    write(&path, b"new").expect("written");
    assert_eq!(fs::read(&path).expect("readable"), b"new");
    assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("listed").count(), 1);
}

#[test]
fn a_refused_place_keeps_what_was_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // A folder cannot be replaced by a file.
    let path = folder.path().join("taken");
    fs::create_dir(&path).expect("made");
    let error = write(&path, b"new").expect_err("refused").to_string();
    assert!(error.contains("cannot write") && error.contains("taken"), "{error}");
    assert!(path.is_dir());
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    assert!(write(Path::new(".."), b"new").is_err());
}
