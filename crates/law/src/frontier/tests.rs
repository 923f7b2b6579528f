//! The choice of winners on hand-made grids.

use super::*;
use crate::cell::Axis;

fn cell(budget: f64, compute: f64, axes: &[(&str, f64)], selection: &[f64], report: &[f64]) -> Cell {
    Cell {
        budget,
        compute,
        axes: axes.iter().map(|&(name, value)| Axis { name: name.to_owned(), value }).collect(),
        selection_errors: selection.to_vec(),
        report_errors: report.to_vec(),
        errors_without_block: Vec::new(),
    }
}

/// Three widths at one budget with these selection errors.
fn widths(selections: [&[f64]; 3]) -> Vec<Cell> {
    let width = |(i, errors): (usize, &&[f64])| cell(1.0, 1.0, &[("width", i as f64)], errors, &[0.5]);
    selections.iter().enumerate().map(width).collect()
}

#[test]
fn the_winner_is_chosen_on_one_set_of_seeds_and_reported_on_the_other() {
    let cells = [
        cell(10.0, 9.0, &[], &[0.2, 0.4], &[0.1, 0.2]),
        cell(1.0, 1.0, &[], &[0.5], &[0.7]),
        cell(10.0, 8.0, &[], &[0.1, 0.3], &[0.25, 0.35]),
    ];
    let points = frontier(&cells);
    assert_eq!(points.iter().map(|point| point.cell).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((points[1].budget, points[1].compute), (10.0, 8.0));
    assert!((points[1].selection_error - 0.2).abs() < 1e-15);
    assert!((points[1].error - 0.3).abs() < 1e-15);
    // Deviation of {0.25, 0.35} is 0.1/sqrt(2), of their mean 0.05.
    assert!((points[1].error_deviation.unwrap() - 0.05).abs() < 1e-15);
    assert_eq!(points[0].error_deviation, None);
}

#[test]
fn ties_go_to_the_lowest_compute_then_the_lowest_index() {
    let tied = |computes: [f64; 3]| computes.map(|compute| cell(1.0, compute, &[], &[0.5], &[0.5]));
    assert_eq!(frontier(&tied([3.0, 2.0, 2.0]))[0].cell, 1);
    assert_eq!(frontier(&tied([2.0, 2.0, 2.0]))[0].cell, 0);
}

#[test]
fn diverged_cells_cannot_win() {
    let cells = widths([&[0.1, f64::NAN], &[0.1, f64::INFINITY], &[0.9, 0.9]]);
    assert_eq!(frontier(&cells)[0].cell, 2);
    assert_eq!(frontier(&widths([&[], &[0.4], &[0.5]]))[0].cell, 1);
    assert!(frontier(&widths([&[], &[f64::NAN], &[f64::INFINITY]])).is_empty());
}

#[test]
fn a_winner_at_either_end_of_an_axis_is_flagged_and_not_fitted() {
    for (errors, edges) in [([0.1, 0.2, 0.3], 1), ([0.2, 0.1, 0.3], 0), ([0.3, 0.2, 0.1], 1)] {
        let point = &frontier(&widths([&errors[..1], &errors[1..2], &errors[2..]]))[0];
        assert_eq!(point.edges.len(), edges, "{errors:?}");
        assert_eq!(point.is_fitted(), edges == 0);
    }
}

/// The neighbour of a setting that diverges is bracketed by it.
#[test]
fn diverged_cells_still_bracket() {
    assert!(frontier(&widths([&[0.3], &[0.2], &[f64::NAN]]))[0].edges.is_empty());
}

/// An axis with one value within the budget has no edge, whatever its values at other budgets.
#[test]
fn axes_are_judged_within_a_budget() {
    let cells = [
        cell(1.0, 1.0, &[("width", 4.0), ("depth", 1.0)], &[0.5], &[0.5]),
        cell(1.0, 1.0, &[("width", 8.0), ("depth", 1.0)], &[0.4], &[0.4]),
        cell(2.0, 2.0, &[("width", 16.0), ("depth", 2.0)], &[0.3], &[0.3]),
    ];
    let points = frontier(&cells);
    assert_eq!(points[0].edges, ["width"]);
    assert!(points[1].edges.is_empty());
}

#[test]
fn an_error_without_a_logarithm_is_not_fitted() {
    for (report, fitted) in
        [(vec![0.1], true), (vec![0.0], false), (vec![], false), (vec![0.1, f64::NAN], false)]
    {
        assert_eq!(frontier(&[cell(1.0, 1.0, &[], &[0.1], &report)])[0].is_fitted(), fitted, "{report:?}");
    }
}

/// Only a budget of one cell is judged against cheaper winners: by selection errors, and equal is not better.
#[test]
fn a_lone_cell_that_a_cheaper_winner_beats_is_dominated() {
    let alone = |compute: f64, selection: f64| cell(compute, compute, &[], &[selection], &[0.01]);
    let flags = |cells: &[Cell]| -> Vec<bool> { frontier(cells).iter().map(|p| p.dominated).collect() };
    let falling_but_two = [alone(1.0, 0.5), alone(2.0, 0.6), alone(3.0, 0.5), alone(4.0, 0.4)];
    assert_eq!(flags(&falling_but_two), [false, true, true, false]);
    // Of equal compute the better one counts.
    let mut twins = [alone(1.0, 0.5), alone(1.0, 0.4)];
    twins[1].budget = 1.5;
    assert_eq!(flags(&twins), [true, false]);
    // A choice was made in the second budget.
    let chosen = [alone(1.0, 0.5), alone(2.0, 0.6), cell(2.0, 2.0, &[], &[0.7], &[0.1])];
    assert_eq!(flags(&chosen), [false, false]);
    assert!(!frontier(&falling_but_two)[1].is_fitted());
}

/// Where a budget chose no more than a learning rate for its one size, a cheaper size may beat it.
#[test]
fn winners_of_one_size_each_are_held_against_cheaper_ones() {
    let sizes = [
        cell(1.0, 1.0, &[], &[0.5], &[0.5]),
        cell(2.0, 2.0, &[], &[0.7], &[0.7]),
        cell(2.0, 2.0, &[], &[0.6], &[0.6]),
        cell(3.0, 3.0, &[], &[0.4], &[0.4]),
        cell(3.0, 3.0, &[], &[0.45], &[0.4]),
    ];
    let points = frontier_of_sizes(&sizes);
    assert_eq!(points.iter().map(|point| point.dominated).collect::<Vec<_>>(), [false, true, false]);
    assert!(frontier(&sizes).iter().all(|point| !point.dominated));
}
