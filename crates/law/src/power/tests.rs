//! The power law against exact data, published pairs and its invariances.

use proptest::prelude::*;

use super::*;

fn points(pairs: &[(f64, f64)]) -> Vec<LogPoint> {
    pairs.iter().map(|&(compute, error)| LogPoint::new(compute, error)).collect()
}

fn k(pairs: &[(f64, f64)]) -> f64 {
    1.0 / fit(&points(pairs)).unwrap().b
}

/// AlexNet 36.7% and NASNet-A 17.3% top-1 error, hardware burden 1.501e18 and 1.647e21 FLOP: the
/// published tables behind Thompson et al., arXiv 2007.05558. Through two points k is the ratio of logarithms.
#[test]
fn alexnet_to_nasnet_is_about_the_ninth_power() {
    let found = k(&[(1.501e18, 36.7), (1.647e21, 17.3)]);
    let by_hand = (1.647e21f64 / 1.501e18).ln() / (36.7f64 / 17.3).ln();
    assert!((found - by_hand).abs() < 1e-10, "{found} {by_hand}");
    assert!((found - 9.3).abs() < 0.05, "{found}");
}

/// airbench 94, 95 and 96: 94.01, 95.01 and 96.03% for 0.36, 1.39 and 4.91 PFLOP (KellerJordan/cifar10-airbench).
/// From their logarithms by hand: Sxx = 3.4150, Sxy = -0.5367, so k = 6.36.
#[test]
fn airbench_lies_between_the_fourth_and_the_ninth_power() {
    let found = k(&[(0.36, 5.99), (1.39, 4.99), (4.91, 3.97)]);
    assert!((found - 6.4).abs() < 0.1, "{found}");
}

#[test]
fn one_compute_gives_no_line() {
    assert_eq!(fit(&[]), None);
    assert_eq!(fit(&points(&[(1e9, 0.5)])), None);
    assert_eq!(fit(&points(&[(1e9, 0.5), (1e9, 0.4), (1e9, 0.3)])), None);
    assert_eq!(fit(&points(&[(1e9, 0.5), (f64::NAN, 0.4)])), None);
}

proptest! {
    /// Points made from the law give it back to rounding.
    #[test]
    fn exact_points_give_the_exponent_back(
        b in 0.02f64..1.0, log_a in -5.0f64..10.0, count in 2usize..20, step in 0.5f64..3.0,
    ) {
        let points: Vec<LogPoint> = (0..count)
            .map(|i| 20.0 + step * i as f64)
            .map(|x| LogPoint { log_compute: x, log_error: log_a - b * x, weight: 1.0 })
            .collect();
        let law = fit(&points).unwrap();
        prop_assert!((law.b - b).abs() < 1e-12, "{} {}", law.b, b);
        prop_assert!((law.log_a - log_a).abs() < 1e-10, "{} {}", law.log_a, log_a);
        prop_assert!((law.error(1e6).ln() - (log_a - b * 1e6f64.ln())).abs() < 1e-10);
    }

    /// Other units of compute or error move the line, never its slope.
    #[test]
    fn units_do_not_matter(
        errors in proptest::collection::vec(0.001f64..0.9, 3..10), compute in 1e-20f64..1e20, error in 1e-3f64..1e3,
    ) {
        let at = |compute: f64, error: f64| {
            let pairs: Vec<(f64, f64)> = errors
                .iter()
                .enumerate()
                .map(|(i, e)| (compute * 3f64.powi(i as i32), error * e))
                .collect();
            fit(&points(&pairs)).unwrap().b
        };
        let b = at(1.0, 1.0);
        prop_assert!((at(compute, 1.0) - b).abs() < 1e-11);
        prop_assert!((at(1.0, error) - b).abs() < 1e-11);
    }
}
