//! The lines of a figure: fitted law with its band, floor, staircase of the frontier, reference slopes.

use crate::plot::{Frame, FrontierMark, Plot};
use crate::svg::{Anchor, Position, Svg, number, text_width};

/// Colour of everything that was fitted.
pub const FIT_COLOUR: &str = "#b2182b";
/// How a fit is drawn over the data.
pub const FIT_LINE: &str = "stroke=\"#b2182b\" stroke-width=\"2\"";
/// How a fit is drawn beyond them.
pub const BEYOND_LINE: &str = "stroke=\"#b2182b\" stroke-width=\"1.8\" stroke-dasharray=\"1.8 4\"";
/// How its band is drawn.
pub const BAND: &str = "fill=\"#b2182b\" fill-opacity=\"0.13\" stroke=\"none\"";
/// How the floor is drawn.
pub const FLOOR_LINE: &str = "stroke=\"#b2182b\" stroke-width=\"1.2\" stroke-dasharray=\"9 3 2 3\"";
/// How the law with a floor is drawn.
pub const FLOOR_LAW_LINE: &str = "stroke=\"#b2182b\" stroke-width=\"1\" stroke-opacity=\"0.75\"";
/// How the staircase is drawn.
pub const STAIRCASE: &str = "stroke=\"#333333\" stroke-width=\"1\" stroke-opacity=\"0.55\"";
const REFERENCE_LINE: &str = "stroke=\"#6a6a6a\" stroke-width=\"1.1\" stroke-dasharray=\"6 4\"";
const REFERENCE_SIZE: f64 = 11.0;

/// Exponents that a reader compares with: the theory's least (Thompson et al., 2020, arXiv 2007.05558), and what
/// published ImageNet models took from AlexNet to NASNet-A.
pub const REFERENCES: [(f64, &str); 2] = [(4.0, "k = 4 (theory)"), (9.0, "k = 9 (published record)")];

/// The exponent of training images in the theory: statistical error falls as their square root.
pub const OF_DATA: [(f64, &str); 1] = [(2.0, "k = 2 (theory)")];

/// Places at which a band or a bent curve is evaluated, less one.
const SAMPLES: u32 = 60;

/// The floor of the plot's fit, where it is identified.
#[must_use]
pub fn floor_of(plot: &Plot) -> Option<f64> {
    plot.fit.as_ref().and_then(|fit| fit.floor.estimate).filter(|floor| *floor > 0.0)
}

/// What lies below the points: band, floor and reference slopes.
pub fn behind(svg: &mut Svg, plot: &Plot, frame: &Frame) {
    band(svg, plot, frame);
    if let Some(floor) = floor_of(plot) {
        let y = frame.error.position(floor);
        svg.line([frame.cost.start, y], [frame.cost.end, y], FLOOR_LINE);
    }
    let first = plot.frontier.iter().find(|point| point.fitted);
    let first = first.or_else(|| plot.frontier.iter().find(|point| point.mark.error > 0.0));
    if let Some(first) = first {
        let k = plot.fit.as_ref().and_then(|fit| fit.k.estimate);
        for &(reference, label) in plot.references.unwrap_or(&REFERENCES) {
            // The label stands on the side away from the data.
            let above = k.is_some_and(|k| k < reference) || (k.is_none() && reference > 5.0);
            reference_slope(svg, frame, [first.mark.cost, first.mark.error], reference, label, above);
        }
    }
}

/// The frontier as what can be had: its lowest error so far, from each cost on.
pub fn staircase(svg: &mut Svg, frontier: &[FrontierMark], frame: &Frame) {
    let mut corners: Vec<Position> = Vec::new();
    let mut lowest = f64::INFINITY;
    for point in frontier.iter().filter(|point| point.mark.error > 0.0 && point.mark.error.is_finite()) {
        if point.mark.error >= lowest {
            continue;
        }
        lowest = point.mark.error;
        let [x, y] = frame.place(point.mark.cost, lowest);
        if let Some([_, above]) = corners.last().copied() {
            corners.push([x, above]);
        }
        corners.push([x, y]);
    }
    if let Some([x, y]) = corners.last().copied()
        && corners.len() > 1
    {
        corners.push([x.max(frame.cost.end), y]);
        svg.polyline(&corners, STAIRCASE);
    }
}

/// The power law, solid over the data and dotted beyond, and the law with a floor where that is identified.
pub fn fit(svg: &mut Svg, plot: &Plot, frame: &Frame) {
    let Some(fit) = &plot.fit else { return };
    if floor_of(plot).is_some()
        && let (Some(law), Some([low, high])) = (fit.floor_law, fit.compute_range)
    {
        let within = |cost: &f64| *cost >= low && *cost <= high;
        let costs = std::iter::once(low).chain(samples(frame).filter(within)).chain([high]);
        let curve: Vec<Position> = costs.map(|cost| frame.place(cost, law.error(cost))).collect();
        svg.polyline(&curve, FLOOR_LAW_LINE);
    }
    if let (Some(law), Some([low, high])) = (fit.power, fit.compute_range) {
        let place = |cost: f64| frame.place(cost, law.error(cost));
        svg.line(place(frame.cost.low), place(low), BEYOND_LINE);
        svg.line(place(low), place(high), FIT_LINE);
        svg.line(place(high), place(frame.cost.high), BEYOND_LINE);
    }
}

fn band(svg: &mut Svg, plot: &Plot, frame: &Frame) {
    let Some(fit) = &plot.fit else { return };
    let ends: Vec<(f64, [f64; 2])> =
        samples(frame).filter_map(|cost| fit.band(cost).map(|ends| (cost, ends))).collect();
    let below = ends.iter().map(|(cost, [low, _])| frame.place(*cost, *low));
    let above = ends.iter().rev().map(|(cost, [_, high])| frame.place(*cost, *high));
    let outline: Vec<Position> = below.chain(above).map(|[x, y]| [x, kept_near(y, frame)]).collect();
    if !outline.is_empty() {
        svg.polygon(&outline, BAND);
    }
}

/// Far outside the page coordinates serve no one, and a band may well end at an error of 1e-300.
fn kept_near(y: f64, frame: &Frame) -> f64 {
    y.clamp(frame.error.end - 500.0, frame.error.start + 500.0)
}

fn samples(frame: &Frame) -> impl Iterator<Item = f64> {
    (0..=SAMPLES).map(|i| frame.cost.value_at(f64::from(i) / f64::from(SAMPLES)))
}

/// A line error = C^(-1/k) from `anchor` to the edge of the plot, with a label along its far end.
fn reference_slope(svg: &mut Svg, frame: &Frame, anchor: [f64; 2], k: f64, label: &str, above: bool) {
    let [cost, error] = anchor;
    let from = frame.place(cost, error);
    // k decades of cost are one decade of error.
    let to = frame.place(cost * 10.0, error * libm::pow(10.0, -1.0 / k));
    let direction = [to[0] - from[0], to[1] - from[1]];
    let length = (direction[0] * direction[0] + direction[1] * direction[1]).sqrt();
    let [right, down] = direction.map(|part| part / length);
    let reach = ((frame.cost.end - from[0]) / right).min((frame.error.start - from[1]) / down);
    let at = |distance: f64| [from[0] + right * distance, from[1] + down * distance];
    svg.line(from, at(reach), REFERENCE_LINE);
    // A label below the line reaches deeper than the line itself.
    let depth = if above { 4.0 } else { 4.0 + 13.0 * right };
    let label_reach =
        ((frame.cost.end - 8.0 - from[0]) / right).min((frame.error.start - depth - from[1]) / down);
    // Where there is no room for all of it, its beginning, "k = 9", will do.
    let short = label.split(" (").next().unwrap_or_default();
    let fits = |label: &&str| label_reach >= text_width(label, REFERENCE_SIZE) + 10.0;
    let Some(label) = [label, short].into_iter().find(fits) else { return };
    let [x, y] = at(label_reach);
    let degrees = libm::atan2(down, right) * 180.0 / std::f64::consts::PI;
    let turned = format!("rotate({} {} {})", number(degrees), number(x), number(y));
    let halo = "fill=\"#444444\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
    let place = [x, y + if above { -5.0 } else { 13.0 }];
    svg.text(place, Anchor::End, REFERENCE_SIZE, label, &format!("{halo} transform=\"{turned}\""));
}

#[cfg(test)]
mod tests;
