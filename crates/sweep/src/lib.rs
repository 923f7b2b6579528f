//! Which runs: budgets and grids become specs, and specs minus records become work.

pub mod axes;
pub mod error;
pub mod file;
pub mod grid;
pub mod pending;
pub mod plan;
pub mod predict;
pub mod presets;
pub mod slurm;
pub mod written;
