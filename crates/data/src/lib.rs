//! Images as bytes: file formats, checksums, procedural digits, subsets, order and augmentation.

pub mod images;
pub mod set;
