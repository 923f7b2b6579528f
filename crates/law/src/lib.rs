//! Estimates how error falls with compute, with intervals, on plain numbers.
//!
//! Trainings come in as [`cell::Cell`]s or as plain [`fit::Point`]s; [`fit::fit_cells`] and
//! [`fit::fit_points`] give the exponent k of "cutting error by a factor f costs f^k in compute".
//! Each estimator has a file of its own; the same input and seed give the same bits on every machine.

mod bootstrap;
pub mod cell;
pub mod error;
pub mod expert;
pub mod fit;
pub mod floor;
pub mod frontier;
mod group;
mod interval;
pub mod number;
pub mod point;
pub mod power;
mod resample;
mod warning;
