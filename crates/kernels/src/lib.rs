//! Fast CPU kernels: convolution, its gradients, and what stands between convolutions.

pub mod activation;
pub mod activation_gradient;
pub mod arena;
pub mod blocks;
pub mod convolution;
pub mod cycles;
pub mod dense;
pub mod grouped;
pub mod isa;
mod lanes;
pub mod moments;
pub mod peak;
mod pixels;
pub mod plane;
pub mod pool;
pub mod product;
pub mod sgd;
mod simd;
pub mod softmax;
pub mod stem;
#[cfg(test)]
mod testing;
mod tiles;
mod transpose;
pub mod winograd;
