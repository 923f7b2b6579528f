//! Clocks, energy counters and estimates: what a run cost.

pub mod clock;
mod estimate;
pub mod host;
pub mod meter;
pub mod metering;
mod nvml;
mod rapl;
mod sampler;
pub mod source;
pub mod sources;
mod step;
mod tally;
#[cfg(test)]
mod testing;
mod timeline;
mod windows;
