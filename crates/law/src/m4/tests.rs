//! M4 against its own equation and exact points.

use super::*;
use crate::sample;

#[test]
fn the_error_solves_the_equation() {
    for alpha in [0.0, 0.2, 1.0, 5.0] {
        let law = BoundedLaw { floor: 0.05, e0: 0.9, alpha, log_b: 2.0, c: 0.4 };
        for log_compute in [0.0, 3.0, 10.0, 20.0] {
            let error = law.error(log_compute);
            // Without alpha the law knows no bound from above.
            assert!(error > 0.05 && (error < 0.9 || alpha == 0.0), "{error}");
            let left = (error - 0.05).ln() - alpha * (0.9 - error).ln();
            let right = 2.0 - 0.4 * log_compute;
            assert!(alpha == 0.0 || (left - right).abs() < 1e-9, "{alpha} {log_compute}: {left} {right}");
        }
    }
}

#[test]
fn derivatives_are_those_of_differences() {
    let law = BoundedLaw { floor: 0.05, e0: 0.9, alpha: 0.7, log_b: 2.0, c: 0.4 };
    let moved = |i: usize, by: f64| {
        let mut law = law;
        let numbers = [&mut law.floor, &mut law.e0, &mut law.alpha, &mut law.log_b, &mut law.c];
        *numbers.into_iter().nth(i).unwrap() += by;
        law
    };
    for log_compute in [2.0, 6.0, 12.0] {
        let (_, by) = law.derivatives(log_compute);
        for (i, by) in by.iter().enumerate() {
            let difference = (moved(i, 1e-6).error(log_compute) - moved(i, -1e-6).error(log_compute)) / 2e-6;
            assert!((difference - by).abs() < 1e-7, "{i} at {log_compute}: {difference} {by}");
        }
    }
}

#[test]
fn exact_points_give_the_law_back() {
    for (alpha, c) in [(0.5, 0.4), (1.0, 0.5), (2.0, 0.6)] {
        let law = BoundedLaw { floor: 0.04, e0: 0.9, alpha, log_b: c * 15.0, c };
        let points =
            sample::logs(&sample::about(sample::computes(1e4, 1e12, 40), |x| law.log_error(x), 0.0, 0));
        let found = fit(&points).unwrap();
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-6;
        let levels = near(found.floor, law.floor) && near(found.e0, law.e0);
        let rest = near(found.alpha, alpha) && near(found.log_b, law.log_b) && near(found.c, c);
        assert!(levels && rest, "{found:?} {law:?}");
    }
}
