//! Reads points of compute and error, and sizes of trainings, from named columns of a CSV file, row by row.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use ::csv::{ByteRecord, ErrorKind, Position, ReaderBuilder, StringRecord};
use law::fit::Point;
use law::sizes;
use law::surface::Size;

use crate::error::ReportError;

/// Name of the column of compute unless told otherwise.
pub const COMPUTE_COLUMN: &str = "compute";
/// Name of the column of errors unless told otherwise.
pub const ERROR_COLUMN: &str = "error";
/// Names of the columns of parameters and of data unless told otherwise.
pub const SIZE_COLUMNS: [&str; 2] = ["params", "data"];

const POSITIVE: &str = "a positive number";

/// The columns that are wanted, by their names in the header line.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Compute; without it 6 x parameters x data stand for it.
    pub compute: Option<&'a str>,
    /// Errors.
    pub error: &'a str,
    /// Parameters and data.
    pub sizes: Option<[&'a str; 2]>,
    /// Rows whose cell is not 0 are held out.
    pub holdout: Option<&'a str>,
}

/// What one row says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Compute.
    pub compute: f64,
    /// Error.
    pub error: f64,
    /// Parameters; 1 where they are not wanted.
    pub parameters: f64,
    /// Data; 1 where they are not wanted.
    pub data: f64,
    /// Whether the row is not to be fitted.
    pub held_out: bool,
}

/// The points in the columns `compute` and `error` (names in the header line) of the CSV file at `path`.
///
/// # Errors
/// As [`read_rows`].
pub fn read(path: &Path, compute: &str, error: &str) -> Result<Vec<Point>, ReportError> {
    let mut points = Vec::new();
    let wanted = Wanted { compute: Some(compute), error, sizes: None, holdout: None };
    read_rows(path, &wanted, |row| points.push(Point { compute: row.compute, error: row.error }))?;
    Ok(points)
}

/// Gives every row of the CSV file at `path` to `take`, keeping none.
///
/// # Errors
/// A file that cannot be read, is empty, lacks a column or has it twice, or holds anything but positive numbers in the columns;
/// the message names file, line, row, column, what was found and what was expected.
pub fn read_rows(path: &Path, wanted: &Wanted, mut take: impl FnMut(Row)) -> Result<(), ReportError> {
    let failed = |e: std::io::Error| ReportError::Read { path: path.to_owned(), reason: e.to_string() };
    let mut text = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
    let mark =
        if text.fill_buf().map_err(failed)?.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    text.consume(mark);
    let table = Table { path, mark };
    let mut reader = ReaderBuilder::new().comment(Some(b'#')).from_reader(text);
    let header = reader.headers().map_err(|e| table.failure(&e))?.clone();
    if header.is_empty() {
        return Err(ReportError::EmptyTable { path: path.to_owned() });
    }
    let column = |name| table.column(&header, name);
    let compute = wanted.compute.map(column).transpose()?;
    let error = column(wanted.error)?;
    let sizes = wanted.sizes.map(|[n, d]| Ok::<_, ReportError>([column(n)?, column(d)?])).transpose()?;
    let holdout = wanted.holdout.map(column).transpose()?;
    let mut record = ByteRecord::new();
    let mut any = false;
    while reader.read_byte_record(&mut record).map_err(|e| table.failure(&e))? {
        let positive = |column: &Column| table.value(&record, column, POSITIVE, |value| value > 0.0);
        let error = positive(&error)?;
        let [parameters, data] = match &sizes {
            Some([n, d]) => [positive(n)?, positive(d)?],
            None => [1.0, 1.0],
        };
        let compute = match &compute {
            Some(compute) => positive(compute)?,
            None => sizes::compute(&Size { parameters, data, error }),
        };
        let held_out = match &holdout {
            Some(holdout) => table.value(&record, holdout, HELD_OUT, |_| true)? != 0.0,
            None => false,
        };
        take(Row { compute, error, parameters, data, held_out });
        any = true;
    }
    if any { Ok(()) } else { Err(ReportError::EmptyTable { path: path.to_owned() }) }
}

const HELD_OUT: &str = "0 for a row that is fitted, or another number for one that is held out";

const UNSIGNED: &str =
    "a positive number without a sign behind it, as 0.33, or 33 in a column that is in percent throughout";

/// What some spreadsheets put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

struct Table<'a> {
    path: &'a Path,
    /// Bytes before the header.
    mark: usize,
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

    fn value(
        &self,
        row: &ByteRecord,
        column: &Column,
        expected: &'static str,
        is_right: impl Fn(f64) -> bool,
    ) -> Result<f64, ReportError> {
        let cell = row.get(column.index).unwrap_or_default();
        let expected = if cell.trim_ascii_end().ends_with(b"%") { UNSIGNED } else { expected };
        let value = std::str::from_utf8(cell).ok().and_then(|text| text.trim().parse::<f64>().ok());
        value.filter(|value| value.is_finite() && is_right(*value)).ok_or_else(|| ReportError::Value {
            path: self.path.to_owned(),
            line: self.line(row.position()),
            row: row.position().map_or(0, Position::record),
            column: column.name.to_owned(),
            found: String::from_utf8_lossy(cell).trim().to_owned(),
            expected,
        })
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
    /// and empty lines, so it can fall short; it stands only for what cannot be read again, such as a pipe.
    fn line(&self, start: Option<&Position>) -> usize {
        let Some(start) = start else { return 1 };
        let counted = || {
            let file = File::open(self.path).ok().filter(|_| self.path.is_file())?;
            let begins = self.mark + usize::try_from(start.byte()).ok()?;
            let mut lines = 1;
            for (place, byte) in BufReader::new(file).bytes().enumerate() {
                let byte = byte.ok()?;
                if place >= begins && !matches!(byte, b'\r' | b'\n') {
                    break;
                }
                lines += usize::from(byte == b'\n');
            }
            Some(lines)
        };
        counted().unwrap_or(usize::try_from(start.line()).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests;
