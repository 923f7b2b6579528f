//! Tests of power logs with known integrals, and of what is refused.

use std::fs;

use tempfile::TempDir;

use super::*;

fn log(text: &str) -> Result<PowerLog, PowerLogError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("wall.csv");
    fs::write(&path, text).unwrap();
    PowerLog::read(&path)
}

/// Power `watts(t)` at the times `t`, each after the one before.
fn sampled(times: impl Iterator<Item = f64>, watts: impl Fn(f64) -> f64) -> PowerLog {
    PowerLog {
        path: "log".into(),
        readings: times.map(|t| Moment::of(&[(t, watts(t))])).collect(),
        left_out: LeftOut::default(),
        rounded: 0.0,
    }
}

/// Every tenth of a second, up to a fifth earlier or later than that.
fn jittered(count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(|i| 0.1 * (f64::from(i) + 0.4 * ((f64::from(i) * 0.618_034).fract() - 0.5)))
}

fn joules(log: &PowerLog, from: f64, seconds: f64) -> f64 {
    log.window(from, Seconds(seconds)).joules.unwrap().0
}

#[test]
fn constants_and_ramps_are_exact() {
    let constant = sampled(jittered(1200), |_| 80.0);
    assert!((joules(&constant, 10.0, 60.0) - 4800.0).abs() < 1e-9);
    // From 10 to 70 s at t watts: (70^2 - 10^2) / 2.
    let ramp = sampled(jittered(1200), |t| t);
    assert!((joules(&ramp, 10.0, 60.0) - 2400.0).abs() < 1e-9);
    let window = ramp.window(10.0, Seconds(60.0));
    assert_eq!((window.kind, window.coverage, window.gaps), (Kind::User, 1.0, 0));
    assert!((window.watts_max.unwrap().0 - 70.0).abs() < 1e-9);
    assert!(window.joules_low < window.joules && window.joules < window.joules_high);
}

/// A quarter of the time 200 W, else 40 W: 80 W in the mean, over 60 s 4,800 J. With a period of 2 s within 1%; with one
/// of 20 ms, far shorter than what lies between readings, the bounds hold the truth.
#[test]
fn square_waves_are_near_or_within_bounds() {
    let wave = |period: f64| move |t: f64| if (t / period).fract() < 0.25 { 200.0 } else { 40.0 };
    let slow = sampled(jittered(1200), wave(2.0));
    assert!((joules(&slow, 10.0, 60.0) / 4800.0 - 1.0).abs() < 0.01, "{}", joules(&slow, 10.0, 60.0));
    let window = sampled(jittered(1200), wave(0.02)).window(10.0, Seconds(60.0));
    let (low, high) = (window.joules_low.unwrap().0, window.joules_high.unwrap().0);
    assert!(low < 4800.0 && 4800.0 < high, "{low} to {high}");
}

/// A constant 87 W may be anything that a meter rounds so; 87.0 W is ten times as exact.
#[test]
fn what_the_meter_rounds_is_within_the_bounds() {
    for (shown, half) in [("87", 0.5), ("87.0", 0.05), ("8.70e1", 0.05), ("9e1", 5.0)] {
        let window = log(&format!("0,{shown}\n1,{shown}\n2,{shown}\n")).unwrap().window(0.0, Seconds(2.0));
        let watts: f64 = shown.parse().unwrap();
        let (low, high) = (window.joules_low.unwrap().0, window.joules_high.unwrap().0);
        assert!((high - 2.0 * (watts + half)).abs() < 1e-9, "{shown}: {high}");
        assert!((low - 2.0 * (watts - half).max(0.0)).abs() < 1e-9, "{shown}: {low}");
    }
    // Trailing zeros may be left out, so that the finest of all lines counts.
    let mixed = log("0,87\n1,87.25\n2,87\n").unwrap();
    assert!((mixed.rounded - 0.005).abs() < 1e-12);
}

/// A run at 100 W in a log whose clock is 20 s ahead: only its lag tells, and shifted back it is whole.
#[test]
fn a_clock_that_is_ahead_is_seen_and_set_right() {
    let ahead = sampled(jittered(3000), |t| if (120.0..180.0).contains(&t) { 100.0 } else { 20.0 });
    let lag = ahead.lag(100.0, Seconds(60.0)).unwrap().0;
    assert!((lag - 20.0).abs() < 0.2, "{lag}");
    assert!(joules(&ahead, 100.0, 60.0) < 4500.0);
    let right = ahead.shifted(-lag);
    assert!((joules(&right, 100.0, 60.0) / 6000.0 - 1.0).abs() < 0.01);
    assert_eq!(right.lag(100.0, Seconds(60.0)), None);
}

/// Meters that log more than power name their columns.
#[test]
fn headings_say_where_the_watts_are() {
    let log = log("Timestamp,Volts,Power (W)\n10,230,100\n12,231,100\n").unwrap();
    assert!((joules(&log, 10.0, 2.0) - 200.0).abs() < 1e-9);
}

#[test]
fn order_and_repetition_do_not_matter() {
    let ordered = log("time,watts\n10,100\n11,200\n12,100\n13,100\n").unwrap();
    let log = log("time,watts\n# by hand\n12,100\n10, 100\n11,300\n11,100\n13,100\n13,100\n").unwrap();
    let (one, other) = (log.window(10.0, Seconds(3.0)), ordered.window(10.0, Seconds(3.0)));
    assert_eq!((one.joules, one.coverage), (other.joules, other.coverage));
    // Of several readings of one time the mean counts, and all are in the bounds.
    assert!(one.joules_high.unwrap() > other.joules_high.unwrap() && one.watts_max == Some(Watts(300.0)));
    assert!(one.notes.iter().any(|note| note.contains("finer times")), "{:?}", one.notes);
}

fn log_of_milliseconds() -> PowerLog {
    log("1764288000000,50\n1764288001000,50\n").unwrap()
}

#[test]
fn what_was_not_logged_is_not_covered() {
    let log = log("0,50\n1,50\n2,50\n30,50\n31,50\n32,50\n").unwrap();
    let window = log.window(0.0, Seconds(32.0));
    // 2 s before the pause of 28 s and 2 s after it.
    assert!((window.coverage - 4.0 / 32.0).abs() < 1e-9);
    assert_eq!((window.gaps, window.joules), (1, Some(Joules(200.0))));
    assert!(window.notes[0].contains("12.5%"), "{:?}", window.notes);
    let elsewhere = log.window(100.0, Seconds(5.0));
    assert_eq!((elsewhere.kind, elsewhere.joules, elsewhere.coverage), (Kind::None, None, 0.0));
    assert!(elsewhere.notes[0].contains("do both clocks agree"), "{:?}", elsewhere.notes);
    let finer = log_of_milliseconds().window(1_764_288_000.0, Seconds(2.0));
    assert!(finer.notes[0].contains("milliseconds"), "{:?}", finer.notes);
}

/// A log of ten readings a second has none for four seconds: they are missing, however short four seconds are for others.
#[test]
fn a_hole_in_a_fast_log_is_a_gap() {
    let log = sampled(jittered(600).filter(|&t| !(20.0..24.0).contains(&t)), |_| 80.0);
    let window = log.window(10.0, Seconds(40.0));
    assert_eq!(window.gaps, 1);
    assert!((window.coverage - 0.9).abs() < 0.01, "{}", window.coverage);
    assert!((window.watts_mean.unwrap().0 - 80.0).abs() < 1e-9);
}

/// A meter that lost its socket shows 0 W, and a glitch may show anything: neither is power of a machine at work.
#[test]
fn readings_that_no_machine_draws_are_left_out_and_told() {
    let log = log("0,50\n1,50\n2,1000000\n3,50\n4,0\n5,0\n6,0\n7,0\n8,50\n9,50\n10,50\n11,50\n").unwrap();
    let window = log.window(0.0, Seconds(11.0));
    // The glitch is bridged, the four seconds without power are not.
    assert_eq!((window.gaps, window.joules), (1, Some(Joules(300.0))));
    assert_eq!(window.watts_max.map(|watts| watts.0), Some(50.0));
    let told = window.notes.iter().any(|note| note.contains("5 of the log") && note.contains("line 3"));
    assert!(told, "{:?}", window.notes);
}

#[test]
fn one_reading_that_makes_most_of_the_energy_is_an_outlier() {
    let log = log("0,80\n1,80\n2,24000\n3,80\n4,80\n").unwrap();
    assert_eq!(log.outlier(0.0, Seconds(4.0)), Some(Watts(24_000.0)));
    let burst = sampled((0..30).map(f64::from), |t| if t == 10.0 { 600.0 } else { 60.0 });
    assert_eq!(burst.outlier(0.0, Seconds(30.0)), None);
}

/// A log of one reading every ten seconds is slow throughout, and believed.
#[test]
fn slow_logs_are_believed() {
    let log = sampled((0..30).map(|i| 10.0 * f64::from(i)), |_| 60.0);
    assert!((joules(&log, 15.0, 100.0) - 6000.0).abs() < 1e-9);
}

/// Half a line at the end may be that of a log which is being written.
#[test]
fn a_torn_last_line_is_left_out() {
    let log = log("0,100\n1,100\n2,1").unwrap();
    assert_eq!((log.end_unix(), log.usual()), (1.0, Seconds(1.0)));
}

#[test]
fn dates_are_times() {
    let log = log("2026-11-27T12:00:00Z,10\n2026-11-27T13:00:01.500+01:00,10\n").unwrap();
    // 2026-11-27T12:00:00Z by `date -u -d ... +%s`.
    assert!((joules(&log, 1_795_780_800.0, 1.5) - 15.0).abs() < 1e-3);
}

#[test]
fn what_is_no_log_is_refused_by_line() {
    let refused = |text: &str, words: &[&str]| {
        let error = log(text).unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    };
    refused("0,50\nyesterday,50\n", &["line 2", "a time", "`yesterday`"]);
    refused("0,50\n1,-3\n", &["line 2", "watts", "`-3`"]);
    refused("0,50\n1\n", &["line 2", "watts", "``"]);
    refused("0,NaN\n", &["line 1", "watts"]);
    refused("0,87300\n1,87300\n", &["line 1", "milliwatts", "`87300`"]);
    refused("0,0\n1,0.0\n", &["holds no reading of at least 0.3 W"]);
    refused("0,0.12\n1,0.12\n", &["are these kilowatts?"]);
    refused("", &["holds no reading"]);
    refused("time,watts\n", &["holds no reading"]);
    refused("time,volts\n0,230\n", &["line 1", "power in watts", "`watts`"]);
    for unit in ["power_kw", "power_mw", "Power (mW)", "power [kW]", "power in kilowatts"] {
        refused(&format!("time,{unit}\n0,230\n"), &["line 1", "power in watts", unit]);
    }
    for unit in ["power", "power_w", "Power (W)", "power [watts]", "watts", "power_total_w", "power_draw"] {
        assert!(log(&format!("time,{unit}\n0,230\n")).is_ok(), "{unit}");
    }
    assert!(log("time;watts\n0;230\n").is_ok() && log("time\twatts\n0\t230\n").is_ok());
    refused("0,230,50\n", &["line 1", "two columns", "`50`"]);
    refused("time,watts\n0,230\n1,1,200\n", &["line 3", "no more cells", "`200`"]);
    let missing = PowerLog::read(Path::new("/nowhere/wall.csv")).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/wall.csv"), "{missing}");
}
