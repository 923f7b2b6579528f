//! The one matrix product behind every convolution and linear layer: sums of scalars times rows of lanes, with
//! both found through tables of places.

use std::ops::Range;

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;

/// Where one row of the result begins: its scalars, and its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Place in `a`, to which the place of each term is added.
    pub a: u32,
    /// Place of the first lane in `c`.
    pub c: u32,
}

/// Where one term of the sums is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Place of the scalar in `a`, relative to the row's.
    pub a: u32,
    /// Place of the first lane in `b`.
    pub b: u32,
}

/// c[row.c + lane] = start + sum over terms of a[row.a + term.a] * b[term.b + lane], one after the other in the
/// terms' order, so that no result depends on how rows are grouped.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    rows: Vec<Row>,
    terms: Vec<Term>,
    /// The largest places, from which a call checks its slices: of a row in `a` and `c`, of a term in `a` and `b`.
    reach: [usize; 4],
}

/// What the sums begin with.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Zero.
    Zero,
    /// What `c` holds.
    Add,
    /// One value a lane.
    Bias(&'a [f32]),
}

impl Product {
    /// A product of these rows and terms.
    #[must_use]
    pub fn new(rows: Vec<Row>, terms: Vec<Term>) -> Product {
        let largest = |places: &mut dyn Iterator<Item = u32>| places.max().map_or(0, |place| place as usize);
        let reach = [
            largest(&mut rows.iter().map(|row| row.a)),
            largest(&mut rows.iter().map(|row| row.c)),
            largest(&mut terms.iter().map(|term| term.a)),
            largest(&mut terms.iter().map(|term| term.b)),
        ];
        Product { rows, terms, reach }
    }

    /// Rows of the result.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Terms of each sum.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// Computes the first `rows` rows for one block of `lanes`, one of [`Isa::block_widths`].
    ///
    /// `operands` are `a` and `b`. A row may not overlap another in `c`, or which is stored last decides.
    ///
    /// # Panics
    /// When a slice is shorter than the tables say, there are fewer rows, or no kernel has this width.
    pub fn run(
        &self,
        isa: Isa,
        lanes: usize,
        rows: usize,
        operands: (&[f32], &[f32]),
        c: &mut [f32],
        start: Start<'_>,
    ) {
        self.run_terms(isa, lanes, rows, 0..self.terms.len(), operands, c, start);
    }

    /// As [`Product::run`], with some of the terms only.
    ///
    /// # Panics
    /// When a slice is shorter than the tables say, there are fewer rows or terms, or no kernel has this width.
    #[expect(clippy::too_many_arguments, reason = "three operands and what part of them")]
    pub fn run_terms(
        &self,
        isa: Isa,
        lanes: usize,
        rows: usize,
        terms: Range<usize>,
        operands: (&[f32], &[f32]),
        c: &mut [f32],
        start: Start<'_>,
    ) {
        let (a, b) = operands;
        let [row_a, row_c, term_a, term_b] = self.reach;
        assert!(isa.block_widths().contains(&lanes), "no kernel computes {lanes} lanes at once");
        assert!(
            terms.is_empty() || (row_a + term_a < a.len() && term_b + lanes <= b.len()),
            "operands too short"
        );
        assert!(self.rows.is_empty() || row_c + lanes <= c.len(), "result too short");
        if let Start::Bias(bias) = start {
            assert!(bias.len() >= lanes, "bias too short");
        }
        isa.run(Tiles { rows: &self.rows[..rows], terms: &self.terms[terms], lanes, a, b, c, start });
    }
}

/// Rows that [`Product::run`] really computes for `rows` rows of `lanes`: the last tile may do some twice.
#[must_use]
pub fn executed_rows(isa: Isa, lanes: usize, rows: usize) -> usize {
    let large = match (isa.block_widths()[0], lanes) {
        (64, 48 | 32) => 8,
        (64, 16 | 8) => 12,
        _ => 6,
    };
    let rest = rows % large;
    let last = if rest == 0 {
        0
    } else if rest > large / 2 {
        large
    } else {
        large / 2
    };
    rows - rest + last
}

/// A checked product: every place of the tables lies inside the slices.
struct Tiles<'a> {
    rows: &'a [Row],
    terms: &'a [Term],
    lanes: usize,
    a: &'a [f32],
    b: &'a [f32],
    c: &'a mut [f32],
    start: Start<'a>,
}

impl Kernel for Tiles<'_> {
    type Output = ();

    #[inline(always)]
    fn run<W: Simd, H: Simd>(mut self, wide: W, half: H) {
        // Rows at once: as many as the registers hold, 32 vectors with AVX-512 and 16 without.
        if W::LANES == 16 {
            match self.lanes {
                64 => self.rows_by::<W, 4, 6, 3>(wide),
                48 => self.rows_by::<W, 3, 8, 4>(wide),
                32 => self.rows_by::<W, 2, 8, 4>(wide),
                16 => self.rows_by::<W, 1, 12, 6>(wide),
                _ => self.rows_by::<H, 1, 12, 6>(half),
            }
        } else {
            match self.lanes {
                16 => self.rows_by::<H, 2, 6, 3>(half),
                _ => self.rows_by::<H, 1, 6, 3>(half),
            }
        }
    }
}

impl Tiles<'_> {
    /// Tiles of `P` rows as long as they last, then of `Q`, the last of which may do some rows twice.
    #[inline(always)]
    fn rows_by<S: Simd, const N: usize, const P: usize, const Q: usize>(&mut self, simd: S) {
        let mut done = 0;
        while self.rows.len() - done > P - Q {
            self.tile::<S, N, P>(simd, done);
            done += P;
            if done >= self.rows.len() {
                return;
            }
        }
        while done < self.rows.len() {
            self.tile::<S, N, Q>(simd, done);
            done += Q;
        }
    }

    /// `P` rows from `first` on; rows beyond the last repeat it.
    #[expect(clippy::needless_range_loop, reason = "constant trip counts keep the sums in registers")]
    #[inline(always)]
    fn tile<S: Simd, const N: usize, const P: usize>(&mut self, simd: S, first: usize) {
        let last = self.rows.len() - 1;
        let mut rows = [self.rows[last]; P];
        for p in 0..P {
            rows[p] = self.rows[(first + p).min(last)];
        }
        let mut from = [self.a.as_ptr(); P];
        let mut sums = [[simd.splat(0.0); N]; P];
        // SAFETY: `Product::run` checked that every row with every term lies in `a`, every term with all lanes in
        // `b`, every row with all lanes in `c`, and all lanes in the bias; N * LANES are the lanes.
        unsafe {
            for p in 0..P {
                // Without terms nothing is read, and the row may lie anywhere.
                from[p] = self.a.as_ptr().wrapping_add(rows[p].a as usize);
                for n in 0..N {
                    match self.start {
                        Start::Zero => {}
                        Start::Add => {
                            sums[p][n] = simd.load(self.c.as_ptr().add(rows[p].c as usize + n * S::LANES));
                        }
                        Start::Bias(bias) => sums[p][n] = simd.load(bias.as_ptr().add(n * S::LANES)),
                    }
                }
            }
            for term in self.terms {
                let b = self.b.as_ptr().add(term.b as usize);
                let mut lanes = [simd.splat(0.0); N];
                for n in 0..N {
                    lanes[n] = simd.load(b.add(n * S::LANES));
                }
                for p in 0..P {
                    let scalar = simd.splat(*from[p].add(term.a as usize));
                    for n in 0..N {
                        sums[p][n] = simd.mul_add(scalar, lanes[n], sums[p][n]);
                    }
                }
            }
            for p in 0..P {
                for n in 0..N {
                    simd.store(self.c.as_mut_ptr().add(rows[p].c as usize + n * S::LANES), sums[p][n]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
