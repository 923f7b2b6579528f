//! Published statements beside what follows from the tables: each is computed, compared, and said to follow or not.

use law::fit::halving_cost;
use record::literature::{BenchmarkOutput, ClaimOutput, LiteratureOutput, ProjectionOutput, TrendOutput};

use super::projections::Factors;
use super::{agrees, systems, tables};
use crate::error::ReportError;

/// A statement before it is compared.
pub(super) struct Statement {
    key: String,
    claim: String,
    published: f64,
    tolerance: f64,
    status: String,
    source: String,
    row: tables::Row,
}

/// The statements of the table.
pub(super) fn statements() -> Result<Vec<Statement>, ReportError> {
    let statement = |row: tables::Row| {
        Ok(Statement {
            key: row.text("key")?,
            claim: row.text("claim")?,
            published: row.number("published")?,
            tolerance: row.number("tolerance")?,
            status: row.text("status")?,
            source: row.text("source")?,
            row,
        })
    };
    tables::CLAIMS.rows()?.into_iter().map(statement).collect()
}

/// The published figure of one statement; not a number where the table lacks it.
pub(super) fn published(statements: &[Statement], key: &str) -> f64 {
    statements.iter().find(|statement| statement.key == key).map_or(f64::NAN, |known| known.published)
}

/// Every statement compared with what `told` has computed.
pub(super) fn all(
    statements: Vec<Statement>,
    told: &LiteratureOutput,
    factors: &Factors,
) -> Result<Vec<ClaimOutput>, ReportError> {
    let compared = |statement: Statement| {
        let Some((computed, interval)) = computed(&statement.key, told, factors) else {
            return Err(statement.row.unknown("key"));
        };
        Ok(ClaimOutput {
            follows: agrees(statement.published, computed, statement.tolerance),
            claim: statement.claim,
            published: statement.published,
            computed,
            interval,
            tolerance: statement.tolerance,
            status: statement.status,
            source: statement.source,
        })
    };
    statements.into_iter().map(compared).collect()
}

/// A number with the ends of its interval.
type Estimate = (f64, [Option<f64>; 2]);

/// What a statement is compared with, by its key; `None` of a key that is not known, or what it needs is not there.
fn computed(key: &str, told: &LiteratureOutput, factors: &Factors) -> Option<Estimate> {
    let plain = |value: f64| Some((value, [None, None]));
    let imagenet = told.benchmarks.iter().find(|benchmark| benchmark.benchmark == "ImageNet")?;
    let five = told.projections.iter().find(|p| p.benchmark == "ImageNet" && p.error == 0.05)?;
    let alexnet = told.taken_apart.systems.first()?;
    let r2s = known(&told.benchmarks).map(|benchmark| benchmark.r2);
    match key {
        "r2-lowest" => plain(r2s.fold(f64::INFINITY, f64::min)),
        "r2-highest" => plain(r2s.fold(0.0, f64::max)),
        "k-mildest" => {
            let mildest = known(&told.benchmarks).min_by(|a, b| b.slope.total_cmp(&a.slope))?;
            exponent(mildest)
        }
        "k-imagenet" => exponent(imagenet),
        "k-two-points" => plain(told.taken_apart.k),
        "halving-two-points" => plain(halving_cost(told.taken_apart.k)),
        "halving-imagenet" => {
            let (k, ends) = exponent(imagenet)?;
            Some((halving_cost(k), ends.map(|end| end.map(halving_cost))))
        }
        "taken-apart-compute" => plain(told.taken_apart.compute),
        "taken-apart-rate" => plain(told.taken_apart.rate),
        "flop-at-5" => Some(flop(five)),
        "flop-at-5-ninth" => plain(alexnet.flop * libm::pow(alexnet.error / five.error, 9.0)),
        "usd-at-5" => Some(scaled(flop(five), 1.0 / factors.flop_per_usd)),
        "months-at-5" => {
            Some(scaled(flop(five), 1.0 / (factors.flop_per_pound * factors.city_pounds_per_month)))
        }
        "flop-per-usd" => plain(factors.flop_per_usd_by_price()),
        "doubling" => told.ai_and_compute.doublings.first().map(months),
        "growth-database" | "growth-stated" => growth(told, key == "growth-stated"),
        "halving-efficiency" => Some(months(&told.ai_and_efficiency.halving)),
        _ => None,
    }
}

/// Benchmarks on which error falls with compute at all.
fn known(benchmarks: &[BenchmarkOutput]) -> impl Iterator<Item = &BenchmarkOutput> {
    benchmarks.iter().filter(|benchmark| benchmark.k.is_some())
}

fn exponent(benchmark: &BenchmarkOutput) -> Option<Estimate> {
    Some((benchmark.k?, [benchmark.k_low, benchmark.k_high]))
}

fn months(trend: &TrendOutput) -> Estimate {
    (trend.months, [trend.low, trend.high])
}

/// FLOP of a projection by the law of powers.
fn flop(projection: &ProjectionOutput) -> Estimate {
    let in_flop = |power: f64| libm::pow(10.0, power + 9.0);
    let ends = [projection.polynomial_low, projection.polynomial_high].map(|end| end.map(in_flop));
    (in_flop(projection.polynomial), ends)
}

fn scaled((value, ends): Estimate, by: f64) -> Estimate {
    (value * by, ends.map(|end| end.map(|end| end * by)))
}

/// The largest of "AI and Compute" over AlexNet: AlphaGo Zero, as others counted it or as it was stated.
fn growth(told: &LiteratureOutput, as_stated: bool) -> Option<Estimate> {
    let [alexnet, largest] =
        ["AlexNet", "AlphaGo Zero"].map(|name| systems::of_system(&told.ai_and_compute, name));
    let largest = largest?;
    let pfs_days = if as_stated { systems::stated(largest)? } else { largest.pfs_days };
    Some((pfs_days / alexnet?.pfs_days, [None, None]))
}
