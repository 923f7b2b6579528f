//! Settings, the table and the warnings, from numbers made by hand.

use data::set::SetName;
use record::bench::{
    BenchOutput, BenchPeak, BenchPhase, BenchRow, Growth, IntervalFacts, LayerPhase, LayerTime, Overtaking,
    SCHEMA,
};
use record::energy::Kind;
use record::run::{Build, Host};
use record::spec::RunSpec;
use record::units::{Flops, Seconds};

use super::{distinct, phase, rounds, table, warnings, with_each};

fn row(learner: &str, images_per_second: f64, ratio: f64) -> BenchRow {
    BenchRow {
        net: "net-a".into(),
        data: "mnist".into(),
        learner: learner.into(),
        device: "cpu".into(),
        precision: "f32".into(),
        threads: 2,
        batch: 128,
        phase: BenchPhase::Train,
        images_per_second,
        low: 0.95 * images_per_second,
        high: 1.05 * images_per_second,
        gflops: images_per_second / 100.0,
        mfu: images_per_second / 20_000.0,
        peak_gflops: 200.0,
        flops_per_image: Flops(10_000_000),
        executed_flops_per_image: 11e6,
        memory_bytes: None,
        images_per_cpu_second: Some(images_per_second / 2.0),
        mfu_cpu: None,
        ratio: Some(ratio),
        ratio_low: Some(0.9 * ratio),
        ratio_high: Some(1.1 * ratio),
        ratio_to: Some("swift".into()),
        joules_per_image: Some(0.001_234),
        joules_per_tflop: Some(123.4),
        watts: Some(10.0),
        energy_kind: Kind::Modelled,
        cards_alone: false,
        energy: Vec::new(),
        profile: None,
        slices: Vec::new(),
    }
}

/// Two learners on an idle machine.
fn told() -> BenchOutput {
    let peak = BenchPeak {
        device: "cpu".into(),
        precision: "f32".into(),
        threads: Some(2),
        gflops: 200.0,
        low: 190.0,
        high: 201.0,
        gflops_per_cpu_second: None,
        source: "a loop".into(),
        theoretical_gflops: None,
        theoretical_source: "the clock is not known".into(),
    };
    BenchOutput {
        schema: SCHEMA.into(),
        rows: vec![row("swift", 10_000.0, 1.0), row("candle", 400.0, 0.04)],
        peaks: vec![peak],
        overtaking: Vec::new(),
        interval: IntervalFacts { method: "median of 9 slices".into(), coverage: 0.961 },
        rounds: 9,
        slice_seconds: Seconds(0.4),
        convention: String::new(),
        others_share: Some(0.02),
        warnings: Vec::new(),
        build: Build::default(),
        host: Host { cpu: "A processor".into(), cores: 2, ..Host::default() },
        started_unix: 0.0,
    }
}

#[test]
fn what_rows_share_stands_above_them() {
    let expected = "\
A processor, 2 processors, of those in use other work had 2.0%
peak 200.0 GFLOP/s [190.0, 201.0]: a loop
  in theory unknown: the clock is not known
data mnist, device cpu, precision f32, phase train, batch 128, threads 2

net    learner   img/s      [low, high]  GFLOP/s    MFU  img/CPU s    W    J/img  J/TFLOP                            times
net-a  swift    10,000  [9,500, 10,500]      100  50.0%      5,000  ~10  ~0.0012     ~120                                1
net-a  candle      400       [380, 420]     4.00  2.00%        200  ~10  ~0.0012     ~120  0.0400 [0.0360, 0.0440] x swift
";
    let text = table::text(&told());
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("estimate from processor time") && !text.contains("Before believing"), "{text}");
    assert!(!text.contains("overtake"), "{text}");
}

#[test]
fn cards_overtake() {
    let mut told = told();
    let overtaking = Overtaking {
        device: "cuda:0".into(),
        learner: "tch".into(),
        precision: "bf16".into(),
        net: "cnn-w*-d3".into(),
        data: "cifar10".into(),
        phase: BenchPhase::Train,
        along: Growth::Width,
        batch: Some(128),
        measured: vec![8, 16, 32],
        from: Some(16),
    };
    let never = Overtaking { along: Growth::Batch, batch: None, from: None, ..overtaking.clone() };
    told.overtaking = vec![overtaking, never];
    let text = table::text(&told);
    let expected = "
Where cards overtake the processor's fastest:
net        data     phase  card           precision  batch  overtakes         measured at
cnn-w*-d3  cifar10  train  tch on cuda:0  bf16       128    from width 16 on  width 8, 16, 32
cnn-w*-d3  cifar10  train  tch on cuda:0  bf16       any    nowhere           batch 8, 16, 32
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn settings_that_differ_are_columns() {
    let mut told = told();
    told.rows[1].threads = 1;
    let text = table::text(&told);
    assert!(text.contains("phase train, batch 128\n"), "{text}");
    assert!(text.contains("net    learner  threads "), "{text}");
}

#[test]
fn layers_have_a_table_with_what_is_left() {
    let mut told = told();
    told.rows[0].profile = Some(vec![LayerTime {
        layer: "0.conv".into(),
        phase: LayerPhase::WeightGradient,
        ms_per_step: 5.0,
        share: 0.75,
        gflops: Some(80.0),
        executed_gflops: Some(36.0),
        calls: 10,
    }]);
    let expected = "
net-a with swift
layer   phase            ms/step  share  GFLOP/s  executed
0.conv  weight gradient     5.00  75.0%     80.0      36.0
rest                              25.0%
";
    let text = table::text(&told);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_quiet_machine_needs_no_warning() {
    assert_eq!(warnings::warnings(&told(), 2), Vec::<String>::new());
}

#[test]
fn each_reason_for_doubt_is_told() {
    let check = |change: &dyn Fn(&mut BenchOutput), processors, expected: &str| {
        let mut told = told();
        change(&mut told);
        let warnings = warnings::warnings(&told, processors);
        assert!(warnings.len() == 1 && warnings[0].contains(expected), "{expected}: {warnings:?}");
    };
    check(&|told| told.others_share = Some(0.3), 2, "Other work had 30% of the processors");
    check(&|told| told.peaks[0].low = 100.0, 2, "from 100.0 to 201.0 GFLOP/s (threads: 2)");
    check(&|told| told.rows[1].low = 300.0, 2, "1 of 2 intervals are wider");
    check(&|told| told.interval.coverage = 0.5, 2, "only 50.0% of cases");
    check(&|_| (), 1, "2 threads share 1 processors");
    check(
        &|told| told.slice_seconds = Seconds(0.25),
        2,
        "candle takes 0.32 s for one batch of 128 with net-a, longer than a slice of 0.25 s",
    );
    check(
        &|told| (told.rows[0].learner, told.rows[0].batch) = ("native".to_owned(), 8),
        2,
        "Batches of 8 keep 1 of 2 threads of native busy",
    );
    check(
        &|told| told.rows[1].phase = BenchPhase::Infer,
        2,
        "candle ran 1.10 times the model's FLOPs to judge",
    );
}

#[test]
fn values_are_taken_once_and_in_order() {
    assert_eq!(distinct(&[3, 1, 3, 2, 1]), [3, 1, 2]);
    assert_eq!((phase("infer"), phase("both").is_err()), (Ok(BenchPhase::Infer), true));
    assert_eq!((rounds("9"), rounds("0").is_err(), rounds("1001").is_err()), (Ok(9), true, true));
}

#[test]
fn every_combination_is_there() {
    let spec = RunSpec::new(SetName::Mnist, "linear", 1, 8, 1);
    let specs = with_each(&[spec], &[8, 16], |spec, &batch| spec.batch = batch);
    let specs = with_each(&specs, &[1, 2], |spec, &seed| spec.seed = seed);
    let found: Vec<_> = specs.iter().map(|spec| (spec.batch, spec.seed)).collect();
    assert_eq!(found, [(8, 1), (8, 2), (16, 1), (16, 2)]);
}
