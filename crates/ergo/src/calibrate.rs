//! How fast this machine trains: a few steps of the smallest and the largest network of a sweep, timed.

use std::sync::Arc;

use chance::{Purpose, Stream};
use data::augment::Augment;
use data::images::Images;
use meter::clock::Stopwatch;
use meter::meter::Meter;
use meter::sources::Sources;
use record::energy::{self, Kind, Phase};
use record::spec::{RunPlan, RunSpec};
use sweep::plan::Sweep;
use sweep::predict::Rate;
use train::learner::{self, Step};
use train::worker::thread_pool;

/// Steps are repeated for about so long per network.
const SECONDS: f64 = 0.5;

/// Images evaluated; whole batches for every learner.
const EVALUATED: u64 = 400;

/// Time of one step, of one evaluated image and of building a learner.
struct Timing {
    step_flops: f64,
    step_seconds: f64,
    eval_seconds_per_flop: f64,
    build_seconds: f64,
    steps: u64,
}

/// Rates of this machine for the networks of `sweep`, and how they were obtained.
///
/// # Errors
/// When the learner fails.
pub fn rate(sweep: &Sweep, sources: &Sources, threads: usize) -> anyhow::Result<(Rate, String)> {
    let cost = |spec: &RunSpec| spec.plan().map(|plan| plan.train_flops_per_image().0 * spec.batch);
    let mut ends: Vec<(u64, &RunSpec)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for run in &sweep.runs {
        if seen.insert((&run.spec.net, run.spec.batch)) {
            ends.push((cost(&run.spec)?, &run.spec));
        }
    }
    ends.sort_by_key(|end| end.0);
    let (Some(smallest), Some(largest)) = (ends.first(), ends.last()) else {
        anyhow::bail!("a sweep without runs has no cost");
    };
    let mut meter = Meter::start(sources);
    meter.enter(Phase::Train);
    let pool = thread_pool(threads)?;
    let small = pool.install(|| time(&smallest.1.plan()?))?;
    let large = pool.install(|| time(&largest.1.plan()?))?;
    let metering = meter.finish();
    let watts = energy::total(&metering.energy, Phase::Train);
    let rate = between(&small, &large, watts.map(|(joules, _)| joules.0 / metering.seconds.train.0));
    let kind = match watts {
        Some((_, Kind::Modelled)) => "joules from a model, not measured",
        Some(_) => "joules from the power measured meanwhile",
        None => "joules unknown",
    };
    let method = format!(
        "Estimates: {} steps of {} and {} of {} timed on {threads} threads just now; {kind}.",
        small.steps, smallest.1.net, large.steps, largest.1.net
    );
    Ok((rate, method))
}

/// A line through two networks: a fixed time per step and a time per FLOP.
fn between(small: &Timing, large: &Timing, watts: Option<f64>) -> Rate {
    let span = large.step_flops - small.step_flops;
    let slope = if span > 0.0 { (large.step_seconds - small.step_seconds) / span } else { 0.0 };
    // Noise can bend the line below either axis; the larger network then decides alone.
    let whole = large.step_seconds / large.step_flops;
    let slope = if slope > 0.0 { slope.min(whole) } else { whole };
    Rate {
        seconds_per_step: (small.step_seconds - slope * small.step_flops).max(0.0),
        seconds_per_train_flop: slope,
        seconds_per_eval_flop: large.eval_seconds_per_flop,
        seconds_per_run: small.build_seconds,
        watts,
    }
}

fn time(plan: &RunPlan) -> anyhow::Result<Timing> {
    let images = noise(plan, plan.spec.batch);
    let clock = Stopwatch::start();
    let mut learner = learner::build(&[plan])?;
    learner.load(&images)?;
    let build_seconds = clock.elapsed().0;
    let step = Step {
        number: 0,
        indices: (0..plan.spec.batch as u32).collect(),
        augment: vec![Augment::default(); plan.spec.batch as usize],
        learning_rate: 0.0,
    };
    // The first step pays for memory and is not counted.
    learner.train(&[std::slice::from_ref(&step)])?;
    learner.sync()?;
    let clock = Stopwatch::start();
    let mut steps = 0;
    while steps == 0 || clock.elapsed().0 < SECONDS {
        learner.train(&[std::slice::from_ref(&step)])?;
        learner.sync()?;
        steps += 1;
    }
    let step_seconds = clock.elapsed().0 / steps as f64;
    let images = noise(plan, EVALUATED);
    let clock = Stopwatch::start();
    learner.evaluate(&images)?;
    let eval_flops = 2.0 * plan.network.macs() as f64 * images.len() as f64;
    Ok(Timing {
        step_flops: plan.train_flops_per_image().times(plan.spec.batch).as_f64(),
        step_seconds,
        eval_seconds_per_flop: clock.elapsed().0 / eval_flops,
        build_seconds,
        steps,
    })
}

/// Random images; speed does not depend on what they show.
fn noise(plan: &RunPlan, count: u64) -> Images {
    let shape = plan.spec.data.shape();
    let classes = plan.spec.data.classes();
    let mut stream = Stream::new(0, Purpose::Test, 0);
    let bytes = count as usize * shape.bytes();
    let pixels: Arc<[u8]> = (0..bytes).map(|_| stream.bits_u32() as u8).collect();
    let labels: Arc<[u8]> = (0..count).map(|i| (i % classes as u64) as u8).collect();
    Images { shape, classes, pixels, labels }
}
