//! Values of axes against closed forms, and every value that is refused.

use super::*;
use proptest::prelude::*;

fn ladder(from: f64, to: f64, per_decade: u32) -> Written<BudgetLadder> {
    Written::Table(BudgetLadder { from, to, per_decade })
}

fn message<T: std::fmt::Debug>(result: Result<T, SweepError>) -> String {
    result.expect_err("a refusal").to_string()
}

#[test]
fn ladders_meet_their_ends_and_whole_decades_exactly() {
    // 10^10.5 = 31,622,776,601.68; 10^11.5 ten times that.
    let expected = [10_000_000_000, 31_622_776_602, 100_000_000_000, 316_227_766_017, 1_000_000_000_000];
    assert_eq!(budgets("f", &ladder(1e10, 1e12, 2)).unwrap(), expected);
    // Between rungs: the last one below `to`.
    assert_eq!(budgets("f", &ladder(1e10, 9e11, 2)).unwrap(), expected[..4]);
    assert_eq!(budgets("f", &ladder(1e10, 1e10, 2)).unwrap(), expected[..1]);
    let decades = budgets("f", &ladder(3e8, 3e18, 1)).unwrap();
    assert_eq!(decades, (0..=10).map(|decade| 3 * 10u64.pow(8 + decade)).collect::<Vec<_>>());
    assert_eq!(budgets("f", &Written::List(vec![3e9, 1e9])).unwrap(), [1_000_000_000, 3_000_000_000]);
}

#[test]
fn impossible_budgets_are_refused() {
    let refused = |written, parts: &[&str]| {
        let message = message(budgets("f.toml", &written));
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    refused(Written::One(0.0), &["f.toml: budgets = 0", "from 1 to 1.8e19"]);
    refused(Written::List(vec![]), &["budgets = []", "at least one value"]);
    refused(Written::List(vec![1e9, -1e9]), &["budgets = -1000000000"]);
    refused(Written::One(f64::NAN), &["budgets = NaN"]);
    refused(Written::One(f64::INFINITY), &["budgets = inf"]);
    refused(ladder(0.0, 1e9, 1), &["budgets.from = 0"]);
    refused(ladder(1e9, 1e8, 1), &["budgets.to", "at least the 1e9 of from"]);
    refused(ladder(1e9, 1e10, 0), &["budgets.per_decade = 0", "a whole number, 1 to 100"]);
}

#[test]
fn numbers_are_checked_with_their_key() {
    let one = Numbers::One;
    assert_eq!(wholes("f", "k", &one(1e4), 1..=20_000).unwrap(), [10_000]);
    assert_eq!(message(counts("f", "k", &one(0.0))), "f: k = 0: expected a whole number, at least 1");
    assert_eq!(message(counts("f", "k", &one(2.5))), "f: k = 2.5: expected a whole number, at least 1");
    assert_eq!(message(counts("f", "k", &one(-3.0))), "f: k = -3: expected a whole number, at least 1");
    assert!(message(counts("f", "k", &one(f64::NAN))).contains("k = NaN"));
    assert!(message(counts("f", "k", &one(1e17))).contains("whole number"));
    assert_eq!(message(reals("f", "k", &one(-0.1))), "f: k = -0.1: expected a finite number of at least 0");
    assert!(message(reals("f", "k", &Numbers::List(vec![0.1, f64::NAN]))).contains("k = NaN"));
    assert!(message(reals("f", "k", &Numbers::List(vec![]))).contains("k = []: expected at least one value"));
}

#[test]
fn a_bracket_is_its_centre_times_its_factors() {
    let written = Written::Table(LearningRates { centre: 0.1, bracket: vec![0.5, 1.0, 3.0] });
    // 0.1 * 3.0 is 0.30000000000000004 in f64; the id must be that of a file that says 0.3.
    assert_eq!(learning_rates("f", "lr", &written).unwrap(), [0.05, 0.1, 0.3]);
    let bad = |centre, bracket| {
        message(learning_rates("f", "lr", &Written::Table(LearningRates { centre, bracket })))
    };
    assert!(bad(0.1, vec![]).contains("lr.bracket = []"));
    assert!(bad(0.1, vec![-1.0]).contains("lr.bracket = -1"));
    assert!(bad(f64::NAN, vec![1.0]).contains("lr.centre = NaN"));
}

#[test]
fn widths_follow_the_guess_in_log_log() {
    let ladder = |around: &[[f64; 2]], count, factor| WidthsAround { around: around.to_vec(), count, factor };
    // Slope 1/2 through (1e10, 4) and (1e12, 40): 4 x sqrt(10) = 12.65 at 1e11, 126.5 beyond at 1e13.
    let line = ladder(&[[1e10, 4.0], [1e12, 40.0]], 1, 2.0);
    let at = |budget| widths_at(&line, budget);
    let budgets = [10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000];
    assert_eq!(budgets.map(at), [vec![4], vec![13], vec![40], vec![126]]);
    // Below: 4 / sqrt(10) = 1.26.
    assert_eq!(at(1_000_000_000), [1]);
    // One guess holds everywhere; 16 x 2^-1, 2^0, 2^1.
    assert_eq!(widths_at(&ladder(&[[1e10, 16.0]], 3, 2.0), 77), [8, 16, 32]);
    // Two widths lie half a factor to either side: 8 / sqrt(4), 8 x sqrt(4).
    assert_eq!(widths_at(&ladder(&[[1e10, 8.0]], 2, 4.0), 77), [4, 16]);
    // 1, 1.19, 1.41, 1.68, 2 and 0.5, 0.59, ... round to few, and 0 becomes 1.
    assert_eq!(widths_at(&ladder(&[[1e10, 1.0]], 9, 1.189_207_115), 77), [1, 2]);
}

#[test]
fn impossible_widths_are_refused() {
    let bad = |around: &[[f64; 2]], count, factor| {
        let written = Written::Table(WidthsAround { around: around.to_vec(), count, factor });
        message(widths("f", "width", &written))
    };
    assert!(bad(&[], 3, 2.0).contains("width.around = []"));
    assert!(bad(&[[1e10, 0.0]], 3, 2.0).contains("width.around = 0: expected widths from 1"));
    assert!(bad(&[[f64::NAN, 4.0]], 3, 2.0).contains("width.around = NaN: expected FLOPs"));
    assert!(
        bad(&[[1e12, 4.0], [1e10, 4.0]], 3, 2.0).contains("1e12, 1e10: expected [budget, width] pairs by")
    );
    assert!(bad(&[[1e10, 4.0], [1e10, 5.0]], 3, 2.0).contains("by rising budget"));
    assert!(bad(&[[1e10, 4.0]], 0, 2.0).contains("width.count = 0"));
    assert!(bad(&[[1e10, 4.0]], 3, 1.0).contains("width.factor = 1"));
    assert!(bad(&[[1e10, 4.0]], 3, f64::NAN).contains("width.factor = NaN"));
    assert!(message(widths("f", "width", &Written::List(vec![4.0, 0.0]))).contains("width = 0"));
}

#[test]
fn seeds_serve_one_end_only() {
    let table = |selection, report| SeedsTable { selection, report };
    let list = |seeds: &[f64]| Numbers::List(seeds.to_vec());
    let counted = seeds("f", &SeedsTable::default()).unwrap();
    assert_eq!(counted, Seeds { selection: vec![1, 2], report: vec![3, 4, 5] });
    // A count goes on after the largest selection seed.
    let mixed = seeds("f", &table(list(&[9.0, 4.0]), Numbers::One(2.0))).unwrap();
    assert_eq!(mixed, Seeds { selection: vec![9, 4], report: vec![10, 11] });
    let overlap = message(seeds("f", &table(Numbers::One(3.0), list(&[3.0, 4.0]))));
    assert!(
        overlap.starts_with("f: [seeds] report = 3: expected seeds that selection does not use"),
        "{overlap}"
    );
    assert!(message(seeds("f", &table(list(&[0.0]), Numbers::One(1.0)))).contains("[seeds] selection = 0"));
    assert!(message(seeds("f", &table(Numbers::One(0.0), Numbers::One(1.0)))).contains("selection = 0"));
    assert!(message(seeds("f", &table(Numbers::One(1.0), list(&[])))).contains("[seeds] report = []"));
    assert!(message(seeds("f", &table(Numbers::One(1e12), Numbers::One(1.0)))).contains("1 to 10000"));
}

proptest! {
    /// Neighbours on a ladder differ by 10^(1/per_decade), up to rounding to whole FLOPs.
    #[test]
    fn ladders_have_one_ratio(from in 1e6..1e12f64, decades in 0.0..6.0f64, per_decade in 1u32..8) {
        let rungs = budgets("f", &ladder(from, from * 10f64.powf(decades), per_decade)).unwrap();
        prop_assert_eq!(rungs.len(), (decades * f64::from(per_decade) + 1e-6).floor() as usize + 1);
        let ratio = 10f64.powf(1.0 / f64::from(per_decade));
        for pair in rungs.windows(2) {
            prop_assert!((pair[1] as f64 / pair[0] as f64 / ratio - 1.0).abs() < 3.0 / from);
        }
    }

    #[test]
    fn widths_rise_and_are_at_least_one(
        budget in 1u64..u64::MAX, at in 1.0..1e15f64, slope in 0.0..1.0f64, width in 1.0..500f64,
        count in 1u32..12, factor in 1.01..4.0f64,
    ) {
        let around = vec![[at, width], [at * 100.0, width * 100f64.powf(slope)]];
        let widths = widths_at(&WidthsAround { around, count, factor }, budget);
        prop_assert!(widths[0] >= 1 && widths.len() <= count as usize);
        prop_assert!(widths.is_sorted_by(|a, b| a < b));
    }
}
