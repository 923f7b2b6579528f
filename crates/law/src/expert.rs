//! The expert and the flexible system: how well four ways of regression predict, by samples and by operations.
//!
//! The argument behind k^4 in Thompson et al. (arXiv 2007.05558) is that a system that must find out by itself which of
//! many features matter needs far more samples, and far more computation, than one that was told. Here that is an
//! experiment with settings of our own: y is the sum of ten of 1,000 standard normal features and normal noise. Each
//! system predicts from `n` samples, and is judged by its mean squared error on new ones, which for independent features
//! of variance 1 is exactly noise^2 + |estimate - truth|^2.

mod gram;
mod lasso;
pub mod summary;

use std::sync::atomic::{AtomicBool, Ordering};

use chance::{Purpose, Stream};
use nalgebra::{DMatrix, DVector};

use gram::Samples;

/// Folds of the cross-validation that chooses the lasso's penalty.
pub(crate) const FOLDS: usize = 5;

/// The experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Candidate features.
    pub features: usize,
    /// Those that matter, each with a coefficient of 1.
    pub relevant: usize,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Numbers of samples to learn from, rising.
    pub samples: Vec<usize>,
    /// Seed of everything.
    pub seed: u64,
}

impl Default for Setting {
    fn default() -> Setting {
        let samples =
            [20, 32, 50, 79, 126, 200, 316, 501, 708, 891, 1000, 1122, 1413, 1995, 3162, 5012, 7943, 12589];
        Setting { features: 1000, relevant: 10, noise: 1.0, samples: samples.to_vec(), seed: 1 }
    }
}

/// Who predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// Least squares on exactly the features that matter.
    Oracle,
    /// Least squares on all but one of them, and a wrong one.
    Expert,
    /// Least squares on all features; of least norm where they are more than the samples.
    Flexible,
    /// The lasso on all features, its penalty by cross-validation.
    Regularised,
}

impl System {
    /// In the order in which they are told.
    pub const ALL: [System; 4] = [System::Oracle, System::Expert, System::Flexible, System::Regularised];

    /// As it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            System::Oracle => "oracle",
            System::Expert => "expert",
            System::Flexible => "flexible",
            System::Regularised => "regularised",
        }
    }
}

/// What one system made of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Who.
    pub system: System,
    /// Samples that it learned from.
    pub samples: usize,
    /// -log10 of its mean squared error over the least possible; 0 is perfect. `None` where its equations were singular.
    pub performance: Option<f64>,
    /// Operations of learning, 2 for a multiply-accumulate, from nothing but the samples.
    pub flops: u64,
}

/// Coefficients that a system learned, and what that took.
pub(crate) struct Learned {
    /// Of the features that it uses, in their order; `None` where the equations were singular.
    pub coefficients: Option<DVector<f64>>,
    pub flops: u64,
}

/// One repetition, with samples of its own: every system on every number of them, smaller numbers being the first of
/// larger ones. `None` when `stop` was raised before the end.
#[must_use]
pub fn repetition(setting: &Setting, number: u64, stop: &AtomicBool) -> Option<Vec<Outcome>> {
    let most = setting.samples.last().copied().unwrap_or(0);
    let (features, labels) = draw(setting, number, most);
    let mut samples = Samples::new(features, labels);
    let mut outcomes = Vec::new();
    for &n in &setting.samples {
        for system in System::ALL {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let (columns, learned) = learn(setting, system, &mut samples, n);
            let performance = learned.coefficients.map(|found| performance(setting, &columns, &found));
            outcomes.push(Outcome { system, samples: n, performance, flops: learned.flops });
        }
    }
    Some(outcomes)
}

/// Features (one column each) and labels of `n` samples.
fn draw(setting: &Setting, number: u64, n: usize) -> (DMatrix<f64>, DVector<f64>) {
    let mut features = DMatrix::zeros(n, setting.features);
    let mut labels = DVector::zeros(n);
    // A stream for each sample, so that more samples leave the first ones as they are.
    for sample in 0..n {
        let mut stream = Stream::new(setting.seed, Purpose::Regression, (number << 32) | sample as u64);
        let mut label = 0.0;
        for feature in 0..setting.features {
            let value = stream.normal();
            features[(sample, feature)] = value;
            label += if feature < setting.relevant { value } else { 0.0 };
        }
        labels[sample] = label + setting.noise * stream.normal();
    }
    (features, labels)
}

/// The features that a system uses, and what it learns of them from the first `n` samples.
fn learn(setting: &Setting, system: System, samples: &mut Samples, n: usize) -> (Vec<usize>, Learned) {
    let relevant = setting.relevant;
    let few = |columns: Vec<usize>, samples: &mut Samples| {
        let learned = samples.least_squares(&columns, n);
        (columns, learned)
    };
    match system {
        System::Oracle => few((0..relevant).collect(), samples),
        System::Expert => few((0..relevant - 1).chain([relevant]).collect(), samples),
        System::Flexible => ((0..setting.features).collect(), samples.least_squares_of_all(n)),
        System::Regularised => ((0..setting.features).collect(), lasso::cross_validated(samples, n)),
    }
}

/// -log10 of (noise^2 + |estimate - truth|^2) / noise^2.
fn performance(setting: &Setting, columns: &[usize], found: &DVector<f64>) -> f64 {
    let truth = |feature: usize| if feature < setting.relevant { 1.0 } else { 0.0 };
    let used: f64 =
        columns.iter().zip(found.iter()).map(|(&feature, value)| (value - truth(feature)).powi(2)).sum();
    let unused = (0..setting.relevant).filter(|feature| !columns.contains(feature)).count() as f64;
    let least = setting.noise * setting.noise;
    -libm::log10((least + used + unused) / least)
}

#[cfg(test)]
mod tests;
