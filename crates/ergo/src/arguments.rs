//! Parsers of arguments that several commands take.

use std::num::NonZero;
use std::thread::available_parallelism;

use net::family;
use record::spec::{LearnerName, Precision};

use crate::exit;

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

/// Parses a finite number, above or below 0.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn finite(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| "expected a number, such as -12.5".to_owned())
}

/// Parses the time between two readings: longer ones would leave power unseen in between.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn interval(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| (0.001..=2.0).contains(number));
    number.ok_or_else(|| "expected seconds from 0.001 to 2".to_owned())
}

/// Parses any number; whether it is possible is for the plan of the run to say, which knows its range.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number, such as 0.1".to_owned())
}

/// Parses a whole number that may be 0.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to 2^64-1, which is {}", u64::MAX))
}

/// Parses a number of pixels.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn pixels(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("expected a whole number of pixels from 0 to {}", u8::MAX))
}

/// Refuses a network that is there for counting only.
///
/// # Errors
/// Names the families that can be trained.
pub fn check_trainable(net: &str) -> anyhow::Result<()> {
    if !family::IMAGENET.contains(&net) {
        return Ok(());
    }
    let families: Vec<&str> = family::FORMS
        .iter()
        .filter(|form| !family::IMAGENET.contains(&form.example))
        .map(|form| form.pattern)
        .collect();
    let message = format!("network `{net}` is for counting, as in `ergo flops {net}`, and is not trained");
    Err(exit::bad_input_with_hint(message, format!("networks that are trained: {}", families.join(", "))))
}

/// Parses a number of threads.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=MOST_THREADS).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MOST_THREADS}"))
}

/// Parses a number of tasks.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn tasks(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "expected a whole number of tasks from 1".to_owned())
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

/// Parses the name of a learner; whether this build has it is for the learner to say.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn learner(text: &str) -> Result<LearnerName, String> {
    named(text, &LearnerName::ALL, LearnerName::name)
}

/// Parses the name of a precision.
///
/// # Errors
/// Anything else, in words for clap to print.
pub fn precision(text: &str) -> Result<Precision, String> {
    named(text, &Precision::ALL, Precision::name)
}

/// The one of `all` that is called `text`.
fn named<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|&one| name(one) == text);
    found.ok_or_else(|| match all {
        [only] => format!("expected {}, the only one there is", name(*only)),
        _ => format!("expected one of {}", all.iter().map(|&one| name(one)).collect::<Vec<_>>().join(", ")),
    })
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
        for text in ["-1", "1.5", "18446744073709551616", ""] {
            assert!(whole(text).is_err_and(|words| words.contains("0 to 2^64-1")), "{text}");
        }
        for text in ["256", "-1", ""] {
            assert!(pixels(text).is_err(), "{text}");
        }
        for text in ["ten", ""] {
            assert!(number(text).is_err(), "{text}");
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
        assert_eq!((whole("0"), pixels("255"), number("-1e-3")), (Ok(0), Ok(255), Ok(-1e-3)));
        assert!(processors() >= 1);
        assert_eq!(learner("candle"), Ok(LearnerName::Candle));
        assert!(learner("torch").is_err_and(|words| words.contains("candle")));
        assert!(precision("f8").is_err_and(|words| words.contains("f32")));
    }
}
