//! Fast CPU kernels: convolution, its gradients, and what stands between convolutions.

pub mod blocks;
pub mod isa;
pub mod plane;
pub mod product;
mod simd;
mod tiles;
pub mod winograd;
