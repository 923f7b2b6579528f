//! Which coefficients of a fitted law the points settle.

use crate::curve::Curve;
use crate::estimate::Estimate;
use crate::fit::Interval;
use crate::method::Method;

/// Times the largest error is a level of which the errors say nothing.
const FAR: f64 = 1000.0;

/// Coefficients that are numbers, and a floor that is one to be had.
pub(crate) fn is_usable(method: Method, curve: &Curve) -> bool {
    let exponent = curve.exponent().is_none_or(f64::is_finite);
    let is_number = |(name, value): &(&str, f64)| !value.is_nan() && (*name != "floor" || value.is_finite());
    exponent && method.coefficients(curve).iter().all(is_number)
}

/// Forgets the estimates of coefficients that the points do not settle, with their intervals: M3's where neither its floor nor its
/// exponent is known, and M4's level without compute where no error is near it.
pub(crate) fn forget_others(estimate: &mut Estimate, curve: &Curve) {
    let unsettled: &[&str] = match curve {
        Curve::Shifted(_) if estimate.k_floor.estimate.is_none() && estimate.k_floor.high.is_none() => {
            &["b", "c", "g"]
        }
        Curve::Bounded(law) if estimate.error_range.is_some_and(|[_, most]| law.e0 > FAR * most) => {
            estimate.warnings.push(
                "e0 and alpha are not identified: no error is near the one without compute, so this is M2."
                    .to_owned(),
            );
            &["e0", "alpha"]
        }
        _ => return,
    };
    for (name, interval) in &mut estimate.coefficients {
        if unsettled.contains(name) {
            *interval = Interval::default();
        }
    }
}
