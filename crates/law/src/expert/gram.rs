//! Least squares by normal equations, on the first so many samples of a growing set.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::{FOLDS, Learned};

/// Samples, with sums over the first of them that later calls go on from.
pub(crate) struct Samples {
    /// (samples, features).
    features: DMatrix<f64>,
    labels: DVector<f64>,
    /// Sums over samples by fold: sample i belongs to fold i modulo their number.
    pub(crate) folds: Vec<Sums>,
    /// How many samples are in the sums.
    summed: usize,
}

/// Sums over some samples.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// Of x x^T: (features, features).
    pub gram: DMatrix<f64>,
    /// Of x y.
    pub products: DVector<f64>,
    /// Of y^2.
    pub squares: f64,
    /// How many.
    pub samples: usize,
}

impl Sums {
    fn none(features: usize) -> Sums {
        let (gram, products) = (DMatrix::zeros(features, features), DVector::zeros(features));
        Sums { gram, products, squares: 0.0, samples: 0 }
    }

    /// Over the samples of both.
    pub(crate) fn plus(&self, other: &Sums) -> Sums {
        Sums {
            gram: &self.gram + &other.gram,
            products: &self.products + &other.products,
            squares: self.squares + other.squares,
            samples: self.samples + other.samples,
        }
    }

    /// Over the samples of this one that are not in the other.
    pub(crate) fn minus(&self, other: &Sums) -> Sums {
        Sums {
            gram: &self.gram - &other.gram,
            products: &self.products - &other.products,
            squares: self.squares - other.squares,
            samples: self.samples - other.samples,
        }
    }
}

/// Operations of forming `p` by `p` normal equations over `n` samples: half of a symmetric product, and one of vectors.
pub(crate) fn forming(n: u64, p: u64) -> u64 {
    n * p * (p + 1) + 2 * n * p
}

/// Operations of Cholesky's decomposition and two triangular solutions (Golub and Van Loan, Matrix Computations, 4.2.5).
fn solving(p: u64) -> u64 {
    p * p * p / 3 + 2 * p * p
}

impl Samples {
    pub(crate) fn new(features: DMatrix<f64>, labels: DVector<f64>) -> Samples {
        let none = Sums::none(features.ncols());
        Samples { features, labels, folds: vec![none; FOLDS], summed: 0 }
    }

    /// Takes the first `n` samples, and no others, into the sums.
    pub(crate) fn sum_to(&mut self, n: usize) {
        if n < self.summed {
            self.folds = vec![Sums::none(self.features.ncols()); FOLDS];
            self.summed = 0;
        }
        for fold in 0..FOLDS {
            let mine: Vec<usize> = (self.summed..n).filter(|sample| sample % FOLDS == fold).collect();
            if mine.is_empty() {
                continue;
            }
            let rows = self.features.select_rows(&mine);
            let labels = self.labels.select_rows(&mine);
            let across = rows.transpose();
            let sums = &mut self.folds[fold];
            // As a product of two matrices, which is blocked, unlike one with a transposed view.
            sums.gram.gemm(1.0, &across, &rows, 1.0);
            sums.products.gemv(1.0, &across, &labels, 1.0);
            sums.squares += labels.norm_squared();
            sums.samples += mine.len();
        }
        self.summed = n;
    }

    /// Sums over the first `n` samples.
    pub(crate) fn all(&mut self, n: usize) -> Sums {
        self.sum_to(n);
        let (first, others) = (self.folds[0].clone(), &self.folds[1..]);
        others.iter().fold(first, |sum, fold| sum.plus(fold))
    }

    /// Least squares on some features; of least norm where there are more of them than samples.
    pub(crate) fn least_squares(&self, columns: &[usize], n: usize) -> Learned {
        let rows = self.features.rows(0, n).select_columns(columns);
        least_squares(&rows, &self.labels.rows(0, n).into_owned())
    }

    /// The same on all features, from the sums where these are all that is needed.
    pub(crate) fn least_squares_of_all(&mut self, n: usize) -> Learned {
        let p = self.features.ncols();
        if n <= p {
            let rows = self.features.rows(0, n).into_owned();
            return least_squares(&rows, &self.labels.rows(0, n).into_owned());
        }
        let sums = self.all(n);
        let coefficients = Cholesky::new(sums.gram).map(|decomposed| decomposed.solve(&sums.products));
        Learned { coefficients, flops: forming(n as u64, p as u64) + solving(p as u64) }
    }
}

/// Solves x b = y in the sense of least squares: (x^T x) b = x^T y, or b = x^T (x x^T)^-1 y where x is wider than high.
fn least_squares(x: &DMatrix<f64>, y: &DVector<f64>) -> Learned {
    let (n, p) = (x.nrows() as u64, x.ncols() as u64);
    let across = x.transpose();
    if n > p {
        let coefficients = Cholesky::new(&across * x).map(|decomposed| decomposed.solve(&(&across * y)));
        Learned { coefficients, flops: forming(n, p) + solving(p) }
    } else {
        let coefficients = Cholesky::new(x * &across).map(|decomposed| &across * decomposed.solve(y));
        Learned { coefficients, flops: p * n * (n + 1) + solving(n) + 2 * n * p }
    }
}
