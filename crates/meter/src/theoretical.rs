//! What a processor or a card could reach at most by what it is made of; without an entry in a table there is no figure.

mod cards;
mod families;
mod processor;

use record::device::Device;
use record::peak::Known;
use record::run::Host;
use record::spec::Precision;

use crate::sources::Options;

/// Dense FLOP/s of `device` in `precision`, on `threads` threads where it is the processor, with what they follow from.
/// `clock_hertz` is a clock rate that was seen, where one was.
///
/// # Errors
/// Why it is unknown.
pub fn peak(
    options: &Options,
    host: &Host,
    (device, precision): (Device, Precision),
    threads: usize,
    clock_hertz: Option<f64>,
) -> Known {
    match device {
        Device::Cpu => processor::peak(&options.root, precision, threads, clock_hertz),
        Device::Cuda(_) => cards::peak(&host.gpus, precision),
    }
}

#[cfg(test)]
mod tests;
