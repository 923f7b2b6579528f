//! Counters that show something false, stand still, or begin anew.

use record::energy::{Kind, Phase};
use record::units::Watts;

use crate::metering::Metering;
use crate::sampler::stretch;
use crate::testing::{Bench, EXACT, counter, joules, window};

fn counting(first: u64) -> Bench {
    Bench::new(Kind::Counter, EXACT, Some(counter(first)))
}

/// A counter that shows 0 for a second, as some drivers do when they are asked at the wrong moment, was not reset: what it counted
/// meanwhile is the difference between the readings around it, and no leap.
#[test]
fn a_counter_that_falls_and_comes_back_gains_nothing_by_it() {
    let bench = counting(1_000_000_000);
    bench.sample(1.0, Some(counter(1_050_000_000)));
    for _ in 0..10 {
        bench.sample(0.1, Some(counter(0)));
    }
    bench.sample(0.1, Some(counter(1_105_000_000)));
    let metering = bench.finish(1.0, Some(counter(1_155_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!(joules(&metering, Phase::Total), Some(155.0), "{total:?}");
    assert!((total.known_share() - 1.0).abs() < 1e-9 && total.coverage < 0.7, "{total:?}");
    assert!(total.notes.iter().any(|note| note.contains("came back")), "{:?}", total.notes);
    assert_eq!((total.gaps, total.ambiguous), (1, 0));
}

/// The same of one that shows far too much for a moment.
#[test]
fn a_counter_that_leaps_and_comes_back_gains_nothing_by_it() {
    let bench = counting(1_000_000_000);
    bench.sample(1.0, Some(counter(1_050_000_000)));
    bench.sample(0.1, Some(counter(200_000_000_000)));
    bench.sample(0.1, Some(counter(1_060_000_000)));
    let metering = bench.finish(1.0, Some(counter(1_110_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!(joules(&metering, Phase::Total), Some(110.0), "{total:?}");
    assert!((total.known_share() - 1.0).abs() < 1e-9 && total.coverage < 0.95, "{total:?}");
    assert_eq!((total.gaps, total.ambiguous), (1, 0));
    assert!(!total.notes.iter().any(|note| note.contains("fell")), "{:?}", total.notes);
}

/// A counter that is renewed five times a second shows ten joules at once, which is no power of 200 W.
#[test]
fn the_largest_power_is_of_no_span_shorter_than_the_counter_resolves() {
    let bench = counting(0);
    let mut shown = 0;
    for tick in 1..=200u64 {
        shown = if tick % 4 == 0 { tick / 4 * 10_000_000 } else { shown };
        bench.sample(0.05, Some(counter(shown)));
    }
    let metering = bench.finish(0.0, Some(counter(shown)));
    let total = window(&metering, "package-0", Phase::Total);
    let Watts(most) = total.watts_max.unwrap();
    assert!((49.9..56.0).contains(&most), "{most} W of 50 W in the mean");
}

/// One that shows a little too much for a moment, which might have been drawn, as well.
#[test]
fn a_false_reading_that_could_be_true_is_taken_back() {
    let bench = counting(1_000_000_000);
    bench.sample(1.0, Some(counter(1_050_000_000)));
    bench.sample(0.1, Some(counter(1_205_000_000)));
    bench.sample(0.1, Some(counter(1_210_000_000)));
    bench.sample(0.1, Some(counter(1_065_000_000)));
    let metering = bench.finish(1.0, Some(counter(1_115_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert_eq!(
        (joules(&metering, Phase::Total), total.gaps, total.ambiguous),
        (Some(115.0), 1, 0),
        "{total:?}"
    );
    assert!(total.watts_max.unwrap() < Watts(60.0) && total.coverage < 1.0, "{total:?}");
}

/// A counter that froze and went on from there did not count what was drawn meanwhile, and that is told.
#[test]
fn a_counter_that_froze_and_did_not_make_up_for_it_is_a_gap() {
    let bench = counting(0);
    for tick in 1..=20u64 {
        bench.sample(0.1, Some(counter(tick * 5_000_000)));
    }
    for _ in 0..50 {
        bench.sample(0.1, Some(counter(100_000_000)));
    }
    for tick in 1..=20u64 {
        bench.sample(0.1, Some(counter(100_000_000 + tick * 5_000_000)));
    }
    let metering = bench.finish(0.0, Some(counter(200_000_000)));
    let total = window(&metering, "package-0", Phase::Total);
    assert!(total.coverage < 0.5 && total.gaps == 1, "{total:?}");
    let Watts(mean) = total.watts_mean.unwrap();
    assert!((mean - 50.0).abs() < 1.0, "{mean} W");
    assert!(
        total.notes.iter().any(|note| note.contains("less than half of what is usual")),
        "{:?}",
        total.notes
    );
}

/// A counter that begins anew counts from there, as before.
#[test]
fn a_counter_that_begins_anew_does_not_come_back() {
    let bench = counting(1_000_000_000);
    bench.sample(1.0, Some(counter(1_050_000_000)));
    bench.sample(1.0, Some(counter(20_000_000)));
    bench.sample(1.0, Some(counter(70_000_000)));
    let metering = bench.finish(1.0, Some(counter(120_000_000)));
    assert_eq!(joules(&metering, Phase::Total), Some(150.0));
}

/// A counter that leaps, or is set back a little, and stays there, was reset: what it counts from there on is counted, and that is told.
#[test]
fn a_counter_that_does_not_come_back_is_not_taken_back() {
    for leap in [250_000_000i64, 500_000_000, 1_400_000_000, -40_000_000] {
        let bench = counting(2_000_000_000);
        let at = |tick: u64| 2_000_000_000 + tick * 5_000_000;
        for tick in 1..=60 {
            bench.sample(0.1, Some(counter(at(tick))));
        }
        for tick in 61..=100 {
            bench.sample(0.1, Some(counter(at(tick).saturating_add_signed(leap))));
        }
        let metering = bench.finish(0.0, Some(counter(at(100).saturating_add_signed(leap))));
        let total = window(&metering, "package-0", Phase::Total);
        // The tenth of a second with the leap is lost: 5 J.
        assert_eq!((joules(&metering, Phase::Total), total.ambiguous), (Some(495.0), 1), "{leap}: {total:?}");
        assert!(!total.notes.iter().any(|note| note.contains("came back")), "{:?}", total.notes);
    }
}

/// A meter whose sampler looks so many times at what a counter has `shown` by then, and the seconds until the last look.
fn looked(ticks: u32, shown: impl Fn(f64) -> u64) -> (Metering, f64) {
    let bench = counting(shown(0.0));
    let mut now = 0.0;
    for tick in 0..ticks {
        let wait = 0.1 * stretch(tick);
        now += wait;
        bench.sample(wait, Some(counter(shown(now))));
    }
    (bench.finish(0.0, Some(counter(shown(now)))), now)
}

/// Counters that are renewed every 2 ms to every second, as 1 ms ones are, whatever their first renewal: nothing is lost, and the truth
/// lies within the bounds.
#[test]
fn slow_counters_are_whole_and_within_their_bounds() {
    for update in [0.002, 0.005, 0.0075, 0.012, 0.02, 0.05, 0.1, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0] {
        for phase in (0..10).map(|part| update * f64::from(part) / 10.0) {
            let shown =
                |t: f64| (50e6 * (((t + phase) / update).floor() * update - phase).max(-phase) + 1e9) as u64;
            let (metering, now) = looked(120, shown);
            let total = window(&metering, "package-0", Phase::Total);
            let [low, high] = [total.joules_low, total.joules_high].map(|end| end.map_or(f64::NAN, |j| j.0));
            let truth = 50.0 * now;
            let words = format!("{update} s from {phase}: {truth} J, {total:?}");
            assert!(total.coverage > 0.999 && total.gaps == 0, "{words}");
            assert!(low <= truth && truth <= high, "{words}");
            // One update more or less in the ten of a span.
            assert!(total.watts_max.is_none_or(|most| most.0 < 1.11 * 50.0), "{words}");
        }
    }
}

/// A load that falls: the bounds follow from the power that was, though that a counter is slow is seen only later.
#[test]
fn bounds_hold_where_the_load_falls_before_the_counter_is_known() {
    for update in [0.1, 0.2, 0.5] {
        for phase in (0..20).map(|part| update * f64::from(part) / 20.0) {
            let drawn = |t: f64| 300.0 * t.clamp(-1.0, 1.0) + 10.0 * (t - 1.0).max(0.0);
            let shown = |t: f64| {
                let renewed = ((t + phase) / update).floor() * update - phase;
                (1e9 + 1e6 * drawn(renewed)) as u64
            };
            let (metering, now) = looked(115, shown);
            let total = window(&metering, "package-0", Phase::Total);
            let truth = drawn(now);
            let words = format!("{update} s from {phase}: {truth} J, {total:?}");
            if total.gaps > 0 {
                continue;
            }
            let [low, high] = [total.joules_low, total.joules_high].map(|end| end.unwrap().0);
            assert!(low <= truth && truth <= high, "{words}");
        }
    }
}

/// A counter that stands still at the end, after a load that has risen, may have missed the larger power.
#[test]
fn what_a_counter_that_stands_at_the_end_may_have_missed_is_at_its_largest_power() {
    let drawn = |t: f64| 20.0 * t + 200.0 * (t - 5.0).max(0.0);
    let shown = |t: f64| (1e9 + 1e6 * drawn(t.min(7.72))) as u64;
    let (metering, now) = looked(109, shown);
    let total = window(&metering, "package-0", Phase::Total);
    let words = format!("{} J, {total:?}", drawn(now));
    assert!(total.notes.iter().any(|note| note.contains("within the bounds alone")), "{words}");
    assert!((8.0..9.0).contains(&now) && total.joules_high.unwrap().0 >= drawn(now), "{words}");
}

/// A counter that stands and then shows less than was drawn meanwhile has lost the rest, which is told, or within the bounds, also where it
/// stood before and had lost nothing.
#[test]
fn what_a_counter_lost_as_it_stood_still_is_told_or_within_the_bounds() {
    for (first, second, lost) in
        [(0.0, 1.0, 0.45), (0.0, 0.3, 0.25), (0.0, 0.35, 0.35), (0.9, 2.0, 2.0), (0.9, 1.0, 0.3)]
    {
        for phase in (0..10).map(|part| 0.01 * f64::from(part)) {
            let (caught_up, lossy) = (3.0 + phase, 7.0 + phase);
            let counted = |t: f64| match t {
                t if (caught_up..caught_up + first).contains(&t) => caught_up,
                t if (lossy..lossy + second).contains(&t) => lossy,
                t if t >= lossy + second => t - lost,
                t => t,
            };
            let (metering, now) = looked(140, |t| (1e9 + 50e6 * counted(t)) as u64);
            let total = window(&metering, "package-0", Phase::Total);
            let words = format!("{first} {second} {lost} {phase}: {} J, {total:?}", 50.0 * now);
            let high = total.joules_high.unwrap().0;
            assert!(
                total.gaps > 0 && total.coverage < 0.99 || (50.0 * now..60.0 * now).contains(&high),
                "{words}"
            );
            assert!(total.watts_max.is_none_or(|most| (49.0..56.0).contains(&most.0)), "{words}");
        }
    }
}

/// A counter that shows less than it did for half a second, and then what it would have, has lost nothing.
#[test]
fn a_counter_that_dips_and_comes_back_gains_nothing_by_it() {
    for depth in [20.0, 30.0, 60.0, 100.0] {
        let shown =
            |t: f64| (1e9 + 50e6 * t - if (4.0..4.5).contains(&t) { 1e6 * depth } else { 0.0 }) as u64;
        let (metering, now) = looked(120, shown);
        let total = window(&metering, "package-0", Phase::Total);
        let words = format!("{depth}: {} J, {total:?}", 50.0 * now);
        assert!((total.joules.unwrap().0 - 50.0 * now).abs() < 0.1 && total.ambiguous == 0, "{words}");
        assert!(total.watts_max.unwrap().0 < 56.0, "{words}");
    }
}

/// A counter that stands still for its first second and more, and then moves as others do, may have lost what was drawn.
#[test]
fn what_a_counter_lost_before_its_first_moves_is_within_the_bounds() {
    for stood in [0.7, 1.0, 1.5, 2.5] {
        let (metering, now) = looked(120, |t| (1e9 + 50e6 * (t - stood).max(0.0)) as u64);
        let total = window(&metering, "package-0", Phase::Total);
        let words = format!("{stood}: {} J, {total:?}", 50.0 * now);
        assert!(total.joules_high.unwrap().0 >= 50.0 * now || total.joules.is_none(), "{words}");
        assert!(total.notes.iter().any(|note| note.contains("within the bounds")), "{words}");
    }
}

/// Counters that are renewed every second and more, regularly or not, under a load that does not change: nothing is lost, missed or doubted.
#[test]
fn slow_and_irregular_counters_raise_no_alarm() {
    for (least, most) in [(1.1, 1.1), (1.5, 1.5), (2.0, 2.0), (0.6, 1.4)] {
        for seed in 0..10 {
            // A sequence that looks irregular.
            let share = |place: usize| (0.37 * f64::from(seed) + 0.754_877_7 * place as f64).fract();
            let mut renewed = vec![-most * share(0)];
            while renewed[renewed.len() - 1] < 30.0 {
                renewed.push(renewed[renewed.len() - 1] + least + (most - least) * share(renewed.len()));
            }
            let shown = |t: f64| {
                let last = renewed.iter().rfind(|&&at| at <= t).copied().unwrap_or(-most);
                (1e9 + 15e6 * last) as u64
            };
            let (metering, now) = looked(250, shown);
            let total = window(&metering, "package-0", Phase::Total);
            let words = format!("{least} to {most} s, {seed}: {} J, {total:?}", 15.0 * now);
            let [low, high] = [total.joules_low, total.joules_high].map(|end| end.unwrap().0);
            assert!(total.gaps == 0 && total.coverage > 0.999, "{words}");
            assert!((low..=high).contains(&(15.0 * now)), "{words}");
        }
    }
}
