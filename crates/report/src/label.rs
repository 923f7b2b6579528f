//! Names for cells: the settings that tell one from another, and numbers as people read them.

use law::number::significant;
use record::spec::RunSpec;

/// One label per spec: network, learning rate and steps, then every other setting in which the specs differ.
#[must_use]
pub fn labels(specs: &[&RunSpec]) -> Vec<String> {
    let settings: Vec<_> = specs.iter().map(|spec| other_settings(spec)).collect();
    let differs: Vec<bool> = (0..OTHER_SETTINGS)
        .map(|index| settings.windows(2).any(|pair| matches!(pair, [a, b] if a.get(index) != b.get(index))))
        .collect();
    specs
        .iter()
        .zip(&settings)
        .map(|(spec, settings)| {
            let steps = if spec.steps == 1 { "step" } else { "steps" };
            let mut label =
                format!("{} lr {}, {} {steps}", spec.net, spec.learning_rate, grouped(spec.steps));
            for (setting, _) in settings.iter().zip(&differs).filter(|(_, differs)| **differs) {
                label += &format!(", {setting}");
            }
            label
        })
        .collect()
}

const OTHER_SETTINGS: usize = 11;

/// Every setting but the three that all labels show; always the same number in the same order.
fn other_settings(spec: &RunSpec) -> [String; OTHER_SETTINGS] {
    let or_all = |value: Option<u64>| value.map_or("all".to_owned(), grouped);
    [
        format!("batch {}", spec.batch),
        format!("{} examples", or_all(spec.examples)),
        format!("momentum {}", spec.momentum),
        format!("weight decay {}", spec.weight_decay),
        format!("label smoothing {}", spec.label_smoothing),
        format!("warm-up {}", spec.warmup),
        format!("shift {}", spec.shift),
        if spec.flip { "flip".to_owned() } else { "no flip".to_owned() },
        format!("{:?}", spec.learner).to_lowercase(),
        format!("{:?}", spec.precision).to_lowercase(),
        format!("{} validation, {} test images", grouped(spec.validation_images), or_all(spec.test_images)),
    ]
}

/// A whole number with a comma between thousands.
#[must_use]
pub fn grouped(value: impl Into<u128>) -> String {
    let digits = value.into().to_string();
    let mut result = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            result.push(',');
        }
        result.push(digit);
    }
    result
}

/// The lines of a text broken at spaces, filled as far as each still fits; a no-break space (U+00A0) holds.
#[must_use]
pub fn wrap(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if fits(&format!("{line} {word}")) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A fraction as a percentage with `digits` significant digits.
#[must_use]
pub fn percent(fraction: f64, digits: usize) -> String {
    format!("{}%", significant(fraction * 100.0, digits))
}

/// A factor as `7`, `32` or `1,200`, with two significant digits below 10.
#[must_use]
pub fn factor(value: f64) -> String {
    if (10.0..1e6).contains(&value) { grouped(value.round() as u64) } else { significant(value, 2) }
}

/// An interval as `[4.2, 6.9]`; without its upper end `[4.2, \u{221e})`, and empty without its lower.
#[must_use]
pub fn interval(low: Option<f64>, high: Option<f64>, write: impl Fn(f64) -> String) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("[{}, {}]", write(low), write(high)),
        (Some(low), None) => format!("[{}, \u{221e})", write(low)),
        (None, Some(high)) => format!("(\u{2212}\u{221e}, {}]", write(high)),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests;
