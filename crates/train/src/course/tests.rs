//! A run that is stopped while its images are judged.

use std::sync::atomic::AtomicBool;

use data::set::SetName;
use data::store::Store;
use meter::sources::{NvmlLibrary, Options, Sources};
use record::device::Device;
use record::run::{Build, Host};
use record::spec::RunSpec;

use super::*;

#[test]
fn a_stop_while_judging_is_heeded_and_loses_no_step() {
    let mut spec = RunSpec::new(SetName::Digits, "linear", 6, 16, 1);
    (spec.validation_images, spec.test_images) = (50, Some(1_500));
    let plan = spec.plan().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint.safetensors");
    let sources = Sources::discover(&Options { nvml: NvmlLibrary::None, ..Options::default() });
    let (build, host, shelf) = (Build::default(), Host::default(), Shelf::new(Store::new(Vec::new())));
    let stop = AtomicBool::new(false);
    let options = RunOptions {
        sources: &sources,
        build: &build,
        host: &host,
        device: Device::Cpu,
        threads: 1,
        jobs: 1,
        peak: None,
        place: None,
        profile: false,
        evaluate_each_pass: true,
        checkpoint: Some(&checkpoint),
        trace: None,
        stop: &stop,
    };
    let course = || Course::begin(&plan, &shelf, &options).unwrap();
    let alone = RunOptions { checkpoint: None, ..options };
    let mut whole = Course::begin(&plan, &shelf, &alone).unwrap();
    assert!(!whole.train(&mut |_| {}).unwrap());
    let (whole, _) = whole.finish().unwrap().unwrap();

    // Stopped on the test images, after the last step.
    let mut first = course();
    first.chunk().unwrap();
    stop.store(true, Ordering::Relaxed);
    assert!(first.train(&mut |_| {}).unwrap());
    // Stopped on the validation images.
    let mut second = course();
    stop.store(false, Ordering::Relaxed);
    assert!(!second.train(&mut |_| panic!("no step is taken again")).unwrap());
    stop.store(true, Ordering::Relaxed);
    assert!(second.finish().unwrap().is_none());
    let mut third = course();
    stop.store(false, Ordering::Relaxed);
    assert!(!third.train(&mut |_| panic!("no step is taken again")).unwrap());
    let (resumed, _) = third.finish().unwrap().unwrap();

    assert_eq!((resumed.circumstances.resumed, resumed.steps), (2, 6));
    assert_eq!(resumed.weights_sha256, whole.weights_sha256);
    assert_eq!((&resumed.test, &resumed.validation), (&whole.test, &whole.validation));
    assert_eq!(resumed.flops, whole.flops);
    assert_eq!(resumed.epochs.len(), 1);
}
