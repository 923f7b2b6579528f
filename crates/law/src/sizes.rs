//! What the surface over parameters and data says of plain points, with its intervals.
//!
//! Resamples are of points, as those of Hoffmann et al. (2022, arXiv 2203.15556, appendix D.3) and of its replication by Besiroglu et al.
//! (2024, arXiv 2404.10102), but of settings whole.

use crate::bootstrap::{Law, stream};
use crate::clusters::Clusters;
use crate::error::LawError;
use crate::estimate::{Estimate, interval_of};
use crate::fit::{self, Interval, Settings};
use crate::goodness::Sums;
use crate::interval;
use crate::method::Method;
use crate::parallel;
use crate::surface::{self, LogSize, Size, SurfaceLaw};

/// Points that a resample holds at most.
const MOST_DRAWN: usize = 2000;

/// The estimate of the surface from all of `sizes`. Points of equal parameters and data are replicates of one setting.
///
/// # Errors
/// As [`crate::estimate::estimate`].
pub fn estimate(sizes: &[Size], settings: &Settings) -> Result<Estimate, LawError> {
    fit::check(settings)?;
    check(sizes)?;
    let mut points: Vec<LogSize> = sizes.iter().map(LogSize::new).collect();
    points.sort_unstable_by(|a, b| {
        a.n.total_cmp(&b.n).then(a.d.total_cmp(&b.d)).then(a.log_error.total_cmp(&b.log_error))
    });
    let same = |a: &LogSize, b: &LogSize| a.n == b.n && a.d == b.d;
    let mut estimate = Estimate::empty(Method::Surface);
    (estimate.points, estimate.cells) = (points.len(), points.chunk_by(same).count());
    estimate.compute_range = fit::range(sizes.iter().map(compute));
    estimate.error_range = fit::range(sizes.iter().map(|size| size.error));
    estimate.description = format!(
        "{} over {} points. {}% intervals from {} resamples of points, those of one setting together. With \
         compute in proportion to N D, k = 1/alpha + 1/beta is the exponent of the error above the floor, and the \
         best N grows with C to the power parameters_exponent, D to data_exponent.",
        Method::Surface.in_words(),
        estimate.points,
        fit::percent(settings.level),
        settings.resamples
    );
    if let Some(reason) = unfit(&estimate, &points) {
        estimate.warnings.push(reason);
        return Ok(estimate);
    }
    let Some(law) = surface::fit_logs(&points) else {
        estimate.warnings.push("k has no value: no surface could be fitted.".to_owned());
        return Ok(estimate);
    };
    estimate.surface = Some(law);
    let mut sums = Sums::default();
    points.iter().for_each(|point| sums.add(point.log_error, law.log_error(point.n, point.d)));
    estimate.goodness = sums.goodness(5);
    let clusters = Clusters::new(&points, same, MOST_DRAWN);
    let drawn = replicates(&clusters, &law, points.len(), settings);
    let drawn =
        interval::enough(drawn, settings.resamples, settings.level, "surface", &mut estimate.warnings);
    fill(&mut estimate, &law, &drawn, clusters.shrink(), settings.level);
    Ok(estimate)
}

/// Compute of a training, 6 N D as is usual for transformers; only its ratios matter.
#[must_use]
pub fn compute(size: &Size) -> f64 {
    6.0 * size.parameters * size.data
}

/// Root mean square of the log error that the surface leaves on `sizes`; `None` of nothing.
#[must_use]
pub fn rmse_log(law: &SurfaceLaw, sizes: &[Size]) -> Option<f64> {
    let square = |size: &Size| {
        let point = LogSize::new(size);
        let residual = point.log_error - law.log_error(point.n, point.d);
        residual * residual
    };
    Some((sizes.iter().map(square).sum::<f64>() / sizes.len() as f64).sqrt()).filter(|root| root.is_finite())
}

fn check(sizes: &[Size]) -> Result<(), LawError> {
    for (index, size) in sizes.iter().enumerate() {
        let numbers = [("parameters", size.parameters), ("data", size.data), ("error", size.error)];
        for (quantity, found) in numbers {
            if !(found.is_finite() && found > 0.0) {
                let (quantity, expected) = (quantity.to_owned(), "a finite number above 0");
                return Err(LawError::Value { item: "point", index, quantity, found, expected });
            }
        }
    }
    Ok(())
}

/// Why no surface can be had.
fn unfit(estimate: &Estimate, points: &[LogSize]) -> Option<String> {
    let sizes = surface::different(points, |point| point.n);
    let data = surface::different(points, |point| point.d);
    if sizes < 3 || data < 3 || estimate.cells < 6 {
        return Some(format!(
            "k has no value: a surface needs 3 different parameters, 3 different data and 6 settings, and has \
             {sizes}, {data} and {}.",
            estimate.cells
        ));
    }
    let [low, high] = estimate.compute_range?;
    if high / low <= 10.0 * (1.0 + 1e-9) {
        return Some(
            "k has no value: the points span one decade of parameters times data at most.".to_owned(),
        );
    }
    let [least, most] = estimate.error_range?;
    if most / least - 1.0 <= 1e-9 {
        return Some("k has no value: all errors are equal, as if all points lay at their floor.".to_owned());
    }
    along_a_line(points).then(|| {
        "k has no value: data are a power of parameters in all points, so that neither exponent can be told from \
         the other."
            .to_owned()
    })
}

/// Whether ln N and ln D lie on one line.
fn along_a_line(points: &[LogSize]) -> bool {
    let count = points.len() as f64;
    let mean = |of: fn(&LogSize) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (n, d) = (mean(|point| point.n), mean(|point| point.d));
    let sum = |of: &dyn Fn(f64, f64) -> f64| points.iter().map(|p| of(p.n - n, p.d - d)).sum::<f64>();
    let (nn, dd, nd) = (sum(&|n, _| n * n), sum(&|_, d| d * d), sum(&|n, d| n * d));
    nn * dd - nd * nd <= 1e-9 * nn * dd
}

/// The surface of every resample, and of all that resamples draw from first where that is not all.
fn replicates(
    clusters: &Clusters<LogSize>,
    law: &SurfaceLaw,
    count: usize,
    settings: &Settings,
) -> Vec<(SurfaceLaw, SurfaceLaw)> {
    let whole = clusters.points().len() == count;
    // Of a huge table the thinned points still hold one of each setting; the law of all is then as good a centre.
    let thinned = !whole && clusters.points().len() <= 4 * MOST_DRAWN;
    let centre = if thinned { surface::refit(clusters.points(), law).unwrap_or(*law) } else { *law };
    let resampled = |resample: usize| {
        let mut points = Vec::new();
        clusters.draw(&mut stream(settings.seed, Law::Surface, resample), |point| points.push(*point));
        points.sort_unstable_by(|a, b| a.n.total_cmp(&b.n).then(a.d.total_cmp(&b.d)));
        surface::refit(&points, law).map(|drawn| (drawn, centre))
    };
    parallel::map(settings.resamples, resampled).into_iter().flatten().collect()
}

/// Coefficients and exponents with the intervals of the replicates, their deviations times `shrink`.
fn fill(
    estimate: &mut Estimate,
    law: &SurfaceLaw,
    drawn: &[(SurfaceLaw, SurfaceLaw)],
    shrink: f64,
    level: f64,
) {
    let moved = |value: f64, drawn: f64, centre: f64| match shrink < 1.0 {
        true => value + shrink * (drawn - centre),
        false => drawn,
    };
    let with_interval = |value: f64, of: &dyn Fn(&SurfaceLaw) -> f64| {
        let mut values: Vec<f64> =
            drawn.iter().map(|(drawn, centre)| moved(value, of(drawn), of(centre))).collect();
        interval_of(value, &mut values, level)
    };
    let named = |(place, (name, value)): (usize, (&'static str, f64))| {
        (name, with_interval(value, &|law| law.coefficients()[place].1))
    };
    estimate.coefficients = law.coefficients().into_iter().enumerate().map(named).collect();
    let k = with_interval(law.k(), &|law| {
        // An exponent that has gone to 0 or beyond leaves k without an end.
        if law.alpha > 0.0 && law.beta > 0.0 { law.k() } else { f64::INFINITY }
    });
    if law.alpha <= 0.0 || law.beta <= 0.0 {
        let of = match (law.alpha > 0.0, law.beta > 0.0) {
            (true, _) => "data",
            (_, true) => "parameters",
            _ => "parameters nor with data",
        };
        estimate.warnings.push(format!("k has no value: error does not fall with {of}."));
        estimate.k = Interval { estimate: None, ..k };
    } else {
        estimate.k = k;
    }
    // Its number stays, as the exponents hang on it.
    let mut floors: Vec<f64> =
        drawn.iter().map(|(drawn, centre)| moved(law.floor, drawn.floor, centre.floor)).collect();
    let doubt = interval::doubt(&estimate.coefficients[0].1, &mut floors, level, estimate.error_range);
    estimate.warnings.extend(doubt.map(|doubt| {
        format!("Floor not identified: {doubt}. Its number stays, as the exponents are those above it.")
    }));
    if k.high.is_none() && !drawn.is_empty() {
        estimate.warnings.push("k has no upper end: the interval of an exponent reaches 0.".to_owned());
    }
    estimate.k_floor = estimate.k;
}
