//! M3 against exact points.

use super::*;
use crate::sample;

#[test]
fn exact_points_give_the_law_back() {
    for (g, c) in [(1e-9, 0.3), (3e-12, 0.5), (2e-10, 0.15)] {
        let law = ShiftedLaw { log_b: 3.0, c, log_g: f64::ln(g) };
        let points =
            sample::logs(&sample::about(sample::computes(1e6, 1e12, 25), |x| law.log_error(x), 0.0, 0));
        let found = fit(&points).unwrap();
        assert!((found.c / c - 1.0).abs() < 1e-6 && (found.log_g - law.log_g).abs() < 1e-5, "{found:?}");
        assert!((found.log_b - 3.0).abs() < 1e-5, "{found:?}");
    }
}

/// Without anything that holds the error up, or with a bend the other way, it is the power law.
#[test]
fn a_power_law_has_no_g() {
    for bend in [0.0, 0.01] {
        let curve = |x: f64| 1.0 - 0.2 * x - bend * x * x;
        let points = sample::logs(&sample::about(sample::computes(1e3, 1e9, 13), curve, 0.0, 0));
        let (found, line) = (fit(&points).unwrap(), power::fit(&points).unwrap());
        assert!((found.c - line.b).abs() < 1e-5, "{found:?}");
        assert!((found.log_error(10.0) - line.log_error(10.0)).abs() < 1e-5, "{found:?}");
    }
    assert_eq!(fit(&sample::logs(&sample::about([1.0, 10.0].into_iter(), |x| -x, 0.0, 0))), None);
}
