//! The way back through an activation: masking by ReLU with the sums that batch normalisation needs, and spreading
//! over pooled pixels.

use crate::isa::{Isa, Kernel};
use crate::lanes::{
    ByLanes, MOST_LANES, add_to, by_lanes, check, check_alike, check_pooled, load, load_bytes, row_start,
    store,
};
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
                    let from = row_start(out_plane, image, row) + lane;
                    let to = row_start(plane, image, row) + lane;
                    for column in 0..plane.width {
                        let positive = simd.greater(load(simd, out, from + column * out_plane.stride), zero);
                        let place = to + column * plane.stride;
                        let g = simd.select(positive, load(simd, self.gradient, place), zero);
                        store(simd, self.gradient, place, g);
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
    let from = row_start(plane, image, row) + lane;
    let beside = row_start(before.plane, image, row) + lane;
    let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
    for column in 0..plane.width {
        let g = load(simd, gradient, from + column * plane.stride);
        let x = load(simd, before.values, beside + column * before.plane.stride);
        sum = simd.add(sum, g);
        product = simd.mul_add(g, simd.sub(x, mean), product);
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
    let source = before.plane;
    let from = row_start(plane, image, row) + lane;
    let beside = row_start(source, image, 2 * row) + lane;
    let mark = (image * plane.height + row) * plane.width * plane.stride + lane;
    let numbers = [simd.splat(0.0), simd.splat(1.0), simd.splat(2.0)];
    let (mut sum, mut product) = (simd.splat(0.0), simd.splat(0.0));
    for column in 0..plane.width {
        let g = load(simd, gradient, from + column * plane.stride);
        let first = beside + 2 * column * source.stride;
        let places = [first, first + source.stride, first + source.row()];
        let winner = load_bytes(simd, index, mark + column * plane.stride);
        let mut x = load(simd, before.values, first + source.row() + source.stride);
        let mut pixel = 0;
        while pixel < 3 {
            let won = simd.equal(winner, numbers[pixel]);
            x = simd.select(won, load(simd, before.values, places[pixel]), x);
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
pub fn spread(isa: Isa, spread: Spread<'_>, dy: (Plane, &mut [f32])) {
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

    /// The gradient at the pixel whose values stand at `place`.
    #[inline(always)]
    fn apply<S: Simd<Vector = V>>(&self, simd: S, g: V, place: usize) -> V {
        let deviation = simd.sub(load(simd, self.values, place), self.mean);
        simd.mul_add(self.by_deviation, deviation, simd.mul_add(self.by_gradient, g, self.constant))
    }
}

impl ByLanes for Spreading<'_> {
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, lane: usize) {
        let norm = self.spread.norm.map(|norm| Lanes::of(simd, norm, lane));
        let plane = self.spread.gradient.0;
        for image in 0..self.spread.images {
            for row in 0..plane.height {
                match self.spread.index {
                    None => self.plain_row(simd, norm, (image, row, lane)),
                    Some(index) => self.pooled_row(simd, norm, index, (image, row, lane)),
                }
            }
            if self.spread.index.is_some() {
                self.left_over(simd, norm, image, lane);
            }
        }
    }
}

impl Spreading<'_> {
    /// The gradient of one output value after ReLU.
    #[inline(always)]
    fn masked<S: Simd>(
        &self,
        simd: S,
        (image, row, lane): (usize, usize, usize),
        column: usize,
    ) -> S::Vector {
        let (plane, gradient) = self.spread.gradient;
        let g = load(simd, gradient, row_start(plane, image, row) + lane + column * plane.stride);
        match self.spread.out {
            None => g,
            Some((plane, out)) => {
                let out = load(simd, out, row_start(plane, image, row) + lane + column * plane.stride);
                let zero = simd.splat(0.0);
                simd.select(simd.greater(out, zero), g, zero)
            }
        }
    }

    /// Stores or adds at one pixel.
    #[inline(always)]
    fn put<S: Simd>(
        &mut self,
        simd: S,
        norm: Option<Lanes<'_, S::Vector>>,
        g: S::Vector,
        (image, row, lane): (usize, usize, usize),
        column: usize,
    ) {
        let value = match norm {
            None => g,
            Some(norm) => {
                norm.apply(simd, g, row_start(norm.plane, image, row) + lane + column * norm.plane.stride)
            }
        };
        let place = row_start(self.plane, image, row) + lane + column * self.plane.stride;
        let value = if self.spread.add { simd.add(value, load(simd, self.dy, place)) } else { value };
        store(simd, self.dy, place, value);
    }

    #[inline(always)]
    fn plain_row<S: Simd>(
        &mut self,
        simd: S,
        norm: Option<Lanes<'_, S::Vector>>,
        place: (usize, usize, usize),
    ) {
        for column in 0..self.spread.gradient.0.width {
            let g = self.masked(simd, place, column);
            self.put(simd, norm, g, place, column);
        }
    }

    #[inline(always)]
    fn pooled_row<S: Simd>(
        &mut self,
        simd: S,
        norm: Option<Lanes<'_, S::Vector>>,
        index: &[u8],
        (image, row, lane): (usize, usize, usize),
    ) {
        let plane = self.spread.gradient.0;
        let mark = (image * plane.height + row) * plane.width * plane.stride + lane;
        let (zero, numbers) = (simd.splat(0.0), [0.0, 1.0, 2.0, 3.0]);
        for column in 0..plane.width {
            let g = self.masked(simd, (image, row, lane), column);
            let winner = load_bytes(simd, index, mark + column * plane.stride);
            let mut pixel = 0;
            while pixel < 4 {
                let share = simd.select(simd.equal(winner, simd.splat(numbers[pixel])), g, zero);
                self.put(simd, norm, share, (image, 2 * row + pixel / 2, lane), 2 * column + pixel % 2);
                pixel += 1;
            }
        }
    }

    /// Pixels in a last odd row or column, which no window saw.
    #[inline(always)]
    fn left_over<S: Simd>(&mut self, simd: S, norm: Option<Lanes<'_, S::Vector>>, image: usize, lane: usize) {
        let plane = self.spread.gradient.0;
        let (height, width) = (self.plane.height, self.plane.width);
        for row in 0..height {
            let first = if row < 2 * plane.height { 2 * plane.width } else { 0 };
            for column in first..width {
                self.put(simd, norm, simd.splat(0.0), (image, row, lane), column);
            }
        }
    }
}

#[cfg(test)]
mod tests;
