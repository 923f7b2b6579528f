//! The figures of a benchmark: speed against the work in a step, a line for each network on each contestant.

use record::bench::{BenchOutput, BenchPhase, BenchRow};

use crate::axis;
use crate::colour;
use crate::figures::Figure;
use crate::marks::{self, SHAPES, Shape};
use crate::plot::{self, Frame, HEIGHT, WIDTH};
use crate::svg::{self, Anchor, Position, Svg};

/// Decades of room beside the outermost points.
const MARGIN: f64 = 0.12;
/// Size of the legend's letters, and from line to line.
const SIZE: f64 = 11.5;
const LINE: f64 = 20.0;
/// Size of the networks' names at the ends of their lines.
const SMALL: f64 = 9.5;
const TEXT: &str = "#222222";

/// How one contestant is drawn.
struct Style {
    name: String,
    shape: Shape,
    colour: String,
}

/// One figure for each phase that was timed, `speed-train` and `speed-infer`; none without rows.
#[must_use]
pub fn draw(told: &BenchOutput) -> Vec<Figure> {
    let phases = [BenchPhase::Train, BenchPhase::Infer].into_iter();
    let of = |phase| (phase, told.rows.iter().filter(|row| row.phase == phase).collect::<Vec<&BenchRow>>());
    let drawn = |(phase, rows): (BenchPhase, Vec<&BenchRow>)| Figure {
        name: format!("speed-{}", phase.name()),
        svg: figure(told, phase, &rows),
    };
    phases.map(of).filter(|(_, rows)| !rows.is_empty()).map(drawn).collect()
}

fn figure(told: &BenchOutput, phase: BenchPhase, rows: &[&BenchRow]) -> String {
    let (title, unit) = match phase {
        BenchPhase::Train => ("Training speed by the work in a step", "a step"),
        BenchPhase::Infer => ("Judging speed by the work handed over at once", "what is handed over at once"),
    };
    let gpus: Vec<&str> = told.host.gpus.iter().map(String::as_str).collect();
    let machine = [&[told.host.cpu.as_str()][..], &gpus].concat().join(", ");
    let subtitle = plot::subtitle_lines(&format!(
        "{machine}; medians of {} slices with {:.0}% intervals; a line joins the batches of one network",
        told.rounds,
        100.0 * told.interval.coverage
    ));
    let frame = frame(rows, plot::top_below(subtitle.len()));
    let styles = styles(rows);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    plot::heading(&mut svg, title, &subtitle);
    plot::grid(&mut svg, &frame);
    for style in &styles {
        lines(&mut svg, &frame, style, rows);
    }
    plot::axes(&mut svg, &frame, [&format!("model FLOPs of {unit}"), "model GFLOP/s"]);
    legend(&mut svg, &styles, [frame.cost.end + 20.0, frame.error.end + 16.0]);
    svg.finish()
}

/// Model FLOPs of a step.
fn work(row: &BenchRow) -> f64 {
    row.flops_per_image.as_f64() * row.batch as f64
}

/// Model GFLOP/s at so many images per second.
fn speed(row: &BenchRow, images_per_second: f64) -> f64 {
    images_per_second * row.flops_per_image.as_f64() / 1e9
}

fn frame(rows: &[&BenchRow], top: f64) -> Frame {
    let across = axis::range_of(rows.iter().map(|row| work(row)), MARGIN).unwrap_or([1.0, 10.0]);
    let ends = rows.iter().flat_map(|row| [speed(row, row.low), speed(row, row.high)]);
    let up = axis::range_of(ends, MARGIN).unwrap_or([1.0, 10.0]);
    plot::plain_frame(across, up, top)
}

/// What is told apart: learner, device, and precision and threads where they say something.
fn contestant(row: &BenchRow) -> String {
    let mut name = format!("{} on {}", row.learner, row.device);
    if row.device == "cpu" {
        name += &format!(", {} thread{}", row.threads, if row.threads == 1 { "" } else { "s" });
    }
    if row.precision != "f32" {
        name += &format!(", {}", row.precision);
    }
    name
}

fn styles(rows: &[&BenchRow]) -> Vec<Style> {
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().map(|row| contestant(row)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let last = names.len().saturating_sub(1).max(1) as f64;
    let named = names.into_iter().zip(SHAPES.into_iter().cycle()).enumerate();
    named.map(|(i, (name, shape))| Style { name, shape, colour: colour::scale(i as f64 / last) }).collect()
}

/// The networks of one contestant: each a line over its batches, with its name at the end.
fn lines(svg: &mut Svg, frame: &Frame, style: &Style, rows: &[&BenchRow]) {
    let own = || rows.iter().filter(|row| contestant(row) == style.name);
    let mut nets: Vec<(&str, &str)> = Vec::new();
    for row in own() {
        if !nets.contains(&(&row.net, &row.data)) {
            nets.push((&row.net, &row.data));
        }
    }
    let colour = &style.colour;
    for (net, data) in nets {
        let mut of_net: Vec<&&BenchRow> = own().filter(|row| row.net == net && row.data == data).collect();
        of_net.sort_by_key(|row| row.batch);
        let place = |row: &BenchRow, images| frame.place(work(row), speed(row, images));
        let points: Vec<Position> = of_net.iter().map(|row| place(row, row.images_per_second)).collect();
        svg.polyline(&points, &format!("stroke=\"{colour}\" stroke-width=\"1.2\" stroke-opacity=\"0.7\""));
        for (row, &point) in of_net.iter().zip(&points) {
            let bar = format!("stroke=\"{colour}\" stroke-width=\"1\"");
            svg.line(place(row, row.low), place(row, row.high), &bar);
            marks::draw(svg, style.shape, point, 3.6, &format!("fill=\"{colour}\""));
        }
        if let Some(&[x, y]) = points.last() {
            let room = frame.cost.end - x - 8.0;
            let (x, anchor) = match svg::text_width(net, SMALL) < room {
                true => (x + 6.0, Anchor::Start),
                false => (x - 6.0, Anchor::End),
            };
            svg.text([x, y - 5.0], anchor, SMALL, net, &format!("fill=\"{colour}\""));
        }
    }
}

fn legend(svg: &mut Svg, styles: &[Style], [x, mut y]: Position) {
    for style in styles {
        marks::draw(svg, style.shape, [x + 6.0, y - 4.0], 4.4, &format!("fill=\"{}\"", style.colour));
        svg.text([x + 18.0, y], Anchor::Start, SIZE, &style.name, &format!("fill=\"{TEXT}\""));
        y += LINE;
    }
}

#[cfg(test)]
mod tests;
