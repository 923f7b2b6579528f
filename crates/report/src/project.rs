//! What a lower error would cost: a fit followed to given errors, in FLOPs, hours, energy, carbon and money.

use law::fit::{Fit, Interval, Point, Settings};
use law::number::short;
use law::project::{self, FAR_DECADES, Projection};
use record::energy::{Kind, Phase, total_bounds};
use record::project::{AnswerOutput, ProjectOutput, ReferenceOutput, TargetOutput, Triple};
use record::run::RunRecord;
use record::units::{FLOPS_PER_PFS_DAY, Joules, Seconds};

use crate::cells::{self, Cost, Group};
use crate::cost::{Rates, cost};
use crate::curves::REFERENCES;
use crate::error::ReportError;
use crate::fit::{FRACTION, disagreements, ways_of_points, ways_of_runs};
use crate::label::percent;

pub mod figure;
mod text;

pub use text::text;

const SECONDS_PER_HOUR: f64 = 3600.0;

/// A line that misses today's error by more, as a difference of logarithms, is told.
const OFF_THE_LINE: f64 = 0.05;

/// An error to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// In the unit of the points.
    Error(f64),
    /// In percent, whatever that unit is.
    Percent(f64),
    /// Half of the least error that was fitted.
    Half,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Which errors; none asks for 5%, 1% and half of today's.
    pub errors: Vec<Wanted>,
    /// Model FLOP/s of the machine, instead of what the records say.
    pub flops_per_second: Option<f64>,
    /// Watts of the machine, instead of what the records say.
    pub watts: Option<f64>,
    /// Where and how the machine stands.
    pub rates: Rates,
}

/// The machine that would train.
#[derive(Clone, Debug, Default)]
struct Machine {
    flops_per_second: Option<f64>,
    watts: Option<([f64; 3], Kind)>,
    /// Where these come from, or why they are unknown.
    basis: Vec<String>,
}

/// A projection, and the fit that it follows, for a figure.
#[derive(Clone, Debug)]
pub struct Projected {
    /// The numbers.
    pub output: ProjectOutput,
    /// The fit.
    pub fit: Fit,
}

/// Projects the frontier of `records`, which come from `source`.
///
/// # Errors
/// As [`crate::fit::of_records`].
pub fn of_records(
    records: &[RunRecord],
    source: &str,
    question: &Question,
) -> Result<Projected, ReportError> {
    let cells = cells::group(records)?;
    let priced = cells::price(&cells, Cost::Flops);
    let fit = cells::fit(&cells, &priced, Cost::Flops, &Settings::default())?;
    let last = fit.frontier.iter().rfind(|point| point.is_fitted());
    let group = last.and_then(|point| cells.groups.get(point.cell));
    let machine = group.map(machine_of).unwrap_or_default().with(question);
    let mut output = output(&fit, source, ["FLOP", FRACTION], question, machine);
    output.warnings.extend(cells.notes.iter().chain(&priced.notes).cloned());
    output.warnings.extend(fit.warnings.iter().cloned());
    output.warnings.extend(disagreements(&ways_of_runs(&fit)?, fit.cells));
    Ok(Projected { output, fit })
}

/// Projects plain points, whose `columns` name compute and error.
///
/// # Errors
/// Points that are not positive and finite.
pub fn of_points(
    points: &[Point],
    columns: [&str; 2],
    source: &str,
    question: &Question,
) -> Result<Projected, ReportError> {
    let fit = law::fit::fit_points(points, &Settings::default())?;
    let machine = Machine::default().with(question);
    let mut output = output(&fit, source, columns, question, machine);
    output.assumptions.push(format!("{} counts FLOPs", columns[0]));
    output.warnings.extend(fit.warnings.iter().cloned());
    output.warnings.extend(disagreements(&ways_of_points(&fit), fit.cells));
    Ok(Projected { output, fit })
}

/// Speed and power of the machine in the runs of one cell that had it to themselves.
fn machine_of(group: &Group) -> Machine {
    let alone: Vec<&RunRecord> =
        group.runs.iter().copied().filter(|run| run.circumstances.jobs <= 1).collect();
    let mut speeds: Vec<f64> = alone.iter().filter_map(|run| run.flops_per_second).collect();
    speeds.sort_by(f64::total_cmp);
    let flops_per_second = speeds.get(speeds.len() / 2).copied();
    let mut basis = Vec::new();
    if let Some(speed) = flops_per_second {
        let runs = if speeds.len() == 1 { "a run".to_owned() } else { format!("{} runs", speeds.len()) };
        basis.push(format!(
            "hours at {} GFLOP/s, measured over {runs} of {}, the largest compute that was fitted",
            short(speed / 1e9, 3),
            group.label
        ));
    }
    let watts = watts_of(&alone);
    if let Some((watts, kind)) = watts {
        let [low, central, high] = watts.map(|watts| short(watts, 3));
        basis.push(format!(
            "energy at {central} W [{low}, {high}], the mean of their training steps, {}",
            kind.name()
        ));
    }
    Machine { flops_per_second, watts, basis }
}

/// Mean watts of the machine over the training steps, if all know them by the same kind.
fn watts_of(runs: &[&RunRecord]) -> Option<([f64; 3], Kind)> {
    let seconds: f64 = runs.iter().map(|run| run.seconds.train.0).sum();
    let known: Vec<([Joules; 3], Kind)> =
        runs.iter().map(|run| total_bounds(&run.energy, Phase::Train)).collect::<Option<_>>()?;
    let kind = known.first()?.1;
    if seconds <= 0.0 || kind == Kind::None || known.iter().any(|(_, other)| *other != kind) {
        return None;
    }
    let watts = |place: usize| known.iter().map(|(joules, _)| joules[place].0).sum::<f64>() / seconds;
    Some(([watts(0), watts(1), watts(2)], kind))
}

impl Machine {
    /// With what the user says of another.
    fn with(mut self, question: &Question) -> Machine {
        if let Some(speed) = question.flops_per_second {
            // The power of these runs is not that of a machine of another speed.
            self = Machine {
                flops_per_second: Some(speed),
                watts: None,
                basis: vec![format!("hours at {} GFLOP/s, as given", short(speed / 1e9, 3))],
            };
        }
        if let Some(watts) = question.watts {
            self.watts = Some(([watts; 3], Kind::User));
            self.basis.retain(|basis| !basis.starts_with("energy"));
            self.basis.push(format!("energy at {} W, as given", short(watts, 3)));
        }
        if self.flops_per_second.is_none() {
            self.basis.push("no speed is known, so no hours: give --flops-per-second".to_owned());
        } else if self.watts.is_none() {
            self.basis.push("no power is known, so no energy: give --watts".to_owned());
        }
        self
    }
}

fn triple(interval: Interval) -> Triple {
    [interval.low, interval.estimate, interval.high]
}

fn output(
    fit: &Fit,
    source: &str,
    [compute_unit, error_unit]: [&str; 2],
    question: &Question,
    machine: Machine,
) -> ProjectOutput {
    let is_fraction = error_unit == FRACTION;
    let targets: Vec<TargetOutput> = errors(fit, is_fraction, question)
        .into_iter()
        .map(|(name, error)| target(fit, name, error, &machine, &question.rates))
        .collect();
    let mut assumptions: Vec<String> = off_the_line(fit, is_fraction).into_iter().collect();
    assumptions.extend(machine.basis);
    if machine.watts.is_some() || question.rates.usd_per_hour.is_some() {
        assumptions.extend(cost(None, Seconds(0.0), &question.rates).assumptions);
    }
    ProjectOutput {
        source: source.to_owned(),
        compute_unit: compute_unit.to_owned(),
        error_unit: error_unit.to_owned(),
        k: triple(fit.k),
        k_floor: triple(fit.k_floor),
        floor: triple(fit.floor),
        compute_range: fit.compute_range,
        error_today: fit.error_range.map(|[low, _]| low),
        flops_per_second: machine.flops_per_second,
        watts: machine.watts.map(|(watts, _)| watts),
        watts_kind: machine.watts.map(|(_, kind)| kind),
        warnings: far(&targets),
        targets,
        assumptions,
    }
}

/// How far today's error lies from the line that is followed, where that is worth a word: costs are those of the line.
fn off_the_line(fit: &Fit, is_fraction: bool) -> Option<String> {
    let ([compute, reached], law) = (project::today(fit)?, fit.power?);
    let line = law.error(compute);
    let told = |error: f64| if is_fraction { percent(error, 3) } else { short(error, 4) };
    let side = if line < reached { "below" } else { "above" };
    ((line / reached).ln().abs() > OFF_THE_LINE).then(|| {
        format!(
            "costs without a floor follow the line, which at {} FLOP lies at {}, {side} the {} reached there",
            short(compute, 3),
            told(line),
            told(reached)
        )
    })
}

/// The errors with their names, the highest first.
fn errors(fit: &Fit, is_fraction: bool, question: &Question) -> Vec<(String, f64)> {
    let highest = fit.error_range.map_or(1.0, |[_, high]| high);
    // A table may count errors in percent; no error is more than all.
    let hundred = if is_fraction || highest <= 1.0 { 1.0 } else { 100.0 };
    let name = |error: f64| {
        if hundred > 1.0 {
            format!("error {}", short(error, 4))
        } else {
            format!("error {}", percent(error, 3))
        }
    };
    let half = fit.error_range.map(|[low, _]| low / 2.0);
    let usual = [Wanted::Error(0.05 * hundred), Wanted::Error(0.01 * hundred), Wanted::Half];
    let wanted = if question.errors.is_empty() { &usual } else { &question.errors[..] };
    let error = |wanted: &Wanted| match wanted {
        Wanted::Error(error) => Some(*error),
        Wanted::Percent(percent) => Some(percent / 100.0 * hundred),
        Wanted::Half => half,
    };
    let mut errors: Vec<f64> = wanted.iter().filter_map(error).collect();
    errors.sort_by(|a, b| b.total_cmp(a));
    // Half of today's error may be one of the others but for rounding.
    errors.dedup_by(|a, b| (*a / *b - 1.0).abs() < 1e-9);
    let named = |error: f64| match half == Some(error) {
        true => (format!("{}, half of today's", name(error)), error),
        false => (name(error), error),
    };
    errors.into_iter().map(named).collect()
}

fn target(fit: &Fit, name: String, error: f64, machine: &Machine, rates: &Rates) -> TargetOutput {
    let Some(projection) = project::project(fit, error, REFERENCES.map(|(k, _)| k)) else {
        let reason = Some("the fit has no exponent".to_owned());
        let none = AnswerOutput { reason, ..AnswerOutput::default() };
        return TargetOutput { name, error, power: none.clone(), floor: none, references: Vec::new() };
    };
    // Within the data the question is answered, and no law of another slope goes through them.
    let is_beyond = project::today(fit).is_some_and(|[_, reached]| error < reached);
    let references =
        REFERENCES.iter().zip(projection.references).filter(|(_, flops)| is_beyond && flops.is_finite()).map(
            |((k, _), flops)| ReferenceOutput {
                k: *k,
                halving_cost: law::fit::halving_cost(*k),
                flops,
                hours: machine.flops_per_second.map(|speed| flops / speed / SECONDS_PER_HOUR),
            },
        );
    let range = fit.compute_range.unwrap_or([f64::NAN; 2]);
    let mut floor = answer(projection.floor, range, machine, rates);
    if floor.flops[1].is_none() {
        floor.reason = Some(why_not(&projection).to_owned());
    }
    TargetOutput {
        name,
        error,
        power: answer(projection.power, range, machine, rates),
        floor,
        references: references.collect(),
    }
}

fn why_not(projection: &Projection) -> &'static str {
    if projection.below_floor {
        "it lies below the floor: by this law no compute reaches it"
    } else {
        "the floor is not identified"
    }
}

fn answer(flops: Interval, [least, most]: [f64; 2], machine: &Machine, rates: &Rates) -> AnswerOutput {
    let flops = triple(flops);
    // What is more than numbers hold is not known.
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    let each = |of: &dyn Fn(f64) -> Option<f64>| flops.map(|flops| flops.and_then(of).and_then(finite));
    let hours = each(&|flops| Some(flops / machine.flops_per_second? / SECONDS_PER_HOUR));
    let costs = [0, 1, 2].map(|place: usize| {
        let seconds = Seconds(hours[place]? * SECONDS_PER_HOUR);
        let energy = machine.watts.map(|(watts, _)| watts.map(|watts| Joules(watts * seconds.0)));
        Some(cost(energy, seconds, rates))
    });
    // The lower end of the hours goes with the lower end of the power, and so on.
    let cost_of = |of: fn(&record::cost::CostOutput) -> Option<[f64; 3]>| {
        [0, 1, 2].map(|place: usize| finite(of(costs[place].as_ref()?)?[place]))
    };
    AnswerOutput {
        flops,
        decades_beyond: flops[1]
            .map(|flops| libm::log10(flops / most).max(0.0) + libm::log10(flops / least).min(0.0)),
        pfs_days: each(&|flops| Some(flops / FLOPS_PER_PFS_DAY)),
        hours,
        kwh: cost_of(|cost| cost.kwh),
        kg_co2e: cost_of(|cost| cost.kg_co2e),
        usd_electricity: cost_of(|cost| cost.usd_electricity),
        usd_rental: [0, 1, 2].map(|place: usize| costs[place].as_ref()?.usd_rental.and_then(finite)),
        reason: None,
    }
}

/// A time in the unit that suits it.
pub(crate) fn duration(hours: f64) -> String {
    let seconds = hours * SECONDS_PER_HOUR;
    if seconds < 120.0 {
        format!("{} s", short(seconds, 3))
    } else if seconds < 7200.0 {
        format!("{} min", short(seconds / 60.0, 3))
    } else {
        format!("{} h", short(hours, 3))
    }
}

/// Warnings about answers that lie far beyond the data.
fn far(targets: &[TargetOutput]) -> Vec<String> {
    let of_target = |target: &TargetOutput| {
        let decades = [target.power.decades_beyond, target.floor.decades_beyond];
        let farther = |a: f64, b: f64| if b.abs() > a.abs() { b } else { a };
        let farthest = decades.into_iter().flatten().fold(0.0, farther);
        (farthest.abs() > FAR_DECADES).then(|| {
            let side = if farthest > 0.0 { "beyond" } else { "below" };
            let farthest = farthest.abs();
            format!(
                "{} lies {farthest:.1} decades of compute {side} the data: what stands there follows from the law, \
                 not from any training.",
                target.name
            )
        })
    };
    targets.iter().filter_map(of_target).collect()
}

#[cfg(test)]
mod tests;
