//! Tests of the figures as a whole.

use std::path::Path;

use record::energy::Kind;

use super::*;
use crate::sample::{self, Shape};
use crate::{png, table};

const WIDE: Shape = Shape { widths: &[2, 4, 8, 16, 32, 64], depths: &[2], floor: 0.0, kind: Kind::Counter };

fn names(figures: &[Figure]) -> Vec<&str> {
    figures.iter().map(|figure| figure.name.as_str()).collect()
}

#[test]
fn the_same_records_in_any_order_give_the_same_bytes() {
    let runs = sample::sweep(&WIDE);
    let mut turned = runs.clone();
    turned.reverse();
    let figures = draw(&runs).unwrap();
    assert_eq!(figures, draw(&turned).unwrap());
    assert_eq!(names(&figures), ["error-vs-flops", "error-vs-seconds", "error-vs-joules"]);
    let text = &figures[0].svg;
    assert!(text.contains("324 runs of 108 cells") && text.contains("Example CPU"), "{text}");
    // The sweep is made with an exponent of 5; its noise of 4% moves that a little.
    let fit = crate::fit::of_records(&runs).unwrap();
    assert!((fit.k.unwrap() - 5.0).abs() < 0.5, "{:?}", fit.k);
    assert!(text.contains(&format!("k = {:.1} [", fit.k.unwrap())));
}

#[test]
fn the_picture_has_twice_the_size() {
    let figures = draw(&[sample::run("lenet5", 100, 0)]).unwrap();
    let height = figures[0].svg.split_once("height=\"").unwrap().1.split_once('"').unwrap().0;
    let pixels = |user: f64| ((2.0 * user) as u32).to_be_bytes();
    let png = png::render(&figures[0].svg).unwrap();
    assert_eq!(png[16..20], pixels(900.0));
    assert_eq!(png[20..24], pixels(height.parse().unwrap()));
}

#[test]
fn modelled_joules_say_so_and_are_not_fitted() {
    let figures = draw(&sample::sweep(&Shape { kind: Kind::Modelled, ..WIDE })).unwrap();
    let joules = &figures[2].svg;
    assert!(joules.contains("joules (estimate)") && joules.contains("ESTIMATE"), "{joules}");
    assert!(!joules.contains(curves::FIT_COLOUR));
    let measured = &draw(&sample::sweep(&WIDE)).unwrap()[2].svg;
    assert!(measured.contains("joules measured (energy counter)") && !measured.contains("estimate"));
    assert!(measured.contains(curves::FIT_COLOUR));
}

#[test]
fn too_little_to_fit_is_still_a_figure() {
    let figures = draw(&[sample::run("lenet5", 100, 0)]).unwrap();
    assert_eq!(names(&figures), ["error-vs-flops", "error-vs-seconds"]);
    assert!(figures[0].svg.contains("digits: error against compute"));
    assert!(figures[0].svg.contains("Not a sweep: nothing was selected."));
    let all_diverged: Vec<_> =
        (0..3).map(|seed| sample::diverged(sample::run("lenet5", 100, seed))).collect();
    assert!(draw(&all_diverged).unwrap()[0].svg.contains("3 of 3 runs diverged"));
    let perfect = sample::with_error(sample::run("lenet5", 100, 0), 0.0);
    assert!(draw(&[perfect]).unwrap()[0].svg.contains("1 of 1 runs made no mistake"));
    assert!(matches!(draw(&[]), Err(ReportError::NoRecords)));
}

#[test]
fn several_data_sets_have_figures_of_their_own() {
    let mut other = sample::run("lenet5", 100, 0);
    other.spec.data = serde_json::from_value("mnist".into()).unwrap();
    let figures = draw(&[sample::run("lenet5", 100, 0), other]).unwrap();
    assert_eq!(
        names(&figures),
        [
            "digits-error-vs-flops",
            "digits-error-vs-seconds",
            "mnist-error-vs-flops",
            "mnist-error-vs-seconds"
        ]
    );
}

#[test]
fn plain_points_are_drawn_under_the_name_of_their_source() {
    let point = |compute, error| Point { compute, error };
    let points = [point(1.0, 0.4), point(4.0, 0.2), point(16.0, 0.1)];
    let figure = draw_points(&points, ["flops", "top/1"], "a<b.csv").unwrap();
    // Halving for four times the compute: k = 2.
    assert!(figure.svg.contains("a&lt;b.csv: top/1 falls as flops") && figure.svg.contains("k = 2.0 ["));
    assert_eq!(figure.name, "a-b.csv-top-1-vs-flops");
    assert!(figure.svg.contains(">flops</text>") && figure.svg.contains(">top/1</text>"));
    assert!(figure.svg.contains("lowest error so far") && !figure.svg.contains("budget"));
    assert!(draw_points(&[point(-1.0, 0.1)], ["c", "e"], "x").is_err());
    // As wide as doubles go: this once overflowed.
    let wide = [point(1e-300, 1e300), point(1e300, 1e-300), point(1.0, 1.0), point(1e10, 0.1)];
    let svg = draw_points(&wide, ["c", "e"], "x").unwrap().svg;
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

/// Writes examples to look at, into the folder that `ERGO_FIGURES` names.
#[test]
fn examples_to_look_at() {
    let Some(folder) = std::env::var_os("ERGO_FIGURES") else { return };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let write = |name: &str, figure: &Figure| {
        let stem = format!("{name}-{}", figure.name);
        std::fs::write(folder.join(format!("{stem}.svg")), &figure.svg).unwrap();
        std::fs::write(folder.join(format!("{stem}.png")), png::render(&figure.svg).unwrap()).unwrap();
    };
    let wide = sample::sweep(&WIDE);
    let few =
        wide.iter().filter(|run| run.place.as_ref().is_some_and(|place| place.budget.0 < 5_000_000_000));
    let cases = [
        ("few", few.cloned().collect()),
        ("wide", wide.clone()),
        ("estimated", sample::sweep(&Shape { kind: Kind::Modelled, depths: &[2, 3], ..WIDE })),
        ("floor", sample::sweep(&Shape { floor: 0.12, ..WIDE })),
        ("small", sample::sweep(&Shape { widths: &[4, 8, 16], ..WIDE })),
        ("single", vec![sample::run("lenet5", 100, 0)]),
    ];
    for (name, records) in &cases {
        draw(records).unwrap().iter().for_each(|figure| write(name, figure));
        let text = table::text(&crate::fit::of_records(records).unwrap());
        std::fs::write(folder.join(format!("{name}.txt")), text).unwrap();
    }
    let table = |error: &dyn Fn(f64) -> f64| -> Vec<Point> {
        let compute = |i: i32| libm::pow(10.0, 3.0 + 0.5 * f64::from(i));
        (0..12)
            .map(compute)
            .zip((0..12).map(|i| 1.0 + 0.02 * f64::from(i % 3)))
            .map(|(c, noise)| Point { compute: c, error: error(c) * noise })
            .collect()
    };
    write(
        "table",
        &draw_points(&table(&|c| 30.0 * libm::pow(c, -0.2)), ["compute", "error"], "table.csv").unwrap(),
    );
    write(
        "floored",
        &draw_points(&table(&|c| 0.03 + 4.0 * libm::pow(c, -0.35)), ["compute", "error"], "table.csv")
            .unwrap(),
    );
}
