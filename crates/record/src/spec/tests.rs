//! What makes a spec valid, and what its id depends on.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn valid() -> RunSpec {
    RunSpec::new(SetName::Mnist, "lenet5", 1000, 128, 7)
}

fn with(change: Change) -> RunSpec {
    let mut spec = valid();
    change(&mut spec);
    spec
}

/// A way to change one setting, and to set one number.
type Change = fn(&mut RunSpec);
type Set = fn(&mut RunSpec, f64);

/// Every setting but its data set, changed to a possible value that is not the default.
const CHANGES: [(&str, Change); 14] = [
    ("net", |s| s.net = "cnn-w4-d1".into()),
    ("steps", |s| s.steps = 1001),
    ("batch", |s| s.batch = 127),
    ("seed", |s| s.seed = 8),
    ("examples", |s| s.examples = Some(55_000)),
    ("validation_images", |s| s.validation_images = 4_999),
    ("test_images", |s| s.test_images = Some(9_999)),
    ("learning_rate", |s| s.learning_rate = 0.100_000_000_000_000_02),
    ("momentum", |s| s.momentum = 0.0),
    ("weight_decay", |s| s.weight_decay = 0.0),
    ("label_smoothing", |s| s.label_smoothing = 1e-300),
    ("warmup", |s| s.warmup = 0.0),
    ("shift", |s| s.shift = 1),
    ("flip", |s| s.flip = true),
];

#[test]
fn every_setting_changes_the_id() {
    let mut ids = HashSet::from([valid().plan().expect("valid").id]);
    for (name, change) in CHANGES {
        let plan = with(change).plan().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(ids.insert(plan.id), "{name} does not enter the id");
    }
    let other_data = with(|s| s.data = SetName::FashionMnist).plan().expect("valid");
    assert!(ids.insert(other_data.id), "the data set does not enter the id");
    assert_ne!(run_id(&valid(), "one content"), run_id(&valid(), "another content"));
}

#[test]
fn the_table_of_changes_names_every_setting() {
    let mut all = valid();
    CHANGES.iter().for_each(|(_, change)| change(&mut all));
    let serde_json::Value::Object(written) = serde_json::to_value(&all).expect("serialisable") else {
        panic!("a spec is an object");
    };
    let mut expected: Vec<&str> = CHANGES.iter().map(|(name, _)| *name).collect();
    // These have one possible value for most sets, or are covered by the tests around this one.
    expected.extend(["data", "learner", "precision"]);
    expected.sort_unstable();
    let mut keys: Vec<&str> = written.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, expected);
}

#[test]
fn an_id_is_a_pure_function_of_the_spec() {
    assert_eq!(valid().plan().expect("valid").id, valid().plan().expect("valid").id);
}

/// Expected values by Python: `hashlib.sha256(text.encode()).hexdigest()` over the text beside each.
#[test]
fn ids_never_change() {
    let mut spec = RunSpec::new(SetName::Mnist, "cnn-w16-d2", 1000, 128, 7);
    // {"data":"digest","numerics":2,"spec":{"batch":128,"data":"mnist","learner":"native","net":"cnn-w16-d2",
    // "precision":"f32","seed":7,"steps":1000}}
    assert_eq!(
        run_id(&spec, "digest").as_str(),
        "e3d7b7c174a5ed534b1899ea9eadd6954bf0ff0f790227834b7f477423e606c3"
    );
    spec = RunSpec {
        data: SetName::Cifar10,
        net: "resnet8-w16".into(),
        steps: 5,
        batch: 64,
        seed: (1 << 53) - 1,
        examples: Some(20_000),
        validation_images: 100,
        test_images: Some(1_000),
        learning_rate: 0.05,
        momentum: 0.85,
        weight_decay: 1e-4,
        label_smoothing: 0.1,
        warmup: 0.25,
        shift: 2,
        flip: true,
        learner: LearnerName::Candle,
        precision: Precision::F32,
    };
    // {"data":"digest","numerics":2,"spec":{"batch":64,"data":"cifar10","examples":20000,"flip":true,
    // "label_smoothing":0.1,"learner":"candle","learning_rate":0.05,"momentum":0.85,"net":"resnet8-w16",
    // "precision":"f32","seed":9007199254740991,"shift":2,"steps":5,"test_images":1000,
    // "validation_images":100,"warmup":0.25,"weight_decay":0.0001}}
    assert_eq!(
        run_id(&spec, "digest").as_str(),
        "a6a9cff09ae4162562267a6417ad4ba5c2f642d61edd031f097fe22f1df17c35"
    );
    assert_eq!(run_id(&spec, "digest").short(), "a6a9cff09ae4");
}

#[test]
fn absent_keys_mean_the_defaults() {
    let text = r#"{"data":"mnist","net":"lenet5","steps":1000,"batch":128,"seed":7}"#;
    let parsed: RunSpec = serde_json::from_str(text).expect("readable");
    assert_eq!(parsed, valid());
    assert_eq!(parsed.plan().expect("valid").id, valid().plan().expect("valid").id);
    let spelled_out = r#"{"data":"mnist","net":"lenet5","steps":1000,"batch":128,"seed":7,"examples":null,
        "validation_images":5000,"test_images":null,"learning_rate":0.1,"momentum":0.9,"weight_decay":5e-4,
        "label_smoothing":0,"warmup":0.2,"shift":0,"flip":false,"learner":"native","precision":"f32"}"#;
    let spelled_out: RunSpec = serde_json::from_str(spelled_out).expect("readable");
    assert_eq!(run_id(&spelled_out, "d"), run_id(&parsed, "d"));
}

#[test]
fn defaults_are_not_written() {
    let written = serde_json::to_value(valid()).expect("serialisable");
    let expected = serde_json::json!({
        "data": "mnist", "net": "lenet5", "steps": 1000, "batch": 128, "seed": 7,
        "learner": "native", "precision": "f32",
    });
    assert_eq!(written, expected);
}

/// A refused spec and what its message must name.
fn refused(change: Change, words: &[&str]) {
    let spec = with(change);
    let message = spec.plan().map(|_| ()).expect_err("must be refused").to_string();
    for word in words {
        assert!(message.contains(word), "`{message}` does not name `{word}`");
    }
}

#[test]
fn impossible_sizes_are_refused() {
    refused(|s| s.batch = 0, &["batch = 0", "at least 1"]);
    refused(|s| s.batch = 65_537, &["batch = 65537", "at most 65536"]);
    refused(|s| s.steps = 0, &["steps = 0", "at least 1"]);
    refused(|s| s.steps = u64::MAX, &["steps", "2^40"]);
    // 2^33 x 128 = 2^40 images.
    refused(|s| s.steps = 1 << 33, &["steps", "2^40"]);
    refused(|s| s.seed = 1 << 53, &["seed = 9007199254740992", "2^53"]);
    refused(|s| s.shift = 28, &["shift = 28", "28"]);
    refused(|s| s.examples = Some(0), &["examples = 0", "at least 1"]);
    // 60,000 training images less 5,000 held out.
    refused(|s| s.examples = Some(55_001), &["examples = 55001", "55000", "60000", "5000", "validation"]);
    refused(|s| s.validation_images = 60_000, &["validation_images = 60000", "fewer than the 60000"]);
    refused(|s| s.validation_images = u64::MAX, &["validation_images"]);
    refused(|s| s.test_images = Some(0), &["test_images = 0", "from 1 to 10000"]);
    refused(|s| s.test_images = Some(10_001), &["test_images = 10001", "from 1 to 10000"]);
    refused(
        |s| (s.data, s.examples) = (SetName::Digits, Some((1 << 22) + 1)),
        &["examples", "4194304 procedural images"],
    );
    refused(
        |s| (s.data, s.validation_images) = (SetName::Digits, 100_001),
        &["validation_images = 100001", "at most 100000"],
    );
}

#[test]
fn impossible_rates_are_refused() {
    let settings: [(&str, Set, f64); 5] = [
        ("learning_rate", |s, v| s.learning_rate = v, 1.1e6),
        ("momentum", |s, v| s.momentum = v, 1.0),
        ("weight_decay", |s, v| s.weight_decay = v, 1.1e3),
        ("label_smoothing", |s, v| s.label_smoothing = v, 1.0),
        ("warmup", |s, v| s.warmup = v, 1.000_001),
    ];
    for (name, set, too_large) in settings {
        // Negative zero equals zero, but would be written otherwise and give a second id to the same run.
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-9, -0.0, too_large] {
            let mut spec = valid();
            set(&mut spec, value);
            let message = spec.plan().map(|_| ()).expect_err(name).to_string();
            assert!(
                message.starts_with(&format!("{name} = {value}: expected a number from 0 to ")),
                "{message}"
            );
        }
    }
}

#[test]
fn unknown_and_unfit_networks_are_refused() {
    refused(|s| s.net = "lenet6".into(), &["lenet6", "mnist"]);
    refused(|s| s.net = String::new(), &["network ``"]);
    refused(|s| s.net = "cnn-w0-d2".into(), &["cnn-w0-d2"]);
    // 28 pixels halve four times: 14, 7, 3, 1.
    refused(|s| s.net = "cnn-w4-d5".into(), &["cnn-w4-d5"]);
    refused(|s| s.net = "cnn-w99999999999999999999-d2".into(), &["cnn-w99999999999999999999-d2"]);
}

#[test]
fn the_limits_themselves_are_accepted() {
    let accepted: [Change; 9] = [
        |s| (s.batch, s.steps) = (1, 1),
        |s| s.batch = 65_536,
        |s| s.steps = (1 << 33) - 1,
        |s| s.seed = (1 << 53) - 1,
        |s| s.examples = Some(55_000),
        |s| (s.validation_images, s.examples) = (59_999, Some(1)),
        |s| s.test_images = Some(10_000),
        |s| (s.learning_rate, s.momentum, s.weight_decay, s.warmup) = (0.0, 0.0, 0.0, 1.0),
        |s| s.shift = 27,
    ];
    for (place, change) in accepted.into_iter().enumerate() {
        with(change).plan().unwrap_or_else(|e| panic!("case {place}: {e}"));
    }
}

#[test]
fn a_plan_says_how_much_there_is_to_do() {
    let plan = valid().plan().expect("valid");
    assert_eq!((plan.pass_images, plan.test_images), (Some(55_000), 10_000));
    assert_eq!(plan.images_trained(), 128_000);
    // LeNet-5 (LeCun et al. 1998, with full connections): 117,600 + 240,000 + 48,000 + 10,080 + 840 MACs;
    // training costs 6 FLOPs a MAC, less the 2 x 117,600 of the gradient of the image.
    assert_eq!(plan.train_flops_per_image(), Flops(6 * 416_520 - 2 * 117_600));
    assert_eq!(plan.train_flops(), Flops(2_263_920 * 128_000));
    assert_eq!(plan.evaluation_flops(), Flops(2 * 416_520 * 15_000));
    let fresh = with(|s| s.data = SetName::Digits).plan().expect("valid");
    assert_eq!(fresh.pass_images, None);
    let subset = with(|s| (s.data, s.examples) = (SetName::Digits, Some(300))).plan().expect("valid");
    assert_eq!(subset.pass_images, Some(300));
}

fn any_spec() -> impl Strategy<Value = RunSpec> {
    let sizes =
        (1..1u64 << 16, 1..1u64 << 16, 0..1u64 << 53, proptest::option::of(1..50_000u64), 0..9_000u64);
    let rates = (0.0..1e6, 0.0..0.9999, 0.0..1e3, 0.0..0.99, 0.0..=1.0);
    (sizes, rates, 0..28u8, any::<bool>(), proptest::option::of(1..=10_000u64)).prop_map(
        |((steps, batch, seed, examples, validation_images), rates, shift, flip, test_images)| RunSpec {
            examples,
            validation_images,
            test_images,
            learning_rate: rates.0,
            momentum: rates.1,
            weight_decay: rates.2,
            label_smoothing: rates.3,
            warmup: rates.4,
            shift,
            flip,
            ..RunSpec::new(SetName::Mnist, "lenet5", steps, batch, seed)
        },
    )
}

proptest! {
    #[test]
    fn a_spec_survives_being_written(spec in any_spec()) {
        let text = serde_json::to_string(&spec).expect("serialisable");
        let back: RunSpec = serde_json::from_str(&text).expect("readable");
        prop_assert_eq!(run_id(&back, "d"), run_id(&spec, "d"));
        prop_assert_eq!(back, spec);
    }

    #[test]
    fn valid_specs_are_planned_and_noise_never_panics(spec in any_spec(), rate: f64, steps: u64, net in ".{0,20}") {
        prop_assert!(spec.plan().is_ok());
        let noise = RunSpec { learning_rate: rate, steps, net, ..spec };
        let _ = noise.plan();
    }
}

#[test]
fn names_are_those_that_records_carry() {
    for learner in LearnerName::ALL {
        assert_eq!(serde_json::to_value(learner).unwrap(), learner.name());
    }
    for precision in Precision::ALL {
        assert_eq!(serde_json::to_value(precision).unwrap(), precision.name());
    }
}
