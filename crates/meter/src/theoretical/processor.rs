//! The theoretical peak of threads of this processor: units x lanes x 2 x cores x clock.

use std::collections::BTreeSet;
use std::path::Path;

use record::peak::Known;
use record::spec::Precision;

use super::families::{self, Described};
use crate::host::{field, is_listed, text};

/// The peak of `threads` threads in f32 of the processors under `root` that this process may run on.
///
/// # Errors
/// Why it is unknown.
pub(super) fn peak(root: &Path, precision: Precision, threads: usize, clock_hertz: Option<f64>) -> Known {
    if precision != Precision::F32 {
        return Err(format!("the table of processors is for f32, not for {}", precision.name()));
    }
    let cpuinfo = text(root, "proc/cpuinfo");
    let number = |name: &str| field(&cpuinfo, name).and_then(|text| whole(&text)).unwrap_or_default();
    let named = |name: &str| field(&cpuinfo, name);
    let vendor = named("vendor_id").or_else(|| named("CPU implementer")).unwrap_or_default();
    let is_arm = named("vendor_id").is_none();
    let name = named("model name").or_else(|| named("Model")).unwrap_or_else(|| "unknown".to_owned());
    let flags = named("flags").unwrap_or_default();
    let has = |flag: &str| flags.split_whitespace().any(|other| other == flag);
    let core = families::core(&Described {
        vendor: &vendor,
        family: if is_arm { 0 } else { number("cpu family") },
        model: number(if is_arm { "CPU part" } else { "model" }),
        name: &name,
        has_avx512: has("avx512f"),
        has_fma: has("fma"),
    })?;
    let processors = usable(root, &cpuinfo);
    let cores = cores(&processors).min(threads as u64);
    let (hertz, clock) = clock(root, &processors, clock_hertz)?;
    let per_cycle = u64::from(2 * core.units * core.lanes);
    let basis = format!(
        "{cores} core{} x {} FMA unit{} x {} lanes x 2 FLOP x {:.3} GHz ({clock}; {})",
        plural(cores),
        core.units,
        plural(u64::from(core.units)),
        core.lanes,
        hertz / 1e9,
        core.source
    );
    Ok(((per_cycle * cores) as f64 * hertz, basis))
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A decimal number, or one with `0x`.
fn whole(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// A logical processor.
struct Processor {
    number: u64,
    /// Package and core, where they are shown: threads of one core share its units.
    core: Option<(u64, u64)>,
}

/// The processors of `cpuinfo` that this process may run on.
fn usable(root: &Path, cpuinfo: &str) -> Vec<Processor> {
    let allowed = field(&text(root, "proc/self/status"), "Cpus_allowed_list");
    let processor = |block: &str| {
        let number = whole(&field(block, "processor")?)?;
        let place = |name: &str| field(block, name).and_then(|text| whole(&text));
        Some(Processor { number, core: place("physical id").zip(place("core id")) })
    };
    let all = cpuinfo.split("\n\n").filter_map(processor);
    all.filter(|processor| allowed.as_deref().is_none_or(|list| is_listed(list, processor.number))).collect()
}

fn cores(processors: &[Processor]) -> u64 {
    let places: Option<BTreeSet<(u64, u64)>> = processors.iter().map(|processor| processor.core).collect();
    places.map_or(processors.len(), |places| places.len()) as u64
}

/// The highest clock rate: of what the kernel says these processors may have, and what was seen.
fn clock(root: &Path, processors: &[Processor], seen: Option<f64>) -> Result<(f64, &'static str), String> {
    let file = |processor: &Processor| {
        format!("sys/devices/system/cpu/cpu{}/cpufreq/cpuinfo_max_freq", processor.number)
    };
    let kilohertz =
        processors.iter().filter_map(|processor| text(root, &file(processor)).trim().parse::<f64>().ok());
    let told = kilohertz.map(|kilohertz| kilohertz * 1e3).fold(0.0, f64::max);
    let seen = seen.unwrap_or_default();
    if seen.max(told) <= 0.0 {
        return Err("the clock rate is unknown: cpufreq shows none, and none was counted".to_owned());
    }
    Ok(if seen > told {
        (seen, "counted over a chain of additions")
    } else {
        (told, "the highest that cpufreq shows")
    })
}
