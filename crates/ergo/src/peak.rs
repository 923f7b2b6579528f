//! The peaks of the device that trains: found before anything is metered, and told beside what was reached.

use std::path::Path;

use meter::sources::Options;
use record::device::Device;
use record::peak::{Known, Peak};
use record::run::Host;
use record::spec::Precision;
use record::utilisation::{Method2, Utilisation};
use report::label::percent;

use crate::{arguments, quantity};

/// Finds both peaks of `threads` threads, or of a card; takes a quarter of a second, once per process.
#[must_use]
pub fn of(options: &Options, host: &Host, device: Device, precision: Precision, threads: usize) -> Peak {
    let measured = train::peak::measure(device, precision, threads, arguments::processors());
    let theoretical = theoretical(options, host, (device, precision), threads);
    Peak::new(theoretical, measured, threads as u64, precision)
}

/// What the device is made to do at most, in FLOP/s, with what that follows from.
///
/// # Errors
/// Why it is unknown.
pub fn theoretical(
    options: &Options,
    host: &Host,
    (device, precision): (Device, Precision),
    threads: usize,
) -> Known {
    // The clock of this machine says nothing of an imitated one.
    let is_here = options.root == Path::new("/");
    let clock_hertz = (is_here && !device.is_cuda()).then(train::peak::clock_hertz).flatten();
    meter::theoretical::peak(options, host, (device, precision), threads, clock_hertz)
}

/// What a training reached beside both peaks, and its compute by method 2, in lines; none without a peak.
#[must_use]
pub fn lines(peak: Option<&Peak>, used: &Utilisation) -> Vec<String> {
    let Some(peak) = peak else { return Vec::new() };
    let line = |name: &str, speed: Option<f64>, [mfu, hfu]: [Option<f64>; 2], basis: &str| {
        let (Some(speed), Some(mfu), Some(hfu)) = (speed, mfu, hfu) else {
            return format!("  {name:<11}  peak unknown: {basis}");
        };
        let shares = format!("MFU {}, executed {}", percent(mfu, 3), percent(hfu, 3));
        format!("  {name:<11}  {shares} of a peak of {:.1} GFLOP/s: {basis}", speed / 1e9)
    };
    let mut lines = vec![
        line(
            "measured",
            peak.measured_flops_per_second,
            [used.mfu_measured, used.hfu_measured],
            &peak.measured_basis,
        ),
        line(
            "theoretical",
            peak.theoretical_flops_per_second,
            [used.mfu_theoretical, used.hfu_theoretical],
            &peak.theoretical_basis,
        ),
    ];
    lines.extend(used.method2.as_ref().map(method2));
    lines
}

fn method2(guess: &Method2) -> String {
    format!(
        "  method 2     {:.3e} pfs-days, as {} of training x the {} peak x {} assumed",
        guess.pfs_days,
        quantity::seconds(guess.train_seconds),
        guess.peak.name(),
        guess.assumed_utilisation
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used() -> Utilisation {
        Utilisation {
            flops_per_second: Some(1.5e11),
            executed_flops_per_second: Some(5e10),
            pfs_days: 1e-9,
            mfu_theoretical: None,
            mfu_measured: Some(1.5),
            hfu_theoretical: None,
            hfu_measured: Some(0.5),
            method2: None,
        }
    }

    #[test]
    fn what_is_unknown_says_why() {
        let measured = Ok((1e11, "a loop".to_owned()));
        let peak = Peak::new(Err("no table".to_owned()), measured, 2, Precision::F32);
        assert_eq!(
            lines(Some(&peak), &used()),
            [
                "  measured     MFU 150%, executed 50.0% of a peak of 100.0 GFLOP/s: a loop",
                "  theoretical  peak unknown: no table"
            ]
        );
        assert_eq!(lines(None, &used()), Vec::<String>::new());
    }
}
