//! Which learner computes on which device, where the user leaves one of them or both to us.

use std::path::Path;

use record::device::Device;
use record::spec::{LearnerName, Precision};
use train::learner;

use crate::output;

/// Parses `cpu` or `cuda:N`.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn parse(text: &str) -> Result<Device, String> {
    text.parse()
}

/// What was asked for, as far as anything was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Which implementation.
    pub learner: Option<LearnerName>,
    /// Where.
    pub device: Option<Device>,
    /// In which numbers.
    pub precision: Precision,
}

/// The learner and the device for a wish: a card where there is one and this build can use it, and otherwise the
/// processor, with a line that says why if this build can compute on cards.
///
/// # Errors
/// When what was asked for cannot be had.
pub fn choose(wish: Wish) -> anyhow::Result<(LearnerName, Device)> {
    let Wish { learner, device, precision } = wish;
    let device = match (device, learner) {
        (Some(device), _) => device,
        (None, Some(LearnerName::Native)) => Device::Cpu,
        (None, learner) => default_device(learner),
    };
    let fastest = || match device {
        Device::Cpu if precision == Precision::F32 => LearnerName::Native,
        Device::Cpu => LearnerName::Tch,
        Device::Cuda(_) => learner::of_card(device).unwrap_or(LearnerName::Tch),
    };
    let learner = learner.unwrap_or_else(fastest);
    learner::check(learner, device, precision)?;
    Ok((learner, device))
}

/// The first card, if `learner` can use it, or any that this build has; otherwise the processor, with a line that says
/// why where this build could use one.
fn default_device(learner: Option<LearnerName>) -> Device {
    let card = Device::Cuda(0);
    if !learner.or_else(learner::on_cards).is_some_and(learner::computes_on_cards) {
        return Device::Cpu;
    }
    // Opening libtorch's CUDA half takes seconds, which nobody waits for where there is no driver.
    let driver = ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg"];
    let reason = if driver.iter().any(|path| Path::new(path).exists()) {
        let learner = learner.or_else(|| learner::of_card(card)).unwrap_or(LearnerName::Tch);
        learner::cuda_cards(learner).err()
    } else {
        Some("this machine has no NVIDIA driver".to_owned())
    };
    match reason {
        None => card,
        Some(reason) => {
            output::note(&format!("computing on the CPU: {reason}"));
            Device::Cpu
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_completed() {
        let cpu = Some(Device::Cpu);
        let choose = |learner, device, precision| choose(Wish { learner, device, precision });
        let native = (LearnerName::Native, Device::Cpu);
        assert_eq!(choose(None, cpu, Precision::F32).unwrap(), native);
        assert_eq!(choose(Some(LearnerName::Native), None, Precision::F32).unwrap(), native);
        let refusal = |learner, device| choose(learner, device, Precision::F32).unwrap_err().to_string();
        assert!(refusal(Some(LearnerName::Native), Some(Device::Cuda(0))).contains("tch"));
        let half = choose(Some(LearnerName::Native), cpu, Precision::Bf16).unwrap_err().to_string();
        assert!(half.contains("bf16") && half.contains("--precision f32"));
    }

    /// Where this build or this machine has no card, an explicit wish for one is refused with a reason.
    #[test]
    fn a_card_that_is_not_there_is_refused() {
        let wish = Wish { device: Some(Device::Cuda(0)), ..Wish::default() };
        let on_cards = learner::on_cards().unwrap_or(LearnerName::Tch);
        if learner::cuda_cards(on_cards).is_err() {
            let error = choose(wish).unwrap_err();
            assert_eq!(crate::exit::of(&error), crate::exit::Exit::BadInput);
            assert!(error.to_string().starts_with("cuda:0: "), "{error}");
        } else {
            assert_eq!(choose(wish).unwrap(), (on_cards, Device::Cuda(0)));
        }
    }
}
