//! Clocks, energy counters and estimates: what a run cost.

mod battery;
pub mod clock;
mod estimate;
pub mod host;
pub mod meter;
pub mod metering;
mod nvml;
mod perf;
pub mod power_log;
pub mod processors;
mod rapl;
mod sampler;
pub mod source;
pub mod sources;
mod step;
mod tally;
#[cfg(test)]
mod testing;
pub mod theoretical;
mod timeline;
mod windows;
