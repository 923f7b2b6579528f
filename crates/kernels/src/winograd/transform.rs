//! Between planes and tiles: inputs and gradients of outputs into N x N points, and points back into outputs.
#![expect(clippy::needless_range_loop, reason = "constant trip counts keep tiles in registers")]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::form::Form;
use super::grid::{Grid, Patch};
use crate::isa::Kernel;
use crate::product::Start;
use crate::simd::Simd;

/// Where the points of a strip of tiles lie: for each point, for each tile, its channels.
#[derive(Clone, Copy)]
pub(crate) struct Points {
    /// Values from one tile to the next.
    pub(crate) tile: usize,
    /// Values from one point to the next.
    pub(crate) point: usize,
}

/// Which side of the products a patch becomes.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    /// Bᵀ d B of an N x N patch.
    Inputs,
    /// A dy Aᵀ of an M x M patch.
    Gradients,
}

/// Patches into points.
pub(crate) struct Gather<'a, F, const M: usize, const N: usize> {
    form: F,
    side: Side,
    grid: Grid,
    numbers: Range<usize>,
    channels: Range<usize>,
    plane: &'a [f32],
    points: Points,
    to: &'a mut [f32],
}

impl<'a, F: Form<M, N>, const M: usize, const N: usize> Gather<'a, F, M, N> {
    /// The patches with these numbers and some multiple of eight of their channels.
    pub(crate) fn new(
        (form, side): (F, Side),
        grid: Grid,
        (numbers, channels): (Range<usize>, Range<usize>),
        plane: &'a [f32],
        (points, to): (Points, &'a mut [f32]),
    ) -> Gather<'a, F, M, N> {
        check(grid, &numbers, &channels, plane, points, N * N, to);
        Gather { form, side, grid, numbers, channels, plane, points, to }
    }
}

/// Points into patches of outputs.
pub(crate) struct Scatter<'a, F, const M: usize, const N: usize> {
    form: F,
    grid: Grid,
    numbers: Range<usize>,
    channels: Range<usize>,
    plane: &'a mut [f32],
    points: Points,
    from: &'a [f32],
    start: Start<'a>,
}

impl<'a, F: Form<M, N>, const M: usize, const N: usize> Scatter<'a, F, M, N> {
    /// The patches with these numbers and some multiple of eight of their channels; the bias is of all channels.
    pub(crate) fn new(
        form: F,
        grid: Grid,
        (numbers, channels): (Range<usize>, Range<usize>),
        (plane, start): (&'a mut [f32], Start<'a>),
        (points, from): (Points, &'a [f32]),
    ) -> Scatter<'a, F, M, N> {
        check(grid, &numbers, &channels, plane, points, N * N, from);
        if let Start::Bias(bias) = start {
            assert!(channels.end <= bias.len(), "bias too short");
        }
        Scatter { form, grid, numbers, channels, plane, points, from, start }
    }
}

/// Every value of every patch that the grid's limits allow lies in `plane`, and every point in `values`.
fn check(
    grid: Grid,
    numbers: &Range<usize>,
    channels: &Range<usize>,
    plane: &[f32],
    points: Points,
    count: usize,
    values: &[f32],
) {
    let images = numbers.end.div_ceil(grid.patches().max(1));
    let needed = images.checked_mul(grid.plane().values());
    assert!(needed.is_some_and(|needed| needed <= plane.len()), "plane too short");
    assert!(channels.len().is_multiple_of(8) && channels.end <= grid.plane().stride, "no such channels");
    let last = numbers.len().max(1) - 1;
    let end = (count - 1) * points.point + last * points.tile + channels.len();
    assert!(end <= values.len(), "points too short");
}

impl<F: Form<M, N>, const M: usize, const N: usize> Kernel for Gather<'_, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        for number in self.numbers.clone() {
            let patch = self.grid.patch(number);
            let tile = (number - self.numbers.start) * self.points.tile;
            let mut lane = 0;
            while lane + W::LANES <= self.channels.len() {
                self.patch(wide, patch, tile, lane);
                lane += W::LANES;
            }
            while lane < self.channels.len() {
                self.patch(half, patch, tile, lane);
                lane += H::LANES;
            }
        }
    }
}

impl<F: Form<M, N>, const M: usize, const N: usize> Gather<'_, F, M, N> {
    /// Some lanes of a patch; a whole one is compiled without the questions.
    #[inline(always)]
    fn patch<S: Simd>(&mut self, simd: S, patch: Patch, tile: usize, lane: usize) {
        match self.side {
            Side::Inputs if patch.rows == N && patch.columns == N => {
                self.inputs(simd, Patch { rows: N, columns: N, ..patch }, tile, lane);
            }
            Side::Inputs => self.inputs(simd, patch, tile, lane),
            Side::Gradients if patch.rows == M && patch.columns == M => {
                self.gradients(simd, Patch { rows: M, columns: M, ..patch }, tile, lane);
            }
            Side::Gradients => self.gradients(simd, patch, tile, lane),
        }
    }

    #[inline(always)]
    fn inputs<S: Simd>(&mut self, simd: S, patch: Patch, tile: usize, lane: usize) {
        let mut half = [[MaybeUninit::uninit(); N]; N];
        for j in 0..N {
            let column = self.form.inputs(simd, self.column(simd, patch, lane, j));
            for i in 0..N {
                half[i][j].write(column[i]);
            }
        }
        for i in 0..N {
            // SAFETY: every column wrote its element of every row.
            let row = self.form.inputs(simd, unsafe { whole(half[i]) });
            self.store(simd, i, row, tile + lane);
        }
    }

    #[inline(always)]
    fn gradients<S: Simd>(&mut self, simd: S, patch: Patch, tile: usize, lane: usize) {
        let mut half = [[MaybeUninit::uninit(); M]; N];
        for j in 0..M {
            let column = self.form.gradients(simd, self.column(simd, patch, lane, j));
            for i in 0..N {
                half[i][j].write(column[i]);
            }
        }
        for i in 0..N {
            // SAFETY: every column wrote its element of every row.
            let row = self.form.gradients(simd, unsafe { whole(half[i]) });
            self.store(simd, i, row, tile + lane);
        }
    }

    /// Column `j` of a patch; pixels outside of the limits are zero.
    #[inline(always)]
    fn column<S: Simd, const SIZE: usize>(
        &self,
        simd: S,
        patch: Patch,
        lane: usize,
        j: usize,
    ) -> [S::Vector; SIZE] {
        let plane = self.grid.plane();
        let place = patch.place + self.channels.start + lane + j * plane.stride;
        let mut column = [simd.splat(0.0); SIZE];
        for i in 0..SIZE {
            if i < patch.rows && j < patch.columns {
                // SAFETY: pixels inside of the limits lie in the plane, as do all channels asked for, both checked
                // by `check`; a vector has no more lanes than are left of them.
                column[i] = unsafe { simd.load(self.plane.as_ptr().add(place + i * plane.row())) };
            }
        }
        column
    }

    /// Row `i` of the points.
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, i: usize, row: [S::Vector; N], place: usize) {
        for j in 0..N {
            let place = place + (i * N + j) * self.points.point;
            // SAFETY: `check` found every point of every tile inside of the slice, with all channels asked for.
            unsafe { simd.store(self.to.as_mut_ptr().add(place), row[j]) };
        }
    }
}

impl<F: Form<M, N>, const M: usize, const N: usize> Kernel for Scatter<'_, F, M, N> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        for number in self.numbers.clone() {
            let patch = self.grid.patch(number);
            let tile = (number - self.numbers.start) * self.points.tile;
            let mut lane = 0;
            while lane + W::LANES <= self.channels.len() {
                self.patch(wide, patch, tile, lane);
                lane += W::LANES;
            }
            while lane < self.channels.len() {
                self.patch(half, patch, tile, lane);
                lane += H::LANES;
            }
        }
    }
}

impl<F: Form<M, N>, const M: usize, const N: usize> Scatter<'_, F, M, N> {
    /// Some lanes of a patch; a whole one is compiled without the questions.
    #[inline(always)]
    fn patch<S: Simd>(&mut self, simd: S, patch: Patch, tile: usize, lane: usize) {
        if patch.rows == M && patch.columns == M {
            self.outputs(simd, Patch { rows: M, columns: M, ..patch }, tile, lane);
        } else {
            self.outputs(simd, patch, tile, lane);
        }
    }

    #[inline(always)]
    fn outputs<S: Simd>(&mut self, simd: S, patch: Patch, tile: usize, lane: usize) {
        let mut half = [[MaybeUninit::uninit(); N]; M];
        for j in 0..N {
            let mut column = [simd.splat(0.0); N];
            for i in 0..N {
                let place = tile + lane + (i * N + j) * self.points.point;
                // SAFETY: `check` found every point of every tile inside of the slice, with all channels asked for.
                column[i] = unsafe { simd.load(self.from.as_ptr().add(place)) };
            }
            let column = self.form.outputs(simd, column);
            for i in 0..M {
                half[i][j].write(column[i]);
            }
        }
        for i in 0..M {
            // SAFETY: every column wrote its element of every row.
            let row = self.form.outputs(simd, unsafe { whole(half[i]) });
            for j in 0..M {
                if i < patch.rows && j < patch.columns {
                    self.store(simd, (patch.place, i, j), lane, row[j]);
                }
            }
        }
    }

    /// One pixel of a patch, of those inside of the limits.
    #[inline(always)]
    fn store<S: Simd>(
        &mut self,
        simd: S,
        (place, i, j): (usize, usize, usize),
        lane: usize,
        value: S::Vector,
    ) {
        let plane = self.grid.plane();
        let lane = self.channels.start + lane;
        // SAFETY: pixels inside of the limits lie in the plane, as do all channels asked for, which are not more than
        // the bias has; `new` checked all three. A vector has no more lanes than are left of them.
        unsafe {
            let to = self.plane.as_mut_ptr().add(place + i * plane.row() + j * plane.stride + lane);
            let value = match self.start {
                Start::Zero => value,
                Start::Add => simd.add(simd.load(to), value),
                Start::Bias(bias) => simd.add(simd.load(bias.as_ptr().add(lane)), value),
            };
            simd.store(to, value);
        }
    }
}

/// A row of a patch that is half transformed. Rows begin without a value, as to clear the 81 vectors of F(7x7) took a
/// tenth of the time of a convolution; those of smaller tiles the compiler keeps apart.
///
/// # Safety
/// Every element must have been written.
#[inline(always)]
unsafe fn whole<V: Copy, const L: usize>(row: [MaybeUninit<V>; L]) -> [V; L] {
    // SAFETY: an array of values lies in memory as one of values that may be missing, of which the caller promises
    // that none is.
    unsafe { row.as_ptr().cast::<[V; L]>().read() }
}
