//! The commands, one file each: the arguments of a command and what it does.

pub mod bench;
pub mod data;
pub mod doctor;
pub mod fit;
pub mod flops;
pub mod literature;
pub mod meter;
pub mod plot;
pub mod project;
pub mod report;
pub mod simulate;
pub mod sweep;
pub mod train;
