//! Progress on stderr: a bar on a terminal, and a plain line now and then elsewhere.

use std::fmt::Write;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use meter::clock::Stopwatch;
use record::energy::Kind;
use record::units::Watts;

use crate::{output, quantity};

/// Seconds between two plain lines.
const LINE_SECONDS: f64 = 30.0;

/// How fast work goes, as shown beside a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Images per second.
    pub images_per_second: Option<f64>,
    /// Model FLOP/s.
    pub flops_per_second: Option<f64>,
    /// Power and how it was obtained.
    pub watts: Option<(Watts, Kind)>,
}

const TRAINING: &str = "{prefix} {wide_bar} {human_pos}/{human_len} steps  {msg}  {left}";
const BENCH: &str = "{prefix} {wide_bar} {human_pos}/{human_len} slices  {msg}  {left}";
const OVERHEAD: &str = "{prefix} {wide_bar} {human_pos}/{human_len} pairs  {msg}  {left}";
const SIMULATION: &str = "{prefix} {wide_bar} {human_pos}/{human_len} repetitions  {left}";
const SWEEP: &str = "{prefix} {wide_bar} {percent}%  {msg}  {left}";
const DOWNLOAD: &str = "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {left}";

/// A bar over the steps of one training of `net`.
#[must_use]
pub fn training(steps: u64, net: &str) -> ProgressBar {
    styled(steps, net, TRAINING)
}

/// A bar over the slices of a benchmark.
#[must_use]
pub fn bench(slices: u64) -> ProgressBar {
    styled(slices, "bench", BENCH)
}

/// A bar over the pairs of blocks that show what metering costs.
#[must_use]
pub fn overhead(pairs: u64) -> ProgressBar {
    styled(pairs, "overhead", OVERHEAD)
}

/// A bar over the repetitions of a simulation.
#[must_use]
pub fn simulation(repetitions: u64, name: &str) -> ProgressBar {
    styled(repetitions, name, SIMULATION)
}

/// A bar over the work of the sweep called `name`, in any unit.
#[must_use]
pub fn sweep(work: u64, name: &str) -> ProgressBar {
    styled(work, name, SWEEP)
}

/// A bar over the bytes of the download of `file`.
#[must_use]
pub fn download(bytes: u64, file: &str) -> ProgressBar {
    styled(bytes, file, DOWNLOAD)
}

/// Shows how far the work is and how fast it goes.
pub fn update(bar: &ProgressBar, done: u64, rates: &Rates) {
    bar.set_position(done);
    bar.set_message(in_words(rates));
}

/// The rates that are known, for example `8000 img/s  18.1 GFLOP/s  ~40 W`; `~` marks an estimate.
#[must_use]
pub fn in_words(rates: &Rates) -> String {
    let images = rates.images_per_second.map(|rate| format!("{rate:.0} img/s"));
    let flops = rates.flops_per_second.map(|rate| format!("{:.1} GFLOP/s", rate / 1e9));
    let watts = rates.watts.map(|(Watts(watts), kind)| {
        let mark = if kind == Kind::Modelled { "~" } else { "" };
        format!("{mark}{}", quantity::watts(watts))
    });
    [images, flops, watts].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn styled(total: u64, what: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_prefix(what.to_owned());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.with_key("left", left_of_bar)),
        // The default style is the next best thing.
        Err(_) => bar,
    }
}

/// Time left, which nobody knows before the first part of the work is done.
fn left_of_bar(state: &ProgressState, text: &mut dyn Write) {
    // A bar that cannot be drawn is nobody's concern.
    let _ = match state.eta() {
        eta if eta.is_zero() && !state.is_finished() => Ok(()),
        eta => write!(text, "{:#} left", HumanDuration(eta)),
    };
}

/// Plain lines in place of a bar where stderr is no terminal, so that a log shows that the work goes on.
#[derive(Debug, Default)]
pub struct PlainLines {
    /// The clock since the work was first looked at, and how much was done then.
    first: Option<(Stopwatch, f64)>,
    told_seconds: f64,
}

impl PlainLines {
    /// Tells `what`, for example `12 of 54 runs done`, and the time left, when the last line is long enough ago.
    pub fn tell(&mut self, bar: &ProgressBar, done: f64, total: f64, what: impl FnOnce() -> String) {
        if !bar.is_hidden() {
            return;
        }
        let (clock, first) = self.first.get_or_insert_with(|| (Stopwatch::start(), done));
        let seconds = clock.elapsed().0;
        if seconds - self.told_seconds >= LINE_SECONDS {
            self.told_seconds = seconds;
            output::note(&format!("{}{}", what(), left(seconds, done - *first, total - done)));
        }
    }
}

/// For example `, about 70 s left`, where work of `done` took `seconds`; nothing before the first part is done.
fn left(seconds: f64, done: f64, to_do: f64) -> String {
    if done <= 0.0 {
        return String::new();
    }
    format!(", about {} left", quantity::seconds(seconds * to_do / done))
}

#[cfg(test)]
mod tests;
