//! Numbers as a sentence has them: few digits, no idle zeros, powers of ten only far from 1.

/// `value` with at most `digits` significant digits: `0.336`, `65536`, `6e9`, `1.23e10`.
#[must_use]
pub fn short(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return value.to_string() };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(-4..6).contains(&exponent) {
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    let rounded: f64 = scientific.parse().unwrap_or(value);
    trimmed(&format!("{rounded:.decimals$}")).to_owned()
}

/// Without the zeros that end a decimal fraction, nor a point that ends it then.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

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
