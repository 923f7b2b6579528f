//! Which figures a set of records gives: error against FLOPs, seconds and joules, as far as these are known.

use std::collections::{BTreeMap, BTreeSet};

use law::fit::{Fit, Point, Settings};
use law::frontier::FrontierPoint;
use record::run::{RunRecord, Status};
use record::units::FLOPS_PER_PFS_DAY;

use crate::cells::{self, Cells, Cost, Priced};
use crate::curves;
use crate::error::ReportError;
use crate::label::{grouped, interval};
use crate::plot::{self, FrontierMark, Mark, Plot, SecondUnit};

/// A finished figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// File name without its ending, for example `error-vs-flops`.
    pub name: String,
    /// The drawing; [`crate::png::render`] makes pixels of it.
    pub svg: String,
}

/// One kilowatt-hour: 1,000 W x 3,600 s.
const JOULES_PER_KWH: f64 = 3.6e6;

/// The figures of `records`: per data set one against FLOPs, and one each against seconds and joules where runs had
/// the machine to themselves. With several data sets their names begin with the data set. The order of the records
/// does not matter; too little to fit still gives figures, with points and a note.
///
/// # Errors
/// No records, or what [`cells::group`] refuses.
pub fn draw(records: &[RunRecord]) -> Result<Vec<Figure>, ReportError> {
    let mut sets: BTreeMap<&str, Vec<RunRecord>> = BTreeMap::new();
    for run in records {
        sets.entry(run.spec.data.name()).or_default().push(run.clone());
    }
    if sets.is_empty() {
        return Err(ReportError::NoRecords);
    }
    let prefixed = sets.len() > 1;
    let mut figures = Vec::new();
    for (set, mut runs) in sets {
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        let cells = cells::group(&runs)?;
        let mut wanted = vec![
            (Cost::Flops, "error-vs-flops"),
            (Cost::Seconds, "error-vs-seconds"),
            (Cost::Joules, "error-vs-joules"),
        ];
        if varies_data(&runs) {
            wanted.extend([(Cost::Examples, "error-vs-examples"), (Cost::Parameters, "error-vs-parameters")]);
        } else if varies_parameters(&runs) {
            wanted.push((Cost::Parameters, "error-vs-parameters"));
        }
        for (cost, name) in wanted {
            if runs.iter().any(|run| cells::cost_of_run(run, cost).is_some()) {
                let plot = plot_of(set, &runs, &cells, cost)?;
                // A sweep over images says nothing of what a lower error costs.
                let is_fitted = plot.frontier.iter().any(|point| point.fitted);
                if is_sweep_of_images(&runs) && cost == Cost::Flops && !is_fitted {
                    continue;
                }
                let svg = plot::draw(&plot);
                let name = if prefixed { format!("{set}-{name}") } else { name.to_owned() };
                figures.push(Figure { name, svg });
            }
        }
    }
    Ok(figures)
}

/// Whether three networks or more were trained on all images and equally long, so that they differ in parameters alone.
fn varies_parameters(runs: &[RunRecord]) -> bool {
    let seen: BTreeSet<u64> = runs.iter().map(|run| run.spec.steps * run.spec.batch).collect();
    let whole = runs.iter().filter(|run| cells::cost_of_run(run, Cost::Parameters).is_some());
    let sizes: BTreeSet<u64> = whole.map(|run| run.parameters).collect();
    seen.len() == 1 && sizes.len() > 2
}

/// Whether a sweep went over several numbers of training images.
fn is_sweep_of_images(runs: &[RunRecord]) -> bool {
    let chosen: BTreeSet<u64> = runs.iter().filter_map(|run| run.spec.examples).collect();
    chosen.len() > 1 && runs.iter().any(|run| run.place.is_some())
}

/// Whether a sweep went over numbers of training images, with several networks for each: at least three numbers, and two
/// networks on the average. Where images are fresh for ever budgets of FLOPs give numbers of them too, which nobody chose:
/// then there are fewer budgets than numbers.
fn varies_data(runs: &[RunRecord]) -> bool {
    let mut nets: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for run in runs {
        let Some(images) = cells::cost_of_run(run, Cost::Examples) else { continue };
        nets.entry(images as u64).or_default().insert(&run.spec.net);
    }
    let chosen: BTreeSet<u64> = runs.iter().filter_map(|run| run.spec.examples).collect();
    let budgets: BTreeSet<u64> = runs.iter().filter_map(|run| Some(run.place.as_ref()?.budget.0)).collect();
    let is_chosen = chosen.len() >= 3 || budgets.len() > nets.len();
    is_chosen && nets.len() >= 3 && nets.values().map(BTreeSet::len).sum::<usize>() >= 2 * nets.len()
}

/// The figure of plain points with the law fitted to them. `columns` names compute and error, and `source` where they
/// come from; the figure is named after all three.
///
/// # Errors
/// Points that are not positive and finite.
pub fn draw_points(points: &[Point], columns: [&str; 2], source: &str) -> Result<Figure, ReportError> {
    let [compute, error] = columns;
    let fit = law::fit::fit_points(points, &Settings::default())?;
    let frontier = fit.frontier.iter().map(|point| frontier_mark(point, String::new())).collect();
    let plot = Plot {
        title: title(source, [compute, error], Some(&fit)),
        subtitle: format!(
            "{} point{}",
            grouped(points.len() as u64),
            if points.len() == 1 { "" } else { "s" }
        ),
        cost_label: compute.to_owned(),
        error_label: error.to_owned(),
        second_unit: None,
        point_name: String::new(),
        frontier_name: "point".to_owned(),
        staircase_name: LOWEST.to_owned(),
        in_percent: false,
        points: Vec::new(),
        references: None,
        frontier,
        notes: fit.warnings.clone(),
        fit: Some(fit),
    };
    let name = format!("{}-{}-vs-{}", file_name(source), file_name(error), file_name(compute));
    Ok(Figure { name, svg: plot::draw(&plot) })
}

/// What a staircase shows where nobody chose.
const LOWEST: &str = "lowest error so far";

/// `text` with what could trouble a file system replaced.
fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    text.chars().take(60).map(plain).collect()
}

fn plot_of(set: &str, runs: &[RunRecord], cells: &Cells, cost: Cost) -> Result<Plot, ReportError> {
    let priced = cells::price(cells, cost);
    let fit = match priced.estimated {
        true => None,
        false => Some(cells::fit(cells, &priced, cost, &Settings::default())?),
    };
    let winners =
        fit.as_ref().map_or_else(|| cells::winners(cells, &priced, cost), |fit| fit.frontier.clone());
    let net = |point: &FrontierPoint| cells.groups.get(point.cell).map_or("", |group| group.net).to_owned();
    let frontier = winners.iter().map(|point| frontier_mark(point, net(point))).collect();
    let points = runs.iter().filter_map(|run| {
        let (cost, error) = (cells::cost_of_run(run, cost)?, run.error?);
        Some(Mark { cost, error, net: run.spec.net.clone() })
    });
    let (frontier_name, staircase_name) = match cells.swept {
        true => ("frontier: mean over the reporting seeds", "frontier, budget by budget"),
        false => ("mean over the seeds of a cell", LOWEST),
    };
    Ok(Plot {
        title: title(set, [noun(cost), "error"], fit.as_ref()),
        subtitle: subtitle(runs, cells, cost, &priced),
        cost_label: cost_label(cost, priced.estimated).to_owned(),
        error_label: "test error".to_owned(),
        second_unit: second_unit(cost),
        point_name: "one training run".to_owned(),
        frontier_name: frontier_name.to_owned(),
        staircase_name: staircase_name.to_owned(),
        in_percent: true,
        points: points.collect(),
        references: references(cost),
        frontier,
        notes: notes(runs, cells, &priced, fit.as_ref()),
        fit,
    })
}

fn frontier_mark(point: &FrontierPoint, net: String) -> FrontierMark {
    FrontierMark {
        mark: Mark { cost: point.compute, error: point.error, net },
        deviation: point.error_deviation,
        at_edge: !point.edges.is_empty(),
        dominated: point.dominated,
        fitted: point.is_fitted(),
    }
}

/// States the law where there is one, and only what is drawn otherwise.
fn title(source: &str, [cost, error]: [&str; 2], fit: Option<&Fit>) -> String {
    match fit.and_then(|fit| fit.k.estimate.map(|k| (k, fit.k))) {
        Some((k, ends)) => {
            let range = interval(ends.low, ends.high, |k| format!("{k:.1}"));
            let range = if range.is_empty() { "(no interval)".to_owned() } else { range };
            format!("{source}: {error} falls as {cost}^{{\u{2212}1/k}}, k = {k:.1} {range}")
        }
        None => format!("{source}: {error} against {cost}"),
    }
}

fn noun(cost: Cost) -> &'static str {
    match cost {
        Cost::Flops => "compute",
        Cost::Seconds => "time",
        Cost::Joules => "energy",
        Cost::Examples => "data",
        Cost::Parameters => "parameters",
    }
}

fn cost_label(cost: Cost, estimated: bool) -> &'static str {
    match (cost, estimated) {
        (Cost::Flops, _) => "model FLOPs of one training",
        (Cost::Seconds, _) => "seconds of the training steps of one run",
        (Cost::Joules, false) => "joules of one training",
        (Cost::Joules, true) => "joules (estimate) of one training",
        (Cost::Examples, _) => "training images",
        (Cost::Parameters, _) => "trained parameters",
    }
}

/// The exponents to compare with, where they are not those of compute.
fn references(cost: Cost) -> Option<&'static [(f64, &'static str)]> {
    match cost {
        Cost::Flops | Cost::Seconds | Cost::Joules => None,
        Cost::Examples => Some(&curves::OF_DATA),
        Cost::Parameters => Some(&[]),
    }
}

fn second_unit(cost: Cost) -> Option<SecondUnit> {
    match cost {
        Cost::Flops => Some(SecondUnit { name: "petaflop/s-days".to_owned(), size: FLOPS_PER_PFS_DAY }),
        Cost::Seconds | Cost::Examples | Cost::Parameters => None,
        Cost::Joules => Some(SecondUnit { name: "kilowatt-hours".to_owned(), size: JOULES_PER_KWH }),
    }
}

fn subtitle(runs: &[RunRecord], cells: &Cells, cost: Cost, priced: &Priced) -> String {
    let count = |count: usize, one: &str, many: &str| {
        format!("{} {}", grouped(count as u64), if count == 1 { one } else { many })
    };
    let mut parts = vec![
        format!("{} of {}", count(runs.len(), "run", "runs"), count(cells.groups.len(), "cell", "cells")),
        devices(runs),
    ];
    if cost == Cost::Joules {
        let kinds = cells::kinds_in_words(&runs.iter().collect::<Vec<_>>()).join(", ");
        parts.push(match priced.estimated {
            true => format!("joules are an ESTIMATE ({kinds}), not measured and not fitted"),
            false => format!("joules measured ({kinds})"),
        });
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" \u{b7} ")
}

/// The processors that trained, each once.
fn devices(runs: &[RunRecord]) -> String {
    let device = |run: &RunRecord| {
        let circumstances = &run.circumstances;
        let number = circumstances.device.strip_prefix("cuda:").and_then(|n| n.parse::<usize>().ok());
        let gpu = number.and_then(|n| circumstances.host.gpus.get(n));
        let processor = gpu.unwrap_or(&circumstances.host.cpu);
        if processor.is_empty() { circumstances.device.clone() } else { processor.clone() }
    };
    let names: BTreeSet<_> = runs.iter().map(device).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn notes(runs: &[RunRecord], cells: &Cells, priced: &Priced, fit: Option<&Fit>) -> Vec<String> {
    let mut notes: Vec<String> = cells.notes.iter().chain(&priced.notes).cloned().collect();
    let diverged = runs.iter().filter(|run| run.status == Status::Diverged).count();
    if diverged > 0 {
        notes.push(format!("{diverged} of {} runs diverged and are not drawn.", runs.len()));
    }
    let perfect = runs.iter().filter(|run| run.error == Some(0.0)).count();
    if perfect > 0 {
        notes.push(format!(
            "{perfect} of {} runs made no mistake, which a logarithmic axis cannot show.",
            runs.len()
        ));
    }
    notes.extend(fit.into_iter().flat_map(|fit| fit.warnings.iter().cloned()));
    notes
}

#[cfg(test)]
mod tests;
