//! Softmax cross-entropy with label smoothing on the device, and its gradient.

use libtorch::error::TorchError;
use libtorch::tch::{self, Kind, Tensor};

/// The targets of every class: `1 - smoothing` on the label plus `smoothing / classes` on every class (Szegedy et al.,
/// 2016, as PyTorch's `label_smoothing`).
#[derive(Debug)]
pub(super) struct CrossEntropy {
    /// (label, class).
    targets: Tensor,
}

impl CrossEntropy {
    pub(super) fn new(
        classes: usize,
        smoothing: f64,
        device: tch::Device,
    ) -> Result<CrossEntropy, TorchError> {
        let (all, label) = (smoothing / classes as f64, 1.0 - smoothing);
        let target = |place: usize| all + if place / classes == place % classes { label } else { 0.0 };
        let targets: Vec<f32> = (0..classes * classes).map(|place| target(place) as f32).collect();
        let classes = classes as i64;
        let targets = Tensor::f_from_slice(&targets)?.f_view([classes, classes])?.f_to_device(device)?;
        Ok(CrossEntropy { targets })
    }

    /// Mean loss in nats of `logits` (batch, classes) in f32, left on the device, and `scale` times its gradient.
    pub(super) fn with_gradient(
        &self,
        logits: &Tensor,
        labels: &Tensor,
        scale: f64,
    ) -> Result<(Tensor, Tensor), TorchError> {
        let batch = logits.size2()?.0 as f64;
        let mut log = logits.f_log_softmax(1, Kind::Float)?;
        let targets = self.targets.f_index_select(0, labels)?;
        let loss = log.f_view([-1])?.f_dot(&targets.f_view([-1])?)?.f_mul_scalar(-1.0 / batch)?;
        let gradient = log.f_exp_()?.f_sub_(&targets)?.f_mul_scalar_(scale / batch)?;
        Ok((loss, gradient))
    }
}
