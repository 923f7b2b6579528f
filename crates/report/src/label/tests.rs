//! Tests of labels and numbers for people.

use super::*;
use crate::sample;

#[test]
fn labels_name_only_what_differs() {
    let spec = |change: fn(&mut RunSpec)| {
        let mut spec = sample::run("cnn-w8-d2", 1200, 0).spec;
        change(&mut spec);
        spec
    };
    let same = [spec(|_| {}), spec(|s| s.learning_rate = 0.05)];
    assert_eq!(
        labels(&[&same[0], &same[1]]),
        ["cnn-w8-d2 lr 0.1, 1,200 steps", "cnn-w8-d2 lr 0.05, 1,200 steps"]
    );
    let other = spec(|s| {
        s.batch = 128;
        s.examples = Some(5000);
    });
    assert_eq!(
        labels(&[&same[0], &other]),
        [
            "cnn-w8-d2 lr 0.1, 1,200 steps, batch 64, all examples",
            "cnn-w8-d2 lr 0.1, 1,200 steps, batch 128, 5,000 examples"
        ]
    );
    assert!(labels(&[]).is_empty());
}

#[test]
fn numbers_for_people() {
    for (value, text) in [(0u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
        assert_eq!(grouped(value), text);
    }
    assert_eq!(percent(0.012_34, 3), "1.23%");
    assert_eq!(
        (factor(5.04), factor(32.2), factor(1234.0), factor(2e9)),
        ("5.0".into(), "32".into(), "1,234".into(), "2.0e9".into())
    );
    let one = |value: f64| format!("{value:.1}");
    assert_eq!(interval(Some(4.2), Some(6.9), one), "[4.2, 6.9]");
    assert_eq!(interval(Some(4.2), None, one), "[4.2, \u{221e})");
    assert_eq!(interval(None, None, one), "");
}
