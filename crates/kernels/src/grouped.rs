//! Convolution in groups, depthwise included, in plain loops: correct, not fast.

use crate::convolution::{Planes, Window};

/// A convolution whose input channels and filters fall into independent groups; weights are OIHW: `[filter][input channel
/// of the group][row][column]`. Only real pixels are read, so that no plane needs a border.
#[derive(Clone, Copy, Debug)]
pub struct Grouped {
    window: Window,
    planes: Planes,
    groups: usize,
}

impl Grouped {
    /// A convolution in so many groups.
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    #[must_use]
    pub fn new(window: Window, planes: Planes, groups: usize) -> Grouped {
        let divides = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        assert!(divides(planes.x.channels) && divides(planes.y.channels), "{groups} groups of {planes:?}");
        Grouped { window, planes, groups }
    }

    /// Values of the weights, in the order OIHW.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        let window = self.window.kernel * self.window.kernel;
        self.planes.y.channels * (self.planes.x.channels / self.groups) * window
    }

    /// Multiply-accumulates of the forward pass on `images` images, and of either gradient.
    #[must_use]
    pub fn executed_macs(&self, images: usize) -> u64 {
        (images * self.planes.y.height * self.planes.y.width * self.weights_len()) as u64
    }

    /// Calls `visit(place in y, place in x, place in the weights)` for every product of one image, with places of
    /// row, column and channel.
    fn products(&self, mut visit: impl FnMut([usize; 3], [usize; 3], usize)) {
        let (x, y) = (self.planes.x, self.planes.y);
        let Window { kernel, stride, padding, dilation } = self.window;
        let (inputs, outputs) = (x.channels / self.groups, y.channels / self.groups);
        let within = |index: usize, tap: usize, side: usize| {
            (index * stride + tap * dilation).checked_sub(padding).filter(|&pixel| pixel < side)
        };
        for filter in 0..y.channels {
            for row in 0..y.height {
                for column in 0..y.width {
                    for tap in 0..kernel * kernel {
                        let pixel_row = within(row, tap / kernel, x.height);
                        let (Some(pixel_row), Some(pixel_column)) =
                            (pixel_row, within(column, tap % kernel, x.width))
                        else {
                            continue;
                        };
                        for input in 0..inputs {
                            let channel = filter / outputs * inputs + input;
                            let weight = (filter * inputs + input) * kernel * kernel + tap;
                            visit([row, column, filter], [pixel_row, pixel_column, channel], weight);
                        }
                    }
                }
            }
        }
    }

    /// y = bias + x * weights for the first `images` images; the bias has one value a lane of `y`.
    ///
    /// # Panics
    /// When a slice is too short; so do the gradients.
    pub fn forward(&self, images: usize, x: &[f32], weights: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let planes = self.planes;
        for image in 0..images {
            for row in 0..planes.y.height {
                for column in 0..planes.y.width {
                    let to = image * planes.y.values() + planes.y.place(row as isize, column as isize);
                    for lane in 0..planes.y.stride {
                        y[to + lane] = bias.map_or(0.0, |bias| bias[lane]);
                    }
                }
            }
            let (x, y) = (&x[image * planes.x.values()..], &mut y[image * planes.y.values()..]);
            self.products(|to, from, weight| {
                let to = planes.y.place(to[0] as isize, to[1] as isize) + to[2];
                y[to] += x[planes.x.place(from[0] as isize, from[1] as isize) + from[2]] * weights[weight];
            });
        }
    }

    /// Adds to `sum` the gradient of the weights from the first `images` images, or begins it.
    pub fn weight_gradient(&self, images: usize, x: &[f32], dy: &[f32], begin: bool, sum: &mut [f32]) {
        let planes = self.planes;
        if begin {
            sum.fill(0.0);
        }
        for image in 0..images {
            let (x, dy) = (&x[image * planes.x.values()..], &dy[image * planes.dy.values()..]);
            self.products(|at, from, weight| {
                let g = dy[planes.dy.place(at[0] as isize, at[1] as isize) + at[2]];
                sum[weight] += g * x[planes.x.place(from[0] as isize, from[1] as isize) + from[2]];
            });
        }
    }

    /// The gradient of the input for the first `images` images, stored or added; nothing where none is planned.
    pub fn input_gradient(&self, images: usize, dy: &[f32], weights: &[f32], add: bool, dx: &mut [f32]) {
        let planes = self.planes;
        let Some(to) = planes.dx else { return };
        for image in 0..images {
            let dx = &mut dx[image * to.values()..];
            if !add {
                for row in 0..to.height {
                    dx[to.place(row as isize, 0)..][..to.width * to.stride].fill(0.0);
                }
            }
            let dy = &dy[image * planes.dy.values()..];
            self.products(|at, from, weight| {
                let g = dy[planes.dy.place(at[0] as isize, at[1] as isize) + at[2]];
                dx[to.place(from[0] as isize, from[1] as isize) + from[2]] += g * weights[weight];
            });
        }
    }
}

#[cfg(test)]
mod tests;
