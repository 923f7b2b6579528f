//! Which device a command computes on.

use crate::exit;

/// A device by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A CUDA card by number.
    Cuda(u32),
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

/// Refuses a device that this build cannot compute on; without a wish the CPU is it.
///
/// # Errors
/// When a card was asked for.
pub fn check(device: Option<Device>) -> anyhow::Result<()> {
    match device {
        None | Some(Device::Cpu) => Ok(()),
        Some(Device::Cuda(card)) => Err(exit::bad_input_with_hint(
            format!("--device cuda:{card}: this build computes on the CPU only"),
            "leave --device away, or write --device cpu",
        )),
    }
}
