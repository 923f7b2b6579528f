//! How errors read.

use anyhow::anyhow;

use super::*;

#[test]
fn each_cause_is_told_once() {
    let nested = anyhow!("disk on fire").context("cannot write a").context("cannot finish");
    assert_eq!(chain(&nested), "cannot finish: cannot write a: disk on fire");
    let repeating = anyhow!("disk on fire").context("cannot write a: disk on fire");
    assert_eq!(chain(&repeating), "cannot write a: disk on fire");
}

#[test]
fn a_file_name_cannot_play_tricks_on_a_terminal() {
    assert_eq!(printable("a\u{1b}[2Jb\nc\u{7}"), "a\u{fffd}[2Jb\nc\u{fffd}");
}

#[test]
fn a_closed_pipe_is_success() {
    assert_eq!(failure(Format::Json, &ClosedPipe.into()), Exit::Done);
}
