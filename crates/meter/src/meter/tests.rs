//! Tests of the meter with a scripted source and a clock turned by hand.

use std::sync::mpsc::channel;

use proptest::prelude::*;
use record::energy::BoundsCover;

use super::*;
use crate::clock::SystemClock;
use crate::source::{EnergySource, Found, Limits, ReadError, Reading, SourceFacts};
use crate::testing::{Bench, EXACT, HandClock, RANGE, counter, joules, scripted, window};
use crate::timeline::PHASES;

fn counting(first: u64) -> Bench {
    Bench::new(Kind::Counter, EXACT, Some(counter(first)))
}

proptest! {
    /// The truth is kept beside the meter, in whole microjoules by phase.
    #[test]
    fn alternating_phases_add_up_across_wraps(
        start in 0..RANGE,
        parts in prop::collection::vec((0usize..5, 1u64..200_000_000, 0u32..5), 1..60),
    ) {
        let mut bench = counting(start);
        let (mut shown, mut phase) = (start, 0);
        let mut truth = [0u64; 5];
        for (next, step, ticks) in parts {
            shown = (shown + step) % RANGE;
            truth[phase] += step;
            let seconds = 0.1 + f64::from(ticks);
            bench.enter(seconds, Some(counter(shown)), PHASES[next]);
            phase = next;
        }
        let metering = bench.finish(0.0, Some(counter(shown)));
        let (mut sum, mut time) = (0.0, Seconds(0.0));
        for (i, &phase) in PHASES.iter().enumerate() {
            let Some(window) = metering.energy.iter().find(|w| w.phase == phase) else {
                prop_assert_eq!(truth[i], 0);
                continue;
            };
            prop_assert_eq!(window.joules, Some(record::units::Joules(truth[i] as f64 / 1e6)));
            prop_assert!((window.coverage, window.gaps) == (1.0, 0));
            sum += truth[i] as f64 / 1e6;
            time += window.seconds;
        }
        prop_assert_eq!(joules(&metering, Phase::Total), Some(sum));
        prop_assert_eq!(metering.seconds.total, time);
        prop_assert_eq!(window(&metering, "package-0", Phase::Total).seconds, time);
    }
}

#[test]
fn a_window_says_when_and_how_much() {
    let mut bench = counting(0);
    bench.enter(2.0, Some(counter(20_000_000)), Phase::Train);
    bench.sample(1.0, Some(counter(120_000_000)));
    bench.enter(1.0, Some(counter(170_000_000)), Phase::Evaluate);
    bench.enter(1.0, Some(counter(180_000_000)), Phase::Train);
    let metering = bench.finish(2.0, Some(counter(240_000_000)));
    // Train: 100 J + 50 J in the first part, 60 J in the second; 2 s + 2 s, from second 2 to second 7.
    let train = window(&metering, "package-0", Phase::Train);
    assert_eq!(joules(&metering, Phase::Train), Some(210.0));
    assert_eq!((train.seconds, train.start, train.end), (Seconds(4.0), Seconds(2.0), Seconds(7.0)));
    assert_eq!(train.watts_mean, Some(Watts(52.5)));
    // Each interval is a span here: 100, 50 and 30 W.
    assert_eq!(train.watts_max, Some(Watts(100.0)));
    assert_eq!((train.kind, train.bounds_cover), (Kind::Counter, Some(BoundsCover::Resolution)));
    assert_eq!(joules(&metering, Phase::Total), Some(240.0));
    assert_eq!(metering.seconds.train, Seconds(4.0));
    assert_eq!(metering.seconds.total, Seconds(7.0));
}

#[test]
fn a_failed_reading_inside_a_phase_loses_nothing_and_adds_nothing() {
    let bench = counting(1_000_000_000);
    bench.sample(1.0, Some(counter(1_010_000_000)));
    bench.sample(1.0, None);
    bench.sample(1.0, Some(counter(1_030_000_000)));
    let metering = bench.finish(1.0, Some(counter(1_040_000_000)));
    let load = window(&metering, "package-0", Phase::Load);
    // 10 J a second for 4 s; never the 1030 J that the counter showed after the gap.
    assert_eq!(joules(&metering, Phase::Load), Some(40.0));
    assert_eq!((load.gaps, load.coverage, load.known_share()), (1, 0.5, 1.0));
    assert_eq!(load.joules_low, load.joules_high);
    assert!(load.notes.iter().any(|note| note.contains("scripted")), "{:?}", load.notes);
}

#[test]
fn a_failed_reading_at_an_edge_is_split_by_time_within_bounds() {
    let mut bench = counting(0);
    bench.sample(1.0, Some(counter(10_000_000)));
    bench.enter(1.0, None, Phase::Train);
    let metering = bench.finish(3.0, Some(counter(90_000_000)));
    // 80 J over 1 s of load and 3 s of train: 20 J and 60 J, but it may be 0 and 80 or 80 and 0.
    let (load, train) =
        (window(&metering, "package-0", Phase::Load), window(&metering, "package-0", Phase::Train));
    let numbers = |w: &EnergyWindow| [w.joules, w.joules_low, w.joules_high].map(|j| j.unwrap().0);
    assert_eq!(numbers(load), [30.0, 10.0, 90.0]);
    assert_eq!(numbers(train), [60.0, 0.0, 80.0]);
    assert_eq!(numbers(window(&metering, "package-0", Phase::Total)), [90.0, 90.0, 90.0]);
    assert!(train.notes.iter().any(|note| note.contains("divided")));
}

#[test]
fn what_was_never_read_again_is_not_covered() {
    let bench = counting(0);
    bench.sample(3.0, Some(counter(30_000_000)));
    let metering = bench.finish(1.0, None);
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.coverage, total.gaps), (Some(30.0), 0.75, 1));
    // The mean is over the time that was seen.
    assert_eq!(total.watts_mean, Some(Watts(10.0)));
    assert!(total.notes.iter().any(|note| note.contains("75.0%")), "{:?}", total.notes);
}

#[test]
fn a_reading_that_only_starts_late_is_not_covered_before() {
    let bench = Bench::new(Kind::Counter, EXACT, None);
    bench.sample(1.0, Some(counter(500_000_000)));
    let metering = bench.finish(1.0, Some(counter(510_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.coverage), (Some(10.0), 0.5));
}

#[test]
fn no_good_reading_or_a_dead_counter_is_unknown_and_not_zero() {
    let never = Bench::new(Kind::Counter, EXACT, None).finish(5.0, None);
    let dead = counting(0).finish(5.0, Some(counter(0)));
    let garbage = counting(RANGE + 1).finish(5.0, Some(counter(RANGE + 2)));
    for metering in [never, dead, garbage] {
        for window in &metering.energy {
            assert_eq!((window.kind, window.joules, window.watts_mean), (Kind::None, None, None));
            assert!(!window.notes.is_empty());
        }
        assert_eq!(metering.energy.len(), 2);
    }
}

#[test]
fn a_reset_is_a_gap_and_the_count_goes_on_from_there() {
    let bench = counting(900_000_000);
    bench.sample(1.0, Some(counter(910_000_000)));
    bench.sample(1.0, Some(counter(5_000_000)));
    let metering = bench.finish(2.0, Some(counter(25_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.coverage, total.gaps), (Some(30.0), 0.75, 1));
    assert_eq!((total.ambiguous, total.wraps), (1, 0));
    assert!(total.notes.iter().any(|note| note.contains("reset")));
}

/// A range of 262,143 J is drawn in 131 s at 2 kW: whatever a counter shows after 200 s, it may have gone round in between.
#[test]
fn a_time_that_could_hold_two_wraps_is_ambiguous_and_not_guessed() {
    let bench = counting(900_000_000);
    bench.sample(1.0, Some(counter(910_000_000)));
    bench.sample(200.0, Some(counter(920_000_000)));
    let metering = bench.finish(1.0, Some(counter(930_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.ambiguous, total.gaps), (Some(20.0), 1, 1));
    assert!((total.coverage - 2.0 / 202.0).abs() < 1e-9, "{}", total.coverage);
    assert!(total.notes.iter().any(|note| note.contains("wrapped more than once")), "{:?}", total.notes);
    assert_eq!(record::energy::total(&metering.energy, Phase::Total), None);
}

/// A tenth of a second has too few updates of a counter that moves every fiftieth of one; of one that moves every
/// thousandth it has enough.
#[test]
fn a_window_of_few_updates_says_so() {
    for (update, is_short) in [(0.02, true), (0.001, false)] {
        let limits = Limits::of(Seconds(update), Watts(2000.0));
        let bench = Bench::new(Kind::Counter, limits, Some(counter(0)));
        let metering = bench.finish(0.1, Some(counter(5_000_000)));
        let notes = &window(&metering, "package-0", Phase::Total).notes;
        assert_eq!(notes.iter().any(|note| note.contains("too short to resolve")), is_short, "{notes:?}");
    }
}

#[test]
fn bounds_grow_with_the_number_of_parts() {
    let limits = Limits::of(Seconds(0.1), Watts(2000.0));
    let mut bench = Bench::new(Kind::Counter, limits, Some(counter(0)));
    for part in 1..=10 {
        let phase = if part % 2 == 1 { Phase::Train } else { Phase::Load };
        bench.enter(1.0, Some(counter(part * 100_000_000)), phase);
    }
    let metering = bench.finish(0.0, Some(counter(1_000_000_000)));
    // 5 parts of train at 100 W, each with edges that may be 0.1 s off: 500 J +- 5 x 10 J. The total has
    // two edges only: 1000 J +- 10 J.
    let bounds = |phase| {
        let w = window(&metering, "package-0", phase);
        (w.joules_low.unwrap().0, w.joules_high.unwrap().0)
    };
    assert_eq!(bounds(Phase::Train), (450.0, 550.0));
    assert_eq!(bounds(Phase::Total), (990.0, 1010.0));
}

#[test]
fn power_is_integrated_and_a_failed_reading_is_not_bridged() {
    let power = |watts| Some(Reading::Power(Watts(watts)));
    let bench = Bench::new(Kind::Integrated, EXACT, power(100.0));
    bench.sample(1.0, power(200.0));
    bench.sample(1.0, None);
    bench.sample(1.0, power(300.0));
    let metering = bench.finish(1.0, power(300.0));
    let total = window(&metering, "package-0", Phase::Total);
    // 150 J up the ramp, then 2 s unseen, then 300 J.
    assert_eq!((joules(&metering, Phase::Total), total.coverage), (Some(450.0), 0.5));
    assert_eq!((total.kind, total.watts_max), (Kind::Integrated, Some(Watts(300.0))));
}

/// More than the 2,000 W that are believed here is no reading.
#[test]
fn power_that_cannot_be_is_a_gap() {
    let power = |watts| Some(Reading::Power(Watts(watts)));
    let bench = Bench::new(Kind::Integrated, EXACT, power(100.0));
    bench.sample(1.0, power(100.0));
    bench.sample(1.0, power(8000.0));
    bench.sample(1.0, power(100.0));
    let metering = bench.finish(1.0, power(100.0));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.coverage), (Some(200.0), 0.5));
    assert_eq!(total.watts_max, Some(Watts(100.0)));
    assert!(total.notes.iter().any(|note| note.contains("8000 W are more")), "{:?}", total.notes);
}

/// Of a counter that has not moved yet, all that the domain can draw is possible, and no total has it: 2,000 W for 0.05 s are
/// 100 J. After a tenth of a second it is unknown.
#[test]
fn a_counter_that_has_not_moved_is_no_measured_nothing() {
    let metering = Bench::new(Kind::Counter, EXACT, Some(counter(5))).finish(0.05, Some(counter(5)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((total.joules, total.joules_low.unwrap().0, total.coverage), (None, 0.0, 0.0));
    assert!((total.joules_high.unwrap().0 - 100.0).abs() < 1e-9, "{total:?}");
    assert_eq!(record::energy::total(&metering.energy, Phase::Total), None);
    let metering = Bench::new(Kind::Counter, EXACT, Some(counter(5))).finish(0.2, Some(counter(5)));
    assert_eq!(window(&metering, "package-0", Phase::Total).joules, None);
}

/// 10 J in the first second, and half a second in which nothing moves: another 5 J may have been drawn.
#[test]
fn what_a_counter_may_not_have_shown_is_within_the_bounds() {
    let bench = counting(0);
    bench.sample(1.0, Some(counter(10_000_000)));
    let metering = bench.finish(0.5, Some(counter(10_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.coverage), (Some(10.0), 1.0));
    assert!(total.joules_high.unwrap().0 >= 15.0 && total.joules_low.unwrap().0 <= 10.0, "{total:?}");
    assert!(total.notes.iter().any(|note| note.contains("in the last 0.50 s")), "{:?}", total.notes);
}

#[test]
fn live_power_is_that_of_the_last_second() {
    let bench = counting(0);
    assert_eq!(bench.meter.live(), Live { watts: None, kind: Kind::None });
    for tick in 1..=20 {
        bench.sample(0.25, Some(counter(tick * 25_000_000)));
    }
    assert_eq!(bench.meter.live(), Live { watts: Some(Watts(100.0)), kind: Kind::Counter });
    for tick in 1..=4 {
        bench.sample(0.25, Some(counter(500_000_000 + tick * 10_000_000)));
    }
    // The first 5 s were at 100 W; the second that counts was at 40 W.
    assert_eq!(bench.meter.live(), Live { watts: Some(Watts(40.0)), kind: Kind::Counter });
}

#[test]
fn seconds_run_on_without_a_reading() {
    let mut bench = counting(0);
    bench.enter(1.5, Some(counter(1)), Phase::Train);
    bench.clock.pass(0.5, 0.0);
    let seconds = bench.meter.seconds();
    assert_eq!((seconds.load, seconds.train, seconds.total), (Seconds(1.5), Seconds(0.5), Seconds(2.0)));
}

#[test]
fn a_part_that_exists_but_cannot_be_read_makes_the_total_unknown() {
    let dial = Arc::new(Mutex::new(Some(counter(0))));
    let clock = Arc::new(HandClock::default());
    let found = Found {
        readable: vec![scripted("package-0", Kind::Counter, EXACT, &dial)],
        unreadable: vec![SourceFacts::unreadable("gpu-0", "NVML", "lost")],
    };
    let meter = Meter::start(&Sources::assemble(clock.clone(), found, None));
    clock.pass(1.0, 0.0);
    *dial.lock().unwrap() = Some(counter(7_000_000));
    let metering = meter.finish();
    assert_eq!(joules(&metering, Phase::Total), Some(7.0));
    let card = window(&metering, "gpu-0", Phase::Total);
    assert_eq!(
        (card.kind, card.joules, card.notes.as_slice()),
        (Kind::None, None, &["lost".to_string()][..])
    );
    assert_eq!(total(&metering.energy, Phase::Total), None);
}

#[test]
fn the_sampler_reads_between_edges_and_ends_with_the_run() {
    struct Telling(SourceFacts, std::sync::mpsc::Sender<()>, u64);
    impl EnergySource for Telling {
        fn facts(&self) -> &SourceFacts {
            &self.0
        }
        fn limits(&self) -> Limits {
            EXACT
        }
        fn read(&mut self) -> Result<Reading, ReadError> {
            self.2 += 1;
            // The test may have stopped listening.
            let _ = self.1.send(());
            Ok(counter(self.2))
        }
    }
    let (tell, told) = channel();
    let facts = SourceFacts::readable("package-0", Kind::Counter, "count of readings");
    let found = Found { readable: vec![Box::new(Telling(facts, tell, 0))], unreadable: Vec::new() };
    let clock = Arc::new(SystemClock::start());
    let sources = Sources::assemble(clock, found, Some(Seconds(0.001)));
    let meter = Meter::start(&sources);
    for _ in 0..5 {
        told.recv().unwrap();
    }
    let metering = meter.finish();
    // The first reading and four of the sampler, less the first as the origin, and one at the end: at least.
    assert!(joules(&metering, Phase::Total).unwrap() >= 5e-6);
    // No one reads any more once the run has ended and its thread is joined.
    while told.try_recv().is_ok() {}
    drop(sources);
    assert!(told.recv().is_err());
}

/// A counter that freezes after it moved: what it had is known, and the rest of the time is not.
#[test]
fn a_counter_that_freezes_is_not_believed_to_measure_nothing() {
    let bench = counting(0);
    bench.sample(1.0, Some(counter(10_000_000)));
    for _ in 0..4 {
        bench.sample(0.5, Some(counter(10_000_000)));
    }
    let metering = bench.finish(1.0, Some(counter(10_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.coverage, total.gaps), (Some(10.0), 0.25, 1));
    assert_eq!(total.watts_mean, Some(Watts(10.0)));
    assert!(
        total.notes.iter().any(|note| note.contains("did not move in the last 3.0 s")),
        "{:?}",
        total.notes
    );
    assert_eq!(record::energy::total(&metering.energy, Phase::Total), None, "a quarter is not the whole");
}

/// One that stalls and catches up has lost nothing; over which phases it was spent is a guess within bounds.
#[test]
fn a_counter_that_catches_up_after_a_stall_is_exact() {
    let mut bench = counting(0);
    for tick in 1..=5 {
        bench.sample(0.2, Some(counter(tick * 2_000_000)));
    }
    bench.sample(2.0, Some(counter(10_000_000)));
    bench.enter(1.0, Some(counter(10_000_000)), Phase::Train);
    bench.sample(1.0, Some(counter(10_000_000)));
    // 400 J at once: no more than 100 W over the four seconds, and much more than can be in the last one at 300 W.
    let metering = bench.finish(0.001, Some(counter(410_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.gaps), (Some(410.0), 0));
    assert!((total.coverage - 1.0).abs() < 1e-9);
    let train = window(&metering, "package-0", Phase::Train);
    assert_eq!((train.joules_low.unwrap().0, train.joules_high.unwrap().0), (0.0, 400.0));
    assert!((train.joules.unwrap().0 - 400.0 * 1.001 / 4.001).abs() < 1e-3);
    assert!(train.notes.iter().any(|note| note.contains("caught up")), "{:?}", train.notes);
}

/// Between two updates a counter stands still, which is nothing to speak of.
#[test]
fn a_counter_may_stand_still_between_its_updates() {
    let mut bench = counting(0);
    bench.enter(0.3, Some(counter(3_000_000)), Phase::Train);
    bench.enter(0.2, Some(counter(3_000_000)), Phase::Evaluate);
    let metering = bench.finish(0.3, Some(counter(8_000_000)));
    let of = |phase| (joules(&metering, phase), window(&metering, "package-0", phase).coverage);
    assert_eq!(of(Phase::Load), (Some(3.0), 1.0));
    assert_eq!(of(Phase::Train), (Some(0.0), 1.0));
    assert_eq!(of(Phase::Evaluate), (Some(5.0), 1.0));
}

/// Whoever sets the date changes no energy and no time.
#[test]
fn a_date_that_is_set_changes_nothing_and_is_told() {
    let bench = counting(0);
    bench.sample(1.0, Some(counter(10_000_000)));
    bench.clock.set(-3600.0);
    let metering = bench.finish(1.0, Some(counter(20_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.seconds), (Some(20.0), Seconds(2.0)));
    assert!(total.notes.iter().any(|note| note.contains("set by -3600.0 s")), "{:?}", total.notes);
}

/// An hour of sleep is no part of the run, is told on every total, and is not taken for a date that was set.
#[test]
fn a_suspended_machine_is_told_and_its_time_not_counted() {
    let bench = counting(0);
    bench.sample(1.0, Some(counter(10_000_000)));
    bench.clock.sleep(3600.0);
    let metering = bench.finish(1.0, Some(counter(20_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!((joules(&metering, Phase::Total), total.seconds), (Some(20.0), Seconds(2.0)));
    let told = |words: &str| total.notes.iter().any(|note| note.contains(words));
    assert!(
        told("suspended for 3600.0 s, which are not counted") && !told("date was set"),
        "{:?}",
        total.notes
    );
}

/// A counter that was seen to stand still for half a second may be as old as that at either end.
#[test]
fn bounds_follow_from_how_long_a_counter_was_seen_to_stand() {
    let bench = counting(0);
    for update in 1..=4 {
        for _ in 0..5 {
            bench.sample(0.1, Some(counter((update - 1) * 25_000_000)));
        }
        bench.sample(0.0, Some(counter(update * 25_000_000)));
    }
    let metering = bench.finish(0.0, Some(counter(100_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    let [low, high] = [total.joules_low, total.joules_high].map(|end| end.unwrap().0);
    assert!(low < 76.0 && high > 124.0, "{low} {high}");
    assert!(total.notes.iter().any(|note| note.contains("too short to resolve")), "{:?}", total.notes);
}
