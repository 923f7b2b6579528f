//! The product against plain loops in f64, on random tables and every instruction set of this machine.

use proptest::prelude::*;

use super::{Product, Row, Start, Term};
use crate::isa::Isa;
use crate::testing::guarded::Guarded;
use crate::testing::{Numbers, filled, refused};

/// What a random product is made from.
#[derive(Debug)]
struct Case {
    rows: usize,
    terms: usize,
    /// Distances between the places of the terms in `a` and in `b`, where those are regular.
    steps: [Option<usize>; 2],
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    // 1 to 40 rows leave every remainder of every tile; no terms at all is a sum of nothing.
    let steps = [proptest::option::of(0usize..3), proptest::option::of(0usize..3)];
    (1usize..40, 0usize..70, steps, any::<u64>()).prop_map(|(rows, terms, steps, seed)| Case {
        rows,
        terms,
        steps,
        seed,
    })
}

/// Tables with their slices `a`, `b` and `c`.
type Tables = (Vec<Row>, Vec<Term>, Guarded<f32>, Guarded<f32>, Guarded<f32>);

/// The tables of a case, with rows of `lanes` apart in `c` in another order than in `a`, and slices that end
/// exactly where the tables end.
fn tables(case: &Case, lanes: usize) -> Tables {
    let mut numbers = Numbers::new(case.seed);
    let rows: Vec<Row> = (0..case.rows)
        .map(|row| Row { a: numbers.below(50) as u32, c: ((case.rows - 1 - row) * (lanes + 3)) as u32 })
        .collect();
    let mut place = |term: usize, which: usize, below: usize| match case.steps[which] {
        Some(step) => (7 + term * step) as u32,
        None => numbers.below(below) as u32,
    };
    let terms: Vec<Term> =
        (0..case.terms).map(|term| Term { a: place(term, 0, 50), b: place(term, 1, 90) }).collect();
    let end = |places: Vec<u32>| places.into_iter().max().map_or(0, |place| place as usize);
    let a = end(rows.iter().map(|row| row.a).collect()) + end(terms.iter().map(|term| term.a).collect()) + 1;
    let b = end(terms.iter().map(|term| term.b).collect()) + lanes;
    let c = end(rows.iter().map(|row| row.c).collect()) + lanes;
    (rows, terms, numbers.units(a), numbers.units(b), numbers.units(c))
}

/// Every sum in f64, and the sum of the magnitudes by which rounding is judged.
fn plain(tables: &Tables, row: &Row, lane: usize) -> (f64, f64) {
    let (_, terms, a, b, _) = tables;
    let products = terms
        .iter()
        .map(|term| f64::from(a[(row.a + term.a) as usize]) * f64::from(b[term.b as usize + lane]));
    products.fold((0.0, 1.0), |(sum, size), product| (sum + product, size + product.abs()))
}

proptest! {
    #[test]
    fn every_instruction_set_agrees_with_plain_loops(case in cases()) {
        for isa in Isa::available() {
            for &lanes in isa.block_widths() {
                let tables = tables(&case, lanes);
                let (rows, terms, a, b, before) = &tables;
                let product = Product::new(rows.clone(), terms.clone());
                let bias: Guarded<f32> = (0..lanes).map(|lane| lane as f32 / 8.0).collect();
                for start in [Start::Zero, Start::Add, Start::Bias(&bias)] {
                    let mut c = before.clone();
                    let done = case.rows - case.rows / 3;
                    product.run(isa, lanes, done, (a, b), &mut c, start);
                    let mut expected = before.clone();
                    for row in &rows[..done] {
                        for lane in 0..lanes {
                            let place = row.c as usize + lane;
                            let (sum, size) = plain(&tables, row, lane);
                            let first = match start {
                                Start::Zero => 0.0,
                                Start::Add => f64::from(before[place]),
                                Start::Bias(bias) => f64::from(bias[lane]),
                            };
                            // Each of the terms rounds by at most 2^-24 of the sum of magnitudes so far.
                            let bound = (size + first.abs()) * (terms.len() + 2) as f64 * 2f64.powi(-24);
                            let error = (f64::from(c[place]) - first - sum).abs();
                            prop_assert!(error <= bound, "{isa:?} {lanes} lanes: off by {error}");
                            expected[place] = c[place];
                        }
                    }
                    // Nothing else was written: neither the gaps nor the rows that were not asked for.
                    prop_assert_eq!(&c, &expected);
                }
            }
        }
    }

    /// A row's bits do not depend on how many rows are computed with it, nor on its place among them.
    #[test]
    fn a_row_is_the_same_alone_and_among_others(case in cases()) {
        for isa in Isa::available() {
            for &lanes in isa.block_widths() {
                let (rows, terms, a, b, mut together) = tables(&case, lanes);
                Product::new(rows.clone(), terms.clone()).run(
                    isa, lanes, rows.len(), (&a, &b), &mut together, Start::Zero,
                );
                for row in rows {
                    let mut alone = together.clone();
                    Product::new(vec![row], terms.clone()).run(isa, lanes, 1, (&a, &b), &mut alone, Start::Zero);
                    prop_assert_eq!(&alone, &together);
                }
            }
        }
    }
}

/// Slices one value short of what the tables reach are refused before anything is read.
#[test]
fn short_slices_are_refused() {
    let product = Product::new(vec![Row { a: 2, c: 8 }], vec![Term { a: 3, b: 16 }]);
    let run = |a: usize, b: usize, c: usize| {
        let (a, b, mut c) = (filled(a, 1.0), filled(b, 1.0), filled(c, 0.0));
        !refused(|| product.run(Isa::detect(), 8, 1, (&a, &b), &mut c, Start::Zero))
    };
    assert!(run(6, 24, 16));
    assert!(!run(5, 24, 16) && !run(6, 23, 16) && !run(6, 24, 15));
}

#[test]
fn no_rows_are_no_work() {
    Product::new(vec![], vec![]).run(Isa::detect(), 8, 0, (&[], &[]), &mut [], Start::Zero);
    // Terms that would lie beyond the operands are never looked at.
    let terms = vec![Term { a: 9, b: 9 }];
    Product::new(vec![], terms).run(Isa::detect(), 8, 0, (&[], &[]), &mut [], Start::Zero);
}
