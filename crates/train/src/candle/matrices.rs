//! Products of large matrices on a card, which the speed of everything else there is measured against.

use candle_core::Tensor;
use record::device::Device;
use record::units::Flops;

use super::learner::{failed, place};
use crate::error::TrainError;
use crate::learner::Products;

/// Two square matrices in f32 on a device.
#[derive(Debug)]
pub struct Matrices {
    device: candle_core::Device,
    factors: [Tensor; 2],
    flops: Flops,
}

impl Matrices {
    /// Matrices of `side` rows and columns.
    ///
    /// # Errors
    /// When candle refuses.
    pub fn new(device: Device, side: usize) -> Result<Matrices, TrainError> {
        let device = place(device)?;
        // Numbers at random, as zeros would cost a card less power; which ones does not matter.
        let factor = || Tensor::rand(-1f32, 1f32, (side, side), &device).map_err(failed("make matrices"));
        let factors = [factor()?, factor()?];
        Ok(Matrices { device, factors, flops: Flops(2 * (side as u64).pow(3)) })
    }
}

impl Products for Matrices {
    fn burst(&self) -> Result<Flops, TrainError> {
        let [a, b] = &self.factors;
        let done = a.matmul(b).and_then(|_| self.device.synchronize());
        done.map_err(failed("multiply matrices"))?;
        Ok(self.flops)
    }
}
