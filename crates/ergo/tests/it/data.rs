//! `ergo data` against a server that serves MNIST well or badly.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::server::{Answer, Server, serve};
use crate::shell::{Ran, ergo, json, mnist, object, ran, refused, run};

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// How a server answers badly with a file's bytes.
type Spoil = fn(Vec<u8>) -> Answer;

/// A server of MNIST in which `spoilt` is answered badly.
fn server(files: &Path, spoilt: &str, spoil: Spoil) -> Server {
    let answer = |name: &str| {
        let bytes = fs::read(files.join(name)).expect("readable");
        let answer = if name == spoilt { spoil(bytes) } else { Answer::Whole(bytes) };
        (name.to_owned(), answer)
    };
    serve(FILES.into_iter().map(answer).collect())
}

fn fetch(server: &Server, folder: &TempDir, more: &[&str]) -> Ran {
    let path = folder.path().to_str().expect("a plain path");
    run(&[&["data", "fetch", "mnist", "--data-dir", path, "--from", &server.address], more].concat())
}

/// Files below `folder` that are there under a final name.
fn final_names(folder: &TempDir) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder.path().join("mnist")) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("listed").file_name().into_string().expect("plain"));
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with("ubyte") || name.ends_with(".gz")).collect();
    names.sort();
    names
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_good_server_gives_the_set_once() {
    let Some(files) = mnist("a_good_server_gives_the_set_once") else { return };
    let (server, folder) = (server(&files, "", Answer::Whole), folder());
    let ran = fetch(&server, &folder, &["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let fetched = object(&ran.stdout);
    assert_eq!(fetched["sets"][0]["fetched"].as_array().map(Vec::len), Some(4), "{fetched}");
    let mut expected = FILES.map(str::to_owned);
    expected.sort();
    assert_eq!(final_names(&folder), expected);
    let asked = server.asked.lock().expect("whole").len();
    assert_eq!(asked, 4);
    let told = ran.stderr.matches(&format!("fetching {}", server.address)).count();
    assert_eq!((told, ran.stderr.matches("fetching ").count()), (4, 4), "the address that is asked is told");

    let path = folder.path().to_str().expect("a plain path");
    let verified = json(&["data", "verify", "mnist", "--data-dir", path, "--json"]);
    assert_eq!(verified["ok"], true);
    // What is there and right is not fetched again.
    let again = object(&fetch(&server, &folder, &["--json"]).stdout);
    assert_eq!(again["sets"][0]["kept"].as_array().map(Vec::len), Some(4), "{again}");
    assert_eq!(server.asked.lock().expect("whole").len(), asked);
}

#[test]
fn a_bad_server_leaves_nothing_wrong_under_a_final_name() {
    let Some(files) = mnist("a_bad_server_leaves_nothing_wrong_under_a_final_name") else { return };
    let wrong = |bytes: Vec<u8>| {
        let mut bytes = bytes;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Answer::Whole(bytes)
    };
    let short = |bytes: Vec<u8>| Answer::Whole(bytes[..bytes.len() / 2].to_vec());
    let page = |_| Answer::Whole(b"<html>Log in to this network first</html>".to_vec());
    let spoils: [(&str, Spoil); 5] = [
        ("breaks off", Answer::BreaksOff),
        ("stalls", Answer::Stalls),
        ("wrong bytes", wrong),
        ("half of it as if whole", short),
        ("another page", page),
    ];
    for (what, spoil) in spoils {
        // The first file, so that no other one comes before it.
        let (bad, folder) = (server(&files, FILES[0], spoil), folder());
        let ran = fetch(&bad, &folder, &["--timeout", "1"]);
        assert_eq!(ran.code, 1, "{what}: {}", ran.stderr);
        assert!(ran.stderr.contains("error: mnist: train-images-idx3-ubyte"), "{what}: {}", ran.stderr);
        assert_eq!(final_names(&folder), [""; 0], "{what}");
        // A better server then completes the set in the same folder.
        let good = server(&files, "", Answer::Whole);
        let ran = fetch(&good, &folder, &[]);
        assert_eq!(ran.code, 0, "after one that {what}: {}", ran.stderr);
        assert_eq!(final_names(&folder).len(), 4);
    }
}

#[test]
fn a_server_without_the_file_or_no_server_is_a_failure() {
    let folder = folder();
    let ran = fetch(&serve(HashMap::new()), &folder, &["--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("404"), "{}", ran.stderr);
    assert_eq!(object(&ran.stdout)["exit_code"], 1);
    // Port 1 of the loopback: nothing listens there.
    let nobody = Server { address: "http://127.0.0.1:1".to_owned(), asked: Default::default() };
    assert_eq!(fetch(&nobody, &folder, &[]).code, 1);
    assert_eq!(final_names(&folder), [""; 0]);
}

#[test]
fn damage_is_found_and_named() {
    let Some(files) = mnist("damage_is_found_and_named") else { return };
    let folder = folder();
    let set = folder.path().join("mnist");
    fs::create_dir(&set).expect("made");
    for name in FILES {
        fs::copy(files.join(name), set.join(name)).expect("copied");
    }
    let path = folder.path().to_str().expect("a plain path");
    let labels = set.join(FILES[3]);
    let mut bytes = fs::read(&labels).expect("readable");
    bytes.truncate(1000);
    fs::write(&labels, bytes).expect("written");
    let ran = run(&["data", "verify", "mnist", "--data-dir", path, "--json"]);
    assert_eq!(ran.code, 2);
    let verified = object(&ran.stdout);
    assert_eq!(verified["ok"], false);
    let bad: Vec<_> =
        verified["files"].as_array().expect("files").iter().filter(|f| f["ok"] == false).collect();
    assert_eq!(bad.len(), 1, "{verified}");
    assert!(bad[0]["problem"].as_str().expect("words").contains("t10k-labels"), "{verified}");

    fs::remove_file(&labels).expect("removed");
    let listed = json(&["data", "list", "--data-dir", path, "--json"]);
    let set =
        listed["sets"].as_array().expect("sets").iter().find(|set| set["name"] == "mnist").expect("mnist");
    assert_eq!((&set["state"], &set["missing"][0]), (&"incomplete".into(), &"t10k-labels-idx1-ubyte".into()));
}

/// What an error says is typed as it stands, and mends.
#[test]
fn the_remedy_for_damage_mends() {
    let test = "the_remedy_for_damage_mends";
    let Some(files) = mnist(test) else { return };
    let (server, folder) = (server(&files, "", Answer::Whole), folder());
    let set = folder.path().join("mnist");
    fs::create_dir(&set).expect("made");
    fs::write(set.join("train-labels-idx1-ubyte"), "damaged").expect("written");
    let path = folder.path().to_str().expect("a plain path");
    let train = ["train", "--data", "mnist", "--steps", "1", "--net", "linear", "--data-dir", path];
    let ran = run(&train);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let (_, after) = ran.stderr.split_once("`ergo ").expect("a command");
    let (command, _) = after.split_once('`').expect("its end");
    let mut typed: Vec<&str> = command.split(' ').collect();
    typed.extend(["--from", &server.address]);
    assert_eq!(run(&typed).code, 0, "{typed:?}");
    assert_eq!(run(&train).code, 0);
}

#[cfg(unix)]
#[test]
fn a_folder_that_json_cannot_hold_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).expect("made");
    let list = |more: &[&str]| {
        let mut command = ergo(&["data", "list", "--data-dir"]);
        ran(&command.arg(&odd).args(more).output().expect("runs"))
    };
    assert_eq!(list(&[]).code, 0);
    let refused = list(&["--json"]);
    assert_eq!((refused.code, object(&refused.stdout)["exit_code"].as_u64()), (2, Some(2)));
    assert!(refused.stderr.contains("UTF-8"), "{}", refused.stderr);
}

#[test]
fn folders_are_looked_into_in_order() {
    let (named, variable, cache) = (folder(), folder(), folder());
    let list = |arguments: &[&str]| {
        let mut command = ergo(&[&["data", "list", "--json"], arguments].concat());
        command.env("ERGO_DATA_DIR", variable.path()).env("XDG_CACHE_HOME", cache.path());
        object(&ran(&command.output().expect("runs")).stdout)
    };
    let with_option = list(&["--data-dir", named.path().to_str().expect("a plain path")]);
    let expected = [
        named.path().to_owned(),
        variable.path().to_owned(),
        "datasets".into(),
        cache.path().join("ergometer"),
        "/usr/share/datasets".into(),
    ];
    assert_eq!(with_option["folders"], serde_json::to_value(&expected).expect("paths"));
    assert_eq!(list(&[])["folders"], serde_json::to_value(&expected[1..]).expect("paths"));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    refused(&["data", "fetch", "digits", "--data-dir", "."], &["digits", "made by the program"]);
    refused(&["data", "verify", "digits"], &["digits"]);
    refused(&["data", "list", "--data-dir", "nowhere"], &["nowhere", "no such folder"]);
    refused(&["data", "fetch", "mnist", "--timeout", "0"], &["--timeout"]);
    let empty = folder();
    let path = empty.path().to_str().expect("a plain path");
    refused(&["data", "verify", "cifar100", "--data-dir", path], &["cifar100", "ergo data fetch cifar100"]);
}
