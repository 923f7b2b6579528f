//! Records of runs that were given a peak: utilisation, faults, and what a resumed run may keep.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use record::device::Device;
use record::peak::Peak;
use record::run::{Build, Host, RunRecord};
use record::spec::Precision;
use record::units::Flops;
use train::run::{Ended, Progress, RunOptions, run};
use train::worker::thread_pool;

use crate::{shelf, small, sources};

fn peak(measured: f64, threads: u64) -> Peak {
    Peak::new(Err("no table".into()), Ok((measured, "a test".into())), threads, Precision::F32)
}

/// A run of 12 steps under `peak`, to its end or until `stop_at` steps.
fn trained(peak: Option<&Peak>, checkpoint: Option<&Path>, stop_at: Option<u64>) -> Option<RunRecord> {
    let stop = AtomicBool::new(false);
    let (sources, build, host) = (sources(), Build::default(), Host::default());
    let options = RunOptions {
        sources: &sources,
        build: &build,
        host: &host,
        device: Device::Cpu,
        threads: 1,
        jobs: 1,
        peak,
        place: None,
        profile: false,
        trace: None,
        evaluate_each_pass: false,
        checkpoint,
        stop: &stop,
    };
    let mut spec = small("cnn-w4-d2", 1);
    // Beyond the most steps between two looks.
    spec.steps = 100;
    let plan = spec.plan().unwrap();
    let mut watch = |progress: &Progress| {
        if stop_at.is_some_and(|step| progress.steps_done >= step) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let ended = thread_pool(1).unwrap().install(|| run(&plan, &shelf(), &options, &mut watch));
    match ended.unwrap() {
        Ended::Finished(finished) => Some(finished.0),
        Ended::Interrupted => None,
    }
}

#[test]
fn a_record_keeps_its_peak_and_the_share_of_it() {
    let given = peak(1e15, 1);
    let record = trained(Some(&given), None, None).unwrap();
    assert_eq!(record.peak.as_ref(), Some(&given));
    let mfu = record.mfu.unwrap();
    assert_eq!((mfu.peak, mfu.ratio), (1e15, record.flops_per_second.unwrap() / 1e15));
    assert_eq!(record.faults, Vec::<String>::new());
    // Weights decay, biases and batch normalisation do not: 8 and 6 operations each, in every step.
    let plan = record.spec.plan().unwrap();
    let of = |is_weight: bool| -> u64 {
        let trained = plan.network.parameters.iter().filter(|parameter| parameter.role.is_trained());
        trained.filter(|p| p.name.ends_with(".weight") == is_weight).map(|p| p.elements()).sum()
    };
    let optimizer = record.flops.optimizer.unwrap();
    assert_eq!(optimizer.per_step, Flops(8 * of(true) + 6 * of(false)));
    assert_eq!(optimizer.train, optimizer.per_step.times(100));
    assert_eq!(record.flops.model_train, plan.train_flops(), "the optimizer is not among these");
}

/// A thousand operations in a second are too few for any training.
#[test]
fn more_than_the_peak_is_a_fault_in_the_record() {
    let record = trained(Some(&peak(1e3, 1)), None, None).unwrap();
    assert_eq!(record.faults.len(), 1);
    assert!(record.faults[0].contains("times the measured peak"), "{:?}", record.faults);
    let without = trained(None, None, None).unwrap();
    assert_eq!((without.peak, without.mfu), (None, None));
    assert!(without.faults.is_empty());
}

#[test]
fn a_resumed_run_has_one_peak_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let resumed = |name: &str, first: Option<&Peak>, second: &Peak| {
        let checkpoint = folder.path().join(name);
        assert!(trained(first, Some(&checkpoint), Some(20)).is_none());
        let record = trained(Some(second), Some(&checkpoint), None).unwrap();
        assert_eq!(record.circumstances.resumed, 1);
        record.peak.unwrap()
    };
    let alike = resumed("alike", Some(&peak(2e15, 1)), &peak(1e15, 1));
    assert_eq!(alike.measured_flops_per_second, Some(2e15));
    let other = resumed("other", Some(&peak(2e15, 8)), &peak(1e15, 1));
    assert_eq!(other.known(), []);
    let none = resumed("none", None, &peak(1e15, 1));
    assert!(none.known().is_empty() && none.measured_basis.contains("kept no peak"), "{none:?}");
}
