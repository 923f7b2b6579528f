//! Softmax cross-entropy with label smoothing, and its gradient.

/// log of the sum of exponentials, in nats, shifted by the maximum so that nothing overflows; NaN where a logit is.
#[must_use]
pub fn log_sum_exp(logits: &[f32]) -> f64 {
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, &v| max.max(f64::from(v)));
    max + libm::log(logits.iter().map(|&v| libm::exp(f64::from(v) - max)).sum())
}

/// Cross-entropy in nats of one image's logits against a target of weight `1 - smoothing` on the label plus
/// `smoothing / classes` on every class (Szegedy et al., "Rethinking the Inception Architecture", 2016, as PyTorch's
/// `label_smoothing`); `gradient` takes its derivative times `factor`.
///
/// # Panics
/// When the label is no class, or the gradient has not one value a class.
pub fn cross_entropy(logits: &[f32], label: usize, smoothing: f64, factor: f64, gradient: &mut [f32]) -> f64 {
    assert!(gradient.len() == logits.len(), "{} gradients of {} logits", gradient.len(), logits.len());
    let classes = logits.len() as f64;
    let log_sum = log_sum_exp(logits);
    let mean = logits.iter().map(|&v| f64::from(v)).sum::<f64>() / classes;
    for (class, (to, &v)) in gradient.iter_mut().zip(logits).enumerate() {
        let hit = if class == label { 1.0 - smoothing } else { 0.0 };
        *to = (factor * (libm::exp(f64::from(v) - log_sum) - hit - smoothing / classes)) as f32;
    }
    log_sum - (1.0 - smoothing) * f64::from(logits[label]) - smoothing * mean
}

#[cfg(test)]
mod tests;
