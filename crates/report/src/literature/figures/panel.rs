//! A plot area anywhere on the page, with logarithmic, even or unmarked axes.

use super::TEXT;
use crate::axis::Axis;
use crate::svg::{self, Anchor, Position, Svg};

/// One axis.
#[derive(Clone, Debug)]
pub(super) enum Scale {
    /// Logarithmic.
    Log(Axis),
    /// Even, with a tick at every multiple of `step`.
    Even { low: f64, high: f64, start: f64, end: f64, step: f64, write: fn(f64) -> String },
    /// From `start` to `end` of the page, without ticks: places are those of the page.
    Bare { start: f64, end: f64 },
}

/// A tick: where on the page, and its label where it has one.
struct Mark {
    at: f64,
    major: bool,
    label: Option<String>,
}

impl Scale {
    /// Where `value` lies on the page.
    pub(super) fn position(&self, value: f64) -> f64 {
        match self {
            Scale::Log(axis) => axis.position(value),
            Scale::Even { low, high, start, end, .. } => start + (end - start) * (value - low) / (high - low),
            Scale::Bare { .. } => value,
        }
    }

    /// Where the axis begins and ends on the page.
    pub(super) fn ends(&self) -> [f64; 2] {
        match self {
            Scale::Log(axis) => [axis.start, axis.end],
            Scale::Even { start, end, .. } | Scale::Bare { start, end } => [*start, *end],
        }
    }

    fn marks(&self) -> Vec<Mark> {
        match self {
            Scale::Log(axis) => {
                let mark = |tick: crate::axis::Tick| Mark {
                    at: axis.position(tick.value),
                    major: tick.decade,
                    label: tick.label,
                };
                axis.ticks().into_iter().map(mark).collect()
            }
            Scale::Even { low, high, step, write, .. } => {
                let first = libm::ceil(low / step - 1e-9) as i64;
                let last = libm::floor(high / step + 1e-9) as i64;
                let mark = |count: i64| {
                    let value = count as f64 * step;
                    Mark { at: self.position(value), major: true, label: Some(write(value)) }
                };
                (first..=last).map(mark).collect()
            }
            Scale::Bare { .. } => Vec::new(),
        }
    }
}

/// Two axes at right angles; `up` begins at the bottom.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Left to right.
    pub(super) across: Scale,
    /// Bottom to top.
    pub(super) up: Scale,
}

impl Panel {
    /// Where a pair lies on the page.
    pub(super) fn place(&self, x: f64, y: f64) -> Position {
        [self.across.position(x), self.up.position(y)]
    }

    /// Draws the grid, the box, the ticks with labels of `size`, and the names of the axes, where they have any.
    pub(super) fn draw(&self, svg: &mut Svg, [across, up]: [&str; 2], size: f64) {
        let ([left, right], [bottom, top]) = (self.across.ends(), self.up.ends());
        let (columns, rows) = (self.across.marks(), self.up.marks());
        svg.open("stroke=\"#e4e4e4\" stroke-width=\"0.8\"");
        for mark in columns.iter().filter(|mark| mark.label.is_some()) {
            svg.line([mark.at, bottom], [mark.at, top], "");
        }
        for mark in rows.iter().filter(|mark| mark.label.is_some()) {
            svg.line([left, mark.at], [right, mark.at], "");
        }
        svg.close();
        svg.open(&format!("stroke=\"{TEXT}\" stroke-width=\"1\" fill=\"none\""));
        svg.rectangle([left, top], [right - left, bottom - top], "");
        let length = |mark: &Mark| if mark.major { 0.45 * size } else { 0.25 * size };
        for mark in &columns {
            svg.line([mark.at, bottom], [mark.at, bottom + length(mark)], "");
        }
        for mark in &rows {
            svg.line([left - length(mark), mark.at], [left, mark.at], "");
        }
        svg.close();
        svg.open(&format!("fill=\"{TEXT}\""));
        let mut widest: f64 = 0.0;
        for mark in &columns {
            let at = [mark.at, bottom + 1.65 * size];
            mark.label.iter().for_each(|label| svg.text(at, Anchor::Middle, size, label, ""));
        }
        for mark in &rows {
            if let Some(label) = &mark.label {
                widest = widest.max(svg::text_width(label, size));
                svg.text([left - 0.75 * size, mark.at + 0.35 * size], Anchor::End, size, label, "");
            }
        }
        if !across.is_empty() {
            svg.text([(left + right) / 2.0, bottom + 3.3 * size], Anchor::Middle, size + 0.5, across, "");
        }
        if !up.is_empty() {
            let [x, middle] = [left - widest - 1.6 * size, (top + bottom) / 2.0];
            let turned = format!("transform=\"rotate(-90 {} {})\"", svg::number(x), svg::number(middle));
            svg.text([x, middle], Anchor::Middle, size + 0.5, up, &turned);
        }
        svg.close();
    }

    /// Opens a group that is clipped to the plot area; `id` must be the only one of its name in the figure.
    pub(super) fn clip(&self, svg: &mut Svg, id: &str) {
        let ([left, right], [bottom, top]) = (self.across.ends(), self.up.ends());
        svg.clip(id, [left, top], [right - left, bottom - top]);
        svg.open(&format!("clip-path=\"url(#{id})\""));
    }
}
