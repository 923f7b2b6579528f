//! Transposition of matrices in memory, tile by tile.

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Rows and columns of a tile: a vector of eight each, which all but the oldest processors turn in registers.
const SIDE: usize = 8;

/// to[column * to.pitch + row] = from[row * from.pitch + column].
pub(crate) struct Transposition<'a> {
    pub rows: usize,
    pub columns: usize,
    pub from: &'a [f32],
    /// Values from one row to the next.
    pub from_pitch: usize,
    pub to: &'a mut [f32],
    /// Values from one column to the next.
    pub to_pitch: usize,
}

impl Transposition<'_> {
    /// Transposes.
    ///
    /// # Panics
    /// When a slice is too short.
    pub(crate) fn run_on(self, isa: Isa) {
        isa.run(self);
    }

    #[inline(always)]
    fn tile<H: Simd>(&mut self, half: H, row: usize, column: usize) -> Option<()> {
        let mut tile = [[0.0; SIDE]; SIDE];
        for (number, values) in tile.iter_mut().enumerate() {
            *values = *self.from.get((row + number) * self.from_pitch + column..)?.first_chunk()?;
        }
        for (number, values) in half.columns(tile).into_iter().enumerate() {
            *self.to.get_mut((column + number) * self.to_pitch + row..)?.first_chunk_mut()? = values;
        }
        Some(())
    }

    #[inline(always)]
    fn edge(&mut self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) {
        for row in rows {
            for column in columns.clone() {
                self.to[column * self.to_pitch + row] = self.from[row * self.from_pitch + column];
            }
        }
    }
}

impl Kernel for Transposition<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, _wide: W, half: H) {
        let (whole_rows, whole_columns) = (self.rows / SIDE * SIDE, self.columns / SIDE * SIDE);
        for column in (0..whole_columns).step_by(SIDE) {
            for row in (0..whole_rows).step_by(SIDE) {
                assert!(self.tile(half, row, column).is_some(), "slices as long as their matrices");
            }
        }
        self.edge(0..whole_rows, whole_columns..self.columns);
        self.edge(whole_rows..self.rows, 0..self.columns);
    }
}

#[cfg(test)]
mod tests;
