//! Reads the tables of `datasets/literature`, which are part of the program.

use std::path::PathBuf;

use csv::{ReaderBuilder, StringRecord};

use crate::error::ReportError;

/// A table: its file name and its text.
pub(super) struct Table {
    /// Name of the file in `datasets/literature/`.
    pub(super) name: &'static str,
    /// Everything in it.
    pub(super) text: &'static str,
}

pub(super) const BENCHMARKS: Table =
    Table { name: "benchmarks.csv", text: include_str!("../../../../datasets/literature/benchmarks.csv") };
pub(super) const PROJECTIONS: Table =
    Table { name: "projections.csv", text: include_str!("../../../../datasets/literature/projections.csv") };
pub(super) const FACTORS: Table =
    Table { name: "factors.csv", text: include_str!("../../../../datasets/literature/factors.csv") };
pub(super) const TAKEN_APART: Table =
    Table { name: "taken-apart.csv", text: include_str!("../../../../datasets/literature/taken-apart.csv") };
pub(super) const REMARKS: Table =
    Table { name: "remarks.csv", text: include_str!("../../../../datasets/literature/remarks.csv") };
pub(super) const AI_AND_COMPUTE: Table = Table {
    name: "ai-and-compute.csv",
    text: include_str!("../../../../datasets/literature/ai-and-compute.csv"),
};
pub(super) const AI_AND_EFFICIENCY: Table = Table {
    name: "ai-and-efficiency.csv",
    text: include_str!("../../../../datasets/literature/ai-and-efficiency.csv"),
};
pub(super) const CLAIMS: Table =
    Table { name: "claims.csv", text: include_str!("../../../../datasets/literature/claims.csv") };

#[cfg(test)]
pub(super) const ALL: [Table; 8] =
    [BENCHMARKS, PROJECTIONS, FACTORS, TAKEN_APART, REMARKS, AI_AND_COMPUTE, AI_AND_EFFICIENCY, CLAIMS];

/// One row of a table; cells are asked for by the name of their column.
pub(super) struct Row {
    name: &'static str,
    line: usize,
    row: u64,
    header: StringRecord,
    cells: StringRecord,
}

impl Table {
    /// All rows below the header; lines that begin with `#` are comment.
    pub(super) fn rows(&self) -> Result<Vec<Row>, ReportError> {
        let fault = |e: csv::Error| ReportError::Read { path: path(self.name), reason: e.to_string() };
        let mut reader = ReaderBuilder::new().comment(Some(b'#')).from_reader(self.text.as_bytes());
        let header = reader.headers().map_err(fault)?.clone();
        let mut rows = Vec::new();
        for cells in reader.records() {
            let cells = cells.map_err(fault)?;
            let line = cells.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(usize::MAX));
            let row = rows.len() as u64 + 1;
            rows.push(Row { name: self.name, line, row, header: header.clone(), cells });
        }
        Ok(rows)
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("datasets/literature").join(name)
}

impl Row {
    /// The cell in `column`, which may be empty.
    pub(super) fn text(&self, column: &str) -> Result<String, ReportError> {
        let place = self.header.iter().position(|name| name == column);
        let cell = place.and_then(|place| self.cells.get(place));
        cell.map(|cell| cell.trim().to_owned()).ok_or_else(|| ReportError::Column {
            path: path(self.name),
            column: column.to_owned(),
            found: self.header.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        })
    }

    /// The positive number in `column`.
    pub(super) fn number(&self, column: &str) -> Result<f64, ReportError> {
        let text = self.text(column)?;
        let value = text.parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
        value.ok_or_else(|| self.fault(column, text))
    }

    /// The positive number in `column`, or `None` where the cell is empty.
    pub(super) fn optional(&self, column: &str) -> Result<Option<f64>, ReportError> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.number(column).map(Some) }
    }

    /// Says that the cell in `column` is none of what is known there.
    pub(super) fn unknown(&self, column: &str) -> ReportError {
        let found = self.text(column).unwrap_or_default();
        let reason = format!("line {}: the {column} `{found}` is not known", self.line);
        ReportError::Read { path: path(self.name), reason }
    }

    fn fault(&self, column: &str, found: String) -> ReportError {
        let (path, column, expected) = (path(self.name), column.to_owned(), "a positive number");
        ReportError::Value { path, line: self.line, row: self.row, column, found, expected }
    }
}
