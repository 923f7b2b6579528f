//! Clocks, energy counters and estimates: what a run cost.

mod battery;
mod book;
pub mod clock;
mod estimate;
pub mod host;
mod hwmon;
pub mod meter;
pub mod metering;
mod nvml;
mod perf;
pub mod power_log;
mod processor_times;
pub mod processors;
mod rapl;
pub mod replay;
mod sampler;
pub mod source;
pub mod sources;
mod step;
mod tally;
pub mod tenancy;
#[cfg(test)]
mod testing;
pub mod theoretical;
mod timeline;
pub mod trace;
pub mod visible;
mod windows;
