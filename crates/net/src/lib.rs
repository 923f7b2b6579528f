//! Networks as data: layers, shapes, costs, parameters and their initial weights.

pub mod cost;
pub mod error;
pub mod family;
pub mod init;
pub mod layer;
pub mod network;
pub mod parameters;
pub mod resolve;
pub mod shape;
