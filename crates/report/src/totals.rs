//! What finished runs took together: operations, seconds, joules by kind, and costs.

use record::cost::{ReportOutput, ReportedEnergy, ReportedPart};
use record::energy::{Kind, Phase, total_bounds};
use record::profile::{Part, TrainProfile};
use record::run::{RunRecord, Status};
use record::units::{FLOPS_PER_PFS_DAY, Joules, Seconds};
use record::utilisation::PeakName;

use crate::cost::{Rates, cost};
use crate::error::ReportError;
use crate::utilisation;

/// Adds up records.
///
/// # Errors
/// When there is none.
pub fn of(records: &[RunRecord], rates: &Rates) -> Result<ReportOutput, ReportError> {
    if records.is_empty() {
        return Err(ReportError::NoRecords);
    }
    let sum = |of: fn(&RunRecord) -> u64| records.iter().map(|record| u128::from(of(record))).sum::<u128>();
    let seconds = |of: fn(&RunRecord) -> Seconds| records.iter().map(|record| of(record).0).sum::<f64>();
    let train_flops = sum(|record| record.flops.model_train.0);
    let executed_flops = sum(|record| record.flops.executed_train.0);
    let train_seconds = seconds(|record| record.seconds.train);
    let rate = |flops: u128| (train_seconds > 0.0).then(|| flops as f64 / train_seconds);
    let optimizers: Vec<u64> =
        records.iter().filter_map(|record| Some(record.flops.optimizer.as_ref()?.train.0)).collect();
    let all_seconds = seconds(|record| record.seconds.total);
    let energy = energy(records);
    let beside = records.iter().filter(|record| record.circumstances.jobs > 1).count();
    let one = match energy.as_slice() {
        [only] if beside == 0 => only.joules,
        _ => None,
    };
    // Hours of runs side by side are not hours of the machine.
    let rates = &if beside > 0 { Rates { usd_per_hour: None, ..rates.clone() } } else { rates.clone() };
    Ok(ReportOutput {
        runs: records.len(),
        runs_diverged: records.iter().filter(|record| record.status == Status::Diverged).count(),
        train_flops,
        pfs_days: train_flops as f64 / FLOPS_PER_PFS_DAY,
        executed_train_flops: executed_flops,
        evaluate_flops: sum(|record| record.flops.model_eval.0),
        optimizer_flops: (!optimizers.is_empty())
            .then(|| optimizers.iter().map(|&flops| u128::from(flops)).sum()),
        optimizer_runs: optimizers.len(),
        seconds: all_seconds,
        train_seconds,
        train_parts: train_parts(records),
        flops_per_second: rate(train_flops),
        executed_flops_per_second: rate(executed_flops),
        theoretical: utilisation::against(records, PeakName::Theoretical),
        measured: utilisation::against(records, PeakName::Measured),
        methods: utilisation::methods(records),
        utilisation: utilisation::of_runs(records),
        faults: faults(records),
        warnings: warnings(beside, &energy),
        energy,
        costs: cost(one.map(|joules| joules.map(Joules)), Seconds(all_seconds), rates),
    })
}

/// The parts of the training steps, over the runs with a profile.
fn train_parts(records: &[RunRecord]) -> Vec<ReportedPart> {
    let profiles: Vec<&TrainProfile> = records.iter().filter_map(|record| record.profile.as_ref()).collect();
    let of = |part: Part| {
        let of_part = profiles.iter().flat_map(|profile| &profile.parts).filter(|one| one.part == part);
        ReportedPart { part, runs: profiles.len(), seconds: of_part.map(|one| one.seconds.0).sum() }
    };
    if profiles.is_empty() { Vec::new() } else { Part::ALL.map(of).to_vec() }
}

/// The machine's energy in each run by the rule of totals, added within one kind.
fn energy(records: &[RunRecord]) -> Vec<ReportedEnergy> {
    const KINDS: [Kind; 5] = [Kind::Counter, Kind::Integrated, Kind::User, Kind::Modelled, Kind::None];
    let of_runs: Vec<(Kind, [f64; 3])> = records.iter().map(of_run).collect();
    let tera = |kind: Kind| {
        let of_kind = records.iter().zip(&of_runs).filter(|(_, (other, _))| *other == kind);
        of_kind.map(|(record, _)| record.flops.model_train.0 as f64 * 1e-12).sum::<f64>()
    };
    let of_kind = |kind: Kind| {
        let of: Vec<[f64; 3]> =
            of_runs.iter().filter(|(other, _)| *other == kind).map(|(_, joules)| *joules).collect();
        let add =
            |sum: [f64; 3], joules: &[f64; 3]| [sum[0] + joules[0], sum[1] + joules[1], sum[2] + joules[2]];
        let joules = (kind != Kind::None).then(|| of.iter().fold([0.0; 3], add));
        let joules_per_tflop =
            joules.map(|[_, joules, _]| joules / tera(kind)).filter(|cost| cost.is_finite());
        (!of.is_empty()).then_some(ReportedEnergy { kind, runs: of.len(), joules, joules_per_tflop })
    };
    KINDS.into_iter().filter_map(of_kind).collect()
}

/// Kind and joules of one run, with bounds.
fn of_run(record: &RunRecord) -> (Kind, [f64; 3]) {
    total_bounds(&record.energy, Phase::Total)
        .map_or((Kind::None, [0.0; 3]), |(joules, kind)| (kind, joules.map(|joules| joules.0)))
}

/// What cannot be true of these records, each with its run.
fn faults(records: &[RunRecord]) -> Vec<String> {
    let of_run = |record: &RunRecord| {
        let run = format!("run {} ({}, seed {})", record.id.short(), record.spec.net, record.seed);
        utilisation::faults(record)
            .into_iter()
            .map(move |fault| format!("{run}: {fault}"))
            .collect::<Vec<_>>()
    };
    records.iter().flat_map(of_run).collect()
}

fn warnings(beside: usize, energy: &[ReportedEnergy]) -> Vec<String> {
    let mut warnings = Vec::new();
    if energy.len() > 1 {
        warnings.push(
            "the energy of these runs was obtained in several ways, which are not added: costs leave energy out"
                .to_owned(),
        );
    }
    if beside > 0 {
        warnings.push(format!(
            "{beside} runs ran beside others: their seconds overlap, and counters of the machine saw all of them, each              time: costs leave energy and rent out"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests;
