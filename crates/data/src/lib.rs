//! Images as bytes: file formats, checksums, procedural digits, subsets, order and augmentation.

pub mod augment;
pub mod cifar;
pub mod content;
pub mod digits;
pub mod error;
pub mod fetch;
pub mod idx;
pub mod images;
pub mod normalisation;
pub mod order;
pub mod set;
pub mod source;
pub mod split;
pub mod store;

#[cfg(test)]
mod testing;
