//! Tests of wrap-around, resets and what is not believable.

use proptest::prelude::*;
use record::units::{Joules, Watts};

use super::*;
use crate::testing::{EXACT, RANGE, counter};

fn between(from: u64, to: u64, seconds: f64) -> Result<f64, Unbelievable> {
    step(counter(from), counter(to), seconds, EXACT, false).map(|step| step.microjoules)
}

proptest! {
    /// The truth is the sum of what was added, kept in 128 bits beside the wrapping counter.
    #[test]
    fn any_number_of_wraps_adds_up_exactly_when_no_step_exceeds_the_range(
        range in 2u64..u64::MAX / 2,
        start in any::<u64>(),
        steps in prop::collection::vec(any::<u64>(), 1..50),
    ) {
        let mut shown = start % range;
        let (mut sum, mut truth) = (0u128, 0u128);
        for step in steps.iter().map(|step| step % range) {
            let next = ((u128::from(shown) + u128::from(step)) % u128::from(range)) as u64;
            sum += u128::from(counted(shown, next, Some(range)).unwrap());
            truth += u128::from(step);
            shown = next;
        }
        prop_assert_eq!(sum, truth);
    }

    /// 2 kW for a tenth of a second is 200 J; every step up to that is taken as it is, across a wrap too.
    #[test]
    fn plausible_steps_pass_unchanged(from in 0..RANGE, step in 0u64..=200_000_000) {
        prop_assert_eq!(between(from, (from + step) % RANGE, 0.1), Ok(step as f64));
    }
}

#[test]
fn what_would_need_more_than_the_plausible_power_is_a_reset() {
    // From 100 J to 1 J: a wrap would be 262,044 J in a tenth of a second.
    let reset = between(100_000_000, 1_000_000, 0.1);
    let expected = Unbelievable::Reset { from: 100.0, to: 1.0, seconds: 0.1, watts: 2000.0 };
    assert_eq!(reset, Err(expected));
    assert!(
        reset.unwrap_err().to_string().contains("from 100.0 J to 1.0 J in 0.10 s, which is more than 2000 W")
    );
    // A jump forwards by 1 kJ in a tenth of a second is 10 kW.
    assert!(matches!(between(0, 1_000_000_000, 0.1), Err(Unbelievable::Reset { .. })));
    // Backwards without a range.
    let reading = |microjoules| Reading::Counter { microjoules, range_microjoules: None };
    assert!(matches!(step(reading(9), reading(5), 1.0, EXACT, false), Err(Unbelievable::Reset { .. })));
}

#[test]
fn one_late_update_does_not_look_like_a_reset() {
    // 0.2 J is one millisecond at 200 W; seen 50 us after the last reading it looks like 4 kW.
    let limits = Limits::of(record::units::Seconds(0.001), Watts(2000.0));
    let read = |limits| step(counter(0), counter(200_000), 50e-6, limits, false);
    assert!(read(limits).is_ok());
    assert!(read(EXACT).is_err());
}

#[test]
fn an_interval_that_could_hold_two_wraps_is_not_guessed() {
    // 262,143 J / 2000 W = 131.07 s.
    assert_eq!(between(0, 5, 131.0), Ok(5.0));
    assert_eq!(between(0, 5, 131.1), Err(Unbelievable::Ambiguous { seconds: 131.1, watts: 2000.0 }));
}

#[test]
fn power_is_joined_by_straight_lines_but_not_across_a_failed_reading() {
    let power = |missed, seconds| {
        step(Reading::Power(Watts(100.0)), Reading::Power(Watts(200.0)), seconds, EXACT, missed)
    };
    // A ramp from 100 W to 200 W over 2 s is 300 J.
    assert_eq!(power(false, 2.0).unwrap().microjoules, 300e6);
    assert_eq!(power(true, 2.0), Err(Unbelievable::Unsampled { seconds: 2.0 }));
    assert_eq!(power(false, 3.0), Err(Unbelievable::Unsampled { seconds: 3.0 }));
}

#[test]
fn a_model_gives_its_own_bounds() {
    let at = |joules: f64| Reading::Modelled {
        low: Joules(joules),
        central: Joules(2.0 * joules),
        high: Joules(4.0 * joules),
    };
    let step = step(at(1.0), at(3.0), 1.0, EXACT, false).unwrap();
    assert_eq!(step, Step { low: 2e6, microjoules: 4e6, high: 8e6, wraps: 0 });
}
