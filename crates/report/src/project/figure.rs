//! The figure of a projection: the frontier, its laws followed beyond it to the errors that were asked for.

use law::fit::Fit;
use law::project;
use record::project::{AnswerOutput, ProjectOutput};

use crate::axis;
use crate::curves::{BAND, BEYOND_LINE, FIT_COLOUR, FIT_LINE, FLOOR_LAW_LINE, FLOOR_LINE, REFERENCES};
use crate::figures::Figure;
use crate::fit::FRACTION;
use crate::label::{interval, percent};
use crate::marks::{self, Shape};
use crate::plot::{self, Frame, HEIGHT, WIDTH};
use crate::svg::{self, Anchor, Position, Svg};

/// Decades of room beside the outermost points.
const MARGIN: f64 = 0.12;
/// Decades beyond the data after which the page ends, wherever the errors lie.
const MOST_BEYOND: f64 = 12.0;
/// Decades beyond the outermost answer up to which the ends of intervals lie on the page.
const MOST_FOR_ENDS: f64 = 2.0;
const SIZE: f64 = 11.5;
const TEXT: &str = "#222222";
const TARGET_LINE: &str = "stroke=\"#2a788e\" stroke-width=\"1\" stroke-dasharray=\"2 3\"";
const TARGET_TEXT: &str =
    "fill=\"#1f5f70\" stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"";
const REFERENCE_LINES: [&str; 2] = [
    "stroke=\"#6a6a6a\" stroke-width=\"1.1\" stroke-dasharray=\"6 4\"",
    "stroke=\"#6a6a6a\" stroke-width=\"1.1\" stroke-dasharray=\"12 3 2 3\"",
];
/// The interval of an answer, above or below its error by so much.
const BAR: &str = "stroke=\"#b2182b\" stroke-width=\"1.3\"";
const BAR_APART: f64 = 8.0;
/// Places at which a band or a curve is evaluated, less one.
const SAMPLES: u32 = 120;

/// The projection `told` of `fit`, as `projection`.
#[must_use]
pub fn draw(told: &ProjectOutput, fit: &Fit) -> Figure {
    let subtitle = plot::subtitle_lines(&subtitle(told, fit));
    let top = plot::top_below(subtitle.len());
    let frame = frame(told, fit, top);
    let notes = svg::wrap(&told.warnings.join(" "), 11.0, WIDTH - 96.0);
    let mut svg = Svg::new(WIDTH, HEIGHT + 15.0 * notes.len() as f64);
    plot::heading(&mut svg, &format!("{}: what a lower error would cost", told.source), &subtitle);
    plot::grid(&mut svg, &frame);
    let [left, right] = [frame.cost.start, frame.cost.end];
    svg.clip("plot", [left, top], [right - left, frame.error.start - top]);
    svg.open("clip-path=\"url(#plot)\"");
    band(&mut svg, fit, &frame);
    references(&mut svg, fit, &frame);
    laws(&mut svg, fit, &frame);
    points(&mut svg, fit, &frame);
    targets(&mut svg, told, &frame);
    svg.close();
    let label = if told.error_unit == FRACTION { "test error" } else { &told.error_unit };
    plot::axes(&mut svg, &frame, ["model FLOPs of one training", label]);
    legend(&mut svg, told, fit, [right + 20.0, top + 16.0]);
    for (line, row) in notes.iter().zip(0..) {
        svg.text([76.0, HEIGHT - 8.0 + 15.0 * f64::from(row)], Anchor::Start, 11.0, line, "fill=\"#555555\"");
    }
    Figure { name: "projection".to_owned(), svg: svg.finish() }
}

fn subtitle(told: &ProjectOutput, fit: &Fit) -> String {
    let k = match told.k {
        [low, Some(k), high] => format!("k = {k:.2} {}", interval(low, high, |k| format!("{k:.2}"))),
        _ => "no exponent".to_owned(),
    };
    format!("{} points, {k}; beyond them the laws are followed, not measured", fit.points)
}

/// Axes that hold the points and every answer, up to [`MOST_BEYOND`] decades.
fn frame(told: &ProjectOutput, fit: &Fit, top: f64) -> Frame {
    let computes = fit.frontier.iter().map(|point| point.compute);
    let most = fit.compute_range.map_or(1.0, |[_, most]| most);
    let answers = told.targets.iter().flat_map(|target| {
        [
            target.power.flops[1],
            target.floor.flops[1],
            target.references.first().map(|reference| reference.flops),
        ]
    });
    let farthest = most * libm::pow(10.0, MOST_BEYOND);
    let answers: Vec<f64> = answers.flatten().map(|flops| flops.min(farthest)).collect();
    let outermost = answers.iter().copied().fold(most, f64::max);
    let room = outermost * libm::pow(10.0, MOST_FOR_ENDS);
    let ends = told.targets.iter().flat_map(|target| [target.power.flops[2], target.floor.flops[2]]);
    let ends = ends.flatten().filter(|end| *end <= room);
    let across =
        axis::range_of(computes.chain(answers.iter().copied()).chain(ends), MARGIN).unwrap_or([1.0, 10.0]);
    let errors = fit.frontier.iter().map(|point| point.error).chain(told.targets.iter().map(|t| t.error));
    let up = axis::range_of(errors, MARGIN).unwrap_or([0.01, 1.0]);
    let mut frame = plot::plain_frame(across, up, top);
    if told.error_unit == FRACTION {
        frame.error.numbers = axis::Numbers::Percent;
        frame.error.high = frame.error.high.min(1.0);
    }
    frame
}

fn samples(frame: &Frame) -> impl Iterator<Item = f64> {
    (0..=SAMPLES).map(|i| frame.cost.value_at(f64::from(i) / f64::from(SAMPLES)))
}

fn band(svg: &mut Svg, fit: &Fit, frame: &Frame) {
    let ends: Vec<(f64, [f64; 2])> =
        samples(frame).filter_map(|cost| Some((cost, fit.band(cost)?))).collect();
    // Far outside the page coordinates serve no one.
    let place = |cost: f64, error: f64| {
        let [x, y] = frame.place(cost, error);
        [x, y.clamp(frame.error.end - 500.0, frame.error.start + 500.0)]
    };
    let below = ends.iter().map(|(cost, [low, _])| place(*cost, *low));
    let above = ends.iter().rev().map(|(cost, [_, high])| place(*cost, *high));
    let outline: Vec<Position> = below.chain(above).collect();
    if !outline.is_empty() {
        svg.polygon(&outline, BAND);
    }
}

/// Lines with given exponents from today's error.
fn references(svg: &mut Svg, fit: &Fit, frame: &Frame) {
    let Some([most, reached]) = project::today(fit) else { return };
    for ((k, _), style) in REFERENCES.iter().zip(REFERENCE_LINES) {
        let at = |cost: f64| frame.place(cost, reached * libm::pow(cost / most, -1.0 / k));
        svg.line(at(most), at(frame.cost.high), style);
    }
}

fn laws(svg: &mut Svg, fit: &Fit, frame: &Frame) {
    let (Some(law), Some([low, high])) = (fit.power, fit.compute_range) else { return };
    let place = |cost: f64| frame.place(cost, law.error(cost));
    svg.line(place(low), place(high), FIT_LINE);
    svg.line(place(high), place(frame.cost.high), BEYOND_LINE);
    if let (Some(floor), Some(law)) = (fit.floor.estimate, fit.floor_law) {
        let y = frame.error.position(floor);
        svg.line([frame.cost.start, y], [frame.cost.end, y], FLOOR_LINE);
        let costs = std::iter::once(low).chain(samples(frame).filter(|cost| *cost > low));
        let curve: Vec<Position> = costs.map(|cost| frame.place(cost, law.error(cost))).collect();
        svg.polyline(&curve, FLOOR_LAW_LINE);
    }
}

fn points(svg: &mut Svg, fit: &Fit, frame: &Frame) {
    svg.open("stroke=\"#222222\" stroke-width=\"1.2\"");
    for point in fit.frontier.iter().filter(|point| point.error > 0.0) {
        let fill = if point.is_fitted() { "#2a788e" } else { "#ffffff" };
        let at = frame.place(point.compute, point.error);
        marks::draw(svg, Shape::Circle, at, 4.6, &format!("fill=\"{fill}\""));
    }
    svg.close();
}

/// A line at each error, and where the laws reach it.
fn targets(svg: &mut Svg, told: &ProjectOutput, frame: &Frame) {
    for target in &told.targets {
        let y = frame.error.position(target.error);
        svg.line([frame.cost.start, y], [frame.cost.end, y], TARGET_LINE);
        for (answer, shape, below) in
            [(&target.power, Shape::Circle, -BAR_APART), (&target.floor, Shape::Square, BAR_APART)]
        {
            bar(svg, answer.flops, y + below, frame);
            let Some(flops) = answer.flops[1].filter(|flops| *flops <= frame.cost.high) else { continue };
            let style = format!("fill=\"#ffffff\" stroke=\"{FIT_COLOUR}\" stroke-width=\"1.6\"");
            marks::draw(svg, shape, frame.place(flops, target.error), 4.2, &style);
        }
        // Where an interval is in the way of its name, that stands at the other side.
        let [left, right] = [frame.cost.start + 8.0, frame.cost.end - 8.0];
        let begins = [&target.power, &target.floor].into_iter().filter_map(|answer| answer.flops[0]);
        let name_ends = left + svg::text_width(&target.name, SIZE) + 8.0;
        match begins.map(|flops| frame.cost.position(flops)).any(|x| x < name_ends) {
            false => svg.text([left, y - 5.0], Anchor::Start, SIZE, &target.name, TARGET_TEXT),
            true => svg.text([right, y - 5.0], Anchor::End, SIZE, &target.name, TARGET_TEXT),
        }
    }
}

/// The interval of an answer, with an arrow where it goes beyond the page, and two where it has no end.
fn bar(svg: &mut Svg, [low, _, high]: [Option<f64>; 3], y: f64, frame: &Frame) {
    let Some(low) = low.filter(|low| *low < frame.cost.high) else { return };
    let on_page = |flops: &f64| (frame.cost.low..=frame.cost.high).contains(flops);
    let left = frame.cost.position(low.max(frame.cost.low));
    let right = frame.cost.position(high.unwrap_or(f64::INFINITY).min(frame.cost.high));
    svg.line([left, y], [right, y], BAR);
    let mut arrow = |x: f64, inwards: f64| {
        let points = [[x, y], [x + inwards, y - 3.5], [x + inwards, y + 3.5]];
        svg.polygon(&points, &format!("fill=\"{FIT_COLOUR}\" stroke=\"none\""));
    };
    if low < frame.cost.low {
        arrow(left, 7.0);
    }
    if high.is_none_or(|high| high > frame.cost.high) {
        arrow(right, -7.0);
    }
    if high.is_none() {
        arrow(right - 7.0, -7.0);
    }
    for end in [Some(low), high].into_iter().flatten().filter(on_page) {
        let x = frame.cost.position(end);
        svg.line([x, y - 3.0], [x, y + 3.0], BAR);
    }
}

fn legend(svg: &mut Svg, told: &ProjectOutput, fit: &Fit, [x, mut y]: Position) {
    let mut entry = |style: &str, words: &str| {
        svg.line([x, y - 4.0], [x + 24.0, y - 4.0], style);
        for line in svg::wrap(words, SIZE, WIDTH - x - 38.0) {
            svg.text([x + 30.0, y], Anchor::Start, SIZE, &line, &format!("fill=\"{TEXT}\""));
            y += 15.0;
        }
        y += 5.0;
    };
    entry(FIT_LINE, "power law through the frontier, with its interval");
    entry(BEYOND_LINE, "the same, beyond the data");
    if let Some(floor) = fit.floor.estimate {
        entry(FLOOR_LAW_LINE, "law with a floor");
        let floor =
            if told.error_unit == FRACTION { percent(floor, 3) } else { law::number::short(floor, 3) };
        entry(FLOOR_LINE, &format!("its floor, {floor}"));
    }
    for ((k, label), style) in REFERENCES.iter().zip(REFERENCE_LINES) {
        entry(style, &format!("{label}: a halving costs {} x", law::number::short(libm::exp2(*k), 4)));
    }
    entry(TARGET_LINE, "errors that were asked for");
    let level = percent(fit.level, 2);
    entry(
        BAR,
        &format!(
            "{level} intervals of their costs, above without a floor, below with one; an arrow goes on beyond the page, two have no end"
        ),
    );
    y += 4.0;
    for target in &told.targets {
        let Some(power) = reached(&target.power) else { continue };
        // That no floor is identified is said once, by the notes.
        let floor = match (fit.floor.estimate, reached(&target.floor)) {
            (None, _) => String::new(),
            (Some(_), Some(floor)) => format!("; with a floor (square) {floor}"),
            (Some(_), None) => "; with a floor never".to_owned(),
        };
        let words = format!("{}: without a floor (circle) {power}{floor}", target.name);
        for line in svg::wrap(&words, SIZE, WIDTH - x - 14.0) {
            svg.text([x, y], Anchor::Start, SIZE, &line, &format!("fill=\"{TEXT}\""));
            y += 15.0;
        }
        y += 5.0;
    }
}

/// FLOPs of an answer, and the time they take where a speed is known.
fn reached(answer: &AnswerOutput) -> Option<String> {
    let flops = law::number::short(answer.flops[1]?, 2);
    let hours = answer.hours[1].map_or_else(String::new, |hours| format!(", {}", super::duration(hours)));
    Some(format!("{flops} FLOP{hours}"))
}
