//! The commands, one file each: the arguments of a command and what it does.

pub mod bench;
pub mod data;
pub mod fit;
pub mod flops;
pub mod plot;
pub mod sweep;
pub mod train;
