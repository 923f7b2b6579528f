//! The program as a user runs it, and the house rules as the sources keep them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a test that is skipped must say so")]

mod cli;
mod data;
mod fit;
mod flops;
mod plot;
mod server;
mod shell;
mod sweep;
mod tidy;
mod train;
