//! Simulated sweeps of a grid, whose frontier is chosen by validation errors and judged on test images that all runs share.

use chance::Stream;

use super::{Case, FIRST_ERROR, SEED_DEVIATION, SEEDS, TEST_IMAGES, binomial};
use crate::cell::{Axis, Cell, mean};

/// Widths and learning rates of the grid of every budget.
const GRID: [usize; 2] = [5, 5];
/// Trainings of each cell that choose.
const SELECTION_SEEDS: usize = 2;
/// Images that these are judged on.
const VALIDATION_IMAGES: u64 = 5_000;
/// How much ln error rises one step of the grid away from the best width, and as much for the rate.
const CURVATURE: f64 = 0.1;
/// Blocks of the test images.
const BLOCKS: usize = 50;
/// Variance of the error of a block by what images are in it, the same for all runs, over that of a binomial number.
const SHARED: f64 = 0.5;

/// All cells of one sweep: the best width and rate of a budget lie anywhere within one step of the middle of its grid.
pub(super) fn cells(case: &Case, stream: &mut Stream) -> Vec<Cell> {
    let blocks: Vec<f64> = (0..BLOCKS).map(|_| stream.normal()).collect();
    let mut cells = Vec::new();
    for budget in 0..case.cells {
        let share = budget as f64 / (case.cells - 1) as f64;
        let compute = libm::pow(10.0, 6.0 + case.decades * share);
        let best = GRID.map(|_| 2.0 * stream.uniform_f64() - 1.0);
        for place in (0..GRID[0]).flat_map(|width| (0..GRID[1]).map(move |rate| [width, rate])) {
            let off = |axis: usize| place[axis] as f64 - (GRID[axis] - 1) as f64 / 2.0 - best[axis];
            let worse = CURVATURE * (off(0) * off(0) + off(1) * off(1));
            let error = FIRST_ERROR * libm::pow(10.0, -case.decades * share / case.k) * libm::exp(worse);
            cells.push(cell(stream, compute, place, error, &blocks));
        }
    }
    cells
}

fn cell(stream: &mut Stream, compute: f64, place: [usize; 2], error: f64, blocks: &[f64]) -> Cell {
    let chance = |stream: &mut Stream| (error * libm::exp(SEED_DEVIATION * stream.normal())).min(1.0);
    let validated = |stream: &mut Stream| {
        let chance = chance(stream);
        binomial(stream, VALIDATION_IMAGES, chance) as f64 / VALIDATION_IMAGES as f64
    };
    let selection_errors = (0..SELECTION_SEEDS).map(|_| validated(stream)).collect();
    let reports: Vec<Vec<u64>> = (0..SEEDS)
        .map(|_| {
            let chance = chance(stream);
            wrong_by_block(stream, chance, blocks)
        })
        .collect();
    let total = |wrong: &Vec<u64>| wrong.iter().sum::<u64>();
    let images = TEST_IMAGES / BLOCKS as u64;
    let without = |block: usize| {
        let errors: Vec<f64> = reports
            .iter()
            .map(|wrong| (total(wrong) - wrong[block]) as f64 / (TEST_IMAGES - images) as f64)
            .collect();
        mean(&errors)
    };
    let axes = ["width", "learning_rate"].into_iter().zip(place);
    Cell {
        budget: compute,
        compute,
        axes: axes.map(|(name, value)| Axis { name: name.to_owned(), value: value as f64 }).collect(),
        selection_errors,
        report_errors: reports.iter().map(|wrong| total(wrong) as f64 / TEST_IMAGES as f64).collect(),
        errors_without_block: (0..BLOCKS).map(without).collect(),
    }
}

/// Wrong images of each block in one run.
fn wrong_by_block(stream: &mut Stream, chance: f64, blocks: &[f64]) -> Vec<u64> {
    let images = TEST_IMAGES / BLOCKS as u64;
    let deviation = (SHARED * (1.0 - chance) / (images as f64 * chance)).sqrt();
    let of_block = |block: &f64| {
        let chance = (chance * (1.0 + deviation * block)).clamp(0.0, 1.0);
        if chance > 0.0 { binomial(stream, images, chance) } else { 0 }
    };
    blocks.iter().map(of_block).collect()
}
