//! Convolution as it is defined, in groups or without, on random ragged shapes.

use proptest::prelude::*;
use proptest::sample::select;

use super::guarded::Guarded;
use super::{Beside, Numbers, activation, at, each_pixel};
use crate::convolution::{Planes, Window};
use crate::plane::Plane;

/// What a random convolution is made from.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) window: Window,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) groups: usize,
    /// Input channels of a group.
    pub(crate) inputs: usize,
    /// Filters of a group.
    pub(crate) outputs: usize,
    /// Borders beyond what is needed: of x, y, dy and dx.
    pub(crate) borders: [usize; 4],
    /// Whether the pixels of x follow each other without padding, as those of images do.
    pub(crate) dense: bool,
    pub(crate) images: usize,
    /// Images planned for beyond those there are.
    pub(crate) room: usize,
    pub(crate) seed: u64,
}

/// Windows of all kinds, and sizes that leave pixels over.
pub(crate) fn cases(channels: impl Strategy<Value = [usize; 3]>) -> impl Strategy<Value = Case> {
    let windows = (select(&[1usize, 2, 3, 3, 4, 5, 7][..]), 1usize..=3, 1usize..=2).prop_flat_map(
        |(kernel, stride, dilation)| {
            (0..kernel + 2).prop_map(move |padding| Window { kernel, stride, padding, dilation })
        },
    );
    let border = || 0usize..3;
    let borders = [border(), border(), border(), border()];
    let rest = (borders, any::<bool>(), 1usize..4, 0usize..3, any::<u64>());
    // Beyond the smallest image that has an output at all, which comes up as often as not.
    let more = || prop_oneof![Just(0), 0usize..9];
    (windows, more(), more(), channels, rest).prop_map(|(window, height, width, channels, rest)| {
        let reach = (window.kernel - 1) * window.dilation + 1;
        let least = reach.saturating_sub(2 * window.padding).max(1);
        let ([groups, inputs, outputs], (borders, dense, images, room, seed)) = (channels, rest);
        let (height, width) = (least + height, least + width);
        Case { window, height, width, groups, inputs, outputs, borders, dense, images, room, seed }
    })
}

impl Case {
    pub(crate) fn planes(&self) -> Planes {
        let Window { kernel, stride, padding, dilation } = self.window;
        let windows = |size: usize| (size + 2 * padding - (kernel - 1) * dilation - 1) / stride + 1;
        let (rows, columns) = (windows(self.height), windows(self.width));
        let (inputs, outputs) = (self.groups * self.inputs, self.groups * self.outputs);
        let needed = self.dy_border();
        let mut x = Plane::new(self.height, self.width, inputs, padding + self.borders[0]);
        if self.dense {
            x.stride = inputs;
        }
        Planes {
            x,
            y: Plane::new(rows, columns, outputs, self.borders[1]),
            dy: Plane::new(rows, columns, outputs, needed + self.borders[2]),
            dx: Some(Plane::new(self.height, self.width, inputs, self.borders[3])),
        }
    }

    /// Border that the gradient of the output needs, by trying every window near the image.
    pub(crate) fn dy_border(&self) -> usize {
        let over = |size| overhang(self.window, size);
        over(self.height).max(over(self.width))
    }

    /// Kernels as PyTorch has them: `[output][input of the group][ky][kx]`.
    pub(crate) fn weights_len(&self) -> usize {
        self.groups * self.outputs * self.inputs * self.window.kernel * self.window.kernel
    }

    /// Inputs that are zero where the window needs it, and NaN wherever else there is no channel or no pixel.
    pub(crate) fn x(&self, value: impl FnMut() -> f32) -> Guarded<f32> {
        let beside = Beside { zeros: self.window.padding, spare: f32::NAN, room: self.room };
        activation(self.planes().x, self.images, beside, value)
    }

    /// The gradient of outputs, that is zero in so many pixels of the border and in lanes without a channel.
    pub(crate) fn dy(&self, zeros: usize, numbers: &mut Numbers) -> Guarded<f32> {
        let beside = Beside { zeros, spare: 0.0, room: self.room };
        activation(self.planes().dy, self.images, beside, || numbers.unit())
    }

    /// Calls for every product: place in the plane `y`, place in the plane `x`, place in the kernels.
    pub(crate) fn each_product(&self, x: Plane, y: Plane, mut call: impl FnMut(usize, usize, usize)) {
        let Window { kernel, stride, padding, dilation } = self.window;
        let pixel = |index: usize, tap: usize, size: usize| {
            let from = (index * stride + tap * dilation) as isize - padding as isize;
            (0..size as isize).contains(&from).then_some(from as usize)
        };
        each_pixel(y, self.images, |image, to| {
            for tap in 0..kernel * kernel {
                let row = pixel(to[0], tap / kernel, self.height);
                let column = pixel(to[1], tap % kernel, self.width);
                let (Some(row), Some(column)) = (row, column) else { continue };
                for filter in 0..self.groups * self.outputs {
                    for input in 0..self.inputs {
                        let channel = filter / self.outputs * self.inputs + input;
                        let weight = (filter * self.inputs + input) * kernel * kernel + tap;
                        call(at(y, image, to, filter), at(x, image, [row, column], channel), weight);
                    }
                }
            }
        });
    }

    /// Products of the images, each counted.
    pub(crate) fn macs(&self) -> u64 {
        let Planes { x, y, .. } = self.planes();
        let mut macs = 0;
        self.each_product(x, y, |_, _, _| macs += 1);
        macs
    }
}

/// Windows beyond the first or last along an axis, that touch one of `size` pixels with a tap.
pub(crate) fn overhang(window: Window, size: usize) -> usize {
    let Window { kernel, stride, padding, dilation } = window;
    let reach = ((kernel - 1) * dilation) as isize;
    let last = (size as isize + 2 * padding as isize - reach - 1) / stride as isize;
    let far = size as isize + reach + padding as isize;
    let touches = |window: isize| {
        let from = window * stride as isize - padding as isize;
        (0..kernel).any(|tap| (0..size as isize).contains(&(from + (tap * dilation) as isize)))
    };
    let over = (-far..=far).filter(|&window| touches(window)).map(|window| (-window).max(window - last));
    over.max().unwrap_or(0).max(0) as usize
}
