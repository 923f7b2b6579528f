//! Figures of a benchmark from rows made by hand.

use record::bench::{IntervalFacts, SCHEMA};
use record::run::{Build, Host};
use record::units::Seconds;

use super::*;
use crate::sample::bench_row;

fn told(rows: Vec<BenchRow>) -> BenchOutput {
    BenchOutput {
        schema: SCHEMA.into(),
        rows,
        peaks: Vec::new(),
        overtaking: Vec::new(),
        interval: IntervalFacts { method: String::new(), coverage: 0.961 },
        rounds: 9,
        slice_seconds: Seconds(0.2),
        convention: String::new(),
        others_share: None,
        warnings: Vec::new(),
        build: Build::default(),
        host: Host { cpu: "A processor".into(), gpus: vec!["A card".into()], ..Host::default() },
        started_unix: 0.0,
    }
}

#[test]
fn every_row_is_a_point_and_every_contestant_a_line_of_the_legend() {
    let batches = |device: &str, speeds: [f64; 2]| {
        [(32, speeds[0]), (512, speeds[1])]
            .map(|(batch, speed)| BenchRow { batch, ..bench_row("net-a", "tch", device, speed) })
    };
    let infer = BenchRow { phase: BenchPhase::Infer, ..bench_row("net-a", "native", "cpu", 1e5) };
    let rows = [&batches("cpu", [2e4, 3e4])[..], &batches("cuda:0", [1e4, 9e5]), &[infer]].concat();
    let figures = draw(&told(rows));
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["speed-train", "speed-infer"]);
    let svg = &figures[0].svg;
    for words in [">tch on cpu, 2 threads<", ">tch on cuda:0<", "A processor, A card;", "96% intervals"] {
        assert!(svg.contains(words), "{words}: {svg}");
    }
    assert_eq!(svg.matches(">net-a<").count(), 2, "one line for each contestant");
    assert_eq!(svg.matches("<polyline").count(), 2);
    // 32 and 512 images of 10 MFLOP, 1e4 and 9e5 of them a second: margins of 0.12 decades beside the ends of the
    // intervals, 5% away, between the corners (76, 566) and (668, 90).
    let place = |work: f64, speed: f64| {
        let (left, right) = (3.2e8f64.log10() - 0.12, 5.12e9f64.log10() + 0.12);
        let (low, high) = (95f64.log10() - 0.12, 9450f64.log10() + 0.12);
        let x = 76.0 + 592.0 * (work.log10() - left) / (right - left);
        format!("{x:.2},{:.2}", 566.0 - 476.0 * (speed.log10() - low) / (high - low))
    };
    let line = format!("points=\"{} {}\"", place(3.2e8, 100.0), place(5.12e9, 9000.0));
    assert!(svg.contains(&line), "{line}: {svg}");
}

#[test]
fn nothing_measured_gives_no_figure() {
    assert_eq!(draw(&told(Vec::new())), []);
}
