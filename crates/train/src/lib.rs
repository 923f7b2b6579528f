//! Trains: the loop, schedules, checkpoints, workers and the learners.

mod assemble;
pub mod bench;
#[cfg(feature = "candle")]
pub mod candle;
mod checkpoint;
mod course;
pub mod error;
pub mod executed;
mod fresh;
#[cfg(any(feature = "candle", feature = "tch"))]
mod laps;
pub mod learner;
pub mod native;
pub mod overhead;
pub mod peak;
mod profile;
pub mod run;
pub mod schedule;
pub mod shelf;
mod tally;
#[cfg(feature = "tch")]
pub mod tch;
#[cfg(test)]
mod tests;
pub mod weights;
pub mod worker;
