//! Seconds and joules in words: a few significant digits in the unit in which people think of them.

use law::number::significant;

/// Significant digits; what is shown is predicted or estimated.
const DIGITS: usize = 3;

/// Time, for example `0.0421 s`, `34.2 s`, `12.0 min`, `3.41 h` or `5980 days`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    in_units(seconds, &[(1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "days")], 2.0)
}

/// Energy, for example `0.0421 J`, `34.2 J`, `3.41 kJ` or `5.98 MJ`.
#[must_use]
pub fn joules(joules: f64) -> String {
    in_units(joules, &[(1.0, "J"), (1e3, "kJ"), (1e6, "MJ"), (1e9, "GJ"), (1e12, "TJ")], 1.0)
}

/// Power, for example `0.421 W`, `34 W` or `215 W`.
#[must_use]
pub fn watts(watts: f64) -> String {
    let text = if watts >= 10.0 { format!("{watts:.0}") } else { significant(watts, 2) };
    format!("{text} W")
}

/// `value` in the largest of `units` of which it has `least` or more, or in the first.
fn in_units(value: f64, units: &[(f64, &str)], least: f64) -> String {
    let fitting = units.iter().rev().find(|(size, _)| value >= least * size).or(units.first());
    let (size, unit) = fitting.copied().unwrap_or((1.0, ""));
    format!("{} {unit}", significant(value / size, DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_quantities_keep_their_digits() {
        assert_eq!((joules(0.0), joules(0.00421)), ("0 J".to_owned(), "0.00421 J".to_owned()));
        assert_eq!((joules(0.9), joules(34.16)), ("0.900 J".to_owned(), "34.2 J".to_owned()));
        assert_eq!((seconds(0.000_012), seconds(0.5)), ("1.20e-5 s".to_owned(), "0.500 s".to_owned()));
        assert_eq!((watts(0.04), watts(6.04)), ("0.040 W".to_owned(), "6.0 W".to_owned()));
    }

    #[test]
    fn large_quantities_have_large_units() {
        assert_eq!((seconds(119.0), seconds(720.0)), ("119 s".to_owned(), "12.0 min".to_owned()));
        assert_eq!(seconds(3.0 * 3600.0), "3.00 h");
        // 516,772,779 s / 86,400 = 5,981 days.
        assert_eq!(seconds(516_772_779.0), "5980 days");
        assert_eq!((joules(1000.0), joules(3.41e6)), ("1.00 kJ".to_owned(), "3.41 MJ".to_owned()));
        assert_eq!((watts(40.2), watts(215.0)), ("40 W".to_owned(), "215 W".to_owned()));
    }
}
