//! Register tiles: the inner loops of every product, wherever its rows and terms lie.

use crate::isa::{Isa, Kernel};
use crate::product::Start;
use crate::simd::Simd;

/// Where the rows and the terms of a product are found.
pub(crate) trait Places: Copy {
    /// Rows of the result.
    fn rows(&self) -> usize;

    /// Terms of every sum.
    fn terms(&self) -> usize;

    /// Where a row begins in `a` and in `c`.
    fn row(&self, row: usize) -> (usize, usize);

    /// Where a term lies in `a`, relative to the row's, and in `b`.
    fn term(&self, term: usize) -> (usize, usize);
}

/// A checked product: every place lies inside the slices.
pub(crate) struct Tiles<'a, P> {
    places: P,
    lanes: usize,
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
    start: Start<'a>,
}

/// Rows of the large and of the small tile for blocks of `lanes`: as many as the registers hold, 32 vectors with AVX-512
/// and 16 without, and few enough that little is computed in vain.
const fn tile_rows(most_lanes: usize, lanes: usize) -> (usize, usize) {
    match (most_lanes, lanes) {
        (64, 64) => (4, 4),
        (64, 48 | 32) => (8, 4),
        (64, _) => (12, 6),
        // Three rows would take as long as four: their six sums are too few to hide how long one addition takes.
        _ => (6, 4),
    }
}

/// Rows of the next tile where so many are left.
#[inline(always)]
const fn next_tile(left: usize, (large, small): (usize, usize)) -> usize {
    if left > 2 * small || (left > small && left <= large) { large } else { small }
}

/// Rows that are really computed for a product of `rows` rows: the last tile may do some twice.
pub(crate) fn executed_rows(isa: Isa, lanes: usize, rows: usize) -> usize {
    let tiles = tile_rows(isa.block_widths()[0], lanes);
    // Whole large tiles but for the last few rows, so that this takes no loop over all rows.
    let whole = rows.saturating_sub(2 * tiles.1).div_ceil(tiles.0) * tiles.0;
    let mut done = whole;
    while done < rows {
        done += next_tile(rows - done, tiles);
    }
    done
}

impl<'a, P: Places> Tiles<'a, P> {
    /// A product of blocks of `lanes`, of the operands `a` and `b`.
    ///
    /// # Safety
    /// Every row with every term must lie in `a`, every term with all lanes in `b`, every row with all lanes in
    /// `c`, and all lanes in the bias.
    pub(crate) unsafe fn new(
        places: P,
        lanes: usize,
        (a, b): (&'a [f32], &'a [f32]),
        c: &'a mut [f32],
        start: Start<'a>,
    ) -> Tiles<'a, P> {
        Tiles { places, lanes, a, b, c, start }
    }
}

impl<P: Places> Kernel for Tiles<'_, P> {
    type Output = ();
    const IS_PRODUCT: bool = true;

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        if W::LANES == 16 {
            match self.lanes {
                64 => self.rows_by::<W, 4, { tile_rows(64, 64).0 }, { tile_rows(64, 64).1 }>(wide),
                48 => self.rows_by::<W, 3, { tile_rows(64, 48).0 }, { tile_rows(64, 48).1 }>(wide),
                32 => self.rows_by::<W, 2, { tile_rows(64, 32).0 }, { tile_rows(64, 32).1 }>(wide),
                16 => self.rows_by::<W, 1, { tile_rows(64, 16).0 }, { tile_rows(64, 16).1 }>(wide),
                _ => self.rows_by::<H, 1, { tile_rows(64, 8).0 }, { tile_rows(64, 8).1 }>(half),
            }
        } else {
            match self.lanes {
                16 => self.rows_by::<H, 2, { tile_rows(16, 16).0 }, { tile_rows(16, 16).1 }>(half),
                _ => self.rows_by::<H, 1, { tile_rows(16, 8).0 }, { tile_rows(16, 8).1 }>(half),
            }
        }
    }
}

impl<P: Places> Tiles<'_, P> {
    /// Tiles of `M` rows and in the end of `Q`, the last of which may do some rows twice.
    #[inline(always)]
    fn rows_by<S: Simd, const N: usize, const M: usize, const Q: usize>(&mut self, simd: S) {
        let rows = self.places.rows();
        let mut done = 0;
        while done < rows && next_tile(rows - done, (M, Q)) == M {
            self.tile::<S, N, M>(simd, done);
            done += M;
        }
        while done < rows {
            self.tile::<S, N, Q>(simd, done);
            done += Q;
        }
    }

    /// `M` rows from `first` on; rows beyond the last repeat it.
    #[expect(clippy::needless_range_loop, reason = "constant trip counts keep the sums in registers")]
    #[inline(always)]
    fn tile<S: Simd, const N: usize, const M: usize>(&mut self, simd: S, first: usize) {
        let last = self.places.rows() - 1;
        let mut from = [self.a.as_ptr(); M];
        let mut to = [0; M];
        let mut sums = [[simd.splat(0.0); N]; M];
        // SAFETY: whoever made the product promised that every row with every term lies in `a`, every term with
        // all lanes in `b`, every row with all lanes in `c`, and all lanes in the bias; N * LANES are the lanes.
        unsafe {
            for m in 0..M {
                let (a, c) = self.places.row((first + m).min(last));
                // Without terms nothing is read, and the row may lie anywhere.
                from[m] = self.a.as_ptr().wrapping_add(a);
                to[m] = c;
                for n in 0..N {
                    match self.start {
                        Start::Zero => {}
                        Start::Add => sums[m][n] = simd.load(self.c.as_ptr().add(c + n * S::LANES)),
                        Start::Bias(bias) => sums[m][n] = simd.load(bias.as_ptr().add(n * S::LANES)),
                    }
                }
            }
            for term in 0..self.places.terms() {
                let (a, b) = self.places.term(term);
                let mut lanes = [simd.splat(0.0); N];
                for n in 0..N {
                    lanes[n] = simd.load(self.b.as_ptr().add(b + n * S::LANES));
                }
                for m in 0..M {
                    let scalar = simd.splat(*from[m].add(a));
                    for n in 0..N {
                        sums[m][n] = simd.mul_add(scalar, lanes[n], sums[m][n]);
                    }
                }
            }
            for m in 0..M {
                for n in 0..N {
                    simd.store(self.c.as_mut_ptr().add(to[m] + n * S::LANES), sums[m][n]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
