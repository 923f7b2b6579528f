//! The broken power law against exact points.

use super::*;
use crate::sample;

#[test]
fn exact_points_give_the_law_back() {
    let laws = [(0.1, 0.3, 1e9, 0.5), (0.4, -0.3, 1e8, 1.5), (0.05, 0.1, 1e10, 0.8)];
    for (b, c, d, f) in laws {
        let law = BrokenLaw { log_a: 2.0, b, c, log_d: f64::ln(d), f };
        let points =
            sample::logs(&sample::about(sample::computes(1e5, 1e13, 33), |x| law.log_error(x), 0.0, 0));
        let found = fit(&points).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * (1.0 + b.abs());
        let lines = near(found.log_a, 2.0) && near(found.b, b) && near(found.c, c);
        assert!(lines && near(found.log_d, law.log_d) && near(found.f, f), "{found:?} {law:?}");
        let again = refit(&points, &BrokenLaw { log_d: law.log_d + 0.3, f: 1.3 * f, ..law }).unwrap();
        assert!(near(again.b, b) && near(again.f, f), "{again:?}");
    }
}

#[test]
fn few_points_have_no_break() {
    let points = sample::logs(&sample::about(sample::computes(1e5, 1e9, 5), |x| -0.2 * x, 0.0, 0));
    assert_eq!(fit(&points), None);
}
