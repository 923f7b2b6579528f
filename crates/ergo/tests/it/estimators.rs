//! `ergo fit --method`: estimators by name, rows held out, surfaces, comparisons, and what is refused.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::shell::{json, refused, run};

/// A table and its path.
fn table(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("points.csv");
    fs::write(&path, text).expect("written");
    let path = path.to_str().expect("a plain path").to_owned();
    (folder, path)
}

/// Error = floor + a C^-b at so many half decades from 1e6, written to all digits.
fn rows(floor: f64, a: f64, b: f64, count: i32) -> Vec<(f64, f64)> {
    (0..count)
        .map(|i| 10f64.powf(6.0 + 0.5 * f64::from(i)))
        .map(|compute| (compute, floor + a * compute.powf(-b)))
        .collect()
}

fn text(rows: &[(f64, f64)]) -> String {
    let lines = rows.iter().map(|(compute, error)| format!("{compute},{error}\n"));
    format!("compute,error\n{}", lines.collect::<String>())
}

fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {value}"))
}

fn warned(fit: &Value, words: &str) -> bool {
    fit["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .any(|w| w.as_str().is_some_and(|w| w.contains(words)))
}

#[test]
fn every_method_has_a_name_and_the_same_form() {
    let (_folder, path) = table(&text(&rows(0.02, 20.0, 0.3, 14)));
    let names =
        ["ols", "ols-reverse", "quantile", "power", "floor", "broken", "m1", "m2", "m3", "m4", "exponential"];
    for name in names {
        let fit = json(&["fit", &path, "--method", name, "--resamples", "100", "--json"]);
        assert_eq!(fit["method"], name);
        for field in ["k", "k_low", "k_high", "k_floor", "r2", "aicc", "points", "holdout_rmse_log"] {
            assert!(fit.get(field).is_some(), "{name} has no {field}: {fit}");
        }
        assert!(fit["intervals"]["k_floor"].is_array() && fit["description"].is_string(), "{fit}");
        assert_eq!((&fit["points"], &fit["holdout_rmse_log"]), (&Value::from(14), &Value::Null));
        assert!(
            run(&["fit", &path, "--method", name, "--resamples", "100"]).stdout.contains("Least squares")
                || ["quantile", "m1", "m2", "m3", "m4"].contains(&name)
        );
    }
}

/// Without a name the fit is that of the power law, with the floor's numbers beside it.
#[test]
fn the_fit_without_a_name_has_the_form_of_the_others() {
    let (_folder, path) = table(&text(&rows(0.02, 20.0, 0.3, 14)));
    let [plain, power, floor] = [
        &["fit", &path, "--json"] as &[&str],
        &["fit", &path, "--method", "power", "--resamples", "2000", "--json"],
        &["fit", &path, "--method", "floor", "--resamples", "2000", "--json"],
    ]
    .map(json);
    let of_power = ["method", "k", "k_low", "k_high", "a", "b", "r2", "aicc", "points", "cells"];
    for (fields, named) in [
        (&of_power[..], &power),
        (&["k_floor", "k_floor_low", "k_floor_high", "floor", "floor_low", "floor_high"], &floor),
    ] {
        for field in fields {
            assert!(!named[field].is_null(), "{field}: {named}");
            assert_eq!(plain[field], named[field], "{field}");
        }
    }
    assert_eq!(plain["intervals"]["b"], power["intervals"]["b"]);
    assert_eq!(plain["intervals"]["floor"], floor["intervals"]["floor"]);
    let ways: Vec<&String> = plain["intervals_by"].as_object().expect("ways").keys().collect();
    assert_eq!(ways, ["profile", "residual"]);
    assert!(plain["frontier"].as_array().is_some_and(|points| points.len() == 14));
}

/// What has no value is null and not absent, whatever the reason.
#[test]
fn every_name_is_there_without_a_fit() {
    let (_folder, path) = table(&text(&rows(0.0, 20.0, 0.3, 2)));
    let coefficients: [(&str, &[&str]); 5] = [
        ("power", &["a", "b"]),
        ("floor", &["floor", "a", "b"]),
        ("m1", &["b", "c"]),
        ("m4", &["floor", "e0", "alpha", "b", "c"]),
        ("broken", &["a", "b", "c", "d", "f"]),
    ];
    for (method, names) in coefficients {
        let fit = json(&["fit", &path, "--method", method, "--json"]);
        for name in names.iter().chain(&["k", "k_floor", "r2", "aicc", "holdout_rmse_log"]) {
            assert_eq!(fit.get(name), Some(&Value::Null), "{method} {name}: {fit}");
        }
        for name in names.iter().chain(&["k", "k_floor"]) {
            assert_eq!(fit["intervals"][name], Value::from(vec![Value::Null; 2]), "{method} {name}: {fit}");
        }
        assert!(warned(&fit, "needs 3 different computes and has 2"), "{fit}");
    }
}

/// Counts of wrong images are those of records; a table has none. The kept sweep of MNIST has two report runs for each of
/// its six winners.
#[test]
fn counts_are_fitted_to_records_alone() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/2026-11-22-cpu-mnist");
    let fit = json(&["fit", kept, "--method", "counts", "--json"]);
    assert_eq!((&fit["method"], &fit["points"]), (&"counts".into(), &12.into()));
    let (k, b) = (number(&fit, "k"), number(&fit, "b"));
    assert!((k * b - 1.0).abs() < 1e-12 && number(&fit, "k_low") < k && k < number(&fit, "k_high"), "{fit}");
    // Weighting errors by how surely they are known moves k less than its interval is wide.
    let plain = json(&["fit", kept, "--json"]);
    assert!((number(&plain, "k_low")..number(&plain, "k_high")).contains(&k), "{fit}");
    assert!(number(&fit, "spread") > 0.01 && number(&fit, "log_likelihood") < 0.0, "{fit}");
    let ways: Vec<&String> = plain["intervals_by"].as_object().expect("ways").keys().collect();
    assert_eq!(ways, ["bootstrap", "profile", "residual"]);
    let (_folder, path) = table(&text(&rows(0.0, 20.0, 0.3, 8)));
    refused(&["fit", &path, "--method", "counts"], &["--method counts is for run records"]);
}

#[test]
fn the_floor_has_its_coefficients_by_name() {
    let (_folder, path) = table(&text(&rows(0.02, 20.0, 0.3, 14)));
    let fit = json(&["fit", &path, "--method", "floor", "--json"]);
    for (name, made) in [("floor", 0.02), ("a", 20.0), ("b", 0.3), ("k_floor", 1.0 / 0.3)] {
        assert!((number(&fit, name) / made - 1.0).abs() < 1e-5, "{name}: {fit}");
        let [low, high] = [0, 1].map(|end| fit["intervals"][name][end].as_f64().expect("an end"));
        assert!(low <= number(&fit, name) && number(&fit, name) <= high, "{name}: {fit}");
    }
    let ols = json(&["fit", &path, "--method", "ols", "--json"]);
    assert_eq!(fit["k"], ols["k"]);
}

#[test]
fn rows_held_out_are_not_fitted_and_judge() {
    let mut lines = String::from("compute,error,later\n");
    for (i, (compute, error)) in rows(0.0, 3.0, 0.25, 10).into_iter().enumerate() {
        // The last two are a tenth and two tenths of a log unit above the line.
        let off = [0.1, -0.2].get(i.wrapping_sub(8)).copied().unwrap_or(0.0);
        lines += &format!("{compute},{},{}\n", error * f64::exp(off), if i < 8 { "0" } else { "1" });
    }
    let (_folder, path) = table(&lines);
    for method in ["ols", "power", "quantile"] {
        let fit = json(&["fit", &path, "--method", method, "--holdout", "later", "--json"]);
        assert!((number(&fit, "k") - 4.0).abs() < 1e-9, "{fit}");
        assert_eq!((&fit["points"], &fit["held_out"]), (&Value::from(8), &Value::from(2)));
        // sqrt((0.1^2 + 0.2^2) / 2)
        assert!((number(&fit, "holdout_rmse_log") - 0.025f64.sqrt()).abs() < 1e-9, "{fit}");
    }
    // Without a name it is the power law.
    assert_eq!(json(&["fit", &path, "--holdout", "later", "--json"])["method"], "power");
    refused(&["fit", &path, "--holdout", "nothing"], &["no column `nothing`"]);
}

#[test]
fn the_largest_computes_can_be_dropped_with_their_replicates() {
    let mut points = rows(0.0, 3.0, 0.25, 8);
    points.push((1e12, 0.5));
    points.push((1e12, 0.6));
    let (_folder, path) = table(&text(&points));
    let fit = json(&["fit", &path, "--method", "ols", "--drop-largest", "1", "--json"]);
    assert!((number(&fit, "k") - 4.0).abs() < 1e-9, "{fit}");
    assert_eq!((&fit["points"], &fit["held_out"]), (&Value::from(8), &Value::from(2)));
    let at = |error: f64| (error / (3.0 * 1e12f64.powf(-0.25))).ln().powi(2);
    let expected = ((at(0.5) + at(0.6)) / 2.0).sqrt();
    assert!((number(&fit, "holdout_rmse_log") / expected - 1.0).abs() < 1e-9, "{fit}");
    let all = json(&["fit", &path, "--method", "ols", "--drop-largest", "99", "--json"]);
    assert_eq!((&all["k"], &all["points"]), (&Value::Null, &Value::from(0)));
}

#[test]
fn a_range_of_errors_is_fitted() {
    let (_folder, path) = table(&text(&rows(0.02, 20.0, 0.3, 14)));
    let points = rows(0.02, 20.0, 0.3, 14).iter().filter(|row| (0.05..=0.2).contains(&row.1)).count();
    let fit = json(&["fit", &path, "--method", "ols", "--range", "0.05..0.2", "--json"]);
    assert_eq!(fit["points"], points);
    let range = fit["error_range"].as_array().expect("a range");
    assert!(range[0].as_f64() <= Some(0.2) && range[1].as_f64() >= Some(0.05), "{fit}");
    for same in ["5%..20%", "5..20%"] {
        assert_eq!(
            json(&["fit", &path, "--method", "ols", "--range", same, "--json"])["points"],
            points,
            "{same}"
        );
    }
    for wrong in ["0.2..0.05", "0.1", "a..b", "0.1..", "nan..1", "5%..0.2"] {
        refused(&["fit", &path, "--range", wrong], &["--range"]);
    }
}

#[test]
fn bad_cells_are_refused_with_row_and_column() {
    let cases = [
        ("compute,error,out\n1e3,0.5,0\n1e4,lots,0\n", "line 3 (row 2), column `error`: found `lots`"),
        ("compute,error,out\n1e3,0.5,0\n1e4,0,0\n", "line 3 (row 2), column `error`: found `0`"),
        ("compute,error,out\n-1,0.5,0\n", "line 2 (row 1), column `compute`: found `-1`"),
        ("compute,error,out\n1,0.5,no\n", "line 2 (row 1), column `out`: found `no`"),
    ];
    for (rows, words) in cases {
        let (_folder, path) = table(rows);
        refused(&["fit", &path, "--method", "ols", "--holdout", "out"], &[words]);
    }
    let (_folder, path) = table("params,data,error\n10,100,0.5\n20,-5,0.4\n");
    refused(&["fit", &path, "--method", "surface"], &["line 3 (row 2), column `data`: found `-5`"]);
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let (folder, path) = table(&text(&rows(0.0, 3.0, 0.25, 8)));
    refused(&["fit", &path, "--method", "nonsense"], &["nonsense", "ols-reverse"]);
    refused(&["fit", &path, "--method", "ols", "--quantile", "0.2"], &["--quantile"]);
    refused(&["fit", &path, "--method", "ols", "--params", "n"], &["--params"]);
    refused(
        &["fit", &path, "--method", "quantile", "--quantile", "1.5"],
        &["quantile = 1.5", "between 0 and 1"],
    );
    refused(&["fit", &path, "--method", "ols", "--resamples", "3"], &["resamples = 3", "at least 80"]);
    crate::fit::journal(folder.path());
    fs::remove_file(&path).expect("removed");
    let folder = folder.path().to_str().expect("a plain path");
    refused(&["fit", folder, "--method", "ols", "--holdout", "x"], &["--holdout"]);
}

#[test]
fn what_supports_no_exponent_is_null_with_its_reason() {
    let flat: Vec<(f64, f64)> = rows(0.0, 1.0, 0.1, 8).iter().map(|row| (row.0, 0.25)).collect();
    let cases = [
        (rows(0.0, 3.0, 0.25, 2), "needs 3 different computes"),
        (rows(0.0, 3.0, 0.25, 3), "one decade"),
        (flat, "at their floor"),
    ];
    for (rows, words) in cases {
        let (_folder, path) = table(&text(&rows));
        for method in ["ols", "quantile", "floor", "m4"] {
            let fit = json(&["fit", &path, "--method", method, "--json"]);
            assert_eq!((&fit["k"], &fit["k_floor"]), (&Value::Null, &Value::Null), "{fit}");
            assert!(warned(&fit, words), "{fit}");
        }
    }
}

#[test]
fn a_surface_of_parameters_and_data() {
    let mut lines = String::from("N,D,loss,later\n");
    for i in 0..5 {
        for j in 0..5 {
            let (n, d) = (1e7 * 4f64.powi(i), 1e9 * 3f64.powi(j));
            let loss = 1.8172 + 482.01 * n.powf(-0.3478) + 2085.43 * d.powf(-0.3658);
            lines += &format!("{n},{d},{loss},{}\n", i32::from(i == 4 && j == 4));
        }
    }
    let (_folder, path) = table(&lines);
    let columns = ["--params", "N", "--data", "D", "--error", "loss", "--holdout", "later"];
    let arguments =
        [&["fit", &path, "--method", "surface", "--resamples", "100", "--json"] as &[&str], &columns]
            .concat();
    let fit = json(&arguments);
    assert_eq!((&fit["method"], &fit["points"]), (&Value::from("surface"), &Value::from(24)));
    let made = [("floor", 1.8172), ("A", 482.01), ("alpha", 0.3478), ("B", 2085.43), ("beta", 0.3658)];
    for (name, made) in made {
        assert!((number(&fit, name) / made - 1.0).abs() < 1e-5, "{name}: {fit}");
        assert!(fit["intervals"][name].is_array(), "{name}: {fit}");
    }
    assert!((number(&fit, "k") - 1.0 / 0.3478 - 1.0 / 0.3658).abs() < 1e-4, "{fit}");
    assert!((number(&fit, "parameters_exponent") - 0.3658 / (0.3478 + 0.3658)).abs() < 1e-5, "{fit}");
    assert!((number(&fit, "parameters_exponent") + number(&fit, "data_exponent") - 1.0).abs() < 1e-12);
    assert!(number(&fit, "objective") < 1e-9 && number(&fit, "holdout_rmse_log") < 1e-6, "{fit}");
    let ran = run(&["fit", &path, "--resamples", "100", "--params", "N", "--data", "D", "--error", "loss"]);
    assert!(ran.code == 0 && ran.stdout.contains("alpha") && ran.stdout.contains("Huber"), "{}", ran.stdout);
}

#[test]
fn several_paths_and_all_methods_are_compared() {
    let (folder, first) = table(&text(&rows(0.0, 3.0, 0.25, 12)));
    let second = folder.path().join("other.csv");
    fs::write(&second, text(&rows(0.0, 3.0, 0.5, 12))).expect("written");
    let second = second.to_str().expect("a plain path");
    let both = json(&["fit", &first, second, "--json"]);
    let fits = both["fits"].as_array().expect("fits");
    assert_eq!((fits.len(), fits[1]["path"].as_str()), (2, Some(second)));
    assert!((number(&fits[0], "k") - 4.0).abs() < 1e-9 && (number(&fits[1], "k") - 2.0).abs() < 1e-9);
    let all = json(&["fit", &first, "--method", "all", "--resamples", "100", "--json"]);
    assert_eq!(all["fits"].as_array().map(Vec::len), Some(11));
    assert!(number(&all["fits"][0], "extrapolation_rmse_log") < 1e-9, "{all}");
    let ran = run(&["fit", &first, second, "--method", "all", "--resamples", "100"]);
    assert!(
        ran.stdout.contains("extrapolated") && ran.stdout.contains("other.csv exponential"),
        "{}",
        ran.stdout
    );
}

/// A million rows of a hundred computes: what is kept of a row is its numbers.
#[test]
fn a_million_rows_are_read() {
    let mut lines = String::from("compute,error,note\n");
    for i in 0..1_000_000u32 {
        let compute = 1e6 * 1.2f64.powi(i32::try_from(i % 100).expect("small"));
        lines += &format!("{compute:e},{:.6},row {i}\n", 3.0 * compute.powf(-0.25));
    }
    let (_folder, path) = table(&lines);
    let fit = json(&["fit", &path, "--method", "ols", "--json"]);
    assert_eq!((&fit["points"], &fit["cells"]), (&Value::from(1_000_000), &Value::from(100)));
    assert!((number(&fit, "k") - 4.0).abs() < 1e-3, "{fit}");
}
