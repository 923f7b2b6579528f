//! Where a learner computes.

use std::fmt;
use std::str::FromStr;

/// A device by its name on the command line and in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Device {
    /// The processor: `cpu`.
    #[default]
    Cpu,
    /// A CUDA card by number: `cuda:0`.
    Cuda(u32),
}

impl Device {
    /// Whether it is a CUDA card.
    #[must_use]
    pub fn is_cuda(self) -> bool {
        match self {
            Device::Cpu => false,
            Device::Cuda(_) => true,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(card) => write!(f, "cuda:{card}"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Device, String> {
        let card = || text.strip_prefix("cuda:")?.parse().ok();
        match text {
            "cpu" => Ok(Device::Cpu),
            _ => card().map(Device::Cuda).ok_or_else(|| "expected cpu or cuda:N, such as cuda:0".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for device in [Device::Cpu, Device::Cuda(0), Device::Cuda(17)] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for text in ["", "gpu", "cuda", "cuda:", "cuda:x", "cuda:-1", "CPU"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
    }
}
