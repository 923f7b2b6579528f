//! How one digit is written: slant, size, wobble and pen, drawn at random and applied to a skeleton.

use chance::Stream;

use super::canvas::{Canvas, Pen};
use super::glyphs::{Glyph, MAX_POINTS, Point};

/// Straight pieces by which a curve between two points of a skeleton is drawn.
const PIECES: usize = 3;

/// One smooth wave of displacement: `amplitude * sin(frequency . p + phase)`.
#[derive(Clone, Copy, Debug)]
struct Wave {
    amplitude: [f32; 2],
    frequency: [f32; 2],
    phase: f32,
}

/// One way of writing, from the skeleton's units to pixels.
#[derive(Clone, Debug)]
pub(super) struct Hand {
    /// Linear map, row by row, in pixels per unit.
    matrix: [[f32; 2]; 2],
    /// Where the skeleton's (0, 0) comes to lie, in pixels.
    pub centre: Point,
    waves: [Wave; 2],
    /// Size of the independent jitter of every point, in units.
    jitter: f32,
    pub pen: Pen,
}

impl Hand {
    /// A random hand around `centre`; `severity` 0 writes like a copybook, 1 badly, 2 often illegibly.
    pub(super) fn draw(stream: &mut Stream, centre: Point, severity: f32) -> Hand {
        // Bent further than this, digits turn into one another; moved or soiled they stay what they are.
        let bend = severity.min(1.2);
        let angle = 0.2 * bend * bell(stream);
        let shear = -0.1 + 0.15 * bend * bell(stream);
        let height = stream.between(16.5, 21.0) * (1.0 - 0.08 * severity * stream.uniform_f32());
        let width = height * (1.0 + 0.11 * bend * bell(stream));
        let (sine, cosine) = (libm::sinf(angle), libm::cosf(angle));
        let matrix = [
            [width * cosine, width * shear * cosine - height * sine],
            [width * sine, width * shear * sine + height * cosine],
        ];
        // Bounded, so that no digit leaves the picture.
        let centre = [
            centre[0] + (2.2 * severity * bell(stream)).clamp(-5.5, 5.5),
            centre[1] + (1.7 * severity * bell(stream)).clamp(-3.5, 3.5),
        ];
        let waves = [Wave::draw(stream, 0.042 * bend), Wave::draw(stream, 0.034 * bend)];
        let jitter = 0.017 * bend;
        // Thin against the height, or the loops would fill up.
        let radius = height * stream.between(0.032, 0.072);
        let pen = Pen { radius, softness: stream.between(0.9, 1.8), ink: 1.0 };
        Hand { matrix, centre, waves, jitter, pen }
    }

    /// Writes a skeleton; pressure and thickness vary from stroke to stroke.
    pub(super) fn write(&self, stream: &mut Stream, glyph: Glyph, canvas: &mut Canvas) {
        for stroke in glyph {
            let pen = Pen {
                radius: self.pen.radius * stream.between(0.85, 1.15),
                ink: self.pen.ink * stream.between(0.75, 1.0),
                ..self.pen
            };
            let mut points = [[0.0; 2]; MAX_POINTS];
            for (place, &point) in points.iter_mut().zip(stroke.iter()) {
                *place = self.place(stream, point);
            }
            curve(&points[..stroke.len()], pen, canvas);
        }
    }

    /// Where a point of the skeleton comes to lie, in pixels.
    fn place(&self, stream: &mut Stream, point: Point) -> Point {
        let mut x = point[0] + self.jitter * bell(stream);
        let mut y = point[1] + self.jitter * bell(stream);
        for wave in &self.waves {
            let value = libm::sinf(wave.frequency[0] * point[0] + wave.frequency[1] * point[1] + wave.phase);
            x += wave.amplitude[0] * value;
            y += wave.amplitude[1] * value;
        }
        let [row_x, row_y] = self.matrix;
        [self.centre[0] + row_x[0] * x + row_x[1] * y, self.centre[1] + row_y[0] * x + row_y[1] * y]
    }
}

impl Wave {
    /// A wave of half a period to one and a half over the height of a digit.
    fn draw(stream: &mut Stream, size: f32) -> Wave {
        Wave {
            amplitude: [size * bell(stream), size * bell(stream)],
            frequency: [stream.between(-8.0, 8.0), stream.between(3.0, 9.0)],
            phase: stream.between(0.0, core::f32::consts::TAU),
        }
    }
}

/// Draws a Catmull-Rom spline through the points, in straight pieces.
pub(super) fn curve(points: &[Point], pen: Pen, canvas: &mut Canvas) {
    let last = points.len().saturating_sub(1);
    let pieces = if last == 1 { 1 } else { PIECES };
    for i in 0..last {
        let (from, to) = (points[i], points[i + 1]);
        let (before, after) = (points[i.saturating_sub(1)], points[(i + 2).min(last)]);
        let mut start = from;
        for piece in 1..=pieces {
            let t = piece as f32 / pieces as f32;
            let end = [0, 1].map(|axis| catmull_rom([before[axis], from[axis], to[axis], after[axis]], t));
            canvas.draw(start, end, pen);
            start = end;
        }
    }
}

/// The cubic through `p[1]` (t = 0) and `p[2]` (t = 1) with slopes (p[2] - p[0]) / 2 and (p[3] - p[1]) / 2
/// (Catmull and Rom, "A class of local interpolating splines", 1974).
pub(super) fn catmull_rom(p: [f32; 4], t: f32) -> f32 {
    let linear = p[2] - p[0];
    let square = 2.0 * p[0] - 5.0 * p[1] + 4.0 * p[2] - p[3];
    let cube = 3.0 * (p[1] - p[2]) + p[3] - p[0];
    p[1] + 0.5 * t * (linear + t * (square + t * cube))
}

/// A bell curve of mean 0 and variance 1 that stays within -3..=3: three uniform numbers added up
/// (variance 3/12, hence the factor 2). Its bounds keep the worst digit legible.
pub(super) fn bell(stream: &mut Stream) -> f32 {
    2.0 * (stream.uniform_f32() + stream.uniform_f32() + stream.uniform_f32() - 1.5)
}
