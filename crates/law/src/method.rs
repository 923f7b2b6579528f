//! The estimators by name, and the names of their coefficients.

use crate::curve::Curve;

/// One way to estimate how error falls with compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Least squares of log error on log compute.
    Ols,
    /// Least squares of log compute on log error.
    OlsReverse,
    /// The line with this share of the points below it.
    Quantile(f64),
    /// The power law; of a sweep, through its frontier.
    Power,
    /// The power law above a floor; of a sweep, through its frontier.
    Floor,
    /// A power law that bends once.
    Broken,
    /// b C^-c.
    M1,
    /// floor + b C^-c.
    M2,
    /// b (1/C + g)^c.
    M3,
    /// (E - floor) / (e0 - E)^alpha = b C^-c.
    M4,
    /// 1/E = a + b ln C.
    Exponential,
    /// E + A/N^alpha + B/D^beta, over parameters N and data D.
    Surface,
    /// The likelihood of counts of wrong images.
    Counts,
}

impl Method {
    /// Every estimator of error against compute, in the order of a comparison.
    #[must_use]
    pub fn curves(quantile: f64) -> [Method; 11] {
        use Method::{Broken, Exponential, Floor, M1, M2, M3, M4, Ols, OlsReverse, Power, Quantile};
        [Ols, OlsReverse, Quantile(quantile), Power, Floor, Broken, M1, M2, M3, M4, Exponential]
    }

    /// Its name, as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Method::Ols => "ols",
            Method::OlsReverse => "ols-reverse",
            Method::Quantile(_) => "quantile",
            Method::Power => "power",
            Method::Floor => "floor",
            Method::Broken => "broken",
            Method::M1 => "m1",
            Method::M2 => "m2",
            Method::M3 => "m3",
            Method::M4 => "m4",
            Method::Exponential => "exponential",
            Method::Surface => "surface",
            Method::Counts => "counts",
        }
    }

    /// What it does, as the beginning of a sentence.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Method::Ols | Method::Power => "Least squares of log error on log compute, E = a C^-b".to_owned(),
            Method::OlsReverse => "Least squares of log compute on log error, E = a C^-b".to_owned(),
            Method::Quantile(q) => format!(
                "The line E = a C^-b with {}% of the points below it (quantile regression of log error, exact)",
                crate::number::short(100.0 * q, 4)
            ),
            Method::Floor => "Least squares of log error, E = floor + a C^-b".to_owned(),
            Method::Broken => {
                "Least squares of log error, E = a C^-b (1 + (C/d)^(1/f))^(-c f), a power law that bends once"
                    .to_owned()
            }
            Method::M1 => "M1, least squares of log error, E = b C^-c".to_owned(),
            Method::M2 => "M2, least squares of log error, E = floor + b C^-c".to_owned(),
            Method::M3 => "M3, least squares of log error, E = b (1/C + g)^c".to_owned(),
            Method::M4 => "M4, least squares of log error, (E - floor) / (e0 - E)^alpha = b C^-c".to_owned(),
            Method::Exponential => "Least squares of 1/error on log compute, 1/E = a + b ln C".to_owned(),
            Method::Counts => {
                "The likeliest E = a C^-b for the counts of wrong images, which are beta-binomial".to_owned()
            }
            Method::Surface => "E = floor + A/N^alpha + B/D^beta, the least sum of Huber losses (0.001) of \
                                log error"
                .to_owned(),
        }
    }

    /// Whether it comes to rest at a floor; but for M3 its exponent is that of the error above it, and so `k_floor`.
    #[must_use]
    pub fn has_floor(self) -> bool {
        matches!(self, Method::Floor | Method::M2 | Method::M3 | Method::M4)
    }

    /// Whether it has an exponent of its own, without a floor.
    #[must_use]
    pub fn is_power(self) -> bool {
        matches!(self, Method::Ols | Method::OlsReverse | Method::Quantile(_) | Method::Power | Method::M1)
    }

    /// The names of its coefficients.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Method::Ols | Method::OlsReverse | Method::Quantile(_) | Method::Power | Method::Exponential => {
                &["a", "b"]
            }
            Method::M1 => &["b", "c"],
            Method::Floor => &["floor", "a", "b"],
            Method::M2 => &["floor", "b", "c"],
            Method::M3 => &["floor", "b", "c", "g"],
            Method::M4 => &["floor", "e0", "alpha", "b", "c"],
            Method::Broken => &["a", "b", "c", "d", "f"],
            Method::Counts => &["a", "b", "spread", "log_likelihood"],
            Method::Surface => &["floor", "A", "alpha", "B", "beta", "parameters_exponent", "data_exponent"],
        }
    }

    /// The floor of a curve, where the method has one.
    pub(crate) fn floor(self, curve: &Curve) -> Option<f64> {
        self.coefficients(curve).iter().find(|(name, _)| *name == "floor").map(|(_, floor)| *floor)
    }

    /// The coefficients of a curve by the names that the method gives them.
    #[must_use]
    pub fn coefficients(self, curve: &Curve) -> Vec<(&'static str, f64)> {
        let values = match curve {
            Curve::Power(law) => vec![libm::exp(law.log_a), law.b],
            Curve::Floor(law) => vec![law.floor, law.a, law.b],
            Curve::Broken(law) => vec![libm::exp(law.log_a), law.b, law.c, libm::exp(law.log_d), law.f],
            Curve::Shifted(law) => {
                let floor = libm::exp(law.log_b + law.c * law.log_g);
                vec![floor, libm::exp(law.log_b), law.c, libm::exp(law.log_g)]
            }
            Curve::Bounded(law) => vec![law.floor, law.e0, law.alpha, libm::exp(law.log_b), law.c],
            Curve::Exponential(law) => vec![law.a, law.b],
        };
        // M4 without a level at small compute is M2.
        let names = match (self, curve) {
            (Method::M4, Curve::Floor(_)) => Method::M2.names(),
            _ => self.names(),
        };
        names.iter().copied().zip(values).collect()
    }
}
