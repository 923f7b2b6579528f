//! Tests of replays: known integrals, disorder, what was cut off, and a meter's own trace.

use std::fs;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use record::energy::{EnergyWindow, Phase};
use record::units::Joules;
use tempfile::TempDir;

use super::*;
use crate::meter::Meter;
use crate::sampler::stretch;
use crate::source::{Found, Limits, Reading};
use crate::sources::Sources;
use crate::testing::{Bench, EXACT, HandClock, RANGE, counter, joules, scripted, window};
use crate::trace::Trace;

/// Seconds of the traces of known integral.
const LENGTH: f64 = 60.0;

/// A trace of one source, with a line for each of `shown`: time and what is shown then.
fn trace(kind: &str, update: f64, shown: &[(f64, String)]) -> Replayed {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    fs::write(&path, lines(kind, update, shown)).unwrap();
    replay(&path).unwrap()
}

fn lines(kind: &str, update: f64, shown: &[(f64, String)]) -> String {
    let mut text = format!(
        "{{\"start\":{{\"schema\":\"ergo.trace/1\",\"started_unix\":1e9,\"sources\":[{{\"domain\":\"package-0\",\
         \"kind\":\"{kind}\",\"source\":\"test\",\"status\":\"ok\",\"update_seconds\":{update},\
         \"plausible_watts\":2000.0}}],\"unreadable\":[],\"shown\":[{{{}}}]}}}}\n",
        shown[0].1
    );
    for (t, shown) in &shown[1..] {
        text += &format!("{{\"at\":{{\"t\":{t},\"shown\":[{{{shown}}}]}}}}\n");
    }
    text + "{\"end\":{\"cards\":[],\"suspended\":0.0,\"set\":0.0}}\n"
}

/// Moments a tenth of a second apart, more or less, as the sampler takes them, from 0 to [`LENGTH`].
fn moments() -> Vec<f64> {
    let mut moments = vec![0.0];
    for tick in 0.. {
        let next = moments[moments.len() - 1] + 0.1 * stretch(tick);
        if next >= LENGTH {
            break;
        }
        moments.push(next);
    }
    moments.push(LENGTH);
    moments
}

/// Power that was looked at now and then.
fn polled(watts: impl Fn(f64) -> f64) -> EnergyWindow {
    let shown: Vec<_> = moments().into_iter().map(|t| (t, format!("\"w\":{}", watts(t)))).collect();
    total(&trace("integrated", 0.1, &shown))
}

/// A counter of what was used until then, renewed every millisecond.
fn counted(joules: impl Fn(f64) -> f64) -> EnergyWindow {
    let stale = |t: f64| (t * 1e3).floor() * 1e-3;
    let shown = |t| format!("\"uj\":{},\"of\":{RANGE}", (joules(stale(t)) * 1e6) as u64 % RANGE);
    let shown: Vec<_> = moments().into_iter().map(|t| (t, shown(t))).collect();
    total(&trace("counter", 0.001, &shown))
}

fn total(replayed: &Replayed) -> EnergyWindow {
    assert!(replayed.is_whole);
    window(&replayed.metering, "package-0", Phase::Total).clone()
}

/// Within a share of the truth, which the bounds contain.
fn check(window: &EnergyWindow, truth: f64, within: f64) {
    let [central, low, high] =
        [window.joules, window.joules_low, window.joules_high].map(|joules| joules.unwrap().0);
    assert!((central / truth - 1.0).abs() <= within, "{central} J, and {truth} J in truth");
    let rounding = 1e-5 * truth;
    assert!((low - rounding..=high + rounding).contains(&truth), "{low} to {high} J, and {truth} J in truth");
    assert!((window.coverage - 1.0).abs() < 1e-9);
}

/// 400 W for a quarter of each period, else 100 W.
fn square(period: f64) -> impl Fn(f64) -> f64 {
    move |t| if (t / period).fract() < 0.25 { 400.0 } else { 100.0 }
}

/// Its integral from 0 on.
fn square_integral(period: f64) -> impl Fn(f64) -> f64 {
    move |t| {
        let (whole, part) = ((t / period).floor(), (t / period).fract() * period);
        100.0 * t + 300.0 * (whole * 0.25 * period + part.min(0.25 * period))
    }
}

#[test]
fn known_integrals_of_counters_are_found_within_a_thousandth() {
    check(&counted(|t| 150.0 * t), 9_000.0, 1e-3);
    check(&counted(|t| 2.5 * t * t), 9_000.0, 1e-3);
    check(&counted(square_integral(2.0)), 10_500.0, 1e-3);
    check(&counted(square_integral(0.02)), 10_500.0, 1e-3);
    // A spike of 10 ms at 1,000 W, of which no sample knows.
    check(&counted(|t| 100.0 * t + 900.0 * (t - 30.0).clamp(0.0, 0.01)), 6_009.0, 1e-3);
    // 262 kJ are passed after 52 s: one wrap.
    let wrapped = counted(|t| 200_000.0 + 1_200.0 * t);
    check(&wrapped, 72_000.0, 1e-3);
    assert_eq!(wrapped.wraps, 1);
}

#[test]
fn known_integrals_of_power_are_found_or_lie_within_the_bounds() {
    check(&polled(|_| 150.0), 9_000.0, 1e-9);
    check(&polled(|t| 5.0 * t), 9_000.0, 1e-9);
    // Wherever in its period the load is when metering begins.
    for phase in (0..40).map(|part| f64::from(part) / 40.0) {
        check(&polled(|t| square(2.0)(t + 2.0 * phase)), 10_500.0, 0.01);
        for period in [0.5, 1.0, 3.0, 4.0, 5.0] {
            check(&polled(|t| square(period)(t + period * phase)), 10_500.0, 0.02);
        }
    }
    // A hundred times as fast as it is looked at: samples fall where they fall, and the bounds have to tell.
    check(&polled(square(0.02)), 10_500.0, 0.1);
    // A spike that one sample meets is taken for longer than it was.
    let met = moments()[300];
    check(&polled(|t| if t == met { 1_000.0 } else { 100.0 }), 6_009.0, 0.02);
}

/// A power that is the mean of some seconds, as that of some batteries, and renewed after as many: the bounds hold a load that rises once, as it
/// comes up to twice as late.
#[test]
fn a_power_that_is_renewed_seldom_may_come_as_late() {
    let drawn = |t: f64| 10.0 * t + 50.0 * (t - 28.0).max(0.0);
    for renewed in [1.0, 3.0, 7.0, 12.0, 20.0, 25.0] {
        let window = polled(|t| {
            let last = (t / renewed).floor() * renewed;
            (drawn(last) - drawn(last - renewed)) / renewed
        });
        let [low, high] = [window.joules_low, window.joules_high].map(|end| end.unwrap().0);
        assert!(low < drawn(LENGTH) && drawn(LENGTH) < high, "{renewed} s: {low} to {high} J");
        let off = (window.joules.unwrap().0 - drawn(LENGTH)).abs();
        assert!(off > 20.0 * renewed, "nothing came late: {window:?}");
    }
}

/// Current that is renewed every five seconds, times a voltage that changes every second: no repeats of their product say so, but what
/// reads them knows.
#[test]
fn a_power_of_several_numbers_may_come_as_late_as_its_source_says() {
    let drawn = |t: f64| 10.0 * t + 50.0 * (t - 1.0).max(0.0);
    let told = |t: f64| {
        let current = if t < 5.0 { 10.0 } else { 60.0 };
        current * (1.0 + 1e-4 * t.floor())
    };
    let looks: Vec<_> = moments().into_iter().filter(|&t| t < 13.0).collect();
    let truth = drawn(looks[looks.len() - 1]);
    // By itself, and beside a gauge that has not moved.
    for (kind, form) in [("integrated", "\"w\":"), ("counter", "\"uj\":5,\"beside_w\":")] {
        let shown: Vec<_> = looks.iter().map(|&t| (t, format!("{form}{}", told(t)))).collect();
        let text = lines(kind, 1.0, &shown)
            .replace("\"plausible_watts\"", "\"averaged_seconds\":30.0,\"plausible_watts\"");
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("trace.jsonl");
        fs::write(&path, text).unwrap();
        let window = total(&replay(&path).unwrap());
        let [low, high] = [window.joules_low, window.joules_high].map(|end| end.unwrap().0);
        assert!(low < truth && truth < high, "{kind}: {truth} J and {low} to {high}");
        assert!((window.joules.unwrap().0 - truth).abs() > 150.0, "nothing came late: {window:?}");
    }
}

/// A current that nobody renewed, times a voltage that falls: their product changes, and says nothing of the current.
#[test]
fn a_number_that_was_never_renewed_is_told() {
    let looks: Vec<_> = moments().into_iter().filter(|&t| t < 9.0).collect();
    for (kind, form) in [("integrated", "\"w\":"), ("counter", "\"uj\":5,\"beside_w\":")] {
        for (change, is_told) in [(0, true), (1_000, false)] {
            let shown = |&t: &f64| {
                let volts = 12_000_000 - 1_000 * t as i64;
                let amperes = 700_000 + if t < 4.0 { 0 } else { change };
                let watts = volts as f64 * amperes as f64 * 1e-12;
                (t, format!("{form}{watts},\"numbers\":[{volts},{amperes}]"))
            };
            let shown: Vec<_> = looks.iter().map(shown).collect();
            let window = total(&trace(kind, 1.0, &shown));
            let told = window.notes.iter().filter(|note| note.starts_with("one of the numbers")).count();
            assert_eq!(told, usize::from(is_told), "{kind}, {change}: {window:?}");
            assert!(window.joules.unwrap().0 > 0.0);
        }
    }
}

/// Beside a still gauge: what one phase showed of the load holds for the next, and what no battery delivers is no power, nor a sign that
/// a number was renewed.
#[test]
fn power_beside_a_counter_is_checked_and_its_phases_have_the_bounds_of_the_run() {
    let looks: Vec<_> = moments().into_iter().filter(|&t| t < 9.0).collect();
    let shown = |&t: &f64| {
        let volts = 12_000_000 - 1_000 * t as i64;
        let amperes = if (4.0..4.3).contains(&t) { 100_000_000 } else { 2_000_000 };
        let watts = volts as f64 * amperes as f64 * 1e-12;
        (t, format!("\"uj\":5,\"beside_w\":{watts},\"numbers\":[{volts},{amperes}]"))
    };
    let glitch: Vec<_> = looks.iter().map(shown).collect();
    let text = lines("counter", 1.0, &glitch).replace("2000.0", "1000.0");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    fs::write(&path, text).unwrap();
    let window = total(&replay(&path).unwrap());
    let joules = window.joules.unwrap().0;
    assert!(joules < 24.0 * 9.0 && window.coverage < 0.97, "{window:?}");
    for words in ["one of the numbers", "the energy and its bounds are those of"] {
        assert!(window.notes.iter().any(|note| note.starts_with(words)), "{words}: {window:?}");
    }

    let watts = |t: f64| if t < 1.0 { 24.0 } else { 12.0 + 1e-3 * t.floor() };
    let shown: Vec<_> = looks.iter().map(|&t| (t, format!("\"uj\":5,\"beside_w\":{}", watts(t)))).collect();
    let mut text = lines("counter", 1.0, &shown);
    let third = shown.iter().position(|&(t, _)| t > 3.0).unwrap();
    let look = format!("\"t\":{},", shown[third].0);
    assert_eq!(text.matches(&look).count(), 1, "{look}");
    text = text.replace(&look, &format!("{look}\"enter\":\"train\","));
    fs::write(&path, text).unwrap();
    let replayed = replay(&path).unwrap();
    let train = replayed.metering.energy.iter().find(|w| w.phase == Phase::Train).unwrap();
    let high = train.joules_high.unwrap().0;
    assert!(high > train.joules.unwrap().0 + 10.0, "half of 24 W were gone a moment before: {train:?}");
}

/// A gauge that is read out once in the run shows what was drawn before it too, and nothing of what came after: the power beside it knows
/// better, and both are within the bounds.
#[test]
fn a_gauge_that_comes_late_and_the_power_beside_it_are_both_within_the_bounds() {
    let shown = |&t: &f64| {
        let uj = if t < 3.0 { 5 } else { 288_000_005 };
        (t, format!("\"uj\":{uj},\"beside_w\":{}", 40.0 + 0.01 * (2.0 * t).floor()))
    };
    let looks: Vec<_> = moments().into_iter().filter(|&t| t < 20.0).collect();
    let truth = 40.0 * looks[looks.len() - 1];
    let window = total(&trace("counter", 30.0, &looks.iter().map(shown).collect::<Vec<_>>()));
    let [low, high] = [window.joules_low, window.joules_high].map(|end| end.unwrap().0);
    assert_eq!(window.joules, Some(Joules(288.0)));
    assert!(low < 288.0 && high > truth, "{truth} J and {window:?}");
    assert!(window.notes.iter().any(|note| note.starts_with("counter and power are apart")), "{window:?}");
}

/// 20 W for a minute, on the mains from 6 to 55 s of it: what the gauge shows before and after is known, and nothing of the time between.
#[test]
fn a_count_that_is_cut_off_goes_on_anew() {
    let on_mains = |t: f64| (6.0..55.0).contains(&t);
    // Charged meanwhile, to less than it had lost.
    let shown = |&t: &f64| match on_mains(t) {
        true => (t, "\"gap\":\"mains\",\"cut\":true".to_owned()),
        false if t < 6.0 => (t, format!("\"uj\":{}", 1_000_000_000 + 20_000_000 * t as u64)),
        false => (t, format!("\"uj\":{}", 20_000_000 * t as u64)),
    };
    let looks: Vec<_> = moments().into_iter().filter(|&t| t < 60.0).collect();
    let window = total(&trace("counter", 1.0, &looks.iter().map(shown).collect::<Vec<_>>()));
    // From 0 to 5 s and from 56 to the end, give or take a look: from one move to another.
    let truth = 20.0 * window.coverage * window.seconds.0;
    let [low, high] = [window.joules_low, window.joules_high].map(|end| end.unwrap().0);
    assert!((window.coverage * window.seconds.0 - 9.0).abs() < 0.3 && window.bridged.0 == 0.0, "{window:?}");
    assert!(low < truth && truth < high && high < 2.0 * truth, "{truth} J and {window:?}");
    assert!(window.notes.iter().any(|note| note == "mains"), "{window:?}");
}

/// 40 W, on the mains from 20 to 24 s; the gauge shows all that was drawn before as the plug is put in, what was drawn in one second after
/// it is pulled, and nothing later: none of its moves is of a stretch that is known from end to end.
#[test]
fn a_count_that_is_cut_off_says_nothing_of_updates_that_it_saw_in_part() {
    let shown = |&t: &f64| match t {
        20.0..24.0 => (t, "\"gap\":\"mains\",\"cut\":true".to_owned()),
        _ if t < 25.0 => (t, format!("\"uj\":{}", if t < 20.0 { 0 } else { 800_000_000 })),
        _ => (t, "\"uj\":840000000".to_owned()),
    };
    let looks: Vec<_> = moments().into_iter().filter(|&t| t < 33.0).collect();
    let window = total(&trace("counter", 30.0, &looks.iter().map(shown).collect::<Vec<_>>()));
    assert_eq!((window.joules, window.watts_mean, window.coverage), (None, None, 0.0), "{window:?}");
    assert!(window.joules_high.unwrap().0 > 40.0 * 29.0, "{window:?}");
}

proptest! {
    /// Lines that came late or twice change nothing.
    #[test]
    fn disorder_and_duplicates_change_nothing(
        steps in prop::collection::vec((0.01f64..0.3, 1u64..300_000_000), 2..40),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20),
        twice in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let (mut t, mut uj) = (0.0, 0u64);
        let mut shown = vec![(0.0, "\"uj\":0".to_owned())];
        for (seconds, step) in steps {
            // Never more than is believed: 2,000 W.
            (t, uj) = (t + seconds, uj + step.min((seconds * 1.9e9) as u64));
            shown.push((t, format!("\"uj\":{uj}")));
        }
        let orderly = total(&trace("counter", 0.001, &shown));
        let mut late = shown.clone();
        for index in twice {
            late.push(shown[1 + index.index(shown.len() - 1)].clone());
        }
        for (a, b) in swaps {
            let count = late.len() - 1;
            late.swap(1 + a.index(count), 1 + b.index(count));
        }
        let disorderly = total(&trace("counter", 0.001, &late));
        prop_assert_eq!(disorderly.joules, orderly.joules);
        prop_assert_eq!(disorderly.seconds, orderly.seconds);
        prop_assert_eq!((disorderly.gaps, disorderly.coverage), (0, orderly.coverage));
    }
}

/// A meter of a scripted counter that keeps its trace in `path`.
fn traced(path: &Path, first: u64) -> Bench {
    let (clock, dial) = (Arc::new(HandClock::default()), Arc::new(Mutex::new(Some(counter(first)))));
    let readable = vec![scripted("package-0", Kind::Counter, EXACT, &dial)];
    let unreadable = vec![SourceFacts::unreadable("gpu-0", "NVML", "lost")];
    let sources = Sources::assemble(clock.clone(), Found { readable, unreadable }, None);
    let meter = Meter::traced(&sources, Some(Trace::append(path).unwrap()));
    Bench { clock, dial, meter }
}

/// Phases, a failed reading, a reset and a part that is unknown: all to the last bit.
#[test]
fn a_trace_gives_what_was_metered() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    let mut bench = traced(&path, 7);
    bench.enter(0.1 + 0.2, Some(counter(1_000_007)), Phase::Train);
    bench.sample(0.7, None);
    bench.sample(1.1, Some(counter(90_000_011)));
    bench.enter(0.9, Some(counter(3)), Phase::Evaluate);
    bench.clock.set(12.0);
    let metering = bench.finish(1.3, Some(counter(50_000_000)));
    let replayed = replay(&path).unwrap();
    assert_eq!(replayed.metering, metering);
    assert_eq!((replayed.parts, replayed.is_whole), (1, true));
    let notes = &window(&metering, "package-0", Phase::Total).notes;
    assert!(notes.iter().any(|note| note.contains("set by +12.0 s")), "{notes:?}");
    assert!(window(&metering, "gpu-0", Phase::Total).joules.is_none());
}

/// Who is killed leaves what was seen until then, and who goes on adds to it.
#[test]
fn a_run_that_was_killed_and_resumed_adds_up() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    let killed = traced(&path, 0);
    killed.sample(2.0, Some(counter(20_000_000)));
    killed.sample(1.0, Some(counter(30_000_000)));
    std::mem::forget(killed);
    // Half a line, as a full disk or a lost machine leaves it.
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.clone() + "{\"at\":{\"t\":3.5,\"sho").unwrap();
    let replayed = replay(&path).unwrap();
    assert_eq!((joules(&replayed.metering, Phase::Total), replayed.is_whole), (Some(30.0), false));
    let cut = |replayed: &Replayed| {
        let notes = &window(&replayed.metering, "package-0", Phase::Total).notes;
        notes.iter().any(|note| note.contains("cut off"))
    };
    assert!(cut(&replayed));
    fs::write(&path, whole).unwrap();
    let resumed = traced(&path, 5_000_000_000);
    let _ = resumed.finish(4.0, Some(counter(5_070_000_000)));
    let replayed = replay(&path).unwrap();
    assert_eq!((joules(&replayed.metering, Phase::Total), replayed.parts), (Some(100.0), 2));
    assert!(replayed.is_whole && cut(&replayed));
    assert_eq!(replayed.metering.seconds.total, record::units::Seconds(7.0));
}

/// A run that was killed while it wrote leaves half a line, after which the resumed one begins its own.
#[test]
fn half_a_line_between_two_parts_is_left_out() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    let shown: Vec<_> = (0..5).map(|i| (f64::from(i), format!("\"uj\":{}", 1_000_000 * i))).collect();
    let part = lines("counter", 0.001, &shown);
    let last_line = part.trim_end().rfind('\n').unwrap();
    fs::write(&path, &part[..last_line + 9]).unwrap();
    drop(Trace::append(&path).unwrap());
    let begun = fs::read_to_string(&path).unwrap();
    assert!(begun.ends_with('\n'), "{begun}");
    // A part that begins as another is the same line, there twice.
    fs::write(&path, begun.clone() + &part).unwrap();
    assert_eq!(replay(&path).unwrap().parts, 1);
    let later = part.replacen("\"started_unix\":", "\"started_unix\":1", 1);
    assert_ne!(later, part);
    fs::write(&path, begun + &later).unwrap();
    let replayed = replay(&path).unwrap();
    assert_eq!((replayed.parts, replayed.is_whole), (2, true));
    assert_eq!(joules(&replayed.metering, Phase::Total), Some(8.0));
    // Torn in the first line of all, and in the last with its end.
    fs::write(&path, "{\"start\":{\"sch\n".to_owned() + &part[..last_line + 9] + "\n").unwrap();
    assert_eq!(joules(&replay(&path).unwrap().metering, Phase::Total), Some(4.0));
}

#[test]
fn what_is_no_trace_is_refused_with_its_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.jsonl");
    let refused = |text: &str| {
        fs::write(&path, text).unwrap();
        replay(&path).unwrap_err().to_string()
    };
    assert!(replay(&folder.path().join("none")).unwrap_err().to_string().contains("cannot read"));
    assert!(refused("").contains("holds no run"));
    assert!(refused("time,watts\n").contains("line 1: "));
    let good = lines("counter", 0.001, &[(0.0, "\"uj\":0".to_owned()), (1.0, "\"uj\":5".to_owned())]);
    assert!(refused(&good.replace("trace/1", "trace/9")).contains("`ergo.trace/9` is not known"));
    assert!(refused(&good.replace("[{\"uj\":5}]", "[]")).contains("line 2: 0 sources"));
    assert!(refused(&good[good.find('\n').unwrap() + 1..]).contains("has to begin first"));
    assert!(refused(&good.replace("\"t\":1", "\"t\":-1")).contains("line 2: t is -1 s"));
    assert!(
        refused(&good.replace("\"update_seconds\":0.001", "\"update_seconds\":-1"))
            .contains("update_seconds")
    );
    assert!(
        refused(&good.replace("\"kind\":\"counter\"", "\"kind\":\"modelled\""))
            .contains("what its kind does")
    );
    // What shows nothing is a gap and not a zero.
    fs::write(&path, good.replace("\"uj\":5", "")).unwrap();
    let total = total(&replay(&path).unwrap());
    assert_eq!((total.joules, total.gaps), (None, 1));
}

/// Two meters in one run, one inside the other: what the inner ones see is what the outer one sees.
#[test]
fn windows_within_windows_add_up() {
    let (clock, dial) = (Arc::new(HandClock::default()), Arc::new(Mutex::new(Some(counter(0)))));
    let limits = Limits { update: record::units::Seconds(0.001), ..EXACT };
    let found =
        Found { readable: vec![scripted("package-0", Kind::Counter, limits, &dial)], unreadable: Vec::new() };
    let sources = Sources::assemble(clock.clone(), found, None);
    let mut shown = 0;
    let mut pass = |seconds: f64, watts: u64| {
        clock.pass(seconds, 0.0);
        shown += (seconds * watts as f64 * 1e6) as u64;
        *dial.lock().unwrap() = Some(Reading::Counter { microjoules: shown, range_microjoules: Some(RANGE) });
    };
    let outer = Meter::start(&sources);
    let mut inner = Vec::new();
    for part in 1..=5 {
        let meter = Meter::start(&sources);
        pass(0.5 * f64::from(part), 40);
        inner.push(meter.finish());
    }
    let outer = outer.finish();
    let sum: f64 = inner.iter().filter_map(|metering| joules(metering, Phase::Total)).sum();
    assert_eq!(joules(&outer, Phase::Total), Some(sum));
    assert_eq!(sum, 300.0);
    let seconds: f64 = inner.iter().map(|metering| metering.seconds.total.0).sum();
    assert!((outer.seconds.total.0 - seconds).abs() < 1e-9);
}

/// The counter that [`trace`] has, of 50 W, but for the looks that `shown` gives.
fn fifty(looks: u32, beside: &str, shown: impl Fn(u32) -> Option<u64>) -> EnergyWindow {
    let look = |tick| {
        let uj = shown(tick).unwrap_or(1_000_000_000 + 5_000_000 * u64::from(tick));
        (0.1 * f64::from(tick), format!("\"uj\":{uj},\"of\":{RANGE}{beside}"))
    };
    total(&trace("counter", 0.05, &(0..looks).map(look).collect::<Vec<_>>()))
}

/// What was false for a while and is taken back costs nothing else: neither what is true, nor the power beside the counter, nor bounds.
#[test]
fn what_is_taken_back_leaves_nothing_behind() {
    // For more than a second the counter shows 0, and its mean is not known yet.
    let zero = fifty(21, "", |tick| (1..15).contains(&tick).then_some(0));
    assert!((zero.joules.unwrap().0 - 100.0).abs() < 1e-9 && zero.known_share() > 0.999, "{zero:?}");
    let leap = |tick: u32| (20..23).contains(&tick).then(|| 1_155_000_000 + 5_000_000 * u64::from(tick));
    let (leapt, plain) = (fifty(41, ",\"beside_w\":50.0", leap), fifty(41, "", |_| None));
    let seen = leapt.joules_integrated.map(|joules| (joules.0 - 200.0).abs() < 1e-9);
    assert_eq!((leapt.joules, seen), (plain.joules, Some(true)), "{leapt:?}");
    let end = |window: &EnergyWindow| window.joules_high.unwrap().0;
    assert!((end(&leapt) - end(&plain)).abs() < 1e-6, "{leapt:?} {plain:?}");
}

/// A counter that moved between two looks of one moment and never again has no mean power, and ends all the same.
#[test]
fn a_move_in_no_time_has_finite_ends() {
    let shown = [(0.0, 1_000_000), (0.0, 1_500_000), (0.1, 1_500_000), (0.2, 1_500_000)];
    let shown = shown.map(|(t, uj)| (t, format!("\"uj\":{uj}")));
    let total = total(&trace("counter", 0.001, &shown));
    assert!(total.joules_high.is_some_and(|high| high.0.is_finite()), "{total:?}");
}
