//! What lower errors would cost in compute, money and carbon if the lines of the benchmarks went on.

use record::literature::{BenchmarkOutput, ProjectionOutput};

use super::benchmarks;
use super::tables;
use crate::error::ReportError;

/// Factors of conversion, as the authors' website had them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    /// FLOP per US dollar.
    pub(super) flop_per_usd: f64,
    /// FLOP per pound of CO2e.
    pub(super) flop_per_pound: f64,
    /// Peak rate of the processor that the price is for, in 1e12 FLOP/s.
    pub(super) gpu_teraflops: f64,
    /// Its price in US dollars per hour.
    pub(super) gpu_usd_per_hour: f64,
    /// Pounds of CO2e that New York City emits in a month.
    pub(super) city_pounds_per_month: f64,
}

/// Seconds in an hour.
const HOUR: f64 = 3600.0;

impl Factors {
    /// FLOP per dollar from rate and price: TFLOP/s x 3600 s over dollars per hour.
    pub(super) fn flop_per_usd_by_price(&self) -> f64 {
        self.gpu_teraflops * 1e12 * HOUR / self.gpu_usd_per_hour
    }
}

/// The factors of the table.
pub(super) fn factors() -> Result<Factors, ReportError> {
    let rows = tables::FACTORS.rows()?;
    let value = |name: &str| {
        for row in &rows {
            if row.text("factor")? == name {
                return row.number("value");
            }
        }
        let path = "datasets/literature/factors.csv".into();
        Err(ReportError::Read { path, reason: format!("it has no factor `{name}`") })
    };
    Ok(Factors {
        flop_per_usd: value("flop_per_usd")?,
        flop_per_pound: value("flop_per_pound")?,
        gpu_teraflops: value("gpu_teraflops")?,
        gpu_usd_per_hour: value("gpu_usd_per_hour")?,
        city_pounds_per_month: value("new_york_pounds_per_month")?,
    })
}

/// Every target of the table.
pub(super) fn all(
    benchmarks: &[BenchmarkOutput],
    factors: &Factors,
) -> Result<Vec<ProjectionOutput>, ReportError> {
    let mut projections = Vec::new();
    for row in tables::PROJECTIONS.rows()? {
        let name = row.text("benchmark")?;
        let benchmark = benchmarks.iter().find(|benchmark| benchmark.benchmark == name);
        let lines = benchmark.and_then(|b| Some((benchmarks::law(b)?, benchmarks::exponential(b)?)));
        let Some((law, exponential)) = lines else { return Err(row.unknown("benchmark")) };
        let error = row.number("error")?;
        let wanted = -libm::log10(error);
        let polynomial = law.reaches(wanted);
        let exponential = exponential.reaches(1.0 / error);
        let ends = law.reach_interval(wanted);
        let (printed_polynomial, printed_exponential) =
            (row.optional("polynomial")?, row.optional("exponential")?);
        let cut_off = |printed: Option<f64>, power: f64| printed.map(|p| p == libm::floor(power));
        let verdicts = [cut_off(printed_polynomial, polynomial), cut_off(printed_exponential, exponential)];
        let follows = verdicts.iter().any(Option::is_some).then(|| !verdicts.contains(&Some(false)));
        let in_flop = |power: f64| power + 9.0;
        let [usd, pounds] = [factors.flop_per_usd, factors.flop_per_pound].map(libm::log10);
        projections.push(ProjectionOutput {
            benchmark: name,
            target: row.text("target")?,
            error,
            polynomial,
            polynomial_low: ends.map(|ends| ends[0]),
            polynomial_high: ends.map(|ends| ends[1]),
            exponential,
            printed_polynomial,
            printed_exponential,
            follows,
            usd_polynomial: in_flop(polynomial) - usd,
            usd_exponential: in_flop(exponential) - usd,
            pounds_polynomial: in_flop(polynomial) - pounds,
            pounds_exponential: in_flop(exponential) - pounds,
            status: row.text("status")?,
            source: row.text("source")?,
        });
    }
    Ok(projections)
}
