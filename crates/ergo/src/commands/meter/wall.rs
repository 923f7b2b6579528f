//! What the log of a wall meter says of a run, and what speaks against it.

use std::path::Path;
use std::time::Duration;

use meter::clock::Stopwatch;
use meter::power_log::{PowerLog, PowerLogError};
use record::energy::{EnergyWindow, Kind};
use record::units::{Joules, Seconds, Watts};

use crate::quantity;

/// A run of fewer usual intervals of a log is not resolved by it.
const RESOLVED: f64 = 3.0;
/// Seconds for which the next line of a log is awaited at most.
const LONGEST_WAIT: f64 = 15.0;
/// Below this share of the least that processors alone can draw by the estimate, a wall meter has another unit or another machine.
const FAR_BELOW: f64 = 0.5;
/// Times the most that the others allow is more than any machine draws beside its processors and what else was counted.
const FAR_ABOVE: f64 = 100.0;

/// What a log says of a run.
pub struct Wall {
    /// The domain `wall`.
    pub window: EnergyWindow,
    /// Whether it may stand for the whole machine.
    pub is_believed: bool,
}

/// The energy of a run by a log, with what speaks against it; `others` is the total of the other sources with its ends.
pub fn wall(
    log: &PowerLog,
    started_unix: f64,
    seconds: Seconds,
    others: Option<([Joules; 3], Kind)>,
    shift: f64,
) -> Wall {
    let mut window = log.window(started_unix, seconds);
    window.notes.extend(calibration(&window, others.map(|([_, joules, _], kind)| (joules, kind))));
    let mut doubts: Vec<String> = Vec::new();
    if let Some(lag) = log.lag(started_unix, seconds) {
        let other = log.clone().shifted(-lag.0).window(started_unix, seconds);
        let pick = |of: fn(f64, f64) -> f64, a: Option<Joules>, b: Option<Joules>| {
            a.zip(b).map(|(Joules(a), Joules(b))| Joules(of(a, b)))
        };
        window.joules_low = pick(f64::min, window.joules_low, other.joules_low);
        window.joules_high = pick(f64::max, window.joules_high, other.joules_high);
        doubts.push(late(lag, shift));
    }
    let usual = log.usual();
    if window.joules.is_some() && seconds.0 < RESOLVED * usual.0 {
        doubts.push(format!(
            "a reading every {} is too slow for a run of {}: what was drawn between two of them is not in the bounds",
            quantity::seconds(usual.0),
            quantity::seconds(seconds.0)
        ));
    }
    if let Some(Watts(watts)) = log.outlier(started_unix, seconds) {
        doubts.push(format!("a single reading, of {watts} W, makes most of the energy: it may be a fault"));
    }
    let contradicted = others.and_then(|others| contradiction(&window, others));
    if let Some((words, true)) = &contradicted {
        doubts.push(words.clone());
    } else {
        window.notes.extend(contradicted.map(|(words, _)| words));
    }
    let is_believed = doubts.is_empty();
    window.notes.extend(doubts);
    if !is_believed {
        window.notes.push("it is therefore in no total and costs nothing here".to_owned());
    }
    Wall { window, is_believed }
}

/// A log with the first reading after `end_unix`, for which it waits as long as it usually takes to come, if it is still
/// being written.
pub fn read_to(path: &Path, shift: f64, end_unix: f64) -> Result<PowerLog, PowerLogError> {
    let waited = Stopwatch::start();
    loop {
        let log = PowerLog::read(path)?.shifted(shift);
        let most = (1.5 * log.usual().0).min(LONGEST_WAIT);
        // A log that had ended long before has no more to say.
        let ended = log.end_unix() + most < end_unix;
        if ended || log.end_unix() >= end_unix || waited.elapsed().0 > most {
            return Ok(log);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// That the clock of a log seems to differ, and what to type then; a log is not shifted unasked.
fn late(Seconds(lag): Seconds, shift: f64) -> String {
    let (when, clock) = if lag > 0.0 { ("later", "ahead") } else { ("earlier", "behind") };
    format!(
        "the power of the log rises and falls {:.1} s {when} than the command began and ended: if its clock is {clock} by so \
         much, give --power-log-shift {:.1}",
        lag.abs(),
        shift - lag
    )
}

/// What the wall meter says of the others: power against power, as it may have seen less of the time.
fn calibration(wall: &EnergyWindow, parts: Option<(Joules, Kind)>) -> Option<String> {
    let ((joules, kind), watts) = (parts?, wall.watts_mean?);
    let others =
        if kind == Kind::Modelled { "the estimate" } else { "what counters and sensors show together" };
    let enough = wall.coverage >= 0.5 && joules.0 > 0.0;
    enough.then(|| format!("the wall meter shows {:.2} times {others}", watts.0 * wall.seconds.0 / joules.0))
}

/// What cannot be, and whether it is beyond doubt: that the wall shows less than parts of the machine that were counted, or what
/// an estimate does not allow, whose assumptions may be wrong.
fn contradiction(wall: &EnergyWindow, ([low, _, high], kind): ([Joules; 3], Kind)) -> Option<(String, bool)> {
    let joules = wall.joules.filter(|_| wall.coverage >= 0.99)?;
    let check = "do its unit, its clock and what it is plugged to agree with this machine?";
    match kind {
        Kind::None | Kind::User => None,
        _ if high.0 > 0.0 && joules > Joules(FAR_ABOVE * high.0) => Some((
            format!(
                "CONTRADICTION: the wall meter shows more than {FAR_ABOVE} times what the other sources allow, {:.4} J at most: {check}",
                high.0
            ),
            true,
        )),
        Kind::Modelled if joules < Joules(FAR_BELOW * low.0) => Some((
            format!(
                "CONTRADICTION: the wall meter shows far less than the estimate of the processors alone, {:.4} J at least: {check}",
                low.0
            ),
            true,
        )),
        Kind::Modelled if joules < low || joules > high => Some((
            format!(
                "the wall meter lies outside of what the estimate holds possible, {:.4} to {:.4} J: {check}",
                low.0, high.0
            ),
            false,
        )),
        Kind::Counter | Kind::Integrated if joules < low => Some((
            format!(
                "CONTRADICTION: the wall meter shows less than the parts of this machine that were counted, {:.4} J at least: {check}",
                low.0
            ),
            true,
        )),
        _ => None,
    }
}
