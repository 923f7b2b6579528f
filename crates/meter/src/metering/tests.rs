//! Tests of the sum over the parts of a resumed run.

use super::*;
use crate::testing::{Bench, EXACT, counter, joules, window};

/// A run with 2 s of load and `train` seconds of training, at 10 W and 50 W, from a given origin.
fn part(train: f64, origin: u64) -> Metering {
    let mut bench = Bench::new(Kind::Counter, EXACT, Some(counter(origin)));
    bench.enter(2.0, Some(counter(origin + 20_000_000)), Phase::Train);
    let shown = origin + 20_000_000 + (train * 50e6) as u64;
    bench.finish(train, Some(counter(shown)))
}

#[test]
fn seconds_energy_and_bounds_add_and_the_clock_goes_on() {
    let mut earlier = part(4.0, 0);
    earlier.started_unix = 1000.0;
    let whole = part(6.0, 77).after(&earlier);
    assert_eq!(whole.started_unix, 1000.0);
    // 2 + 2 s of load, 4 + 6 s of training; 40 J and 500 J.
    assert_eq!(whole.seconds.load, Seconds(4.0));
    assert_eq!(whole.seconds.train, Seconds(10.0));
    assert_eq!(whole.seconds.total, Seconds(14.0));
    let train = window(&whole, "package-0", Phase::Train);
    assert_eq!(joules(&whole, Phase::Train), Some(500.0));
    assert_eq!((train.joules_low, train.joules_high), (Some(Joules(500.0)), Some(Joules(500.0))));
    assert_eq!((train.start, train.end), (Seconds(2.0), Seconds(14.0)));
    assert_eq!((train.watts_mean, train.watts_max), (Some(Watts(50.0)), Some(Watts(50.0))));
    assert_eq!(joules(&whole, Phase::Total), Some(540.0));
    assert!(train.notes.iter().any(|note| note.contains("resumed")));
}

#[test]
fn unknown_stays_unknown_and_coverage_is_weighted_by_time() {
    let mut unread = part(1.0, 0);
    for window in &mut unread.energy {
        *window = EnergyWindow { kind: Kind::None, joules: None, coverage: 0.0, ..window.clone() };
    }
    let whole = part(4.0, 0).after(&unread);
    let total = window(&whole, "package-0", Phase::Total);
    assert_eq!((total.kind, total.joules, total.joules_low), (Kind::None, None, None));
    // 6 of 9 s.
    assert!((total.coverage - 6.0 / 9.0).abs() < 1e-12);
}

#[test]
fn parts_of_two_kinds_are_not_added() {
    let mut modelled = part(4.0, 0);
    for window in &mut modelled.energy {
        window.kind = Kind::Modelled;
    }
    let whole = part(4.0, 0).after(&modelled);
    assert_eq!(joules(&whole, Phase::Train), None);
    let notes = &window(&whole, "package-0", Phase::Train).notes;
    assert!(notes.iter().any(|note| note.contains("not added")), "{notes:?}");
}

#[test]
fn a_phase_of_one_part_only_is_taken_as_it_is_but_a_missing_domain_is_not() {
    let mut bench = Bench::new(Kind::Counter, EXACT, Some(counter(0)));
    bench.enter(0.0, Some(counter(0)), Phase::Evaluate);
    let evaluated = bench.finish(2.0, Some(counter(8_000_000)));
    let whole = evaluated.after(&part(4.0, 0));
    assert_eq!(joules(&whole, Phase::Evaluate), Some(8.0));
    assert_eq!(joules(&whole, Phase::Train), Some(200.0));
    assert_eq!(joules(&whole, Phase::Total), Some(228.0));
    assert_eq!(window(&whole, "package-0", Phase::Evaluate).start, Seconds(6.0));

    let mut elsewhere = part(4.0, 0);
    elsewhere.energy.clear();
    let whole = part(4.0, 0).after(&elsewhere);
    assert_eq!(joules(&whole, Phase::Train), None);
    assert_eq!(window(&whole, "package-0", Phase::Train).coverage, 0.5);
    assert_eq!(window(&whole, "package-0", Phase::Train).seconds, Seconds(8.0));
}

#[test]
fn a_metering_survives_json() {
    let metering = part(3.0, 5);
    let text = serde_json::to_string(&metering).unwrap();
    assert_eq!(serde_json::from_str::<Metering>(&text).unwrap(), metering);
}
