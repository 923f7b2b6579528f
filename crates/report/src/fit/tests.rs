//! Tests of the output of a fit.

use record::energy::Kind;
use record::run::SeedRole;

use super::*;
use crate::sample;

/// Winners at compute 1e9, 1e10 and 1e11 with errors that halve from one to the next: k = ln 10 / ln 2.
fn exact() -> Vec<RunRecord> {
    let mut runs = Vec::new();
    for (i, (flops, error)) in [(1e9, 0.4), (1e10, 0.2), (1e11, 0.1)].into_iter().enumerate() {
        for (seed, role) in [(0, SeedRole::Selection), (10, SeedRole::Report)] {
            let mut run = sample::run("cnn-w8-d2", 100 * (i as u64 + 1), seed);
            run.flops.model_train = record::units::Flops(flops as u64);
            run.seconds.train = record::units::Seconds(flops / 1e9);
            runs.push(sample::placed(run, flops as u64, role, &[], error));
        }
    }
    runs
}

#[test]
fn the_exponent_of_an_exact_power_law() {
    let fit = of_records(&exact()).unwrap();
    let k = 10f64.ln() / 2f64.ln();
    assert!((fit.k.unwrap() - k).abs() < 1e-9);
    // 2^(ln 10 / ln 2) = 10.
    assert!((fit.halving_cost.unwrap() - 10.0).abs() < 1e-8);
    assert_eq!((fit.points, fit.error_range, fit.compute_range), (3, Some([0.4, 0.1]), Some([1e9, 1e11])));
    let first = &fit.frontier[0];
    assert_eq!((first.cell.as_str(), first.validation_error), ("cnn-w8-d2 lr 0.1, 100 steps", Some(0.4)));
    assert!(first.fitted && first.edges.is_empty());
}

#[test]
fn seconds_give_the_same_exponent_where_they_are_proportional() {
    let fit = of_cost(&exact(), Cost::Seconds, &Settings::default()).unwrap();
    assert!((fit.k.unwrap() - 10f64.ln() / 2f64.ln()).abs() < 1e-9);
    assert_eq!(fit.compute_range, Some([1.0, 100.0]));
}

#[test]
fn modelled_joules_get_no_fit_and_absent_joules_are_named() {
    assert!(matches!(
        of_cost(&exact(), Cost::Joules, &Settings::default()),
        Err(ReportError::NoCost { quantity: "joules", .. })
    ));
    let modelled = |run| sample::with_joules(run, "host", Kind::Modelled, 5.0);
    let runs: Vec<_> = exact().into_iter().map(modelled).collect();
    assert!(matches!(of_cost(&runs, Cost::Joules, &Settings::default()), Err(ReportError::Estimated)));
}

#[test]
fn single_trainings_are_fitted_with_a_warning_and_no_invented_validation() {
    let runs: Vec<_> = exact()
        .into_iter()
        .filter(|run| run.seed == 0)
        .map(|run| RunRecord { place: None, validation: None, ..run })
        .collect();
    let fit = of_records(&runs).unwrap();
    assert_eq!(fit.warnings[0], "Not a sweep: nothing was selected.");
    assert!((fit.k.unwrap() - 10f64.ln() / 2f64.ln()).abs() < 1e-9);
    assert!(fit.frontier.iter().all(|point| point.validation_error.is_none()));
}

#[test]
fn plain_points_keep_their_place_in_the_file() {
    let points =
        [(4e9, 0.125), (1e9, 0.25), (1.6e10, 0.0625)].map(|(compute, error)| Point { compute, error });
    let fit = of_points(&points, ["flops", "top1"], &Settings::default()).unwrap();
    // Halving for four times the compute: k = 2.
    assert!((fit.k.unwrap() - 2.0).abs() < 1e-9);
    assert_eq!((fit.compute_unit.as_str(), fit.error_unit.as_str()), ("flops", "top1"));
    let cells: Vec<_> = fit.frontier.iter().map(|point| point.cell.as_str()).collect();
    assert_eq!(cells, ["point 2", "point 1", "point 3"]);
}

/// Error = 5 n^(-1/2) for n images whatever the FLOPs, at the better of two widths: k is 2, as in the theory.
#[test]
fn the_best_setting_of_each_number_of_images_is_fitted() {
    let mut runs = Vec::new();
    for (size, images) in [1_000u64, 4_000, 16_000, 50_000].into_iter().enumerate() {
        for (net, factor) in [("cnn-w4-d3", 1.0), ("cnn-w8-d3", 1.3)] {
            for (seed, role) in [(0, SeedRole::Selection), (10, SeedRole::Report)] {
                let mut run = sample::run(net, 100 * (size as u64 + 1), seed);
                run.spec =
                    serde_json::from_value(serde_json::json!({"data": "mnist", "net": net, "steps": 100,
                    "batch": 64, "seed": seed, "validation_images": 5_000, "examples": images}))
                    .unwrap();
                run.parameters = if net == "cnn-w4-d3" { 1_000 } else { 4_000 };
                let error = 5.0 * (images as f64).powf(-0.5) * factor;
                runs.push(sample::placed(run, 1_000_000 + images, role, &[], error));
            }
        }
    }
    let fit = of_cost(&runs, Cost::Examples, &Settings::default()).unwrap();
    let words = &fit.more.description;
    assert!(words.contains("log error on log training images") && words.contains("k = 2"), "{words}");
    assert!((fit.k.unwrap() - 2.0).abs() < 1e-9, "{fit:?}");
    assert_eq!((fit.points, fit.compute_unit.as_str()), (4, "images"));
    // None of these runs had all images.
    assert!(matches!(
        of_cost(&runs, Cost::Parameters, &Settings::default()),
        Err(ReportError::NoCost { .. })
    ));
    let names: Vec<_> = crate::figures::draw(&runs).unwrap().into_iter().map(|figure| figure.name).collect();
    assert!(names.contains(&"error-vs-examples".to_owned()), "{names:?}");
}
