//! Fast CPU kernels: convolution, its gradients, and what stands between convolutions.

pub mod isa;
pub mod peak;
pub mod plane;
pub mod product;
mod simd;
