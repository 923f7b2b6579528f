//! Tests of logarithmic axes.

use proptest::prelude::*;

use super::*;

fn axis(low: f64, high: f64, numbers: Numbers) -> Axis {
    Axis { low, high, start: 0.0, end: 100.0, numbers }
}

fn labels(axis: &Axis) -> Vec<String> {
    axis.ticks().into_iter().filter_map(|tick| tick.label).collect()
}

#[test]
fn positions_are_linear_in_the_logarithm() {
    // From 1e2 to 1e6 over 100 units: 25 units a decade.
    let axis = axis(1e2, 1e6, Numbers::Powers);
    for (value, place) in [(1e2, 0.0), (1e3, 25.0), (1e4, 50.0), (1e6, 100.0), (1e1, -25.0)] {
        assert!((axis.position(value) - place).abs() < 1e-9, "{value}");
        assert!((axis.value_at(place / 100.0) / value - 1.0).abs() < 1e-9, "{value}");
    }
}

#[test]
fn labels_as_people_write_them() {
    let cases: [(f64, f64, Numbers, &[&str]); 6] = [
        (5e8, 2e10, Numbers::Powers, &["10^{9}", "10^{10}"]),
        (1.5e9, 9e9, Numbers::Powers, &["2\u{d7}10^{9}", "5\u{d7}10^{9}"]),
        (2e-12, 2e-10, Numbers::Powers, &["10^{\u{2212}11}", "10^{\u{2212}10}"]),
        (0.05, 200.0, Numbers::Plain, &["0.1", "1", "10", "100"]),
        (0.008, 0.6, Numbers::Percent, &["1%", "2%", "5%", "10%", "20%", "50%"]),
        (0.0004, 0.003, Numbers::Percent, &["0.04%", "0.05%", "0.07%", "0.1%", "0.2%", "0.3%"]),
    ];
    for (low, high, numbers, expected) in cases {
        assert_eq!(labels(&axis(low, high, numbers)), expected, "{low} to {high}");
    }
}

#[test]
fn a_very_wide_axis_labels_some_decades_and_has_no_minor_ticks() {
    // 41 decades: every fourth (41 / 11 + 1), so 10^-20, 10^-16, ... 10^20.
    let axis = axis(1e-20, 1e20, Numbers::Powers);
    let ticks = axis.ticks();
    assert!(ticks.iter().all(|tick| tick.decade));
    assert_eq!((ticks.len(), labels(&axis).len()), (41, 11));
}

#[test]
fn a_range_holds_its_values_with_room() {
    assert_eq!(range_of([], 0.1), None);
    assert_eq!(range_of([0.0, f64::NAN, -1.0, f64::INFINITY], 0.1), None);
    let [low, high] = range_of([1e3, 1e5, 0.0], 0.5).unwrap();
    // Half a decade beyond 1e3 and 1e5.
    assert!((libm::log10(low) - 2.5).abs() < 1e-9 && (libm::log10(high) - 5.5).abs() < 1e-9);
    let [low, high] = range_of([10.0], 0.1).unwrap();
    assert!((libm::log10(high / low) - NARROWEST).abs() < 1e-9);
    let [low, high] = range_of([f64::MIN_POSITIVE, f64::MAX], 0.1).unwrap();
    assert!(low > 0.0 && high.is_finite());
}

/// An end beyond what doubles hold is what a line drawn beyond very wide data asks for.
#[test]
fn an_axis_without_an_end_has_ticks_as_far_as_doubles_go() {
    let ticks = axis(1e-300, f64::INFINITY, Numbers::Powers).ticks();
    assert_eq!(ticks.last().map(|tick| tick.value), Some(1e308));
    assert_eq!(axis(0.0, 1.0, Numbers::Powers).ticks().last().map(|tick| tick.value), Some(1.0));
}

proptest! {
    #[test]
    fn ticks_lie_inside_rise_and_label_the_decades(from in -18.0..18.0f64, decades in 0.7..20.0f64) {
        let axis = axis(libm::pow(10.0, from), libm::pow(10.0, from + decades), Numbers::Powers);
        let ticks = axis.ticks();
        prop_assert!(ticks.iter().all(|tick| tick.value >= axis.low && tick.value <= axis.high));
        prop_assert!(ticks.windows(2).all(|pair| pair[0].value < pair[1].value));
        let inside = |e: &i32| (from..=from + decades).contains(&f64::from(*e));
        let powers = (-40..40).filter(inside).count();
        prop_assert_eq!(ticks.iter().filter(|tick| tick.decade).count(), powers);
        if powers as i32 <= MOST_LABELS {
            prop_assert!(ticks.iter().filter(|tick| tick.decade).all(|tick| tick.label.is_some()));
        }
        prop_assert!(labels(&axis).len() >= 2, "{:?}", labels(&axis));
    }
}
