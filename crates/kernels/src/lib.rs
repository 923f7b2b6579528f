//! Fast CPU kernels for convolution and its gradients; empty until the native learner needs the first.
