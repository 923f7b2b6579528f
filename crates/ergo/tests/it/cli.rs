//! What every command has in common: help, exit codes, one object with `--json`, closed pipes.

use std::process::Stdio;

use crate::shell::{ergo, ran, refused, run};

const COMMANDS: [&[&str]; 18] = [
    &["data"],
    &["data", "list"],
    &["data", "fetch"],
    &["data", "verify"],
    &["flops"],
    &["train"],
    &["sweep"],
    &["bench"],
    &["fit"],
    &["plot"],
    &["report"],
    &["project"],
    &["literature"],
    &["simulate"],
    &["simulate", "expert"],
    &["simulate", "calibration"],
    &["meter"],
    &["doctor"],
];

#[test]
fn every_command_has_help_with_an_example_and_takes_json() {
    for command in COMMANDS {
        let ran = run(&[command, &["--help"]].concat());
        assert_eq!(ran.code, 0, "{command:?}");
        assert!(ran.stdout.contains("Example"), "{command:?} has no example");
        assert!(ran.stdout.contains("--json"), "{command:?} takes no --json");
        assert!(ran.stdout.contains(&format!("ergo {}", command.join(" "))), "{command:?}");
    }
    let ran = run(&["--help"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("Example") && ran.stdout.contains("Exit codes: 0 done"), "{}", ran.stdout);
}

#[test]
fn the_list_of_commands_here_is_whole() {
    let help = run(&["--help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").expect("a list");
    let (list, _) = list.split_once("\n\n").expect("its end");
    for line in list.lines() {
        let name = line.split_whitespace().next().expect("a name");
        assert!(name == "help" || COMMANDS.iter().any(|command| command[0] == name), "{name} is not tested");
    }
}

#[test]
fn version_names_the_commit() {
    let ran = run(&["--version"]);
    assert_eq!(ran.code, 0);
    let (version, commit) = ran.stdout.trim().split_once(" (").expect("version (commit)");
    assert_eq!(version, concat!("ergo ", env!("CARGO_PKG_VERSION")));
    let commit = commit.trim_end_matches(')').trim_end_matches("-dirty");
    let hexadecimal = commit.len() >= 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(commit == "unknown" || hexadecimal, "{}", ran.stdout);
}

#[test]
fn bad_usage_ends_with_2() {
    refused(&["no-such-command"], &["no-such-command"]);
    refused(&["flops"], &["NET"]);
    refused(&["flops", "lenet5", "--no-such-option"], &["--no-such-option"]);
    refused(&["data", "fetch"], &["NAMES"]);
    refused(&["data", "verify", "imagenet"], &["imagenet", "cifar100"]);
    assert_eq!(run(&[]).code, 2);
}

#[test]
fn prose_goes_to_stderr_and_the_object_to_stdout() {
    let ran = run(&["flops", "linear", "--json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("mnist"), "the assumption is told: {}", ran.stderr);
    crate::shell::object(&ran.stdout);
    assert_eq!(run(&["flops", "linear", "--data", "mnist"]).stderr, "");
}

/// As in `ergo flops resnet152 | head -1`: the reader is gone before the program writes.
#[test]
fn a_closed_pipe_is_success() {
    for arguments in [&["flops", "resnet152"] as &[&str], &["flops", "resnet152", "--json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = std::process::Command::new(ergo(arguments).get_program());
        let output = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().expect("runs");
        let ran = ran(&output);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    }
}
