//! Anti-aliased pen strokes on a small canvas of ink.

use super::SIDE;

/// The mark that a pen leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    /// Half the thickness of the stroke, in pixels.
    pub radius: f32,
    /// Width of the edge over which the ink fades out, in pixels; positive.
    pub softness: f32,
    /// Ink at the middle of the stroke, in 0..=1.
    pub ink: f32,
}

/// Pixels of a row that are drawn together, whether the pen reaches them or not: one length for all rows lets the
/// compiler use vectors throughout.
const LANES: usize = 8;

/// Pixels of a row in memory: those of the picture, and room for lanes that hang over its right edge.
const PITCH: usize = SIDE + LANES;

/// Ink per pixel in 0..=1, row by row; the centre of pixel (x, y) is the point (x, y).
pub(super) struct Canvas {
    ink: [[f32; PITCH]; SIDE],
}

impl Canvas {
    pub(super) fn blank() -> Canvas {
        Canvas { ink: [[0.0; PITCH]; SIDE] }
    }

    /// The rows of the picture, from above.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.ink.iter().map(|row| &row[..SIDE])
    }

    /// Draws the segment from `a` to `b`; where strokes overlap, the darker one counts.
    pub(super) fn draw(&mut self, a: [f32; 2], b: [f32; 2], pen: Pen) {
        self.touch(a, b, pen, |ink, mark| if mark > ink { mark } else { ink });
    }

    /// Rubs ink out along the segment from `a` to `b`; `pen.ink` is the share that goes.
    pub(super) fn rub_out(&mut self, a: [f32; 2], b: [f32; 2], pen: Pen) {
        self.touch(a, b, pen, |ink, mark| ink * (1.0 - mark));
    }

    /// Combines the ink near a segment with the mark of a pen, by distance to the segment; a mark of 0 must leave
    /// the ink as it is.
    #[inline(always)]
    fn touch(&mut self, a: [f32; 2], b: [f32; 2], pen: Pen, combine: impl Fn(f32, f32) -> f32) {
        let reach = pen.radius + 0.5 * pen.softness;
        let (left, right) = span(a[0], b[0], reach);
        let (top, bottom) = span(a[1], b[1], reach);
        let (along_x, along_y) = (b[0] - a[0], b[1] - a[1]);
        // A segment without length is a dot: every pixel's nearest point is then `a`.
        let inverse = 1.0 / at_least(along_x * along_x + along_y * along_y, 1e-12);
        let edge = 1.0 / pen.softness;
        for y in top..bottom {
            let dy = y as f32 - a[1];
            for first in (left..right).step_by(LANES) {
                let Some(inks) = self.ink[y][first..].first_chunk_mut::<LANES>() else { break };
                for (lane, ink) in inks.iter_mut().enumerate() {
                    let dx = (first as f32 + lane as f32) - a[0];
                    let t = unit((dx * along_x + dy * along_y) * inverse);
                    let (rest_x, rest_y) = (dx - t * along_x, dy - t * along_y);
                    let distance = (rest_x * rest_x + rest_y * rest_y).sqrt();
                    *ink = combine(*ink, pen.ink * unit((reach - distance) * edge));
                }
            }
        }
    }
}

/// The pixels first..end of one axis that lie within `reach` of the interval between `a` and `b`.
fn span(a: f32, b: f32, reach: f32) -> (usize, usize) {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    // Conversion cuts off; what is below 0 or beyond the picture is held at its edge.
    let pixel = |place: f32| (place as i32).clamp(0, SIDE as i32) as usize;
    let first = pixel(low - reach + 1.0);
    (first, pixel(high + reach + 1.0).max(first))
}

/// The greater of the two; unlike `f32::max` one instruction, as there are no NaNs here.
#[inline(always)]
fn at_least(value: f32, low: f32) -> f32 {
    if value > low { value } else { low }
}

/// The value held in 0..=1.
#[inline(always)]
pub(super) fn unit(value: f32) -> f32 {
    let positive = if value > 0.0 { value } else { 0.0 };
    if positive < 1.0 { positive } else { 1.0 }
}
