//! Writes SVG text: shapes at float coordinates, always with two decimals, so equal input gives equal bytes.

use std::fmt::Write;

use crate::label;

/// A place on the page, in user units from the top left.
pub type Position = [f64; 2];

/// An SVG document that grows from back to front.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Which end of a text lies at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins there.
    Start,
    /// The text is centred there.
    Middle,
    /// The text ends there.
    End,
}

/// The font of every text; the PNG writer bundles the first.
pub const FONT_FAMILY: &str = "'DejaVu Sans', Verdana, sans-serif";

/// How much smaller superscripts are, and how far they rise in parts of the font size.
const SUPERSCRIPT_SIZE: f64 = 0.72;
const SUPERSCRIPT_RISE: f64 = 0.38;

impl Svg {
    /// An empty white page.
    #[must_use]
    pub fn new(width: f64, height: f64) -> Svg {
        let mut svg = Svg { width, height, body: String::new() };
        svg.rectangle([0.0, 0.0], [width, height], "fill=\"#ffffff\"");
        svg
    }

    /// Something to be put into a document with [`Svg::append`], whose size is not known yet.
    #[must_use]
    pub fn part() -> Svg {
        Svg { width: 0.0, height: 0.0, body: String::new() }
    }

    /// Puts a part in front of everything so far.
    pub fn append(&mut self, part: Svg) {
        self.body.push_str(&part.body);
    }

    /// The whole document.
    #[must_use]
    pub fn finish(self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONT_FAMILY}\">\n{}</svg>\n",
            self.body
        )
    }

    /// Opens a group whose attributes hold for everything up to [`Svg::close`].
    pub fn open(&mut self, attributes: &str) {
        self.push(&format!("<g {attributes}>"));
    }

    /// Closes the last open group.
    pub fn close(&mut self) {
        self.push("</g>");
    }

    /// Defines a rectangle `id` to clip by, with `clip-path="url(#id)"`.
    pub fn clip(&mut self, id: &str, corner: Position, size: [f64; 2]) {
        self.push(&format!("<clipPath id=\"{id}\">"));
        self.rectangle(corner, size, "");
        self.push("</clipPath>");
    }

    /// A rectangle from its top left corner.
    pub fn rectangle(&mut self, corner: Position, size: [f64; 2], attributes: &str) {
        let ([x, y], [width, height]) = (corner.map(number), size.map(number));
        self.push(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{}/>",
            padded(attributes)
        ));
    }

    /// A straight line.
    pub fn line(&mut self, from: Position, to: Position, attributes: &str) {
        let ([x1, y1], [x2, y2]) = (from.map(number), to.map(number));
        self.push(&format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"{}/>", padded(attributes)));
    }

    /// A chain of straight lines, not filled.
    pub fn polyline(&mut self, points: &[Position], attributes: &str) {
        self.push(&format!("<polyline points=\"{}\" fill=\"none\"{}/>", chain(points), padded(attributes)));
    }

    /// A closed chain of straight lines.
    pub fn polygon(&mut self, points: &[Position], attributes: &str) {
        self.push(&format!("<polygon points=\"{}\"{}/>", chain(points), padded(attributes)));
    }

    /// A circle.
    pub fn circle(&mut self, centre: Position, radius: f64, attributes: &str) {
        let [x, y] = centre.map(number);
        self.push(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\"{}/>", number(radius), padded(attributes)));
    }

    /// A text; `^{...}` raises a part of it, as in `10^{9}`.
    pub fn text(&mut self, at: Position, anchor: Anchor, size: f64, text: &str, attributes: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let [x, y] = at.map(number);
        self.push(&format!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\"{anchor}{}>{}</text>",
            number(size),
            padded(attributes),
            spans(text, size)
        ));
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

/// A coordinate with two decimals, and never a negative zero.
#[must_use]
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// Width of a text in user units, by the advance widths of DejaVu Sans; `^{...}` counts as it is drawn.
#[must_use]
pub fn text_width(text: &str, size: f64) -> f64 {
    let units = |part: &str| part.chars().map(advance).sum::<f64>();
    let ems: f64 = parts(text)
        .iter()
        .map(|(part, raised)| units(part) * if *raised { SUPERSCRIPT_SIZE } else { 1.0 })
        .sum();
    ems * size / 2048.0
}

/// The lines of a text broken at spaces so that each is at most `width` wide; a word wider than that is broken too.
#[must_use]
pub fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let fits = |line: &str| text_width(line, size) <= width;
    label::wrap(text, fits).into_iter().flat_map(|line| broken(line, fits)).collect()
}

/// A line in pieces that fit, one where it fits itself.
fn broken(line: String, fits: impl Fn(&str) -> bool) -> Vec<String> {
    if fits(&line) {
        return vec![line];
    }
    let mut pieces = vec![String::new()];
    for character in line.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.is_empty() || fits(&format!("{piece}{character}")) => piece.push(character),
            _ => pieces.push(character.to_string()),
        }
    }
    pieces
}

fn padded(attributes: &str) -> String {
    if attributes.is_empty() { String::new() } else { format!(" {attributes}") }
}

fn chain(points: &[Position]) -> String {
    let mut text = String::new();
    for [x, y] in points {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{space}{},{}", number(*x), number(*y));
    }
    text
}

/// The text split into plain and raised parts.
fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("^{") {
        let (raised, after) = after.split_once('}').unwrap_or((after, ""));
        parts.extend([(before, false), (raised, true)]);
        rest = after;
    }
    parts.push((rest, false));
    parts.retain(|(part, _)| !part.is_empty());
    parts
}

/// Raised parts as `tspan`s: browsers and resvg agree on `dy`, but not on `baseline-shift`.
fn spans(text: &str, size: f64) -> String {
    let rise = number(size * SUPERSCRIPT_RISE);
    let small = number(size * SUPERSCRIPT_SIZE);
    let mut result = String::new();
    let mut after_raised = false;
    for (part, raised) in parts(text) {
        let part = escaped(part);
        result += &match (raised, after_raised) {
            (true, _) => format!("<tspan dy=\"-{rise}\" font-size=\"{small}\">{part}</tspan>"),
            (false, true) => format!("<tspan dy=\"{rise}\">{part}</tspan>"),
            (false, false) => part,
        };
        after_raised = raised;
    }
    result
}

/// Characters that mean something to XML, replaced; control characters, which it forbids, dropped.
fn escaped(text: &str) -> String {
    let mut result = String::new();
    for character in text.chars().filter(|c| !c.is_control()) {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            other => result.push(other),
        }
    }
    result
}

/// Advance width in 1/2048 of the font size.
fn advance(character: char) -> f64 {
    let index = (character as usize).checked_sub(32);
    let width = index.and_then(|index| ADVANCES.get(index)).copied();
    f64::from(width.unwrap_or(match character {
        '\u{b7}' | '\u{2018}' | '\u{2019}' => 651,
        '\u{2013}' => 1024,
        // The signs (minus, times, plus-minus, almost equal ...) are wide.
        _ => 1716,
    }))
}

/// Advance widths of U+0020 to U+007E, from the `hmtx` table of DejaVu Sans 2.37.
const ADVANCES: [u16; 95] = [
    651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690, 1303, 1303, 1303,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087, 2048, 1401, 1405, 1430, 1577,
    1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612, 1235, 1612, 1423, 1300, 1251, 1499, 1401,
    2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024, 1024, 1255, 1300, 1126, 1300, 1260, 721, 1300, 1298,
    569, 569, 1186, 569, 1995, 1298, 1253, 1300, 1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075,
    1303, 690, 1303, 1716,
];

#[cfg(test)]
mod tests;
