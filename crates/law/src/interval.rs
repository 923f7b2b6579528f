//! Intervals of both laws from their bootstrap replicates, and what the data do not support.
//!
//! Ends are percentiles of the replicates (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13), those of k the
//! inverses of those of b.

use crate::bootstrap::{Bootstrap, Law, percentile_interval};
use crate::fit::{self, Interval, least_replicates};
use crate::floor::{self, FloorLaw, Search};
use crate::number::short;
use crate::power::{self, PowerLaw};

/// Power laws of the replicates about `law`; empty with too few usable ones.
pub(crate) fn power_replicates(
    bootstrap: &Bootstrap,
    law: &PowerLaw,
    level: f64,
    warnings: &mut Vec<String>,
) -> Vec<PowerLaw> {
    let replicates = bootstrap.replicates(Law::Power, 2, |x| law.log_error(x));
    let laws: Vec<PowerLaw> = replicates.iter().filter_map(|points| power::fit(points)).collect();
    enough(laws, bootstrap.resamples, level, "k", warnings)
}

/// The exponent 1/b with its interval, turned over from the interval of b.
pub(crate) fn exponent(b: f64, replicates: &[PowerLaw], level: f64, warnings: &mut Vec<String>) -> Interval {
    let mut slopes: Vec<f64> = replicates.iter().map(|law| law.b).collect();
    let ends = percentile_interval(&mut slopes, level);
    if b <= 0.0 {
        warnings.push(format!("Error does not fall with compute (b = {b:.4}): k has no value."));
    }
    if let Some([low, high]) = ends.filter(|ends| ends[0] <= 0.0) {
        let ends = format!("k has no upper end: the interval of b, {low:.4} to {high:.4},");
        warnings.push(if high > 0.0 {
            format!("{ends} reaches 0.")
        } else {
            format!("{ends} lies below 0.")
        });
    }
    inverse(Some(b), ends)
}

/// Words for points whose error does not fall, and so to no floor.
pub(crate) const NO_FALL: &str = "Floor not identified: error does not fall with compute.";

/// The floor, the exponent above it, and the laws of the replicates.
///
/// Neither gets an estimate where the floor is not identified, that is, where its interval includes 0
/// or the fit puts it at the largest error, or error `rises`: an exponent above a floor that nobody saw means nothing.
pub(crate) fn floor_intervals(
    bootstrap: &Bootstrap,
    law: Option<&FloorLaw>,
    rises: bool,
    level: f64,
    warnings: &mut Vec<String>,
) -> (Interval, Interval, Vec<FloorLaw>) {
    let unknown = (Interval::default(), Interval::default(), Vec::new());
    let count = bootstrap.points.len();
    if count < 3 {
        // That k has no value says it all.
        return unknown;
    }
    if count < 4 {
        warnings.push(format!("Floor not identified: it needs 4 fitted points and has {count}."));
        return unknown;
    }
    let Some(law) = law else {
        warnings.push(match rises {
            true => NO_FALL.to_owned(),
            false => "Floor not identified: the law with a floor needs 3 different computes.".to_owned(),
        });
        return unknown;
    };
    let curve = |x: f64| libm::log(law.floor + law.a * libm::exp(-law.b * x));
    let replicates = bootstrap.replicates(Law::Floor, 3, curve);
    let laws = replicates.iter().filter_map(|points| floor::search(points, Search::COARSE)).collect();
    let laws: Vec<FloorLaw> = enough(laws, bootstrap.resamples, level, "the floor", warnings);
    let mut floors: Vec<f64> = laws.iter().map(|law| law.floor).collect();
    let mut slopes: Vec<f64> = laws.iter().map(|law| law.b).collect();
    let floor_ends = percentile_interval(&mut floors, level);
    let b_ends = percentile_interval(&mut slopes, level);
    let mut floor = Interval {
        estimate: Some(law.floor),
        low: floor_ends.map(|ends| ends[0]),
        high: floor_ends.map(|ends| ends[1]),
    };
    let errors = bootstrap.points.iter().map(|point| libm::exp(point.log_error));
    let doubt = doubt(&floor, &mut floors, level, fit::range(errors));
    let identified = doubt.is_none();
    warnings.extend(doubt.map(|doubt| format!("Floor not identified: {doubt}.")));
    if b_ends.is_some_and(|ends| ends[0] <= 0.0) {
        warnings.push("k_floor has no upper end: the interval of b above the floor reaches 0.".to_owned());
    }
    if !identified {
        floor = unidentified(&floor);
    }
    (floor, inverse(identified.then_some(law.b), b_ends), laws)
}

/// The share of the misses of an interval that a claimed floor may take: where there is none, each that is claimed is a miss of
/// `k_floor` too, on top of those that its interval has by itself.
pub(crate) const CLAIMS: f64 = 0.4;

/// Why a floor is not identified, where it is not, among errors from the smallest to the largest. `floors` are those of
/// the resamples; a floor is claimed only where 0 lies outside of an interval wider than the one that is told.
pub(crate) fn doubt(
    floor: &Interval,
    floors: &mut [f64],
    level: f64,
    error_range: Option<[f64; 2]>,
) -> Option<String> {
    let [smallest, largest] = error_range.unwrap_or([f64::NAN; 2]);
    let wide = 1.0 - CLAIMS * (1.0 - level);
    match (floor.estimate, percentile_interval(floors, wide)) {
        (None, _) | (_, None) => Some("it has no interval".to_owned()),
        (_, Some([_, high])) if high <= 1e-6 * smallest => Some("the fit puts it at 0".to_owned()),
        (_, Some([low, high])) if low <= 1e-6 * smallest => {
            Some(format!("its {}% interval, 0 to {}, includes 0", fit::percent(wide), short(high, 3)))
        }
        (Some(floor), _) if floor > 0.999 * largest => {
            Some("the fit puts it at the largest error, as if all points lay there".to_owned())
        }
        _ => None,
    }
}

/// A floor that is not identified: there may be none.
pub(crate) fn unidentified(floor: &Interval) -> Interval {
    Interval { estimate: None, low: floor.low.map(|_| 0.0), high: floor.high }
}

/// The interval of `k_floor` where no floor is identified: as there may be none, it reaches to that of `k` too. Fits with a
/// floor err to one side there, and by themselves cover too little.
pub(crate) fn without_floor(k_floor: Interval, k: Interval) -> Interval {
    let known = k.low.is_some() || k.high.is_some();
    let bounded = k_floor.low.is_some() || k_floor.high.is_some();
    if !known || !bounded {
        return k_floor;
    }
    let both = |pick: fn(f64, f64) -> f64, a: Option<f64>, b: Option<f64>| Some(pick(a?, b?));
    Interval {
        low: both(f64::min, k_floor.low, k.low),
        high: both(f64::max, k_floor.high, k.high),
        ..k_floor
    }
}

/// 1/b, and the ends of b the other way round; what b at or below 0 leaves unbounded is `None`.
pub(crate) fn inverse(b: Option<f64>, ends: Option<[f64; 2]>) -> Interval {
    let inverse = |b: f64| (b > 0.0).then(|| 1.0 / b);
    Interval {
        estimate: b.and_then(inverse),
        low: ends.and_then(|ends| inverse(ends[1])),
        high: ends.and_then(|ends| inverse(ends[0])),
    }
}

/// The laws, or none when too few resamples could be fitted to say anything.
pub(crate) fn enough<L>(
    laws: Vec<L>,
    resamples: usize,
    level: f64,
    of: &str,
    warnings: &mut Vec<String>,
) -> Vec<L> {
    let lost = resamples - laws.len();
    if (laws.len() as f64) < least_replicates(level) {
        warnings.push(format!("No interval for {of}: {lost} of {resamples} resamples could not be fitted."));
        return Vec::new();
    }
    if lost * 20 > resamples {
        warnings.push(format!("{lost} of {resamples} resamples could not be fitted for {of}."));
    }
    laws
}
