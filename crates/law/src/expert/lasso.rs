//! The lasso by coordinate descent on covariances (Friedman, Hastie and Tibshirani, J. Stat. Softw. 33(1), 2010, 2.2), its
//! penalty by cross-validation.

use nalgebra::DVector;

use super::gram::{Samples, Sums, forming};
use super::{FOLDS, Learned};

/// Penalties on the way from the one that removes every feature down to [`LEAST`] of it.
const PENALTIES: usize = 60;
const LEAST: f64 = 1e-3;
/// The way ends where the held-out error has been above its least for so many penalties.
const PATIENCE: usize = 6;
/// Coefficients have settled when no step moves a prediction by more than this share of the labels' deviation.
const SETTLED: f64 = 1e-5;
/// Sweeps over all features for one penalty, at most.
const SWEEPS: usize = 200;

/// One path of solutions, each beginning at the one before.
struct Path {
    /// Means over samples.
    gram: nalgebra::DMatrix<f64>,
    coefficients: DVector<f64>,
    /// Mean of x times what is not yet predicted.
    left: DVector<f64>,
    /// Step below which a coefficient has settled.
    settled: f64,
    flops: u64,
}

/// The lasso on the first `n` samples, with the penalty of the least mean error on held-out folds.
pub(crate) fn cross_validated(samples: &mut Samples, n: usize) -> Learned {
    let all = samples.all(n);
    let features = all.products.len();
    // The folds' sums are parts of the whole sum, and those of the rest are differences.
    let mut flops = forming(n as u64, features as u64) + (FOLDS * features * (features + 1)) as u64;
    let highest = all.products.amax() / n as f64;
    let penalty = |step: usize| highest * libm::pow(LEAST, step as f64 / (PENALTIES - 1) as f64);
    let mut paths: Vec<(Path, &Sums)> =
        samples.folds.iter().map(|held_out| (Path::new(&all.minus(held_out)), held_out)).collect();
    let (mut best, mut best_error) = (0, f64::INFINITY);
    for step in 0..PENALTIES {
        let mut error = 0.0;
        for (path, held_out) in &mut paths {
            path.settle(penalty(step));
            error += path.error(held_out);
        }
        if error < best_error {
            (best, best_error) = (step, error);
        } else if step >= best + PATIENCE {
            break;
        }
    }
    flops += paths.iter().map(|(path, _)| path.flops).sum::<u64>();
    let mut path = Path::new(&all);
    for step in 0..=best {
        path.settle(penalty(step));
    }
    Learned { coefficients: Some(path.coefficients), flops: flops + path.flops }
}

impl Path {
    fn new(sums: &Sums) -> Path {
        let samples = sums.samples.max(1) as f64;
        let coefficients = DVector::zeros(sums.products.len());
        let settled = SETTLED * (sums.squares / samples).sqrt();
        Path { gram: &sums.gram / samples, left: &sums.products / samples, coefficients, settled, flops: 0 }
    }

    /// Goes on to the solution for a penalty: the least of half the mean squared error plus the penalty times the sum of
    /// absolute coefficients.
    fn settle(&mut self, penalty: f64) {
        let everyone: Vec<usize> = (0..self.coefficients.len()).collect();
        for _ in 0..SWEEPS {
            if self.sweep(&everyone, penalty) <= self.settled {
                return;
            }
            // Those that are in move on until they have settled, and then all are looked at again.
            let active: Vec<usize> =
                everyone.iter().copied().filter(|&feature| self.coefficients[feature] != 0.0).collect();
            for _ in 0..SWEEPS {
                if self.sweep(&active, penalty) <= self.settled {
                    break;
                }
            }
        }
    }

    /// Moves each of some coefficients to its best; the largest move of a prediction, in deviations of its feature.
    fn sweep(&mut self, features: &[usize], penalty: f64) -> f64 {
        let mut most = 0f64;
        for &feature in features {
            let (old, scale) = (self.coefficients[feature], self.gram[(feature, feature)]);
            if scale <= 0.0 {
                continue;
            }
            let pull = self.left[feature] + scale * old;
            let new = pull.signum() * (pull.abs() - penalty).max(0.0) / scale;
            // Two multiplications, a subtraction and a division.
            self.flops += 4;
            if new != old {
                self.coefficients[feature] = new;
                self.left.axpy(old - new, &self.gram.column(feature), 1.0);
                self.flops += 2 * self.left.len() as u64;
                most = most.max((new - old).abs() * scale.sqrt());
            }
        }
        most
    }

    /// Sum of squared errors on other samples: y^2 - 2 b x y + b x x^T b.
    fn error(&mut self, held_out: &Sums) -> f64 {
        let active: Vec<usize> =
            (0..self.coefficients.len()).filter(|&feature| self.coefficients[feature] != 0.0).collect();
        let mut error = held_out.squares;
        for &i in &active {
            let row: f64 = active.iter().map(|&j| held_out.gram[(i, j)] * self.coefficients[j]).sum();
            error += self.coefficients[i] * (row - 2.0 * held_out.products[i]);
        }
        self.flops += (2 * active.len() * (active.len() + 2)) as u64;
        error
    }
}
