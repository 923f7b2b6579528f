//! A fitted law of error against compute, whichever it is.

use crate::broken::BrokenLaw;
use crate::exponential::ExponentialLaw;
use crate::floor::FloorLaw;
use crate::m3::ShiftedLaw;
use crate::m4::BoundedLaw;
use crate::point::LogPoint;
use crate::power::PowerLaw;

/// One law with its coefficients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// A straight line on logarithms.
    Power(PowerLaw),
    /// A power law above a floor.
    Floor(FloorLaw),
    /// A power law that bends once.
    Broken(BrokenLaw),
    /// A power law of a bounded compute.
    Shifted(ShiftedLaw),
    /// An error between two levels.
    Bounded(BoundedLaw),
    /// A reciprocal error that grows with the logarithm of compute.
    Exponential(ExponentialLaw),
}

impl Curve {
    /// The straight line, where it is one.
    #[must_use]
    pub fn power(&self) -> Option<PowerLaw> {
        if let Curve::Power(law) = self { Some(*law) } else { None }
    }

    /// The power law above a floor, where it is one.
    #[must_use]
    pub fn floor(&self) -> Option<FloorLaw> {
        if let Curve::Floor(law) = self { Some(*law) } else { None }
    }

    /// ln of the error at a compute given as ln; NaN where the law has none there.
    #[must_use]
    pub fn log_error(&self, log_compute: f64) -> f64 {
        match self {
            Curve::Power(law) => law.log_error(log_compute),
            Curve::Floor(law) => libm::log(law.floor + law.a * libm::exp(-law.b * log_compute)),
            Curve::Broken(law) => law.log_error(log_compute),
            Curve::Shifted(law) => law.log_error(log_compute),
            Curve::Bounded(law) => law.log_error(log_compute),
            Curve::Exponential(law) => law.log_error(log_compute),
        }
    }

    /// The exponent of compute that the law has, above its floor where it has one, and behind its break; k or `k_floor` is one over it.
    #[must_use]
    pub fn exponent(&self) -> Option<f64> {
        match self {
            Curve::Power(law) => Some(law.b),
            Curve::Floor(law) => Some(law.b),
            Curve::Shifted(law) => Some(law.c),
            Curve::Bounded(law) => Some(law.c),
            Curve::Broken(law) => Some(law.b + law.c),
            Curve::Exponential(_) => None,
        }
    }

    /// How many numbers the law is made of.
    #[must_use]
    pub fn parameters(&self) -> usize {
        match self {
            Curve::Power(_) | Curve::Exponential(_) => 2,
            Curve::Floor(_) | Curve::Shifted(_) => 3,
            Curve::Broken(_) | Curve::Bounded(_) => 5,
        }
    }

    /// Root mean square of the log error that the law leaves on `points`; `None` without points, or where the law
    /// has no error at one of them.
    #[must_use]
    pub fn rmse_log(&self, points: &[LogPoint]) -> Option<f64> {
        let square = |point: &LogPoint| {
            let residual = point.log_error - self.log_error(point.log_compute);
            residual * residual
        };
        let mean = points.iter().map(square).sum::<f64>() / points.len() as f64;
        Some(mean.sqrt()).filter(|root| root.is_finite())
    }
}
