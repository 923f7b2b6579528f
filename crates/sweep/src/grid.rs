//! The checked grid of a sweep file and the cells in it: every combination of the values of its axes.

use std::collections::{BTreeMap, BTreeSet};

use record::spec::RunSpec;
use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::axes::{self, Seeds, Widths};
use crate::error::SweepError;
use crate::file::{Family, LimitsTable, NetTable, SweepFile};
use crate::written::Numbers;

/// Most runs of one sweep.
pub const MAX_RUNS: usize = 1_000_000;

/// What a sweep file asks for, each axis checked by itself.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Every setting that is no axis; network, steps, batch and seed are yet to be filled in.
    template: RunSpec,
    /// Training FLOPs, smallest first; `None`: steps or epochs are an axis.
    budgets: Option<Vec<u64>>,
    nets: Nets,
    /// Outermost first.
    axes: Vec<Axis>,
    /// Cells made from budgets are dropped outside of these.
    pub limits: LimitsTable,
    /// What each cell is trained with.
    pub seeds: Seeds,
}

/// One combination of values: a spec that still lacks its seed, and its steps where they follow from others.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The settings, with 1 for what is not known yet.
    pub spec: RunSpec,
    /// Training FLOPs allowed, where the sweep has budgets.
    pub budget: Option<u64>,
    /// Passes over the training images, where the sweep has epochs.
    pub epochs: Option<f64>,
    /// Its values on the axes that have more than one.
    pub axes: BTreeMap<String, f64>,
}

#[derive(Clone, Debug)]
enum Nets {
    Names(Vec<String>),
    Family { family: Family, widths: Widths, depths: Vec<u64> },
}

#[derive(Clone, Debug)]
struct Axis {
    name: &'static str,
    values: Vec<f64>,
    set: fn(&mut Cell, f64),
}

/// Checks each key of `file` and that the keys go together.
///
/// # Errors
/// The first value that is impossible or missing, or two keys that contradict each other.
pub fn grid(file: &SweepFile) -> Result<Grid, SweepError> {
    check_name(file)?;
    let template = template(file)?;
    let budgets = file.budgets.as_ref().map(|written| axes::budgets(&file.file, written)).transpose()?;
    check_length(file)?;
    check_limits(file)?;
    let grid = Grid {
        template,
        budgets,
        nets: nets(file)?,
        axes: train_axes(file)?,
        limits: file.limits.clone(),
        seeds: axes::seeds(&file.file, &file.seeds)?,
    };
    check_size(&file.file, &grid)?;
    Ok(grid)
}

/// Every cell, nested from the outside in: budget, width, depth, then the axes of `[train]`, of which the learning
/// rate is innermost.
#[must_use]
pub fn cells(grid: &Grid) -> Vec<Cell> {
    let budgets: Vec<Option<u64>> = match &grid.budgets {
        Some(budgets) => budgets.iter().copied().map(Some).collect(),
        None => vec![None],
    };
    let several_widths = several_widths(grid);
    let mut cells = Vec::new();
    for budget in budgets {
        for (net, net_axes) in nets_at(&grid.nets, budget, several_widths) {
            let spec = RunSpec { net, ..grid.template.clone() };
            let first = Cell { spec, budget, epochs: None, axes: net_axes };
            cells.extend(grid.axes.iter().fold(vec![first], |cells, axis| along(&cells, axis)));
        }
    }
    cells
}

/// Each of `cells` with each value of `axis`.
fn along(cells: &[Cell], axis: &Axis) -> Vec<Cell> {
    let with = |cell: &Cell, value: f64| {
        let mut cell = cell.clone();
        (axis.set)(&mut cell, value);
        if axis.values.len() > 1 {
            cell.axes.insert(axis.name.to_owned(), value);
        }
        cell
    };
    cells.iter().flat_map(|cell| axis.values.iter().map(move |&value| with(cell, value))).collect()
}

/// The networks at one budget, with their values on the axes width and depth.
fn nets_at(nets: &Nets, budget: Option<u64>, several_widths: bool) -> Vec<(String, BTreeMap<String, f64>)> {
    let (family, widths, depths) = match nets {
        Nets::Names(names) => return names.iter().map(|name| (name.clone(), BTreeMap::new())).collect(),
        Nets::Family { family, widths, depths } => (family, widths, depths),
    };
    let one = |width: u64, depth: u64| {
        let name = match family {
            Family::Cnn => format!("cnn-w{width}-d{depth}"),
            Family::Resnet => format!("resnet{depth}-w{width}"),
        };
        let mut values = BTreeMap::new();
        if several_widths {
            values.insert("width".to_owned(), width as f64);
        }
        if depths.len() > 1 {
            values.insert("depth".to_owned(), depth as f64);
        }
        (name, values)
    };
    let widths = widths_at(widths, budget);
    widths.iter().flat_map(|&width| depths.iter().map(move |&depth| one(width, depth))).collect()
}

fn widths_at(widths: &Widths, budget: Option<u64>) -> Vec<u64> {
    match (widths, budget) {
        (Widths::Fixed(widths), _) => widths.clone(),
        (Widths::Around(ladder), Some(budget)) => axes::widths_at(ladder, budget),
        // `nets` refuses a ladder of widths without budgets.
        (Widths::Around(_), None) => Vec::new(),
    }
}

fn several_widths(grid: &Grid) -> bool {
    match &grid.nets {
        Nets::Names(_) => false,
        Nets::Family { widths: Widths::Fixed(widths), .. } => widths.len() > 1,
        Nets::Family { widths, .. } => {
            let at_each = grid.budgets.iter().flatten().flat_map(|&budget| widths_at(widths, Some(budget)));
            at_each.collect::<BTreeSet<u64>>().len() > 1
        }
    }
}

fn nets(file: &SweepFile) -> Result<Nets, SweepError> {
    let keys = |message: &str| {
        Err(SweepError::Keys { file: file.file.clone(), message: format!("[net] {message}") })
    };
    let NetTable { family, width, depth, names } = &file.net;
    match (family, width, depth, names) {
        (None, None, None, Some(names)) if names.is_empty() => {
            Err(axes::wrong(&file.file, "[net] names", "[]", "at least one network, such as \"lenet5\""))
        }
        (None, None, None, Some(names)) => Ok(Nets::Names(names.clone())),
        (Some(family), Some(width), Some(depth), None) => {
            let widths = axes::widths(&file.file, "[net] width", width)?;
            if matches!(widths, Widths::Around(_)) && file.budgets.is_none() {
                return keys(
                    "width follows the budget, but there are no budgets: give budgets, or list the widths",
                );
            }
            let depths = axes::counts(&file.file, "[net] depth", depth)?;
            Ok(Nets::Family { family: *family, widths, depths })
        }
        (None, None, None, None) => keys("is empty: give family, width and depth, or names"),
        (_, _, _, Some(_)) => keys("has names beside family, width or depth: keep one or the other"),
        (_, _, _, None) => keys("needs all of family, width and depth, or names instead"),
    }
}

/// The axes of `[train]` that are written, outermost first.
fn train_axes(file: &SweepFile) -> Result<Vec<Axis>, SweepError> {
    let train = &file.train;
    let mut axes: Vec<Axis> = Vec::new();
    let mut whole = |name, written: &Option<Numbers>, range, set| {
        let Some(written) = written else { return Ok(()) };
        let values = axes::wholes(&file.file, &format!("[train] {name}"), written, range)?;
        axes.push(Axis { name, values: values.into_iter().map(|value| value as f64).collect(), set });
        Ok(())
    };
    whole("batch", &Some(train.batch.clone()), 1..=1 << 53, |cell, v| cell.spec.batch = v as u64)?;
    whole("steps", &train.steps, 1..=1 << 53, |cell, v| cell.spec.steps = v as u64)?;
    whole("examples", &train.examples, 1..=1 << 53, |cell, v| cell.spec.examples = Some(v as u64))?;
    whole("shift", &train.shift, 0..=255, |cell, v| cell.spec.shift = v as u8)?;
    let mut real = |name, written: &Option<Numbers>, set| {
        let Some(written) = written else { return Ok(()) };
        let values = axes::reals(&file.file, &format!("[train] {name}"), written)?;
        axes.push(Axis { name, values, set });
        Ok(())
    };
    real("epochs", &train.epochs, |cell, v| cell.epochs = Some(v))?;
    real("momentum", &train.momentum, |cell, v| cell.spec.momentum = v)?;
    real("weight_decay", &train.weight_decay, |cell, v| cell.spec.weight_decay = v)?;
    real("label_smoothing", &train.label_smoothing, |cell, v| cell.spec.label_smoothing = v)?;
    real("warmup", &train.warmup, |cell, v| cell.spec.warmup = v)?;
    if let Some(written) = &train.learning_rate {
        let values = axes::learning_rates(&file.file, "[train] learning_rate", written)?;
        axes.push(Axis { name: "learning_rate", values, set: |cell, v| cell.spec.learning_rate = v });
    }
    Ok(axes)
}

fn template(file: &SweepFile) -> Result<RunSpec, SweepError> {
    // The set's type belongs to a crate that this one does not import; its own reader makes the value.
    let data = Deserialize::deserialize(StrDeserializer::<ValueError>::new(&file.data)).map_err(|error| {
        let message = error.to_string();
        let expected = crate::file::nearest(&message).unwrap_or(message);
        axes::wrong(&file.file, "data", format!("\"{}\"", file.data), format!("a known data set; {expected}"))
    })?;
    let mut spec = RunSpec::new(data, "", 1, 1, 1);
    let train = &file.train;
    spec.flip = train.flip.unwrap_or(spec.flip);
    spec.learner = train.learner.unwrap_or(spec.learner);
    spec.precision = train.precision.unwrap_or(spec.precision);
    spec.validation_images = train.validation_images.unwrap_or(spec.validation_images);
    if spec.validation_images == 0 {
        let expected = "at least 1: cells are chosen by their validation error";
        return Err(axes::wrong(&file.file, "validation_images in [train]", "0", expected));
    }
    spec.test_images = train.test_images;
    Ok(spec)
}

fn check_name(file: &SweepFile) -> Result<(), SweepError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if file.name.starts_with(|c: char| c.is_ascii_alphanumeric()) && file.name.chars().all(allowed) {
        return Ok(());
    }
    let expected = "letters, digits, `-`, `_` and `.`, the first a letter or digit";
    Err(axes::wrong(&file.file, "name", format!("\"{}\"", file.name), expected))
}

/// The length of a run must follow from exactly one of budgets, steps and epochs.
fn check_length(file: &SweepFile) -> Result<(), SweepError> {
    let keys = |message: &str| Err(SweepError::Keys { file: file.file.clone(), message: message.to_owned() });
    match (&file.budgets, &file.train.steps, &file.train.epochs) {
        (None, None, None) => {
            keys("nothing says how long to train: give budgets, or steps or epochs in [train]")
        }
        (Some(_), Some(_), _) => keys("budgets and [train] steps: steps follow from budgets; delete one"),
        (Some(_), _, Some(_)) => keys("budgets and [train] epochs: epochs follow from budgets; delete one"),
        (None, Some(_), Some(_)) => keys("[train] steps and epochs both give the length; delete one"),
        _ => Ok(()),
    }
}

fn check_limits(file: &SweepFile) -> Result<(), SweepError> {
    let limits = &file.limits;
    if file.budgets.is_none() && *limits != LimitsTable::default() {
        let message = "[limits] drops cells made from budgets, and there are none: delete it".to_owned();
        return Err(SweepError::Keys { file: file.file.clone(), message });
    }
    axes::counts(&file.file, "[limits] min_steps", &Numbers::One(limits.min_steps as f64))?;
    if let Some(most) = limits.max_steps.filter(|most| *most < limits.min_steps) {
        let expected = format!("at least min_steps, which is {}", limits.min_steps);
        return Err(axes::wrong(&file.file, "[limits] max_steps", most, expected));
    }
    for (key, epochs) in [("min_epochs", limits.min_epochs), ("max_epochs", limits.max_epochs)] {
        if let Some(epochs) = epochs {
            axes::reals(&file.file, &format!("[limits] {key}"), &Numbers::One(epochs))?;
        }
    }
    match (limits.min_epochs, limits.max_epochs) {
        (Some(least), Some(most)) if most < least => {
            let expected = format!("at least min_epochs, which is {least}");
            Err(axes::wrong(&file.file, "[limits] max_epochs", most, expected))
        }
        _ => Ok(()),
    }
}

/// Refuses a grid that is too large before any of it is made.
fn check_size(file: &str, grid: &Grid) -> Result<(), SweepError> {
    let nets = match &grid.nets {
        Nets::Names(names) => names.len(),
        Nets::Family { widths: Widths::Fixed(widths), depths, .. } => {
            widths.len().saturating_mul(depths.len())
        }
        Nets::Family { widths: Widths::Around(ladder), depths, .. } => {
            depths.len().saturating_mul(ladder.count as usize)
        }
    };
    let seeds = grid.seeds.selection.len() + grid.seeds.report.len();
    let budgets = grid.budgets.as_ref().map_or(1, Vec::len);
    let sizes = [budgets, nets, seeds].into_iter().chain(grid.axes.iter().map(|axis| axis.values.len()));
    match sizes.fold(1, usize::saturating_mul) {
        runs if runs > MAX_RUNS => {
            let message =
                format!("its axes combine to {runs} runs: expected at most {MAX_RUNS}; shorten an axis");
            Err(SweepError::Keys { file: file.to_owned(), message })
        }
        _ => Ok(()),
    }
}
