//! The learning rate of each step: a linear rise, then a linear fall to zero.

use record::spec::RunSpec;

/// Learning rate of step `step` (from 0) of a run.
///
/// Rises linearly over the first `warmup` share of the steps and falls linearly after, so that the step
/// after the last would have rate zero: with `t = (step + 1) / (steps + 1)` and `w = warmup` the factor
/// is `min(t / w, (1 - t) / (1 - w))`.
#[must_use]
pub fn learning_rate(spec: &RunSpec, step: u64) -> f64 {
    let t = (step + 1) as f64 / (spec.steps + 1) as f64;
    let w = spec.warmup;
    let factor = if t < w { t / w } else { (1.0 - t) / (1.0 - w).max(f64::MIN_POSITIVE) };
    spec.learning_rate * factor.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data::set::SetName;

    fn spec(steps: u64, warmup: f64) -> RunSpec {
        let mut spec = RunSpec::new(SetName::Digits, "linear", steps, 1, 1);
        spec.learning_rate = 2.0;
        spec.warmup = warmup;
        spec
    }

    /// With 9 steps t runs over 0.1, 0.2, ... 0.9, and the peak lies at t = 0.2.
    #[test]
    fn rises_to_the_peak_and_falls_to_zero() {
        let spec = spec(9, 0.2);
        let rates: Vec<f64> = (0..9).map(|step| learning_rate(&spec, step)).collect();
        let expected = [1.0, 2.0, 1.75, 1.5, 1.25, 1.0, 0.75, 0.5, 0.25];
        assert!(rates.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{rates:?}");
        assert!(learning_rate(&spec, 9).abs() < 1e-12);
    }

    #[test]
    fn every_warmup_gives_rates_between_zero_and_the_peak() {
        for warmup in [0.0, 0.5, 1.0] {
            for step in 0..7 {
                let rate = learning_rate(&spec(7, warmup), step);
                assert!((0.0..=2.0).contains(&rate), "warmup {warmup}, step {step}: {rate}");
            }
        }
    }
}
