//! The program as a user runs it, and the house rules as the sources keep them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../data/tests/it/at_hand.rs"]
mod at_hand;
mod bench;
mod cli;
mod data;
mod estimators;
mod fit;
mod flops;
mod literature;
mod machine;
mod meter;
mod nvml;
mod peers;
mod plot;
mod power_log;
mod project;
mod report;
mod server;
mod shell;
mod simulate;
mod sweep;
mod tidy;
mod train;
