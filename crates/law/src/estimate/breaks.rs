//! Whether the break of a broken law is one.

use super::{Estimate, base, bootstrap};
use crate::bootstrap::{Bootstrap, Law};
use crate::curve::Curve;
use crate::fit::Settings;
use crate::number::short;
use crate::table::Table;
use crate::{broken, interval, power};

/// Straight lines that are searched for a break at most.
const LINES: usize = 499;

/// Whether a broken law has a break that a straight line with the same scatter hardly shows; where not, its numbers are forgotten, and k
/// stays that of the line.
pub(super) fn breaks(estimate: &mut Estimate, curve: &Curve, table: &Table, settings: &Settings) -> bool {
    let Curve::Broken(law) = curve else { return false };
    let points = base(table, estimate.method);
    let lines = power::fit(points).map_or_else(Vec::new, |line| {
        let resamples = settings.resamples.min(LINES);
        let bootstrap = Bootstrap { resamples, ..bootstrap(points, settings) };
        bootstrap.replicates(Law::Straight, 2, |x| line.log_error(x))
    });
    let share = broken::share_of_lines(points, &lines).unwrap_or(1.0);
    let k = |b: f64| if b > 0.0 { short(1.0 / b, 3) } else { "none".to_owned() };
    let compute = short(libm::exp(law.log_d), 3);
    let is_broken = share <= interval::CLAIMS * (1.0 - settings.level);
    estimate.warnings.push(if is_broken {
        format!("k is that behind the break, at a compute of {compute}; before it, it is {}.", k(law.b))
    } else {
        let share = short(100.0 * share, 2);
        format!(
            "Break not identified: {share}% of straight lines with this scatter show one as clear; k is that of the power law."
        )
    });
    if !is_broken {
        for (_, interval) in
            estimate.coefficients.iter_mut().filter(|(name, _)| ["b", "c", "d", "f"].contains(name))
        {
            interval.estimate = None;
        }
    }
    is_broken
}
