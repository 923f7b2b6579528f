//! The only place that prints: results on stdout, everything else on stderr.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use record::output::ErrorOutput;
use serde::Serialize;

use crate::exit::{self, Exit};

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object on one line.
    Json,
}

/// Nobody reads stdout any more, as after `ergo ... | head -1`; that is success.
#[derive(Debug)]
struct ClosedPipe;

impl fmt::Display for ClosedPipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stdout is closed")
    }
}

impl std::error::Error for ClosedPipe {}

/// Prints the result of a command on stdout: `value` as JSON, or `text`.
///
/// # Errors
/// When stdout cannot be written.
pub fn result(format: Format, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    let text = match format {
        Format::Json => serde_json::to_string(value).map_err(not_json)? + "\n",
        Format::Text => text(),
    };
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(ClosedPipe.into()),
        written => Ok(written?),
    }
}

/// Our own values are all possible in JSON; what the user named may not be.
fn not_json(error: serde_json::Error) -> anyhow::Error {
    let message = format!("the result cannot be written as JSON: {error}");
    exit::bad_input_with_hint(message, "name folders in UTF-8, or leave --json away")
}

/// Prints a line of prose on stderr.
pub fn note(text: &str) {
    // There is nobody left to tell when stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// Reports that the command was interrupted, and what to do about it.
///
/// # Errors
/// When stdout cannot be written.
pub fn interrupted(format: Format, remedy: &str) -> anyhow::Result<Exit> {
    let told = ErrorOutput { error: format!("interrupted; {remedy}"), exit_code: Exit::Interrupted.code() };
    note(&told.error);
    result(format, &told, String::new)?;
    Ok(Exit::Interrupted)
}

/// Reports an error, once, and says how the program ends.
pub fn failure(format: Format, error: &anyhow::Error) -> Exit {
    if error.is::<ClosedPipe>() {
        return Exit::Done;
    }
    let exit = exit::of(error);
    let message = chain(error);
    note(&format!("error: {message}"));
    let hint = exit::hint(error);
    if let Some(hint) = hint {
        note(&format!("hint: {hint}"));
    }
    if format == Format::Json {
        let error = hint.map_or(message.clone(), |hint| format!("{message}; {hint}"));
        // The error itself is already told; a closed stdout changes nothing.
        let _ = result(format, &ErrorOutput { error, exit_code: exit.code() }, String::new);
    }
    exit
}

/// Reports what clap refuses, or prints the help or version that was asked for.
pub fn usage(error: &clap::Error) -> Exit {
    let exit = if error.use_stderr() { Exit::BadInput } else { Exit::Done };
    let _ = error.print();
    if exit == Exit::BadInput && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let error = text.trim().trim_start_matches("error: ").to_owned();
        let _ = result(Format::Json, &ErrorOutput { error, exit_code: exit.code() }, String::new);
    }
    exit
}

/// An error and its causes in one line, each cause once: many messages hold that of their cause already.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Without control characters, which in a file name could play tricks on a terminal.
fn printable(text: &str) -> String {
    let visible = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests;
