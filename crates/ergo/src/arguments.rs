//! Parsers of arguments that several commands take.

use std::num::NonZero;
use std::thread::available_parallelism;

use record::spec::{LearnerName, Precision};

/// Most threads or trainings side by side; more is a typing error on any machine.
const MOST_THREADS: usize = 4096;

/// Parses a positive finite number.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

/// Parses a number of threads.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_THREADS).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST_THREADS}"))
}

/// Parses a share `I/N`, with I from 1 to N.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn share(text: &str) -> Result<(usize, usize), String> {
    let parts =
        text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
    let share = parts.filter(|(index, count)| (1..=*count).contains(index));
    share.ok_or_else(|| "expected I/N with I from 1 to N, such as 1/8".to_owned())
}

/// Parses the name of a learner.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn learner(text: &str) -> Result<LearnerName, String> {
    match text {
        "candle" => Ok(LearnerName::Candle),
        _ => Err("expected candle, the one learner of this build".to_owned()),
    }
}

/// Parses the name of a precision.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn precision(text: &str) -> Result<Precision, String> {
    match text {
        "f32" => Ok(Precision::F32),
        _ => Err("expected f32, the one precision of this build".to_owned()),
    }
}

/// Processors that this process may use.
#[must_use]
pub fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_impossible_is_refused() {
        for text in ["0", "-1", "NaN", "inf", "", "ten"] {
            assert!(positive(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "1.5", "5000", ""] {
            assert!(threads(text).is_err(), "{text}");
        }
        for text in ["0/3", "4/3", "1", "1/0", "a/b"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_possible_is_taken() {
        assert_eq!(positive("2.5"), Ok(2.5));
        assert_eq!(threads("2"), Ok(2));
        assert_eq!(share("3/3"), Ok((3, 3)));
        assert!(processors() >= 1);
    }
}
