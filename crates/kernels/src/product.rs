//! The one matrix product behind every convolution and linear layer: sums of scalars times rows of lanes, with
//! both found through tables of places.

use std::ops::Range;

use crate::isa::Isa;
use crate::tiles::{Places, Tiles};

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
    /// The terms' places in `a` and in `b` where those lie at regular distances.
    steps: [Option<Steps>; 2],
    /// The largest places, from which a call checks its slices: of a row in `a` and `c`, of a term in `a` and `b`.
    reach: [usize; 4],
}

/// A place in a table's 32 bits; one too large for them becomes the largest, which every call
/// refuses whose slices have fewer than 2^32 values.
pub(crate) fn place(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
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
        let steps =
            [Steps::find(terms.iter().map(|term| term.a)), Steps::find(terms.iter().map(|term| term.b))];
        Product { rows, terms, steps, reach }
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
        // Without rows or without terms nothing is read, and the others may lie anywhere.
        let reads = !self.rows.is_empty() && !terms.is_empty();
        assert!(!reads || (row_a + term_a < a.len() && term_b + lanes <= b.len()), "operands too short");
        assert!(self.rows.is_empty() || row_c + lanes <= c.len(), "result too short");
        if let Start::Bias(bias) = start {
            assert!(bias.len() >= lanes, "bias too short");
        }
        let steps = self.steps.map(|steps| steps.map(|steps| steps.after(terms.start)));
        let (rows, terms) = (&self.rows[..rows], &self.terms[terms]);
        // SAFETY: the largest places were just found to lie inside the slices, with all lanes; regular distances lead to
        // the same places.
        unsafe {
            match steps {
                [Some(a), Some(b)] => {
                    isa.run(Tiles::new(Tables { rows, terms, a, b }, lanes, operands, c, start))
                }
                [None, Some(b)] => {
                    isa.run(Tiles::new(Tables { rows, terms, a: Listed, b }, lanes, operands, c, start));
                }
                _ => {
                    isa.run(Tiles::new(
                        Tables { rows, terms, a: Listed, b: Listed },
                        lanes,
                        operands,
                        c,
                        start,
                    ));
                }
            }
        }
    }
}

/// Places of terms at regular distances: then no table is read for each term, which takes as long as a fourth of the
/// multiplications of a small tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Steps {
    first: usize,
    step: usize,
}

impl Steps {
    /// The distance between places that rise in equal steps.
    fn find(mut places: impl Iterator<Item = u32>) -> Option<Steps> {
        let first = places.next().unwrap_or(0);
        let Some(second) = places.next() else { return Some(Steps { first: first as usize, step: 0 }) };
        let (step, mut last) = (second.checked_sub(first)?, second);
        for place in places {
            if place.checked_sub(last)? != step {
                return None;
            }
            last = place;
        }
        Some(Steps { first: first as usize, step: step as usize })
    }

    /// Those of the terms from number `term` on.
    fn after(self, term: usize) -> Steps {
        Steps { first: self.first + term * self.step, ..self }
    }
}

/// Places of terms that only a table knows.
#[derive(Clone, Copy)]
struct Listed;

/// How the place of a term is found.
trait Find: Copy {
    /// The place of a term, which its table has as `listed`.
    fn find(self, term: usize, listed: u32) -> usize;
}

impl Find for Listed {
    #[inline(always)]
    fn find(self, _: usize, listed: u32) -> usize {
        listed as usize
    }
}

impl Find for Steps {
    #[inline(always)]
    fn find(self, term: usize, _: u32) -> usize {
        self.first + term * self.step
    }
}

/// The places of a [`Product`], out of its tables.
#[derive(Clone, Copy)]
struct Tables<'a, A, B> {
    rows: &'a [Row],
    terms: &'a [Term],
    a: A,
    b: B,
}

impl<A: Find, B: Find> Places for Tables<'_, A, B> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn terms(&self) -> usize {
        self.terms.len()
    }

    #[inline(always)]
    fn row(&self, row: usize) -> (usize, usize) {
        (self.rows[row].a as usize, self.rows[row].c as usize)
    }

    #[inline(always)]
    fn term(&self, term: usize) -> (usize, usize) {
        let Term { a, b } = self.terms[term];
        (self.a.find(term, a), self.b.find(term, b))
    }
}

#[cfg(test)]
mod tests;
