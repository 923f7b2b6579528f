//! Products of large matrices on a device, which the speed of everything else on a card is measured against.

use std::sync::{Arc, Mutex, PoisonError};

use libtorch::error::TorchError;
use libtorch::tch::{self, Kind, Tensor};
use record::device::Device;
use record::spec::Precision;
use record::units::Flops;

use super::driver::Driver;
use super::trainer::{failed, kind, settle};
use crate::error::TrainError;
use crate::learner::Products;

/// Products that are asked for before any is waited for.
const AT_ONCE: u64 = 4;

/// Two square matrices on a device.
#[derive(Debug)]
pub struct Matrices {
    driver: Driver,
    operands: Arc<Mutex<Operands>>,
    flops: Flops,
}

#[derive(Debug)]
struct Operands {
    precision: Precision,
    device: tch::Device,
    threads: usize,
    factors: [Tensor; 2],
}

impl Matrices {
    /// Matrices of `side` rows and columns.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(device: Device, precision: Precision, side: i64) -> Result<Matrices, TrainError> {
        let driver = Driver::of(device)?;
        let threads = rayon::current_num_threads();
        let on = match device {
            Device::Cpu => tch::Device::Cpu,
            Device::Cuda(card) => tch::Device::Cuda(card as usize),
        };
        // Numbers at random, as zeros would cost a card less power; which ones does not matter.
        let factor = move || Tensor::f_randn([side, side], (Kind::Float, on))?.f_to_kind(kind(precision));
        let operands = driver.call(move || {
            let factors = [factor()?, factor()?];
            Ok::<_, TorchError>(Operands { precision, device: on, threads, factors })
        });
        let operands = operands.map_err(failed("make matrices"))?;
        let flops = Flops(AT_ONCE * 2 * (side as u64).pow(3));
        Ok(Matrices { driver, operands: Arc::new(Mutex::new(operands)), flops })
    }
}

impl Products for Matrices {
    fn burst(&self) -> Result<Flops, TrainError> {
        let operands = Arc::clone(&self.operands);
        let done = self.driver.call(move || {
            let operands = operands.lock().unwrap_or_else(PoisonError::into_inner);
            let [a, b] = &operands.factors;
            settle(operands.precision, operands.device, operands.threads)?;
            for _ in 0..AT_ONCE {
                drop(a.f_matmul(b)?);
            }
            match operands.device {
                tch::Device::Cuda(card) => libtorch::cuda::wait(card as u32),
                _ => Ok(()),
            }
        });
        done.map_err(failed("multiply matrices"))?;
        Ok(self.flops)
    }
}
