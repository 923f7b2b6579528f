//! Predictions against sums done by hand.

use super::*;
use crate::{file, plan};

/// Steps of 10 images of `linear` have 313,600 FLOPs.
const RATE: Rate =
    Rate { step_flops: 313_600.0, seconds_per_step: 0.5, seconds_per_eval_flop: 1e-9, seconds_per_run: 3.0 };

fn rates(watts: Option<f64>) -> Rates {
    Rates::new(vec![RATE], watts)
}

/// `linear` on digits is one layer of 784 x 10 = 7,840 MACs whose input needs no gradient: 4 x 7,840 = 31,360 FLOPs
/// to train on an image and 2 x 7,840 = 15,680 to evaluate one.
fn sweep() -> Sweep {
    let text = "name = \"t\"\ndata = \"digits\"\n[net]\nnames = [\"linear\"]\n[train]\nbatch = 10\nsteps = [100, 200]\n\
                validation_images = 400\ntest_images = 600\n[seeds]\nselection = 1\nreport = 1\n";
    plan::plan(&file::parse(text, "t").unwrap()).unwrap()
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} instead of {expected}");
}

#[test]
fn seconds_are_the_sum_of_three_parts() {
    let sweep = sweep();
    let run = &sweep.runs[0];
    // 100 steps of 10 images: 31,360,000 FLOPs; 1,000 images evaluated: 15,680,000 FLOPs.
    assert_eq!((run.train_flops.0, run.evaluation_flops.0), (31_360_000, 15_680_000));
    let expected = 3.0 + 0.5 * 100.0 + 0.01568;
    close(seconds(run, &rates(Some(20.0))).0, expected);
    close(joules(run, &rates(Some(20.0))).unwrap().0, 20.0 * expected);
    assert_eq!(joules(run, &rates(None)), None);
}

/// Of three networks, given in any order, the one that is asked for counts; others lie between their neighbours.
#[test]
fn a_network_that_was_measured_counts_as_measured() {
    let rate = |step_flops: f64, seconds_per_step: f64| Rate { step_flops, seconds_per_step, ..RATE };
    // The middle one is slow for its size.
    let rates = Rates::new(vec![rate(8e9, 4.0), rate(1e9, 1.0), rate(4e9, 6.0)], None);
    let step = |step_flops: f64| rates.at(step_flops).seconds_per_step;
    assert_eq!([1e9, 4e9, 8e9].map(step), [1.0, 6.0, 4.0]);
    close(step(2e9), 1.0 + 5.0 / 3.0);
    close(step(6e9), 5.0);
    // Small steps take a time that does not shrink with them; large ones grow with their work.
    assert_eq!((step(1e8), step(1.6e10)), (1.0, 8.0));
    assert_eq!(Rates::default().at(1e9), Rate::default());
}

#[test]
fn a_dry_run_lists_all_and_adds_what_is_left() {
    let sweep = sweep();
    let finished = HashSet::from([sweep.runs[0].id.clone()]);
    let out = dry_run(&sweep, &finished, &rates(Some(20.0)), "guessed", "runs/t");
    assert_eq!((out.runs_planned, out.runs_done, out.runs_skipped), (4, 1, 1));
    assert_eq!((out.method.as_str(), out.out.as_str()), ("guessed", "runs/t"));
    assert_eq!(out.runs.iter().map(|run| run.done).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!(out.runs.iter().map(|run| run.steps).collect::<Vec<_>>(), [100, 100, 200, 200]);
    assert_eq!(out.train_flops.0, 31_360_000 * (1 + 2 + 2));
    // One run of 100 steps and two of 200 are left.
    let expected = 3.0 * 3.0 + 0.5 * 500.0 + 3.0 * 0.01568;
    close(out.predicted_seconds, expected);
    close(out.predicted_joules.unwrap(), 20.0 * expected);
    let unknown = dry_run(&sweep, &finished, &rates(None), "", "");
    assert_eq!(unknown.predicted_joules, None);
    assert!(unknown.runs.iter().all(|run| run.predicted_joules.is_none()));
}
