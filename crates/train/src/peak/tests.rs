//! Tests of measured peaks: by hand on slices made up, and on this machine.

use super::*;

/// 1e9 FLOPs in `seconds` by the clock, of which the processors gave `cpu_seconds`.
fn slice(seconds: f64, cpu_seconds: f64) -> PeakSlice {
    PeakSlice { flops: 1_000_000_000, seconds: Seconds(seconds), cpu_seconds: Seconds(cpu_seconds) }
}

fn best_of(threads: usize, processors: usize, slices: &[PeakSlice]) -> (f64, String) {
    best(PeakOf::Threads(threads, Isa::Portable), slices, processors).unwrap()
}

#[test]
fn the_fastest_slice_counts() {
    // Two threads with two processors: 0.02 s by the clock are 0.04 s of processor time.
    let (speed, basis) = best_of(2, 2, &[slice(0.03, 0.06), slice(0.02, 0.04), slice(0.025, 0.05)]);
    assert!((speed / 5e10 - 1.0).abs() < 1e-12, "{speed}");
    assert!(basis.contains("2 threads") && basis.contains("at the fastest; of 3 bursts"), "{basis}");
    assert!(!basis.contains("other work"), "{basis}");
}

/// Half of the time by the clock went to others: the threads alone would have been twice as fast.
#[test]
fn what_others_took_is_not_the_peak() {
    let (speed, basis) = best_of(2, 2, &[slice(0.04, 0.04), slice(0.05, 0.04)]);
    assert!((speed / 5e10 - 1.0).abs() < 1e-12, "{speed}");
    assert!(basis.contains("other work had 50%"), "{basis}");
}

/// Four threads on two processors are never faster than two, whatever the clock of processor time says.
#[test]
fn threads_beyond_the_processors_add_nothing() {
    let (speed, _) = best_of(4, 2, &[slice(0.02, 0.04)]);
    assert!((speed / 5e10 - 1.0).abs() < 1e-12, "{speed}");
}

#[test]
fn no_time_is_no_peak() {
    assert_eq!(best(PeakOf::Threads(1, Isa::Portable), &[slice(0.0, 0.0)], 1), None);
    assert_eq!(best(PeakOf::Card(Device::Cuda(0), Precision::F32), &[], 1), None);
}

#[test]
fn this_machine_has_a_peak_or_a_reason() {
    match measure(Device::Cpu, Precision::F32, 1, 1) {
        // The slowest processor with fused multiply-adds is beyond 1 GFLOP/s, the fastest core below 1 TFLOP/s.
        Ok((speed, basis)) => assert!((1e9..1e12).contains(&speed), "{speed} by {basis}"),
        Err(reason) => assert_eq!(Isa::detect(), Isa::Portable, "{reason}"),
    }
    let halves = measure(Device::Cpu, Precision::Bf16, 1, 1).unwrap_err();
    assert!(halves.contains("not in bf16"), "{halves}");
    if let Some(hertz) = clock_hertz() {
        assert!((2e8..1e10).contains(&hertz), "{hertz}");
    }
}
