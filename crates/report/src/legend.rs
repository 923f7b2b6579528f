//! The legend, in a column of its own beside the plot, where it can hide nothing.

use crate::curves::{self, BAND, BEYOND_LINE, FIT_LINE, FLOOR_LAW_LINE, FLOOR_LINE, STAIRCASE};
use crate::label::{interval, percent};
use crate::marks::{self, Shape, Styles};
use crate::plot::{Plot, WIDTH};
use crate::svg::{self, Anchor, Position, Svg};

/// One line of the legend.
struct Entry {
    sample: Sample,
    text: String,
}

enum Sample {
    Marker { shape: Shape, radius: f64, attributes: String },
    Bar,
    Line(&'static str),
    Band,
}

/// Most networks that are listed one by one; beyond, widths and families stand apart.
const MOST_NETS: usize = 9;
/// Most widths that are listed; of more, some evenly chosen stand for the colours between them.
const MOST_WIDTHS: usize = 8;
const SIZE: f64 = 11.5;
const LINE: f64 = 15.0;
const GAP: f64 = 5.0;
const SAMPLE_WIDTH: f64 = 26.0;

/// Draws the legend of `plot` from its top left corner.
pub fn draw(svg: &mut Svg, plot: &Plot, styles: &Styles, corner: Position) {
    let groups = [nets(styles), points(plot), lines(plot)];
    let room = WIDTH - corner[0] - SAMPLE_WIDTH - 16.0;
    let mut y = corner[1] + 10.0;
    svg.open("fill=\"#222222\"");
    for group in groups.iter().filter(|group| !group.is_empty()) {
        for entry in group {
            sample(svg, &entry.sample, [corner[0], y]);
            for line in svg::wrap(&entry.text, SIZE, room) {
                svg.text([corner[0] + SAMPLE_WIDTH + 8.0, y + 4.0], Anchor::Start, SIZE, &line, "");
                y += LINE;
            }
            y += GAP;
        }
        y += 8.0;
    }
    svg.close();
}

fn nets(styles: &Styles) -> Vec<Entry> {
    let entry = |shape, colour: &str, text: String| Entry {
        sample: Sample::Marker { shape, radius: 4.2, attributes: format!("fill=\"{colour}\"") },
        text,
    };
    if styles.nets.len() <= MOST_NETS {
        return styles
            .nets
            .iter()
            .map(|(net, style)| entry(style.shape, &style.colour, net.clone()))
            .collect();
    }
    let families = styles.families.iter().map(|(family, shape)| entry(*shape, "#666666", family.clone()));
    let widths: Vec<_> = styles.widths.iter().collect();
    let widths = evenly(&widths, MOST_WIDTHS);
    let widths = widths.map(|(width, colour)| entry(Shape::Circle, colour, format!("width {width}")));
    families.chain(widths).collect()
}

/// At most `most` of some things, from the first to the last.
fn evenly<T: Copy>(all: &[T], most: usize) -> impl Iterator<Item = T> {
    let (count, last) = (all.len().min(most), all.len().saturating_sub(1));
    (0..count).map(move |place| all[place * last / count.saturating_sub(1).max(1)])
}

fn points(plot: &Plot) -> Vec<Entry> {
    let marker = |radius, attributes: &str, text: &str| Entry {
        sample: Sample::Marker { shape: Shape::Circle, radius, attributes: attributes.to_owned() },
        text: text.to_owned(),
    };
    let outlined = |fill: &str| format!("fill=\"{fill}\" stroke=\"#222222\" stroke-width=\"1.3\"");
    let mut entries = Vec::new();
    if !plot.points.is_empty() {
        entries.push(marker(3.2, "fill=\"#666666\" fill-opacity=\"0.45\"", &plot.point_name));
    }
    let drawn = || plot.frontier.iter().filter(|point| point.mark.error > 0.0);
    if drawn().any(|point| !point.at_edge && !point.dominated) {
        entries.push(marker(5.0, &outlined("#666666"), &plot.frontier_name));
    }
    let hollow = match (drawn().any(|point| point.at_edge), drawn().any(|point| point.dominated)) {
        (true, true) => Some("not fitted: at the edge of the grid, or no better than a cheaper one"),
        (true, false) => Some("at the edge of the grid, not fitted"),
        (false, true) => Some("no better than a cheaper one, not fitted"),
        (false, false) => None,
    };
    entries.extend(hollow.map(|text| marker(5.0, &outlined("#ffffff"), text)));
    if drawn().any(|point| point.deviation.is_some_and(|deviation| deviation > 0.0)) {
        entries.push(Entry { sample: Sample::Bar, text: "\u{b1} 1 standard error".to_owned() });
    }
    if drawn().count() > 1 {
        entries.push(Entry { sample: Sample::Line(STAIRCASE), text: plot.staircase_name.clone() });
    }
    entries
}

fn lines(plot: &Plot) -> Vec<Entry> {
    let line = |attributes, text: String| Entry { sample: Sample::Line(attributes), text };
    let Some(fit) = plot.fit.as_ref().filter(|fit| fit.power.is_some()) else { return Vec::new() };
    let mut entries = Vec::new();
    let k = |k: Option<f64>| k.map_or(String::new(), |k| format!(", k\u{a0}=\u{a0}{k:.2}"));
    entries.push(line(FIT_LINE, format!("power law without a floor{}", k(fit.k.estimate))));
    entries.push(line(BEYOND_LINE, "beyond the data".to_owned()));
    if !fit.replicates.is_empty() {
        let text = format!("{:.0}% band of the fit (bootstrap)", 100.0 * fit.level);
        entries.push(Entry { sample: Sample::Band, text });
    }
    if let Some(floor) = curves::floor_of(plot) {
        let share = |value: f64| percent(value, 2);
        let range = interval(fit.floor.low, fit.floor.high, share);
        entries.push(line(FLOOR_LINE, format!("fitted floor {} {range}", share(floor))));
        entries.push(line(FLOOR_LAW_LINE, format!("power law above the floor{}", k(fit.k_floor.estimate))));
    }
    entries
}

fn sample(svg: &mut Svg, sample: &Sample, [x, y]: Position) {
    let middle = [x + SAMPLE_WIDTH / 2.0, y];
    match sample {
        Sample::Marker { shape, radius, attributes } => marks::draw(svg, *shape, middle, *radius, attributes),
        Sample::Line(attributes) => svg.line([x, y], [x + SAMPLE_WIDTH, y], attributes),
        Sample::Band => svg.rectangle([x, y - 5.0], [SAMPLE_WIDTH, 10.0], BAND),
        Sample::Bar => {
            let stroke = "stroke=\"#222222\" stroke-width=\"1.3\"";
            svg.line([middle[0], y - 6.0], [middle[0], y + 6.0], stroke);
            for end in [y - 6.0, y + 6.0] {
                svg.line([middle[0] - 3.5, end], [middle[0] + 3.5, end], stroke);
            }
        }
    }
}
