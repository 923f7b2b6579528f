//! The sweeps that the program brings along, and a commented example of every key.

/// Names of the presets, the quickest first.
pub const NAMES: [&str; 4] = ["quick", "mnist", "fashion-mnist", "cifar10"];

/// A sweep file that uses and explains every key.
pub const EXAMPLE: &str = include_str!("../../../scripts/sweeps/example.toml");

/// The text of the sweep file `name`; `None` where there is no such preset.
#[must_use]
pub fn preset(name: &str) -> Option<&'static str> {
    match name {
        "quick" => Some(include_str!("../../../scripts/sweeps/quick.toml")),
        "mnist" => Some(include_str!("../../../scripts/sweeps/mnist.toml")),
        "fashion-mnist" => Some(include_str!("../../../scripts/sweeps/fashion-mnist.toml")),
        "cifar10" => Some(include_str!("../../../scripts/sweeps/cifar10.toml")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
