//! Rows from slices made by hand.

use data::set::SetName;
use kernels::isa::Isa;
use record::device::Device;
use record::energy::EnergyWindow;
use record::spec::RunSpec;
use record::units::Joules;

use super::*;
use crate::bench::PeakSlice;
use crate::executed::ByLayer;
use crate::learner::ProfileEntry;

/// One linear layer on MNIST, 28 x 28 x 10 MAC: training takes 4 FLOP a MAC, as the image needs no gradient.
const MACS: u64 = 7_840;

fn configuration(net: &str, phase: BenchPhase) -> Configuration {
    let plan = RunSpec::new(SetName::Mnist, net, 1, 10, 1).plan().unwrap();
    Configuration { plan, phase, device: Device::Cpu, threads: 2 }
}

/// A subject with a second of each of these rates, on one and a half processors.
fn subject(rates: &[u64]) -> MeasuredSubject {
    let slice = |&images: &u64| Slice { images, seconds: Seconds(1.0), cpu_seconds: Seconds(1.5) };
    MeasuredSubject {
        slices: rates.iter().map(slice).collect(),
        energy: Vec::new(),
        executed_per_image: 0.0,
        executed_by_layer: (ByLayer::default(), 0),
        memory_bytes: None,
        profile: None,
    }
}

/// Two threads that ran these FLOPs in a second, on this many seconds of processor time.
fn peak(flops: &[u64], cpu_seconds: f64) -> MeasuredPeak {
    let slice = |&flops: &u64| PeakSlice { flops, seconds: Seconds(1.0), cpu_seconds: Seconds(cpu_seconds) };
    MeasuredPeak { of: PeakOf::Threads(2, Isa::detect()), slices: flops.iter().map(slice).collect() }
}

#[test]
fn a_row_has_median_speed_and_share_of_the_peak() {
    let configurations =
        [configuration("linear", BenchPhase::Train), configuration("linear", BenchPhase::Infer)];
    let measured = Measured {
        subjects: vec![subject(&[300, 100, 200]), subject(&[300, 100, 200])],
        peaks: vec![peak(&[4 * MACS * 1000, 4 * MACS * 400, 4 * MACS * 2000], 2.0)],
    };
    let rows = rows(&configurations, &measured);
    let [train, infer] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((train.images_per_second, train.low, train.high), (200.0, 100.0, 300.0));
    assert_eq!(train.flops_per_image, Flops(4 * MACS));
    assert_eq!(train.gflops, 200.0 * (4 * MACS) as f64 / 1e9);
    assert!((train.mfu - 0.2).abs() < 1e-12, "200 of 1000 images' worth of multiply-adds");
    assert!((infer.mfu - 0.1).abs() < 1e-12, "half the FLOPs an image");
    assert_eq!(train.images_per_cpu_second, Some(200.0 / 1.5));
    // The loop had 2 s of processor time, so 500 images' worth of multiply-adds in each.
    let mfu_cpu = train.mfu_cpu.unwrap();
    assert!((mfu_cpu - 200.0 / 1.5 / 500.0).abs() < 1e-12, "{mfu_cpu}");
    assert_eq!((train.ratio, train.ratio_to.as_deref()), (None, None), "another phase is no rival");
    assert_eq!((train.joules_per_image, train.energy_kind), (None, Kind::None), "unknown, not zero");
}

/// A row on a card is judged by that card in that precision, and by nothing else.
#[test]
fn every_row_has_the_peak_of_what_computed() {
    let on_card = |precision| {
        let mut card =
            Configuration { device: Device::Cuda(0), ..configuration("linear", BenchPhase::Train) };
        card.plan.spec.precision = precision;
        card
    };
    let configurations =
        [configuration("linear", BenchPhase::Train), on_card(Precision::F32), on_card(Precision::Bf16)];
    let card = |precision, flops| MeasuredPeak {
        of: PeakOf::Card(Device::Cuda(0), precision),
        ..peak(&[flops], 0.0)
    };
    let measured = Measured {
        subjects: vec![subject(&[100]), subject(&[100]), subject(&[100])],
        peaks: vec![
            card(Precision::Bf16, 8_000_000_000),
            peak(&[1_000_000_000], 2.0),
            card(Precision::F32, 4_000_000_000),
        ],
    };
    let found: Vec<f64> = rows(&configurations, &measured).iter().map(|row| row.peak_gflops).collect();
    assert_eq!(found, [1.0, 4.0, 8.0]);
    let told = peaks(&measured, |of| match of {
        PeakOf::Threads(..) => Ok((2e9, "lanes and clock".to_owned())),
        PeakOf::Card(..) => Err("no table".to_owned()),
    });
    assert_eq!((told[1].theoretical_gflops, &*told[1].theoretical_source), (Some(2.0), "lanes and clock"));
    assert_eq!((told[0].theoretical_gflops, &*told[0].theoretical_source), (None, "no table"));
    let names: Vec<_> = told.iter().map(|peak| (&*peak.device, &*peak.precision, peak.threads)).collect();
    assert_eq!(names, [("cuda:0", "bf16", None), ("cpu", "f32", Some(2)), ("cuda:0", "f32", None)]);
    // The loop had 2 s of processor time in a second, on two threads.
    assert_eq!(others_share(&measured, 2), Some(0.0));
}

#[test]
fn rivals_are_compared_within_rounds() {
    let configurations = [
        configuration("linear", BenchPhase::Train),
        configuration("mlp", BenchPhase::Train),
        configuration("linear", BenchPhase::Train),
        Configuration { device: Device::Cuda(0), ..configuration("linear", BenchPhase::Train) },
    ];
    let subjects = [&[100, 200, 50], &[1, 1, 1], &[300, 600, 150], &[200, 400, 100]];
    let measured = Measured {
        subjects: subjects.into_iter().map(|images| subject(images)).collect(),
        peaks: vec![peak(&[1_000_000_000; 3], 2.0)],
    };
    let rows = rows(&configurations, &measured);
    let ratio = |row: &BenchRow| (row.ratio, row.ratio_low, row.ratio_high);
    assert_eq!(ratio(&rows[0]), (Some(1.0), Some(1.0), Some(1.0)));
    assert_eq!(ratio(&rows[1]), (None, None, None));
    assert_eq!(ratio(&rows[2]), (Some(3.0), Some(3.0), Some(3.0)));
    assert_eq!(rows[2].ratio_to.as_deref(), Some("native"));
    assert_eq!((rows[3].ratio, rows[3].ratio_to.as_deref()), (Some(2.0), Some("native on cpu")));
}

#[test]
fn joules_are_those_of_the_slices_with_their_kind() {
    let mut subject = subject(&[100, 100]);
    subject.energy = vec![EnergyWindow {
        domain: "host".into(),
        phase: Phase::Train,
        kind: Kind::Modelled,
        source: "test".into(),
        joules: Some(Joules(40.0)),
        joules_low: None,
        joules_high: None,
        bounds_cover: None,
        joules_integrated: None,
        card: None,
        watts_mean: None,
        watts_max: None,
        seconds: Seconds(2.0),
        start: Seconds(0.0),
        end: Seconds(2.0),
        coverage: 1.0,
        wraps: 0,
        bridged: Seconds(0.0),
        ambiguous: 0,
        gaps: 0,
        notes: Vec::new(),
    }];
    let measured = Measured { subjects: vec![subject], peaks: vec![peak(&[1_000_000_000; 2], 2.0)] };
    let rows = rows(&[configuration("linear", BenchPhase::Train)], &measured);
    // 40 J over 200 images and 2 s.
    assert_eq!((rows[0].joules_per_image, rows[0].watts), (Some(0.2), Some(20.0)));
    assert_eq!(rows[0].energy_kind, Kind::Modelled);
}

#[test]
fn what_the_loop_did_not_get_others_had() {
    let share = |cpu_seconds, processors| {
        let measured = Measured { subjects: Vec::new(), peaks: vec![peak(&[1; 3], cpu_seconds)] };
        others_share(&measured, processors)
    };
    assert_eq!(share(1.5, 4), Some(0.25), "two threads got 1.5 of 2 seconds");
    assert_eq!(share(1.0, 1), Some(0.0), "two threads on one processor can have no more");
    assert_eq!(share(2.1, 4), Some(0.0));
    assert_eq!(share(0.0, 4), None, "a clock that does not run");
}

#[test]
fn layers_that_multiply_have_a_speed() {
    let entry = |layer: &str, phase, seconds| ProfileEntry {
        layer: layer.into(),
        phase,
        seconds: Seconds(seconds),
        calls: 3,
    };
    let mut subject = subject(&[100]);
    let entries = vec![
        entry("0.linear", LayerPhase::Forward, 0.5),
        entry("0.linear", LayerPhase::InputGradient, 0.25),
        entry("0.linear", LayerPhase::Backward, 0.1),
        entry("batch", LayerPhase::Load, 0.1),
    ];
    let slice = Slice { images: 1000, seconds: Seconds(2.0), cpu_seconds: Seconds(2.0) };
    subject.profile = Some((slice, entries));
    let mut executed = ByLayer::default();
    executed.note("0.linear", LayerPhase::Forward, 5 * 3 * MACS);
    subject.executed_by_layer = (executed, 5);
    let measured = Measured { subjects: vec![subject], peaks: vec![peak(&[1_000_000_000], 2.0)] };
    let rows = rows(&[configuration("linear", BenchPhase::Train)], &measured);
    let layers = rows[0].profile.as_ref().unwrap();
    // 1000 images are 100 steps of 10.
    assert_eq!((layers[0].ms_per_step, layers[0].share, layers[0].calls), (5.0, 0.25, 3));
    assert_eq!(layers[0].gflops, Some((2 * MACS * 1000) as f64 / 0.5 / 1e9));
    assert_eq!(layers[0].executed_gflops, Some((3 * 2 * MACS * 1000) as f64 / 0.5 / 1e9));
    assert_eq!((layers[2].executed_gflops, layers[3].executed_gflops), (None, None));
    assert_eq!(layers[1].gflops, None, "the image needs no gradient");
    assert_eq!(layers[2].gflops, Some((2 * MACS * 1000) as f64 / 0.1 / 1e9));
    assert_eq!(layers[3].gflops, None);
}
