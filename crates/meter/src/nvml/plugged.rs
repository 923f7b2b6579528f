//! NVIDIA's cards as the kernel lists what is plugged in, with a driver or without.

use std::path::Path;

/// NVIDIA's number among the makers of PCI devices.
const NVIDIA: &str = "0x10de";

/// First digits of the class of what draws or computes; a card's sound and ports have others.
const DISPLAY: &str = "0x03";

/// Addresses of the cards in order, such as 0000:18:00.0; none where the kernel lists no PCI devices.
pub(super) fn cards(root: &Path) -> Vec<String> {
    let Ok(devices) = std::fs::read_dir(root.join("sys/bus/pci/devices")) else { return Vec::new() };
    let says = |device: &Path, file: &str| std::fs::read_to_string(device.join(file)).unwrap_or_default();
    let is_card =
        |device: &Path| says(device, "vendor").trim() == NVIDIA && says(device, "class").starts_with(DISPLAY);
    let mut found: Vec<String> = devices
        .flatten()
        .filter(|device| is_card(&device.path()))
        .map(|device| device.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}
