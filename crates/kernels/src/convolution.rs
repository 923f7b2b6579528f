//! Direct convolution on planes: forward, gradient of the input and of the weights, each one product of tables.

use std::ops::Range;

use crate::blocks::blocks;
use crate::isa::Isa;
use crate::plane::{Plane, padded};
use crate::product::{Product, Row, Start, Term, place};
use crate::tiles::executed_rows;

/// Pixels that the weight gradient takes at once, so that both operands stay near the processor.
const PIXELS_AT_ONCE: usize = 128;

/// A square window: its side, step, zero padding and the distance between its taps, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Taps along each axis.
    pub kernel: usize,
    /// Pixels between windows.
    pub stride: usize,
    /// Zero pixels on every side.
    pub padding: usize,
    /// Pixels between taps.
    pub dilation: usize,
}

/// Where the four activations of a convolution lie.
#[derive(Clone, Copy, Debug)]
pub struct Planes {
    /// Input; its border is at least the padding.
    pub x: Plane,
    /// Output.
    pub y: Plane,
    /// Gradient of the output; its border at least [`Window::gradient_border`].
    pub dy: Plane,
    /// Gradient of the input, where it is needed.
    pub dx: Option<Plane>,
}

/// A convolution without groups between planes of fixed shape, for up to so many images at once.
///
/// Weights are packed for the forward pass: blocks of filters as [`blocks`] cuts them, each `[tap][lane]` with taps
/// in the order (row, column, real input channel). Activations are slices that begin with the first image and have
/// room for all that are planned, one [`Plane::values`] after the other. Weights, biases and gradients of outputs
/// must be zero in lanes without a channel, as then results are; borders of results are left as they are.
#[derive(Clone, Debug)]
pub struct Convolution {
    isa: Isa,
    window: Window,
    planes: Planes,
    images: usize,
    out_blocks: Vec<Range<usize>>,
    in_blocks: Vec<Range<usize>>,
    /// One table for each width of block, as the places of weights depend on it.
    forward: Vec<Product>,
    weights: Vec<Product>,
    /// For each width of block, one for each way that windows can lie over an input pixel.
    input: Vec<Vec<Product>>,
}

impl Window {
    /// Border in pixels that the gradient of the output needs for the gradient of an input of `size` pixels along an axis.
    #[must_use]
    pub fn gradient_border(self, size: usize, output: usize) -> usize {
        let reach = (0..size).flat_map(|pixel| self.hits(pixel).map(move |(_, window)| window));
        let over = |window: isize| (-window).max(window - (output as isize - 1)).max(0);
        reach.map(over).max().unwrap_or(0) as usize
    }

    /// Taps that touch an input pixel, along one axis, and the window (maybe outside) that each belongs to.
    fn hits(self, pixel: usize) -> impl Iterator<Item = (usize, isize)> {
        (0..self.kernel).filter_map(move |tap| {
            let from = (pixel + self.padding) as isize - (tap * self.dilation) as isize;
            let stride = self.stride as isize;
            (from.rem_euclid(stride) == 0).then(|| (tap, from.div_euclid(stride)))
        })
    }
}

impl Planes {
    /// # Panics
    /// When the planes do not fit each other or the window.
    fn check(&self, window: Window) {
        let Planes { x, y, dy, dx } = *self;
        let reach = (window.kernel - 1) * window.dilation + 1;
        for (from, to) in [(x.height, y.height), (x.width, y.width)] {
            let room = (from + 2 * window.padding).checked_sub(reach);
            let windows = room.map_or(0, |room| room / window.stride + 1);
            assert!(to == windows, "{window:?} does not lead from {x:?} to {y:?}");
        }
        assert!(window.padding <= x.border, "{x:?} has no border for {window:?}");
        let shape = |plane: Plane| (plane.height, plane.width, plane.channels);
        let holds_vectors = |plane: Plane| plane.stride >= padded(plane.channels);
        assert!(shape(y) == shape(dy) && holds_vectors(y) && holds_vectors(dy), "{y:?} and {dy:?}");
        if let Some(dx) = dx {
            assert!(shape(x) == shape(dx) && holds_vectors(dx), "{x:?} and {dx:?}");
            let border = |from, to| window.gradient_border(from, to);
            let border = border(x.height, y.height).max(border(x.width, y.width));
            assert!(border <= dy.border, "{dy:?} has no border of {border} for {window:?}");
        }
    }
}

impl Convolution {
    /// Plans a convolution for up to `images` images at once.
    ///
    /// # Panics
    /// When the window does not lead from `x` to `y`, a border is too thin, or a gradient has another shape than its
    /// values.
    #[must_use]
    pub fn new(isa: Isa, window: Window, planes: Planes, images: usize) -> Convolution {
        planes.check(window);
        let out_blocks = blocks(isa, planes.y.channels);
        let in_blocks = planes.dx.map_or(Vec::new(), |dx| blocks(isa, dx.channels));
        let mut convolution = Convolution {
            isa,
            window,
            planes,
            images,
            forward: Vec::new(),
            weights: Vec::new(),
            input: Vec::new(),
            out_blocks,
            in_blocks,
        };
        for &lanes in isa.block_widths() {
            let images = |blocks: &[Range<usize>]| {
                if blocks.iter().any(|block| block.len() == lanes) { images } else { 0 }
            };
            let (outputs, inputs) = (images(&convolution.out_blocks), images(&convolution.in_blocks));
            convolution.forward.push(convolution.forward_table(lanes, outputs));
            convolution.weights.push(convolution.weight_table(lanes, outputs));
            convolution
                .input
                .push(planes.dx.map_or(Vec::new(), |dx| convolution.input_tables(lanes, inputs, dx)));
        }
        convolution
    }

    fn table(&self, block: &Range<usize>) -> usize {
        self.isa.block_widths().iter().position(|&width| width == block.len()).unwrap_or(0)
    }

    /// Taps of the window, with all real input channels of each.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.window.kernel * self.window.kernel * self.planes.x.channels
    }

    /// Values of the packed weights.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        self.taps() * self.planes.y.stride
    }

    /// Values of the weights packed for the gradient of the input.
    #[must_use]
    pub fn back_len(&self) -> usize {
        let lanes = self.planes.dx.map_or(0, |dx| dx.stride);
        self.window.kernel * self.window.kernel * self.planes.y.channels * lanes
    }

    /// The upper left pixel of each window in `x`, image after image.
    fn windows(&self, images: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let Planes { x, y, .. } = self.planes;
        let Window { stride, padding, .. } = self.window;
        (0..images * y.height * y.width).map(move |pixel| {
            let (image, rest) = (pixel / (y.height * y.width), pixel % (y.height * y.width));
            let (row, column) = (rest / y.width, rest % y.width);
            let at = |index: usize| (index * stride) as isize - padding as isize;
            (image * x.values() + x.place(at(row), at(column)), image, row, column)
        })
    }

    /// Place of each tap relative to its window.
    fn tap_places(&self) -> impl Iterator<Item = usize> {
        let Planes { x, .. } = self.planes;
        let Window { kernel, dilation, .. } = self.window;
        (0..kernel * kernel * x.channels).map(move |tap| {
            let (pixel, channel) = (tap / x.channels, tap % x.channels);
            let (row, column) = (pixel / kernel * dilation, pixel % kernel * dilation);
            row * x.row() + column * x.stride + channel
        })
    }

    fn forward_table(&self, lanes: usize, images: usize) -> Product {
        let y = self.planes.y;
        let rows = self.windows(images).map(|(from, image, row, column)| Row {
            a: place(from),
            c: place(image * y.values() + y.place(row as isize, column as isize)),
        });
        let terms = self.tap_places().enumerate();
        let terms = terms.map(|(tap, from)| Term { a: place(from), b: place(tap * lanes) });
        Product::new(rows.collect(), terms.collect())
    }

    fn weight_table(&self, lanes: usize, images: usize) -> Product {
        let dy = self.planes.dy;
        let rows = self.tap_places().enumerate();
        let rows = rows.map(|(tap, from)| Row { a: place(from), c: place(tap * lanes) });
        let terms = self.windows(images).map(|(from, image, row, column)| Term {
            a: place(from),
            b: place(image * dy.values() + dy.place(row as isize, column as isize)),
        });
        Product::new(rows.collect(), terms.collect())
    }

    fn input_tables(&self, lanes: usize, images: usize, dx: Plane) -> Vec<Product> {
        let stride = self.window.stride;
        let ways = 0..stride * stride;
        ways.map(|way| self.input_table(lanes, images, dx, (way / stride, way % stride))).collect()
    }

    /// The input pixels that are `first` or a multiple of the stride further: the same taps touch them all.
    fn input_table(&self, lanes: usize, images: usize, dx: Plane, first: (usize, usize)) -> Product {
        let dy = self.planes.dy;
        let Window { kernel, stride, .. } = self.window;
        let rows_of: Vec<(usize, isize)> = self.window.hits(first.0).collect();
        let columns_of: Vec<(usize, isize)> = self.window.hits(first.1).collect();
        let least = |hits: &[(usize, isize)]| hits.iter().map(|&(_, window)| window).min().unwrap_or(0);
        let (top, left) = (least(&rows_of), least(&columns_of));
        let mut rows = Vec::new();
        for image in 0..images {
            for row in (first.0..dx.height).step_by(stride) {
                for column in (first.1..dx.width).step_by(stride) {
                    let at = |pixel: usize, first: usize| ((pixel - first) / stride) as isize;
                    let a = if rows_of.is_empty() || columns_of.is_empty() {
                        0
                    } else {
                        image * dy.values() + dy.place(at(row, first.0) + top, at(column, first.1) + left)
                    };
                    let c = image * dx.values() + dx.place(row as isize, column as isize);
                    rows.push(Row { a: place(a), c: place(c) });
                }
            }
        }
        let mut terms = Vec::new();
        for &(tap_row, window_row) in &rows_of {
            for &(tap_column, window_column) in &columns_of {
                let from =
                    (window_row - top) as usize * dy.row() + (window_column - left) as usize * dy.stride;
                for channel in 0..dy.channels {
                    let weight = (tap_row * kernel + tap_column) * dy.channels + channel;
                    terms.push(Term { a: place(from + channel), b: place(weight * lanes) });
                }
            }
        }
        Product::new(rows, terms)
    }

    /// y = bias + x * weights for the first `images` images; the bias has one value a lane of `y`.
    ///
    /// # Panics
    /// When a slice is too short, or more images are asked for than planned; so do the gradients.
    pub fn forward(&self, images: usize, x: &[f32], weights: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let rows = images * self.planes.y.height * self.planes.y.width;
        for block in &self.out_blocks {
            let weights = &weights[block.start * self.taps()..];
            let start = bias.map_or(Start::Zero, |bias| Start::Bias(&bias[block.clone()]));
            let table = &self.forward[self.table(block)];
            table.run(self.isa, block.len(), rows, (x, weights), &mut y[block.start..], start);
        }
    }

    /// Adds to `sum` the gradient of the packed weights from the first `images` images, of which there is at least
    /// one, or begins it.
    ///
    /// Its bits do not depend on how images are spread over calls, as long as they come in order.
    pub fn weight_gradient(&self, images: usize, x: &[f32], dy: &[f32], begin: bool, sum: &mut [f32]) {
        let pixels = images * self.planes.y.height * self.planes.y.width;
        for start in (0..pixels).step_by(PIXELS_AT_ONCE) {
            let terms = start..(start + PIXELS_AT_ONCE).min(pixels);
            let first = if begin && start == 0 { Start::Zero } else { Start::Add };
            for block in &self.out_blocks {
                let sum = &mut sum[block.start * self.taps()..block.end * self.taps()];
                let table = &self.weights[self.table(block)];
                let operands = (x, &dy[block.start..]);
                table.run_terms(self.isa, block.len(), self.taps(), terms.clone(), operands, sum, first);
            }
        }
    }

    /// The gradient of the input from weights packed by [`Convolution::pack_back`], stored or added; the border of `dy`
    /// must be zero as far as [`Window::gradient_border`].
    pub fn input_gradient(&self, images: usize, dy: &[f32], back: &[f32], add: bool, dx: &mut [f32]) {
        let taps = self.window.kernel * self.window.kernel * self.planes.y.channels;
        let start = if add { Start::Add } else { Start::Zero };
        for block in &self.in_blocks {
            let back = &back[block.start * taps..];
            for table in &self.input[self.table(block)] {
                let rows = table.rows() / self.images * images;
                table.run(self.isa, block.len(), rows, (dy, back), &mut dx[block.start..], start);
            }
        }
    }

    /// Packs the weights for the gradient of the input: blocks of input channels, each `[row][column][filter][lane]`.
    ///
    /// Lanes without a channel are left as they are, and must be zero.
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn pack_back(&self, weights: &[f32], back: &mut [f32]) {
        let (inputs, outputs) = (self.planes.x.channels, self.planes.y.channels);
        let window = self.window.kernel * self.window.kernel;
        for block in &self.in_blocks {
            let back = &mut back[block.start * window * outputs..block.end * window * outputs];
            for out_block in &self.out_blocks {
                let weights = &weights[out_block.start * self.taps()..];
                for pixel in 0..window {
                    for filter in out_block.start..out_block.end.min(outputs) {
                        let to = &mut back[(pixel * outputs + filter) * block.len()..][..block.len()];
                        for (lane, to) in to.iter_mut().enumerate().take(inputs.saturating_sub(block.start)) {
                            let tap = pixel * inputs + block.start + lane;
                            *to = weights[tap * out_block.len() + filter - out_block.start];
                        }
                    }
                }
            }
        }
    }

    /// Multiply-accumulates that `images` images really take, lanes and rows of padding included: forward, gradient
    /// of the weights, gradient of the input.
    #[must_use]
    pub fn executed_macs(&self, images: usize) -> [u64; 3] {
        let macs = |blocks: &[Range<usize>], work: &dyn Fn(usize, usize) -> usize| -> u64 {
            blocks.iter().map(|block| (work(self.table(block), block.len()) * block.len()) as u64).sum()
        };
        let pixels = images * self.planes.y.height * self.planes.y.width;
        let rows = |lanes: usize, rows: usize| executed_rows(self.isa, lanes, rows);
        [
            macs(&self.out_blocks, &|_, lanes| rows(lanes, pixels) * self.taps()),
            macs(&self.out_blocks, &|_, lanes| rows(lanes, self.taps()) * pixels),
            macs(&self.in_blocks, &|table, lanes| {
                let tables = self.input[table].iter();
                tables.map(|table| rows(lanes, table.rows() / self.images * images) * table.terms()).sum()
            }),
        ]
    }
}

#[cfg(test)]
mod tests;
