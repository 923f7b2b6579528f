//! What makes a digit hard to read: gaps, neighbours, stray strokes, uneven paper and noise.

use chance::Stream;

use super::canvas::{Canvas, Pen, unit};
use super::glyphs::{GLYPHS, Point};
use super::hand::{Hand, bell, curve};
use super::{MIDDLE, PIXELS, SIDE};

/// Rubs a thin line out of the digit.
pub(super) fn gap(stream: &mut Stream, centre: Point, canvas: &mut Canvas) {
    let middle = around(stream, centre, 8.0);
    let (dx, dy) = (stream.between(-6.0, 6.0), stream.between(-6.0, 6.0));
    let pen = Pen { radius: stream.between(0.3, 1.1), softness: 1.0, ink: stream.between(0.6, 1.0) };
    canvas.rub_out([middle[0] - dx, middle[1] - dy], [middle[0] + dx, middle[1] + dy], pen);
}

/// Writes another digit beside, above or below, mostly outside the picture.
pub(super) fn neighbour(stream: &mut Stream, hand: &Hand, canvas: &mut Canvas) {
    let near = if stream.below(2) == 0 { -1.0 } else { 1.0 };
    let [x, y] = hand.centre;
    let centre = if stream.below(3) < 2 {
        // However far the digit itself lies to the side, it stays the one nearer to the middle.
        let from_middle = (near * (x - MIDDLE) + stream.between(15.0, 19.0)).max(14.0);
        [MIDDLE + near * from_middle, y + stream.between(-3.0, 3.0)]
    } else {
        [x + stream.between(-3.0, 3.0), y + near * stream.between(20.0, 24.0)]
    };
    let mut other = Hand::draw(stream, centre, 0.6);
    other.pen = hand.pen;
    let forms = GLYPHS[stream.below(10) as usize];
    let form = forms[stream.below(forms.len() as u64) as usize];
    other.write(stream, form, canvas);
}

/// Draws a short bent stroke or a dot, anywhere.
pub(super) fn stray(stream: &mut Stream, canvas: &mut Canvas) {
    let start = [stream.between(-1.0, 28.0), stream.between(-1.0, 28.0)];
    let length = stream.between(0.0, 3.5);
    let middle = around(stream, start, length);
    let end = around(stream, middle, length);
    let pen = Pen {
        radius: stream.between(0.4, 1.3),
        softness: stream.between(0.9, 1.8),
        ink: stream.between(0.4, 1.0),
    };
    curve(&[start, middle, end], pen, canvas);
}

/// Rules a thin line across the whole picture, as on lined paper.
pub(super) fn rule(stream: &mut Stream, canvas: &mut Canvas) {
    let place = stream.between(1.0, 27.0);
    let tilt = 2.0 * bell(stream);
    let pen = Pen { radius: 0.3, softness: 1.0, ink: stream.between(0.35, 0.8) };
    let far = SIDE as f32;
    let (a, b) = ([-1.0, place - tilt], [far, place + tilt]);
    if stream.below(4) == 0 {
        canvas.draw([a[1], a[0]], [b[1], b[0]], pen);
    } else {
        canvas.draw(a, b, pen);
    }
}

/// Lays the ink on paper of uneven brightness, adds noise, and rounds to bytes; `severity` as for a hand.
pub(super) fn expose(stream: &mut Stream, severity: f32, canvas: &Canvas, pixels: &mut [u8; PIXELS]) {
    let paper = 0.3 * severity * stream.uniform_f32() * stream.uniform_f32();
    let contrast = (1.0 - paper) * (1.0 - unit(0.36 * severity * stream.uniform_f32()));
    let slope_x = 0.005 * severity * bell(stream);
    let slope_y = 0.005 * severity * bell(stream);
    // Two bytes less their mean vary with a standard deviation of 255 * sqrt(2 / 12) = 104.1.
    let noise = 0.06 * severity * stream.uniform_f32() / 104.1;
    let mut bytes = [0; 2 * PIXELS];
    stream.fill(&mut bytes);
    let mut grain = [0.0; PIXELS];
    for (grain, pair) in grain.iter_mut().zip(bytes.as_chunks().0) {
        let both = u16::from_le_bytes(*pair);
        *grain = ((both & 0xFF) + (both >> 8)) as f32 - 255.0;
    }
    let mut levels = [0; PIXELS];
    let rows = canvas.rows().zip(grain.chunks_exact(SIDE)).zip(levels.chunks_exact_mut(SIDE));
    for (y, ((inks, grain), levels)) in rows.enumerate() {
        let row = paper + slope_y * (y as f32 - MIDDLE);
        for (x, ((ink, grain), level)) in inks.iter().zip(grain).zip(levels).enumerate() {
            let light = row + slope_x * (x as f32 - MIDDLE);
            let value = light + contrast * ink + noise * grain;
            *level = floor(255.0 * unit(value) + 0.5);
        }
    }
    for (pixel, level) in pixels.iter_mut().zip(levels) {
        *pixel = level as u8;
    }
}

/// The greatest whole number that is not above a value from 0 to 2^22. As conversions hold what is beyond their type
/// at its edge, the compiler computes those pixel by pixel, and this in vectors.
#[inline(always)]
pub(super) fn floor(value: f32) -> u32 {
    // From 2^23 on neighbouring numbers are 1 apart, so that the sum is rounded to a whole one: its lowest bits.
    const WHOLE: f32 = 8_388_608.0;
    let nearest = value + WHOLE;
    nearest.to_bits() - WHOLE.to_bits() - u32::from(nearest - WHOLE > value)
}

/// A point of the square of half side `reach` around `centre`.
fn around(stream: &mut Stream, centre: Point, reach: f32) -> Point {
    [centre[0] + stream.between(-reach, reach), centre[1] + stream.between(-reach, reach)]
}
