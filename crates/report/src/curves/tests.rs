//! Tests of the lines of a figure.

use law::fit::{Fit, Point, Settings, fit_points};

use super::*;
use crate::axis::{Axis, Numbers};
use crate::plot::Mark;

/// Costs 1 to 1e4 over 400 units, errors 0.01 to 1 over 200 units: 100 units a decade both ways.
fn frame() -> Frame {
    let axis = |low, high, start, end| Axis { low, high, start, end, numbers: Numbers::Powers };
    Frame { cost: axis(1.0, 1e4, 0.0, 400.0), error: axis(0.01, 1.0, 200.0, 0.0) }
}

fn frontier(points: &[(f64, f64)]) -> Vec<FrontierMark> {
    let point = |&(cost, error): &(f64, f64)| FrontierMark {
        mark: Mark { cost, error, net: String::new() },
        deviation: None,
        at_edge: false,
        dominated: false,
        fitted: true,
    };
    points.iter().map(point).collect()
}

fn drawn(draw: impl FnOnce(&mut Svg)) -> String {
    let mut svg = Svg::new(1.0, 1.0);
    draw(&mut svg);
    svg.finish()
}

#[test]
fn reference_slopes_start_at_the_first_fitted_point_and_have_their_slope() {
    let mut points = frontier(&[(1.0, 0.9), (10.0, 0.1), (100.0, 0.08)]);
    points[0].fitted = false;
    let plot = Plot { frontier: points, ..Plot::default() };
    let svg = drawn(|svg| behind(svg, &plot, &frame()));
    // From 10 (x = 100) and 0.1 (y = 100) three decades to the right: down by 300 / k units.
    for k in [4.0, 9.0] {
        let line = format!("<line x1=\"100.00\" y1=\"100.00\" x2=\"400.00\" y2=\"{:.2}\"", 100.0 + 300.0 / k);
        assert!(svg.contains(&line), "{line}\n{svg}");
    }
    assert!(svg.contains(">k = 4 (theory)<") && svg.contains(">k = 9 (published record)<"));
}

#[test]
fn a_reference_slope_ends_at_the_bottom_when_it_gets_there_first() {
    // From 0.02 (y = 200 - 100 log10 2) it is 100 log10 2 x 4 units to the bottom at k = 4.
    let plot = Plot { frontier: frontier(&[(1.0, 0.02)]), ..Plot::default() };
    let svg = drawn(|svg| behind(svg, &plot, &frame()));
    let end = 400.0 * 2f64.log10();
    assert!(svg.contains(&format!("x2=\"{end:.2}\" y2=\"200.00\"")), "{svg}");
}

/// From 10^3.4 six tenths of a decade are left: 60 units, too few for the whole label.
#[test]
fn a_short_reference_slope_has_a_short_label() {
    let plot = Plot { frontier: frontier(&[(libm::pow(10.0, 3.4), 0.5)]), ..Plot::default() };
    let svg = drawn(|svg| behind(svg, &plot, &frame()));
    assert!(svg.contains(">k = 9<") && svg.contains(">k = 4<") && !svg.contains("published"), "{svg}");
}

#[test]
fn the_staircase_never_rises() {
    let points = frontier(&[(1.0, 0.1), (10.0, 0.2), (100.0, 0.01), (1000.0, f64::NAN)]);
    let svg = drawn(|svg| staircase(svg, &points, &frame()));
    assert!(svg.contains("points=\"0.00,100.00 200.00,100.00 200.00,200.00 400.00,200.00\""), "{svg}");
    assert!(!drawn(|svg| staircase(svg, &points[..1], &frame())).contains("polyline"));
}

fn fitted() -> Fit {
    // Error = C^(-1/2): from (10, 0.316) to (1000, 0.0316).
    let point = |e: f64| Point { compute: libm::pow(10.0, e), error: libm::pow(10.0, -e / 2.0) };
    fit_points(&[point(1.0), point(2.0), point(3.0)], &Settings::default()).unwrap()
}

#[test]
fn the_fit_is_solid_over_the_data_and_dotted_beyond() {
    let plot = Plot { fit: Some(fitted()), ..Plot::default() };
    let svg = drawn(|svg| fit(svg, &plot, &frame()));
    for (ends, style) in [
        ("x1=\"0.00\" y1=\"0.00\" x2=\"100.00\" y2=\"50.00\"", BEYOND_LINE),
        ("x1=\"100.00\" y1=\"50.00\" x2=\"300.00\" y2=\"150.00\"", FIT_LINE),
        ("x1=\"300.00\" y1=\"150.00\" x2=\"400.00\" y2=\"200.00\"", BEYOND_LINE),
    ] {
        assert!(svg.contains(&format!("<line {ends} {style}/>")), "{ends}\n{svg}");
    }
}

#[test]
fn a_floor_is_drawn_only_where_it_is_identified() {
    let mut with_floor = fitted();
    with_floor.floor.estimate = Some(0.1);
    let plot = |fit| Plot { fit: Some(fit), ..Plot::default() };
    let line = format!("<line x1=\"0.00\" y1=\"100.00\" x2=\"400.00\" y2=\"100.00\" {FLOOR_LINE}/>");
    assert!(drawn(|svg| behind(svg, &plot(with_floor), &frame())).contains(&line));
    let mut without = fitted();
    without.floor.estimate = None;
    assert!(!drawn(|svg| behind(svg, &plot(without), &frame())).contains(FLOOR_LINE));
}

#[test]
fn labels_of_slopes_stand_away_from_the_data() {
    let place_of = |k: f64, label: &str| {
        let mut fit = fitted();
        fit.k.estimate = Some(k);
        let plot = Plot { frontier: frontier(&[(1.0, 0.5)]), fit: Some(fit), ..Plot::default() };
        let svg = drawn(|svg| behind(svg, &plot, &frame()));
        let text = svg.lines().find(|line| line.contains(label)).unwrap().to_owned();
        let number = |key: &str| -> f64 {
            text.split_once(key).unwrap().1.split_once('"').unwrap().0.parse().unwrap()
        };
        let turned = text.split_once("rotate(").unwrap().1.split_once(')').unwrap().0.to_owned();
        let line: f64 = turned.split(' ').nth(2).unwrap().parse().unwrap();
        number(" y=\"") - line
    };
    // Below its line (y grows downwards) where the data lie above it, and the other way round.
    assert!(place_of(6.0, "k = 4") > 0.0 && place_of(6.0, "k = 9") < 0.0);
    assert!(place_of(3.0, "k = 4") < 0.0 && place_of(12.0, "k = 9") > 0.0);
}
