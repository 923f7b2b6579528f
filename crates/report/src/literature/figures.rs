//! The figures of the published record, one for each table.

mod benchmarks;
mod claims;
mod labels;
mod panel;
mod projections;
mod taken_apart;
mod years;

use record::literature::LiteratureOutput;

use crate::figures::Figure;
use crate::marks::{self, Shape};
use crate::plot::{self, WIDTH};
use crate::svg::{self, Anchor, Position, Svg};

const TEXT: &str = "#222222";
const FAINT_TEXT: &str = "#555555";
/// What stands beside a published figure that its inputs give, and beside one that they do not.
const GOOD: &str = "#2a788e";
const FAULTY: &str = "#b2182b";
/// Left end of headings and notes.
const LEFT: f64 = 76.0;
const NOTE_SIZE: f64 = 11.0;
const NOTE_LINE: f64 = 15.0;

/// Every figure, in the order of the tables.
pub(super) fn all(told: &LiteratureOutput) -> Vec<Figure> {
    let figure = |name: &str, svg: String| Figure { name: name.to_owned(), svg };
    vec![
        figure("benchmarks", benchmarks::draw(&told.benchmarks)),
        figure("projections", projections::draw(&told.projections)),
        figure("alexnet-to-nasnet", taken_apart::draw(&told.taken_apart)),
        figure("ai-and-compute", years::compute(&told.ai_and_compute)),
        figure("ai-and-efficiency", years::efficiency(&told.ai_and_efficiency)),
        figure("published-and-computed", claims::draw(told)),
    ]
}

/// A page with title and subtitle, drawn on from the height that `body` is told, and notes below the height that it
/// gives back.
fn page(title: &str, subtitle: &str, notes: &[String], body: impl FnOnce(&mut Svg, f64) -> f64) -> String {
    let subtitle = plot::subtitle_lines(subtitle);
    // The page is as high as what is drawn, so that it is drawn first.
    let mut inner = Svg::part();
    let bottom = body(&mut inner, plot::top_below(subtitle.len()));
    let notes: Vec<String> =
        notes.iter().flat_map(|note| svg::wrap(note, NOTE_SIZE, WIDTH - LEFT - 20.0)).collect();
    let height = bottom + 18.0 + NOTE_LINE * notes.len() as f64;
    let mut svg = Svg::new(WIDTH, height);
    plot::heading(&mut svg, title, &subtitle);
    svg.append(inner);
    for (line, row) in notes.iter().zip(0..) {
        let at = [LEFT, bottom + 18.0 + NOTE_LINE * f64::from(row)];
        svg.text(at, Anchor::Start, NOTE_SIZE, line, &format!("fill=\"{FAINT_TEXT}\""));
    }
    svg.finish()
}

/// How the lines and marks of a legend look.
enum Sample<'a> {
    /// A line with these attributes.
    Line(&'a str),
    /// A circle of this radius with these attributes.
    Mark(f64, &'a str),
    /// Another mark of this size with these attributes.
    Shaped(Shape, f64, &'a str),
    /// A band with these attributes.
    Band(&'a str),
}

const LEGEND_SIZE: f64 = 11.0;
const SAMPLE_WIDTH: f64 = 24.0;

/// A legend that flows from left to right within `width`, from the middle of its first line on; the middle of its last.
fn legend(svg: &mut Svg, entries: &[(Sample, String)], corner: Position, width: f64) -> f64 {
    let [mut x, mut y] = corner;
    for (sample, text) in entries {
        let needed = SAMPLE_WIDTH + 6.0 + svg::text_width(text, LEGEND_SIZE);
        if x > corner[0] && x + needed > corner[0] + width {
            (x, y) = (corner[0], y + 18.0);
        }
        draw_sample(svg, sample, [x, y]);
        let at = [x + SAMPLE_WIDTH + 6.0, y + 4.0];
        svg.text(at, Anchor::Start, LEGEND_SIZE, text, &format!("fill=\"{TEXT}\""));
        x += needed + 18.0;
    }
    y
}

/// A legend in a column of its own, `width` wide.
fn column(svg: &mut Svg, entries: &[(Sample, String)], [x, mut y]: Position, width: f64) {
    for (sample, text) in entries {
        draw_sample(svg, sample, [x, y]);
        for line in svg::wrap(text, LEGEND_SIZE, width - SAMPLE_WIDTH - 6.0) {
            let at = [x + SAMPLE_WIDTH + 6.0, y + 4.0];
            svg.text(at, Anchor::Start, LEGEND_SIZE, &line, &format!("fill=\"{TEXT}\""));
            y += 15.0;
        }
        y += 6.0;
    }
}

fn draw_sample(svg: &mut Svg, sample: &Sample, [x, y]: Position) {
    match sample {
        Sample::Line(attributes) => svg.line([x, y], [x + SAMPLE_WIDTH, y], attributes),
        Sample::Mark(radius, attributes) => svg.circle([x + SAMPLE_WIDTH / 2.0, y], *radius, attributes),
        Sample::Shaped(shape, size, attributes) => {
            marks::draw(svg, *shape, [x + SAMPLE_WIDTH / 2.0, y], *size, attributes);
        }
        Sample::Band(attributes) => svg.rectangle([x, y - 5.0], [SAMPLE_WIDTH, 10.0], attributes),
    }
}
