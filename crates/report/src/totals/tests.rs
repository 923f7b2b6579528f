//! Tests of sums over records made by hand.

use record::peak::Peak;
use record::profile::parts;
use record::run::OptimizerFlops;
use record::spec::Precision;
use record::units::Flops;

use super::*;
use crate::sample;

fn rates() -> Rates {
    Rates { grid: Some("250".parse().unwrap()), pue: 1.0, usd_per_kwh: None, usd_per_hour: None }
}

/// A run with the joules of all its phases.
fn run(seed: u64, domain: &str, kind: Kind, joules: f64) -> RunRecord {
    let mut run = sample::with_joules(sample::run("mlp", 10, seed), domain, kind, joules);
    run.energy.iter_mut().for_each(|window| window.phase = Phase::Total);
    run
}

#[test]
fn runs_of_one_kind_are_added_and_cost_something() {
    let records: Vec<RunRecord> = (0..3).map(|seed| run(seed, "package-0", Kind::Counter, 1.2e6)).collect();
    let told = of(&records, &rates()).unwrap();
    assert_eq!((told.runs, told.energy.len(), told.energy[0].kind), (3, 1, Kind::Counter));
    assert!((told.energy[0].joules.unwrap()[1] - 3.6e6).abs() < 1e-6);
    // 3.6 MJ are 1 kWh.
    assert!(
        (told.costs.kwh.unwrap()[1] - 1.0).abs() < 1e-12
            && (told.costs.kg_co2e.unwrap()[1] - 0.25).abs() < 1e-12
    );
    assert_eq!(told.train_flops, 3 * u128::from(records[0].flops.model_train.0));
    assert!(told.warnings.is_empty(), "{:?}", told.warnings);
}

/// A counter and an estimate are two things, and no cost comes of them.
#[test]
fn kinds_are_not_added() {
    let counted = run(1, "package-0", Kind::Counter, 5.0);
    let guessed = run(2, "host", Kind::Modelled, 7.0);
    let told = of(&[counted, guessed], &rates()).unwrap();
    assert_eq!(
        told.energy.iter().map(|energy| energy.kind).collect::<Vec<_>>(),
        [Kind::Counter, Kind::Modelled]
    );
    assert_eq!((told.costs.kwh, told.warnings.len()), (None, 1));
}

#[test]
fn without_records_there_is_nothing_to_tell() {
    assert!(matches!(of(&[], &rates()), Err(ReportError::NoRecords)));
}

/// Two runs of 2 s of training steps, of which one has a profile without a layer: all of it is rest.
#[test]
fn parts_are_those_of_runs_with_a_profile() {
    let plain = run(1, "package-0", Kind::Counter, 5.0);
    assert!(of(std::slice::from_ref(&plain), &rates()).unwrap().train_parts.is_empty());
    let mut taken_apart = run(2, "package-0", Kind::Counter, 5.0);
    taken_apart.profile = Some(TrainProfile {
        parts: parts(Seconds(2.0), &[], &[]),
        layers: Vec::new(),
        threads: 1,
        profiled: Seconds(2.0),
        clock: Seconds(0.0),
        notes: Vec::new(),
    });
    let told = of(&[plain, taken_apart], &rates()).unwrap();
    let seconds: Vec<_> = told.train_parts.iter().map(|part| (part.part, part.runs, part.seconds)).collect();
    assert_eq!(seconds[..2], [(Part::Images, 1, 0.0), (Part::Forward, 1, 0.0)]);
    assert_eq!((seconds.len(), seconds[4]), (5, (Part::Rest, 1, 2.0)));
}

/// 2e9 FLOP/s executed against a measured peak of 1e9; the optimizer's FLOPs stay apart from all others.
#[test]
fn impossible_records_are_told_as_faults() {
    let mut impossible = run(7, "host", Kind::Modelled, 1.0);
    impossible.flops.executed_train = Flops(4_000_000_000);
    impossible.flops.optimizer =
        Some(OptimizerFlops { convention: "test".into(), per_step: Flops(3), train: Flops(30) });
    impossible.peak = Some(Peak::new(Err("no table".into()), Ok((1e9, "test".into())), 4, Precision::F32));
    let sound = run(8, "host", Kind::Modelled, 1.0);
    let told = of(&[impossible, sound], &rates()).unwrap();
    assert_eq!(told.faults.len(), 1, "{:?}", told.faults);
    assert!(told.faults[0].contains("seed 7") && told.faults[0].contains("2.00 times the measured peak"));
    assert_eq!((told.measured.map(|peak| peak.runs), told.theoretical), (Some(1), None));
    assert_eq!((told.optimizer_flops, told.optimizer_runs), (Some(30), 1));
    assert_eq!((told.train_flops, told.executed_train_flops), (2_000_000_000, 4_000_000_000));
    // 2e9 model FLOPs in 2 x 2 s.
    assert_eq!(told.flops_per_second, Some(5e8));
}
