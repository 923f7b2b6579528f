//! One figure: error against a cost on logarithmic axes, with runs, frontier, fit and reference slopes.

use law::fit::Fit;

use crate::axis::{Axis, MOST_DECADES, Numbers, range_of};
use crate::curves;
use crate::legend;
use crate::marks::{self, Styles};
use crate::svg::{self, Anchor, Position, Svg};

/// What a figure shows; everything in it is drawn, nothing is looked up.
#[derive(Clone, Debug, Default)]
pub struct Plot {
    /// Heading; `^{...}` raises a part of it.
    pub title: String,
    /// Second line: what was run, on what.
    pub subtitle: String,
    /// Name of the horizontal axis.
    pub cost_label: String,
    /// Name of the vertical axis.
    pub error_label: String,
    /// A second unit for the cost, along the top.
    pub second_unit: Option<SecondUnit>,
    /// What one faint point is, for the legend.
    pub point_name: String,
    /// What one emphasised point is, for the legend.
    pub frontier_name: String,
    /// What the staircase through them is, for the legend.
    pub staircase_name: String,
    /// Whether errors are fractions, to be written as percentages.
    pub in_percent: bool,
    /// Faint points.
    pub points: Vec<Mark>,
    /// Emphasised points, by rising cost.
    pub frontier: Vec<FrontierMark>,
    /// The law that was fitted to the frontier.
    pub fit: Option<Fit>,
    /// Exponents to compare with; without any those of compute ([`curves::REFERENCES`]).
    pub references: Option<&'static [(f64, &'static str)]>,
    /// What a reader must know, in sentences; they stand as a paragraph below the figure.
    pub notes: Vec<String>,
}

/// A unit in which the cost is also shown.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondUnit {
    /// Its name.
    pub name: String,
    /// How much of the first unit it holds.
    pub size: f64,
}

/// One faint point.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Position on the horizontal axis.
    pub cost: f64,
    /// Position on the vertical axis.
    pub error: f64,
    /// Network, which gives shape and colour; empty where there is none.
    pub net: String,
}

/// One point of the frontier.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontierMark {
    /// Where and what.
    pub mark: Mark,
    /// Standard error of the error.
    pub deviation: Option<f64>,
    /// Whether the winner lies at an edge of the grid: drawn hollow.
    pub at_edge: bool,
    /// Whether a cheaper one errs no more, so that it is no frontier: drawn hollow.
    pub dominated: bool,
    /// Whether it entered the fit.
    pub fitted: bool,
}

/// The plot area: two axes at right angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Cost, left to right.
    pub cost: Axis,
    /// Error, bottom to top.
    pub error: Axis,
}

impl Frame {
    /// Where a pair lies on the page.
    #[must_use]
    pub fn place(&self, cost: f64, error: f64) -> Position {
        [self.cost.position(cost), self.error.position(error)]
    }
}

/// Width of a figure in user units.
pub const WIDTH: f64 = 900.0;
/// Height of a figure without notes.
pub const HEIGHT: f64 = 640.0;
/// Left and right end of the plot area.
const ACROSS: [f64; 2] = [76.0, 668.0];
/// Bottom of the plot area; its top depends on the subtitle.
const BOTTOM: f64 = 566.0;
/// Decades of room beside the outermost points.
const MARGIN: f64 = 0.09;
/// How far the cost axis runs on beyond the data when a fit is drawn there, as a share of the data's decades.
const BEYOND: f64 = 0.14;
const SMALL: f64 = 11.0;
const TITLE: f64 = 17.0;
const TEXT: &str = "#222222";
const FAINT_TEXT: &str = "#555555";

/// The figure as an SVG document; equal plots give equal bytes. A plot without positive points is an empty frame.
#[must_use]
pub fn draw(plot: &Plot) -> String {
    let subtitle = subtitle_lines(&plot.subtitle);
    let notes = svg::wrap(&plot.notes.join(" "), SMALL, WIDTH - ACROSS[0] - 20.0);
    let top = top_below(subtitle.len());
    let frame = frame(plot, top);
    let styles =
        Styles::new(plot.points.iter().chain(plot.frontier.iter().map(|f| &f.mark)).map(|m| &*m.net));
    let mut svg = Svg::new(WIDTH, HEIGHT + 15.0 * notes.len() as f64);
    heading(&mut svg, &plot.title, &subtitle);
    grid(&mut svg, &frame);
    svg.clip("plot", [ACROSS[0], top], [ACROSS[1] - ACROSS[0], BOTTOM - top]);
    svg.open("clip-path=\"url(#plot)\"");
    curves::behind(&mut svg, plot, &frame);
    faint_points(&mut svg, plot, &frame, &styles);
    curves::staircase(&mut svg, &plot.frontier, &frame);
    curves::fit(&mut svg, plot, &frame);
    frontier_points(&mut svg, plot, &frame, &styles);
    svg.close();
    axes(&mut svg, &frame, [&plot.cost_label, &plot.error_label]);
    if let Some(unit) = &plot.second_unit {
        second_axis(&mut svg, unit, &frame);
    }
    legend::draw(&mut svg, plot, &styles, [ACROSS[1] + 20.0, top + 6.0]);
    for (line, row) in notes.iter().zip(0..) {
        let at = [ACROSS[0], HEIGHT - 8.0 + 15.0 * f64::from(row)];
        svg.text(at, Anchor::Start, SMALL, line, &format!("fill=\"{FAINT_TEXT}\""));
    }
    svg.finish()
}

/// The lines of a subtitle.
pub(crate) fn subtitle_lines(subtitle: &str) -> Vec<String> {
    svg::wrap(subtitle, 12.0, WIDTH - ACROSS[0] - 20.0)
}

/// Top of the plot area below so many lines of a subtitle.
pub(crate) fn top_below(lines: usize) -> f64 {
    74.0 + 16.0 * lines as f64
}

/// Title and subtitle.
pub(crate) fn heading(svg: &mut Svg, title: &str, subtitle: &[String]) {
    // A long name must not run off the page.
    let size = TITLE * ((WIDTH - ACROSS[0] - 12.0) / svg::text_width(title, TITLE)).min(1.0);
    svg.text([ACROSS[0], 32.0], Anchor::Start, size, title, &format!("fill=\"{TEXT}\""));
    for (line, row) in subtitle.iter().zip(0..) {
        let at = [ACROSS[0], 54.0 + 16.0 * f64::from(row)];
        svg.text(at, Anchor::Start, 12.0, line, &format!("fill=\"{FAINT_TEXT}\""));
    }
}

/// The plot area below `top` for these ranges of the two axes, in plain numbers or powers of ten.
pub(crate) fn plain_frame(across: [f64; 2], up: [f64; 2], top: f64) -> Frame {
    Frame { cost: axis(across, ACROSS, numbers_of(across)), error: axis(up, [BOTTOM, top], numbers_of(up)) }
}

/// Axes that hold all points, the ends of the error bars, and some of the fit beyond the data.
fn frame(plot: &Plot, top: f64) -> Frame {
    let marks = || plot.points.iter().chain(plot.frontier.iter().map(|point| &point.mark));
    let mut costs = range_of(marks().map(|mark| mark.cost), MARGIN).unwrap_or([1.0, 10.0]);
    let law = plot.fit.as_ref().and_then(|fit| fit.power);
    if law.is_some() {
        let decades = libm::log10(costs[1]) - libm::log10(costs[0]);
        let end = libm::log10(costs[1]) + BEYOND * decades;
        costs[1] = if end < MOST_DECADES { costs[1] * libm::pow(10.0, BEYOND * decades) } else { costs[1] };
    }
    let bars = plot.frontier.iter().flat_map(|point| {
        let deviation = point.deviation.unwrap_or(0.0);
        [point.mark.error + deviation, (point.mark.error - deviation).max(0.5 * point.mark.error)]
    });
    let ahead = law.map(|law| law.error(costs[1]));
    let errors: Vec<f64> = marks().map(|mark| mark.error).chain(bars).chain(ahead).collect();
    let lowest = errors.iter().copied().filter(|e| *e > 0.0).fold(f64::INFINITY, f64::min);
    // A floor far below the data would squeeze the data; it then stands in the legend alone.
    let floor = curves::floor_of(plot).filter(|floor| *floor > 0.4 * lowest);
    let fractions = plot.in_percent && !errors.iter().any(|error| *error > 1.0);
    let mut ends = range_of(errors.into_iter().chain(floor), MARGIN).unwrap_or([0.01, 1.0]);
    if fractions && ends[0] < 0.2 {
        ends[1] = ends[1].min(1.0);
    }
    Frame {
        cost: axis(costs, ACROSS, numbers_of(costs)),
        error: axis(ends, [BOTTOM, top], if fractions { Numbers::Percent } else { numbers_of(ends) }),
    }
}

fn axis([low, high]: [f64; 2], [start, end]: [f64; 2], numbers: Numbers) -> Axis {
    Axis { low, high, start, end, numbers }
}

/// Plain numbers where they stay short, powers of ten otherwise.
fn numbers_of([low, high]: [f64; 2]) -> Numbers {
    if low >= 0.001 && high < 1e5 { Numbers::Plain } else { Numbers::Powers }
}

/// Faint lines at the labelled ticks.
pub(crate) fn grid(svg: &mut Svg, frame: &Frame) {
    svg.open("stroke=\"#e4e4e4\" stroke-width=\"0.8\"");
    for tick in frame.cost.ticks().iter().filter(|tick| tick.label.is_some()) {
        let x = frame.cost.position(tick.value);
        svg.line([x, frame.error.start], [x, frame.error.end], "");
    }
    for tick in frame.error.ticks().iter().filter(|tick| tick.label.is_some()) {
        let y = frame.error.position(tick.value);
        svg.line([frame.cost.start, y], [frame.cost.end, y], "");
    }
    svg.close();
}

fn faint_points(svg: &mut Svg, plot: &Plot, frame: &Frame, styles: &Styles) {
    svg.open("fill-opacity=\"0.38\" stroke=\"none\"");
    for mark in plot.points.iter().filter(|mark| mark.cost > 0.0 && mark.error > 0.0) {
        let style = styles.of(&mark.net);
        let at = frame.place(mark.cost, mark.error);
        marks::draw(svg, style.shape, at, 3.2, &format!("fill=\"{}\"", style.colour));
    }
    svg.close();
}

fn frontier_points(svg: &mut Svg, plot: &Plot, frame: &Frame, styles: &Styles) {
    svg.open(&format!("stroke=\"{TEXT}\" stroke-width=\"1.3\""));
    for point in plot.frontier.iter().filter(|point| point.mark.error > 0.0) {
        let Mark { cost, error, net } = &point.mark;
        if let Some(deviation) = point.deviation.filter(|deviation| *deviation > 0.0) {
            // Where the bar reaches zero it leaves the plot, as zero does on this axis.
            let low = (error - deviation).max(frame.error.low * 0.5);
            let ends @ [bottom, above] = [low, error + deviation].map(|end| frame.place(*cost, end));
            svg.line(bottom, above, "");
            for [x, y] in ends {
                svg.line([x - 3.5, y], [x + 3.5, y], "");
            }
        }
        let style = styles.of(net);
        let fill = if point.at_edge || point.dominated { "#ffffff" } else { &style.colour };
        marks::draw(svg, style.shape, frame.place(*cost, *error), 5.4, &format!("fill=\"{fill}\""));
    }
    svg.close();
}

/// The box, ticks and their labels, and the names of both axes.
pub(crate) fn axes(svg: &mut Svg, frame: &Frame, [across, up]: [&str; 2]) {
    let [left, right, bottom, top] = [frame.cost.start, frame.cost.end, frame.error.start, frame.error.end];
    svg.open(&format!("stroke=\"{TEXT}\" stroke-width=\"1\" fill=\"none\""));
    svg.rectangle([left, top], [right - left, bottom - top], "");
    for tick in frame.cost.ticks() {
        let x = frame.cost.position(tick.value);
        svg.line([x, bottom], [x, bottom + tick_length(tick.decade)], "");
    }
    for tick in frame.error.ticks() {
        let y = frame.error.position(tick.value);
        svg.line([left - tick_length(tick.decade), y], [left, y], "");
    }
    svg.close();
    svg.open(&format!("fill=\"{TEXT}\""));
    for tick in frame.cost.ticks() {
        let at = [frame.cost.position(tick.value), bottom + 21.0];
        tick.label.iter().for_each(|label| svg.text(at, Anchor::Middle, 12.0, label, ""));
    }
    for tick in frame.error.ticks() {
        let at = [left - 10.0, frame.error.position(tick.value) + 4.2];
        tick.label.iter().for_each(|label| svg.text(at, Anchor::End, 12.0, label, ""));
    }
    svg.text([(left + right) / 2.0, bottom + 43.0], Anchor::Middle, 13.0, across, "");
    let middle = (top + bottom) / 2.0;
    let turned = format!("transform=\"rotate(-90 22 {})\"", svg::number(middle));
    svg.text([22.0, middle], Anchor::Middle, 13.0, up, &turned);
    svg.close();
}

/// The second unit's decades along the top.
fn second_axis(svg: &mut Svg, unit: &SecondUnit, frame: &Frame) {
    let ends = [frame.cost.low / unit.size, frame.cost.high / unit.size];
    let second = axis(ends, ACROSS, numbers_of(ends));
    let top = frame.error.end;
    svg.open(&format!("fill=\"{FAINT_TEXT}\""));
    for tick in second.ticks() {
        let x = second.position(tick.value);
        let line = format!("stroke=\"{TEXT}\" stroke-width=\"1\"");
        svg.line([x, top - tick_length(tick.decade)], [x, top], &line);
        tick.label.iter().for_each(|label| svg.text([x, top - 9.0], Anchor::Middle, SMALL, label, ""));
    }
    let label_end = second.ticks().iter().rev().find_map(|tick| {
        let width = svg::text_width(tick.label.as_ref()?, SMALL);
        Some(second.position(tick.value) + width / 2.0 + 6.0)
    });
    let name_start = label_end.unwrap_or(0.0).max(ACROSS[1] + 10.0);
    svg.text([name_start, top - 9.0], Anchor::Start, SMALL, &unit.name, "");
    svg.close();
}

fn tick_length(decade: bool) -> f64 {
    if decade { 7.0 } else { 4.0 }
}

#[cfg(test)]
mod tests;
