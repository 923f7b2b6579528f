//! Tests of the terminal table.

use super::*;

fn fit() -> FitOutput {
    let point = |cell: &str, compute, error, edges: &[&str]| FrontierOutput {
        cell: cell.to_owned(),
        compute,
        error,
        error_deviation: Some(0.004),
        validation_error: None,
        dominated: false,
        edges: edges.iter().map(|&edge| edge.to_owned()).collect(),
        fitted: edges.is_empty(),
    };
    FitOutput {
        compute_unit: "FLOP".to_owned(),
        error_unit: FRACTION.to_owned(),
        k: Some(5.0),
        k_low: Some(4.0),
        k_high: None,
        k_floor: None,
        k_floor_low: None,
        k_floor_high: None,
        floor: None,
        floor_low: Some(0.0),
        floor_high: Some(0.02),
        points: 2,
        error_range: Some([0.4, 0.1]),
        compute_range: Some([1e9, 1e12]),
        halving_cost: Some(32.0),
        method: "power".to_owned(),
        warnings: vec!["word ".repeat(40).trim_end().to_owned()],
        frontier: vec![
            point("cnn-w4-d2 lr 0.1, 1,200 steps", 1e9, 0.4, &[]),
            point("cnn-w16-d2 lr 0.05, 12,000 steps", 1.234e12, 0.1, &["width", "steps"]),
            FrontierOutput { fitted: false, ..point(&"long ".repeat(20), 2e12, f64::NAN, &[]) },
        ],
        path: None,
        more: MethodOutput {
            description: "Least squares.".to_owned(),
            intervals: [("floor".to_owned(), [Some(0.0), Some(0.02)])].into(),
            ..MethodOutput::default()
        },
    }
}

/// A fit against time does not speak of compute.
#[test]
fn costs_are_named_by_their_unit() {
    for (unit, name) in [("FLOP", "compute"), ("s", "seconds"), ("J", "joules")] {
        let text = text(&FitOutput { compute_unit: unit.to_owned(), ..fit() });
        assert!(
            text.contains(&format!(" x the {name}  ")) && text.contains(&format!(", {name} from ")),
            "{text}"
        );
    }
}

#[test]
fn the_whole_text() {
    let expected = "\
frontier                                           FLOP  test error   s.e.  in the fit
cnn-w4-d2 lr 0.1, 1,200 steps                    1.00e9       40.0%  0.40%  yes
cnn-w16-d2 lr 0.05, 12,000 steps                1.23e12       10.0%  0.40%  no: edge of width, steps
long long long long long long long long lon...  2.00e12           -  0.40%  no: not reported

k             5.00  [4.00, \u{221e})
halving costs 32 x the compute  [16, \u{221e})
measured over 2 points, errors from 40.0% to 10.0%, compute from 1.00e9 to 1.00e12
floor         not identified  [0%, 2.00%]

Least squares.

Before believing these numbers:
- word word word word word word word word word word word word word word word word word word word
  word word word word word word word word word word word word word word word word word word word
  word word
";
    assert_eq!(text(&fit()), expected);
}

#[test]
fn a_fit_without_anything() {
    let nothing = FitOutput {
        k: None,
        k_low: None,
        k_high: None,
        floor_low: None,
        floor_high: None,
        points: 0,
        error_range: None,
        compute_range: None,
        halving_cost: None,
        warnings: Vec::new(),
        frontier: Vec::new(),
        ..fit()
    };
    assert_eq!(text(&nothing), "k             none; the reasons are below\n\nLeast squares.\n");
}

/// The numbers of a table of points stand as they were given, in its own unit, and empty columns do not.
#[test]
fn points_keep_their_unit() {
    let mut fit = fit();
    (fit.compute_unit, fit.error_unit) = ("burden".to_owned(), "top1_error".to_owned());
    fit.frontier.truncate(1);
    (fit.frontier[0].compute, fit.frontier[0].error) = (65_536.0, 18.6);
    fit.frontier[0].error_deviation = None;
    (fit.error_range, fit.compute_range) = (Some([18.6, 9.0]), Some([4096.0, 65_536.0]));
    let text = text(&fit);
    let rows = "                               burden  top1_error  in the fit\n\
                cnn-w4-d2 lr 0.1, 1,200 steps   65536        18.6  yes\n";
    assert!(text.starts_with(rows), "{text}");
    assert!(text.contains("errors from 18.6 to 9, compute from 4096 to 65536"), "{text}");
    assert!(!text.contains('%'), "{text}");
}

#[test]
fn a_long_table_is_cut_in_the_middle() {
    let mut fit = fit();
    fit.frontier = vec![fit.frontier[0].clone(); 100];
    let text = text(&fit);
    assert_eq!(text.matches("cnn-w4-d2").count(), 60);
    assert!(text.contains("... 40 more"), "{text}");
}
