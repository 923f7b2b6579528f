//! Projections against laws whose inverse is known.

use super::*;
use crate::fit::{Point, Settings, fit_points};

const REFERENCES: [f64; 2] = [4.0, 9.0];

/// Error = floor + 20 C^-0.25 at half decades from 1e6 to 1e11, with a scatter of `noise` up and down.
fn fitted(floor: f64, noise: f64) -> Fit {
    let point = |i: u32| {
        let compute = 1e6 * libm::pow(10.0, 0.5 * f64::from(i));
        let sign = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        Point { compute, error: (floor + 20.0 * libm::pow(compute, -0.25)) * (1.0 + sign * noise) }
    };
    fit_points(&(0..11).map(point).collect::<Vec<_>>(), &Settings::default()).unwrap()
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found / expected - 1.0).abs() < tolerance, "{found} {expected}");
}

/// Halving from today's error takes 2^4 by k = 4, the truth, and 2^9 by k = 9.
#[test]
fn a_power_law_is_followed() {
    let fit = fitted(0.0, 0.0);
    let [most, reached] = today(&fit).unwrap();
    near(most, 1e11, 1e-12);
    let projection = project(&fit, reached / 2.0, REFERENCES).unwrap();
    near(projection.power.estimate.unwrap(), 16e11, 1e-9);
    near(projection.references[0], 16e11, 1e-12);
    near(projection.references[1], 512e11, 1e-12);
    assert_eq!((projection.floor.estimate, projection.below_floor), (None, false));
}

/// A floor of 2% is seen: 3% is 20 C^-0.25 = 1% above it, at C = 2000^4, and 1% is never reached.
#[test]
fn a_floor_ends_what_compute_can_do() {
    let fit = fitted(0.02, 0.0);
    let projection = project(&fit, 0.03, REFERENCES).unwrap();
    near(projection.floor.estimate.unwrap(), libm::pow(2000.0, 4.0), 1e-3);
    let below = project(&fit, 0.01, REFERENCES).unwrap();
    assert!(below.below_floor);
    assert_eq!((below.floor.estimate, below.floor.high), (None, None));
    assert!(below.power.estimate.is_some());
}

/// Further away the interval is wider, and it holds the truth here.
#[test]
fn the_interval_widens_with_the_distance() {
    let fit = fitted(0.0, 0.03);
    let widths = [0.03, 0.01, 0.003].map(|error| {
        let power = project(&fit, error, REFERENCES).unwrap().power;
        let [low, high] = [power.low.unwrap(), power.high.unwrap()];
        let truth = libm::pow(20.0 / error, 4.0);
        assert!(low < truth && truth < high, "{error}: {low} {truth} {high}");
        high / low
    });
    assert!(widths[0] < widths[1] && widths[1] < widths[2], "{widths:?}");
}

#[test]
fn without_an_exponent_there_is_no_projection() {
    let two = [1e6, 1e8].map(|compute| Point { compute, error: 0.1 });
    let fit = fit_points(&two, &Settings::default()).unwrap();
    assert_eq!(project(&fit, 0.01, REFERENCES), None);
}
