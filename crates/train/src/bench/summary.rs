//! From slices to the rows that are printed.

use std::collections::HashMap;

use net::network::Node;
use record::bench::{BenchPeak, BenchPhase, BenchRow, LayerPhase, LayerTime, Slice};
use record::device::Device;
use record::energy::{self, Kind, Phase};
use record::peak::Known;
use record::spec::Precision;
use record::units::{Flops, Seconds};

use crate::profile::NETWORK;

use super::statistics::{Estimate, estimate, paired_ratio, rank_and_coverage};
use super::{Configuration, Measured, MeasuredPeak, MeasuredSubject, PeakOf, PeakSlice};

/// What the ends of an interval of `rounds` slices are, in words, and its coverage.
#[must_use]
pub fn interval(rounds: usize) -> (String, f64) {
    let (rank, coverage) = rank_and_coverage(rounds);
    let ends = match rank {
        1 => "the smallest and the largest value".to_owned(),
        _ => format!("the values of rank {rank} from either end"),
    };
    let method = format!("median of {rounds} slices; low and high: {ends}, whatever way slices scatter");
    (method, coverage)
}

/// One row for each configuration.
#[must_use]
pub fn rows(configurations: &[Configuration], measured: &Measured) -> Vec<BenchRow> {
    let peaks: Vec<(PeakOf, BenchPeak)> =
        measured.peaks.iter().map(|measured| (measured.of, peak(measured))).collect();
    let row = |(configuration, subject): (&Configuration, &MeasuredSubject)| {
        let own = peaks.iter().find(|(of, _)| *of == configuration.peak_of());
        let mut row = row(configuration, subject, own.map(|(_, peak)| peak));
        let rivals = || configurations.iter().zip(&measured.subjects);
        let mut rivals = rivals().filter(|(other, _)| configuration.is_rival_of(other));
        if let (Some((first, base)), true) = (rivals.next(), rivals.next().is_some()) {
            let ratio = paired_ratio(&rates(&subject.slices), &rates(&base.slices));
            row.ratio = Some(ratio.median);
            (row.ratio_low, row.ratio_high) = (Some(ratio.low), Some(ratio.high));
            let name = first.plan.spec.learner.name();
            let elsewhere = first.device != configuration.device;
            row.ratio_to =
                Some(if elsewhere { format!("{name} on {}", first.device) } else { name.to_owned() });
        }
        row
    };
    configurations.iter().zip(&measured.subjects).map(row).collect()
}

/// All measured peaks, beside what the devices are made to do, which `theoretical` knows by device, precision and threads, or
/// why it is not known.
#[must_use]
pub fn peaks(measured: &Measured, theoretical: impl Fn(PeakOf) -> Known) -> Vec<BenchPeak> {
    let both = |measured: &MeasuredPeak| {
        let (gflops, source) = match theoretical(measured.of) {
            Ok((flops, source)) => (Some(flops / 1e9), source),
            Err(reason) => (None, reason),
        };
        BenchPeak { theoretical_gflops: gflops, theoretical_source: source, ..peak(measured) }
    };
    measured.peaks.iter().map(both).collect()
}

/// Share of the processor time that other work took from the multiply-add loop on `processors` processors: the
/// loop never waits, so what it did not get by the clock went to others. Taken where most threads ran.
#[must_use]
pub fn others_share(measured: &Measured, processors: usize) -> Option<f64> {
    let loops = measured.peaks.iter().filter_map(|peak| match peak.of {
        PeakOf::Threads(threads, _) => Some((threads, peak)),
        PeakOf::Card(..) => None,
    });
    let (threads, peak) = loops.max_by_key(|(threads, _)| *threads)?;
    let could = threads.min(processors.max(1)) as f64;
    let shares: Vec<f64> =
        peak.slices.iter().map(|slice| slice.cpu_seconds.0 / (slice.seconds.0 * could)).collect();
    let share = estimate(&shares).median;
    // A clock that does not run says nothing.
    (share > 0.0).then(|| (1.0 - share).max(0.0))
}

fn peak(measured: &MeasuredPeak) -> BenchPeak {
    let flops_per = |seconds: fn(&PeakSlice) -> Seconds| {
        let rates = measured.slices.iter().map(|slice| slice.flops as f64 / seconds(slice).0 / 1e9);
        estimate(&rates.collect::<Vec<_>>())
    };
    let Estimate { median, low, high } = flops_per(|slice| slice.seconds);
    let of_cpu = flops_per(|slice| slice.cpu_seconds).median;
    let (device, precision, threads, source) = match measured.of {
        PeakOf::Threads(threads, isa) => {
            let plural = if threads == 1 { "" } else { "s" };
            let source = format!("multiply-adds on {} registers alone, {threads} thread{plural}", isa.name());
            (Device::Cpu, Precision::F32, Some(threads as u64), source)
        }
        PeakOf::Card(card, precision) => {
            let source = format!("products of large matrices in {} on {card}", precision.name());
            (card, precision, None, source)
        }
    };
    BenchPeak {
        device: device.to_string(),
        precision: precision.name().to_owned(),
        threads,
        gflops: median,
        low,
        high,
        gflops_per_cpu_second: Some(of_cpu).filter(|speed| speed.is_finite() && threads.is_some()),
        source,
        theoretical_gflops: None,
        theoretical_source: String::new(),
    }
}

/// Images per second of every slice.
fn rates(slices: &[Slice]) -> Vec<f64> {
    slices.iter().map(|slice| slice.images as f64 / slice.seconds.0).collect()
}

fn row(configuration: &Configuration, subject: &MeasuredSubject, peak: Option<&BenchPeak>) -> BenchRow {
    let spec = &configuration.plan.spec;
    let rate = estimate(&rates(&subject.slices));
    let flops = configuration.flops_per_image();
    let cpu: Vec<f64> =
        subject.slices.iter().map(|slice| slice.images as f64 / slice.cpu_seconds.0).collect();
    let of_cpu = Some(estimate(&cpu).median).filter(|rate| rate.is_finite());
    let gigaflops = |images: f64| images * flops.as_f64() / 1e9;
    let peak_gflops = peak.map_or(f64::NAN, |peak| peak.gflops);
    let peak_of_cpu = peak.and_then(|peak| peak.gflops_per_cpu_second);
    let images: u64 = subject.slices.iter().map(|slice| slice.images).sum();
    let seconds: f64 = subject.slices.iter().map(|slice| slice.seconds.0).sum();
    let phase = match configuration.phase {
        BenchPhase::Train => Phase::Train,
        BenchPhase::Infer => Phase::Evaluate,
    };
    let whole = energy::total(&subject.energy, phase);
    let of_cards =
        || energy::total_of_cards(&subject.energy, phase).filter(|_| configuration.device.is_cuda());
    let joules = whole.or_else(of_cards);
    BenchRow {
        net: spec.net.clone(),
        data: spec.data.name().to_owned(),
        learner: spec.learner.name().to_owned(),
        device: configuration.device.to_string(),
        precision: spec.precision.name().to_owned(),
        threads: configuration.threads as u64,
        batch: spec.batch,
        phase: configuration.phase,
        images_per_second: rate.median,
        low: rate.low,
        high: rate.high,
        gflops: gigaflops(rate.median),
        mfu: gigaflops(rate.median) / peak_gflops,
        peak_gflops,
        flops_per_image: flops,
        executed_flops_per_image: subject.executed_per_image,
        memory_bytes: subject.memory_bytes,
        images_per_cpu_second: of_cpu,
        mfu_cpu: of_cpu.zip(peak_of_cpu).map(|(images, peak)| gigaflops(images) / peak),
        ratio: None,
        ratio_low: None,
        ratio_high: None,
        ratio_to: None,
        joules_per_image: joules.map(|(joules, _)| joules.0 / images as f64),
        joules_per_tflop: joules.map(|(joules, _)| joules.0 / (images as f64 * flops.as_f64() / 1e12)),
        watts: joules.map(|(joules, _)| joules.0 / seconds),
        energy_kind: joules.map_or(Kind::None, |(_, kind)| kind),
        cards_alone: whole.is_none() && joules.is_some(),
        energy: subject.energy.clone(),
        profile: subject.profile.as_ref().map(|_| layers(configuration, subject)),
        slices: subject.slices.clone(),
    }
}

/// The time of layers per step, with the speed of those that multiply.
fn layers(configuration: &Configuration, subject: &MeasuredSubject) -> Vec<LayerTime> {
    let Some((slice, entries)) = &subject.profile else { return Vec::new() };
    let nodes: HashMap<&str, &Node> =
        configuration.plan.network.leaves().into_iter().map(|node| (node.name.as_str(), node)).collect();
    let (executed, trained) = &subject.executed_by_layer;
    let steps = slice.images as f64 / configuration.plan.spec.batch as f64;
    let time = |entry: &crate::learner::ProfileEntry| {
        let flops: Flops = match entry.layer == NETWORK {
            true => nodes.values().map(|node| layer_flops(node, entry.phase)).sum(),
            false => nodes.get(entry.layer.as_str()).map_or(Flops(0), |node| layer_flops(node, entry.phase)),
        };
        let layer = Some(entry.layer.as_str()).filter(|&layer| layer != NETWORK);
        let executed = executed.phase(layer, entry.phase).as_f64() / *trained as f64;
        let speed = |per_image: f64| {
            let speed = per_image * slice.images as f64 / entry.seconds.0 / 1e9;
            Some(speed).filter(|&speed| speed > 0.0 && speed.is_finite())
        };
        LayerTime {
            layer: entry.layer.clone(),
            phase: entry.phase,
            ms_per_step: entry.seconds.0 * 1e3 / steps,
            share: entry.seconds.0 / slice.seconds.0,
            gflops: speed(flops.as_f64()),
            executed_gflops: speed(executed).filter(|_| configuration.phase == BenchPhase::Train),
            calls: entry.calls,
        }
    };
    entries.iter().map(time).collect()
}

/// Model FLOPs of one image in one phase of a layer.
fn layer_flops(node: &Node, phase: LayerPhase) -> Flops {
    let macs = match phase {
        LayerPhase::Forward | LayerPhase::WeightGradient => node.macs(),
        LayerPhase::Backward => node.training_macs() - node.macs(),
        LayerPhase::InputGradient if node.input_needs_gradient => node.macs(),
        LayerPhase::InputGradient | LayerPhase::Load | LayerPhase::Update => 0,
    };
    Flops::of_macs(macs)
}

#[cfg(test)]
mod tests;
