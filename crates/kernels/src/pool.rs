//! Pooling of any window with its gradient, and the global mean, in plain loops: no preset spends its time here.

use crate::lanes::{check, check_alike, row_start};
use crate::plane::Plane;

/// A square pooling window in pixels; padding never wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolWindow {
    /// Side.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Pixels added on every side.
    pub padding: usize,
}

impl PoolWindow {
    /// The pixels, of `side` along an axis, that window `index` covers; and how many of its own lie before them.
    fn span(self, index: usize, side: usize) -> std::ops::Range<usize> {
        let start = index * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel).saturating_sub(self.padding).min(side)
    }
}

/// Maximum over the pixels of each window, which may hang over every edge, but not wholly; `index` takes the winner's
/// place in its image for each output value, lanes without a channel included; of equal ones the first wins, and a
/// NaN over all, so that a diverged run is seen.
///
/// # Panics
/// When a slice is too short, the pixels of the planes are not alike, or a window has no pixel.
pub fn max_pool(
    window: PoolWindow,
    images: usize,
    x: (Plane, &[f32]),
    out: (Plane, &mut [f32]),
    index: &mut [u32],
) {
    let ((from, x), (to, out)) = (x, out);
    check(from, images, x.len());
    check(to, images, out.len());
    assert!(from.stride == to.stride, "{from:?} and {to:?} have not the same pixels");
    let has_pixels = |windows: usize, side: usize| !window.span(windows.max(1) - 1, side).is_empty();
    assert!(
        window.padding < window.kernel
            && has_pixels(to.height, from.height)
            && has_pixels(to.width, from.width),
        "a {window:?} of {to:?} has no pixel of {from:?}"
    );
    let mut mark = 0;
    for image in 0..images {
        for row in 0..to.height {
            for column in 0..to.width {
                for lane in 0..to.stride {
                    let (rows, columns) = (window.span(row, from.height), window.span(column, from.width));
                    let place = |row: usize, column: usize| from.place(row as isize, column as isize) + lane;
                    let mut best = place(rows.start, columns.start);
                    for row in rows {
                        for column in columns.clone() {
                            let value = x[image * from.values() + place(row, column)];
                            if value > x[image * from.values() + best] || value.is_nan() {
                                best = place(row, column);
                            }
                        }
                    }
                    out[row_start(to, image, row) + column * to.stride + lane] =
                        x[image * from.values() + best];
                    index[mark] = best as u32;
                    mark += 1;
                }
            }
        }
    }
}

/// Adds the gradient of a maximum to the pixels that won; `dx` has the plane that `x` had in [`max_pool`] but for
/// its border.
///
/// # Panics
/// When a slice is too short, or `x` and `dx` have not the same pixels.
pub fn max_pool_gradient(
    images: usize,
    x: Plane,
    gradient: (Plane, &[f32]),
    index: &[u32],
    dx: (Plane, &mut [f32]),
) {
    let ((from, gradient), (to, dx)) = (gradient, dx);
    check(from, images, gradient.len());
    check(to, images, dx.len());
    check_alike(x, to);
    assert!(index.len() >= images * from.height * from.width * from.stride, "index too short");
    let mut marks = index.iter();
    for image in 0..images {
        for row in 0..from.height {
            let start = row_start(from, image, row);
            let row = &gradient[start..start + from.width * from.stride];
            for (&g, &mark) in row.iter().zip(&mut marks) {
                let (pixel_row, rest) = (mark as usize / x.row(), mark as usize % x.row());
                let (column, lane) = (rest / x.stride - x.border, rest % x.stride);
                dx[row_start(to, image, pixel_row - x.border) + column * to.stride + lane] += g;
            }
        }
    }
}

/// Mean over height and width, into planes of one pixel.
///
/// # Panics
/// When a slice is too short, or `out` is not one pixel like those of `x`.
pub fn global_mean(images: usize, x: (Plane, &[f32]), out: (Plane, &mut [f32])) {
    let ((from, x), (to, out)) = (x, out);
    check(from, images, x.len());
    check(to, images, out.len());
    check_alike(Plane { height: 1, width: 1, ..from }, to);
    let share = 1.0 / (from.height * from.width) as f32;
    for image in 0..images {
        let out = &mut out[row_start(to, image, 0)..][..to.stride];
        out.fill(0.0);
        for row in 0..from.height {
            let start = row_start(from, image, row);
            for pixel in x[start..start + from.width * from.stride].chunks_exact(from.stride) {
                out.iter_mut().zip(pixel).for_each(|(out, &x)| *out += x);
            }
        }
        out.iter_mut().for_each(|out| *out *= share);
    }
}

/// The gradient of [`global_mean`], stored or added.
///
/// # Panics
/// When a slice is too short, or the gradient is not one pixel like those of `dx`.
pub fn global_mean_gradient(images: usize, gradient: (Plane, &[f32]), add: bool, dx: (Plane, &mut [f32])) {
    let ((from, gradient), (to, dx)) = (gradient, dx);
    check(from, images, gradient.len());
    check(to, images, dx.len());
    check_alike(Plane { height: 1, width: 1, ..to }, from);
    let share = 1.0 / (to.height * to.width) as f32;
    for image in 0..images {
        let gradient = &gradient[row_start(from, image, 0)..][..from.stride];
        for row in 0..to.height {
            let start = row_start(to, image, row);
            for pixel in dx[start..start + to.width * to.stride].chunks_exact_mut(to.stride) {
                for (dx, &g) in pixel.iter_mut().zip(gradient) {
                    *dx = if add { *dx + g * share } else { g * share };
                }
            }
        }
    }
}

/// Copies `channels` channels of every pixel from channel `from_lane` of `x` to channel `to_lane` of `out`, or adds
/// them.
///
/// # Panics
/// When a slice is too short, or a plane has not these pixels or channels.
pub fn copy_channels(
    images: usize,
    channels: usize,
    x: (Plane, &[f32], usize),
    out: (Plane, &mut [f32], usize),
    add: bool,
) {
    let ((from, x, from_lane), (to, out, to_lane)) = (x, out);
    check(from, images, x.len());
    check(to, images, out.len());
    assert!(
        (from.height, from.width) == (to.height, to.width)
            && from_lane + channels <= from.stride
            && to_lane + channels <= to.stride,
        "{channels} channels from {from_lane} of {from:?} to {to_lane} of {to:?}"
    );
    for image in 0..images {
        for row in 0..from.height {
            let (start, end) = (row_start(from, image, row), row_start(to, image, row));
            for column in 0..from.width {
                let x = &x[start + column * from.stride + from_lane..][..channels];
                let out = &mut out[end + column * to.stride + to_lane..][..channels];
                out.iter_mut().zip(x).for_each(|(out, &x)| *out = if add { *out + x } else { x });
            }
        }
    }
}

#[cfg(test)]
mod tests;
