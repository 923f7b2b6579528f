//! Benchmarks measure what they say, and end when asked to.

use std::sync::atomic::{AtomicBool, Ordering};

use data::set::SetName;
use kernels::isa::Isa;
use record::bench::BenchPhase;
use record::device::Device;
use record::spec::RunSpec;
use record::units::Seconds;
use train::bench::{BenchOptions, Configuration, Measured, PeakOf, measure, summary};

use crate::sources;

fn configuration(net: &str, phase: BenchPhase, threads: usize) -> Configuration {
    let plan = RunSpec::new(SetName::Mnist, net, 1, 8, 1).plan().unwrap();
    Configuration { plan, phase, device: Device::Cpu, threads }
}

/// Three rounds of slices of 2 ms; stops after so many slices.
fn measured(configurations: &[Configuration], stop_after: Option<usize>) -> (Option<Measured>, usize) {
    let (stop, sources) = (AtomicBool::new(false), sources());
    let options =
        BenchOptions { seconds: Seconds(0.006), rounds: 3, profile: true, sources: &sources, stop: &stop };
    let mut seen = 0;
    let measured = measure(configurations, &options, &mut |progress| {
        seen += 1;
        assert_eq!(progress.done, seen);
        assert!(progress.done <= progress.slices);
        if stop_after == Some(seen) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    (measured.unwrap(), seen)
}

#[test]
fn every_configuration_has_a_slice_in_every_round() {
    let configurations = [
        configuration("linear", BenchPhase::Train, 1),
        configuration("linear", BenchPhase::Infer, 1),
        configuration("cnn-w2-d1", BenchPhase::Train, 2),
    ];
    let (measured, seen) = measured(&configurations, None);
    let measured = measured.unwrap();
    // Three to warm up, three rounds of three and of the peaks of 1 and 2 threads, three for profiles.
    assert_eq!(seen, 3 + 3 * (3 + 2) + 3);
    let of = |threads| PeakOf::Threads(threads, Isa::detect());
    assert_eq!(measured.peaks.iter().map(|peak| peak.of).collect::<Vec<_>>(), [of(1), of(2)]);
    for subject in &measured.subjects {
        assert_eq!(subject.slices.len(), 3);
        for slice in &subject.slices {
            assert!(slice.seconds.0 >= 0.002 && slice.images >= 8 && slice.images % 8 == 0);
            assert!(slice.cpu_seconds.0 > 0.0);
        }
        let (_, layers) = subject.profile.as_ref().expect("the native learner can tell");
        assert!(layers.iter().any(|entry| entry.layer.ends_with(".linear") && entry.calls > 0));
        assert!(!subject.energy.is_empty());
    }
    let rows = summary::rows(&configurations, &measured);
    for row in &rows {
        assert!(row.low <= row.images_per_second && row.images_per_second <= row.high);
        assert!(row.mfu > 0.0 && row.peak_gflops > 0.0);
    }
    // 28 x 28 x 10 MAC; lanes and rows of padding come on top.
    assert!(rows[0].executed_flops_per_image >= 4.0 * 7_840.0);
    assert!(rows[1].executed_flops_per_image >= 2.0 * 7_840.0);
    assert_eq!(rows[1].flops_per_image.0, 2 * 7_840);
}

#[test]
fn it_ends_when_it_is_asked_to() {
    let configurations = [configuration("linear", BenchPhase::Train, 1)];
    for after in [1, 3, 8] {
        let (measured, seen) = measured(&configurations, Some(after));
        assert!(measured.is_none(), "{after}");
        assert_eq!(seen, after);
    }
}
