//! How fast this machine trains: a few steps of the networks of a sweep, timed.

use std::collections::{HashMap, HashSet};

use data::digits;
use data::images::Images;
use data::set::SetName;
use meter::clock::Stopwatch;
use meter::meter::Meter;
use meter::sources::Sources;
use record::bench::BenchPhase;
use record::device::Device;
use record::energy::{self, Kind, Phase};
use record::spec::{RunPlan, RunSpec};
use record::units::Seconds;
use sweep::plan::PlannedRun;
use sweep::predict::{Rate, Rates};
use train::bench::inputs;
use train::bench::subject::Subject;
use train::worker::thread_pool;

/// Steps of all networks together are repeated for at least about so long.
const SECONDS: f64 = 1.5;

/// No network's steps need more repetition than this.
const MOST_SECONDS: f64 = 0.5;

/// So many networks at most are timed; the others lie between them.
const MOST_NETWORKS: usize = 16;

/// Images evaluated; whole batches for every learner.
const EVALUATED: usize = 400;

/// Procedural images made to time their making.
const MADE: u64 = 4096;

/// What was measured.
pub struct Calibration {
    /// The rates of this machine for the networks asked for.
    pub rates: Rates,
    /// How they were obtained, in words.
    pub method: String,
    /// Bytes that the learner plans to take for the network with the largest steps.
    pub memory_bytes: Option<u64>,
}

/// Times the networks of `runs` on a device.
///
/// # Errors
/// When there are no runs, or the learner fails.
pub fn calibrate(
    runs: &[PlannedRun],
    device: Device,
    sources: &Sources,
    threads: usize,
) -> anyhow::Result<Calibration> {
    let specs = chosen(runs)?;
    let Some(largest) = specs.last() else { anyhow::bail!("a sweep without runs has no cost") };
    let least = Seconds((SECONDS / specs.len() as f64).min(MOST_SECONDS));
    let clock = Stopwatch::start();
    let images = inputs::noise(largest.data, inputs::POOL_IMAGES);
    let mut meter = Meter::start(sources);
    let pool = thread_pool(threads)?;
    let making = pool.install(|| making_seconds(largest)) * made_share(runs);
    let mut rates = Vec::with_capacity(specs.len());
    let mut memory_bytes = None;
    for spec in &specs {
        let plan = spec.plan()?;
        let (mut rate, bytes) = pool.install(|| time(&plan, device, &images, least, &mut meter))?;
        rate.seconds_per_step += making * spec.batch as f64;
        rates.push(rate);
        memory_bytes = bytes;
    }
    let metering = meter.finish();
    let watts = energy::total(&metering.energy, Phase::Train);
    let kind = match watts {
        Some((_, Kind::Modelled)) => "joules from a model, not measured",
        Some(_) => "joules from the power measured meanwhile",
        None => "joules unknown",
    };
    let memory = memory_bytes.map_or_else(String::new, |bytes| {
        format!(" {} plans {:.0} MiB of memory.", largest.net, bytes as f64 / f64::from(1 << 20))
    });
    let method = format!(
        "Estimates: steps of {} networks timed on {threads} threads just now, in {:.1} s; {kind}.{memory}",
        specs.len(),
        clock.elapsed().0
    );
    let watts = watts.map(|(joules, _)| joules.0 / metering.seconds.train.0);
    Ok(Calibration { rates: Rates::new(rates, watts), method, memory_bytes })
}

/// The networks and batches of `runs`, once each, from the least step to the largest: all, or a few of many.
fn chosen(runs: &[PlannedRun]) -> anyhow::Result<Vec<&RunSpec>> {
    let mut specs: Vec<(u64, &RunSpec)> = Vec::new();
    let mut seen = HashSet::new();
    for run in runs {
        if seen.insert((&run.spec.net, run.spec.batch)) {
            let flops = run.spec.plan()?.train_flops_per_image().0.saturating_mul(run.spec.batch);
            specs.push((flops, &run.spec));
        }
    }
    specs.sort_by_key(|spec| spec.0);
    let last = specs.len().saturating_sub(1);
    let count = specs.len().min(MOST_NETWORKS);
    let at = |place: usize| specs[place * last / (count - 1).max(1)].1;
    Ok((0..count).map(at).collect())
}

/// The rate of one network, whose steps are timed for at least `least`, and the memory that it plans.
fn time(
    plan: &RunPlan,
    device: Device,
    images: &Images,
    least: Seconds,
    meter: &mut Meter,
) -> anyhow::Result<(Rate, Option<u64>)> {
    meter.enter(Phase::Other);
    let mut subject = Subject::build(plan, device, images, EVALUATED)?;
    // The first steps and images pay for memory and are not counted.
    subject.slice(BenchPhase::Train, Seconds(0.0))?;
    subject.slice(BenchPhase::Infer, Seconds(0.0))?;
    let judged = subject.slice(BenchPhase::Infer, Seconds(0.0))?;
    meter.enter(Phase::Train);
    let trained = subject.slice(BenchPhase::Train, least)?;
    let seconds_per_step = trained.seconds.0 * plan.spec.batch as f64 / trained.images as f64;
    let eval_flops = 2.0 * plan.network.macs() as f64 * judged.images as f64;
    let rate = Rate {
        step_flops: plan.train_flops_per_image().times(plan.spec.batch).as_f64(),
        seconds_per_step,
        seconds_per_eval_flop: judged.seconds.0 / eval_flops,
        seconds_per_run: subject.build_seconds().0,
    };
    Ok((rate, subject.memory_bytes()))
}

/// Seconds to make one training image, where a run makes its own.
fn making_seconds(spec: &RunSpec) -> f64 {
    if spec.data != SetName::Digits || spec.examples.is_some() {
        return 0.0;
    }
    // The first ones wake the threads.
    drop(digits::images(spec.seed, 0..MADE / 16));
    let clock = Stopwatch::start();
    let made = digits::images(spec.seed, 0..MADE);
    clock.elapsed().0 / made.len() as f64
}

/// The share of all images that runs train on which is made, as the runs of a seed share theirs.
fn made_share(runs: &[PlannedRun]) -> f64 {
    let mut most: HashMap<u64, f64> = HashMap::new();
    let mut sum = 0.0;
    for run in runs {
        let images = run.spec.steps as f64 * run.spec.batch as f64;
        let of_seed = most.entry(run.spec.seed).or_default();
        *of_seed = images.max(*of_seed);
        sum += images;
    }
    most.values().sum::<f64>() / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use sweep::{file, plan, presets};

    #[test]
    fn runs_of_a_seed_share_their_images() {
        let quick = file::parse(presets::preset("quick").unwrap(), "quick").unwrap();
        let run = plan::plan(&quick).unwrap().runs.swap_remove(0);
        let mut twice_as_long = run.clone();
        twice_as_long.spec.steps *= 2;
        let mut other_seed = run.clone();
        other_seed.spec.seed += 1;
        assert_eq!(made_share(std::slice::from_ref(&run)), 1.0);
        assert_eq!(made_share(&[run.clone(), run.clone()]), 0.5);
        assert_eq!(made_share(&[run.clone(), twice_as_long]), 2.0 / 3.0);
        assert_eq!(made_share(&[run, other_seed]), 1.0);
    }
}
