//! Runs a command to its end: its output where it belongs, signals passed on, its exit code told.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use crate::exit;
use crate::output::Format;

/// What is meant for the command, and would end this program; the last two are how batch systems warn of a job's end.
const PASSED: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// Runs `command` and gives its exit code, 128 and the number of the signal where one ended it.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: &[OsString], format: Format) -> anyhow::Result<i32> {
    let [program, arguments @ ..] = command else { return Err(exit::bad_input("no command was given")) };
    // From here on signals end the command and not this program, which has yet to say what it cost.
    let signals = Signals::new(PASSED).context("cannot watch for signals")?;
    let mut child = Command::new(program);
    child.args(arguments);
    if format == Format::Json {
        let stderr = io::stderr().as_fd().try_clone_to_owned().context("cannot use stderr twice")?;
        child.stdout(Stdio::from(stderr));
    }
    let mut child = child.spawn().map_err(|error| {
        let message = format!("cannot start {}: {error}", program.to_string_lossy());
        exit::bad_input_with_hint(message, "name a program, as in `ergo meter -- python3 train.py`")
    })?;
    let status = wait(&mut child, signals)?;
    Ok(code(status))
}

fn wait(child: &mut Child, mut signals: Signals) -> anyhow::Result<ExitStatus> {
    let pid = Pid::from_child(child);
    let handle = signals.handle();
    let passing = std::thread::spawn(move || {
        for signal in signals.forever() {
            // What is typed at a terminal reaches the command by itself.
            let typed = matches!(signal, SIGINT | SIGQUIT) && in_foreground();
            if let Some(signal) = Signal::from_named_raw(signal).filter(|_| !typed) {
                // A command that has just ended needs no signal.
                let _ = kill_process(pid, signal);
            }
        }
    });
    let status = child.wait().context("cannot wait for the command");
    handle.close();
    // The thread only passes signals on; it has nothing to tell.
    let _ = passing.join();
    status
}

/// Whether this program is in front at its terminal, which then sends what is typed to the command too: by `/proc`, the
/// fifth and the eighth word of whose line are the group of this process and the one in front.
fn in_foreground() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second word is a name in brackets, with anything in it.
    let words: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    words.get(2).is_some_and(|group| words.get(5) == Some(group))
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}
