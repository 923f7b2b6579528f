//! Runs the real program and looks at what it prints.

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

use crate::at_hand;

/// `ergo` in an empty surrounding: no data folder, cache, proxy or choice of cards of the machine is seen.
pub fn ergo(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("ergo").expect("the program is built");
    for variable in [
        "RAYON_NUM_THREADS",
        "CANDLE_NUM_THREADS",
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "ERGO_DATA_DIR",
        "HOME",
        "XDG_CACHE_HOME",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

/// What `ergo` printed, and the code it ended with.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `ergo` to its end.
pub fn run(arguments: &[&str]) -> Ran {
    ran(&ergo(arguments).output().expect("the program starts"))
}

/// The output of a finished program as text.
pub fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let code = output.status.code().expect("ended by itself");
    Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// The one JSON object on stdout of a command that succeeds.
pub fn json(arguments: &[&str]) -> Value {
    let ran = run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    object(&ran.stdout)
}

/// Parses one JSON object that fills one line.
pub fn object(stdout: &str) -> Value {
    let value: Value =
        serde_json::from_str(stdout).unwrap_or_else(|e| panic!("not one object: {e}: {stdout}"));
    assert!(value.is_object() && stdout.ends_with('\n') && stdout.lines().count() == 1, "{stdout}");
    value
}

/// Runs a command that must be refused as bad input with `words` in its message, with and without `--json`.
pub fn refused(arguments: &[&str], words: &[&str]) {
    let plain = run(arguments);
    let with_json = run(&[arguments, &["--json"]].concat());
    assert_eq!((plain.code, with_json.code), (2, 2), "{arguments:?}: {}", plain.stderr);
    assert_eq!(plain.stdout, "", "{arguments:?}");
    assert_eq!(plain.stderr.matches("error: ").count(), 1, "{}", plain.stderr);
    let told = object(&with_json.stdout);
    assert_eq!(told["exit_code"], 2);
    for word in words {
        assert!(plain.stderr.contains(word), "`{word}` is not in: {}", plain.stderr);
        let error = told["error"].as_str().expect("a message");
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace")
}

/// The folder with MNIST's original `.gz` files, or `None`, said aloud for `test`, where this machine has none.
pub fn mnist(test: &str) -> Option<PathBuf> {
    let folders = at_hand::folders().into_iter().map(|folder| folder.join("mnist"));
    let found = folders.into_iter().find(|folder| folder.join("train-images-idx3-ubyte.gz").is_file());
    if found.is_none() {
        at_hand::skipped(test, "MNIST is not at hand; see `ergo data fetch mnist`");
    }
    found
}
