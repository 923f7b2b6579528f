//! The way back through an activation: masking by ReLU with the sums that batch normalisation needs, and spreading
//! over pooled pixels.

use crate::isa::{Isa, Kernel};
use crate::lanes::{
    ByLanes, by_lanes, bytes, check, check_alike, check_pooled, choose, keep, lanes, lanes_mut, row_start,
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
    fn run<W: Simd, H: Simd>(mut self, _wide: W, _half: H) {
        by_lanes(self.plane, &mut self);
    }
}

impl ByLanes for Mask<'_, '_, '_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, lane: usize) {
        let plane = self.plane;
        if let Some((out_plane, out)) = self.out {
            for image in 0..self.images {
                for row in 0..plane.height {
                    let from = row_start(out_plane, image, row) + lane;
                    let to = row_start(plane, image, row) + lane;
                    for column in 0..plane.width {
                        let out = lanes::<L>(out, from + column * out_plane.stride);
                        let g = lanes_mut::<L>(self.gradient, to + column * plane.stride);
                        for l in 0..L {
                            g[l] = keep(g[l], out[l] > 0.0);
                        }
                    }
                }
            }
        }
        for (before, sums) in &mut *self.before {
            let mut total = [[0f64; L]; 2];
            for image in 0..self.images {
                for row in 0..plane.height {
                    let sums = match self.index {
                        None => sums_row::<L>(plane, (image, row, lane), self.gradient, *before),
                        Some(index) => {
                            sums_pooled::<L>(plane, (image, row, lane), self.gradient, *before, index)
                        }
                    };
                    for l in 0..L {
                        total[0][l] += f64::from(sums[0][l]);
                        total[1][l] += f64::from(sums[1][l]);
                    }
                }
            }
            for l in 0..L {
                sums[lane + l] += total[0][l];
                sums[plane.stride + lane + l] += total[1][l];
            }
        }
    }
}

#[inline(always)]
fn sums_row<const L: usize>(
    plane: Plane,
    (image, row, lane): (usize, usize, usize),
    gradient: &[f32],
    before: Before<'_>,
) -> [[f32; L]; 2] {
    let mean = *lanes::<L>(before.mean, lane);
    let from = row_start(plane, image, row) + lane;
    let beside = row_start(before.plane, image, row) + lane;
    let (mut sum, mut product) = ([0f32; L], [0f32; L]);
    for column in 0..plane.width {
        let g = lanes::<L>(gradient, from + column * plane.stride);
        let x = lanes::<L>(before.values, beside + column * before.plane.stride);
        for l in 0..L {
            sum[l] += g[l];
            product[l] += g[l] * (x[l] - mean[l]);
        }
    }
    [sum, product]
}

#[inline(always)]
fn sums_pooled<const L: usize>(
    plane: Plane,
    (image, row, lane): (usize, usize, usize),
    gradient: &[f32],
    before: Before<'_>,
    index: &[u8],
) -> [[f32; L]; 2] {
    let mean = *lanes::<L>(before.mean, lane);
    let source = before.plane;
    let from = row_start(plane, image, row) + lane;
    let beside = row_start(source, image, 2 * row) + lane;
    let mark = (image * plane.height + row) * plane.width * plane.stride + lane;
    let (mut sum, mut product) = ([0f32; L], [0f32; L]);
    for column in 0..plane.width {
        let g = lanes::<L>(gradient, from + column * plane.stride);
        let first = beside + 2 * column * source.stride;
        let x = [
            lanes::<L>(before.values, first),
            lanes::<L>(before.values, first + source.stride),
            lanes::<L>(before.values, first + source.row()),
            lanes::<L>(before.values, first + source.row() + source.stride),
        ];
        let index = bytes::<L>(index, mark + column * plane.stride);
        let mut won = *x[3];
        for l in 0..L {
            won[l] = choose(index[l] == 2, x[2][l], won[l]);
            won[l] = choose(index[l] == 1, x[1][l], won[l]);
            won[l] = choose(index[l] == 0, x[0][l], won[l]);
        }
        for l in 0..L {
            sum[l] += g[l];
            product[l] += g[l] * (won[l] - mean[l]);
        }
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
    fn run<W: Simd, H: Simd>(mut self, _wide: W, _half: H) {
        by_lanes(self.plane, &mut self);
    }
}

/// The numbers of a normalisation's gradient for `L` channels.
#[derive(Clone, Copy)]
struct Lanes<'a, const L: usize> {
    values: &'a [f32],
    plane: Plane,
    mean: [f32; L],
    by_gradient: [f32; L],
    constant: [f32; L],
    by_deviation: [f32; L],
}

impl<'a, const L: usize> Lanes<'a, L> {
    #[inline(always)]
    fn of(norm: NormGradient<'a>, lane: usize) -> Lanes<'a, L> {
        Lanes {
            values: norm.before.values,
            plane: norm.before.plane,
            mean: *lanes(norm.before.mean, lane),
            by_gradient: *lanes(norm.by_gradient, lane),
            constant: *lanes(norm.constant, lane),
            by_deviation: *lanes(norm.by_deviation, lane),
        }
    }

    /// The gradient at the pixel whose values stand at `place`.
    #[inline(always)]
    fn apply(&self, g: &[f32; L], place: usize) -> [f32; L] {
        let x = lanes::<L>(self.values, place);
        let mut z = [0f32; L];
        for l in 0..L {
            z[l] =
                self.by_gradient[l] * g[l] + self.constant[l] + self.by_deviation[l] * (x[l] - self.mean[l]);
        }
        z
    }
}

impl ByLanes for Spreading<'_> {
    #[inline(always)]
    fn run<const L: usize>(&mut self, lane: usize) {
        let norm = self.spread.norm.map(|norm| Lanes::<L>::of(norm, lane));
        let plane = self.spread.gradient.0;
        for image in 0..self.spread.images {
            for row in 0..plane.height {
                match self.spread.index {
                    None => self.plain_row(norm.as_ref(), image, row, lane),
                    Some(index) => self.pooled_row(norm.as_ref(), index, image, row, lane),
                }
            }
            if self.spread.index.is_some() {
                self.left_over(norm.as_ref(), image, lane);
            }
        }
    }
}

impl Spreading<'_> {
    /// The gradient of one output value after ReLU.
    #[inline(always)]
    fn masked<const L: usize>(
        &self,
        from: usize,
        image: usize,
        row: usize,
        column: usize,
        lane: usize,
    ) -> [f32; L] {
        let g = *lanes::<L>(self.spread.gradient.1, from);
        match self.spread.out {
            None => g,
            Some((plane, out)) => {
                let out = lanes::<L>(out, row_start(plane, image, row) + lane + column * plane.stride);
                let mut kept = g;
                for l in 0..L {
                    kept[l] = keep(g[l], out[l] > 0.0);
                }
                kept
            }
        }
    }

    /// Stores or adds at one pixel.
    #[inline(always)]
    fn put<const L: usize>(
        &mut self,
        norm: Option<&Lanes<'_, L>>,
        g: &[f32; L],
        image: usize,
        (row, column): (usize, usize),
        lane: usize,
    ) {
        let value = match norm {
            None => *g,
            Some(norm) => {
                norm.apply(g, row_start(norm.plane, image, row) + lane + column * norm.plane.stride)
            }
        };
        let dy =
            lanes_mut::<L>(self.dy, row_start(self.plane, image, row) + lane + column * self.plane.stride);
        for l in 0..L {
            dy[l] = if self.spread.add { dy[l] + value[l] } else { value[l] };
        }
    }

    #[inline(always)]
    fn plain_row<const L: usize>(
        &mut self,
        norm: Option<&Lanes<'_, L>>,
        image: usize,
        row: usize,
        lane: usize,
    ) {
        let plane = self.spread.gradient.0;
        let from = row_start(plane, image, row) + lane;
        for column in 0..plane.width {
            let g = self.masked::<L>(from + column * plane.stride, image, row, column, lane);
            self.put(norm, &g, image, (row, column), lane);
        }
    }

    #[inline(always)]
    fn pooled_row<const L: usize>(
        &mut self,
        norm: Option<&Lanes<'_, L>>,
        index: &[u8],
        image: usize,
        row: usize,
        lane: usize,
    ) {
        let plane = self.spread.gradient.0;
        let from = row_start(plane, image, row) + lane;
        let mark = (image * plane.height + row) * plane.width * plane.stride + lane;
        for column in 0..plane.width {
            let g = self.masked::<L>(from + column * plane.stride, image, row, column, lane);
            let index = bytes::<L>(index, mark + column * plane.stride);
            let mut pixel = 0;
            while pixel < 4 {
                let mut share = [0f32; L];
                for l in 0..L {
                    share[l] = keep(g[l], index[l] == pixel as u8);
                }
                self.put(norm, &share, image, (2 * row + pixel / 2, 2 * column + pixel % 2), lane);
                pixel += 1;
            }
        }
    }

    /// Pixels in a last odd row or column, which no window saw.
    #[inline(always)]
    fn left_over<const L: usize>(&mut self, norm: Option<&Lanes<'_, L>>, image: usize, lane: usize) {
        let plane = self.spread.gradient.0;
        let (height, width) = (self.plane.height, self.plane.width);
        for row in 0..height {
            let first = if row < 2 * plane.height { 2 * plane.width } else { 0 };
            for column in first..width {
                self.put(norm, &[0.0; L], image, (row, column), lane);
            }
        }
    }
}

#[cfg(test)]
mod tests;
