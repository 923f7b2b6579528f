//! Tests of the PNG writer.

use super::*;
use crate::svg::{Anchor, Svg, text_width};

#[test]
fn a_png_of_twice_the_size_and_the_same_bytes_each_time() {
    let svg = Svg::new(90.0, 64.0).finish();
    let png = render(&svg).unwrap();
    // Signature and header of a PNG: PNG specification, sections 5.2 and 11.2.2.
    assert_eq!(png[..8], [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a]);
    assert_eq!(png[16..24], [0, 0, 0, 180, 0, 0, 0, 128]);
    assert_eq!(png, render(&svg).unwrap());
}

#[test]
fn text_is_drawn_with_the_bundled_font_and_as_wide_as_computed() {
    let text = "Hamburgefonstiv 10^{\u{2212}12} \u{b1}\u{d7}";
    let mut svg = Svg::new(900.0, 100.0);
    svg.text([0.0, 50.0], Anchor::Start, 20.0, text, "");
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(&svg.finish(), &options).unwrap();
    let drawn =
        tree.root().children().iter().find(|node| matches!(node, resvg::usvg::Node::Text(_))).unwrap();
    let right = f64::from(drawn.bounding_box().right());
    // Kerning and side bearings make a few units of difference.
    assert!((right - text_width(text, 20.0)).abs() < 8.0, "{right}");
}

#[test]
fn what_is_no_svg_is_refused() {
    assert!(matches!(render("not an svg"), Err(ReportError::Png { .. })));
}
