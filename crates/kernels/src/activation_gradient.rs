//! The way back through an activation: masking by ReLU with the sums that batch normalisation needs, and spreading
//! over pooled pixels.

use crate::isa::{Isa, Kernel};
use crate::lanes::{ByLanes, MOST_LANES, add_to, by_lanes, check, check_alike, check_pooled, load, one_row};
use crate::pixels::{Pixels, Reading, Writing};
use crate::plane::Plane;
use crate::simd::Simd;

/// Where the values before an activation lie, and around what they are centred.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The values, image after image.
    pub values: &'a [f32],
    /// Their layout.
    pub plane: Plane,
    /// Mean of each channel, one value a lane of a pixel.
    pub mean: &'a [f32],
}

/// Zeroes `gradient` where ReLU gave `out` = 0, and adds, for each of `before`, to its sums those over all pixels of
/// each lane: of g and, behind them, of g (x - mean).
///
/// Both planes are those of the activation's output, and a NaN there counts as 0; with `index`, one byte for each of
/// its values, it was pooled, and x is the pixel that won. Rows are summed in f32, images in f64.
///
/// # Panics
/// When a slice is too short, or planes do not fit each other.
pub fn mask(
    isa: Isa,
    images: usize,
    out: Option<(Plane, &[f32])>,
    index: Option<&[u8]>,
    gradient: (Plane, &mut [f32]),
    before: &mut [(Before<'_>, &mut [f64])],
) {
    let (plane, gradient) = gradient;
    check(plane, images, gradient.len());
    if let Some((out_plane, out)) = out {
        check(out_plane, images, out.len());
        check_alike(out_plane, plane);
    }
    for (before, _) in &*before {
        check(before.plane, images, before.values.len());
        check_source(before.plane, index, plane);
    }
    isa.run(Mask { images, out, index, plane, gradient, before });
}

/// Refuses a plane that the one of an activation's output did not come from.
///
/// # Panics
/// When it did not.
fn check_source(from: Plane, index: Option<&[u8]>, to: Plane) {
    match index {
        None => check_alike(from, to),
        Some(_) => check_pooled(from, to),
    }
}

struct Mask<'a, 'b, 'c> {
    images: usize,
    out: Option<(Plane, &'a [f32])>,
    index: Option<&'a [u8]>,
    plane: Plane,
    gradient: &'a mut [f32],
    before: &'a mut [(Before<'b>, &'c mut [f64])],
}

impl Kernel for Mask<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let plane = self.plane;
        by_lanes(wide, half, plane, &mut self);
    }
}

impl ByLanes for Mask<'_, '_, '_> {
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, lane: usize) {
        let plane = self.plane;
        if let Some((out_plane, out)) = self.out {
            let zero = simd.splat(0.0);
            for image in 0..self.images {
                for row in 0..plane.height {
                    let out = Reading::new(simd, out, Pixels::of_row(out_plane, image, row, lane));
                    let mut to = Writing::new(simd, self.gradient, Pixels::of_row(plane, image, row, lane));
                    for column in 0..plane.width {
                        let positive = simd.greater(out.load(column, 0), zero);
                        to.store(column, 0, simd.select(positive, to.load(column, 0), zero));
                    }
                }
            }
        }
        for (before, sums) in &mut *self.before {
            let mut total = [[0f64; MOST_LANES]; 2];
            for image in 0..self.images {
                for row in 0..plane.height {
                    let place = (image, row, lane);
                    let [sum, product] = match self.index {
                        None => sums_row(simd, plane, place, self.gradient, *before),
                        Some(index) => sums_pooled(simd, plane, place, self.gradient, *before, index),
                    };
                    add_to(simd, &mut total[0], sum);
                    add_to(simd, &mut total[1], product);
                }
            }
            for l in 0..S::LANES {
                sums[lane + l] += total[0][l];
                sums[plane.stride + lane + l] += total[1][l];
            }
        }
    }
}

#[inline(always)]
fn sums_row<S: Simd>(
    simd: S,
    plane: Plane,
    (image, row, lane): (usize, usize, usize),
    gradient: &[f32],
    before: Before<'_>,
) -> [S::Vector; 2] {
    let mean = load(simd, before.mean, lane);
    let from = Reading::new(simd, gradient, Pixels::of_row(plane, image, row, lane));
    let beside = Reading::new(simd, before.values, Pixels::of_row(before.plane, image, row, lane));
    let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
    for column in 0..plane.width {
        let g = from.load(column, 0);
        sum = simd.add(sum, g);
        product = simd.mul_add(g, simd.sub(beside.load(column, 0), mean), product);
    }
    [sum, product]
}

#[inline(always)]
fn sums_pooled<S: Simd>(
    simd: S,
    plane: Plane,
    (image, row, lane): (usize, usize, usize),
    gradient: &[f32],
    before: Before<'_>,
    index: &[u8],
) -> [S::Vector; 2] {
    let mean = load(simd, before.mean, lane);
    let from = Reading::new(simd, gradient, Pixels::of_row(plane, image, row, lane));
    let index = Reading::new(simd, index, Pixels::of_row(Plane { border: 0, ..plane }, image, row, lane));
    let beside = Reading::new(simd, before.values, Pixels::of_windows(before.plane, image, row, lane));
    let numbers = [simd.splat(0.0), simd.splat(1.0), simd.splat(2.0)];
    let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
    for column in 0..plane.width {
        let g = from.load(column, 0);
        let winner = index.load_bytes(column, 0);
        let mut x = beside.load(column, 3);
        let mut pixel = 0;
        while pixel < 3 {
            let won = simd.equal(winner, numbers[pixel]);
            x = simd.select(won, beside.load(column, pixel), x);
            pixel += 1;
        }
        sum = simd.add(sum, g);
        product = simd.mul_add(g, simd.sub(x, mean), product);
    }
    [sum, product]
}

/// What a batch normalisation makes of the gradient g of its output: by_gradient * g + constant + by_deviation *
/// (x - mean), one value each a lane of a pixel, zero where there is no channel.
#[derive(Clone, Copy, Debug)]
pub struct NormGradient<'a> {
    /// The values that were normalised.
    pub before: Before<'a>,
    /// Factor on g.
    pub by_gradient: &'a [f32],
    /// What is added.
    pub constant: &'a [f32],
    /// Factor on x - mean.
    pub by_deviation: &'a [f32],
}

/// What [`spread`] takes.
#[derive(Clone, Copy, Debug)]
pub struct Spread<'a> {
    /// Images.
    pub images: usize,
    /// Gradient of the activation's output.
    pub gradient: (Plane, &'a [f32]),
    /// The output of ReLU by which the gradient is still to be masked.
    pub out: Option<(Plane, &'a [f32])>,
    /// With pooling: which pixel won.
    pub index: Option<&'a [u8]>,
    /// The batch normalisation, where there is one.
    pub norm: Option<NormGradient<'a>>,
    /// Whether to add to what is there.
    pub add: bool,
}

/// Writes the gradient of the values before an activation, at every pixel and in every lane, or adds it; pixels that
/// pooling left over have none but what the normalisation gives to all.
///
/// # Panics
/// When a slice is too short, or planes do not fit each other.
pub fn spread(isa: Isa, mut spread: Spread<'_>, mut dy: (Plane, &mut [f32])) {
    check(spread.gradient.0, spread.images, spread.gradient.1.len());
    check(dy.0, spread.images, dy.1.len());
    check_source(dy.0, spread.index, spread.gradient.0);
    if let Some((plane, out)) = spread.out {
        check(plane, spread.images, out.len());
        check_alike(plane, spread.gradient.0);
    }
    if let Some(norm) = spread.norm {
        check(norm.before.plane, spread.images, norm.before.values.len());
        check_alike(norm.before.plane, dy.0);
    }
    if spread.index.is_none() {
        let out = spread.out.as_mut().map(|(plane, _)| plane);
        let before = spread.norm.as_mut().map(|norm| &mut norm.before.plane);
        let planes = [Some(&mut dy.0), Some(&mut spread.gradient.0), out, before];
        spread.images = one_row(spread.images, planes);
    }
    isa.run(Spreading { spread, plane: dy.0, dy: dy.1 });
}

struct Spreading<'a> {
    spread: Spread<'a>,
    plane: Plane,
    dy: &'a mut [f32],
}

impl Kernel for Spreading<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        let plane = self.plane;
        by_lanes(wide, half, plane, &mut self);
    }
}

/// The numbers of a normalisation's gradient for one vector of channels.
#[derive(Clone, Copy)]
struct Lanes<'a, V> {
    values: &'a [f32],
    plane: Plane,
    mean: V,
    by_gradient: V,
    constant: V,
    by_deviation: V,
}

impl<'a, V: Copy> Lanes<'a, V> {
    #[inline(always)]
    fn of<S: Simd<Vector = V>>(simd: S, norm: NormGradient<'a>, lane: usize) -> Lanes<'a, V> {
        Lanes {
            values: norm.before.values,
            plane: norm.before.plane,
            mean: load(simd, norm.before.mean, lane),
            by_gradient: load(simd, norm.by_gradient, lane),
            constant: load(simd, norm.constant, lane),
            by_deviation: load(simd, norm.by_deviation, lane),
        }
    }

    /// The gradient at a pixel with the value x.
    #[inline(always)]
    fn apply<S: Simd<Vector = V>>(&self, simd: S, g: V, x: V) -> V {
        let deviation = simd.sub(x, self.mean);
        simd.mul_add(self.by_deviation, deviation, simd.mul_add(self.by_gradient, g, self.constant))
    }
}

impl ByLanes for Spreading<'_> {
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, lane: usize) {
        // Networks without normalisation have code of their own, in which nothing is asked at a pixel.
        match (self.spread.norm, self.spread.add) {
            (None, false) => self.all_rows(Change { simd, norm: None, add: false }, lane),
            (norm, add) => {
                let norm = norm.map(|norm| Lanes::of(simd, norm, lane));
                self.all_rows(Change { simd, norm, add }, lane);
            }
        }
    }
}

/// What is done at every pixel with some channels.
#[derive(Clone, Copy)]
struct Change<'a, S: Simd> {
    simd: S,
    norm: Option<Lanes<'a, S::Vector>>,
    add: bool,
}

/// Some pixels, and the values there that were normalised.
struct Row<'a, 'b, S: Simd> {
    change: Change<'b, S>,
    before: Option<Reading<'b, S, f32>>,
    to: Writing<'a, S, f32>,
}

impl<S: Simd> Row<'_, '_, S> {
    /// Stores or adds at one pixel.
    #[inline(always)]
    fn put(&mut self, number: usize, pixel: usize, g: S::Vector) {
        let Change { simd, norm, add } = self.change;
        let value = match (norm, &self.before) {
            (Some(norm), Some(before)) => norm.apply(simd, g, before.load(number, pixel)),
            _ => g,
        };
        let value = if add { simd.add(value, self.to.load(number, pixel)) } else { value };
        self.to.store(number, pixel, value);
    }
}

/// The gradients of a row of the activation's outputs, still to be masked by ReLU where there is an output.
struct Gradients<'a, S: Simd> {
    simd: S,
    gradient: Reading<'a, S, f32>,
    out: Option<Reading<'a, S, f32>>,
}

impl<S: Simd> Gradients<'_, S> {
    #[inline(always)]
    fn at(&self, column: usize) -> S::Vector {
        let (g, zero) = (self.gradient.load(column, 0), self.simd.splat(0.0));
        match &self.out {
            Some(out) => self.simd.select(self.simd.greater(out.load(column, 0), zero), g, zero),
            None => g,
        }
    }
}

impl<'a> Spreading<'a> {
    #[inline(always)]
    fn all_rows<S: Simd>(&mut self, change: Change<'a, S>, lane: usize) {
        for image in 0..self.spread.images {
            for row in 0..self.spread.gradient.0.height {
                match self.spread.index {
                    None => self.plain_row(change, (image, row, lane)),
                    Some(index) => self.pooled_row(change, index, (image, row, lane)),
                }
            }
            if self.spread.index.is_some() {
                self.left_over(change, image, lane);
            }
        }
    }

    #[inline(always)]
    fn gradients<S: Simd>(&self, simd: S, (image, row, lane): (usize, usize, usize)) -> Gradients<'a, S> {
        let (plane, values) = self.spread.gradient;
        let gradient = Reading::new(simd, values, Pixels::of_row(plane, image, row, lane));
        let out = match self.spread.out {
            Some((plane, out)) => Some(Reading::new(simd, out, Pixels::of_row(plane, image, row, lane))),
            None => None,
        };
        Gradients { simd, gradient, out }
    }

    #[inline(always)]
    fn plain_row<S: Simd>(&mut self, change: Change<'a, S>, (image, row, lane): (usize, usize, usize)) {
        let (from, width) = (self.gradients(change.simd, (image, row, lane)), self.spread.gradient.0.width);
        let mut to = self.row(change, |plane| Pixels::of_row(plane, image, row, lane));
        for column in 0..width {
            to.put(column, 0, from.at(column));
        }
    }

    #[inline(always)]
    fn pooled_row<S: Simd>(
        &mut self,
        change: Change<'a, S>,
        index: &[u8],
        (image, row, lane): (usize, usize, usize),
    ) {
        let (simd, plane) = (change.simd, self.spread.gradient.0);
        let from = self.gradients(simd, (image, row, lane));
        let index = Reading::new(simd, index, Pixels::of_row(Plane { border: 0, ..plane }, image, row, lane));
        let mut to = self.row(change, |plane| Pixels::of_windows(plane, image, row, lane));
        let (zero, numbers) = (simd.splat(0.0), [0.0, 1.0, 2.0, 3.0]);
        for column in 0..plane.width {
            let g = from.at(column);
            let winner = index.load_bytes(column, 0);
            let mut pixel = 0;
            while pixel < 4 {
                let share = simd.select(simd.equal(winner, simd.splat(numbers[pixel])), g, zero);
                to.put(column, pixel, share);
                pixel += 1;
            }
        }
    }

    /// Where the gradients of some pixels go, which `pixels` finds in any plane.
    #[inline(always)]
    fn row<'b, S: Simd>(
        &'b mut self,
        change: Change<'a, S>,
        pixels: impl Fn(Plane) -> Pixels,
    ) -> Row<'b, 'a, S> {
        let before = match change.norm {
            Some(norm) => Some(Reading::new(change.simd, norm.values, pixels(norm.plane))),
            None => None,
        };
        Row { change, before, to: Writing::new(change.simd, self.dy, pixels(self.plane)) }
    }

    /// Pixels in a last odd row or column, which no window saw.
    #[inline(always)]
    fn left_over<S: Simd>(&mut self, change: Change<'a, S>, image: usize, lane: usize) {
        let pooled = self.spread.gradient.0;
        let zero = change.simd.splat(0.0);
        for row in 0..self.plane.height {
            let first = if row < 2 * pooled.height { 2 * pooled.width } else { 0 };
            let width = self.plane.width;
            let mut to = self.row(change, |plane| Pixels::of_row(plane, image, row, lane).without(first));
            for column in 0..width - first {
                to.put(column, 0, zero);
            }
        }
    }
}

#[cfg(test)]
mod tests;
