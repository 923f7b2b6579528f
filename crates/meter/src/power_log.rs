//! A log of a wall meter that the user supplies: power of the whole machine, the one figure that leaves nothing out.

mod headings;
mod lag;

use std::path::{Path, PathBuf};

use record::energy::{BoundsCover, EnergyWindow, Kind, Phase};
use record::units::{Joules, Seconds, Watts};
use thiserror::Error;

/// Readings further apart than so many of a log's usual intervals are not joined by a straight line.
const USUAL: f64 = 3.0;
/// Readings are joined up to here, however fast the log usually is: loggers have their pauses.
const HOLDS: f64 = 1.0;
/// Readings further apart than this are never joined.
const HOLDS_AT_MOST: f64 = 60.0;

/// More than a machine at a wall meter draws: a circuit of three phases has 22 kW.
const PLAUSIBLE: f64 = 25_000.0;

/// Less than a machine at a wall meter draws: a Raspberry Pi Zero asleep has about that.
const LEAST: f64 = 0.3;

/// Why a log cannot be used.
#[derive(Debug, Error)]
pub enum PowerLogError {
    /// The system refused the file.
    #[error("cannot read the power log {path}: {reason}")]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A cell is not what it should be.
    #[error(
        "{path}, line {line}: expected {expected}, found `{found}`; a power log has lines such as 1764288000.5,87.3"
    )]
    Cell {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// There is nothing in it, or nothing but zeros and what no machine draws.
    #[error(
        "{path} holds no reading of at least {LEAST} W (are these kilowatts?); a power log has lines such as 1764288000.5,87.3"
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// What was read at one moment, as far as the log tells moments apart: the mean of several powers, and their ends.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    /// Seconds since 1970-01-01 UTC.
    time: f64,
    watts: f64,
    low: f64,
    high: f64,
    count: usize,
}

impl Moment {
    /// Readings of one time, by rising power; not empty.
    fn of(readings: &[(f64, f64)]) -> Moment {
        let watts = readings.iter().map(|(_, watts)| watts).sum::<f64>() / readings.len() as f64;
        let [low, high] =
            [readings.first(), readings.last()].map(|end| end.map_or(watts, |(_, watts)| *watts));
        Moment {
            time: readings.first().map_or(0.0, |(time, _)| *time),
            watts,
            low,
            high,
            count: readings.len(),
        }
    }
}

/// Readings in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerLog {
    path: PathBuf,
    readings: Vec<Moment>,
    left_out: LeftOut,
    /// Half of the last place that any of its powers shows, in watts: what the meter may have rounded away.
    rounded: f64,
}

/// Readings that no machine at work draws: below [`LEAST`], or above [`PLAUSIBLE`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct LeftOut {
    count: u64,
    /// Line and watts of the first.
    first: (u64, f64),
}

impl LeftOut {
    fn add(&mut self, line: u64, watts: f64) {
        if self.count == 0 {
            self.first = (line, watts);
        }
        self.count += 1;
    }

    /// Why a log of nothing else cannot be used.
    fn all(self, path: &Path) -> PowerLogError {
        let (line, watts) = self.first;
        if watts <= PLAUSIBLE {
            return PowerLogError::Empty { path: path.into() };
        }
        let expected = "watts, at most 25,000 (are these milliwatts?)";
        PowerLogError::Cell { path: path.into(), line, expected, found: watts.to_string() }
    }

    fn words(self) -> Option<String> {
        let (line, watts) = self.first;
        (self.count > 0).then(|| {
            format!(
                "readings below {LEAST} W or above {PLAUSIBLE} W are left out, as no machine at work draws that: {} of the log, the \
                 first of {watts} W in line {line}",
                self.count
            )
        })
    }
}

impl PowerLog {
    /// Reads a table of time and watts: two columns, or columns by their headings ([`headings::columns`]). Times are seconds since 1970 or of the form 2026-11-27T12:00:00.5Z; lines may stand in any order.
    ///
    /// # Errors
    /// Which line is not such a reading.
    pub fn read(path: &Path) -> Result<PowerLog, PowerLogError> {
        let unread =
            |error: csv::Error| PowerLogError::Unread { path: path.into(), reason: error.to_string() };
        let text = std::fs::read_to_string(path)
            .map_err(|error| PowerLogError::Unread { path: path.into(), reason: error.to_string() })?;
        // A last line without its end may be half a line of a log that is being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        let first = whole.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
        // Where the point is a comma, spreadsheets part cells otherwise; such numbers are refused by their line.
        let delimiter = [b',', b';', b'\t'].into_iter().find(|&byte| first.as_bytes().contains(&byte));
        let mut table = csv::ReaderBuilder::new();
        let table = table
            .delimiter(delimiter.unwrap_or(b','))
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'));
        let mut readings = Vec::new();
        let mut left_out = LeftOut::default();
        let mut places = -9;
        let (mut time, mut power) = (0, 1);
        let mut headed = None;
        for (place, row) in table.from_reader(whole.as_bytes()).into_records().enumerate() {
            let row = row.map_err(unread)?;
            let cell = |column: usize| row.get(column).unwrap_or_default();
            let line = row.position().map_or(0, csv::Position::line);
            let wrong = |column, expected| PowerLogError::Cell {
                path: path.into(),
                line,
                expected,
                found: cell(column).chars().take(40).collect(),
            };
            // Headings are words throughout.
            if place == 0 && row.iter().all(|cell| moment(cell).is_none()) {
                headed = Some(row.len());
                (time, power) =
                    headings::columns(&row).map_err(|(column, expected)| wrong(column, expected))?;
                continue;
            }
            if row.len() > headed.unwrap_or(2) {
                return Err(match headed {
                    None => wrong(2, "two columns, or a first line that names `time` and `watts`"),
                    Some(cells) => {
                        wrong(cells, "no more cells than the first line has (numbers have no commas within)")
                    }
                });
            }
            let (at, watts) = reading(cell(time), cell(power))
                .map_err(|(is_time, expected)| wrong(if is_time { time } else { power }, expected))?;
            if !(LEAST..=PLAUSIBLE).contains(&watts) {
                left_out.add(line, watts);
                continue;
            }
            readings.push((at, watts));
            places = places.max(decimals(cell(power)));
        }
        if readings.is_empty() {
            return Err(left_out.all(path));
        }
        readings.sort_by(|a: &(f64, f64), b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let readings = readings.chunk_by(|a, b| a.0 == b.0).map(Moment::of).collect();
        Ok(PowerLog { path: path.into(), readings, left_out, rounded: 0.5 * 10f64.powi(-places) })
    }

    /// The same log by a clock that shows `seconds` more.
    #[must_use]
    pub fn shifted(mut self, seconds: f64) -> PowerLog {
        self.readings.iter_mut().for_each(|moment| moment.time += seconds);
        self
    }

    /// By how many seconds its power rises and falls later than a run of `seconds` from `start_unix` on, or earlier where that is
    /// negative; `None` where both clocks agree as far as it shows, or it does not show it.
    #[must_use]
    pub fn lag(&self, start_unix: f64, seconds: Seconds) -> Option<Seconds> {
        let readings: Vec<(f64, f64)> =
            self.readings.iter().map(|moment| (moment.time, moment.watts)).collect();
        lag::lag(&readings, self.usual().0, start_unix, seconds.0).map(Seconds)
    }

    /// The energy from `start_unix` on, for `seconds`, as the domain `wall`.
    ///
    /// Power between two readings is taken on a straight line; the bounds take the smaller and the larger of the two
    /// throughout, and half of the last place that the log shows beyond them.
    #[must_use]
    pub fn window(&self, start_unix: f64, seconds: Seconds) -> EnergyWindow {
        let (from, to) = (start_unix, start_unix + seconds.0);
        let holds = self.holds();
        let (mut covered, mut gaps, mut most) = (0.0, 0, 0f64);
        let [mut low, mut central, mut high] = [0.0; 3];
        for pair in self.readings.windows(2) {
            let [before, after] = [pair[0], pair[1]];
            let [(t0, w0), (t1, w1)] = [before, after].map(|moment| (moment.time, moment.watts));
            let (begin, end) = (t0.max(from), t1.min(to));
            if end <= begin {
                continue;
            }
            if t1 - t0 > holds {
                gaps += 1;
                continue;
            }
            let at = |t: f64| w0 + (w1 - w0) * (t - t0) / (t1 - t0);
            covered += end - begin;
            low += (before.low.min(after.low) - self.rounded).max(0.0) * (end - begin);
            central += 0.5 * (at(begin) + at(end)) * (end - begin);
            high += (before.high.max(after.high) + self.rounded) * (end - begin);
            let inside = |moment: &&Moment| (from..=to).contains(&moment.time);
            let highest = [before, after].iter().filter(inside).map(|moment| moment.high).fold(0.0, f64::max);
            most = most.max(at(begin)).max(at(end)).max(highest);
        }
        let coverage = if seconds.0 > 0.0 { (covered / seconds.0).min(1.0) } else { 0.0 };
        let known = covered > 0.0;
        let mut notes = Vec::from_iter(self.left_out.words());
        notes.extend(self.crowded(from, to));
        if !known {
            let (first, last) =
                (self.readings.first().map_or(0.0, |r| r.time), self.readings.last().map_or(0.0, |r| r.time));
            notes.push(format!(
                "unknown: the log goes from {first:.1} to {last:.1}, and the run from {from:.1} to {to:.1}, in seconds \
                 since 1970; do both clocks agree?{}",
                if first > 500.0 * from { " The times of the log look like milliseconds." } else { "" }
            ));
        } else if coverage < 0.999 {
            notes.push(format!("the energy is that of {:.1}% of the window", 100.0 * coverage));
        }
        EnergyWindow {
            domain: "wall".into(),
            phase: Phase::Total,
            kind: if known { Kind::User } else { Kind::None },
            source: format!("power log {}, integrated", self.path.display()),
            joules: known.then_some(Joules(central)),
            joules_low: known.then_some(Joules(low)),
            joules_high: known.then_some(Joules(high)),
            bounds_cover: known.then_some(BoundsCover::Resolution),
            joules_integrated: None,
            card: None,
            watts_mean: known.then(|| Watts(central / covered)),
            watts_max: known.then_some(Watts(most)),
            seconds,
            start: Seconds(0.0),
            end: seconds,
            coverage,
            wraps: 0,
            bridged: Seconds(0.0),
            ambiguous: 0,
            gaps,
            notes,
        }
    }

    /// Words for a log with several readings of one time.
    fn crowded(&self, from: f64, to: f64) -> Option<String> {
        let is_crowded = |moment: &&Moment| moment.count > 1 && (from..=to).contains(&moment.time);
        let count = self.readings.iter().filter(is_crowded).count();
        (count > 0).then(|| {
            format!("{count} moments have several readings, of which the mean is taken: finer times would tell more")
        })
    }

    /// The power of a single reading that makes most of the energy from `start_unix` on, for `seconds`: it may be a fault, and what lies
    /// between it and its neighbours was not seen. `None` where there is none such.
    #[must_use]
    pub fn outlier(&self, start_unix: f64, seconds: Seconds) -> Option<Watts> {
        let (from, to) = (start_unix, start_unix + seconds.0);
        let inside: Vec<&Moment> = self.readings.iter().filter(|m| (from..=to).contains(&m.time)).collect();
        // Each stands for half of the time to its neighbours, which are about equally far.
        let sum: f64 = inside.iter().map(|moment| moment.watts).sum();
        let most = inside.iter().map(|moment| moment.high).fold(0.0, f64::max);
        (inside.len() >= 4 && 2.0 * most > sum.max(most)).then_some(Watts(most))
    }

    /// When its last reading was made, seconds since 1970.
    #[must_use]
    pub fn end_unix(&self) -> f64 {
        self.readings.last().map_or(0.0, |last| last.time)
    }

    /// The usual time between two readings.
    #[must_use]
    pub fn usual(&self) -> Seconds {
        let mut apart: Vec<f64> = self.readings.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
        apart.sort_by(f64::total_cmp);
        Seconds(apart.get(apart.len() / 2).copied().unwrap_or(0.0))
    }

    /// How far apart two readings may lie.
    fn holds(&self) -> f64 {
        (USUAL * self.usual().0).clamp(HOLDS, HOLDS_AT_MOST)
    }
}

/// The window of a log that cannot be used, with the reason.
#[must_use]
pub fn unread(path: &Path, error: &PowerLogError, seconds: Seconds) -> EnergyWindow {
    let nothing =
        PowerLog { path: path.into(), readings: Vec::new(), left_out: LeftOut::default(), rounded: 0.0 };
    EnergyWindow { notes: vec![format!("unknown: {error}")], ..nothing.window(0.0, seconds) }
}

/// Places after the point of a number as it is written; negative for whole tens and more, as in 1e3.
fn decimals(number: &str) -> i32 {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let places = mantissa.split_once('.').map_or(0, |(_, places)| places.len());
    // No meter shows a billionth of a watt; what writes so many digits does not mean them.
    i32::try_from(places).unwrap_or(i32::MAX).saturating_sub(exponent.parse().unwrap_or(0)).clamp(-9, 9)
}

/// Time and watts of a line; otherwise whether it is the time that is wrong, and what should stand there.
fn reading(time: &str, power: &str) -> Result<(f64, f64), (bool, &'static str)> {
    let time = moment(time).ok_or((true, "a time, in seconds since 1970 or as 2026-11-27T12:00:00Z"))?;
    let watts = power.parse().ok().filter(|watts: &f64| watts.is_finite() && *watts >= 0.0);
    Ok((time, watts.ok_or((false, "watts, 0 or more"))?))
}

/// Seconds since 1970.
fn moment(text: &str) -> Option<f64> {
    let seconds = || text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    let date = || Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond() as f64 * 1e-3);
    seconds().or_else(date)
}

#[cfg(test)]
mod tests;
