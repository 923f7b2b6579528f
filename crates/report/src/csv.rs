//! Reads points of compute and error from two named columns of a CSV file.

use std::path::Path;

use ::csv::{ErrorKind, Position, Reader, StringRecord};
use law::fit::Point;

use crate::error::ReportError;

/// Name of the column of compute unless told otherwise.
pub const COMPUTE_COLUMN: &str = "compute";
/// Name of the column of errors unless told otherwise.
pub const ERROR_COLUMN: &str = "error";

/// The points in the columns `compute` and `error` (names in the header line) of the CSV file at `path`.
///
/// # Errors
/// A file that cannot be read, is empty, lacks a column or has it twice, or holds anything but positive numbers in the two columns;
/// the message names file, line, column, what was found and what was expected.
pub fn read(path: &Path, compute: &str, error: &str) -> Result<Vec<Point>, ReportError> {
    let text = std::fs::read(path)
        .map_err(|source| ReportError::Read { path: path.to_owned(), reason: source.to_string() })?;
    let table = Table { path, text: text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text) };
    let mut reader = Reader::from_reader(table.text);
    let header = reader.headers().map_err(|e| table.failure(&e))?.clone();
    if header.is_empty() {
        return Err(ReportError::EmptyTable { path: path.to_owned() });
    }
    let compute = table.column(&header, compute)?;
    let error = table.column(&header, error)?;
    let mut points = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| table.failure(&e))?;
        points.push(Point { compute: table.value(&row, &compute)?, error: table.value(&row, &error)? });
    }
    if points.is_empty() {
        return Err(ReportError::EmptyTable { path: path.to_owned() });
    }
    Ok(points)
}

/// What some spreadsheets put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Table<'a> {
    path: &'a Path,
    text: &'a [u8],
}

struct Column<'a> {
    name: &'a str,
    index: usize,
}

impl Table<'_> {
    fn column<'a>(&self, header: &StringRecord, name: &'a str) -> Result<Column<'a>, ReportError> {
        let mut places = (0..header.len()).filter(|&place| header.get(place).map(str::trim) == Some(name));
        let index = places.next();
        if places.next().is_some() {
            return Err(ReportError::TwoColumns { path: self.path.to_owned(), column: name.to_owned() });
        }
        index.map(|index| Column { name, index }).ok_or_else(|| ReportError::Column {
            path: self.path.to_owned(),
            column: name.to_owned(),
            found: header.iter().map(|cell| format!("`{}`", cell.trim())).collect::<Vec<_>>().join(", "),
        })
    }

    fn value(&self, row: &StringRecord, column: &Column) -> Result<f64, ReportError> {
        let text = row.get(column.index).unwrap_or_default().trim();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
            _ => Err(ReportError::Value {
                path: self.path.to_owned(),
                line: self.line(row.position()),
                column: column.name.to_owned(),
                found: text.to_owned(),
            }),
        }
    }

    fn failure(&self, error: &::csv::Error) -> ReportError {
        let path = self.path.to_owned();
        match error.kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                ReportError::Row { path, line: self.line(pos.as_ref()), found: *len, expected: *expected_len }
            }
            _ => ReportError::Read { path, reason: error.to_string() },
        }
    }

    /// The line on which a row begins. The reader's own count is taken before it skips the second half of a CR LF
    /// and empty lines, so it can fall short.
    fn line(&self, start: Option<&Position>) -> usize {
        let start = start.map_or(0, |start| usize::try_from(start.byte()).unwrap_or(usize::MAX));
        let before = self.text.iter().enumerate();
        before
            .take_while(|(i, byte)| *i < start || matches!(byte, b'\r' | b'\n'))
            .filter(|(_, b)| **b == b'\n')
            .count()
            + 1
    }
}

#[cfg(test)]
mod tests;
