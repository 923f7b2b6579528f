//! Tables and figures drawn from records alone.

pub mod axis;
pub mod calibration;
pub mod cells;
pub mod colour;
pub mod cost;
pub mod csv;
pub mod curves;
pub mod error;
pub mod estimates;
pub mod expert;
pub mod figures;
pub mod fit;
pub mod grid;
pub mod label;
pub mod legend;
pub mod literature;
pub mod marks;
pub mod methods;
pub mod overtaking;
pub mod plot;
pub mod png;
pub mod project;
pub mod speeds;
pub mod svg;
pub mod table;
pub mod totals;
pub mod utilisation;

#[cfg(test)]
mod sample;
