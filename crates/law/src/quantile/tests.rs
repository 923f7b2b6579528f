//! Quantile regression against all pairs of points, published models, and its own definition.

use proptest::prelude::*;

use super::*;
use crate::sample;

/// A line through two points minimises the loss: the least of all pairs.
fn brute_force(points: &[LogPoint], q: f64) -> Option<f64> {
    let mut best: Option<f64> = None;
    for (i, a) in points.iter().enumerate() {
        for b in &points[..i] {
            if (a.log_compute - b.log_compute).abs() > 1e-9 {
                let slope = (a.log_error - b.log_error) / (a.log_compute - b.log_compute);
                let law = PowerLaw { log_a: a.log_error - slope * a.log_compute, b: -slope };
                let found = loss(points, q, &law);
                best = Some(best.map_or(found, |best| best.min(found)));
            }
        }
    }
    best
}

fn point(log_compute: f64, log_error: f64) -> LogPoint {
    LogPoint { log_compute, log_error, weight: 1.0 }
}

/// 13 models of ImageNet: k = 26.1 at 10%, recomputed by all pairs from the authors' table.
#[test]
fn the_frontier_of_imagenet() {
    let points = sample::imagenet();
    let law = fit(&points, 0.1).unwrap();
    assert!((1.0 / law.b - 26.089_298_801).abs() < 1e-6, "{}", 1.0 / law.b);
    assert!((loss(&points, 0.1, &law) - 0.491_798_780_134).abs() < 1e-9);
}

#[test]
fn what_gives_no_line() {
    assert_eq!(fit(&[], 0.1), None);
    assert_eq!(fit(&[point(1.0, 2.0)], 0.1), None);
    assert_eq!(fit(&[point(1.0, 2.0), point(1.0, 3.0)], 0.1), None);
    let two = [point(1.0, 2.0), point(2.0, 1.0)];
    assert_eq!((fit(&two, 0.0), fit(&two, 1.0), fit(&two, f64::NAN)), (None, None, None));
    assert!((fit(&two, 0.3).unwrap().b - 1.0).abs() < 1e-12);
}

#[test]
fn exact_points_give_the_line_back() {
    for count in [2, 3, 10, 1000] {
        let points: Vec<LogPoint> =
            (0..count).map(|i| 20.0 + 0.02 * f64::from(i)).map(|x| point(x, 2.0 - 0.23 * x)).collect();
        let law = fit(&points, 0.1).unwrap();
        assert!((law.b - 0.23).abs() < 1e-9 && (law.log_a - 2.0).abs() < 1e-8, "{count}: {law:?}");
    }
}

/// Among many points the wanted share lies below the line, to the two that it goes through.
#[test]
fn the_share_below_the_line_is_the_quantile() {
    let points = sample::logs(&sample::about(sample::computes(1e8, 1e14, 5000), |x| -0.2 * x, 0.3, 1));
    for q in [0.01, 0.1, 0.5, 0.9] {
        let law = fit(&points, q).unwrap();
        let above = |point: &&LogPoint| point.log_error > law.log_error(point.log_compute) + 1e-9;
        let below = |point: &&LogPoint| point.log_error < law.log_error(point.log_compute) - 1e-9;
        let (above, below) = (points.iter().filter(above).count(), points.iter().filter(below).count());
        assert_eq!(points.len() - above - below, 2);
        assert!((below as f64 - 5000.0 * q).abs() <= 2.0, "{q}: {below} below, {above} above");
    }
}

/// Settling most points first leads to the same line as turning all of them, and no nearby line is better.
#[test]
fn many_points_have_the_line_that_turning_alone_finds() {
    for (count, scatter, seed) in [(600, 0.5, 1), (3000, 0.1, 2), (3001, 2.0, 3), (20_000, 0.3, 4)] {
        let bent = |x: f64| -0.2 * x + 0.01 * (x - 25.0) * (x - 25.0);
        let points = sample::logs(&sample::about(sample::computes(1e8, 1e14, count), bent, scatter, seed));
        for q in [0.02, 0.1, 0.5, 0.97] {
            let found = fit(&points, q).unwrap();
            let least = loss(&points, q, &found);
            for far in [-3.0, 0.0, 50.0] {
                let mut problem = Problem::default();
                points.iter().for_each(|point| problem.push(point));
                let law = problem.solve(q, -found.b + far).unwrap();
                assert!((loss(&points, q, &law) - least).abs() <= 1e-11 * least, "{count} {q} {far}");
            }
            for (db, da) in
                [(1e-6, 0.0), (-1e-6, 0.0), (0.0, 1e-6), (0.0, -1e-6), (1e-6, 2.5e-5), (-1e-6, -2.5e-5)]
            {
                let near = PowerLaw { log_a: found.log_a + da, b: found.b + db };
                assert!(loss(&points, q, &near) >= least * (1.0 - 1e-12), "{count} {q}");
            }
        }
    }
}

/// Ties in great number: few computes, errors rounded to a few digits, and all points on one line.
#[test]
fn many_points_with_ties_have_the_least_loss_of_all_pairs() {
    let mut points = Vec::new();
    let mut stream = chance::Stream::new(5, chance::Purpose::Test, 0);
    for i in 0..1500 {
        let x = f64::from(i % 5);
        points.push(point(x, (2.0 * (3.0 - 0.4 * x + stream.normal())).round() / 2.0));
    }
    let mut different: Vec<LogPoint> = points.clone();
    different
        .sort_by(|a, b| a.log_compute.total_cmp(&b.log_compute).then(a.log_error.total_cmp(&b.log_error)));
    different.dedup();
    for q in [0.1, 0.25, 0.5, 0.9] {
        let found = loss(&points, q, &fit(&points, q).unwrap());
        for a in &different {
            for b in different.iter().filter(|b| b.log_compute > a.log_compute) {
                let slope = (b.log_error - a.log_error) / (b.log_compute - a.log_compute);
                let law = PowerLaw { log_a: a.log_error - slope * a.log_compute, b: -slope };
                assert!(found <= loss(&points, q, &law) * (1.0 + 1e-12), "{q}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// No pair of points is better, in general position.
    #[test]
    fn no_pair_is_better(
        pairs in proptest::collection::vec((0.0f64..10.0, -5.0f64..5.0), 3..14), q in 0.02f64..0.98,
    ) {
        let points: Vec<LogPoint> = pairs.iter().map(|&(x, y)| point(x, y)).collect();
        let best = brute_force(&points, q).unwrap();
        let found = loss(&points, q, &fit(&points, q).unwrap());
        prop_assert!(found <= best + 1e-11 * (1.0 + best), "{found} {best}");
    }

    /// Nor where many lie on one line, at one compute, or on each other.
    #[test]
    fn no_pair_is_better_among_ties(
        pairs in proptest::collection::vec((0u8..4, 0u8..4), 2..14), q in 1u8..10,
    ) {
        let points: Vec<LogPoint> = pairs.iter().map(|&(x, y)| point(f64::from(x), f64::from(y))).collect();
        let q = f64::from(q) / 10.0;
        match (brute_force(&points, q), fit(&points, q)) {
            (Some(best), Some(law)) => {
                let found = loss(&points, q, &law);
                prop_assert!(found <= best + 1e-11 * (1.0 + best), "{found} {best}");
            }
            (best, law) => prop_assert!(best.is_none() && law.is_none(), "{best:?} {law:?}"),
        }
    }
}
