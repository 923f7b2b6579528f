//! Which device a command computes on.

use std::fmt;

use crate::exit;

/// A device by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A CUDA card by number.
    Cuda(u32),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(card) => write!(f, "cuda:{card}"),
        }
    }
}

/// Parses `cpu` or `cuda:N`.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn parse(text: &str) -> Result<Device, String> {
    let card = || text.strip_prefix("cuda:")?.parse().ok();
    match text {
        "cpu" => Ok(Device::Cpu),
        _ => card().map(Device::Cuda).ok_or_else(|| "expected cpu or cuda:N, such as cuda:0".to_owned()),
    }
}

/// The device to compute on: the CPU, where nothing is asked for. `option` is the name of the option.
///
/// # Errors
/// When a device was asked for that this build cannot compute on.
pub fn check(option: &str, device: Option<Device>) -> anyhow::Result<()> {
    match device {
        None | Some(Device::Cpu) => Ok(()),
        Some(Device::Cuda(card)) => Err(exit::bad_input_with_hint(
            format!("{option} cuda:{card}: this build computes on the CPU only, which is called cpu"),
            format!("leave {option} away, or write {option} cpu"),
        )),
    }
}
