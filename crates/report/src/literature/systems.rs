//! OpenAI's "AI and Compute": every figure from its inputs, and the doubling time of all.

use law::number::short;
use record::literature::{AiAndComputeOutput, SystemOutput, TrendOutput, WorkedOutput};
use record::units::FLOPS_PER_PFS_DAY;

use super::tables::{self, Row};
use super::{TOLERANCE, agrees, date};
use crate::error::ReportError;

/// Operations of training for a multiply-accumulate of the forward pass: product and sum, and the backward pass twice
/// the forward one (method 1 of "AI and Compute").
const OPERATIONS_PER_MAC: f64 = 2.0 * 3.0;
const SECONDS_PER_DAY: f64 = 86_400.0;
/// 1e15 operations.
const PETA: f64 = 1e15;

/// Every system with its figures, and the trends.
pub(super) fn all(published_months: f64) -> Result<AiAndComputeOutput, ReportError> {
    let mut systems: Vec<SystemOutput> = Vec::new();
    for row in tables::AI_AND_COMPUTE.rows()? {
        let (name, figure) = (row.text("system")?, worked(&row)?);
        match systems.iter_mut().find(|system| system.system == name) {
            Some(system) => system.figures.push(figure),
            None => systems.push(SystemOutput {
                system: name,
                date: row.text("date")?,
                charted: row.text("charted")? == "yes",
                pfs_days: 0.0,
                bound: !row.text("bound")?.is_empty(),
                figures: vec![figure],
            }),
        }
        if date::days(&row.text("date")?).is_none() {
            return Err(row.unknown("date"));
        }
    }
    for system in &mut systems {
        system.pfs_days = drawn(&system.figures);
    }
    systems.sort_by(|a, b| a.date.cmp(&b.date));
    let doublings = trends(&systems);
    Ok(AiAndComputeOutput { systems, doublings, published_months })
}

/// One figure: the product that its method asks for.
fn worked(row: &Row) -> Result<WorkedOutput, ReportError> {
    let method = row.text("method")?;
    let (formula, operations) = match method.as_str() {
        "1" => {
            let factors = [
                row.number("macs")?,
                OPERATIONS_PER_MAC,
                row.number("examples")?,
                row.number("epochs")?,
                row.optional("times")?.unwrap_or(1.0),
            ];
            (product(&factors), Some(factors.iter().product()))
        }
        "2" => {
            let factors = [
                row.number("processors")?,
                row.number("teraflops")? * 1e12,
                row.number("days")? * SECONDS_PER_DAY,
                row.number("utilisation")?,
                row.optional("times")?.unwrap_or(1.0),
            ];
            (product(&factors), Some(factors.iter().product::<f64>()))
        }
        "database" => {
            let flop = row.number("flop")?;
            (short(flop, 3), Some(flop))
        }
        "stated" => (String::new(), None),
        _ => return Err(row.unknown("method")),
    };
    let pfs_days = operations.map(|operations| operations / FLOPS_PER_PFS_DAY);
    let printed_pfs_days = row.optional("printed_pfs_days")?;
    let pair = printed_pfs_days.zip(pfs_days);
    Ok(WorkedOutput {
        method,
        formula,
        printed_petaflop: row.optional("printed_petaflop")?,
        petaflop: operations.map(|operations| operations / PETA),
        printed_pfs_days,
        pfs_days,
        follows: pair.map(|(printed, computed)| agrees(printed, computed, TOLERANCE)),
        source: row.text("source")?,
    })
}

/// `7.5e8 x 6 x 1.2e6 x 90`, without a last factor of one.
fn product(factors: &[f64]) -> String {
    let told = factors.iter().enumerate().filter(|(place, factor)| *place == 0 || **factor != 1.0);
    told.map(|(_, factor)| short(*factor, 4)).collect::<Vec<_>>().join(" x ")
}

/// The geometric mean of what follows from inputs, else a count by others, else what was stated.
fn drawn(figures: &[WorkedOutput]) -> f64 {
    let of = |methods: &[&str]| -> Vec<f64> {
        let chosen = figures.iter().filter(|figure| methods.contains(&figure.method.as_str()));
        chosen.filter_map(|figure| figure.pfs_days.or(figure.printed_pfs_days)).map(libm::log).collect()
    };
    let choices = [of(&["1", "2"]), of(&["database"]), of(&["stated"])];
    let logs = choices.into_iter().find(|logs| !logs.is_empty()).unwrap_or_default();
    libm::exp(logs.iter().sum::<f64>() / logs.len() as f64)
}

/// The figure that was stated, where one was.
pub(super) fn stated(system: &SystemOutput) -> Option<f64> {
    let figure = system.figures.iter().find(|figure| figure.method == "stated");
    figure.and_then(|figure| figure.printed_pfs_days)
}

/// Doubling times of the chart's systems: of all, of those that took more than any before, and of all with what was
/// stated in place of what others counted.
fn trends(systems: &[SystemOutput]) -> Vec<TrendOutput> {
    let charted: Vec<&SystemOutput> = systems.iter().filter(|system| system.charted).collect();
    let place = |system: &SystemOutput, pfs_days: f64| date::days(&system.date).map(|day| [day, pfs_days]);
    let all: Vec<[f64; 2]> = charted.iter().filter_map(|system| place(system, system.pfs_days)).collect();
    let mut most = 0.0;
    let mut records = all.clone();
    records.retain(|[_, pfs_days]| {
        let more = *pfs_days > most;
        most = if more { *pfs_days } else { most };
        more
    });
    let as_stated = |system: &&SystemOutput| place(system, stated(system).unwrap_or(system.pfs_days));
    let with_stated: Vec<[f64; 2]> = charted.iter().filter_map(as_stated).collect();
    [
        ("the systems of the chart", all),
        ("those that took more than any before", records),
        ("the systems of the chart, AlphaGo Zero as stated", with_stated),
    ]
    .iter()
    .filter_map(|(of, points)| date::trend(of, points))
    .collect()
}

/// The system of that name.
pub(super) fn of_system<'a>(told: &'a AiAndComputeOutput, name: &str) -> Option<&'a SystemOutput> {
    told.systems.iter().find(|system| system.system == name)
}
