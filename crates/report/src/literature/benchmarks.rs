//! Error against compute on six benchmarks, after Thompson et al. (2020): slopes, exponents and intervals.

use record::literature::{BenchmarkOutput, PublishedPoint};

use super::line::{self, Line};
use super::tables;
use crate::error::ReportError;

/// Share of the errors that lie below the line of the frontier.
const FRONTIER: f64 = 0.1;
/// The systems of the ImageNet fit that carry the compute of NASNet's search: what law they leave behind is in `cuts`.
const SEARCH: [&str; 2] = ["SENet", "NASNetA (6@4032)"];

/// Every benchmark, in the order of the table.
pub(super) fn all() -> Result<Vec<BenchmarkOutput>, ReportError> {
    let mut sets: Vec<(String, Vec<PublishedPoint>)> = Vec::new();
    for row in tables::BENCHMARKS.rows()? {
        let name = row.text("benchmark")?;
        let point = PublishedPoint {
            system: row.text("system")?,
            flop: 1e9 * row.number("gflop")?,
            error: row.number("error")?,
            source: row.text("source")?,
        };
        match sets.iter_mut().find(|(known, _)| *known == name) {
            Some((_, points)) => points.push(point),
            None => sets.push((name, vec![point])),
        }
    }
    let fitted = |(name, points): (String, Vec<PublishedPoint>)| fitted(&name, "all", points);
    Ok(sets.into_iter().filter_map(fitted).collect())
}

/// The ImageNet systems without SENet, and without NASNet-A either.
pub(super) fn cuts(benchmarks: &[BenchmarkOutput]) -> Vec<BenchmarkOutput> {
    let imagenet = benchmarks.iter().filter(|benchmark| benchmark.benchmark == "ImageNet");
    let without = |benchmark: &BenchmarkOutput, left_out: &[&str], words: &str| {
        let kept = benchmark.data.iter().filter(|point| !left_out.contains(&point.system.as_str()));
        fitted(&benchmark.benchmark, words, kept.cloned().collect())
    };
    imagenet
        .flat_map(|benchmark| {
            [
                without(benchmark, &SEARCH[..1], "without SENet"),
                without(benchmark, &SEARCH, "without SENet and NASNet-A"),
            ]
        })
        .flatten()
        .collect()
}

/// The line through the points of one benchmark: x is log10 of compute in GFLOP, y log10 of 1/error.
pub(super) fn law(benchmark: &BenchmarkOutput) -> Option<Line> {
    line::fit(&pairs(&benchmark.data, |error| -libm::log10(error)))
}

/// The line of the exponential model: y is 1/error.
pub(super) fn exponential(benchmark: &BenchmarkOutput) -> Option<Line> {
    line::fit(&pairs(&benchmark.data, |error| 1.0 / error))
}

/// The line of the frontier as `[intercept, slope]`, which leaves a tenth of the errors below, and so nine tenths of
/// their inverses.
pub(super) fn frontier(points: &[PublishedPoint]) -> Option<[f64; 2]> {
    line::quantile(&pairs(points, |error| -libm::log10(error)), 1.0 - FRONTIER)
}

fn pairs(points: &[PublishedPoint], of_error: impl Fn(f64) -> f64) -> Vec<[f64; 2]> {
    points.iter().map(|point| [libm::log10(point.flop / 1e9), of_error(point.error)]).collect()
}

fn fitted(name: &str, systems: &str, data: Vec<PublishedPoint>) -> Option<BenchmarkOutput> {
    let line = line::fit(&pairs(&data, |error| -libm::log10(error)))?;
    let [slope_low, slope_high] = line.slope_interval();
    let turned = |slope: f64| (slope > 0.0).then(|| 1.0 / slope);
    // Where no slope at all is as likely, an exponent says nothing, whichever way it is fitted.
    let known = |k: Option<f64>| k.filter(|_| slope_low > 0.0);
    Some(BenchmarkOutput {
        benchmark: name.to_owned(),
        systems: systems.to_owned(),
        points: data.len(),
        slope: line.slope,
        slope_error: line.slope_error,
        slope_low,
        slope_high,
        intercept: line.intercept,
        r2: line.r2,
        k: known(turned(line.slope)),
        k_low: turned(slope_high),
        k_high: turned(slope_low),
        k_reverse: known(turned(line.reverse)),
        k_quantile: known(frontier(&data).and_then(|[_, slope]| turned(slope))),
        data,
    })
}
