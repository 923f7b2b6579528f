//! What one estimator says of plain points: its coefficients and exponents with intervals, and how well it fits.

mod breaks;

use crate::bootstrap::{Bootstrap, Law, Resampling, percentile_interval, stream};
use crate::broken;
use crate::clusters::Clusters;
use crate::curve::Curve;
use crate::error::LawError;
use crate::exponential::ExponentialLaw;
use crate::fit::{self, Interval, Point, Settings};
use crate::floor::{self, Search};
use crate::goodness::{self, Goodness};
use crate::interval;
use crate::method::Method;
use crate::point::{self, LogPoint};
use crate::power::{self, PowerLaw};
use crate::profile;
use crate::quantile::{self, Problem};
use crate::surface::SurfaceLaw;
use crate::table::Table;
use crate::{exponential, m1, m2, m3, m4, ols, ols_reverse, parallel, settled, warning};

/// Different computes that any exponent needs.
const FEWEST: usize = 3;

/// Points that a resample of points holds at most.
const MOST_DRAWN: usize = 100_000;

/// Numbers that the points do not support are `None`, and `warnings` says why.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// How the numbers were obtained.
    pub method: Method,
    /// Every coefficient by its name; all of them unknown where there is no fit.
    pub coefficients: Vec<(&'static str, Interval)>,
    /// The exponent without a floor: of the method, or of the power law through the same points where it has none. Of
    /// a surface, that along the best division of compute.
    pub k: Interval,
    /// The exponent of the error above a floor, of methods with one.
    pub k_floor: Interval,
    /// The law of error against compute.
    pub curve: Option<Curve>,
    /// Its likes through the resamples; empty where no interval can be had.
    pub replicates: Vec<Curve>,
    /// Intervals by profile likelihood beside those of the resamples: of `k`, and of `k_floor` and `floor` where the
    /// method has them. Empty for methods other than the power law and the floor.
    pub profile: Vec<(&'static str, Interval)>,
    /// The law of error against parameters and data.
    pub surface: Option<SurfaceLaw>,
    /// How well it fits.
    pub goodness: Goodness,
    /// How many points were fitted.
    pub points: usize,
    /// Settings among them: points of equal compute are replicates of one.
    pub cells: usize,
    /// Smallest and largest compute fitted.
    pub compute_range: Option<[f64; 2]>,
    /// Smallest and largest error fitted.
    pub error_range: Option<[f64; 2]>,
    /// What was done, in a sentence or two.
    pub description: String,
    /// What a reader should know before believing the numbers.
    pub warnings: Vec<String>,
}

impl Estimate {
    /// Nothing known yet.
    #[must_use]
    pub fn empty(method: Method) -> Estimate {
        Estimate {
            method,
            coefficients: method.names().iter().map(|name| (*name, Interval::default())).collect(),
            k: Interval::default(),
            k_floor: Interval::default(),
            curve: None,
            replicates: Vec::new(),
            profile: Vec::new(),
            surface: None,
            goodness: Goodness::default(),
            points: 0,
            cells: 0,
            compute_range: None,
            error_range: None,
            description: String::new(),
            warnings: Vec::new(),
        }
    }
}

/// The curve of `method` through `points`, without intervals; `None` where they do not support it, and for the surface.
#[must_use]
pub fn curve(points: &[Point], method: Method) -> Option<Curve> {
    fit_curve(&Table::new(points), method)
}

fn fit_curve(table: &Table, method: Method) -> Option<Curve> {
    let Table { points, middles, .. } = table;
    match method {
        Method::Ols => ols::fit(points).map(Curve::Power),
        Method::Power => power::fit(&table.means).map(Curve::Power),
        Method::M1 => m1::fit(points).map(Curve::Power),
        Method::OlsReverse => ols_reverse::fit(points).map(Curve::Power),
        Method::Quantile(q) => quantile::fit(points, q).map(Curve::Power),
        Method::Floor => floor::fit(&table.mean_middles).map(Curve::Floor),
        Method::M2 => m2::fit(middles).map(Curve::Floor),
        Method::M3 => m3::fit(middles).map(Curve::Shifted),
        Method::M4 => m4::fit(middles).map(|law| settled::without_start(law, middles)),
        Method::Broken => broken::fit(middles).map(Curve::Broken),
        Method::Exponential => exponential::fit(points).map(Curve::Exponential),
        Method::Surface | Method::Counts => None,
    }
}

/// The estimate of `method`, which must be none of [`Method::Surface`] and [`Method::Counts`], from all of `points`.
///
/// # Errors
/// [`LawError`] where a compute or an error is not a finite number above zero, or a setting is outside its range. Points
/// that support no estimate are no error.
pub fn estimate(points: &[Point], method: Method, settings: &Settings) -> Result<Estimate, LawError> {
    fit::check(settings)?;
    fit::check_points(points)?;
    check_method(method)?;
    let table = Table::new(points);
    let mut estimate = Estimate::empty(method);
    (estimate.points, estimate.cells) = (points.len(), table.cells);
    estimate.compute_range = fit::range(points.iter().map(|point| point.compute));
    estimate.error_range = fit::range(points.iter().map(|point| point.error));
    estimate.description = description(&estimate, &table, settings);
    if let Some(reason) = unfit(&estimate) {
        estimate.warnings.push(reason);
        return Ok(estimate);
    }
    let line = match line(&table, settings) {
        Some(line) => match line.at_floor(&table) {
            None => line,
            Some(reason) => {
                estimate.warnings.push(reason);
                return Ok(estimate);
            }
        },
        None => {
            estimate.warnings.push("k has no value: there is no line through the points.".to_owned());
            return Ok(estimate);
        }
    };
    let fewest = fewest(method);
    let curve = (estimate.cells >= fewest).then(|| fit_curve(&table, method)).flatten();
    let curve = curve.filter(|curve| settled::is_usable(method, curve));
    // The k of a law that did not fit would be that of another, but for the floor's, which is told beside it.
    let told_beside = !method.is_power() && method != Method::Exponential;
    if told_beside && (curve.is_some() || method.has_floor() && !matches!(method, Method::M4)) {
        let (b, replicates, warnings) = (line.law.b, &line.replicates, &mut estimate.warnings);
        estimate.k = interval::exponent(b, replicates, settings.level, warnings);
    }
    let curve = match curve {
        Some(curve) if method.has_floor() && curve.exponent().is_some_and(|b| b <= 0.0) => {
            estimate.warnings.push(interval::NO_FALL.to_owned());
            return Ok(estimate);
        }
        curve => curve,
    };
    let Some(curve) = curve else {
        estimate.warnings.push(no_fit(method, estimate.cells));
        return Ok(estimate);
    };
    if method == Method::M4 {
        estimate.warnings.push(settled::words_of_m4(&curve).to_owned());
    }
    estimate.curve = Some(curve);
    estimate.goodness = goodness::of_curve(method, &curve, &table.points);
    estimate.replicates = replicates(&table, method, &curve, settings, &mut estimate.warnings);
    // Those that a curve does not have stay unknown.
    for (name, interval) in coefficients(method, &curve, &estimate.replicates, settings.level) {
        estimate
            .coefficients
            .iter_mut()
            .filter(|(known, _)| *known == name)
            .for_each(|known| known.1 = interval);
    }
    let is_broken = breaks::breaks(&mut estimate, &curve, &table, settings);
    exponents(&mut estimate, &curve, is_broken, settings);
    settled::forget_others(&mut estimate, &curve);
    estimate.profile = profiles(&table, method, &curve, settings.level);
    Ok(estimate)
}

/// Why there is no law through so many different computes.
fn no_fit(method: Method, found: usize) -> String {
    let fewest = fewest(method);
    match method.has_floor() && found < fewest {
        true => format!("Floor not identified: it needs {fewest} different computes and has {found}."),
        false => format!(
            "No {} fit: it needs {fewest} different computes and points that bend as it does; there are {found}.",
            method.name()
        ),
    }
}

/// Different computes that a law needs.
fn fewest(method: Method) -> usize {
    match method {
        Method::Broken | Method::M4 => 7,
        _ if method.has_floor() => 4,
        _ => FEWEST,
    }
}

fn check_method(method: Method) -> Result<(), LawError> {
    match method {
        Method::Quantile(q) if !(q > 0.0 && q < 1.0) => {
            let expected = "a share of the points between 0 and 1, such as 0.1".to_owned();
            Err(LawError::Setting { setting: "quantile", found: q, expected })
        }
        _ => Ok(()),
    }
}

/// The power law and the law with a floor have intervals by profile likelihood too.
fn profiles(table: &Table, method: Method, curve: &Curve, level: f64) -> Vec<(&'static str, Interval)> {
    let points = base(table, method);
    match (method, curve) {
        (Method::Ols | Method::Power | Method::M1, Curve::Power(law)) => {
            let k = interval::inverse(Some(law.b), profile::of_power(points, law, level));
            vec![("k", k)]
        }
        (Method::Floor | Method::M2, Curve::Floor(law)) => {
            let ends = profile::of_floor(points, law, level);
            let over = |b: Option<f64>| b.filter(|b| *b > 0.0).map(|b| 1.0 / b);
            let [low, high] = ends.b;
            let k_floor = Interval { estimate: over(Some(law.b)), low: over(high), high: over(low) };
            let [low, high] = ends.floor;
            vec![("k_floor", k_floor), ("floor", Interval { estimate: Some(law.floor), low, high })]
        }
        _ => Vec::new(),
    }
}

/// Why no exponent can be had of points in so small a range, whatever the method.
fn unfit(estimate: &Estimate) -> Option<String> {
    if estimate.cells < FEWEST {
        let found = estimate.cells;
        return Some(format!("k has no value: it needs {FEWEST} different computes and has {found}."));
    }
    estimate.compute_range.filter(|range| !fit::spans_decades(*range)).map(warning::one_decade)
}

fn description(estimate: &Estimate, table: &Table, settings: &Settings) -> String {
    let points = estimate.points;
    let cells = match estimate.cells {
        cells if cells < points => format!(", {cells} different computes"),
        _ => String::new(),
    };
    let resampled = match estimate.method {
        Method::Quantile(_) => "points, those of one compute together",
        _ => "the residuals of each compute, scaled as in Student's t",
    };
    let means = match estimate.method {
        Method::Power | Method::Floor if estimate.cells < points => {
            ", each compute by the mean of its errors and counted once"
        }
        _ => "",
    };
    format!(
        "{} over {points} points{cells}{means}. {}% intervals from {} resamples of {resampled}.{}",
        estimate.method.in_words(),
        fit::percent(settings.level),
        settings.resamples,
        grouped(table.cells, base(table, estimate.method).len()),
    )
}

/// A sentence where groups are fewer than what they stand for.
pub(crate) fn grouped(points: usize, groups: usize) -> String {
    if groups == points {
        return String::new();
    }
    format!(
        " For the intervals and the floor the {points} points stand in {groups} groups of neighbours in compute, each by \
         its mean and weighted by its number."
    )
}

/// The power law through the points, with its interval, which other methods are held against.
struct Line {
    law: PowerLaw,
    replicates: Vec<PowerLaw>,
    b: Option<[f64; 2]>,
}

fn line(table: &Table, settings: &Settings) -> Option<Line> {
    let law = power::fit(&table.means)?;
    let bootstrap = bootstrap(&table.mean_middles, settings);
    let replicates = interval::power_replicates(&bootstrap, &law, settings.level, &mut Vec::new());
    let mut slopes: Vec<f64> = replicates.iter().map(|law| law.b).collect();
    let b = percentile_interval(&mut slopes, settings.level);
    Some(Line { law, replicates, b })
}

impl Line {
    /// Why the points show no fall at all: it may be none, and is less than the scatter about it on both sides.
    fn at_floor(&self, table: &Table) -> Option<String> {
        let (first, last) = (table.points.first()?, table.points.last()?);
        let fall = (self.law.b * (last.log_compute - first.log_compute)).abs();
        let scatter = Curve::Power(self.law).rmse_log(&table.points).unwrap_or(0.0);
        let may_be_none = self.b.is_some_and(|[low, _]| low <= 0.0);
        (fall <= 1e-9 || (may_be_none && fall < 2.0 * scatter)).then(|| {
            "k has no value: error does not fall beyond its scatter, as if all points lay at their floor."
                .to_owned()
        })
    }
}

/// What a method's residuals are taken of.
fn base(table: &Table, method: Method) -> &[LogPoint] {
    if matches!(method, Method::Power | Method::Floor) { &table.mean_middles } else { &table.middles }
}

fn bootstrap<'a>(points: &'a [LogPoint], settings: &Settings) -> Bootstrap<'a> {
    Bootstrap { points, resampling: &Resampling::Points, resamples: settings.resamples, seed: settings.seed }
}

/// The curve of every resample; none where too few could be fitted.
fn replicates(
    table: &Table,
    method: Method,
    curve: &Curve,
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Vec<Curve> {
    let found = match (method, curve) {
        (Method::Quantile(q), Curve::Power(law)) => resampled_quantiles(table, q, law, settings),
        (Method::OlsReverse, Curve::Power(law)) => resampled_reverse(table, law, settings),
        (_, Curve::Exponential(law)) => resampled_exponentials(&table.middles, law, settings),
        _ => {
            let stream = match curve {
                Curve::Power(_) => Law::Power,
                Curve::Floor(_) => Law::Floor,
                Curve::Broken(_) => Law::Broken,
                Curve::Shifted(_) => Law::Shifted,
                Curve::Bounded(_) => Law::Bounded,
                Curve::Exponential(_) => Law::Exponential,
            };
            let bootstrap = bootstrap(base(table, method), settings);
            let draws = bootstrap.replicates(stream, curve.parameters(), |x| curve.log_error(x));
            parallel::map(draws.len(), |i| refit(curve, &draws[i])).into_iter().flatten().collect()
        }
    };
    let usable = found.into_iter().filter(|curve| settled::is_usable(method, curve)).collect();
    interval::enough(usable, settings.resamples, settings.level, method.name(), warnings)
}

/// The law of a curve's kind through a resample.
fn refit(curve: &Curve, points: &[LogPoint]) -> Option<Curve> {
    match curve {
        Curve::Power(_) => power::fit(points).map(Curve::Power),
        Curve::Floor(_) => floor::search(points, Search::COARSE).map(Curve::Floor),
        Curve::Broken(law) => broken::refit(points, law).map(Curve::Broken),
        Curve::Shifted(_) => m3::fit(points).map(Curve::Shifted),
        Curve::Bounded(law) => m4::refit(points, law).map(Curve::Bounded),
        Curve::Exponential(_) => exponential::fit(points).map(Curve::Exponential),
    }
}

fn resampled_quantiles(table: &Table, q: f64, law: &PowerLaw, settings: &Settings) -> Vec<Curve> {
    let same = |a: &LogPoint, b: &LogPoint| b.log_compute - a.log_compute <= point::EQUAL;
    let clusters = Clusters::new(&table.points, same, MOST_DRAWN);
    let centre = match clusters.points().len() == table.points.len() {
        true => Some(*law),
        false => quantile::fit(clusters.points(), q),
    };
    let Some(centre) = centre else { return Vec::new() };
    let shrink = clusters.shrink();
    let resampled = |resample: usize| {
        let mut problem = Problem::default();
        clusters.draw(&mut stream(settings.seed, Law::Quantile, resample), |point| problem.push(point));
        let drawn = problem.solve(q, -centre.b)?;
        let moved = |full: f64, drawn: f64, centre: f64| full + shrink * (drawn - centre);
        Some(Curve::Power(PowerLaw {
            log_a: moved(law.log_a, drawn.log_a, centre.log_a),
            b: moved(law.b, drawn.b, centre.b),
        }))
    };
    parallel::map(settings.resamples, resampled).into_iter().flatten().collect()
}

fn resampled_reverse(table: &Table, law: &PowerLaw, settings: &Settings) -> Vec<Curve> {
    // What is wrong with a setting is wrong with all of its replicates.
    let swapped = match table.cells < table.points.len() {
        true => ols_reverse::swapped(&point::cells(&table.points)),
        false => ols_reverse::swapped(&table.points),
    };
    let swapped = crate::table::few(&swapped);
    // ln E = ln a - b ln C is ln C = (ln a - ln E) / b.
    let turned = PowerLaw { log_a: law.log_a / law.b, b: 1.0 / law.b };
    let draws = bootstrap(&swapped, settings).replicates(Law::Reverse, 2, |y| turned.log_error(y));
    let laws = draws.iter().filter_map(|draw| power::fit(draw));
    laws.filter_map(|law| ols_reverse::turned(&law)).map(Curve::Power).collect()
}

/// Residuals of 1/error, of which the law is a straight line; that of log error it has none where 1/error would not be
/// above zero.
fn resampled_exponentials(middles: &[LogPoint], law: &ExponentialLaw, settings: &Settings) -> Vec<Curve> {
    let reciprocal: Vec<LogPoint> = middles.iter().map(exponential::reciprocal).collect();
    let draws = bootstrap(&reciprocal, settings).replicates(Law::Exponential, 2, |x| law.a + law.b * x);
    let lines = draws.iter().filter_map(|draw| power::fit(draw));
    lines.map(|line| Curve::Exponential(ExponentialLaw { a: line.log_a, b: -line.b })).collect()
}

pub(crate) fn coefficients(
    method: Method,
    curve: &Curve,
    replicates: &[Curve],
    level: f64,
) -> Vec<(&'static str, Interval)> {
    let drawn: Vec<Vec<(&'static str, f64)>> =
        replicates.iter().map(|replicate| method.coefficients(replicate)).collect();
    let with_interval = |(place, (name, value)): (usize, (&'static str, f64))| {
        let mut values: Vec<f64> = drawn.iter().map(|row| row[place].1).collect();
        (name, interval_of(value, &mut values, level))
    };
    method.coefficients(curve).into_iter().enumerate().map(with_interval).collect()
}

/// A number with the interval of its replicates, which holds it; ends that are not finite are open.
pub(crate) fn interval_of(value: f64, replicates: &mut [f64], level: f64) -> Interval {
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    // The laws of resamples are searched more coarsely, which shows where points do not scatter.
    let ends = percentile_interval(replicates, level).map(|[low, high]| [low.min(value), high.max(value)]);
    Interval {
        estimate: finite(value),
        low: ends.and_then(|ends| finite(ends[0])),
        high: ends.and_then(|ends| finite(ends[1])),
    }
}

/// k and `k_floor`, and what is to be said about them.
fn exponents(estimate: &mut Estimate, curve: &Curve, is_broken: bool, settings: &Settings) {
    let (method, level) = (estimate.method, settings.level);
    let warnings = &mut estimate.warnings;
    if estimate.points < 2 * curve.parameters() {
        let (points, numbers) = (estimate.points, curve.parameters());
        warnings.push(format!("{points} points are few for a law of {numbers} numbers."));
    }
    let mut exponents: Vec<f64> = estimate.replicates.iter().filter_map(Curve::exponent).collect();
    if method.is_power() || is_broken || method == Method::M3 {
        let laws: Vec<PowerLaw> = exponents.iter().map(|&b| PowerLaw { log_a: 0.0, b }).collect();
        estimate.k = interval::exponent(curve.exponent().unwrap_or(0.0), &laws, level, warnings);
    }
    if let Curve::Exponential(_) = curve {
        warnings.push(
            "k has no value: an exponential law has no exponent; what a cut costs depends on where it begins."
                .to_owned(),
        );
        if estimate.goodness.r2.is_none() {
            warnings.push(
                "The line of 1/error reaches 0 within the points: as a law of error it describes only some of them."
                    .to_owned(),
            );
        }
        return;
    }
    if !method.has_floor() {
        return;
    }
    let b = curve.exponent();
    let ends = percentile_interval(&mut exponents, level)
        .map(|[low, high]| [low.min(b.unwrap_or(low)), high.max(b.unwrap_or(high))]);
    if ends.is_some_and(|ends| ends[0] <= 0.0) {
        warnings.push("k_floor has no upper end: the interval of its exponent reaches 0.".to_owned());
    }
    let floor = estimate.coefficients.iter_mut().find(|(name, _)| *name == "floor").map(|(_, floor)| floor);
    let mut floors: Vec<f64> = estimate.replicates.iter().filter_map(|curve| method.floor(curve)).collect();
    let doubt =
        floor.as_ref().and_then(|floor| interval::doubt(floor, &mut floors, level, estimate.error_range));
    if let (Some(doubt), Some(floor)) = (&doubt, floor) {
        warnings.push(format!("Floor not identified: {doubt}."));
        *floor = interval::unidentified(floor);
    }
    if method == Method::M3 {
        warnings.push(
            "k is that far above the floor; just above it the error of M3 falls by 1/C whatever its exponent, so that it has no k_floor."
                .to_owned(),
        );
        return;
    }
    let k_floor = interval::inverse(b.filter(|_| doubt.is_none()), ends);
    estimate.k_floor = if doubt.is_some() { interval::without_floor(k_floor, estimate.k) } else { k_floor };
}

#[cfg(test)]
mod tests;
