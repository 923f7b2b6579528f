//! Order, counts and shares of what is still to do.

use std::collections::HashSet;

use super::*;
use crate::{file, plan};
use proptest::prelude::*;

fn sweep() -> plan::Sweep {
    let text = r#"
name = "t"
data = "digits"
budgets = [1e9, 1e8]
[net]
names = ["linear", "cnn-w2-d1"]
[train]
batch = 8
[seeds]
selection = 1
report = 2
"#;
    plan::plan(&file::parse(text, "t").unwrap()).unwrap()
}

#[test]
fn what_is_finished_is_left_out_and_the_order_stays() {
    let sweep = sweep();
    let key = |run: &&PlannedRun| (run.place.budget.0, run.spec.net.clone(), run.spec.seed);
    let all = pending(&sweep.runs, &HashSet::new());
    let cells =
        |budget: u64| ["linear", "cnn-w2-d1"].map(|net| [1, 2, 3].map(|seed| (budget, net.to_owned(), seed)));
    // Small budgets first, then the cells in the order of the file, a cell's seeds together.
    let expected: Vec<_> = [cells(100_000_000), cells(1_000_000_000)].concat().concat();
    assert_eq!(all.to_do.iter().map(key).collect::<Vec<_>>(), expected);
    assert_eq!(all.done, 0);

    let finished: HashSet<RunId> = [0, 4, 11].map(|place: usize| sweep.runs[place].id.clone()).into();
    let rest = pending(&sweep.runs, &finished);
    assert_eq!((rest.done, rest.to_do.len()), (3, 9));
    let kept = [1, 2, 3, 5, 6, 7, 8, 9, 10].map(|place: usize| expected[place].clone());
    assert_eq!(rest.to_do.iter().map(key).collect::<Vec<_>>(), kept);
}

#[test]
fn ids_of_other_sweeps_do_not_count() {
    let sweep = sweep();
    let (here, elsewhere) = sweep.runs.split_at(4);
    let finished: HashSet<RunId> = elsewhere.iter().map(|run| run.id.clone()).collect();
    let rest = pending(here, &finished);
    assert_eq!((rest.done, rest.to_do.len()), (0, 4));
}

#[test]
fn a_share_that_does_not_exist_is_refused() {
    for (index, count) in [(0, 4), (5, 4), (1, 0)] {
        let message = shard(vec![1, 2, 3], index, count).unwrap_err().to_string();
        assert_eq!(message, format!("shard = {index}/{count}: expected I/N with I from 1 to N, such as 1/8"));
    }
}

proptest! {
    /// The shares are a partition: every run is in one of them, in order, and no share is longer than another by
    /// more than one.
    #[test]
    fn shares_partition_the_runs(length in 0usize..200, count in 1usize..20) {
        let shares: Vec<Vec<usize>> =
            (1..=count).map(|index| shard((0..length).collect(), index, count).unwrap()).collect();
        let mut all = shares.concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..length).collect::<Vec<_>>());
        let lengths = || shares.iter().map(Vec::len);
        prop_assert!(lengths().max().unwrap() - lengths().min().unwrap() <= 1);
        prop_assert!(shares.iter().all(|share| share.is_sorted()));
    }
}
