//! The products at all points of one block of lanes.

use crate::isa::{Isa, Kernel};
use crate::product::Start;
use crate::simd::Simd;
use crate::tiles::{Places, Tiles};

/// Rows and terms at regular distances; rows of `c` and terms in `b` are one block of lanes apart.
#[derive(Clone, Copy)]
pub(crate) struct Regular {
    pub(crate) rows: usize,
    pub(crate) terms: usize,
    pub(crate) lanes: usize,
    /// Values of `a` from one row to the next.
    pub(crate) row: usize,
    /// Values of `a` from one term to the next.
    pub(crate) term: usize,
}

impl Places for Regular {
    #[inline(always)]
    fn rows(&self) -> usize {
        self.rows
    }

    #[inline(always)]
    fn terms(&self) -> usize {
        self.terms
    }

    #[inline(always)]
    fn row(&self, row: usize) -> (usize, usize) {
        (row * self.row, row * self.lanes)
    }

    #[inline(always)]
    fn term(&self, term: usize) -> (usize, usize) {
        (term * self.term, term * self.lanes)
    }
}

/// As many products of one shape as there are points, with the values from one to the next in `a`, `b` and `c`.
#[derive(Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) places: Regular,
    pub(crate) points: usize,
    pub(crate) steps: [usize; 3],
}

impl Batch {
    /// Computes all products; sums begin with zero, or with what `c` holds where it says `add`.
    pub(crate) fn run(self, isa: Isa, operands: (&[f32], &[f32]), c: &mut [f32], add: bool) {
        let Regular { rows, terms, lanes, row, term } = self.places;
        if rows == 0 || self.points == 0 {
            return;
        }
        let first = self.steps.map(|step| (self.points - 1) * step);
        assert!(isa.block_widths().contains(&lanes), "no kernel computes {lanes} lanes at once");
        if terms > 0 {
            assert!(
                first[0] + (rows - 1) * row + (terms - 1) * term < operands.0.len(),
                "operand a too short"
            );
            assert!(first[1] + terms * lanes <= operands.1.len(), "operand b too short");
        }
        assert!(first[2] + rows * lanes <= c.len(), "result too short");
        isa.run(Checked { batch: self, operands, c, start: if add { Start::Add } else { Start::Zero } });
    }
}

/// A batch whose places were found to lie inside the slices.
struct Checked<'a> {
    batch: Batch,
    operands: (&'a [f32], &'a [f32]),
    c: &'a mut [f32],
    start: Start<'a>,
}

impl Kernel for Checked<'_> {
    type Output = ();
    const IS_PRODUCT: bool = true;

    #[inline(always)]
    fn run<W: Simd, H: Simd>(self, wide: W, half: H) {
        let (places, (a, b)) = (self.batch.places, self.operands);
        for point in 0..self.batch.points {
            let [from_a, from_b, from_c] = self.batch.steps.map(|step| point * step);
            let operands = (&a[from_a..], &b[from_b..]);
            // SAFETY: `Batch::run` checked the last point's places, which lie furthest.
            unsafe { Tiles::new(places, places.lanes, operands, &mut self.c[from_c..], self.start) }
                .run(wide, half);
        }
    }
}
