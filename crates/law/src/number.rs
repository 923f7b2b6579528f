//! Numbers as a sentence has them: few digits, no idle zeros, powers of ten only far from 1.

/// `value` with `digits` significant digits, zeros kept: `0.336`, `0.500`, `65500`, `6.00e9`.
#[must_use]
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        return scientific;
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    let rounded: f64 = scientific.parse().unwrap_or(value);
    format!("{rounded:.decimals$}")
}

/// `value` with at most `digits` significant digits: `0.336`, `65536`, `6e9`, `1.23e10`.
#[must_use]
pub fn short(value: f64, digits: usize) -> String {
    let text = significant(value, digits);
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
        None => trimmed(&text).to_owned(),
    }
}

/// Without the zeros that end a decimal fraction, nor a point that ends it then.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits_keep_their_zeros() {
        let cases =
            [(1.234e10, "1.23e10"), (12.34, "12.3"), (0.5, "0.500"), (999.9, "1000"), (0.000_012, "1.20e-5")];
        for (value, text) in cases {
            assert_eq!(significant(value, 3), text);
        }
    }

    #[test]
    fn few_digits_and_no_idle_zeros() {
        let cases = [
            (0.336_34, 3, "0.336"),
            (1.453, 3, "1.45"),
            (6e9, 3, "6e9"),
            (1.234e10, 3, "1.23e10"),
            (65_536.0, 7, "65536"),
            (65_536.0, 3, "65500"),
            (0.5, 3, "0.5"),
            (999_999.0, 3, "1e6"),
            (0.000_012, 3, "1.2e-5"),
            (0.0, 3, "0"),
            (-2.5, 3, "-2.5"),
            (f64::NAN, 3, "NaN"),
        ];
        for (value, digits, text) in cases {
            assert_eq!(short(value, digits), text);
        }
    }
}
