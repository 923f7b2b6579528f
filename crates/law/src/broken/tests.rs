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

/// Straight lines with scatter show breaks too, and seldom one that is called identified; a bend of twice the exponent is.
#[test]
fn a_break_is_identified_where_there_is_one() {
    use crate::estimate::estimate;
    use crate::fit::Settings;
    use crate::method::Method;
    let settings = Settings { resamples: 200, ..Settings::default() };
    let computes: Vec<f64> = sample::computes(1e6, 1e10, 17).collect();
    let told = |law: &dyn Fn(f64) -> f64, seed| {
        let points = sample::about(computes.iter().copied(), law, 0.03, seed);
        estimate(&points, Method::Broken, &settings).unwrap()
    };
    let is_identified = |told: &crate::estimate::Estimate| {
        let (_, d) = told.coefficients.iter().find(|(name, _)| *name == "d").unwrap();
        assert_eq!(
            d.estimate.is_none(),
            told.warnings.iter().any(|words| words.starts_with("Break not identified"))
        );
        d.estimate.is_some()
    };
    let straight: Vec<_> = (0..40).map(|seed| told(&|x| 1.6 - 0.25 * x, seed)).collect();
    let claimed = straight.iter().filter(|told| is_identified(told)).count();
    assert!(claimed <= 3, "{claimed} of 40 straight lines have a break");
    let holds = |told: &&crate::estimate::Estimate| {
        told.k.low.is_none_or(|low| low <= 4.0) && told.k.high.is_none_or(|high| 4.0 <= high)
    };
    assert!(straight.iter().filter(holds).count() >= 35);
    let law = BrokenLaw { log_a: 1.0, b: 0.2, c: 0.2, log_d: f64::ln(1e8), f: 0.5 };
    let bent = (0..10).filter(|&seed| is_identified(&told(&|x| law.log_error(x), seed))).count();
    assert!(bent >= 9, "{bent} of 10 breaks are seen");
}
