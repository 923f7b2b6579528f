//! What was told is added up over looks and processes.

use data::set::SetName;
use record::bench::LayerPhase;
use record::device::Device;
use record::profile::Part;
use record::run::SecondsRecord;
use record::spec::{LearnerName, RunSpec};

use super::*;
use crate::learner::{build, is_built};
use crate::tests::networks::{images, step};

fn entry(layer: &str, phase: LayerPhase, seconds: f64) -> ProfileEntry {
    ProfileEntry { layer: layer.into(), phase, seconds: Seconds(seconds), calls: 2 }
}

fn metering(train: f64) -> Metering {
    let seconds = SecondsRecord { train: Seconds(train), total: Seconds(train), ..SecondsRecord::default() };
    Metering { seconds, energy: Vec::new(), started_unix: 0.0, sampling: None }
}

fn told() -> Told {
    let mut told = Told::default();
    told.add(vec![
        entry("0.conv", LayerPhase::Forward, 1.0),
        entry("0.conv", LayerPhase::WeightGradient, 2.0),
    ]);
    told.add(vec![entry("0.conv", LayerPhase::Forward, 0.5), entry("loss", LayerPhase::Forward, 0.25)]);
    told
}

#[test]
fn looks_are_added_layer_by_layer() {
    let profile = told().after(Seconds(5.0)).profile(&metering(5.0), 2);
    let layers: Vec<_> =
        profile.layers.iter().map(|one| (one.layer.as_str(), one.phase, one.seconds.0, one.calls)).collect();
    assert_eq!(
        layers,
        [
            ("0.conv", LayerPhase::Forward, 1.5, 4),
            ("0.conv", LayerPhase::WeightGradient, 2.0, 2),
            ("loss", LayerPhase::Forward, 0.25, 2),
        ]
    );
    let seconds: Vec<_> = profile.parts.iter().map(|part| (part.part, part.seconds.0)).collect();
    let expected = [0.0, 1.75, 2.0, 0.0, 1.25];
    assert_eq!(seconds, Part::ALL.into_iter().zip(expected).collect::<Vec<_>>());
    assert_eq!((profile.threads, profile.profiled), (2, Seconds(5.0)));
    assert!(profile.clock.0 > 0.0 && profile.notes[0].contains("2 threads"), "{:?}", profile.notes);
    assert!(profile.notes.iter().all(|note| !note.contains("joules")), "there are none: {:?}", profile.notes);
}

/// 5 s in a process with a profile, and 3 s in one without.
#[test]
fn what_was_trained_without_a_profile_is_said() {
    let kept = serde_json::to_string(&told().after(Seconds(2.0)).after(Seconds(3.0))).unwrap();
    let told: Told = serde_json::from_str(&kept).unwrap();
    let profile = told.profile(&metering(8.0), 1);
    assert_eq!((profile.profiled, profile.parts[4].seconds), (Seconds(5.0), Seconds(8.0 - 3.75)));
    assert!(
        profile.notes.iter().any(|note| note.starts_with("3.000 s of the train phase")),
        "{:?}",
        profile.notes
    );
}

/// A learner that times whole passes has all of them, and is not said to have timed threads.
#[test]
fn every_learner_tells_its_parts() {
    for name in LearnerName::ALL.into_iter().filter(|&name| is_built(name)) {
        let plan =
            RunSpec { learner: name, ..RunSpec::new(SetName::Mnist, "linear", 1, 8, 1) }.plan().unwrap();
        let mut learner = build(&[&plan], Device::Cpu).unwrap();
        learner.load(&images(SetName::Mnist)).unwrap();
        assert_eq!(learner.take_profile(), None, "{}", name.name());
        learner.profile(true);
        learner.train(&[&[step(0, 8, 0.1)]]).unwrap();
        let entries = learner.take_profile().unwrap();
        let mut told = Told::default();
        told.add(entries);
        let profile = told.after(Seconds(9.0)).profile(&metering(9.0), 2);
        for part in &profile.parts {
            assert!(part.seconds.0 > 0.0, "{} has no {:?}: {:?}", name.name(), part.part, profile.layers);
        }
        let of_threads = profile.notes[0].contains("2 threads together");
        assert_eq!(of_threads, name == LearnerName::Native, "{:?}", profile.notes);
        learner.profile(false);
        assert_eq!(learner.take_profile(), None, "{}", name.name());
    }
}
