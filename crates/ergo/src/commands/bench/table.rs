//! A benchmark as text: what holds for all rows, the table, the layers, the warnings.

use law::number::significant;
use record::bench::{BenchOutput, BenchRow, LayerTime, Overtaking};
use record::energy::Kind;
use report::label::{grouped, percent, wrap};

use crate::table::aligned;

/// Width that no line of prose exceeds.
const COLUMNS: usize = 100;

/// A setting by its name and how a row has it.
type Setting = (&'static str, fn(&BenchRow) -> String);

/// Settings that are a column where rows differ in them, and a word in the heading where they do not.
const SETTINGS: [Setting; 6] = [
    ("data", |row| row.data.clone()),
    ("device", |row| row.device.clone()),
    ("precision", |row| row.precision.clone()),
    ("phase", |row| row.phase.name().to_owned()),
    ("batch", |row| row.batch.to_string()),
    ("threads", |row| row.threads.to_string()),
];

/// The text; ends with a line end.
#[must_use]
pub fn text(told: &BenchOutput) -> String {
    let (columns, heading): (Vec<Setting>, Vec<Setting>) = SETTINGS
        .into_iter()
        .partition(|(_, of)| told.rows.windows(2).any(|pair| of(&pair[0]) != of(&pair[1])));
    let mut text = machine(told);
    if let Some(first) = told.rows.first() {
        let same: Vec<String> = heading.iter().map(|(name, of)| format!("{name} {}", of(first))).collect();
        text += &format!("{}\n\n", same.join(", "));
    }
    text += &aligned(&rows(told, &columns), 2 + columns.len());
    for row in &told.rows {
        if let Some(layers) = &row.profile {
            let settings = columns.iter().map(|(name, of)| format!(", {name} {}", of(row)));
            text += &format!("\n{} with {}{}\n", row.net, row.learner, settings.collect::<String>());
            text += &aligned(&layer_rows(layers), 2);
        }
    }
    if !told.overtaking.is_empty() {
        text += "\nWhere cards overtake the processor's fastest:\n";
        text += &aligned(&overtaking_rows(&told.overtaking), 8);
    }
    text += &format!("\n{}", folded(&notes(told), "", ""));
    if !told.warnings.is_empty() {
        text += "\nBefore believing these numbers:\n";
        text.extend(told.warnings.iter().map(|warning| folded(warning, "- ", "  ")));
    }
    text
}

/// The machine and its peak.
fn machine(told: &BenchOutput) -> String {
    let host = &told.host;
    let others =
        told.others_share.map(|share| format!(", of those in use other work had {}", percent(share, 2)));
    let mut text = format!("{}, {} processors{}\n", host.cpu, host.cores, others.unwrap_or_default());
    for peak in &told.peaks {
        text += &format!(
            "peak {:.1} GFLOP/s [{:.1}, {:.1}]: {}\n",
            peak.gflops, peak.low, peak.high, peak.source
        );
        text += &match peak.theoretical_gflops {
            Some(gflops) => format!("  of {gflops:.1} GFLOP/s in theory: {}\n", peak.theoretical_source),
            None => format!("  in theory unknown: {}\n", peak.theoretical_source),
        };
    }
    text
}

fn rows(told: &BenchOutput, settings: &[Setting]) -> Vec<Vec<String>> {
    let is_compared = told.rows.iter().any(|row| row.ratio.is_some());
    let mut heading = vec!["net".to_owned(), "learner".to_owned()];
    heading.extend(settings.iter().map(|(name, _)| (*name).to_owned()));
    let columns = ["img/s", "[low, high]", "GFLOP/s", "MFU", "img/CPU s", "W", "J/img", "J/TFLOP"];
    heading.extend(columns.map(str::to_owned));
    if is_compared {
        heading.push("times".to_owned());
    }
    let mut rows = vec![heading];
    for row in &told.rows {
        let mut cells = vec![row.net.clone(), row.learner.clone()];
        cells.extend(settings.iter().map(|(_, of)| of(row)));
        cells.extend([
            rate(row.images_per_second),
            format!("[{}, {}]", rate(row.low), rate(row.high)),
            significant(row.gflops, 3),
            percent(row.mfu, 3),
            row.images_per_cpu_second.map_or("?".to_owned(), rate),
            of_energy(row, row.watts),
            of_energy(row, row.joules_per_image),
            of_energy(row, row.joules_per_tflop),
        ]);
        cells.extend(is_compared.then(|| ratio(row)));
        rows.push(cells);
    }
    rows
}

/// Images per second with the digits that mean anything.
fn rate(value: f64) -> String {
    if value >= 100.0 { grouped(value.round() as u64) } else { significant(value, 3) }
}

/// Joules or watts, marked where they are an estimate.
fn of_energy(row: &BenchRow, value: Option<f64>) -> String {
    let mark = if row.energy_kind == Kind::Modelled { "~" } else { "" };
    let scope = if row.cards_alone { " (card)" } else { "" };
    value.map_or("?".to_owned(), |value| format!("{mark}{}{scope}", significant(value, 2)))
}

fn ratio(row: &BenchRow) -> String {
    match (row.ratio, row.ratio_low, row.ratio_high, &row.ratio_to) {
        (Some(_), _, _, Some(to)) if *to == row.learner => "1".to_owned(),
        (Some(ratio), Some(low), Some(high), Some(to)) => {
            let [ratio, low, high] = [ratio, low, high].map(|ratio| significant(ratio, 3));
            format!("{ratio} [{low}, {high}] x {to}")
        }
        _ => String::new(),
    }
}

fn overtaking_rows(all: &[Overtaking]) -> Vec<Vec<String>> {
    let heading = ["net", "data", "phase", "card", "precision", "batch", "overtakes", "measured at"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for one in all {
        let growth = one.along.name();
        let measured: Vec<String> = one.measured.iter().map(u64::to_string).collect();
        rows.push(vec![
            one.net.clone(),
            one.data.clone(),
            one.phase.name().to_owned(),
            format!("{} on {}", one.learner, one.device),
            one.precision.clone(),
            one.batch.map_or("any".to_owned(), |batch| batch.to_string()),
            one.from.map_or("nowhere".to_owned(), |from| format!("from {growth} {from} on")),
            format!("{growth} {}", measured.join(", ")),
        ]);
    }
    rows
}

fn layer_rows(layers: &[LayerTime]) -> Vec<Vec<String>> {
    let mut rows =
        vec![["layer", "phase", "ms/step", "share", "GFLOP/s", "executed"].map(str::to_owned).to_vec()];
    let speed = |gflops: Option<f64>| gflops.map_or(String::new(), |gflops| significant(gflops, 3));
    let mut told = 0.0;
    for layer in layers {
        told += layer.share;
        rows.push(vec![
            layer.layer.clone(),
            layer.phase.name().to_owned(),
            significant(layer.ms_per_step, 3),
            percent(layer.share, 3),
            speed(layer.gflops),
            speed(layer.executed_gflops),
        ]);
    }
    let rest = ["rest", "", "", &percent((1.0 - told).max(0.0), 3), "", ""].map(str::to_owned).to_vec();
    rows.push(rest);
    rows
}

/// What the columns are.
fn notes(told: &BenchOutput) -> String {
    let estimated = told.rows.iter().any(|row| row.energy_kind == Kind::Modelled);
    let energy = if estimated {
        " Those marked ~ are an estimate from processor time, not a measurement."
    } else {
        ""
    };
    format!(
        "img/s: {}, which covers the median in {} of cases. MFU: model FLOP/s over the peak, which was measured in \
         the same rounds. img/CPU s: images per second of processor time. W, J/img, J/TFLOP: mean power, energy \
         of an image and of 1e12 model FLOP.{energy}",
        told.interval.method,
        percent(told.interval.coverage, 3)
    )
}

/// Prose in lines of at most [`COLUMNS`], the first after `first`, the others after `rest`.
fn folded(text: &str, first: &str, rest: &str) -> String {
    let lines = wrap(text, |line| line.chars().count() + first.len() <= COLUMNS);
    let prefixes = std::iter::once(first).chain(std::iter::repeat(rest));
    lines.iter().zip(prefixes).map(|(line, prefix)| format!("{prefix}{line}\n")).collect()
}
