//! Which coefficients of a fitted law the points settle.

use crate::curve::Curve;
use crate::estimate::Estimate;
use crate::fit::Interval;
use crate::m2;
use crate::m4::BoundedLaw;
use crate::method::Method;
use crate::point::LogPoint;

/// Times the largest error is a level of which the errors say nothing.
const FAR: f64 = 1000.0;
/// With so small a power of it the distance from that level changes nothing.
const NO_START: f64 = 1e-4;

/// Coefficients that are numbers, and a floor that is one to be had.
pub(crate) fn is_usable(method: Method, curve: &Curve) -> bool {
    let exponent = curve.exponent().is_none_or(f64::is_finite);
    let is_number = |(name, value): &(&str, f64)| !value.is_nan() && (*name != "floor" || value.is_finite());
    exponent && method.coefficients(curve).iter().all(is_number)
}

/// Forgets the coefficients of M3, with their intervals, where neither its floor nor its exponent is known.
pub(crate) fn forget_others(estimate: &mut Estimate, curve: &Curve) {
    let unsettled: &[&str] = match curve {
        Curve::Shifted(_) if estimate.k.high.is_none() && !has_floor(estimate) => &["b", "c", "g"],
        _ => return,
    };
    for (name, interval) in &mut estimate.coefficients {
        if unsettled.contains(name) {
            *interval = Interval::default();
        }
    }
}

fn has_floor(estimate: &Estimate) -> bool {
    estimate.coefficients.iter().any(|(name, value)| *name == "floor" && value.estimate.is_some())
}

/// M4 as M2, where no error is near the one without compute: then neither that nor how slowly errors leave it can be told.
pub(crate) fn without_start(law: BoundedLaw, middles: &[LogPoint]) -> Curve {
    let most = middles.iter().map(|point| point.log_error).fold(f64::NEG_INFINITY, f64::max);
    if law.e0 <= FAR * libm::exp(most) && law.alpha >= NO_START {
        return Curve::Bounded(law);
    }
    m2::fit(middles).map_or(Curve::Bounded(law), Curve::Floor)
}

/// What is to be said of a curve of M4.
pub(crate) fn words_of_m4(curve: &Curve) -> &'static str {
    match curve {
        Curve::Floor(_) => {
            "e0 and alpha are not identified: no error is near the one without compute, so this is M2."
        }
        _ => {
            "Five numbers are fitted, and how often the intervals of M4 hold the truth is not calibrated, as that of floor is: it may be \
             less often than they say."
        }
    }
}
