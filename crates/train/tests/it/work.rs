//! Workers: runs off a list, journals on disk, budgets and stops.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use record::device::Device;
use record::journal;
use record::run::{Build, Host, Place, SeedRole};
use record::units::{Flops, Seconds};
use train::worker::{Event, Task, WorkEnd, WorkOptions, work};

use crate::{shelf, small, sources};

fn tasks(count: u64) -> Vec<Task> {
    let place = |budget| Place {
        sweep: "test".into(),
        budget: Flops(budget),
        role: SeedRole::Selection,
        axes: BTreeMap::new(),
    };
    (1..=count).map(|seed| Task { spec: small("linear", seed), place: place(seed) }).collect()
}

/// What one call is allowed, and when it is stopped.
#[derive(Default)]
struct Limits {
    jobs: usize,
    max_seconds: Option<Seconds>,
    max_flops: Option<Flops>,
    stop_after: Option<usize>,
}

fn work_off(folder: &Path, tasks: &[Task], limits: &Limits) -> WorkEnd {
    let (sources, build, host) = (sources(), Build::default(), Host::default());
    let stop = AtomicBool::new(limits.stop_after == Some(0));
    let options = WorkOptions {
        folder,
        prefix: "",
        jobs: limits.jobs.max(1),
        device: Device::Cpu,
        threads: 1,
        peak: None,
        sources: &sources,
        build: &build,
        host: &host,
        stop: &stop,
        max_seconds: limits.max_seconds,
        max_flops: limits.max_flops,
        traces: false,
    };
    let finished = std::sync::atomic::AtomicUsize::new(0);
    let end = work(tasks, &shelf(), &options, &|event| {
        if let Event::Finished { .. } = event
            && limits.stop_after == Some(finished.fetch_add(1, Ordering::SeqCst) + 1)
        {
            stop.store(true, Ordering::SeqCst);
        }
    });
    end.unwrap()
}

#[test]
fn every_run_is_done_once_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { jobs: 3, ..Limits::default() };
    assert_eq!(work_off(folder.path(), &tasks(8), &limits), WorkEnd::Done);
    let records = journal::read(folder.path()).unwrap();
    let mut seeds: Vec<u64> = records.iter().map(|record| record.seed).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, (1..=8).collect::<Vec<_>>());
    assert!(records.iter().all(|record| record.circumstances.jobs == 3), "company is marked");
    assert!(records.iter().all(|r| r.place.as_ref().unwrap().budget == Flops(r.seed)));
}

/// Another share of the sweep, at work on this machine, has its journal open.
#[test]
fn shares_side_by_side_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let other = journal::Journal::open(folder.path(), "2of2-0").unwrap();
    assert_eq!(work_off(folder.path(), &tasks(1), &Limits::default()), WorkEnd::Done);
    drop(other);
    assert_eq!(work_off(folder.path(), &tasks(2), &Limits::default()), WorkEnd::Done);
    let records = journal::read(folder.path()).unwrap();
    assert_eq!(records.iter().map(|record| record.circumstances.jobs).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_stop_keeps_what_was_finished() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { stop_after: Some(3), ..Limits::default() };
    assert_eq!(work_off(folder.path(), &tasks(8), &limits), WorkEnd::Interrupted);
    assert_eq!(journal::read(folder.path()).unwrap().len(), 3);
}

#[test]
fn budgets_end_the_work_before_they_are_passed() {
    let folder = tempfile::tempdir().unwrap();
    let one = tasks(1)[0].spec.plan().unwrap().train_flops();
    let limits = Limits { max_flops: Some(one.times(2)), ..Limits::default() };
    assert_eq!(work_off(folder.path(), &tasks(8), &limits), WorkEnd::Budget);
    assert_eq!(journal::read(folder.path()).unwrap().len(), 2);
    let limits = Limits { max_seconds: Some(Seconds(0.0)), ..Limits::default() };
    assert_eq!(work_off(folder.path(), &tasks(8)[2..], &limits), WorkEnd::Budget);
    assert_eq!(journal::read(folder.path()).unwrap().len(), 2);
}
