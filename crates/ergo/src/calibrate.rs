//! How fast this machine trains: a few steps of the smallest and the largest network of a sweep, timed.

use meter::meter::Meter;
use meter::sources::Sources;
use record::bench::BenchPhase;
use record::energy::{self, Kind, Phase};
use record::spec::{RunPlan, RunSpec};
use record::units::Seconds;
use sweep::plan::Sweep;
use sweep::predict::Rate;
use train::bench::inputs;
use train::bench::subject::Subject;
use train::worker::thread_pool;

/// Steps are repeated for about so long per network.
const SECONDS: Seconds = Seconds(0.5);

/// Images evaluated; whole batches for every learner.
const EVALUATED: usize = 400;

/// Time of one step, of one evaluated image and of building a learner.
struct Timing {
    step_flops: f64,
    step_seconds: f64,
    eval_seconds_per_flop: f64,
    build_seconds: f64,
    steps: u64,
    memory_bytes: Option<u64>,
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
    let memory = large.memory_bytes.map_or_else(String::new, |bytes| {
        format!(" {} plans {:.0} MiB of memory.", largest.1.net, bytes as f64 / f64::from(1 << 20))
    });
    let method = format!(
        "Estimates: {} steps of {} and {} of {} timed on {threads} threads just now; {kind}.{memory}",
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
    let images = inputs::noise(plan.spec.data, inputs::POOL_IMAGES);
    let mut subject = Subject::build(plan, &images, EVALUATED)?;
    // The first steps pay for memory and are not counted.
    subject.slice(BenchPhase::Train, Seconds(0.0))?;
    let trained = subject.slice(BenchPhase::Train, SECONDS)?;
    let judged = subject.slice(BenchPhase::Infer, Seconds(0.0))?;
    let steps = trained.images / plan.spec.batch;
    Ok(Timing {
        step_flops: plan.train_flops_per_image().times(plan.spec.batch).as_f64(),
        step_seconds: trained.seconds.0 / steps as f64,
        eval_seconds_per_flop: judged.seconds.0 / (2.0 * plan.network.macs() as f64 * judged.images as f64),
        build_seconds: subject.build_seconds().0,
        steps,
        memory_bytes: subject.memory_bytes(),
    })
}
