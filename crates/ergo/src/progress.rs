//! Progress bars on stderr; hidden where stderr is not a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use record::energy::Kind;
use record::units::Watts;

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

const TRAINING: &str = "{prefix} {wide_bar} {human_pos}/{human_len} steps  {msg}  {eta} left";
const SWEEP: &str = "{prefix} {wide_bar} {percent}%  {msg}  {eta} left";
const DOWNLOAD: &str = "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";

/// A bar over the steps of one training of `net`.
#[must_use]
pub fn training(steps: u64, net: &str) -> ProgressBar {
    styled(steps, net, TRAINING)
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
        format!("{mark}{watts:.0} W")
    });
    [images, flops, watts].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn styled(total: u64, what: &str, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_prefix(what.to_owned());
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        // The default style is the next best thing.
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests;
