//! What can be wrong with records and tables that are to be reported.

use std::path::PathBuf;

use law::number::short;

/// A report that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nothing to report.
    #[error("no run records: expected at least one; train something first, for example with `ergo sweep`")]
    NoRecords,
    /// Runs of several data sets, whose errors do not compare.
    #[error("records of {found}: expected one data set per fit; keep their journals in separate folders")]
    MixedData {
        /// The data sets.
        found: String,
    },
    /// A run of a sweep that cannot help to choose.
    #[error(
        "run {id} of sweep `{sweep}`: found no validation error, by which cells are chosen; \
         set validation_images above 0 and run the sweep again"
    )]
    NoValidation {
        /// The run.
        id: String,
        /// Its sweep.
        sweep: String,
    },
    /// A fit to an estimated quantity was asked for.
    #[error(
        "the joules of these runs are modelled, not measured: they are drawn but not fitted; \
         fit FLOPs or seconds instead"
    )]
    Estimated,
    /// No run carries the quantity.
    #[error("no run has {quantity} of its own: expected {expected}")]
    NoCost {
        /// Seconds or joules, images or parameters.
        quantity: &'static str,
        /// Runs that have it.
        expected: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the CSV reader said.
        reason: String,
    },
    /// A CSV file without data.
    #[error("{path}: found no rows; expected a header and at least one row below it")]
    EmptyTable {
        /// The file.
        path: PathBuf,
    },
    /// A CSV file without a column.
    #[error(
        "{path}, line 1: no column `{column}`; found {found}; name the right one, or rename it in the file"
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// The column that was looked for.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// A CSV file with two columns of one name.
    #[error("{path}, line 1: found several columns `{column}`; expected one; rename the others")]
    TwoColumns {
        /// The file.
        path: PathBuf,
        /// The column that was looked for.
        column: String,
    },
    /// A cell of a CSV file that is not the number that is needed.
    #[error("{path}, line {line} (row {row}), column `{column}`: found `{found}`; expected {expected}")]
    Value {
        /// The file.
        path: PathBuf,
        /// Line from 1, where the row begins.
        line: usize,
        /// Row from 1 below the header.
        row: u64,
        /// The column.
        column: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A row of a CSV file with too few or too many cells.
    #[error("{path}, line {line}: found {found} cells; expected {expected}, as in the header")]
    Row {
        /// The file.
        path: PathBuf,
        /// Line from 1, where the row begins.
        line: usize,
        /// Cells in the row.
        found: u64,
        /// Cells in the header.
        expected: u64,
    },
    /// A range of errors or computes without a row.
    #[error(
        "--range: found no row between {} and {}; errors go from {} to {}, computes from {} to {}; expected ends among the \
         errors, or else among the computes",
        short(*low, 6), short(*high, 6), short(errors[0], 6), short(errors[1], 6), short(computes[0], 6), short(computes[1], 6)
    )]
    EmptyRange {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
        /// The least and the largest error.
        errors: [f64; 2],
        /// The least and the largest compute.
        computes: [f64; 2],
    },
    /// The estimator refused.
    #[error(transparent)]
    Law(#[from] law::error::LawError),
    /// A picture that cannot be made.
    #[error("cannot draw the PNG: {reason}; the SVG beside it holds the same figure")]
    Png {
        /// What the renderer said.
        reason: String,
    },
}
