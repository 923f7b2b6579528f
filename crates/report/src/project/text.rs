//! A projection as plain text for a terminal.

use law::number::short;
use record::energy::Kind;
use record::project::{AnswerOutput, ProjectOutput, TargetOutput, Triple};

use crate::fit::FRACTION;
use crate::label::{factor, percent, wrap};

/// Width that no line of prose exceeds.
const COLUMNS: usize = 100;

/// Warnings about distance first, then the law, then each error, then what was assumed; ends with a line end.
#[must_use]
pub fn text(told: &ProjectOutput) -> String {
    let far = super::far(&told.targets);
    let others = told.warnings.get(far.len()..).unwrap_or_default();
    let mut lines: Vec<String> = far.iter().flat_map(|warning| folded(warning, "WARNING: ")).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(law(told));
    for target in &told.targets {
        lines.push(String::new());
        lines.extend(of_target(told, target));
    }
    lines.push(String::new());
    lines.extend(folded(&format!("Assumed: {}.", told.assumptions.join("; ")), ""));
    if !others.is_empty() {
        lines.push("Before believing these numbers:".to_owned());
        lines.extend(others.iter().flat_map(|warning| folded(warning, "- ")));
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn folded(text: &str, first: &str) -> Vec<String> {
    let room = COLUMNS - first.len();
    let indent = " ".repeat(first.len());
    let lines = wrap(text, |line| line.chars().count() <= room);
    lines
        .iter()
        .enumerate()
        .map(|(i, line)| format!("{}{line}", if i == 0 { first } else { &indent }))
        .collect()
}

fn number(value: f64) -> String {
    short(value, 3)
}

/// `1.2 [1.0, 1.5]`, an end that is unbounded as `inf`; nothing where nothing is known.
fn with_interval([low, central, high]: Triple, written: impl Fn(f64) -> String) -> Option<String> {
    let end = |end: Option<f64>| end.map_or_else(|| "inf".to_owned(), &written);
    match (central, low) {
        (Some(central), Some(_)) => Some(format!("{} [{}, {}]", written(central), end(low), end(high))),
        (Some(central), None) => Some(written(central)),
        (None, Some(_)) => Some(format!("between {} and {}", end(low), end(high))),
        (None, None) => None,
    }
}

fn law(told: &ProjectOutput) -> Vec<String> {
    let is_fraction = told.error_unit == FRACTION;
    let error = |error: f64| if is_fraction { percent(error, 3) } else { short(error, 4) };
    let two = |value: f64| format!("{value:.2}");
    let mut lines = Vec::new();
    match (with_interval(told.k, two), told.k[1]) {
        (Some(k), Some(_)) => lines.push(format!("k             {k}")),
        _ => lines.push("k             none; the reasons are below".to_owned()),
    }
    match with_interval(told.floor, error) {
        Some(floor) if told.floor[1].is_some() => {
            let k = with_interval(told.k_floor, two).unwrap_or_default();
            lines.push(format!("floor         {floor}, above it k = {k}"));
        }
        Some(floor) => lines.push(format!("floor         not identified, {floor}")),
        None => lines.push("floor         not identified".to_owned()),
    }
    if let (Some(today), Some([_, most])) = (told.error_today, told.compute_range) {
        lines.push(format!("today         error {} at up to {} FLOP", error(today), number(most)));
    }
    lines
}

fn of_target(told: &ProjectOutput, target: &TargetOutput) -> Vec<String> {
    let mut lines = vec![target.name.clone()];
    for (name, answer) in [("no floor", &target.power), ("above a floor", &target.floor)] {
        let mut told = of_answer(answer, told.watts_kind).into_iter();
        lines.push(format!("  {name:<15}{}", told.next().unwrap_or_default()));
        lines.extend(told.map(|line| format!("  {:<15}{line}", "")));
    }
    for reference in &target.references {
        let name = format!("k = {}", reference.k);
        let hours = reference.hours.map_or_else(String::new, |hours| format!(", {}", super::duration(hours)));
        let flops = number(reference.flops);
        let halving = factor(reference.halving_cost);
        lines.push(format!("  {name:<15}{flops} FLOP{hours}; every halving {halving} x the compute"));
    }
    lines
}

fn of_answer(answer: &AnswerOutput, kind: Option<Kind>) -> Vec<String> {
    let unit = |values: Triple, unit: &str| Some(format!("{} {unit}", with_interval(values, number)?));
    let mut lines = Vec::new();
    let Some(flops) = unit(answer.flops, "FLOP") else {
        return vec![answer.reason.clone().unwrap_or_else(|| "unknown".to_owned())];
    };
    let distance = match (answer.decades_beyond, &answer.reason) {
        (_, Some(reason)) => format!(": {reason}"),
        (Some(decades), None) if decades > 0.0 => format!(", {decades:.1} decades beyond the data"),
        (Some(decades), None) if decades < 0.0 => format!(", {:.1} decades below the data", -decades),
        _ => ", within the data".to_owned(),
    };
    lines.push(flops + &distance);
    lines.extend(unit(answer.pfs_days, "pfs-days"));
    lines.extend(with_interval(answer.hours, super::duration));
    let about = if kind.is_some_and(|kind| kind == Kind::Modelled) { "~" } else { "" };
    let energy = [
        unit(answer.kwh, "kWh").map(|kwh| format!("{about}{kwh}")),
        unit(answer.kg_co2e, "kg CO2e").map(|carbon| format!("{about}{carbon}")),
        unit(answer.usd_electricity, "USD of electricity").map(|usd| format!("{about}{usd}")),
        unit(answer.usd_rental, "USD to rent the machine instead"),
    ];
    lines.extend(energy.into_iter().flatten());
    lines
}
