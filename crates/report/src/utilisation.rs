//! How well trainings used their device: achieved FLOP/s, shares of peaks, and compute by OpenAI's two methods.

use std::str::FromStr;

use record::device::Device;
use record::peak::Peak;
use record::run::RunRecord;
use record::units::FLOPS_PER_PFS_DAY;
use record::utilisation::{AgainstPeak, Method2, Methods, PeakName, RunUtilisation, Utilisation};

/// Assumed utilisation of cards in method 2 ("AI and Compute", OpenAI 2018, appendix on methods).
const OF_CARDS: f64 = 0.33;
/// Assumed utilisation of processors, from the same place.
const OF_PROCESSORS: f64 = 0.17;

/// What follows from one record.
#[must_use]
pub fn of(record: &RunRecord) -> Utilisation {
    let seconds = record.seconds.train.0;
    let rate = |flops: f64| (seconds > 0.0).then(|| flops / seconds);
    let model = rate(record.flops.model_train.as_f64());
    let executed = rate(record.flops.executed_train.as_f64());
    let peak = |name| record.peak.as_ref().and_then(|peak| speed(peak, name));
    let share = |speed: Option<f64>, name| Some(speed? / peak(name)?);
    Utilisation {
        flops_per_second: model,
        executed_flops_per_second: executed,
        pfs_days: record.flops.model_train.pfs_days(),
        mfu_theoretical: share(model, PeakName::Theoretical),
        mfu_measured: share(model, PeakName::Measured),
        hfu_theoretical: share(executed, PeakName::Theoretical),
        hfu_measured: share(executed, PeakName::Measured),
        method2: method2(record),
    }
}

/// The peak of this name, where it is known.
fn speed(peak: &Peak, name: PeakName) -> Option<f64> {
    match name {
        PeakName::Theoretical => peak.theoretical_flops_per_second,
        PeakName::Measured => peak.measured_flops_per_second,
    }
}

/// Seconds of the train phase x peak x assumed utilisation; `None` without a peak, or on a device that nobody knows.
fn method2(record: &RunRecord) -> Option<Method2> {
    let known = record.peak.as_ref()?;
    let names = [PeakName::Theoretical, PeakName::Measured];
    let (peak, speed) = names.into_iter().find_map(|name| Some((name, speed(known, name)?)))?;
    let is_card = Device::from_str(&record.circumstances.device).ok()?.is_cuda();
    let assumed_utilisation = if is_card { OF_CARDS } else { OF_PROCESSORS };
    let train_seconds = record.seconds.train.0;
    let flops = train_seconds * speed * assumed_utilisation;
    Some(Method2 {
        train_seconds,
        peak_flops_per_second: speed,
        peak,
        assumed_utilisation,
        flops,
        pfs_days: flops / FLOPS_PER_PFS_DAY,
    })
}

/// Every run that has a peak.
#[must_use]
pub fn of_runs(records: &[RunRecord]) -> Vec<RunUtilisation> {
    let with_peak =
        records.iter().filter(|record| record.peak.as_ref().is_some_and(|peak| !peak.known().is_empty()));
    with_peak
        .map(|record| RunUtilisation {
            id: record.id.clone(),
            net: record.spec.net.clone(),
            seed: record.seed,
            utilisation: of(record),
        })
        .collect()
}

/// All runs with a peak of this name: what they did, over what their peaks would have done in their seconds.
#[must_use]
pub fn against(records: &[RunRecord], name: PeakName) -> Option<AgainstPeak> {
    let (mut runs, mut model, mut executed, mut possible) = (0, 0.0, 0.0, 0.0);
    for record in records {
        if let Some(speed) = record.peak.as_ref().and_then(|peak| speed(peak, name)) {
            runs += 1;
            model += record.flops.model_train.as_f64();
            executed += record.flops.executed_train.as_f64();
            possible += speed * record.seconds.train.0;
        }
    }
    (possible > 0.0).then(|| AgainstPeak { runs, mfu: model / possible, hfu: executed / possible })
}

/// Both methods for the runs for which there is the second.
#[must_use]
pub fn methods(records: &[RunRecord]) -> Option<Methods> {
    let (mut runs, mut method1_pfs_days, mut method2_flops) = (0, 0.0, 0.0);
    for record in records {
        if let Some(method2) = method2(record) {
            runs += 1;
            method1_pfs_days += record.flops.model_train.pfs_days();
            method2_flops += method2.flops;
        }
    }
    let method2_pfs_days = method2_flops / FLOPS_PER_PFS_DAY;
    (runs > 0).then_some(Methods { runs, method1_pfs_days, method2_flops, method2_pfs_days })
}

/// What cannot be true of a record: what its own figures show now, and what it says of itself besides.
#[must_use]
pub fn faults(record: &RunRecord) -> Vec<String> {
    let peak = record.peak.as_ref();
    let seen = peak.map(|peak| peak.faults(record.flops.executed_train, record.seconds.train));
    let mut faults = seen.unwrap_or_default();
    for kept in &record.faults {
        if !faults.contains(kept) {
            faults.push(kept.clone());
        }
    }
    faults
}

#[cfg(test)]
mod tests;
