//! Markers: one shape per family of networks, one colour per width.

use std::collections::{BTreeMap, BTreeSet};

use crate::colour;
use crate::svg::{Position, Svg};

/// Outline of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A circle.
    Circle,
    /// An upright square.
    Square,
    /// A triangle on its base.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle on its tip.
    Wedge,
}

/// In the order in which families get them; a sixth family begins again.
pub const SHAPES: [Shape; 5] = [Shape::Circle, Shape::Square, Shape::Triangle, Shape::Diamond, Shape::Wedge];

/// How one network is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Its family's shape.
    pub shape: Shape,
    /// Its width's colour, `#rrggbb`.
    pub colour: String,
}

/// The styles of networks by name.
#[derive(Clone, Debug, Default)]
pub struct Styles {
    /// Every network, in order of family and width.
    pub nets: Vec<(String, Style)>,
    /// Shape of every family.
    pub families: Vec<(String, Shape)>,
    /// Colour of every width.
    pub widths: Vec<(u32, String)>,
}

/// Where there are no networks to tell apart.
pub const PLAIN_COLOUR: &str = "#41598a";

impl Styles {
    /// Styles for `nets`, whatever their order; each shape and colour is given by what else is there.
    #[must_use]
    pub fn new<'a>(nets: impl IntoIterator<Item = &'a str>) -> Styles {
        let parsed: BTreeSet<_> =
            nets.into_iter().filter(|net| !net.is_empty()).map(family_and_width).collect();
        let families: BTreeSet<_> = parsed.iter().map(|(family, _, _)| family.clone()).collect();
        let families: Vec<_> = families.into_iter().zip(SHAPES.into_iter().cycle()).collect();
        let widths: BTreeSet<u32> = parsed.iter().filter_map(|(_, width, _)| *width).collect();
        let last = widths.len().saturating_sub(1).max(1) as f64;
        let widths: Vec<_> = widths
            .into_iter()
            .enumerate()
            .map(|(i, width)| (width, colour::scale(i as f64 / last)))
            .collect();
        let shapes: BTreeMap<_, _> = families.iter().cloned().collect();
        let colours: BTreeMap<_, _> = widths.iter().cloned().collect();
        let style = |family: &str, width: Option<u32>| Style {
            shape: shapes.get(family).copied().unwrap_or(Shape::Circle),
            colour: width.and_then(|w| colours.get(&w).cloned()).unwrap_or_else(|| PLAIN_COLOUR.to_owned()),
        };
        let nets = parsed.iter().map(|(family, width, net)| (net.clone(), style(family, *width))).collect();
        Styles { nets, families, widths }
    }

    /// The style of `net`.
    #[must_use]
    pub fn of(&self, net: &str) -> Style {
        let known = self.nets.iter().find(|(name, _)| name == net).map(|(_, style)| style.clone());
        known.unwrap_or(Style { shape: Shape::Circle, colour: PLAIN_COLOUR.to_owned() })
    }
}

/// `cnn-w8-d2` is width 8 of the family `cnn-d2`; a name without a `w` part is a family of its own.
pub fn family_and_width(net: &str) -> (String, Option<u32>, String) {
    let width_of = |part: &str| part.strip_prefix('w').and_then(|digits| digits.parse::<u32>().ok());
    let width = net.split('-').find_map(width_of);
    let family = net.split('-').filter(|part| width_of(part).is_none()).collect::<Vec<_>>().join("-");
    (family, width, net.to_owned())
}

/// Draws a marker whose circle has `radius`; the other shapes have about its area.
pub fn draw(svg: &mut Svg, shape: Shape, centre: Position, radius: f64, attributes: &str) {
    let [x, y] = centre;
    let around = |corners: &[Position]| -> Vec<Position> {
        corners.iter().map(|[dx, dy]| [x + dx * radius, y + dy * radius]).collect()
    };
    match shape {
        Shape::Circle => svg.circle(centre, radius, attributes),
        Shape::Square => {
            let half = 0.89 * radius;
            svg.rectangle([x - half, y - half], [2.0 * half, 2.0 * half], attributes);
        }
        Shape::Triangle => svg.polygon(&around(&[[0.0, -1.3], [1.2, 0.85], [-1.2, 0.85]]), attributes),
        Shape::Diamond => {
            svg.polygon(&around(&[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]]), attributes);
        }
        Shape::Wedge => svg.polygon(&around(&[[0.0, 1.3], [1.2, -0.85], [-1.2, -0.85]]), attributes),
    }
}

#[cfg(test)]
mod tests;
