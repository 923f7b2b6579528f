//! How often intervals held the truth in simulated sweeps: a table and a figure.

use law::number::short;
use record::simulate::{CalibrationCase, CalibrationOutput};

use crate::figures::Figure;
use crate::label::percent;
use crate::marks::{self, Shape};
use crate::plot::{self, WIDTH};
use crate::svg::{Anchor, Svg};

const SIZE: f64 = 10.5;
const ROW: f64 = 13.0;
/// Left and right end of the axis of coverage.
const ACROSS: [f64; 2] = [330.0, 690.0];
/// Coverages at the ends of the axis.
const ENDS: [f64; 2] = [0.85, 1.0];
const TEXT: &str = "fill=\"#222222\"";
const FAINT: &str = "fill=\"#555555\"";
const BAR: &str = "stroke=\"#2a788e\" stroke-width=\"1.2\"";

/// Coverage case by case, with what chance alone would do to it.
#[must_use]
pub fn draw(told: &CalibrationOutput) -> Figure {
    let is_sweep = told.cases.iter().any(|case| case.method == "sweep");
    let what = match is_sweep {
        true => "sweeps a case, in which validation images choose among the settings of each compute, with",
        false => "tables a case, with",
    };
    let subtitle = plot::subtitle_lines(&format!(
        "{} simulated {what} {} trainings for each compute, binomial errors on {} images and {} between seeds; bars: two \
         standard errors of a share; grey: 93% to 97%",
        told.trials,
        told.seeds_per_cell,
        told.test_images,
        percent(told.seed_deviation, 2)
    ));
    let top = plot::top_below(subtitle.len()) + 24.0;
    let bottom = top + ROW * (told.cases.len() as f64 + 1.0);
    let mut svg = Svg::new(WIDTH, bottom + 50.0);
    plot::heading(&mut svg, "How often a 95% interval of k holds the truth", &subtitle);
    let x = |coverage: f64| {
        let share = (coverage - ENDS[0]) / (ENDS[1] - ENDS[0]);
        ACROSS[0] + (ACROSS[1] - ACROSS[0]) * share.clamp(0.0, 1.0)
    };
    svg.rectangle([x(0.93), top], [x(0.97) - x(0.93), bottom - top], "fill=\"#e4e4e4\" stroke=\"none\"");
    svg.line(
        [x(0.95), top],
        [x(0.95), bottom],
        "stroke=\"#555555\" stroke-width=\"1\" stroke-dasharray=\"4 3\"",
    );
    for coverage in [0.85, 0.90, 0.95, 1.0] {
        svg.line([x(coverage), bottom], [x(coverage), bottom + 5.0], "stroke=\"#222222\" stroke-width=\"1\"");
        svg.text([x(coverage), bottom + 19.0], Anchor::Middle, 12.0, &percent(coverage, 3), TEXT);
    }
    svg.text(
        [(ACROSS[0] + ACROSS[1]) / 2.0, bottom + 38.0],
        Anchor::Middle,
        13.0,
        "intervals that hold it",
        TEXT,
    );
    svg.text(
        [ACROSS[0] - 12.0, top - 8.0],
        Anchor::End,
        12.0,
        "method, true k and floor, computes, decades",
        FAINT,
    );
    svg.text([ACROSS[1] + 16.0, top - 8.0], Anchor::Start, 12.0, "median k, floor identified", FAINT);
    for (case, row) in told.cases.iter().zip(1..) {
        let y = top + ROW * f64::from(row);
        svg.text([ACROSS[0] - 12.0, y + 3.5], Anchor::End, SIZE, &name(case), TEXT);
        svg.text([ACROSS[1] + 16.0, y + 3.5], Anchor::Start, SIZE, &outcome(case), FAINT);
        let Some(coverage) = case.coverage else { continue };
        let error = 2.0 * (coverage * (1.0 - coverage) / case.with_interval as f64).sqrt();
        svg.line([x(coverage - error), y], [x(coverage + error), y], BAR);
        let fill = if case.is_hard { "#ffffff" } else { "#2a788e" };
        marks::draw(&mut svg, Shape::Circle, [x(coverage), y], 3.6, &format!("fill=\"{fill}\" {BAR}"));
    }
    svg.line([ACROSS[0], bottom], [ACROSS[1], bottom], "stroke=\"#222222\" stroke-width=\"1\"");
    let legend = "hollow: the standard error of 1/k is above 10%";
    svg.text([ACROSS[0] - 12.0, bottom + 38.0], Anchor::End, SIZE, legend, FAINT);
    Figure { name: "calibration".to_owned(), svg: svg.finish() }
}

fn name(case: &CalibrationCase) -> String {
    let floor = percent(case.floor, 2);
    format!(
        "{}, k = {}, floor {floor}, {} computes, {} decades",
        case.method, case.k, case.cells, case.decades
    )
}

fn outcome(case: &CalibrationCase) -> String {
    let k = case.median_k.map_or_else(|| "-".to_owned(), |k| format!("{k:.2}"));
    if case.method == "floor" { format!("{k}, {}", percent(case.floor_identified, 3)) } else { k }
}

/// The cases as a table; ends with a line end.
#[must_use]
pub fn text(told: &CalibrationOutput) -> String {
    let mut text = format!(
        "{} trials a case, {} resamples; coverage of the 95% interval of k (power) or k_floor (floor), of the latter also \
         where a floor is identified, with the median there, and in the other trials\n\n{:<8}{:>5}{:>8}{:>7}{:>9}{:>10}{:>10}{:>10}{:>10}{:>12}{:>10}{:>10}{:>10}\n",
        told.trials,
        told.resamples,
        "method",
        "k",
        "floor",
        "cells",
        "decades",
        "intervals",
        "coverage",
        "median k",
        "s.e. 1/k",
        "identified",
        "coverage",
        "median k",
        "of others"
    );
    let known =
        |value: Option<f64>, written: fn(f64) -> String| value.map_or_else(|| "-".to_owned(), written);
    for case in &told.cases {
        let of_floor =
            |written: &dyn Fn() -> String| if case.method == "floor" { written() } else { String::new() };
        text += &format!(
            "{:<8}{:>5}{:>8}{:>7}{:>9}{:>10}{:>10}{:>10}{:>10}{:>12}{:>10}{:>10}{:>10}\n",
            case.method,
            short(case.k, 3),
            percent(case.floor, 2),
            case.cells,
            short(case.decades, 3),
            case.with_interval,
            known(case.coverage, |share| percent(share, 3)),
            known(case.median_k, |k| format!("{k:.2}")),
            known(case.relative_error_b, |error| percent(error, 2)),
            of_floor(&|| percent(case.floor_identified, 3)),
            of_floor(&|| known(case.coverage_identified, |share| percent(share, 3))),
            of_floor(&|| known(case.median_k_identified, |k| format!("{k:.2}"))),
            of_floor(&|| known(case.coverage_not_identified, |share| percent(share, 3))),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> CalibrationOutput {
        let case = |method: &str, coverage| CalibrationCase {
            method: method.to_owned(),
            k: 5.0,
            floor: 0.005,
            cells: 30,
            decades: 3.0,
            with_interval: 990,
            coverage,
            median_k: Some(5.1),
            relative_error_b: Some(0.2),
            floor_identified: 0.4,
            coverage_identified: coverage,
            coverage_not_identified: None,
            median_k_identified: None,
            is_hard: true,
        };
        CalibrationOutput {
            trials: 1000,
            resamples: 400,
            seed: 1,
            seeds_per_cell: 3,
            seed_deviation: 0.03,
            test_images: 10_000,
            first_error: 0.3,
            cases: vec![case("power", Some(0.95)), case("floor", None)],
        }
    }

    #[test]
    fn cases_are_told_in_text_and_figure() {
        let text = text(&told());
        assert!(text.contains("95.0%") && text.contains("40.0%") && text.contains("5.10"), "{text}");
        let svg = draw(&told()).svg;
        assert!(svg.contains("power, k = 5, floor 0.50%, 30 computes, 3 decades"), "{svg}");
        // One circle for the case with a coverage.
        assert_eq!(svg.matches("<circle").count(), 1);
        assert!(!svg.contains("NaN"));
    }
}
