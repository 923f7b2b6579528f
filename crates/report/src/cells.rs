//! Run records as cells of the law: grouped by setting, with what each cost and how its seeds erred.

mod sizes;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use law::cell::{Axis, Cell};
use law::fit::{Fit, Settings};
use law::frontier::FrontierPoint;
use law::number::short;
use record::energy::{self, Kind, Phase};
use record::run::{BLOCKS, Evaluation, Place, RunRecord, SeedRole, Status};
use record::spec::RunSpec;

use crate::error::ReportError;
use crate::label;

/// What is paid for a lower error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Model FLOPs of training.
    Flops,
    /// Seconds of the train phase.
    Seconds,
    /// Joules of the train phase.
    Joules,
    /// Different training images; where each step has fresh ones, all that were seen.
    Examples,
    /// Trained parameters, of runs on all training images.
    Parameters,
}

impl Cost {
    /// Whether it is a size that was chosen rather than something that is paid: cells of one size compete.
    fn is_size(self) -> bool {
        matches!(self, Cost::Examples | Cost::Parameters)
    }
}

/// The runs of one cell: one spec but for the seed, within one budget.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// What it trains, in words, for example `cnn-w8-d2 lr 0.1, 1,200 steps`.
    pub label: String,
    /// Its network.
    pub net: &'a str,
    /// Its runs by seed.
    pub runs: Vec<&'a RunRecord>,
    /// The cell with its compute in FLOPs.
    pub cell: Cell,
}

/// All cells of some records.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    /// Cell by cell, by rising budget.
    pub groups: Vec<Group<'a>>,
    /// Whether a sweep chose between cells; without one every cell is alone in its budget.
    pub swept: bool,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Cells priced in one cost.
#[derive(Clone, Debug)]
pub struct Priced {
    /// One cell per group, in the same order. A cell without a price, or beyond all budgets, has neither selection errors nor axes, so it
    /// can neither win nor move the edges of the grid.
    pub cells: Vec<Cell>,
    /// Whether prices are modelled rather than measured: they may be drawn but not fitted.
    pub estimated: bool,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// The cells of `records`, whatever the order these come in.
///
/// Runs of a sweep give their validation error where they select and their test error where they report. Without
/// any run of a sweep every cell is its own budget; beside a sweep such runs are left out.
///
/// # Errors
/// No records, several data sets, or a run of a sweep that has no validation error.
pub fn group(records: &[RunRecord]) -> Result<Cells<'_>, ReportError> {
    check(records)?;
    let swept = records.iter().any(|run| run.place.is_some());
    let used: Vec<_> = records.iter().filter(|run| run.place.is_some() == swept).collect();
    let mut notes = Vec::new();
    if !swept {
        notes.push("Not a sweep: nothing was selected.".to_owned());
    } else if used.len() < records.len() {
        notes.push(format!(
            "Runs outside the sweep are drawn but not fitted: {}.",
            records.len() - used.len()
        ));
    }
    let mut groups: BTreeMap<String, (RunSpec, Vec<&RunRecord>)> = BTreeMap::new();
    for run in used {
        let spec = RunSpec { seed: 0, ..run.spec.clone() };
        groups.entry(sort_key(&spec, run.place.as_ref())).or_insert((spec, Vec::new())).1.push(run);
    }
    let specs: Vec<_> = groups.values().map(|(spec, _)| spec).collect();
    let labels = label::labels(&specs);
    let mut budgets = Budgets::default();
    let mut result = Vec::new();
    for ((_, mut runs), label) in groups.into_values().zip(labels) {
        runs.sort_by(|a, b| a.seed.cmp(&b.seed).then(a.id.cmp(&b.id)));
        let Some(first) = runs.first() else { continue };
        let mut cell = cell_of(&runs)?;
        if !swept {
            // Cells of equal budget would compete, and here nobody was asked to choose.
            cell.budget = budgets.unused(cell.budget);
        }
        result.push(Group { label, net: &first.spec.net, runs, cell });
    }
    Ok(Cells { groups: result, swept, notes })
}

/// Budgets that are given out once each.
#[derive(Default)]
struct Budgets {
    taken: HashSet<u64>,
    /// For a budget that was asked for, the last that was given instead of it.
    last: HashMap<u64, f64>,
}

impl Budgets {
    /// The smallest unused budget from `budget` on.
    fn unused(&mut self, budget: f64) -> f64 {
        let mut unused = self.last.get(&budget.to_bits()).copied().unwrap_or(budget);
        while !self.taken.insert(unused.to_bits()) {
            unused = unused.next_up();
        }
        self.last.insert(budget.to_bits(), unused);
        unused
    }
}

/// The cells priced in `cost`.
///
/// Seconds and joules count only from runs that had the machine to themselves. Cells of equal FLOPs differ in
/// seconds, so a frontier in seconds has budgets of seconds: as many as there are of FLOPs, at equal ratios from
/// the cheapest cell up to the cheapest one of the largest FLOP budget, and each cell competes in the smallest that
/// it fits. Beyond that, cells of the next larger budget would have competed, which were never run.
#[must_use]
pub fn price(cells: &Cells, cost: Cost) -> Priced {
    let mut priced = Priced { cells: Vec::new(), estimated: false, notes: Vec::new() };
    priced.cells = cells.groups.iter().map(|group| group.cell.clone()).collect();
    if cost == Cost::Flops {
        priced.notes.extend(sizes::of_images(cells));
        return priced;
    }
    if cost.is_size() {
        sizes::by_size(cells, &mut priced, cost);
        return priced;
    }
    let prices: Vec<_> = cells.groups.iter().map(|group| price_of(&group.runs, cost)).collect();
    let budgets = if cells.swept { ladder(&priced.cells, &prices) } else { Vec::new() };
    for (cell, price) in priced.cells.iter_mut().zip(&prices) {
        match price {
            // A single training is a budget of its own, whatever it cost.
            Some(price) if !cells.swept => cell.compute = *price,
            Some(price) if budgets.last().is_some_and(|last| price <= last) => {
                cell.compute = *price;
                let smallest = budgets.partition_point(|budget| budget < price);
                cell.budget = budgets.get(smallest).copied().unwrap_or(cell.budget);
            }
            _ => {
                cell.compute = price.unwrap_or(cell.compute);
                leave_out(cell, &budgets);
            }
        }
    }
    let beyond = |price: &f64| budgets.last().is_some_and(|last| price > last);
    let dear = prices.iter().flatten().filter(|price| beyond(price)).count();
    if let (Some(last), true) = (budgets.last(), dear > 0) {
        priced.notes.push(format!(
            "{dear} of {} cells cost more than {} {}, the cheapest of the largest FLOP budget, and are not compared.",
            prices.len(),
            short(*last, 3),
            unit(cost)
        ));
    }
    let unpriced = prices.iter().filter(|price| price.is_none()).count();
    if unpriced > 0 {
        let quantity = quantity(cost);
        priced.notes.push(format!("{unpriced} of {} cells have no {quantity} and cannot win.", prices.len()));
    }
    let runs: Vec<_> = cells.groups.iter().flat_map(|group| &group.runs).copied().collect();
    let crowded = runs.iter().filter(|run| !is_alone(run)).count();
    if crowded > 0 {
        priced.notes.push(format!(
            "{crowded} of {} runs shared the machine with others: their {} are not used.",
            runs.len(),
            quantity(cost)
        ));
    }
    if cost == Cost::Joules {
        judge_kinds(&runs, &mut priced);
    }
    priced
}

/// As many budgets as the cells have of FLOPs, at equal ratios from the lowest price to the lowest of the largest FLOP
/// budget.
fn ladder(cells: &[Cell], prices: &[Option<f64>]) -> Vec<f64> {
    let count = cells.iter().map(|cell| cell.budget.to_bits()).collect::<BTreeSet<_>>().len();
    let largest = cells.iter().map(|cell| cell.budget).fold(0.0, f64::max);
    let lowest = |of: &dyn Fn(&Cell) -> bool| {
        let known = cells.iter().zip(prices).filter(|(cell, _)| of(cell)).filter_map(|(_, price)| *price);
        known.fold(f64::INFINITY, f64::min)
    };
    let (low, high) = (lowest(&|_| true), lowest(&|cell| cell.budget == largest));
    if !high.is_finite() {
        return Vec::new();
    }
    let budget = |step: usize| low * libm::pow(high / low, step as f64 / count as f64);
    // The last is the price itself, whatever the rounding.
    (1..count).map(budget).chain([high]).collect()
}

/// Takes all cells out of the contest whose budget is none of `budgets`.
pub(crate) fn keep_budgets(priced: &mut Priced, budgets: &[f64]) {
    for cell in priced.cells.iter_mut().filter(|cell| !budgets.contains(&cell.budget)) {
        leave_out(cell, budgets);
    }
}

/// Takes a cell out of the contest: it can neither win nor move the edges of the grid.
fn leave_out(cell: &mut Cell, budgets: &[f64]) {
    cell.selection_errors.clear();
    cell.axes.clear();
    cell.budget = budgets.first().copied().unwrap_or(cell.budget);
}

/// What one run cost; `None` when it is unknown, not above zero, or not the run's own.
#[must_use]
pub fn cost_of_run(run: &RunRecord, cost: Cost) -> Option<f64> {
    let value = match cost {
        Cost::Flops => Some(run.flops.model_train.as_f64()),
        Cost::Examples => Some(run.spec.plan().ok()?.pass_images.unwrap_or(run.examples_seen) as f64),
        Cost::Parameters => run.spec.examples.is_none().then_some(run.parameters as f64),
        _ if !is_alone(run) => None,
        Cost::Seconds => Some(run.seconds.train.0),
        Cost::Joules => energy::total(&run.energy, Phase::Train).map(|(joules, _)| joules.0),
    };
    value.filter(|value| value.is_finite() && *value > 0.0)
}

/// What the cost is counted in, for sentences.
pub(crate) fn quantity(cost: Cost) -> &'static str {
    match cost {
        Cost::Flops => "FLOPs",
        Cost::Seconds => "seconds",
        Cost::Joules => "joules",
        Cost::Examples => "training images",
        Cost::Parameters => "parameters at full data",
    }
}

/// Which runs have the cost.
pub(crate) fn who_has(cost: Cost) -> &'static str {
    match cost {
        Cost::Seconds => "runs made one at a time (--jobs 1)",
        Cost::Joules => {
            "runs made one at a time (--jobs 1) on a machine whose energy can be read (ergo doctor)"
        }
        Cost::Parameters => "runs on all training images, as of a sweep without `examples`",
        Cost::Flops | Cost::Examples => "runs that trained",
    }
}

/// The unit of the cost.
pub(crate) fn unit(cost: Cost) -> &'static str {
    match cost {
        Cost::Flops => "FLOP",
        Cost::Seconds => "s",
        Cost::Joules => "J",
        Cost::Examples => "images",
        Cost::Parameters => "parameters",
    }
}

/// The winners of `priced` cells that are drawn and not fitted.
pub(crate) fn winners(cells: &Cells, priced: &Priced, cost: Cost) -> Vec<FrontierPoint> {
    match is_of_one_size(cells, cost) {
        true => law::frontier::frontier_of_sizes(&priced.cells),
        false => law::frontier::frontier(&priced.cells),
    }
}

/// Whether cells that compete are of one network, trained equally long on equally many images, in every budget of FLOPs.
fn is_of_one_size(cells: &Cells, cost: Cost) -> bool {
    /// Network, steps and, where they are limited, training images.
    type Size<'a> = (&'a str, u64, Option<u64>);
    let mut sizes: BTreeMap<u64, BTreeSet<Size>> = BTreeMap::new();
    for group in &cells.groups {
        let Some(run) = group.runs.first() else { continue };
        let size = (group.net, run.spec.steps, run.spec.examples);
        sizes.entry(group.cell.budget.to_bits()).or_default().insert(size);
    }
    cost == Cost::Flops && cells.swept && sizes.values().all(|sizes| sizes.len() == 1)
}

/// The law of `priced` cells: of their frontier where a sweep chose, of all where nobody did.
pub(crate) fn fit(
    cells: &Cells,
    priced: &Priced,
    cost: Cost,
    settings: &Settings,
) -> Result<Fit, ReportError> {
    let settings = Settings { unit: unit(cost), one_size: is_of_one_size(cells, cost), ..*settings };
    Ok(match cells.swept {
        true => law::fit::fit_cells(&priced.cells, &settings)?,
        false => law::fit::fit_all_cells(&priced.cells, &settings)?,
    })
}

/// How the joules of a run were obtained, where it has any of its own.
pub(crate) fn energy_kind(run: &RunRecord) -> Option<Kind> {
    cost_of_run(run, Cost::Joules)
        .and_then(|_| energy::total(&run.energy, Phase::Train))
        .map(|(_, kind)| kind)
}

/// The kinds of joules among `runs`, in words, each once.
pub(crate) fn kinds_in_words(runs: &[&RunRecord]) -> Vec<&'static str> {
    let words: BTreeSet<_> = runs.iter().filter_map(|run| energy_kind(run)).map(kind_in_words).collect();
    words.into_iter().collect()
}

fn kind_in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "energy counter",
        Kind::Integrated => "integrated power readings",
        Kind::Modelled => "model",
        Kind::User => "log supplied by the user",
        Kind::None => "unknown",
    }
}

/// A run beside others says nothing of its own time; records from before `jobs` was kept hold 0.
fn is_alone(run: &RunRecord) -> bool {
    run.circumstances.jobs <= 1
}

fn judge_kinds(runs: &[&RunRecord], priced: &mut Priced) {
    let kinds = kinds_in_words(runs);
    priced.estimated = runs.iter().any(|run| energy_kind(run) == Some(Kind::Modelled));
    if kinds.len() > 1 {
        priced.notes.push(format!("Joules of several kinds in one figure: {}.", kinds.join(", ")));
    }
}

fn check(records: &[RunRecord]) -> Result<(), ReportError> {
    let sets: BTreeSet<_> = records.iter().map(|run| run.spec.data.name()).collect();
    match sets.len() {
        0 => Err(ReportError::NoRecords),
        1 => Ok(()),
        _ => Err(ReportError::MixedData { found: sets.into_iter().collect::<Vec<_>>().join(", ") }),
    }
}

/// Sorts cells by budget, network and steps; beyond that, equal keys only for equal specs.
fn sort_key(spec: &RunSpec, place: Option<&Place>) -> String {
    let budget = place.map_or(0, |place| place.budget.0);
    format!("{budget:020} {} {:020} {spec:?}", spec.net, spec.steps)
}

fn cell_of(runs: &[&RunRecord]) -> Result<Cell, ReportError> {
    let compute = price_of(runs, Cost::Flops).unwrap_or(f64::NAN);
    let place = runs.iter().find_map(|run| run.place.as_ref());
    let mut cell = Cell {
        budget: place.map_or(compute, |place| place.budget.as_f64()),
        compute,
        axes: place.map_or_else(Vec::new, axes),
        selection_errors: Vec::new(),
        report_errors: Vec::new(),
        errors_without_block: errors_without_block(runs).unwrap_or_default(),
    };
    for run in runs {
        let test = run.error.unwrap_or(f64::NAN);
        let validation = run.validation.as_ref().map(|evaluation| evaluation.error);
        match run.place.as_ref().map(|place| (place.role, place)) {
            Some((SeedRole::Selection, place)) => {
                let known = validation.or((run.status == Status::Diverged).then_some(f64::NAN));
                let missing = || ReportError::NoValidation {
                    id: run.id.short().to_owned(),
                    sweep: place.sweep.clone(),
                };
                cell.selection_errors.push(known.ok_or_else(missing)?);
            }
            Some((SeedRole::Report, _)) => cell.report_errors.push(test),
            None => {
                // Alone in its budget a cell wins by whatever number stands here.
                cell.selection_errors.push(validation.unwrap_or(test));
                cell.report_errors.push(test);
            }
        }
    }
    Ok(cell)
}

/// Mean error of the report runs without each block of the test images in turn; `None` where a run does not tell.
fn errors_without_block(runs: &[&RunRecord]) -> Option<Vec<f64>> {
    let is_report = |run: &&&RunRecord| run.place.as_ref().is_none_or(|place| place.role == SeedRole::Report);
    let tests: Option<Vec<&Evaluation>> =
        runs.iter().filter(is_report).map(|run| run.test.as_ref()).collect();
    let tests = tests.filter(|tests| !tests.is_empty())?;
    if tests.iter().any(|test| test.wrong_by_block.len() != BLOCKS) {
        return None;
    }
    let without = |block: usize| {
        let one = |test: &&Evaluation| {
            let [wrong, images] = without_block(test, block);
            wrong as f64 / images as f64
        };
        tests.iter().map(one).sum::<f64>() / tests.len() as f64
    };
    Some((0..BLOCKS).map(without).collect())
}

/// Wrong and counted images without those of a block: image i is in block i % [`BLOCKS`].
pub(crate) fn without_block(test: &Evaluation, block: usize) -> [u64; 2] {
    let held = (test.images + (BLOCKS - 1 - block) as u64) / BLOCKS as u64;
    let wrong = test.wrong_by_block.get(block).copied().unwrap_or(0);
    [test.wrong.saturating_sub(u64::from(wrong)), test.images.saturating_sub(held)]
}

fn axes(place: &Place) -> Vec<Axis> {
    place.axes.iter().map(|(name, value)| Axis { name: name.clone(), value: *value }).collect()
}

/// Mean cost of the runs that have one. Diverged runs stopped early, so they count only where no other is there.
fn price_of(runs: &[&RunRecord], cost: Cost) -> Option<f64> {
    let mean = |status: Status| {
        let costs: Vec<f64> =
            runs.iter().filter(|run| run.status == status).filter_map(|run| cost_of_run(run, cost)).collect();
        (!costs.is_empty()).then(|| costs.iter().sum::<f64>() / costs.len() as f64)
    };
    mean(Status::Done).or_else(|| mean(Status::Diverged))
}

#[cfg(test)]
mod tests;
