//! A train phase is taken apart, and nothing is lost or changed by it.

use record::energy::Phase;
use record::profile::{Part, TrainProfile};
use record::run::RunRecord;
use record::spec::RunSpec;

use crate::{small, train, train_with};

fn longer() -> RunSpec {
    RunSpec { steps: 150, batch: 64, ..small("cnn-w4-d2", 5) }
}

/// Everything adds up to the last bit, and after a journey through JSON too.
fn profile_of(record: &RunRecord) -> TrainProfile {
    let text = serde_json::to_string(record).unwrap();
    let record: RunRecord = serde_json::from_str(&text).unwrap();
    let profile = record.profile.unwrap();
    assert_eq!(profile.parts.iter().map(|part| part.part).collect::<Vec<_>>(), Part::ALL);
    let seconds: f64 = profile.parts.iter().map(|part| part.seconds.0).sum();
    assert_eq!(seconds, record.seconds.train.0);
    for window in record.energy.iter().filter(|window| window.phase == Phase::Train) {
        let of_domain = profile.parts.iter().flat_map(|part| &part.energy);
        let joules = of_domain.filter(|energy| energy.domain == window.domain).map(|energy| energy.joules);
        let joules: Option<Vec<f64>> = joules.map(|joules| joules.map(|joules| joules.0)).collect();
        assert_eq!(joules.map(|joules| joules.iter().sum()), window.joules.map(|joules| joules.0));
    }
    let total: f64 = {
        let s = &record.seconds;
        [s.load, s.transfer, s.train, s.evaluate, s.other].iter().map(|phase| phase.0).sum()
    };
    assert_eq!(total, record.seconds.total.0, "parts are no phases of their own");
    profile
}

#[test]
fn a_profile_takes_the_train_phase_apart_and_changes_no_bit() {
    let spec = longer();
    let (plain, _) = train(&spec, 1, None, None).unwrap();
    assert!(plain.profile.is_none() && !serde_json::to_string(&plain).unwrap().contains("profile"));
    for threads in [1, 2] {
        let (record, _) = train_with(&spec, threads, None, None, true).unwrap();
        assert_eq!((&record.weights_sha256, record.wrong), (&plain.weights_sha256, plain.wrong));
        let profile = profile_of(&record);
        assert_eq!((profile.threads, profile.profiled), (threads as u64, record.seconds.train));
        let seconds = |part: Part| profile.parts.iter().find(|one| one.part == part).unwrap().seconds.0;
        for part in [Part::Images, Part::Forward, Part::Backward, Part::Optimizer] {
            assert!(seconds(part) > 0.0, "{part:?}: {profile:?}");
        }
        // On one thread nobody waits: nearly all work is that of a layer.
        assert!(threads > 1 || seconds(Part::Rest) < 0.5 * record.seconds.train.0, "{profile:?}");
        // The convolutions are entered once for each of 8 chunks in each of 150 steps, forward.
        let first = profile.layers.iter().find(|layer| layer.layer == "0.conv").unwrap();
        assert!(first.calls >= 150 * 8 && first.calls % 150 == 0, "{first:?}");
        assert!(profile.clock.0 > 0.0 && profile.clock.0 < record.seconds.train.0);
    }
}

#[test]
fn a_profile_outlives_an_interruption() {
    let spec = longer();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    assert!(train_with(&spec, 1, Some(&path), Some(70), true).is_none());
    let (record, _) = train_with(&spec, 1, Some(&path), None, true).unwrap();
    let profile = profile_of(&record);
    assert_eq!(record.circumstances.resumed, 1);
    assert!((profile.profiled.0 / record.seconds.train.0 - 1.0).abs() < 1e-9);
    let first = profile.layers.iter().find(|layer| layer.layer == "0.conv").unwrap();
    assert_eq!(first.calls % 150, 0, "of all steps: {first:?}");
    assert!(profile.notes.iter().all(|note| !note.contains("without a profile")), "{:?}", profile.notes);
}

#[test]
fn steps_without_a_profile_are_named() {
    let spec = longer();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    assert!(train(&spec, 1, Some(&path), Some(70)).is_none());
    let (record, _) = train_with(&spec, 1, Some(&path), None, true).unwrap();
    let profile = profile_of(&record);
    assert!(profile.profiled < record.seconds.train);
    assert!(profile.notes.iter().any(|note| note.contains("without a profile")), "{:?}", profile.notes);
}
