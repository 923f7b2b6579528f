//! The loss against its definition, and its gradient against differences.

use proptest::prelude::*;

use super::{cross_entropy, log_sum_exp};
use crate::testing::guarded::Guarded;
use crate::testing::{filled, refused};

/// Logits, a label and a smoothing.
fn cases() -> impl Strategy<Value = (Vec<f32>, usize, f64)> {
    let logits = prop::collection::vec(-20f32..20.0, 1..30);
    (logits, any::<prop::sample::Index>(), prop_oneof![Just(0.0), 0.0..1.0f64])
        .prop_map(|(logits, label, smoothing)| (label.index(logits.len()), logits, smoothing))
        .prop_map(|(label, logits, smoothing)| (logits, label, smoothing))
}

/// Minus the sum over classes of the target's weight times the log of the class's probability.
fn definition(logits: &[f64], label: usize, smoothing: f64) -> f64 {
    let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
    let weight = |class| if class == label { 1.0 - smoothing } else { 0.0 } + smoothing / logits.len() as f64;
    -logits.iter().enumerate().map(|(class, logit)| weight(class) * (logit.exp() / total).ln()).sum::<f64>()
}

/// The loss and its gradient times `factor`.
fn loss(logits: &[f32], label: usize, smoothing: f64, factor: f64) -> (f64, Guarded<f32>) {
    let mut gradient = filled(logits.len(), f32::NAN);
    let loss = cross_entropy(&Guarded::from(logits), label, smoothing, factor, &mut gradient);
    (loss, gradient)
}

proptest! {
    /// Losses are below 50 here, and f64 keeps 15 digits.
    #[test]
    fn losses_are_those_of_the_definition((logits, label, smoothing) in cases()) {
        let wide: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
        let total: f64 = wide.iter().map(|logit| logit.exp()).sum();
        prop_assert!((log_sum_exp(&logits) - total.ln()).abs() < 1e-12);
        let (loss, _) = loss(&logits, label, smoothing, 1.0);
        let expected = definition(&wide, label, smoothing);
        prop_assert!((loss - expected).abs() < 1e-12, "{loss} for {expected}");
    }

    /// A step of 1e-4 leaves 1e-8 of the third order, and the gradient is rounded to f32, by 2^-24 of at most 0.5.
    #[test]
    fn gradients_are_those_of_differences((logits, label, smoothing) in cases()) {
        let wide: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
        let (_, gradient) = loss(&logits, label, smoothing, 0.5);
        for class in 0..logits.len() {
            let moved = |by: f64| {
                let mut wide = wide.clone();
                wide[class] += by;
                definition(&wide, label, smoothing)
            };
            let slope = 0.5 * (moved(1e-4) - moved(-1e-4)) / 2e-4;
            prop_assert!((f64::from(gradient[class]) - slope).abs() < 1e-7, "{} for {slope}", gradient[class]);
        }
    }
}

/// With logits as far apart as f32 has them, probabilities are 0 and 1, and the loss is what the label's logit is below
/// the largest.
#[test]
fn extreme_logits_neither_overflow_nor_vanish() {
    let logits = [1e30, -1e30, 0.0];
    let largest = f64::from(1e30f32);
    assert_eq!(log_sum_exp(&logits), largest);
    let (right, gradient) = loss(&logits, 0, 0.0, 1.0);
    assert_eq!((right, &gradient[..]), (0.0, &[0.0, 0.0, 0.0][..]));
    let (wrong, gradient) = loss(&logits, 1, 0.0, 1.0);
    assert_eq!((wrong, &gradient[..]), (2.0 * largest, &[1.0, -1.0, 0.0][..]));
    // The mean of the logits is 0, so that 3/10 of smoothing take the largest from 7/10 of the label's.
    let (smooth, gradient) = loss(&logits, 0, 0.3, 1.0);
    assert!((smooth / (0.3 * largest) - 1.0).abs() < 1e-12, "{smooth}");
    assert!(
        gradient.iter().zip([0.2, -0.1, -0.1]).all(|(&got, expected)| (got - expected as f32).abs() < 1e-6)
    );
    let (equal, gradient) = loss(&[-1e30; 4], 2, 0.0, 1.0);
    // 1e30 is so large that the log of four is lost beside it.
    assert_eq!((equal, &gradient[..]), (0.0, &[1.0, 1.0, 0.0, 1.0][..]));
}

/// A diverged run is seen, wherever the NaN is.
#[test]
fn nan_goes_into_the_loss_and_all_gradients() {
    for nan in 0..3 {
        let mut logits = [1.0, 2.0, 3.0];
        logits[nan] = f32::NAN;
        assert!(log_sum_exp(&logits).is_nan());
        for smoothing in [0.0, 0.1] {
            let (loss, gradient) = loss(&logits, 1, smoothing, 1.0);
            assert!(
                loss.is_nan() && gradient.iter().all(|value| value.is_nan()),
                "{nan}: {loss} {gradient:?}"
            );
        }
    }
    assert!(log_sum_exp(&[f32::NAN; 3]).is_nan() && log_sum_exp(&[f32::INFINITY, 0.0]).is_nan());
}

#[test]
fn labels_that_are_no_class_are_refused() {
    let refuses = |label: usize, gradients: usize| {
        refused(|| cross_entropy(&[0.0; 3], label, 0.1, 1.0, &mut vec![0.0; gradients]))
    };
    assert!(!refuses(2, 3));
    assert!(refuses(3, 3) && refuses(2, 2) && refuses(2, 4));
}
