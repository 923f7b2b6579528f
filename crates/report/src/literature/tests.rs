//! Tests of the published record against numbers that were computed from the same inputs in another language.

use std::collections::BTreeSet;

use record::literature::BenchmarkOutput;

use super::*;
use crate::png;

fn told() -> LiteratureOutput {
    compute().unwrap()
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value}, expected {expected} +- {tolerance}");
}

/// Half a unit of the last digit with which an expected number is written.
fn digits(decimals: i32) -> f64 {
    0.5000001 * 10f64.powi(-decimals)
}

#[test]
fn every_row_of_every_table_has_a_source() {
    for table in tables::ALL {
        let comment: String = table.text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(comment.contains("Source") && comment.contains("Status"), "{}: {comment}", table.name);
        assert!(comment.contains("licence"), "{}", table.name);
        let rows = table.rows().unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            assert!(row.text("source").unwrap().len() > 10, "{}", table.name);
        }
    }
}

#[test]
fn benchmarks_have_the_known_slopes() {
    // n, slope, standard error, R2, k, k of the 10% quantile, k of the reverse regression.
    let known: [(&str, usize, [f64; 6]); 5] = [
        ("ImageNet", 13, [0.0733, 0.0244, 0.452, 13.6, 26.1, 6.2]),
        ("MS COCO", 33, [0.0226, 0.0063, 0.290, 44.3, 28.8, 12.8]),
        ("SQuAD 1.1", 16, [0.1286, 0.0235, 0.682, 7.8, 8.5, 5.3]),
        ("CoNLL 2003", 13, [0.0168, 0.0060, 0.418, 59.5, 133.2, 24.9]),
        ("WMT14 En-Fr", 13, [0.0237, 0.0069, 0.516, 42.2, 48.4, 21.8]),
    ];
    let told = told();
    let names: Vec<&str> = told.benchmarks.iter().map(|b| b.benchmark.as_str()).collect();
    assert_eq!(names[..5], known.map(|(name, _, _)| name));
    for (benchmark, (_, points, [slope, error, r2, k, quantile, reverse])) in
        told.benchmarks.iter().zip(known)
    {
        assert_eq!(benchmark.points, points);
        near(benchmark.slope, slope, digits(4));
        near(benchmark.slope_error, error, digits(4));
        near(benchmark.r2, r2, digits(3));
        near(benchmark.k.unwrap(), k, digits(1));
        near(benchmark.k_quantile.unwrap(), quantile, digits(1));
        near(benchmark.k_reverse.unwrap(), reverse, digits(1));
    }
    let intercepts = told.benchmarks.iter().zip([-0.096, 0.002, -0.345, 0.964, -0.031, 0.119]);
    intercepts.for_each(|(benchmark, intercept)| near(benchmark.intercept, intercept, digits(3)));
    // 2.201 x 0.0244 either side of 0.0733, turned over.
    let imagenet = &told.benchmarks[0];
    near(imagenet.k_low.unwrap(), 7.9, digits(1));
    near(imagenet.k_high.unwrap(), 50.7, digits(1));
}

#[test]
fn a_slope_whose_interval_holds_zero_gives_no_k() {
    let told = told();
    let BenchmarkOutput {
        benchmark, slope, slope_error, r2, k, k_low, k_high, k_reverse, k_quantile, ..
    } = &told.benchmarks[5];
    assert_eq!(
        (benchmark.as_str(), *k, *k_high, *k_reverse, *k_quantile),
        ("WMT14 En-De", None, None, None, None)
    );
    near(*slope, 0.0023, digits(4));
    near(*slope_error, 0.0132, digits(4));
    near(*r2, 0.003, digits(3));
    assert!(k_low.is_some());
}

#[test]
fn projections_are_those_of_the_table() {
    // log10 of GFLOP: today; the first target and the second by both models.
    let known = [
        [14.1, f64::NAN, 19.1, 27.9, 28.6, 120.1],
        [14.6, f64::NAN, 23.1, 29.3, 44.2, 107.6],
        [13.1, f64::NAN, 15.9, 23.4, 18.2, 40.1],
        [13.2, f64::NAN, 43.7, 82.1, 61.6, 181.2],
        [12.5, f64::NAN, 23.4, 30.1, 43.5, 108.1],
    ];
    let told = told();
    assert_eq!(told.projections.len(), 15);
    for (projection, expected) in told.projections.iter().zip(known.as_flattened().chunks(2)) {
        near(projection.polynomial, expected[0], digits(1));
        if expected[1].is_finite() {
            near(projection.exponential, expected[1], digits(1));
        }
        assert_ne!(projection.follows, Some(false), "{projection:?}");
        let (low, high) = (projection.polynomial_low.unwrap(), projection.polynomial_high.unwrap());
        assert!(low < projection.polynomial && projection.polynomial < high);
    }
    // ImageNet at 5%: 10^11.2 dollars and 10^10.5 pounds; today 10^6.3 and 10^5.6.
    for (place, usd, pounds) in [(0, 6.3, 5.6), (1, 11.2, 10.5)] {
        near(told.projections[place].usd_polynomial, usd, digits(1));
        near(told.projections[place].pounds_polynomial, pounds, 0.06);
    }
}

#[test]
fn alexnet_to_nasnet_is_taken_apart() {
    let apart = told().taken_apart;
    // 2 to 500 processors, 1.58 to 9.53 TFLOP/s, 5.5 to 4 days, 36.7% to 17.3%.
    assert_eq!(apart.processors, 250.0);
    near(apart.rate, 6.03, digits(2));
    near(apart.time, 0.728, 0.001);
    near(apart.compute, 1097.0, 0.5);
    near(apart.compute, apart.processors * apart.rate * apart.time, 1e-9);
    near(apart.error, 0.471, digits(3));
    near(apart.k, 9.3, digits(1));
    near(apart.systems[0].flop, 1.501e18, 1e15);
    near(apart.systems[1].flop, 1.647e21, 1e18);
    assert!(apart.remarks.len() >= 7);
}

#[test]
fn figures_of_ai_and_compute_follow_from_their_inputs_but_two() {
    let told = told().ai_and_compute;
    let figure = |system: &str, method: &str| {
        let system = told.systems.iter().find(|known| known.system == system).unwrap();
        system.figures.iter().find(|figure| figure.method == method).unwrap().clone()
    };
    // 1e15 operations, petaflop/s-days: products of the printed inputs.
    for (system, method, petaflop, pfs_days) in [
        ("AlexNet", "1", 486.0, 0.0056),
        ("AlexNet", "2", 495.0, 0.0057),
        ("ZFNet", "2", 527.0, 0.0061),
        ("DQN", "1", 2.4, 2.8e-5),
        ("Seq2Seq", "1", 11_149.0, 0.129),
        ("VGG", "1", 8525.0, 0.0987),
        ("VGG", "2", 8724.0, 0.101),
        ("ResNet-152", "1", 10_506.0, 0.122),
        ("Xception", "2", 4.36e5, 5.05),
    ] {
        let figure = figure(system, method);
        near(figure.petaflop.unwrap() / petaflop, 1.0, 0.002);
        near(figure.pfs_days.unwrap() / pfs_days, 1.0, 0.01);
    }
    let mut faults = BTreeSet::new();
    for (system, figure) in text::figures(&told) {
        // Petaflop/s-days are printed with two digits; the exceptions are known.
        if figure.follows == Some(false) {
            faults.insert(format!("{system} {}", figure.method));
        }
    }
    assert_eq!(faults, BTreeSet::from(["Seq2Seq 1".to_owned(), "VGG 2".to_owned()]));
    // 1.6e18, 6.0e20, 3.4e23 and 3.7e22 FLOP.
    for (system, pfs_days) in
        [("GoogLeNet", 0.0185), ("TI7 Dota 1v1", 6.94), ("AlphaGo Zero", 3935.0), ("AlphaZero", 428.0)]
    {
        near(figure(system, "database").pfs_days.unwrap() / pfs_days, 1.0, 0.002);
    }
}

#[test]
fn doubling_and_halving_times_hold_the_published_ones() {
    let told = told();
    assert_eq!(told.ai_and_compute.doublings.len(), 3);
    for doubling in &told.ai_and_compute.doublings {
        assert!(doubling.low.unwrap() < 3.43 && doubling.high.unwrap() > 3.43, "{doubling:?}");
        assert!(doubling.high.unwrap() < 18.0, "faster than Moore's law: {doubling:?}");
    }
    assert_eq!(told.ai_and_compute.doublings[0].points, 15);
    near(told.ai_and_compute.doublings[0].months, 3.29, 0.02);
    let halving = &told.ai_and_efficiency.halving;
    near(halving.months, 15.7, digits(1));
    assert!(halving.low.unwrap() < 16.0 && halving.high.unwrap() > 16.0);
    near(told.ai_and_efficiency.rows[5].factor, 3.1 / 0.069, 1e-9);
    // 0.75e9 x 3 x 1.2e6 x 90 = 2.43e17 with one operation each, 4.86e17 with two; a teraflop/s-day is 8.64e16.
    near(told.ai_and_efficiency.alexnet_one_operation, 2.43e17 / 8.64e16, 1e-9);
    near(told.ai_and_efficiency.alexnet_two_operations, 4.86e17 / 8.64e16, 1e-9);
}

#[test]
fn what_does_not_follow_is_known() {
    let told = told();
    let faults: Vec<&str> = told.claims.iter().filter(|c| !c.follows).map(|c| c.claim.as_str()).collect();
    assert_eq!(
        faults,
        [
            "k of the 13 ImageNet systems",
            "compute to halve the error, by 13 systems",
            "FLOP for 5%, from AlexNet with k = 9",
            "months of New York City for 5%",
            "growth since AlexNet, AlphaGo Zero by database",
        ]
    );
    // 1.5e18 x (36.7 / 5)^9 = 9.3e25.
    let ninth = told.claims.iter().find(|claim| claim.claim.contains("with k = 9")).unwrap();
    near(ninth.computed / 9.3e25, 1.0, 0.01);
}

#[test]
fn the_same_tables_give_the_same_figures() {
    let (first, second) = (draw(&told()), draw(&told()));
    assert_eq!(first, second);
    let names: BTreeSet<&str> = first.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names.len(), 6);
    for figure in &first {
        assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"), "{}", figure.name);
    }
    assert_eq!(png::render(&first[2].svg).unwrap(), png::render(&second[2].svg).unwrap());
    assert_eq!(text(&told()), text(&told()));
}
