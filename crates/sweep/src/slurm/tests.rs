//! Scripts as text and as a real shell reads them.

use std::process::Command;

use super::*;
use proptest::prelude::*;

fn settings() -> ArraySettings {
    ArraySettings {
        job_name: "ergo-mnist".into(),
        program: "ergo".into(),
        sweep_file: "mnist.toml".into(),
        out: "runs/mnist".into(),
        arguments: vec![],
        tasks: 8,
        at_once: None,
        cpus_per_task: None,
        gpus_per_task: None,
        time_limit: None,
        memory: None,
        partition: None,
        account: None,
    }
}

#[test]
fn the_plain_script() {
    let expected = "#!/bin/sh
#SBATCH --job-name=ergo-mnist
#SBATCH --array=1-8
#SBATCH --requeue
#SBATCH --open-mode=append
# A minute before the limit, so that the run at work can end cleanly.
#SBATCH --signal=B:TERM@60

set -eu
# exec, so that the signal reaches the program.
exec ergo sweep mnist.toml --out runs/mnist --shard \"$SLURM_ARRAY_TASK_ID/8\"
";
    assert_eq!(array_script(&settings()).unwrap(), expected);
}

#[test]
fn every_setting_is_in_its_place() {
    let script = array_script(&ArraySettings {
        at_once: Some(3),
        cpus_per_task: Some(4),
        gpus_per_task: Some(1),
        time_limit: Some("1-02:00:00".into()),
        memory: Some("8G".into()),
        partition: Some("gpu,long".into()),
        account: Some("physics_42".into()),
        arguments: vec!["--data-dir".into(), "/data/my sets".into()],
        ..settings()
    })
    .unwrap();
    let (directives, command) = script.split_once("\n\n").unwrap();
    let options = [
        "array=1-8%3",
        "cpus-per-task=4",
        "gpus-per-task=1",
        "time=1-02:00:00",
        "mem=8G",
        "partition=gpu,long",
        "account=physics_42",
    ];
    for option in options {
        assert!(directives.lines().any(|line| line == format!("#SBATCH --{option}")), "{option}\n{script}");
    }
    assert!(command.ends_with("/8\" --threads 4 --data-dir '/data/my sets'\n"), "{command}");
}

#[test]
fn a_setting_cannot_smuggle_in_a_line() {
    let refused = |settings: ArraySettings, start: &str| {
        let message = array_script(&settings).expect_err(start).to_string();
        assert!(message.starts_with(start), "{message}");
    };
    refused(ArraySettings { partition: Some("a\nrm".into()), ..settings() }, "partition = \"a\\nrm\"");
    refused(ArraySettings { job_name: "a b".into(), ..settings() }, "job_name = \"a b\"");
    refused(ArraySettings { account: Some(String::new()), ..settings() }, "account = \"\"");
    refused(ArraySettings { tasks: 0, ..settings() }, "tasks = 0: expected a whole number from 1");
    refused(ArraySettings { at_once: Some(0), ..settings() }, "at_once = 0");
}

/// What a real shell makes of `script` when `sbatch` gives it task 3.
#[cfg(unix)]
fn as_run(script: &str) -> Vec<u8> {
    let output =
        Command::new("sh").args(["-c", script]).env("SLURM_ARRAY_TASK_ID", "3").output().expect("a shell");
    assert!(output.status.success(), "{script}\n{output:?}");
    output.stdout
}

#[cfg(unix)]
#[test]
fn a_shell_reads_the_script_as_it_is_meant() {
    let script = array_script(&ArraySettings {
        // Prints each further argument between brackets; its own arguments are its format.
        program: "printf".into(),
        sweep_file: "it's $HOME/`x`.toml".into(),
        out: "a \"b\"\nc".into(),
        ..settings()
    })
    .unwrap();
    let script = script.replace("exec printf sweep", "exec printf '[%s]' sweep");
    let expected = "[sweep][it's $HOME/`x`.toml][--out][a \"b\"\nc][--shard][3/8]";
    assert_eq!(String::from_utf8(as_run(&script)).unwrap(), expected);
}

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A real shell gives back every text that is quoted; no argument of a program can hold a NUL.
    #[test]
    fn quoted_text_comes_back(text in "[^\u{0}]{0,30}") {
        prop_assert_eq!(as_run(&format!("printf %s {}", quote(&text))), text.into_bytes());
    }
}
