//! Tests of shapes and colours.

use super::*;

#[test]
fn families_share_a_shape_and_widths_a_colour() {
    let styles =
        Styles::new(["cnn-w16-d2", "cnn-w4-d2", "cnn-w4-d3", "lenet5", "cnn-w8-d2", "cnn-w4-d2", ""]);
    let of = |net: &str| styles.of(net);
    assert_eq!(of("cnn-w4-d2").shape, of("cnn-w16-d2").shape);
    assert_ne!(of("cnn-w4-d2").shape, of("cnn-w4-d3").shape);
    assert_eq!(of("cnn-w4-d2").colour, of("cnn-w4-d3").colour);
    assert_ne!(of("cnn-w4-d2").colour, of("cnn-w8-d2").colour);
    assert_eq!(of("lenet5").colour, PLAIN_COLOUR);
    assert_eq!(styles.widths.iter().map(|(width, _)| *width).collect::<Vec<_>>(), [4, 8, 16]);
    let names: Vec<_> = styles.nets.iter().map(|(net, _)| net.as_str()).collect();
    assert_eq!(names, ["cnn-w4-d2", "cnn-w8-d2", "cnn-w16-d2", "cnn-w4-d3", "lenet5"]);
}

#[test]
fn colours_get_lighter_so_they_stay_apart_in_grey() {
    // Relative luminance by the weights of ITU-R BT.709.
    let grey = |hex: &str| {
        let channel = |from: usize| f64::from(u8::from_str_radix(&hex[from..from + 2], 16).unwrap());
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let greys: Vec<f64> = (0..6).map(|i| grey(&colour::scale(f64::from(i) / 5.0))).collect();
    assert!(greys.windows(2).all(|pair| pair[1] - pair[0] > 15.0), "{greys:?}");
    assert_eq!(colour::scale(0.0), "#440154");
    assert_eq!(colour::scale(2.0), "#7ad151");
}
