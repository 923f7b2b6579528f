//! Runs of a grid against nested loops and closed forms, and every combination that is refused.

use std::collections::HashSet;

use super::*;
use crate::file::parse;
use proptest::prelude::*;

/// A sweep on the procedural digits with these lines of budgets or none, `[net]` and `[train]`, and tables after.
fn text(budgets: &str, net: &str, train: &str, tables: &str) -> String {
    format!("name = \"t\"\ndata = \"digits\"\n{budgets}\n[net]\n{net}\n[train]\n{train}\n{tables}\n")
}

fn planned(text: &str) -> Sweep {
    plan(&parse(text, "t.toml").unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(text: &str) -> String {
    plan(&parse(text, "t.toml").unwrap()).expect_err(text).to_string()
}

const CNN: &str = "family = \"cnn\"\nwidth = [2, 4, 8]\ndepth = [1, 2]";

#[test]
fn a_grid_has_the_product_of_its_axes() {
    let train = "batch = [8, 16]\nlearning_rate = { centre = 0.1, bracket = [0.5, 1, 2] }\nexamples = 100";
    let sweep = planned(&text("budgets = [1e9, 1e10]", CNN, train, "[seeds]\nselection = 2\nreport = 3"));
    // 2 budgets x 3 widths x 2 depths x 2 batches x 3 learning rates x 5 seeds.
    assert_eq!(sweep.runs.len(), 2 * 3 * 2 * 2 * 3 * 5);
    assert_eq!(sweep.dropped, []);
    for run in &sweep.runs {
        let axes: Vec<&str> = run.place.axes.keys().map(String::as_str).collect();
        // One value of examples is no axis, and steps follow from budget and width.
        assert_eq!(axes, ["batch", "depth", "learning_rate", "width"]);
        assert_eq!(run.place.axes["batch"], run.spec.batch as f64);
        assert_eq!(run.place.axes["learning_rate"], run.spec.learning_rate);
        assert_eq!(run.spec.net, format!("cnn-w{}-d{}", run.place.axes["width"], run.place.axes["depth"]));
        assert_eq!((run.spec.examples, run.place.sweep.as_str()), (Some(100), "t"));
        let role = if run.spec.seed <= 2 { SeedRole::Selection } else { SeedRole::Report };
        assert_eq!(run.place.role, role);
    }
    let ids: HashSet<&RunId> = sweep.runs.iter().map(|run| &run.id).collect();
    assert_eq!(ids.len(), sweep.runs.len());
}

/// The same nesting written out as loops.
#[test]
fn axes_nest_in_the_documented_order() {
    let train = "batch = 8\nweight_decay = [0, 1e-4]\nlearning_rate = [0.1, 0.2]";
    let sweep = planned(&text("budgets = [1e10, 1e9]", CNN, train, "[seeds]\nselection = 1\nreport = [7]"));
    let mut expected = Vec::new();
    for budget in [1_000_000_000, 10_000_000_000] {
        for width in [2, 4, 8] {
            for depth in [1, 2] {
                for decay in [0.0, 1e-4] {
                    for rate in [0.1, 0.2] {
                        for seed in [1, 7] {
                            expected.push((budget, format!("cnn-w{width}-d{depth}"), decay, rate, seed));
                        }
                    }
                }
            }
        }
    }
    let found = |run: &PlannedRun| {
        let spec = &run.spec;
        (run.place.budget.0, spec.net.clone(), spec.weight_decay, spec.learning_rate, spec.seed)
    };
    assert_eq!(sweep.runs.iter().map(found).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_written_reaches_the_spec_and_the_rest_keeps_its_default() {
    let train = "batch = 8\nsteps = 30\nmomentum = 0.8\nlabel_smoothing = 0.1\nwarmup = 0.3\nshift = 2\nflip = true\n\
                 examples = 500\nvalidation_images = 60\ntest_images = 70\nlearner = \"candle\"\nprecision = \"f32\"";
    let sweep = planned(&text("", "names = [\"linear\"]", train, "[seeds]\nselection = [4]\nreport = [6]"));
    let mut expected = RunSpec { seed: 4, ..RunSpec::new(sweep.runs[0].spec.data, "linear", 30, 8, 4) };
    (expected.momentum, expected.label_smoothing, expected.warmup) = (0.8, 0.1, 0.3);
    (expected.shift, expected.flip, expected.examples) = (2, true, Some(500));
    (expected.validation_images, expected.test_images) = (60, Some(70));
    expected.learner = record::spec::LearnerName::Candle;
    assert_eq!(sweep.runs[0].spec, expected);
    assert_eq!(sweep.runs[0].id, expected.plan().unwrap().id);
    assert_eq!((sweep.runs[1].spec.seed, sweep.runs[1].place.role), (6, SeedRole::Report));
}

#[test]
fn a_budget_buys_the_nearest_number_of_steps() {
    let sweep = planned(&text("budgets = [1e9, 3e9]", CNN, "batch = 16", ""));
    for run in &sweep.runs {
        let step = run.spec.plan().unwrap().train_flops_per_image().0 * 16;
        assert_eq!(run.train_flops.0, step * run.spec.steps);
        assert!(run.train_flops.0.abs_diff(run.place.budget.0) * 2 <= step, "{}", run.cell());
    }
}

#[test]
fn widths_may_follow_the_budget() {
    let net = "family = \"resnet\"\nwidth = { around = [[1e10, 4], [1e12, 8]], count = 1 }\ndepth = 8";
    let sweep =
        planned(&text("budgets = [1e10, 1e12]", net, "batch = 8", "[seeds]\nselection = 1\nreport = 1"));
    let found = |run: &PlannedRun| (run.spec.net.clone(), run.place.axes.clone());
    // The grid has two widths, though each budget has one.
    let expected = |width: u64| (format!("resnet8-w{width}"), [("width".to_owned(), width as f64)].into());
    let widths = [expected(4), expected(4), expected(8), expected(8)];
    assert_eq!(sweep.runs.iter().map(found).collect::<Vec<_>>(), widths);
}

#[test]
fn epochs_become_steps_and_cost_becomes_the_budget() {
    let train = "batch = 8\nepochs = [2, 0.5]\nexamples = 100";
    let sweep = planned(&text("", "names = [\"linear\"]", train, "[seeds]\nselection = 1\nreport = 1"));
    // 0.5 x 100 / 8 = 6.25 and 2 x 100 / 8 = 25 steps, the cheaper first.
    let found: Vec<_> = sweep.runs.iter().map(|run| (run.spec.steps, run.place.axes["epochs"])).collect();
    assert_eq!(found, [(6, 0.5), (6, 0.5), (25, 2.0), (25, 2.0)]);
    assert!(sweep.runs.iter().all(|run| run.place.budget == run.train_flops));
    let steps = planned(&text("", "names = [\"linear\"]", "batch = 8\nsteps = [5, 3]", ""));
    assert_eq!(steps.runs[0].place.axes, [("steps".to_owned(), 3.0)].into());
}

#[test]
fn cells_outside_the_limits_are_dropped_with_a_reason() {
    let probe = planned(&text("", "names = [\"cnn-w4-d1\"]", "batch = 8\nsteps = 1", ""));
    let step = probe.runs[0].train_flops.0;
    // Budgets of exactly 19, 20, 100 and 101 steps of 8 images; 100 steps are 8 passes over 100 images.
    let budgets = [19, 20, 100, 101].map(|steps| (steps * step).to_string()).join(", ");
    let reasons = |limits: &str| -> Vec<String> {
        let net = "family = \"cnn\"\nwidth = 4\ndepth = 1";
        let train = "batch = 8\nexamples = 100";
        let sweep = planned(&text(&format!("budgets = [{budgets}]"), net, train, limits));
        assert_eq!(sweep.runs.len() + 5 * sweep.dropped.len(), 4 * 5);
        sweep.dropped.into_iter().map(|dropped| dropped.reason).collect()
    };
    let few = "19 steps of 8 images are fewer than min_steps = 20";
    assert_eq!(reasons(""), [few]);
    assert_eq!(reasons("[limits]\nmin_steps = 1"), [""; 0]);
    assert_eq!(
        reasons("[limits]\nmax_steps = 100"),
        [few, "101 steps of 8 images are more than max_steps = 100"]
    );
    assert_eq!(reasons("[limits]\nmax_epochs = 8"), [few, "8.1 epochs are more than max_epochs = 8"]);
    // 20 x 8 / 100 = 1.6 passes.
    assert_eq!(reasons("[limits]\nmin_epochs = 2"), [few, "1.600 epochs are fewer than min_epochs = 2"]);
    let none = refusal(&text("budgets = 1e3", "names = [\"cnn-w4-d1\"]", "batch = 8", ""));
    assert!(
        none.contains("none of its 1 cells lies within [limits]; the first: cnn-w4-d1, 1e3 FLOP"),
        "{none}"
    );
}

#[test]
fn contradictions_and_impossible_values_are_refused() {
    let net = "names = [\"linear\"]";
    let expect = |text: String, parts: &[&str]| {
        let message = refusal(&text);
        assert!(message.starts_with("t.toml: "), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} should have {parts:?}");
    };
    let budgets = "budgets = 1e9";
    expect(text(budgets, net, "batch = 8\nsteps = 5", ""), &["budgets and [train] steps", "delete one"]);
    expect(text(budgets, net, "batch = 8\nepochs = 5", ""), &["budgets and [train] epochs"]);
    expect(text("", net, "batch = 8\nepochs = 5\nsteps = 5", ""), &["steps and epochs"]);
    expect(text("", net, "batch = 8", ""), &["give budgets, or steps or epochs"]);
    expect(text("", net, "batch = 8\nepochs = 5", ""), &["digits makes fresh images", "steps", "examples"]);
    expect(text(budgets, net, "batch = 8", "[limits]\nmax_epochs = 5"), &["fresh images", "max_steps"]);
    expect(text("", net, "batch = 8\nsteps = 5", "[limits]\nmax_steps = 9"), &["[limits]", "delete it"]);
    let limits = |limits: &str| text(budgets, net, "batch = 8", &format!("[limits]\n{limits}"));
    expect(limits("min_steps = 0"), &["[limits] min_steps = 0", "at least 1"]);
    expect(limits("max_steps = 9"), &["max_steps = 9", "at least min_steps, which is 20"]);
    expect(limits("min_epochs = 2\nmax_epochs = 1"), &["max_epochs = 1", "at least min_epochs, which is 2"]);
    expect(limits("max_epochs = nan"), &["max_epochs = NaN"]);

    expect(text(budgets, "", "batch = 8", ""), &["[net] is empty"]);
    expect(text(budgets, "names = []", "batch = 8", ""), &["[net] names = []"]);
    expect(text(budgets, "names = [\"linear\"]\nwidth = 3", "batch = 8", ""), &["names beside family"]);
    expect(
        text(budgets, "family = \"cnn\"\nwidth = 3", "batch = 8", ""),
        &["needs all of family, width and depth"],
    );
    let around = "family = \"cnn\"\nwidth = { around = [[1e9, 4]] }\ndepth = 1";
    expect(
        text("", around, "batch = 8\nsteps = 5", ""),
        &["width follows the budget, but there are no budgets"],
    );
    expect(
        text(budgets, "names = [\"no-such\"]", "batch = 8", ""),
        &["cell `no-such, 1e9 FLOP`", "on digits"],
    );

    expect(text(budgets, net, "batch = 0", ""), &["[train] batch = 0", "at least 1"]);
    expect(text(budgets, net, "batch = []", ""), &["[train] batch = []", "at least one value"]);
    expect(text(budgets, net, "batch = 8\nlearning_rate = nan", ""), &["[train] learning_rate = NaN"]);
    expect(text(budgets, net, "batch = 8\nmomentum = -0.9", ""), &["[train] momentum = -0.9"]);
    expect(text(budgets, net, "batch = 8\nmomentum = 2", ""), &["cell `linear, 1e9 FLOP`", "momentum = 2"]);
    expect(text("budgets = []", net, "batch = 8", ""), &["budgets = []"]);
    expect(text("budgets = 0", net, "batch = 8", ""), &["budgets = 0"]);
    expect(text(budgets, net, "batch = 8", "[seeds]\nselection = 2\nreport = [2]"), &["[seeds] report = 2"]);
    let good = text(budgets, net, "batch = 8", "");
    expect(good.replace("\"digits\"", "\"digit\""), &["data = \"digit\"", "did you mean `digits`?"]);
    expect(good.replace("\"t\"", "\"a/b\""), &["name = \"a/b\"", "letters, digits"]);
    let huge = format!("batch = {:?}\nlearning_rate = {:?}", vec![8; 1000], vec![0.1; 1000]);
    expect(text(budgets, net, &huge, ""), &["combine to 5000000 runs", "at most 1000000"]);
}

#[test]
fn a_run_that_occurs_twice_is_refused_with_both_its_cells() {
    // Half a step does not make another run.
    let twice = text(
        "budgets = [1e9, 1000000001]",
        "names = [\"linear\"]",
        "batch = 8\nlearning_rate = [0.1, 0.2]",
        "",
    );
    let cells = "cells `linear, learning_rate 0.1, 1e9 FLOP` and `linear, learning_rate 0.1, 1e9 FLOP`";
    assert!(refusal(&twice).contains(cells), "{}", refusal(&twice));
    let listed = text("budgets = 1e9", "names = [\"linear\", \"linear\"]", "batch = 8", "");
    assert!(refusal(&listed).contains("are the same run"));
}

#[test]
fn a_hundred_thousand_runs_are_planned_with_ids_of_their_own() {
    let axis =
        |step: f64| (1..=100).map(|i| format!("{}", f64::from(i) * step)).collect::<Vec<_>>().join(", ");
    let train = format!("batch = 32\nlearning_rate = [{}]\nweight_decay = [{}]", axis(0.01), axis(1e-5));
    let seeds = "[seeds]\nselection = 4\nreport = 6";
    let sweep = planned(&text("budgets = 1e10", "names = [\"cnn-w4-d2\"]", &train, seeds));
    assert_eq!(sweep.runs.len(), 100_000);
    assert_eq!(sweep.runs.iter().map(|run| &run.id).collect::<HashSet<_>>().len(), 100_000);
}

proptest! {
    /// No number of steps is nearer to the budget than the one that is chosen.
    #[test]
    fn steps_miss_the_budget_by_half_a_step_at_most(budget in 1u64..u64::MAX, step in 1u64..u64::MAX) {
        let steps = u128::from(steps_within(budget, Flops(step)));
        prop_assert!((steps * u128::from(step)).abs_diff(u128::from(budget)) * 2 <= u128::from(step));
    }
}
