//! The spread of an estimate over fixed blocks of the test images that it rests on (Tukey, 1958, Bias and confidence in not-quite large samples).

/// How far an estimate moves with each block, from its values without one block each: the squares of these add up to the
/// square of the [`standard_error`], and products with those of another estimate to their covariance.
#[must_use]
pub fn deviations(without: &[f64]) -> Option<Vec<f64>> {
    let count = without.len() as f64;
    let mean = without.iter().sum::<f64>() / count;
    let scale = ((count - 1.0) / count).sqrt();
    // Without a block an estimate moves away from it.
    let of = |value: &f64| scale * (mean - value);
    (without.len() > 1 && mean.is_finite()).then(|| without.iter().map(of).collect())
}

/// Standard error of an estimate from its values without one block each, of blocks of equal size: the root of
/// (m - 1)/m times the sum of squares about their mean (Tukey, 1958). `None` with fewer than two, or where one is no number.
#[must_use]
pub fn standard_error(without: &[f64]) -> Option<f64> {
    let squares: f64 = deviations(without)?.iter().map(|moved| moved * moved).sum();
    Some(squares.sqrt()).filter(|error| error.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a mean the jackknife is exactly the usual standard error, the deviation over the root of the number.
    #[test]
    fn of_a_mean_it_is_the_usual_standard_error() {
        let values = [3.0, 5.0, 4.0, 8.0, 1.0];
        let sum: f64 = values.iter().sum();
        let without: Vec<f64> = values.iter().map(|value| (sum - value) / 4.0).collect();
        let mean = sum / 5.0;
        let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / 4.0;
        assert!((standard_error(&without).unwrap() - (variance / 5.0).sqrt()).abs() < 1e-12);
        assert_eq!(standard_error(&without[..1]), None);
        assert_eq!(standard_error(&[1.0, f64::NAN]), None);
    }
}
