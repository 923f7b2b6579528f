//! Checkpoints: a run that was stopped ends with the bits of one that was not.

use record::run::RunRecord;
use train::run::NOMINAL_PASS;

use crate::{small, train};

/// The parts of a record that an interruption must not change.
fn essence(record: &RunRecord) -> serde_json::Value {
    let mut value = serde_json::to_value(record).unwrap();
    let record = value.as_object_mut().unwrap();
    for timing in ["seconds", "images_per_second", "flops_per_second", "energy", "circumstances"] {
        record.remove(timing);
    }
    for epoch in record["epochs"].as_array_mut().unwrap() {
        epoch.as_object_mut().unwrap().remove("seconds");
    }
    value
}

#[test]
fn a_stopped_run_goes_on_with_the_same_bits() {
    for examples in [None, Some(100)] {
        let mut spec = small("cnn-w4-d2", 5);
        spec.steps = 150;
        spec.batch = 64;
        spec.examples = examples;
        let (whole, _) = train(&spec, 1, None, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        for stop_at in [1, 70, 120] {
            assert!(train(&spec, 1, Some(&path), Some(stop_at)).is_none(), "stopped at {stop_at}");
            assert!(path.exists());
        }
        let (resumed, _) = train(&spec, 2, Some(&path), None).unwrap();
        assert_eq!(resumed.circumstances.resumed, 3);
        assert_eq!(essence(&resumed), essence(&whole));
        assert!(resumed.seconds.train.0 > 0.0 && spec.steps * spec.batch < NOMINAL_PASS);
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let mut spec = small("cnn-w4-d2", 5);
    spec.steps = 150;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    assert!(train(&spec, 1, Some(&path), Some(1)).is_none());
    spec.seed = 6;
    let refused = std::panic::catch_unwind(|| train(&spec, 1, Some(&path), None));
    let message = *refused.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("belongs to run"), "{message}");
}
