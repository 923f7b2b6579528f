//! Estimates how error falls with compute, with intervals, on plain numbers.
//!
//! Trainings come in as [`cell::Cell`]s or as plain [`fit::Point`]s; [`fit::fit_cells`] and
//! [`fit::fit_points`] give the exponent k of "cutting error by a factor f costs f^k in compute".
//! [`estimate::estimate`] has a choice of estimators, each in a file of its own; the same input and seed give the same
//! bits on every machine.

mod bootstrap;
pub mod broken;
pub mod calibration;
pub mod cell;
mod clusters;
pub mod compare;
pub mod counts;
pub mod curve;
pub mod decades;
pub mod error;
pub mod estimate;
pub mod expert;
pub mod exponential;
pub mod fit;
pub mod floor;
pub mod frontier;
pub mod goodness;
mod group;
mod interval;
pub mod jackknife;
mod least_squares;
pub mod m1;
pub mod m2;
pub mod m3;
pub mod m4;
pub mod method;
pub mod number;
pub mod ols;
pub mod ols_reverse;
mod parallel;
pub mod point;
pub mod power;
mod profile;
pub mod project;
pub mod quantile;
mod resample;
mod settled;
pub mod sizes;
pub mod surface;
mod table;
mod warning;

#[cfg(test)]
mod sample;
