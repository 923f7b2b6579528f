//! The surface against exact and scattered trainings of known coefficients.

use chance::{Purpose, Stream};

use super::*;
use crate::fit::Settings;
use crate::sizes;

/// The coefficients of Besiroglu et al.: E 1.8172, A 482.01, B 2085.43, alpha 0.3478, beta 0.3658.
fn besiroglu() -> SurfaceLaw {
    SurfaceLaw {
        floor: 1.8172,
        log_a: f64::ln(482.01),
        alpha: 0.3478,
        log_b: f64::ln(2085.43),
        beta: 0.3658,
        objective: 0.0,
    }
}

/// Trainings of 44 million to 16 billion parameters on 1 to 100 times as many tokens, off by `scatter`.
fn trainings(law: &SurfaceLaw, count: usize, scatter: f64, seed: u64) -> Vec<Size> {
    let mut stream = Stream::new(seed, Purpose::Test, 5);
    (0..count)
        .map(|_| {
            let n = f64::ln(44e6) + stream.uniform_f64() * f64::ln(16e9 / 44e6);
            let d = n + stream.uniform_f64() * f64::ln(100.0);
            let error = (law.log_error(n, d) + scatter * stream.normal()).exp();
            Size { parameters: n.exp(), data: d.exp(), error }
        })
        .collect()
}

#[test]
fn exact_trainings_give_the_surface_back() {
    let law = besiroglu();
    let found = fit(&trainings(&law, 240, 0.0, 1)).unwrap();
    for ((name, found), (_, made)) in found.coefficients().into_iter().zip(law.coefficients()) {
        assert!((found / made - 1.0).abs() < 1e-6, "{name}: {found} {made}");
    }
    assert!(found.objective < 1e-12, "{found:?}");
    assert!((found.k() - (1.0 / 0.3478 + 1.0 / 0.3658)).abs() < 1e-5, "{found:?}");
    assert!((found.split() - 0.3658 / (0.3478 + 0.3658)).abs() < 1e-6, "{found:?}");
}

/// Errors of classifiers, with a floor and without, on a grid of few sizes.
#[test]
fn exact_errors_of_classifiers_give_their_surface_back() {
    for (floor, alpha, beta) in [(0.03, 0.5, 0.4), (0.0, 0.3, 0.6), (0.1, 0.9, 0.25)] {
        let law = SurfaceLaw { floor, log_a: 1.0, alpha, log_b: 2.0, beta, objective: 0.0 };
        let mut sizes = Vec::new();
        for i in 0..6 {
            for j in 0..6 {
                let (n, d) = (f64::ln(1e3) + 1.4 * f64::from(i), f64::ln(1e4) + 1.2 * f64::from(j));
                let error = law.log_error(n, d).exp();
                sizes.push(Size { parameters: n.exp(), data: d.exp(), error });
            }
        }
        let found = fit(&sizes).unwrap();
        assert!((found.floor - floor).abs() < 1e-6, "{found:?} {law:?}");
        assert!((found.alpha - alpha).abs() < 1e-6 && (found.beta - beta).abs() < 1e-6, "{found:?} {law:?}");
    }
}

/// No other place of a fine grid around the answer has a smaller sum of losses, nor has the truth.
#[test]
fn scattered_trainings_have_the_least_sum_of_losses() {
    let law = besiroglu();
    let sizes = trainings(&law, 240, 0.01, 2);
    let points: Vec<LogSize> = sizes.iter().map(LogSize::new).collect();
    let found = fit(&sizes).unwrap();
    let sum = |law: &SurfaceLaw| -> f64 {
        let loss = |point: &LogSize| {
            let r = (point.log_error - law.log_error(point.n, point.d)).abs();
            if r <= DELTA { r * r / 2.0 } else { DELTA * (r - DELTA / 2.0) }
        };
        points.iter().map(loss).sum()
    };
    assert!((sum(&found) / found.objective - 1.0).abs() < 1e-9);
    assert!(found.objective < sum(&law), "{found:?}");
    let mut stream = Stream::new(3, Purpose::Test, 0);
    for _ in 0..3000 {
        let size = 10f64.powf(-1.0 - 5.0 * stream.uniform_f64());
        let mut off = |value: f64| value * (1.0 + size * stream.normal());
        let near = SurfaceLaw {
            floor: off(found.floor),
            log_a: off(found.log_a),
            alpha: off(found.alpha),
            log_b: off(found.log_b),
            beta: off(found.beta),
            objective: 0.0,
        };
        assert!(sum(&near) >= found.objective * (1.0 - 1e-7), "{near:?} {found:?}");
    }
}

#[test]
fn intervals_hold_what_made_the_trainings() {
    let law = besiroglu();
    let settings = Settings { resamples: 200, ..Settings::default() };
    let estimate = sizes::estimate(&trainings(&law, 240, 0.005, 100), &settings).unwrap();
    for ((name, found), (_, made)) in estimate.coefficients.iter().zip(law.coefficients()) {
        let (low, high) = (found.low.unwrap(), found.high.unwrap());
        // Seven intervals at 95% of one draw; a tenth of their width more makes it a test of the method, not of luck.
        let room = 0.1 * (high - low);
        assert!(low - room < made && made < high + room, "{name}: {found:?} {made}");
    }
    assert!(estimate.k.low.unwrap() < law.k() && law.k() < estimate.k.high.unwrap(), "{:?}", estimate.k);
    assert_eq!(estimate, sizes::estimate(&trainings(&law, 240, 0.005, 100), &settings).unwrap());
}

#[test]
fn what_supports_no_surface_is_said() {
    let law = besiroglu();
    let settings = Settings { resamples: 100, ..Settings::default() };
    let all = trainings(&law, 40, 0.0, 6);
    let said = |sizes: Vec<Size>, words: &str| {
        let estimate = sizes::estimate(&sizes, &settings).unwrap();
        assert!(estimate.k.estimate.is_none() && estimate.surface.is_none(), "{estimate:?}");
        assert!(estimate.warnings.iter().any(|warning| warning.contains(words)), "{:?}", estimate.warnings);
    };
    let with = |change: &dyn Fn(&mut Size)| {
        let mut sizes = all.clone();
        sizes.iter_mut().for_each(change);
        sizes
    };
    said(Vec::new(), "needs 3 different parameters");
    said(with(&|size| size.data = 1e9), "3 different data");
    said(with(&|size| size.data = 20.0 * size.parameters), "a power of parameters");
    said(with(&|size| size.error = 0.5), "all errors are equal");
    let mut wrong = all.clone();
    wrong[3].data = 0.0;
    assert!(sizes::estimate(&wrong, &settings).is_err());
}
