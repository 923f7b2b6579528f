//! Six small plots of error against compute, each with its line, its band and the slopes to compare with.

use record::literature::BenchmarkOutput;

use super::panel::{Panel, Scale};
use super::{FAINT_TEXT, Sample, TEXT, legend, page};
use crate::axis::{self, Axis, Numbers};
use crate::curves::{BAND, BEYOND_LINE, FIT_LINE};
use crate::label::interval;
use crate::literature::benchmarks::{frontier, law};
use crate::literature::line::Line;
use crate::marks::PLAIN_COLOUR;
use crate::plot::WIDTH;
use crate::svg::{Anchor, Position, Svg};

const COLUMNS: usize = 3;
const LEFT: f64 = 66.0;
const PANEL: [f64; 2] = [238.0, 178.0];
/// From one panel to the next.
const PITCH: [f64; 2] = [290.0, 272.0];
/// From the top of the page's plot area to the first panel: two lines of heading.
const HEAD: f64 = 14.0;
const SIZE: f64 = 9.5;
const MARGIN: f64 = 0.12;
const STEPS: u32 = 40;
const FRONTIER_LINE: &str = "stroke=\"#2a788e\" stroke-width=\"1.3\" stroke-dasharray=\"7 3\"";
const REVERSE_LINE: &str = "stroke=\"#8a6d3b\" stroke-width=\"1.2\" stroke-dasharray=\"2 2\"";
const REFERENCE_LINE: &str = "stroke=\"#6a6a6a\" stroke-width=\"1\" stroke-dasharray=\"6 4\"";

/// The figure of all benchmarks.
pub(in crate::literature) fn draw(benchmarks: &[BenchmarkOutput]) -> String {
    let notes = ["Peak compute is processors x peak rate x time, not operations done. k = 4 is the theory's least and k = 9 what \
                  is said of the published record; both begin where the fitted line begins. Where the interval of the slope holds 0, there is no k."
        .to_owned()];
    let systems: usize = benchmarks.iter().map(|benchmark| benchmark.points).sum();
    let subtitle = format!(
        "{systems} published systems on {} benchmarks (Thompson et al. 2020), lines fitted anew; 95% intervals of Student's t",
        benchmarks.len()
    );
    page("Error against peak compute of training on published benchmarks", &subtitle, &notes, |svg, top| {
        for (index, benchmark) in benchmarks.iter().enumerate() {
            let (row, column) = (index / COLUMNS, index % COLUMNS);
            let corner = [LEFT + PITCH[0] * column as f64, top + HEAD + PITCH[1] * row as f64];
            panel(svg, benchmark, corner, index);
        }
        let rows = benchmarks.len().div_ceil(COLUMNS);
        let entries = [
            (Sample::Mark(3.0, POINT), "published system".to_owned()),
            (Sample::Line(FIT_LINE), "least squares".to_owned()),
            (Sample::Line(BEYOND_LINE), "beyond the data".to_owned()),
            (Sample::Band(BAND), "95% band of the line".to_owned()),
            (Sample::Line(FRONTIER_LINE), "a tenth of the errors below".to_owned()),
            (Sample::Line(REVERSE_LINE), "compute regressed on error".to_owned()),
            (Sample::Line(REFERENCE_LINE), "k = 4 (steeper) and k = 9".to_owned()),
        ];
        let below = top + HEAD + PITCH[1] * rows as f64 - 26.0;
        legend(svg, &entries, [LEFT, below], WIDTH - LEFT - 20.0) + 14.0
    })
}

const POINT: &str = "fill=\"#41598a\" fill-opacity=\"0.6\"";

fn panel(svg: &mut Svg, benchmark: &BenchmarkOutput, [left, top]: Position, index: usize) {
    let Some(line) = law(benchmark) else { return };
    let one = |k: f64| format!("{k:.1}");
    let range = interval(benchmark.k_low, benchmark.k_high, one);
    let k = benchmark.k.map_or_else(|| format!("no k: {range}"), |k| format!("k = {k:.1} {range}"));
    svg.text([left, top - 20.0], Anchor::Start, 12.0, &benchmark.benchmark, &format!("fill=\"{TEXT}\""));
    let told = format!("{k} \u{b7} R^{{2}} = {:.2} \u{b7} {} systems", benchmark.r2, benchmark.points);
    svg.text([left, top - 6.0], Anchor::Start, SIZE + 0.5, &told, &format!("fill=\"{FAINT_TEXT}\""));
    let panel = frame(benchmark, [left, top]);
    let labels =
        ["peak compute of training (FLOP)", if index.is_multiple_of(COLUMNS) { "error" } else { "" }];
    panel.draw(svg, labels, SIZE);
    panel.clip(svg, &format!("panel-{index}"));
    lines(svg, benchmark, &line, &panel);
    svg.open(&format!("fill=\"{PLAIN_COLOUR}\" fill-opacity=\"0.6\""));
    for point in &benchmark.data {
        svg.circle(panel.place(point.flop, point.error), 3.0, "");
    }
    svg.close();
    svg.close();
}

/// Axes that hold all points.
fn frame(benchmark: &BenchmarkOutput, [left, top]: Position) -> Panel {
    let across = axis::range_of(benchmark.data.iter().map(|point| point.flop), MARGIN).unwrap_or([1.0, 10.0]);
    let mut up = axis::range_of(benchmark.data.iter().map(|point| point.error), MARGIN).unwrap_or([0.1, 1.0]);
    if up[1] > 1.0 {
        // No error is above 100%: the room goes below instead.
        up = [up[0] / up[1], 1.0];
    }
    let axis = |[low, high]: [f64; 2], [start, end]: [f64; 2], numbers| {
        Scale::Log(Axis { low, high, start, end, numbers })
    };
    Panel {
        across: axis(across, [left, left + PANEL[0]], Numbers::Powers),
        up: axis(up, [top + PANEL[1], top], Numbers::Percent),
    }
}

/// Compute and error between which a benchmark's systems lie, and those of its frame.
fn ends(scale: &Scale) -> [f64; 2] {
    match scale {
        Scale::Log(axis) => [axis.low, axis.high],
        Scale::Even { low, high, .. } => [*low, *high],
        Scale::Bare { start, end } => [*start, *end],
    }
}

fn lines(svg: &mut Svg, benchmark: &BenchmarkOutput, line: &Line, panel: &Panel) {
    let gflop = |flop: f64| libm::log10(flop / 1e9);
    let error = |inverse: f64| libm::pow(10.0, -inverse);
    let [low, high] = ends(&panel.across);
    let flops = |index: u32| low * libm::pow(high / low, f64::from(index) / f64::from(STEPS));
    let [bottom, top] = panel.up.ends();
    let place = |flop: f64, inverse: f64| {
        let [x, y] = panel.place(flop, error(inverse));
        // Far outside the panel coordinates serve no one.
        [x, y.clamp(top - 400.0, bottom + 400.0)]
    };
    let band = |end: usize| (0..=STEPS).map(move |i| place(flops(i), line.band(gflop(flops(i)))[end]));
    let outline: Vec<Position> = band(1).chain(band(0).collect::<Vec<_>>().into_iter().rev()).collect();
    svg.polygon(&outline, BAND);
    let data = || benchmark.data.iter().map(|point| point.flop);
    let (first, last) = (data().fold(f64::INFINITY, f64::min), data().fold(0.0, f64::max));
    let fitted = |flop: f64| place(flop, line.at(gflop(flop)));
    for k in [4.0, 9.0] {
        let from = line.at(gflop(first));
        let to = |flop: f64| place(flop, from + (gflop(flop) - gflop(first)) / k);
        svg.polyline(&[to(first), to(first * libm::pow(high / first, 0.5)), to(high)], REFERENCE_LINE);
    }
    if benchmark.k.is_some() {
        let middle = libm::pow(10.0, 0.5 * (gflop(low) + gflop(high)) + 9.0);
        // The reverse line meets the other at the mean of the points.
        let mean = data().map(gflop).sum::<f64>() / benchmark.data.len() as f64;
        let reverse = |flop: f64| place(flop, line.at(mean) + line.reverse * (gflop(flop) - mean));
        svg.polyline(&[reverse(low), reverse(middle), reverse(high)], REVERSE_LINE);
        if let Some([intercept, slope]) = frontier(&benchmark.data) {
            let frontier = |flop: f64| place(flop, intercept + slope * gflop(flop));
            svg.line(frontier(first), frontier(last), FRONTIER_LINE);
        }
    }
    svg.line(fitted(low), fitted(first), BEYOND_LINE);
    svg.line(fitted(first), fitted(last), FIT_LINE);
    svg.line(fitted(last), fitted(high), BEYOND_LINE);
}
