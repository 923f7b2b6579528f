//! Fits by name of tables and records.

use std::io::Write;

use record::run::SeedRole;

use super::*;
use crate::sample;

fn choice(method: Method) -> Choice {
    Choice { method: Some(method), quantile: 0.1, drop_largest: 0, range: None, resamples: Some(100) }
}

/// Six winners with k = 4, and beside each a cell that errs half as much again.
fn records() -> Vec<RunRecord> {
    let mut runs = Vec::new();
    for i in 0..6u64 {
        let flops = 10f64.powi(8 + i as i32);
        for (net, factor) in [("a", 1.0), ("b", 1.5)] {
            for (seed, role) in [(0, SeedRole::Selection), (10, SeedRole::Report)] {
                let mut run = sample::run(net, 100 * (i + 1), seed);
                run.flops.model_train = record::units::Flops(flops as u64);
                run.parameters = 100 * (1 + i % 3);
                run.examples_seen = 1000 << i;
                let error = 20.0 * flops.powf(-0.25) * factor;
                runs.push(sample::placed(run, flops as u64, role, &[], error));
            }
        }
    }
    runs
}

#[test]
fn every_method_takes_records() {
    let runs = records();
    for method in Method::curves(0.1).into_iter().chain([Method::Surface]) {
        let fits = of_records(&runs, Cost::Flops, &choice(method)).unwrap();
        let [fit] = &fits[..] else { panic!("{method:?}: {} fits", fits.len()) };
        // The surface is of parameters and images, and knows no frontier of compute.
        let winners = if method == Method::Surface { 0 } else { 6 };
        assert_eq!((fit.method.as_str(), fit.frontier.len()), (method.name(), winners));
        let straight = method.is_power() && method != Method::Quantile(0.1);
        if straight {
            assert!((fit.k.unwrap() - 4.0).abs() < 1e-6, "{method:?}: {:?}", fit.k);
            assert_eq!(fit.points, 6);
        }
        assert!(
            fit.warnings.iter().any(|warning| warning.contains("same test images")),
            "{:?}",
            fit.warnings
        );
    }
    let all = of_records(&runs, Cost::Flops, &Choice { method: None, ..choice(Method::Ols) }).unwrap();
    assert_eq!(all.len(), 13);
    assert!(all.iter().any(|fit| fit.method == "surface" && fit.compute_unit == "6 N D"));
    let quantile = of_records(&runs, Cost::Flops, &choice(Method::Quantile(0.1))).unwrap();
    // Both cells of every budget, in all their runs that were judged on test images.
    assert!(quantile[0].points > 6, "{}", quantile[0].points);
}

#[test]
fn the_power_law_of_a_sweep_is_that_of_the_plain_fit() {
    let runs = records();
    let plain = fit::of_records(&runs).unwrap();
    let [power] =
        &of_records(&runs, Cost::Flops, &Choice { resamples: None, ..choice(Method::Power) }).unwrap()[..]
    else {
        panic!()
    };
    assert_eq!((power.k, power.k_low, power.k_high), (plain.k, plain.k_low, plain.k_high));
    let more = &power.more;
    assert!((more.coefficients["b"].unwrap() - 0.25).abs() < 1e-9);
    assert_eq!(more.intervals["k"], [plain.k_low, plain.k_high]);
    assert_eq!(more.description, plain.more.description);
}

#[test]
fn ranges_are_of_errors_and_else_of_computes() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"compute,error\n1e3,0.5\n1e4,0.4\n1e5,0.3\n1e6,0.2\n1e7,0.1\n").unwrap();
    let wanted = Wanted { compute: Some("compute"), error: "error", sizes: None, holdout: None };
    let range = |low, high| {
        let choice = Choice { range: Some(Range::Plain([low, high])), ..choice(Method::Ols) };
        let fit = of_table(file.path(), &wanted, &choice)?.remove(0);
        Ok::<_, ReportError>((fit.points, fit.compute_range, fit.warnings[0].clone()))
    };
    let errors = range(0.15, 0.45).unwrap();
    assert_eq!((errors.0, errors.1), (3, Some([1e4, 1e6])));
    assert!(errors.2.contains("3 of 5 rows lie in the range 0.15 to 0.45 of errors"), "{}", errors.2);
    let computes = range(1e4, 1e7).unwrap();
    assert_eq!((computes.0, computes.1), (4, Some([1e4, 1e7])));
    assert!(computes.2.contains("of computes"), "{}", computes.2);
    assert!(matches!(range(20.0, 30.0), Err(ReportError::EmptyRange { .. })));
}

/// Percent are percent whether a table has fractions or percent.
#[test]
fn ranges_in_percent_are_of_errors() {
    for table in ["compute,error\n1,0.5\n2,0.4\n4,0.3\n8,0.1\n", "compute,error\n1,50\n2,40\n4,30\n8,10\n"] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(table.as_bytes()).unwrap();
        let wanted = Wanted { compute: Some("compute"), error: "error", sizes: None, holdout: None };
        let fitted = |ends| {
            let choice = Choice { range: Some(Range::Percent(ends)), ..choice(Method::Ols) };
            of_table(file.path(), &wanted, &choice).map(|fits| fits[0].points).ok()
        };
        assert_eq!((fitted([25.0, 45.0]), fitted([1.0, 3.0])), (Some(2), None), "{table}");
    }
}

/// What is left out is not told to be fitted, and a range that holds nothing is refused.
#[test]
fn the_frontier_tells_what_was_left_out() {
    let runs = records();
    let fitted = |choice: &Choice| {
        let fits = of_records(&runs, Cost::Flops, choice).unwrap();
        let points = fits[0].frontier.iter().map(|point| point.fitted).collect::<Vec<_>>();
        (fits[0].points, points)
    };
    let dropped = Choice { drop_largest: 2, ..choice(Method::Power) };
    assert_eq!(fitted(&dropped), (4, vec![true, true, true, true, false, false]));
    let counts = Choice { method: Some(Method::Counts), ..dropped };
    let (trainings, points) = fitted(&counts);
    assert_eq!(points, [true, true, true, true, false, false]);
    assert_eq!(3 * trainings, 2 * fitted(&choice(Method::Counts)).0, "four of six winners");
    let between = Choice { range: Some(Range::Plain([0.0, 0.06])), ..choice(Method::Ols) };
    assert_eq!(fitted(&between).1.iter().filter(|fitted| !**fitted).count(), 6 - fitted(&between).0);
    let nothing = Choice { range: Some(Range::Percent([1e-7, 2e-7])), ..choice(Method::Ols) };
    let refused = of_records(&runs, Cost::Flops, &nothing).unwrap_err().to_string();
    assert!(refused.contains("no row between") && refused.contains("computes from"), "{refused}");
}

/// Where each budget holds one size, winners that others beat do not come back when those are left out.
#[test]
fn a_range_of_sizes_is_fitted_as_it_is_told() {
    let mut runs = Vec::new();
    for i in 0..12u64 {
        let flops = 10f64.powf(8.0 + 0.5 * i as f64);
        // Every third size is not worth its compute.
        let worse = if i % 3 == 2 { 1.6 } else { 1.0 };
        for (seed, role) in [(0, SeedRole::Selection), (10, SeedRole::Report), (11, SeedRole::Report)] {
            let mut run = sample::run("a", 100 * (i + 1), seed);
            run.flops.model_train = record::units::Flops(flops as u64);
            let error = 20.0 * flops.powf(-0.25) * worse;
            runs.push(sample::placed(run, flops as u64, role, &[], error));
        }
    }
    let within = Choice { range: Some(Range::Plain([0.03, 0.15])), ..choice(Method::Power) };
    let power = of_records(&runs, Cost::Flops, &within).unwrap().remove(0);
    let fitted = power.frontier.iter().filter(|point| point.fitted).count();
    assert_eq!(power.points, fitted, "{power:?}");
    assert!((power.k.unwrap() * power.more.coefficients["b"].unwrap() - 1.0).abs() < 1e-9, "{power:?}");
    assert!((power.k.unwrap() - 4.0).abs() < 1e-6, "{power:?}");
}
