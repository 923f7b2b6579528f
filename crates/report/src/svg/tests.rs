//! Tests of the SVG writer.

use super::*;

#[test]
fn numbers_have_two_decimals_and_no_negative_zero() {
    for (value, text) in [(1.0, "1.00"), (-0.001, "0.00"), (2.345_6, "2.35"), (-7.1, "-7.10")] {
        assert_eq!(number(value), text);
    }
}

#[test]
fn a_document_word_for_word() {
    let mut svg = Svg::new(10.0, 20.0);
    svg.line([0.0, 1.0], [2.0, 3.5], "stroke=\"red\"");
    svg.text([1.0, 2.0], Anchor::Middle, 10.0, "a<b & 10^{9}x", "");
    let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10.00\" height=\"20.00\" \
        viewBox=\"0 0 10.00 20.00\" font-family=\"'DejaVu Sans', Verdana, sans-serif\">\n\
        <rect x=\"0.00\" y=\"0.00\" width=\"10.00\" height=\"20.00\" fill=\"#ffffff\"/>\n\
        <line x1=\"0.00\" y1=\"1.00\" x2=\"2.00\" y2=\"3.50\" stroke=\"red\"/>\n\
        <text x=\"1.00\" y=\"2.00\" font-size=\"10.00\" text-anchor=\"middle\">a&lt;b &amp; 10\
        <tspan dy=\"-3.80\" font-size=\"7.20\">9</tspan><tspan dy=\"3.80\">x</tspan></text>\n</svg>\n";
    assert_eq!(svg.finish(), expected);
}

#[test]
fn unclosed_and_hostile_text_stays_well_formed() {
    let mut svg = Svg::new(10.0, 10.0);
    svg.text([0.0, 0.0], Anchor::End, 10.0, "x^{2 \u{0} </svg> \" '", "");
    let text = svg.finish();
    assert!(resvg::usvg::Tree::from_str(&text, &resvg::usvg::Options::default()).is_ok(), "{text}");
}

#[test]
fn widths_add_up_from_the_font() {
    // hmtx of DejaVu Sans 2.37: H 1540, i 569 units of 2048; a raised i is 0.72 as large.
    assert!((text_width("Hi", 2048.0) - (1540.0 + 569.0)).abs() < 1e-9);
    assert!((text_width("H^{i}", 2048.0) - (1540.0 + 0.72 * 569.0)).abs() < 1e-9);
}

#[test]
fn lines_break_at_spaces_and_fit() {
    let text = "some words that do not fit into one line and anextremelylongwordthatcannotfit";
    let lines = wrap(text, 10.0, 100.0);
    assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    assert!(lines.iter().all(|line| text_width(line, 10.0) <= 100.0), "{lines:?}");
    assert!(lines.len() > 2);
}
