//! OpenAI's "AI and Efficiency": factors from their inputs, and the halving time of compute for AlexNet's accuracy.

use record::literature::{AiAndComputeOutput, AiAndEfficiencyOutput, EfficiencyOutput};

use super::{TOLERANCE, agrees, date, systems, tables};
use crate::error::ReportError;

/// Teraflop/s-days in a petaflop/s-day.
const TERA_IN_PETA: f64 = 1e3;
/// The network whose accuracy is followed over the years.
const FOLLOWED: &str = "AlexNet";

/// Every row, and the trend.
pub(super) fn all(
    compute: &AiAndComputeOutput,
    published_months: f64,
) -> Result<AiAndEfficiencyOutput, ReportError> {
    let mut rows: Vec<EfficiencyOutput> = Vec::new();
    let mut followed = Vec::new();
    for row in tables::AI_AND_EFFICIENCY.rows()? {
        let (level, teraflops_days) = (row.text("level")?, row.number("teraflops_days")?);
        let first = rows.iter().find(|other| other.level == level);
        let factor = first.map_or(teraflops_days, |first| first.teraflops_days) / teraflops_days;
        let printed_factor = row.number("factor")?;
        let date = Some(row.text("date")?).filter(|date| !date.is_empty());
        let day = date.as_deref().map(date::days);
        match day {
            Some(None) => return Err(row.unknown("date")),
            Some(Some(day)) if level == FOLLOWED => followed.push([day, teraflops_days]),
            _ => {}
        }
        rows.push(EfficiencyOutput {
            level,
            system: row.text("system")?,
            date,
            teraflops_days,
            // Two operations for each one that is counted here.
            pfs_days: 2.0 * teraflops_days / TERA_IN_PETA,
            factor,
            printed_factor,
            follows: agrees(printed_factor, factor, TOLERANCE),
            source: row.text("source")?,
        });
    }
    let by_operations = systems::of_system(compute, FOLLOWED)
        .and_then(|system| system.figures.iter().find(|figure| figure.method == "1"))
        .and_then(|figure| figure.pfs_days);
    let two_operations = TERA_IN_PETA * by_operations.unwrap_or(f64::NAN);
    let halving = date::trend("networks as good as AlexNet", &followed);
    let halving = halving.ok_or_else(|| ReportError::Read {
        path: "datasets/literature/ai-and-efficiency.csv".into(),
        reason: format!("expected at least three dated rows of {FOLLOWED}"),
    })?;
    Ok(AiAndEfficiencyOutput {
        rows,
        halving,
        published_months,
        alexnet_one_operation: two_operations / 2.0,
        alexnet_two_operations: two_operations,
    })
}
