//! The figure of a comparison: k by every method with its interval, below and above a floor.

use law::number::short;
use record::output::{ComparedFit, ComparedOutput};

use crate::figures::Figure;
use crate::marks::{self, Shape};
use crate::plot::{self, WIDTH};
use crate::svg::{Anchor, Svg};

const SIZE: f64 = 12.0;
const ROW: f64 = 26.0;
/// Left and right end of the axis of k.
const ACROSS: [f64; 2] = [210.0, 690.0];
/// The largest k that is drawn; intervals that go on end in an arrow.
const MOST: f64 = 14.0;
const TEXT: &str = "fill=\"#222222\"";
const FAINT: &str = "fill=\"#555555\"";
const PLAIN: &str = "#2a788e";
const FLOOR: &str = "#b2182b";

/// The fits of `told` side by side, as the figure `name`.
#[must_use]
pub fn draw(name: &str, told: &ComparedOutput) -> Figure {
    let unit = told.fits.first().map_or("", |fit| fit.compute_unit.as_str());
    let subtitle = plot::subtitle_lines(&format!(
        "{name}: 95% intervals of k against {unit}; dashed: k = 4 and k = 9; a method with a floor has the k of the line \
         through the same points besides"
    ));
    let top = plot::top_below(subtitle.len()) + 8.0;
    let bottom = top + ROW * (told.fits.len() as f64 + 0.5);
    let mut svg = Svg::new(WIDTH, bottom + 84.0);
    plot::heading(&mut svg, &title(told), &subtitle);
    let x = |k: f64| ACROSS[0] + (ACROSS[1] - ACROSS[0]) * k.clamp(0.0, MOST) / MOST;
    for reference in [4.0, 9.0] {
        let dashed = "stroke=\"#555555\" stroke-width=\"1\" stroke-dasharray=\"5 4\"";
        svg.line([x(reference), top], [x(reference), bottom], dashed);
    }
    for k in (0..=14).step_by(2).map(f64::from) {
        svg.line([x(k), bottom], [x(k), bottom + 5.0], "stroke=\"#222222\" stroke-width=\"1\"");
        svg.text([x(k), bottom + 19.0], Anchor::Middle, SIZE, &short(k, 3), TEXT);
    }
    svg.line([ACROSS[0], bottom], [ACROSS[1], bottom], "stroke=\"#222222\" stroke-width=\"1\"");
    svg.text([(ACROSS[0] + ACROSS[1]) / 2.0, bottom + 40.0], Anchor::Middle, 13.0, "k", TEXT);
    for (fit, row) in told.fits.iter().zip(1..) {
        let y = top + ROW * f64::from(row) - ROW / 4.0;
        let label =
            fit.path.as_ref().map_or_else(|| fit.method.clone(), |path| format!("{path} {}", fit.method));
        svg.text([ACROSS[0] - 14.0, y + 4.0], Anchor::End, SIZE, &label, TEXT);
        svg.text([ACROSS[1] + 20.0, y + 4.0], Anchor::Start, SIZE, &in_words(fit), FAINT);
        // Of two, the one above the other by a little.
        let apart = if has_floor(fit) && has_line(fit) { 4.5 } else { 0.0 };
        if has_line(fit) {
            interval(&mut svg, [fit.k, fit.k_low, fit.k_high], (y - apart, PLAIN), x);
        }
        if has_floor(fit) {
            interval(&mut svg, [fit.k_floor, fit.k_floor_low, fit.k_floor_high], (y + apart, FLOOR), x);
        }
    }
    for ((colour, words), place) in
        [(PLAIN, "k without a floor"), (FLOOR, "k of the error above a floor")].iter().zip(0..)
    {
        let at = [ACROSS[0] + 230.0 * f64::from(place), bottom + 66.0];
        marks::draw(&mut svg, Shape::Circle, [at[0], at[1] - 4.0], 4.0, &format!("fill=\"{colour}\""));
        svg.text([at[0] + 12.0, at[1]], Anchor::Start, SIZE, words, TEXT);
    }
    Figure { name: name.to_owned(), svg: svg.finish() }
}

fn title(told: &ComparedOutput) -> String {
    let mut paths: Vec<_> = told.fits.iter().map(|fit| &fit.path).collect();
    paths.dedup();
    match paths.len() {
        ..2 => "One sweep, every method".to_owned(),
        several => format!("{several} sweeps or tables, every method"),
    }
}

fn has_floor(fit: &ComparedFit) -> bool {
    fit.k_floor_low.is_some() || fit.k_floor_high.is_some()
}

/// Whether its k is not that above a floor once more, as that of a surface is.
fn has_line(fit: &ComparedFit) -> bool {
    fit.k.is_none() || fit.k != fit.k_floor
}

/// An interval with its number, where it has one; an end beyond the axis, or without a bound, is an arrow.
fn interval(
    svg: &mut Svg,
    [k, low, high]: [Option<f64>; 3],
    (y, colour): (f64, &str),
    x: impl Fn(f64) -> f64,
) {
    if low.is_none() && high.is_none() {
        return;
    }
    let [from, to] = [x(low.unwrap_or(0.0)), x(high.unwrap_or(f64::INFINITY))];
    svg.line([from, y], [to, y], &format!("stroke=\"{colour}\" stroke-width=\"2\""));
    if high.is_none_or(|high| high > MOST) {
        let points = [[to + 8.0, y], [to, y - 4.0], [to, y + 4.0]];
        svg.polygon(&points, &format!("fill=\"{colour}\" stroke=\"none\""));
    }
    if let Some(k) = k.filter(|k| *k <= MOST) {
        marks::draw(svg, Shape::Circle, [x(k), y], 4.0, &format!("fill=\"{colour}\""));
    }
}

fn in_words(fit: &ComparedFit) -> String {
    let one = |k: Option<f64>| k.map_or_else(|| "\u{2013}".to_owned(), |k| format!("{k:.2}"));
    let above = match fit.k_floor {
        Some(k) => format!("above a floor {k:.2}"),
        None => "floor not identified".to_owned(),
    };
    match (fit.k, has_floor(fit)) {
        (None, false) => "no k".to_owned(),
        (k, false) => one(k),
        (_, true) if !has_line(fit) => above,
        (k, true) => format!("{}, {above}", one(k)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_its_row_and_its_interval() {
        let fit = |method: &str, k, k_floor: Option<f64>| ComparedFit {
            method: method.to_owned(),
            path: None,
            compute_unit: "FLOP".to_owned(),
            k,
            k_low: k.map(|k: f64| k - 1.0),
            k_high: None,
            k_floor,
            k_floor_low: k_floor.map(|k| k - 0.5),
            k_floor_high: k_floor.map(|k| k + 0.5),
        };
        let fits = vec![
            fit("ols", Some(5.0), None),
            fit("floor", Some(5.0), Some(3.0)),
            fit("exponential", None, None),
        ];
        let figure = draw("mine", &ComparedOutput { fits });
        for words in ["ols", "exponential", "no k", "5.00, above a floor 3.00", "mine: 95% intervals"] {
            assert!(figure.svg.contains(words), "`{words}` is not in the figure");
        }
        // Three numbers and two keys; one arrow for each interval without an end.
        assert_eq!((figure.svg.matches("<circle").count(), figure.svg.matches("<polygon").count()), (5, 2));
        assert!(crate::png::render(&figure.svg).is_ok());
    }
}
