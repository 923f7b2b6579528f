//! Reads IDX, the format of MNIST and Fashion-MNIST: a big-endian header and one byte per pixel or label.
//!
//! Source: <http://yann.lecun.com/exdb/mnist/>, "File formats".

use crate::content::Content;
use crate::error::DataError;
use crate::images::Images;
use crate::source::SourceFile;

/// First word of a file of images: unsigned bytes in three dimensions.
const IMAGES_MAGIC: u32 = 2051;
/// First word of a file of labels: unsigned bytes in one dimension.
const LABELS_MAGIC: u32 = 2049;

/// Joins a file of images to its file of labels; shape and classes are those of `images.set`.
///
/// # Errors
/// [`DataError::Damaged`] for a wrong magic number, size, shape, count or label.
pub fn parse(images: &Content, labels: &Content) -> Result<Images, DataError> {
    let shape = images.set.shape();
    let classes = images.set.classes();
    let (count, pixels) = images_header(images)?;
    let (label_count, label_bytes) = labels_header(labels)?;
    check_size(images, count, shape.bytes() as u64, pixels.len())?;
    check_size(labels, label_count, 1, label_bytes.len())?;
    if label_count != count {
        let expected = format!("{count} labels, one for each image of {}", images.file.display());
        return Err(labels.damaged(format!("{label_count} labels"), expected));
    }
    check_labels(labels, label_bytes)?;
    Ok(Images { shape, classes, pixels: pixels.into(), labels: label_bytes.into() })
}

/// Whether header and labels are those of the file `expected`, as far as the bytes go; its name says of which kind
/// it is (`idx3`: images, `idx1`: labels).
///
/// # Errors
/// [`DataError::Damaged`] for a wrong magic number, shape, count or label.
pub(crate) fn check(content: &Content, expected: &SourceFile) -> Result<(), DataError> {
    let length = content.bytes.len();
    let (what, count, right) = if expected.name.contains("idx3") && length >= 16 {
        let item_bytes = content.set.shape().bytes() as u64;
        ("images", images_header(content)?.0, expected.bytes.saturating_sub(16) / item_bytes)
    } else if expected.name.contains("idx1") && length >= 8 {
        let (count, labels) = labels_header(content)?;
        check_labels(content, labels)?;
        ("labels", count, expected.bytes.saturating_sub(8))
    } else {
        return Ok(());
    };
    if u64::from(count) == right {
        return Ok(());
    }
    Err(content.damaged(format!("a header of {count} {what}"), format!("one of {right} {what}")))
}

/// Number of images, and the bytes after the header.
fn images_header(images: &Content) -> Result<(u32, &[u8]), DataError> {
    let shape = images.set.shape();
    let ([count, height, width], pixels) = header(images, IMAGES_MAGIC, "images")?;
    if (height as usize, width as usize) != (shape.height, shape.width) {
        let expected = format!("images of {} by {} pixels", shape.height, shape.width);
        return Err(images.damaged(format!("images of {height} by {width} pixels"), expected));
    }
    Ok((count, pixels))
}

/// Number of labels, and the bytes after the header.
fn labels_header(labels: &Content) -> Result<(u32, &[u8]), DataError> {
    let ([count], label_bytes) = header(labels, LABELS_MAGIC, "labels")?;
    Ok((count, label_bytes))
}

fn check_labels(labels: &Content, label_bytes: &[u8]) -> Result<(), DataError> {
    let classes = labels.set.classes();
    match label_bytes.iter().enumerate().find(|(_, label)| usize::from(**label) >= classes) {
        None => Ok(()),
        Some((index, label)) => {
            let expected = format!("labels from 0 to {}", classes - 1);
            Err(labels.damaged(format!("label {label} for image {index}"), expected))
        }
    }
}

/// The `N` dimensions after the magic number, and the bytes after them.
fn header<'a, const N: usize>(
    content: &'a Content,
    magic: u32,
    what: &str,
) -> Result<([u32; N], &'a [u8]), DataError> {
    let header_bytes = 4 * (1 + N);
    let Some((header, rest)) = content.bytes.split_at_checked(header_bytes) else {
        let expected = format!("an IDX file of {what}, whose header alone has {header_bytes} bytes");
        return Err(content.damaged(format!("{} bytes", content.bytes.len()), expected));
    };
    let word = |i: usize| header[4 * i..4 * i + 4].iter().fold(0, |w, &b| w << 8 | u32::from(b));
    if word(0) != magic {
        let expected = format!("{magic}, an IDX file of {what}");
        return Err(content.damaged(format!("magic number {}", word(0)), expected));
    }
    let dimensions: [u32; N] = std::array::from_fn(|i| word(i + 1));
    if dimensions[0] == 0 {
        return Err(content.damaged(format!("0 {what}"), format!("at least 1 of the {what}")));
    }
    Ok((dimensions, rest))
}

/// Whether what follows the header is `count` items of `item_bytes` bytes; a count is not believed before.
fn check_size(content: &Content, count: u32, item_bytes: u64, found: usize) -> Result<(), DataError> {
    let expected = u64::from(count) * item_bytes;
    if found as u64 == expected {
        return Ok(());
    }
    let expected = format!("{expected}, as its header says {count} items of {item_bytes} bytes");
    Err(content.damaged(format!("{found} bytes after the header"), expected))
}

#[cfg(test)]
mod tests;
