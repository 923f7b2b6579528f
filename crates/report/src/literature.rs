//! The published record: tables of published facts, everything that follows from them, and their figures.
//!
//! The tables lie in `datasets/literature/` and are part of the program. Nothing that is computed here is
//! looked up: slopes, projections, products and trends follow from the inputs in the tables, and where a published
//! figure does not follow from them, it says so.

mod benchmarks;
mod claims;
mod date;
mod efficiency;
mod figures;
mod line;
mod projections;
mod systems;
mod tables;
mod taken_apart;
mod text;

use record::literature::LiteratureOutput;

use crate::error::ReportError;
use crate::figures::Figure;

/// Factor within which a printed figure counts as following from its printed inputs: these are rounded to two
/// digits, mostly.
const TOLERANCE: f64 = 1.1;

/// Every table, computed from the inputs.
///
/// # Errors
/// Only a table of the program's own that cannot be read.
pub fn compute() -> Result<LiteratureOutput, ReportError> {
    let benchmarks = benchmarks::all()?;
    let cuts = benchmarks::cuts(&benchmarks);
    let factors = projections::factors()?;
    let projections = projections::all(&benchmarks, &factors)?;
    let taken_apart = taken_apart::all()?;
    let statements = claims::statements()?;
    let ai_and_compute = systems::all(claims::published(&statements, "doubling"))?;
    let ai_and_efficiency =
        efficiency::all(&ai_and_compute, claims::published(&statements, "halving-efficiency"))?;
    let mut told = LiteratureOutput {
        benchmarks,
        cuts,
        projections,
        taken_apart,
        ai_and_compute,
        ai_and_efficiency,
        claims: Vec::new(),
    };
    told.claims = claims::all(statements, &told, &factors)?;
    Ok(told)
}

/// The tables as plain text for a terminal of 120 columns.
#[must_use]
pub fn text(told: &LiteratureOutput) -> String {
    text::text(told)
}

/// One figure for each table; equal tables give equal bytes.
#[must_use]
pub fn draw(told: &LiteratureOutput) -> Vec<Figure> {
    figures::all(told)
}

/// Whether two positive figures agree within a factor.
fn agrees(printed: f64, computed: f64, tolerance: f64) -> bool {
    let ratio = printed / computed;
    ratio <= tolerance && ratio >= 1.0 / tolerance
}

#[cfg(test)]
mod tests;
