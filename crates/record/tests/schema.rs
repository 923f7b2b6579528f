//! Holds the schema `ergo.run/1` still: a complete hand-made record must stay readable, key by key.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use record::bench::LayerPhase;
use record::energy::{Kind, Phase};
use record::profile::{LayerSeconds, TrainProfile, parts};
use record::run::{BLOCKS, FLOPS_CONVENTION, RunRecord, SCHEMA, Status};
use record::units::{Flops, Joules, Seconds};
use serde_json::{Value, json};

/// Every key of the schema, with a value that is not its default.
const GOLDEN: &str = include_str!("data/run-1.json");

fn golden() -> RunRecord {
    serde_json::from_str(GOLDEN).expect("the golden record is readable")
}

#[test]
fn golden_record_is_read_and_written_unchanged() {
    let text: Value = serde_json::from_str(GOLDEN).expect("valid JSON");
    assert_eq!(serde_json::to_value(golden()).expect("serialisable"), text);
}

#[test]
fn golden_record_means_what_it_says() {
    let record = golden();
    assert_eq!(record.schema, SCHEMA);
    assert_eq!(record.status, Status::Done);
    assert_eq!(record.flops.convention, FLOPS_CONVENTION);
    // LeNet-5: 2,263,920 FLOPs an image (6 x 416,520 - 2 x 117,600 of its first layer) x 128,000 images.
    assert_eq!(record.flops.model_train, Flops(289_781_760_000));
    // 61,706 values of which 236 are biases, that do not decay: 8 x 61,470 + 6 x 236 a step, 1,000 steps.
    let optimizer = record.flops.optimizer.as_ref().expect("kept");
    assert_eq!((optimizer.per_step, optimizer.train), (Flops(493_176), Flops(493_176_000)));
    let peak = record.peak.as_ref().expect("kept");
    assert_eq!(peak.measured_flops_per_second, record.mfu.as_ref().map(|mfu| mfu.peak));
    // Executed 319,887,360,000 FLOPs in 16 s are 20 GFLOP/s.
    assert!(peak.faults(record.flops.executed_train, record.seconds.train).is_empty());
    assert_eq!((record.energy[0].kind, record.energy[0].phase), (Kind::Counter, Phase::Train));
    assert_eq!(record.energy[0].joules, Some(Joules(640.0)));
    assert_eq!((record.energy[1].kind, record.energy[1].joules), (Kind::None, None));
    for evaluation in [record.test, record.validation].into_iter().flatten() {
        assert_eq!(evaluation.wrong_by_block.len(), BLOCKS);
        assert_eq!(evaluation.wrong_by_block.iter().map(|&n| u64::from(n)).sum::<u64>(), evaluation.wrong);
        assert_eq!(evaluation.error, evaluation.wrong as f64 / evaluation.images as f64);
    }
}

#[test]
fn unknown_keys_are_tolerated_everywhere() {
    fn add_key(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.values_mut().for_each(add_key);
                map.insert("of_a_later_version".into(), json!({ "nested": [1, null] }));
            }
            Value::Array(items) => items.iter_mut().for_each(add_key),
            _ => {}
        }
    }
    let mut text: Value = serde_json::from_str(GOLDEN).expect("valid JSON");
    // The axes of a place are a map from names to numbers: any name there is data, not an unknown key.
    let axes = text["place"]["axes"].clone();
    add_key(&mut text);
    text["place"]["axes"] = axes;
    assert_eq!(serde_json::from_value::<RunRecord>(text).expect("readable"), golden());
}

#[test]
fn optional_keys_may_be_absent() {
    let mut text: Value = serde_json::from_str(GOLDEN).expect("valid JSON");
    for key in ["place", "peak", "faults"] {
        text.as_object_mut().expect("an object").remove(key).expect("it was there");
    }
    text["flops"].as_object_mut().expect("an object").remove("optimizer").expect("it was there");
    text["circumstances"]["host"].as_object_mut().expect("an object").remove("gpus");
    text["energy"][0].as_object_mut().expect("an object").remove("notes");
    let record: RunRecord = serde_json::from_value(text).expect("readable");
    assert_eq!((record.place, record.peak, record.flops.optimizer), (None, None, None));
    assert!(record.faults.is_empty());
    assert!(record.circumstances.host.gpus.is_empty());
    assert!(record.energy[0].notes.is_empty());
}

#[test]
fn numbers_that_are_not_finite_become_null_and_come_back_as_unknown() {
    let mut record = golden();
    record.status = Status::Diverged;
    (record.error, record.wrong, record.test, record.validation) = (None, None, None, None);
    record.epochs[0].train_loss = Some(f64::NAN);
    let text = serde_json::to_string(&record).expect("serialisable");
    assert!(text.contains(r#""train_loss":null"#), "{text}");
    let back: RunRecord = serde_json::from_str(&text).expect("readable");
    assert_eq!(back.epochs[0].train_loss, None);
    assert_eq!(back.error, None);
}

/// A profile stands beside the phases, and a record without one is what it was.
#[test]
fn a_profile_is_read_back() {
    let mut record = golden();
    assert_eq!(record.profile, None);
    let layers = vec![LayerSeconds {
        layer: "0.conv".into(),
        phase: LayerPhase::Forward,
        seconds: Seconds(record.seconds.train.0 / 3.0),
        calls: 7,
    }];
    record.profile = Some(TrainProfile {
        parts: parts(record.seconds.train, &layers, &record.energy),
        layers,
        threads: 2,
        profiled: record.seconds.train,
        clock: Seconds(0.25),
        notes: vec!["a note".into()],
    });
    let text = serde_json::to_string(&record).expect("serialisable");
    for key in [
        "\"part\":\"forward\"",
        "\"bounds_cover\":\"split\"",
        "\"profiled_seconds\"",
        "\"clock_seconds\":0.25",
    ] {
        assert!(text.contains(key), "{key}");
    }
    assert_eq!(serde_json::from_str::<RunRecord>(&text).expect("readable"), record);
}
