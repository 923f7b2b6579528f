//! Fully connected layers on planes: forward and gradient of the input for some images, gradient of the weights for
//! some inputs over all images.

use std::ops::Range;

use crate::blocks::blocks;
use crate::isa::Isa;
use crate::plane::Plane;
use crate::product::{Product, Row, Start, Term, place};
use crate::tiles::executed_rows;
use crate::transpose::Transposition;

/// Images that the gradient of the weights takes at once, so that both operands stay near the processor.
const IMAGES_AT_ONCE: usize = 128;

/// The most lanes of any block.
const MOST_LANES: usize = 64;

/// A fully connected layer from whole planes to vectors, for up to so many images at once.
///
/// Weights are packed in blocks of outputs as [`blocks`] cuts them, each `[input][lane]`, with the inputs in the
/// order (row, column, real channel). Weights, biases and gradients of outputs must be zero in lanes without an output,
/// as then results are.
#[derive(Clone, Debug)]
pub struct Dense {
    isa: Isa,
    x: Plane,
    y: Plane,
    /// The gradient of y: a vector without border.
    dy: Plane,
    dx: Plane,
    out_blocks: Vec<Range<usize>>,
    in_blocks: Vec<Range<usize>>,
    /// Place of each input in its gradient's plane.
    places: Vec<usize>,
    forward: Vec<Product>,
    input: Vec<Product>,
}

/// Some blocks of the weights packed for the way back, and the values they take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackPart {
    blocks: Range<usize>,
    /// Their place among all of them.
    pub values: Range<usize>,
}

/// A share of the gradient of the weights: one block of outputs, some inputs; one task of its own.
#[derive(Clone, Debug)]
pub struct WeightShare {
    isa: Isa,
    lanes: Range<usize>,
    first: usize,
    rows: usize,
    table: Product,
    /// Where the block's lanes of every image's gradient lie.
    gradients: Vec<usize>,
}

impl Dense {
    /// Plans a layer for up to `images` images; `y` is 1 pixel, whose gradient has no border, and `dx` the gradient
    /// of `x`.
    ///
    /// # Panics
    /// When `y` is more than one pixel of whole vectors of eight, or `x` and `dx` have not the same shape.
    #[must_use]
    pub fn new(isa: Isa, x: Plane, y: Plane, dx: Plane, images: usize) -> Dense {
        let vector = Plane::new(1, 1, y.channels, 0);
        assert!(Plane { border: 0, ..y } == vector, "{y:?} is no vector");
        let shape = |plane: Plane| (plane.height, plane.width, plane.channels);
        assert!(shape(x) == shape(dx), "{x:?} and {dx:?}");
        let out_blocks = blocks(isa, y.channels);
        let in_blocks = blocks(isa, dx.values());
        let mut dense = Dense {
            isa,
            x,
            y,
            dy: vector,
            dx,
            out_blocks,
            in_blocks,
            places: Self::input_places(dx).collect(),
            forward: Vec::new(),
            input: Vec::new(),
        };
        for &lanes in isa.block_widths() {
            dense.forward.push(dense.forward_table(lanes, images));
            dense.input.push(dense.input_table(lanes, images));
        }
        dense
    }

    fn table(&self, block: &Range<usize>) -> usize {
        self.isa.block_widths().iter().position(|&width| width == block.len()).unwrap_or(0)
    }

    /// Real inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.x.height * self.x.width * self.x.channels
    }

    /// Values of the packed weights.
    #[must_use]
    pub fn weights_len(&self) -> usize {
        self.inputs() * self.y.stride
    }

    /// Values of the weights packed for the gradient of the input.
    #[must_use]
    pub fn back_len(&self) -> usize {
        self.y.channels * self.dx.values()
    }

    fn input_places(plane: Plane) -> impl Iterator<Item = usize> {
        (0..plane.height * plane.width * plane.channels).map(move |input| {
            let (pixel, channel) = (input / plane.channels, input % plane.channels);
            plane.place((pixel / plane.width) as isize, (pixel % plane.width) as isize) + channel
        })
    }

    fn forward_table(&self, lanes: usize, images: usize) -> Product {
        let rows = (0..images).map(|image| Row {
            a: place(image * self.x.values()),
            c: place(image * self.y.values() + self.y.place(0, 0)),
        });
        let terms = Self::input_places(self.x).enumerate();
        let terms = terms.map(|(input, from)| Term { a: place(from), b: place(input * lanes) });
        Product::new(rows.collect(), terms.collect())
    }

    fn input_table(&self, lanes: usize, images: usize) -> Product {
        let rows = (0..images)
            .map(|image| Row { a: place(image * self.dy.values()), c: place(image * self.dx.values()) });
        let terms = (0..self.y.channels).map(|output| Term { a: place(output), b: place(output * lanes) });
        Product::new(rows.collect(), terms.collect())
    }

    /// y = bias + x * weights for the first `images` images of the slices, which have room for all planned; the bias
    /// has one value a lane of `y`.
    ///
    /// # Panics
    /// When a slice is too short, or more images are asked for than planned; so does the gradient.
    pub fn forward(&self, images: usize, x: &[f32], weights: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        for block in &self.out_blocks {
            let weights = &weights[block.start * self.inputs()..];
            let start = bias.map_or(Start::Zero, |bias| Start::Bias(&bias[block.clone()]));
            let table = &self.forward[self.table(block)];
            table.run(self.isa, block.len(), images, (x, weights), &mut y[block.start..], start);
        }
    }

    /// The gradient of the input from weights packed by [`Dense::pack_back`], stored or added, in the whole plane: zero
    /// in its borders.
    pub fn input_gradient(&self, images: usize, dy: &[f32], back: &[f32], add: bool, dx: &mut [f32]) {
        let start = if add { Start::Add } else { Start::Zero };
        for block in &self.in_blocks {
            let back = &back[block.start * self.y.channels..];
            let table = &self.input[self.table(block)];
            table.run(self.isa, block.len(), images, (dy, back), &mut dx[block.start..], start);
        }
    }

    /// Packs the weights for the gradient of the input: blocks of places in the input's plane, each `[output][lane]`.
    /// Lanes without an input are left as they are, which must be zero.
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn pack_back(&self, weights: &[f32], back: &mut [f32]) {
        for part in self.back_parts(self.back_len().max(1)) {
            self.pack_back_part(&part, weights, &mut back[part.values.clone()]);
        }
    }

    /// The packed weights of the way back in parts of about so many values, which follow each other.
    #[must_use]
    pub fn back_parts(&self, values: usize) -> Vec<BackPart> {
        let outputs = self.y.channels;
        let mut parts: Vec<BackPart> = Vec::new();
        for (number, block) in self.in_blocks.iter().enumerate() {
            let end = block.end * outputs;
            match parts.last_mut().filter(|part| end - part.values.start <= values) {
                Some(part) => (part.blocks.end, part.values.end) = (number + 1, end),
                None => {
                    parts.push(BackPart { blocks: number..number + 1, values: block.start * outputs..end });
                }
            }
        }
        parts
    }

    /// As [`Dense::pack_back`], one part alone.
    ///
    /// # Panics
    /// When a slice is too short.
    pub fn pack_back_part(&self, part: &BackPart, weights: &[f32], back: &mut [f32]) {
        let (inputs, outputs) = (self.inputs(), self.y.channels);
        for block in &self.in_blocks[part.blocks.clone()] {
            let start = block.start * outputs - part.values.start;
            let back = &mut back[start..start + block.len() * outputs];
            // Places grow with inputs, so those of the block follow each other.
            let first = self.places.partition_point(|&place| place < block.start);
            let last = self.places.partition_point(|&place| place < block.end);
            // Inputs follow each other but where the plane has a border or channels of padding.
            let runs = self.places[first..last].chunk_by(|&place, &next| next == place + 1);
            let mut input = first;
            for run in runs {
                for out_block in &self.out_blocks {
                    let lanes = out_block.len();
                    let to = &mut back[out_block.start * block.len()..];
                    let turn = Transposition {
                        rows: run.len(),
                        columns: out_block.end.min(outputs) - out_block.start,
                        from: &weights[out_block.start * inputs + input * lanes..],
                        from_pitch: lanes,
                        to: &mut to[run[0] - block.start..],
                        to_pitch: block.len(),
                    };
                    turn.run_on(self.isa);
                }
                input += run.len();
            }
        }
    }

    /// The gradient of the weights in shares of about `inputs` inputs, in the order in which the weights are packed;
    /// `images` gives the places of every image in `x` and in `dy`.
    #[must_use]
    pub fn weight_shares(&self, inputs: usize, images: &[(usize, usize)]) -> Vec<WeightShare> {
        let places: Vec<usize> = Self::input_places(self.x).collect();
        let mut shares = Vec::new();
        for block in &self.out_blocks {
            for (number, places) in places.chunks(inputs.max(1)).enumerate() {
                let rows = places.iter().enumerate();
                let rows = rows.map(|(row, &from)| Row { a: place(from), c: place(row * block.len()) });
                let terms = images.iter().enumerate();
                let terms = terms.map(|(image, &(x, _))| Term {
                    a: place(x),
                    b: place(image % IMAGES_AT_ONCE * block.len()),
                });
                let table = Product::new(rows.collect(), terms.collect());
                let gradients = images.iter().map(|&(_, dy)| dy + block.start).collect();
                let (lanes, first) = (block.clone(), number * inputs);
                shares.push(WeightShare {
                    isa: self.isa,
                    lanes,
                    first,
                    rows: places.len(),
                    table,
                    gradients,
                });
            }
        }
        shares
    }

    /// Multiply-accumulates that `images` images really take, lanes and rows of padding included: forward, gradient
    /// of the weights, gradient of the input.
    #[must_use]
    pub fn executed_macs(&self, images: usize) -> [u64; 3] {
        let rows = |lanes: usize, rows: usize| (executed_rows(self.isa, lanes, rows) * lanes) as u64;
        let sum = |blocks: &[Range<usize>], count: usize| -> u64 {
            blocks.iter().map(|block| rows(block.len(), count)).sum()
        };
        [
            sum(&self.out_blocks, images) * self.inputs() as u64,
            sum(&self.out_blocks, self.inputs()) * images as u64,
            sum(&self.in_blocks, images) * self.y.channels as u64,
        ]
    }
}

impl WeightShare {
    /// The first of its inputs.
    #[must_use]
    pub fn first_input(&self) -> usize {
        self.first
    }

    /// Values of the share: it follows the one before.
    #[must_use]
    pub fn values(&self) -> usize {
        self.rows * self.lanes.len()
    }

    /// The gradient over the first `images` images, of which there is at least one, into the share's
    /// [`WeightShare::values`].
    ///
    /// # Panics
    /// When a slice is too short, or there are fewer images.
    pub fn run(&self, images: usize, x: &[f32], dy: &[f32], gradient: &mut [f32]) {
        let lanes = self.lanes.len();
        // Gradients lie as far apart as images, whose lines may all want the same few places of the cache.
        let mut together = [0.0; IMAGES_AT_ONCE * MOST_LANES];
        for start in (0..images).step_by(IMAGES_AT_ONCE) {
            let terms = start..(start + IMAGES_AT_ONCE).min(images);
            for (to, &from) in together.chunks_exact_mut(lanes).zip(&self.gradients[terms.clone()]) {
                to.copy_from_slice(&dy[from..from + lanes]);
            }
            let first = if start == 0 { Start::Zero } else { Start::Add };
            self.table.run_terms(self.isa, lanes, self.rows, terms, (x, &together), gradient, first);
        }
    }
}

#[cfg(test)]
mod tests;
