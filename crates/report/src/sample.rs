//! Made-up run records for the tests: single runs, and a sweep that looks like a real one.

use record::bench::{BenchPhase, BenchRow};
use record::energy::{EnergyWindow, Kind};
use record::run::{Place, RunRecord, SeedRole, Status};
use record::units::{Flops, Joules, Seconds};
use serde_json::json;

/// A finished run of `net` with `steps` steps of 64 digits and nothing else said: 1e9 FLOPs, 2 s, errors of 10%.
pub fn run(net: &str, steps: u64, seed: u64) -> RunRecord {
    let evaluation = |error: f64| json!({"images": 10_000, "wrong": (error * 1e4) as u64, "error": error, "cross_entropy": 0.3, "wrong_by_block": []});
    serde_json::from_value(json!({
        "schema": "ergo.run/1", "id": format!("{net}-{steps:09}-{seed:03}"), "seed": seed, "status": "done",
        "error": 0.1, "wrong": 1000, "test_images": 10_000, "test": evaluation(0.1), "validation": evaluation(0.1),
        "spec": {"data": "digits", "net": net, "steps": steps, "batch": 64, "seed": seed},
        "data_digest": "digits/1", "numerics": 1, "parameters": 1000, "macs": 10_000, "steps": steps,
        "examples_seen": 64 * steps,
        "flops": {"convention": "test", "model_train": 1_000_000_000, "executed_train": 0, "model_eval": 0,
            "executed_eval": 0},
        "seconds": {"load": 0.0, "transfer": 0.0, "train": 2.0, "evaluate": 0.1, "other": 0.0, "total": 2.1},
        "images_per_second": null, "flops_per_second": null, "mfu": null, "energy": [], "epochs": [],
        "weights_sha256": "",
        "circumstances": {
            "build": {"version": "0.1.0", "commit": "abc", "rustc": "1.95", "flags": "release"},
            "host": {"cpu": "Example CPU @ 2.0 GHz", "cores": 4, "simd": "avx2", "memory_bytes": null, "os": "Linux",
                "virtualization": null, "gpus": []},
            "device": "cpu", "threads": 4, "jobs": 1, "resumed": 0, "started_unix": 0.0}
    }))
    .unwrap()
}

/// The same run in a sweep, with its validation and test error both `error`.
pub fn placed(run: RunRecord, budget: u64, role: SeedRole, axes: &[(&str, f64)], error: f64) -> RunRecord {
    let axes = axes.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    with_error(
        RunRecord { place: Some(Place { sweep: "test".into(), budget: Flops(budget), role, axes }), ..run },
        error,
    )
}

/// The same run with its validation and test error both `error`.
pub fn with_error(mut run: RunRecord, error: f64) -> RunRecord {
    run.error = Some(error);
    for evaluation in [&mut run.test, &mut run.validation].into_iter().flatten() {
        evaluation.error = error;
    }
    run
}

/// The same run, diverged.
pub fn diverged(run: RunRecord) -> RunRecord {
    RunRecord { status: Status::Diverged, error: None, wrong: None, test: None, validation: None, ..run }
}

/// The same run with the joules of its train phase.
pub fn with_joules(mut run: RunRecord, domain: &str, kind: Kind, joules: f64) -> RunRecord {
    let window: EnergyWindow = serde_json::from_value(json!({
        "domain": domain, "phase": "train", "kind": kind, "source": "test", "joules": joules, "joules_low": null,
        "joules_high": null, "bounds_cover": null, "watts_mean": null, "watts_max": null, "seconds": 2.0, "start": 0.0,
        "end": 2.0, "coverage": 1.0, "gaps": 0
    }))
    .unwrap();
    run.energy.push(window);
    run
}

/// What a made-up sweep varies.
pub struct Shape<'a> {
    pub widths: &'a [u32],
    pub depths: &'a [u32],
    pub floor: f64,
    pub kind: Kind,
}

/// Six budgets, each four times the last, of networks at three learning rates, the highest of which diverges for the
/// widest; two selection seeds everywhere and three report seeds for the middle learning rate.
///
/// The error is floor + 0.4 w^-0.8 + 25 D^-0.4 for width w and D images, within 4%; compute goes as w^2 D, so along the
/// best widths error less floor goes as C^(-1/5): k is 5 where there is no floor.
pub fn sweep(shape: &Shape) -> Vec<RunRecord> {
    let mut runs = Vec::new();
    for budget in (0..6).map(|i| 4_000_000_000 * 4u64.pow(i)) {
        for (&width, &depth) in shape.widths.iter().flat_map(|w| shape.depths.iter().map(move |d| (w, d))) {
            for (rate, penalty) in [(0.05, 1.12), (0.1, 1.0), (0.2, 1.09)] {
                for seed in [0, 1, 10, 11, 12] {
                    let role = if seed < 10 { SeedRole::Selection } else { SeedRole::Report };
                    if role == SeedRole::Report && rate != 0.1 {
                        continue;
                    }
                    let macs = 500 * u64::from(width * width) * u64::from(depth);
                    let steps = (budget / (6 * macs * 64)).max(1);
                    let images = (steps * 64) as f64;
                    let w = f64::from(width);
                    let slack = if depth == 2 { 1.0 } else { 1.1 };
                    let clean = shape.floor
                        + penalty * slack * (0.4 * libm::pow(w, -0.8) + 25.0 * libm::pow(images, -0.4));
                    let noise = wobble(runs.len() as f64);
                    let error = (clean * (1.0 + 0.04 * noise)).min(0.9);
                    let mut run = run(&format!("cnn-w{width}-d{depth}"), steps, seed);
                    run.id = serde_json::from_value(json!(format!("{:06}", runs.len()))).unwrap();
                    run.spec.learning_rate = rate;
                    run.flops.model_train = Flops(6 * macs * 64 * steps);
                    let seconds = run.flops.model_train.as_f64() / (1e9 * w.sqrt()) * (1.0 + 0.05 * noise);
                    run.seconds.train = Seconds(seconds);
                    let joules = Joules(38.0 * seconds).0;
                    let run = with_joules(run, "package-0", shape.kind, joules);
                    let axes = [("learning_rate", rate), ("width", w)];
                    let run = placed(run, budget, role, &axes, error);
                    let blows_up = rate == 0.2 && Some(&width) == shape.widths.last();
                    runs.push(if blows_up { diverged(run) } else { run });
                }
            }
        }
    }
    runs
}

/// A row of a benchmark of training steps of 128 images, of 10 MFLOP each, with nothing else said.
pub fn bench_row(net: &str, learner: &str, device: &str, images_per_second: f64) -> BenchRow {
    BenchRow {
        net: net.into(),
        data: "mnist".into(),
        learner: learner.into(),
        device: device.into(),
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
        executed_flops_per_image: 1e7,
        memory_bytes: None,
        images_per_cpu_second: None,
        mfu_cpu: None,
        ratio: None,
        ratio_low: None,
        ratio_high: None,
        ratio_to: None,
        joules_per_image: None,
        joules_per_tflop: None,
        watts: None,
        energy_kind: Kind::None,
        cards_alone: false,
        energy: Vec::new(),
        profile: None,
        slices: Vec::new(),
    }
}

/// A number from -1 to 1 that looks like chance: multiples of the golden ratio, less their whole part.
fn wobble(index: f64) -> f64 {
    let turned = index * 0.618_033_988_749_894_9;
    2.0 * (turned - libm::floor(turned)) - 1.0
}
