//! What can be wrong with a sweep file, and with the settings of a script.

use record::error::SpecError;

/// A sweep that cannot be planned. Every message begins with the file it is about.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Not TOML, a key is missing, or a value is of the wrong type.
    #[error("{file}: {message}")]
    Syntax {
        /// The sweep file.
        file: String,
        /// What the parser said, with the line.
        message: String,
    },
    /// A key that means nothing here.
    #[error("{file}: unknown key `{key}` at line {line}: {hint}")]
    UnknownKey {
        /// The sweep file.
        file: String,
        /// The key as written.
        key: String,
        /// Its line, from 1.
        line: usize,
        /// The nearest known key, or all of them.
        hint: String,
    },
    /// A value that is impossible.
    #[error("{file}: {key} = {found}: expected {expected}")]
    Value {
        /// The sweep file.
        file: String,
        /// The key, with its table.
        key: String,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// Keys that contradict each other, or of which one is missing.
    #[error("{file}: {message}")]
    Keys {
        /// The sweep file.
        file: String,
        /// Which keys, and what to write instead.
        message: String,
    },
    /// A cell that cannot be trained.
    #[error("{file}: cell `{cell}`: {source}")]
    Spec {
        /// The sweep file.
        file: String,
        /// The cell.
        cell: String,
        /// What is wrong with it; boxed, as it is large.
        source: Box<SpecError>,
    },
    /// Two cells would do the same run.
    #[error(
        "{file}: cells `{first}` and `{second}` are the same run: delete one of the values that lead to it"
    )]
    Duplicate {
        /// The sweep file.
        file: String,
        /// The earlier cell.
        first: String,
        /// The later cell.
        second: String,
    },
    /// Every cell lies outside the limits.
    #[error("{file}: none of its {cells} cells lies within [limits]; the first: {cell}: {reason}")]
    Nothing {
        /// The sweep file.
        file: String,
        /// Cells of the grid.
        cells: usize,
        /// The first of them.
        cell: String,
        /// Why it was dropped.
        reason: String,
    },
}

/// A SLURM script or a share of a sweep that makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{setting} = {found}: expected {expected}")]
pub struct SlurmError {
    /// Name of the setting.
    pub setting: &'static str,
    /// What was given.
    pub found: String,
    /// What is allowed.
    pub expected: String,
}
