//! Every estimator on points of its own law: exact, scattered, by seed and in great number; and what supports none.

use super::*;
use crate::sample;

fn settings(resamples: usize) -> Settings {
    Settings { resamples, ..Settings::default() }
}

/// A law for each method, with computes that show all of it, and its coefficients.
fn laws() -> Vec<(Method, Curve, [f64; 2])> {
    let line = PowerLaw { log_a: 1.5, b: 0.2 };
    let floor = floor::FloorLaw { floor: 0.02, a: 20.0, b: 0.3 };
    vec![
        (Method::Ols, Curve::Power(line), [1e8, 1e14]),
        (Method::OlsReverse, Curve::Power(line), [1e8, 1e14]),
        (Method::Quantile(0.1), Curve::Power(line), [1e8, 1e14]),
        (Method::Quantile(0.5), Curve::Power(line), [1e8, 1e14]),
        (Method::Power, Curve::Power(line), [1e8, 1e14]),
        (Method::M1, Curve::Power(line), [1e8, 1e14]),
        (Method::Floor, Curve::Floor(floor), [1e5, 1e12]),
        (Method::M2, Curve::Floor(floor), [1e5, 1e12]),
        (Method::M3, Curve::Shifted(m3::ShiftedLaw { log_b: 3.0, c: 0.4, log_g: -22.0 }), [1e5, 1e12]),
        (
            Method::M4,
            Curve::Bounded(m4::BoundedLaw { floor: 0.04, e0: 0.9, alpha: 1.0, log_b: 7.0, c: 0.5 }),
            [1e3, 1e11],
        ),
        (
            Method::Broken,
            Curve::Broken(broken::BrokenLaw { log_a: 1.0, b: 0.1, c: 0.3, log_d: 22.0, f: 0.8 }),
            [1e5, 1e13],
        ),
        (Method::Exponential, Curve::Exponential(ExponentialLaw { a: -20.0, b: 1.5 }), [1e8, 1e14]),
    ]
}

/// One over the exponent of a law: `k_floor` where it is that of the error above a floor.
fn exponent_of(method: Method, found: &Estimate) -> Interval {
    if method.has_floor() && method != Method::M3 { found.k_floor } else { found.k }
}

#[test]
fn exact_points_give_every_coefficient_back() {
    for (method, curve, [low, high]) in laws() {
        let points = sample::about(sample::computes(low, high, 40), |x| curve.log_error(x), 0.0, 0);
        let found = estimate(&points, method, &settings(100)).unwrap();
        for ((name, found), (_, made)) in found.coefficients.iter().zip(method.coefficients(&curve)) {
            let found = found.estimate.unwrap_or_else(|| panic!("{method:?}: no {name}"));
            assert!((found / made - 1.0).abs() < 1e-5, "{method:?}: {name} = {found}, not {made}");
        }
        let exponent = curve.exponent().map(|b| 1.0 / b);
        let k = exponent_of(method, &found).estimate;
        if let (Some(made), Some(k)) = (exponent, k) {
            assert!((k / made - 1.0).abs() < 1e-6, "{method:?}: {k} {made}");
        }
        assert_eq!(exponent.is_some(), k.is_some(), "{method:?}");
        assert!(found.goodness.r2.unwrap() > 1.0 - 1e-9, "{method:?}");
    }
}

/// Quantiles of the scatter are parallel to the line, so the exponent is the same.
#[test]
fn intervals_hold_what_made_the_points() {
    for (method, curve, [low, high]) in laws() {
        let points = sample::about(sample::computes(low, high, 120), |x| curve.log_error(x), 0.02, 7);
        let found = estimate(&points, method, &settings(200)).unwrap();
        let k = exponent_of(method, &found);
        if let (Some(b), false) = (curve.exponent(), method == Method::Exponential) {
            let (low, high) = (k.low.unwrap(), k.high.unwrap());
            assert!(low < 1.0 / b && 1.0 / b < high, "{method:?}: {} in {k:?}", 1.0 / b);
        }
        for ((name, interval), (_, made)) in found.coefficients.iter().zip(method.coefficients(&curve)) {
            let (low, high) = (interval.low.unwrap(), interval.high.unwrap());
            // The factor of a quantile is that of its line, below the one that made the points.
            let moved = matches!(method, Method::Quantile(_)) && *name == "a";
            let room = 0.3 * (high - low);
            assert!(
                moved || (low - room < made && made < high + room),
                "{method:?}: {name} {interval:?} {made}"
            );
        }
    }
}

#[test]
fn order_and_threads_do_not_matter_and_the_seed_does() {
    let mut points = sample::about(sample::computes(1e8, 1e14, 60), |x| 1.0 - 0.2 * x, 0.1, 3);
    for method in Method::curves(0.1) {
        let first = estimate(&points, method, &settings(100)).unwrap();
        points.reverse();
        assert_eq!(estimate(&points, method, &settings(100)).unwrap(), first, "{method:?}");
        let other = estimate(&points, method, &Settings { seed: 1, ..settings(100) }).unwrap();
        assert_eq!(other.curve, first.curve);
        assert!(first.curve.is_none() || other.coefficients != first.coefficients, "{method:?}");
    }
}

#[test]
fn what_supports_no_exponent_is_said() {
    let exact = |low, high, count| sample::about(sample::computes(low, high, count), |x| -0.2 * x, 0.0, 0);
    let two: Vec<Point> = (0..10).map(|i| Point { compute: [1e3, 1e9][i % 2], error: 0.1 }).collect();
    let same: Vec<Point> = exact(1e3, 1e9, 12).iter().map(|point| Point { error: 0.25, ..*point }).collect();
    let noise = sample::about(sample::computes(1e3, 1e9, 12), |_| -1.0, 0.05, 3);
    let cases = [
        (Vec::new(), "needs 3 different computes and has 0"),
        (two, "needs 3 different computes and has 2"),
        (exact(1e3, 1e4, 12), "one decade"),
        (same, "at their floor"),
        (noise, "at their floor"),
    ];
    for (points, words) in cases {
        for method in Method::curves(0.1) {
            let found = estimate(&points, method, &settings(100)).unwrap();
            assert_eq!((found.k, found.k_floor, found.curve), Default::default(), "{method:?}");
            assert!(found.warnings.iter().any(|warning| warning.contains(words)), "{:?}", found.warnings);
        }
    }
    let wrong = [Point { compute: 1.0, error: 0.0 }];
    assert!(estimate(&wrong, Method::Ols, &settings(100)).is_err());
    assert!(estimate(&exact(1e3, 1e9, 9), Method::Quantile(1.0), &settings(100)).is_err());
}

/// A floor that nobody saw: neither it nor the exponent above it has a value, and both have an interval.
#[test]
fn a_floor_that_is_not_seen_is_not_told() {
    let points = sample::about(sample::computes(1e8, 1e12, 12), |x| 1.0 - 0.2 * x, 0.05, 5);
    for method in [Method::Floor, Method::M2] {
        let found = estimate(&points, method, &settings(200)).unwrap();
        assert_eq!((found.coefficients[0].1.estimate, found.k_floor.estimate), (None, None));
        assert!(found.k.estimate.is_some() && found.k_floor.low.is_some(), "{found:?}");
        assert!(found.warnings.iter().any(|warning| warning.contains("Floor not identified")));
    }
}

/// Replicates of one compute are one cell: what is wrong with a cell is wrong with all of them, so a hundred times the
/// points do not make a tenth of the interval.
#[test]
fn replicates_do_not_narrow_the_interval_of_their_cells() {
    let cells = sample::about(sample::computes(1e8, 1e13, 8), |x| 1.0 - 0.2 * x, 0.05, 9);
    let mut stream = chance::Stream::new(2, chance::Purpose::Test, 0);
    let mut points = Vec::new();
    for cell in &cells {
        points
            .extend((0..100).map(|_| Point { error: cell.error * (0.001 * stream.normal()).exp(), ..*cell }));
    }
    for method in [Method::Ols, Method::OlsReverse, Method::Quantile(0.5)] {
        let width = |points: &[Point]| {
            let found = estimate(points, method, &settings(500)).unwrap();
            assert_eq!(found.cells, 8);
            found.k.high.unwrap() - found.k.low.unwrap()
        };
        let (alone, all) = (width(&cells), width(&points));
        assert!(all > 0.6 * alone, "{method:?}: {all} {alone}");
    }
}

/// A hundred thousand points, all of their own compute: the interval is that of Student, or of pairs of points.
#[test]
fn many_points_are_fitted_in_time() {
    let points = sample::about(sample::computes(1e8, 1e14, 100_000), |x| 1.0 - 0.2 * x, 0.3, 11);
    for method in [Method::Ols, Method::Power, Method::OlsReverse, Method::Quantile(0.1)] {
        let resamples = if matches!(method, Method::Quantile(_)) { 100 } else { 1000 };
        let found = estimate(&points, method, &settings(resamples)).unwrap();
        let (low, high) = (found.k.low.unwrap(), found.k.high.unwrap());
        // E[ln C | ln E] bends where computes end, which is lack of fit, and the interval holds it.
        let most = if method == Method::OlsReverse { 0.3 } else { 0.1 };
        assert!(low < high && high - low < most, "{method:?}: {:?}", found.k);
        assert!(method == Method::OlsReverse || (low < 5.0 && 5.0 < high), "{method:?}: {:?}", found.k);
    }
}

/// Errors that rise have no floor to come to rest at, and nothing else of a law with one.
#[test]
fn rising_errors_have_no_law_with_a_floor() {
    let points: Vec<Point> = [(1e9, 0.02), (1e10, 0.03), (1e11, 0.04), (1e12, 0.05)]
        .map(|(compute, error)| Point { compute, error })
        .to_vec();
    for method in [Method::Floor, Method::M2, Method::M3] {
        let estimate = estimate(&points, method, &settings(200)).unwrap();
        assert_eq!((estimate.curve, estimate.k_floor), (None, Interval::default()), "{method:?}");
        assert!(estimate.coefficients.iter().all(|(_, value)| *value == Interval::default()), "{method:?}");
        assert!(
            estimate.warnings.iter().any(|warning| warning == interval::NO_FALL),
            "{:?}",
            estimate.warnings
        );
    }
    let both = fit::fit_points(&points, &settings(200)).unwrap();
    assert_eq!((both.floor_law, both.k_floor), (None, Interval::default()));
}

/// Scattered points of no law: nothing that is told is infinite, no number, or 58 digits long.
#[test]
fn what_the_points_do_not_settle_is_not_told() {
    let points: Vec<Point> = [(1e9, 0.05), (1e10, 0.025), (1e11, 0.04), (1e12, 0.021)]
        .map(|(compute, error)| Point { compute, error })
        .to_vec();
    let estimate = estimate(&points, Method::M3, &settings(300)).unwrap();
    for (name, value) in &estimate.coefficients {
        assert!(value.estimate.is_none_or(|value| value.abs() < 1e12), "{name}: {value:?}");
    }
    assert!(!estimate.warnings.join(" ").contains("NaN"), "{:?}", estimate.warnings);
    // A power law without a level at small compute: M4 has none to tell.
    let power: Vec<Point> = (0..12)
        .map(|i| libm::pow(10.0, 10.0 + f64::from(i) / 3.0))
        .map(|c| Point { compute: c, error: 32.0 * libm::pow(c, -0.2) })
        .collect();
    let bounded = super::estimate(&power, Method::M4, &settings(200)).unwrap();
    let of = |name: &str| bounded.coefficients.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!((of("e0"), of("alpha")), (Interval::default(), Interval::default()));
    assert!((of("c").estimate.unwrap() - 0.2).abs() < 1e-3, "{:?}", of("c"));
    let floored = super::estimate(&power, Method::M2, &settings(200)).unwrap();
    assert_eq!(bounded.k_floor, floored.k_floor);
}
