//! Tests of cells: grouping, roles, and what a cost may be taken from.

use super::*;
use crate::sample;

const BUDGET: u64 = 2_000_000_000;

fn one(net: &str, seed: u64, role: SeedRole, error: f64) -> RunRecord {
    sample::placed(sample::run(net, 100, seed), BUDGET, role, &[("width", 8.0)], error)
}

/// Cell a wins on validation (0.2 against 0.3); b has the better test error (0.01), which must not count.
fn two_cells() -> Vec<RunRecord> {
    vec![
        one("a", 0, SeedRole::Selection, 0.2),
        one("a", 10, SeedRole::Report, 0.25),
        one("a", 11, SeedRole::Report, 0.27),
        one("b", 0, SeedRole::Selection, 0.3),
        one("b", 10, SeedRole::Report, 0.01),
    ]
}

#[test]
fn a_cell_is_a_spec_without_its_seed_and_roles_stay_apart() {
    let mut runs = two_cells();
    // Errors of the other set of images must not leak in.
    runs[0].error = Some(0.9);
    runs[1].validation.as_mut().unwrap().error = 0.9;
    runs.reverse();
    let cells = group(&runs).unwrap();
    assert!(cells.swept && cells.notes.is_empty());
    let [a, b] = &cells.groups[..] else { panic!("expected two cells: {cells:?}") };
    assert_eq!((a.net, b.net, a.label.as_str()), ("a", "b", "a lr 0.1, 100 steps"));
    assert_eq!((&a.cell.selection_errors, &a.cell.report_errors), (&vec![0.2], &vec![0.25, 0.27]));
    assert_eq!((a.cell.budget, a.cell.compute), (2e9, 1e9));
    assert_eq!(a.cell.axes, [Axis { name: "width".into(), value: 8.0 }]);
    let frontier = law::frontier::frontier(&price(&cells, Cost::Flops).cells);
    assert_eq!((frontier.len(), frontier[0].cell, frontier[0].error), (1, 0, 0.26));
}

#[test]
fn the_same_spec_in_two_budgets_is_two_cells() {
    let mut runs = two_cells();
    runs[3] = sample::placed(sample::run("a", 100, 5), 2 * BUDGET, SeedRole::Selection, &[], 0.1);
    runs.truncate(4);
    let budgets: Vec<f64> = group(&runs).unwrap().groups.iter().map(|group| group.cell.budget).collect();
    assert_eq!(budgets, [2e9, 4e9]);
}

#[test]
fn a_diverged_seed_is_not_a_number_and_does_not_set_the_price() {
    let mut runs = two_cells();
    runs[0] = sample::diverged(runs[0].clone());
    runs[0].flops.model_train = record::units::Flops(7);
    let cells = group(&runs).unwrap();
    assert!(cells.groups[0].cell.selection_errors[0].is_nan());
    assert_eq!(cells.groups[0].cell.compute, 1e9);
}

#[test]
fn without_a_sweep_every_cell_is_its_own_budget() {
    let runs: Vec<_> = [("a", 0.3), ("b", 0.1), ("c", 0.2)]
        .map(|(net, error)| sample::with_error(sample::run(net, 100, 0), error))
        .into();
    let cells = group(&runs).unwrap();
    assert_eq!(cells.notes, ["Not a sweep: nothing was selected."]);
    let once: BTreeSet<u64> = cells.groups.iter().map(|group| group.cell.budget.to_bits()).collect();
    assert_eq!(once.len(), 3);
    // All three cost the same FLOPs and none pushes another out.
    assert_eq!(law::frontier::frontier(&price(&cells, Cost::Flops).cells).len(), 3);
}

#[test]
fn runs_outside_a_sweep_are_left_out_of_it() {
    let mut runs = two_cells();
    runs.push(sample::run("c", 100, 0));
    let cells = group(&runs).unwrap();
    assert_eq!(cells.groups.len(), 2);
    assert_eq!(cells.notes, ["Runs outside the sweep are drawn but not fitted: 1."]);
}

#[test]
fn seconds_come_only_from_runs_that_were_alone() {
    let mut runs = two_cells();
    // Of a's runs the first is crowded: the mean of 4 s and 6 s is 5 s.
    for (run, (jobs, seconds)) in runs.iter_mut().zip([(2, 100.0), (1, 4.0), (1, 6.0), (1, 1.0), (1, 1.0)]) {
        run.circumstances.jobs = jobs;
        run.seconds.train = record::units::Seconds(seconds);
    }
    let priced = price(&group(&runs).unwrap(), Cost::Seconds);
    let computes: Vec<f64> = priced.cells.iter().map(|cell| cell.compute).collect();
    assert_eq!(computes, [5.0, 1.0]);
    // One budget of FLOPs makes one of seconds, up to the cheapest of its cells.
    assert_eq!(priced.cells[1].budget, 1.0);
    let crowded = "1 of 5 runs shared the machine with others: their seconds are not used.";
    assert_eq!(priced.notes.last().map(String::as_str), Some(crowded));
    assert_eq!(cost_of_run(&runs[0], Cost::Seconds), None);
    assert_eq!(cost_of_run(&runs[0], Cost::Flops), Some(1e9));
}

#[test]
fn a_cell_without_a_price_cannot_win() {
    let mut runs = two_cells();
    runs[..3].iter_mut().for_each(|run| run.circumstances.jobs = 2);
    let priced = price(&group(&runs).unwrap(), Cost::Seconds);
    let frontier = law::frontier::frontier(&priced.cells);
    assert_eq!((frontier.len(), frontier[0].cell), (1, 1));
    assert_eq!(priced.notes[0], "1 of 2 cells have no seconds and cannot win.");
}

/// Two budgets of FLOPs, and 9 s for the cheapest cell of the larger one, make budgets of 3 s and 9 s. The cell of 4 s
/// competes in the second, though its FLOPs are those of the cell of 1 s, and the cell of 100 s in none.
#[test]
fn a_frontier_in_seconds_has_budgets_of_seconds() {
    let cell = |net: &str, budget: u64, seconds: f64, error: f64| {
        let axes = [("width", seconds)];
        let mut run = sample::placed(sample::run(net, 100, 0), budget, SeedRole::Selection, &axes, error);
        run.seconds.train = record::units::Seconds(seconds);
        run
    };
    let runs = [
        cell("a", 1_000, 1.0, 0.3),
        cell("b", 1_000, 4.0, 0.2),
        cell("c", 2_000, 9.0, 0.25),
        cell("d", 2_000, 100.0, 0.1),
    ];
    let cells = group(&runs).unwrap();
    let priced = price(&cells, Cost::Seconds);
    let frontier = law::frontier::frontier(&priced.cells);
    let winners: Vec<&str> = frontier.iter().map(|point| cells.groups[point.cell].net).collect();
    assert_eq!(winners, ["a", "b"]);
    assert!((frontier[0].budget - 3.0).abs() < 1e-9 && frontier[1].budget == 9.0);
    assert!(priced.notes[0].starts_with("1 of 4 cells cost more than 9"), "{:?}", priced.notes);
}

#[test]
fn a_loser_without_a_price_changes_neither_winner_nor_edges() {
    let width = |net: &str, width: f64, error: f64| {
        sample::placed(sample::run(net, 100, 0), BUDGET, SeedRole::Selection, &[("width", width)], error)
    };
    let mut runs = vec![width("a", 4.0, 0.3), width("b", 8.0, 0.2), width("c", 16.0, 0.3)];
    runs[0].circumstances.jobs = 3;
    runs[2].circumstances.jobs = 3;
    let frontier = law::frontier::frontier(&price(&group(&runs).unwrap(), Cost::Seconds).cells);
    assert_eq!((frontier.len(), frontier[0].cell, frontier[0].edges.len()), (1, 1, 0));
}

#[test]
fn joules_keep_their_kind() {
    let with = |kinds: [Kind; 5]| -> Vec<RunRecord> {
        let add = |(run, kind)| sample::with_joules(run, "package-0", kind, 50.0);
        two_cells().into_iter().zip(kinds).map(add).collect()
    };
    let priced = |runs: &[RunRecord]| price(&group(runs).unwrap(), Cost::Joules);
    let counted = priced(&with([Kind::Counter; 5]));
    assert_eq!((counted.cells[0].compute, counted.estimated, counted.notes.len()), (50.0, false, 0));
    let one_modelled =
        priced(&with([Kind::Counter, Kind::Counter, Kind::Counter, Kind::Counter, Kind::Modelled]));
    assert!(one_modelled.estimated);
    assert_eq!(one_modelled.notes, ["Joules of several kinds in one figure: energy counter, model."]);
    // A run whose own parts differ in kind has no total.
    let mixed = sample::with_joules(with([Kind::Counter; 5])[0].clone(), "gpu-0", Kind::Integrated, 9.0);
    assert_eq!((cost_of_run(&mixed, Cost::Joules), energy_kind(&mixed)), (None, None));
}

#[test]
fn what_cannot_be_grouped() {
    assert!(matches!(group(&[]), Err(ReportError::NoRecords)));
    let mut other = sample::run("a", 100, 0);
    other.spec.data = serde_json::from_value("mnist".into()).unwrap();
    let mixed = group(&[sample::run("a", 100, 0), other]).unwrap_err().to_string();
    assert!(mixed.starts_with("records of digits, mnist:"), "{mixed}");
    let mut runs = two_cells();
    runs[0].validation = None;
    let message = group(&runs).unwrap_err().to_string();
    assert!(message.contains("sweep `test`") && message.contains("validation_images"), "{message}");
}
