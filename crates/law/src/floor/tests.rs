//! The law with a floor against exact data, brute force and its closed forms.

use proptest::prelude::*;

use super::*;
use crate::power;

fn exact(floor: f64, a: f64, b: f64, computes: &[f64]) -> Vec<LogPoint> {
    let law = FloorLaw { floor, a, b };
    computes.iter().map(|&compute| LogPoint::new(compute, law.error(compute))).collect()
}

fn squares(law: &FloorLaw, points: &[LogPoint]) -> f64 {
    let residual = |point: &LogPoint| point.log_error - law.error(point.log_compute.exp()).ln();
    points.iter().map(residual).map(|r| r * r).sum()
}

#[test]
fn two_computes_give_no_floor() {
    assert_eq!(fit(&exact(0.01, 2.0, 0.3, &[1.0, 10.0])), None);
    assert_eq!(fit(&exact(0.01, 2.0, 0.3, &[1.0, 10.0, 10.0, 1.0])), None);
}

/// Without a floor in the data the two laws are one.
#[test]
fn a_pure_power_law_has_floor_zero() {
    let points = exact(0.0, 3.0, 0.2, &[1e9, 1e10, 1e11, 1e12, 1e13]);
    let (law, line) = (fit(&points).unwrap(), power::fit(&points).unwrap());
    assert_eq!(law.floor, 0.0);
    assert!((law.b - line.b).abs() < 1e-9, "{law:?} {line:?}");
}

/// Points that bend the other way, falling faster and faster, have floor zero as well.
#[test]
fn a_floor_is_never_negative() {
    let points: Vec<LogPoint> = (0..6)
        .map(f64::from)
        .map(|x| LogPoint { log_compute: x, log_error: -0.1 * x - 0.05 * x * x, weight: 1.0 })
        .collect();
    let law = fit(&points).unwrap();
    assert_eq!(law.floor, 0.0);
    assert!((law.b - power::fit(&points).unwrap().b).abs() < 1e-9, "{law:?}");
}

/// No point of a fine grid around the answer, nor of a coarse one over everything, is better.
#[test]
fn scattered_points_are_fitted_as_well_as_by_brute_force() {
    // Residuals of 2 to 6 percent about 0.02 + 1.5 C^-0.35, chosen by hand.
    let scatter = [0.03, -0.05, 0.02, 0.04, -0.06, 0.01, 0.03, -0.02];
    let computes: Vec<f64> = (0..8).map(|i| 10f64.powf(2.0 + 0.5 * f64::from(i))).collect();
    let mut points = exact(0.02, 1.5, 0.35, &computes);
    points.iter_mut().zip(scatter).for_each(|(point, r)| point.log_error += r);
    let law = fit(&points).unwrap();
    let best = squares(&law, &points);
    for i in 0..30 {
        for j in 0..30 {
            for l in 0..30 {
                let at = |low: f64, high: f64, i: i32| low + (high - low) * f64::from(i) / 29.0;
                let far = FloorLaw { floor: at(0.0, 0.027, i), a: at(0.2, 6.0, j), b: at(0.05, 0.8, l) };
                let near = FloorLaw {
                    floor: law.floor * at(0.99, 1.01, i),
                    a: law.a * at(0.99, 1.01, j),
                    b: law.b * at(0.99, 1.01, l),
                };
                assert!(squares(&far, &points) >= best && squares(&near, &points) >= best - 1e-13);
            }
        }
    }
}

/// The coarse search of the resamples finds the floor of the fine one.
#[test]
fn the_coarse_search_agrees_with_the_fine_one() {
    let points = exact(0.05, 1.0, 0.4, &[1e1, 1e2, 1e3, 1e4, 1e5]);
    let (coarse, fine) = (search(&points, Search::COARSE).unwrap(), fit(&points).unwrap());
    assert!((coarse.floor - fine.floor).abs() < 1e-6 && (coarse.b - fine.b).abs() < 1e-4);
}

/// Halving by definition: the law itself at the larger compute gives half the error.
#[test]
fn halving_cost_halves_the_error() {
    let law = FloorLaw { floor: 0.01, a: 2.0, b: 0.3 };
    let error = law.error(1e4);
    let halved = law.error(1e4 * law.halving_cost(error));
    assert!((halved - error / 2.0).abs() < 1e-12, "{halved} {error}");
    assert_eq!(law.halving_cost(0.02), f64::INFINITY);
    assert_eq!(FloorLaw { b: 0.0, ..law }.halving_cost(0.5), f64::INFINITY);
}

proptest! {
    /// Points made from the law give it back.
    #[test]
    fn exact_points_give_the_law_back(
        share in 0.05f64..0.9, b in 0.1f64..0.8, first in 0.0f64..16.0, decades in 2.0f64..5.0, count in 5usize..12,
    ) {
        let computes: Vec<f64> =
            (0..count).map(|i| 10f64.powf(first + decades * i as f64 / (count - 1) as f64)).collect();
        // The floor is the given share of the error at the last compute.
        let last = computes[count - 1];
        let a = 0.5 * computes[0].powf(b);
        let floor = share / (1.0 - share) * a * last.powf(-b);
        let law = fit(&exact(floor, a, b, &computes)).unwrap();
        prop_assert!((law.floor / floor - 1.0).abs() < 1e-6, "{law:?} floor {floor} a {a} b {b}");
        prop_assert!((law.b / b - 1.0).abs() < 1e-6, "{law:?} floor {floor} a {a} b {b}");
        prop_assert!((law.a / a - 1.0).abs() < 1e-5, "{law:?} floor {floor} a {a} b {b}");
    }
}

/// Half of the points that reach a floor lie below it: it is found all the same, where it was once held to the lowest point.
#[test]
fn a_floor_may_lie_above_the_lowest_point() {
    let point = |i: u32| {
        let compute = libm::pow(10.0, 6.0 + 0.25 * f64::from(i));
        let sign = if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let error = (0.05 + 30.0 * libm::pow(compute, -0.33)) * (1.0 + 0.03 * sign);
        LogPoint::new(compute, error)
    };
    let points: Vec<LogPoint> = (0..40).map(point).collect();
    for search in [Search::FINE, Search::COARSE] {
        let law = super::search(&points, search).unwrap();
        assert!((law.floor / 0.05 - 1.0).abs() < 0.01 && (law.b / 0.33 - 1.0).abs() < 0.02, "{law:?}");
    }
}
