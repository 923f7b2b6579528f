//! Fast CPU kernels for convolution and its gradients.
