//! The runs of a sweep: each cell sized to its budget, once per seed, in the order in which to do them.

use std::collections::{BTreeMap, HashMap};

use record::run::{Place, SeedRole};
use record::spec::{RunId, RunSpec};
use record::units::Flops;

use crate::error::SweepError;
use crate::file::{LimitsTable, SweepFile};
use crate::grid::{self, Cell};

/// What a sweep file comes to.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// Every run: small budgets first, then cell by cell, a cell's seeds together.
    pub runs: Vec<PlannedRun>,
    /// The cells that lie outside the limits.
    pub dropped: Vec<Dropped>,
}

/// One run of a sweep. Its network is not kept: [`RunSpec::plan`] builds it again when the run is done.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Its id.
    pub id: RunId,
    /// Its settings.
    pub spec: RunSpec,
    /// What it is for.
    ///
    /// `budget` is the sweep's budget; in a sweep with steps or epochs it is the run's own training FLOPs, so
    /// that only cells of equal cost compete. `axes` has every axis with more than one value in the sweep. With
    /// budgets, steps and epochs are not among them: they follow from the width, so width's edges are theirs.
    pub place: Place,
    /// Model FLOPs of its training.
    pub train_flops: Flops,
    /// Model FLOPs of one evaluation on its validation and test images.
    pub evaluation_flops: Flops,
}

/// A cell that is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Which.
    pub cell: String,
    /// Why.
    pub reason: String,
}

/// Expands `file` into runs.
///
/// # Errors
/// A value or a combination of values that is impossible, two cells that are one run, no cell within the limits.
pub fn plan(file: &SweepFile) -> Result<Sweep, SweepError> {
    let grid = grid::grid(file)?;
    let cells = grid::cells(&grid);
    let mut costs = HashMap::new();
    let (mut runs, mut dropped) = (Vec::new(), Vec::new());
    for cell in &cells {
        let cost = cost(file, &mut costs, cell)?;
        let steps = steps(file, cell, &cost)?;
        if let Some(reason) = outside(&grid.limits, cell, &cost, steps) {
            dropped.push(Dropped { cell: cell_name(&cell.spec, cell.budget, &cell.axes), reason });
            continue;
        }
        for (role, seeds) in
            [(SeedRole::Selection, &grid.seeds.selection), (SeedRole::Report, &grid.seeds.report)]
        {
            for &seed in seeds {
                let spec = RunSpec { steps, seed, ..cell.spec.clone() };
                runs.push(planned(file, cell, &cost, spec, role)?);
            }
        }
    }
    if let (true, Some(first)) = (runs.is_empty(), dropped.first()) {
        let Dropped { cell, reason } = first.clone();
        return Err(SweepError::Nothing { file: file.file.clone(), cells: cells.len(), cell, reason });
    }
    refuse_duplicates(file, &runs)?;
    // Sweeps with steps or epochs are not made in this order; the sort keeps equal budgets as they are.
    runs.sort_by_key(|run| run.place.budget);
    Ok(Sweep { name: file.name.clone(), runs, dropped })
}

impl PlannedRun {
    /// The cell in words, for example `cnn-w8-d2, learning_rate 0.1, 1e10 FLOP`.
    #[must_use]
    pub fn cell(&self) -> String {
        cell_name(&self.spec, Some(self.place.budget.0), &self.place.axes)
    }
}

fn cell_name(spec: &RunSpec, budget: Option<u64>, axes: &BTreeMap<String, f64>) -> String {
    // The network's name says its width and depth.
    let others = axes.iter().filter(|(axis, _)| !["width", "depth"].contains(&axis.as_str()));
    let others: String = others.map(|(axis, value)| format!(", {axis} {value}")).collect();
    let budget = budget.map(|budget| format!(", {} FLOP", four_digits(budget as f64))).unwrap_or_default();
    format!("{}{others}{budget}", spec.net)
}

/// For people: `3.162e10`, `1e10`.
fn four_digits(value: f64) -> String {
    let rounded: f64 = format!("{value:.3e}").parse().unwrap_or(value);
    format!("{rounded:e}")
}

/// What follows from a network and its images, and is the same for many cells.
#[derive(Clone, Debug)]
struct Cost {
    train_flops_per_image: Flops,
    evaluation_flops: Flops,
    /// `None`: fresh images for ever.
    pass_images: Option<u64>,
}

/// The cost of one image, from `known` where a cell before had the same network and images.
fn cost(
    file: &SweepFile,
    known: &mut HashMap<(String, Option<u64>), Cost>,
    cell: &Cell,
) -> Result<Cost, SweepError> {
    let key = (cell.spec.net.clone(), cell.spec.examples);
    if let Some(cost) = known.get(&key) {
        return Ok(cost.clone());
    }
    let plan = cell.spec.plan().map_err(|source| spec_error(file, cell, source))?;
    let cost = Cost {
        train_flops_per_image: plan.train_flops_per_image(),
        evaluation_flops: plan.evaluation_flops(),
        pass_images: plan.pass_images,
    };
    known.insert(key, cost.clone());
    Ok(cost)
}

/// Steps of `cell`: as written, from its epochs, or from its budget; the last may be 0.
fn steps(file: &SweepFile, cell: &Cell, cost: &Cost) -> Result<u64, SweepError> {
    if let Some(budget) = cell.budget {
        let limits = &file.limits;
        if cost.pass_images.is_none() && (limits.min_epochs.is_some() || limits.max_epochs.is_some()) {
            return Err(endless(file, "min_epochs and max_epochs in [limits]", "min_steps and max_steps"));
        }
        return Ok(steps_within(budget, cost.train_flops_per_image.times(cell.spec.batch)));
    }
    match (cell.epochs, cost.pass_images) {
        (None, _) => Ok(cell.spec.steps),
        (Some(epochs), Some(images)) => {
            Ok((epochs * images as f64 / cell.spec.batch as f64).round().max(1.0) as u64)
        }
        (Some(_), None) => Err(endless(file, "epochs in [train]", "steps")),
    }
}

/// The whole number of steps whose cost is nearest to `budget`.
#[must_use]
pub fn steps_within(budget: u64, step_flops: Flops) -> u64 {
    let (budget, step) = (u128::from(budget), u128::from(step_flops.0.max(1)));
    // Half a step more, rounded down; at most `budget`, so it fits.
    ((2 * budget + step) / (2 * step)) as u64
}

fn endless(file: &SweepFile, keys: &str, instead: &str) -> SweepError {
    let message = format!(
        "{keys}: {} makes fresh images for ever and has no epochs; give {instead} instead, or examples in [train]",
        file.data
    );
    SweepError::Keys { file: file.file.clone(), message }
}

/// Why `cell` with `steps` lies outside the limits; `None`: it does not.
fn outside(limits: &LimitsTable, cell: &Cell, cost: &Cost, steps: u64) -> Option<String> {
    cell.budget?;
    let batch = cell.spec.batch;
    if steps < limits.min_steps {
        return Some(format!(
            "{steps} steps of {batch} images are fewer than min_steps = {}",
            limits.min_steps
        ));
    }
    if let Some(most) = limits.max_steps.filter(|most| steps > *most) {
        return Some(format!("{steps} steps of {batch} images are more than max_steps = {most}"));
    }
    let epochs = steps as f64 * batch as f64 / cost.pass_images? as f64;
    if let Some(least) = limits.min_epochs.filter(|least| epochs < *least) {
        return Some(format!("{epochs:.3} epochs are fewer than min_epochs = {least}"));
    }
    let most = limits.max_epochs.filter(|most| epochs > *most)?;
    Some(format!("{epochs:.1} epochs are more than max_epochs = {most}"))
}

fn planned(
    file: &SweepFile,
    cell: &Cell,
    cost: &Cost,
    spec: RunSpec,
    role: SeedRole,
) -> Result<PlannedRun, SweepError> {
    let plan = spec.plan().map_err(|source| spec_error(file, cell, source))?;
    let train_flops = plan.train_flops();
    let budget = cell.budget.map_or(train_flops, Flops);
    let place = Place { sweep: file.name.clone(), budget, role, axes: cell.axes.clone() };
    Ok(PlannedRun { id: plan.id, spec, place, train_flops, evaluation_flops: cost.evaluation_flops })
}

fn spec_error(file: &SweepFile, cell: &Cell, source: record::error::SpecError) -> SweepError {
    SweepError::Spec {
        file: file.file.clone(),
        cell: cell_name(&cell.spec, cell.budget, &cell.axes),
        source: Box::new(source),
    }
}

fn refuse_duplicates(file: &SweepFile, runs: &[PlannedRun]) -> Result<(), SweepError> {
    let mut seen: HashMap<&RunId, &PlannedRun> = HashMap::with_capacity(runs.len());
    for run in runs {
        if let Some(earlier) = seen.insert(&run.id, run) {
            let (first, second) = (earlier.cell(), run.cell());
            return Err(SweepError::Duplicate { file: file.file.clone(), first, second });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
