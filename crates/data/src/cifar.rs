//! Reads the binary version of CIFAR-10 and CIFAR-100: rows of labels followed by red, green and blue planes.
//!
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>, "Binary version".

use crate::content::Content;
use crate::error::DataError;
use crate::images::{ImageShape, Images};
use crate::set::SetName;

/// Coarse classes of CIFAR-100, whose label comes before the fine one.
const COARSE_CLASSES: usize = 20;

/// Joins the rows of `files`, in order, into images of `set`; of CIFAR-100 the fine labels.
///
/// # Errors
/// [`DataError::Damaged`] when a file is empty or no whole number of rows, or when a label is out of range.
pub fn parse(set: SetName, files: &[Content]) -> Result<Images, DataError> {
    let shape = set.shape();
    let rows = files.iter().map(|f| f.bytes.len() / row_bytes(set, shape)).sum::<usize>();
    let mut pixels = Vec::with_capacity(rows * shape.bytes());
    let mut labels = Vec::with_capacity(rows);
    for file in files {
        append(set, shape, file, &mut pixels, &mut labels)?;
    }
    Ok(Images { shape, classes: set.classes(), pixels: pixels.into(), labels: labels.into() })
}

fn label_bytes(set: SetName) -> usize {
    if set == SetName::Cifar100 { 2 } else { 1 }
}

fn row_bytes(set: SetName, shape: ImageShape) -> usize {
    label_bytes(set) + shape.bytes()
}

fn append(
    set: SetName,
    shape: ImageShape,
    file: &Content,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u8>,
) -> Result<(), DataError> {
    let row_bytes = row_bytes(set, shape);
    let found = file.bytes.len();
    if found == 0 || !found.is_multiple_of(row_bytes) {
        let expected = format!("one or more rows of {row_bytes} bytes each");
        return Err(file.damaged(format!("{found} bytes"), expected));
    }
    check(file)?;
    for bytes in file.bytes.chunks_exact(row_bytes) {
        let (row_labels, planes) = bytes.split_at(label_bytes(set));
        labels.extend(row_labels.last());
        pixels.extend_from_slice(planes);
    }
    Ok(())
}

/// Whether the labels of every whole row are possible.
///
/// # Errors
/// [`DataError::Damaged`] for the first that is not.
pub(crate) fn check(file: &Content) -> Result<(), DataError> {
    let set = file.set;
    for (row, bytes) in file.bytes.chunks_exact(row_bytes(set, set.shape())).enumerate() {
        let row_labels = bytes.iter().take(label_bytes(set));
        // The fine label stands last; where there are two, the coarse one is checked as well.
        for (&label, limit) in row_labels.rev().zip([set.classes(), COARSE_CLASSES]) {
            if usize::from(label) >= limit {
                let expected = format!("labels from 0 to {}", limit - 1);
                return Err(file.damaged(format!("label {label} in row {row}"), expected));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
