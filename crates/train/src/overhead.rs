//! What metering costs a training: the same steps with a meter and without, in pairs, until the interval is narrow.

mod rule;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use chance::{Purpose, Stream};
use data::digits::{self, Role};
use data::set::SetName;
use meter::clock::Stopwatch;
use meter::meter::Meter;
use meter::sources::Sources;
use record::bench::BenchPhase;
use record::device::Device;
use record::doctor::SourceStatus;
use record::energy::{Phase, Sampling};
use record::overhead::{OverheadOutput, OverheadPair, SamplerOverhead};
use record::spec::{RunPlan, RunSpec};
use record::units::Seconds;

use crate::bench::inputs;
use crate::bench::statistics::estimate;
use crate::bench::subject::Subject;
use crate::error::TrainError;
use crate::worker::thread_pool;
use rule::Rule;

/// The network that is trained: two convolutions and two linear layers, small as most that are metered here.
const NET: &str = "net-a";
/// Images of a step.
const BATCH: u64 = 128;
/// Half of the width that the interval of the ratio is to have.
pub const HALF_WIDTH: f64 = 0.005;
/// Share of the run that the sampler's processor time may be.
const SAMPLER_SHARE: f64 = 0.005;
/// Both blocks of a pair begin with steps that do not count, until the first looks of a meter are over and then for a time drawn
/// below this: the usual time between two readings of the sampler, so that a block meets them in no fixed place.
const LEAD: f64 = 0.1;

/// How the experiment is made.
#[derive(Clone, Copy)]
pub struct OverheadOptions<'a> {
    /// What a metered block reads, as a training does.
    pub sources: &'a Sources,
    /// Threads that compute.
    pub threads: usize,
    /// About how long a block is.
    pub block: Seconds,
    /// Pairs after which it ends, however wide the interval is.
    pub most_pairs: usize,
    /// Raised to end after the block under way.
    pub stop: &'a AtomicBool,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverheadProgress {
    /// Pairs done.
    pub pairs: usize,
    /// Pairs after which it ends.
    pub most_pairs: usize,
    /// The ratio so far.
    pub ratio: f64,
    /// Half of the width of its interval so far; not finite while there are too few pairs for one.
    pub half_width: f64,
}

/// Trains in pairs of blocks and says what the meter cost; `None` when it was asked to stop.
///
/// # Errors
/// When the learner cannot be built or fails, or threads cannot be started.
pub fn measure(
    options: &OverheadOptions<'_>,
    watch: &mut (dyn FnMut(OverheadProgress) + Send),
) -> Result<Option<OverheadOutput>, TrainError> {
    let plan = RunSpec::new(SetName::Digits, NET, 1, BATCH, 1).plan()?;
    let pool = thread_pool(options.threads)?;
    let rule = Rule { most_pairs: options.most_pairs.max(1), half_width: HALF_WIDTH };
    pool.install(|| {
        let mut trial = Trial::begin(&plan, options)?;
        while rule.goes_on(&trial.ratios()) {
            if !trial.pair()? {
                return Ok(None);
            }
            let ratios = trial.ratios();
            let (ratio, half_width) = (estimate(&ratios).median, rule::half_width(&ratios));
            watch(OverheadProgress { pairs: ratios.len(), most_pairs: rule.most_pairs, ratio, half_width });
        }
        Ok(Some(trial.told(&plan, rule)))
    })
}

/// An experiment under way.
struct Trial<'a> {
    options: &'a OverheadOptions<'a>,
    subject: Subject,
    /// Looks of a block, between which the learner has a chunk of steps as in a training.
    looks: u64,
    pairs: Vec<OverheadPair>,
    /// How the metered blocks were sampled, with the processor time of all of them, leads left out.
    sampling: Option<Sampling>,
    /// Processor time of the sampler in all leads.
    started: Seconds,
    /// Time under a meter, leads included.
    metered: Seconds,
}

impl<'a> Trial<'a> {
    /// Builds the learner, trains until memory is fetched and caches are filled, and finds how many steps a block has.
    fn begin(plan: &RunPlan, options: &'a OverheadOptions<'a>) -> Result<Trial<'a>, TrainError> {
        let images =
            digits::images(Role::Training { run_seed: plan.spec.seed }.seed(), 0..inputs::POOL_IMAGES);
        let mut subject = Subject::build(plan, Device::Cpu, &images, 1)?;
        subject.slice(BenchPhase::Train, options.block)?;
        let slice = subject.slice(BenchPhase::Train, options.block)?;
        let looks = (slice.images / subject.images_of_look()).max(1);
        let (pairs, started, metered) = (Vec::new(), Seconds(0.0), Seconds(0.0));
        Ok(Trial { options, subject, looks, pairs, sampling: None, started, metered })
    }

    fn ratios(&self) -> Vec<f64> {
        self.pairs.iter().map(|pair| pair.metered.0 / pair.unmetered.0).collect()
    }

    /// A block with a meter and one without, in an order that is drawn; false when it was asked to stop.
    fn pair(&mut self) -> Result<bool, TrainError> {
        let mut stream = Stream::new(0, Purpose::Test, self.pairs.len() as u64);
        let lead = Meter::START + Seconds(LEAD * stream.uniform_f64());
        let metered_first = stream.below(2) == 0;
        let (mut metered, mut unmetered) = (Seconds(0.0), Seconds(0.0));
        for with_meter in [metered_first, !metered_first] {
            let seconds = if with_meter { &mut metered } else { &mut unmetered };
            *seconds = self.block(with_meter, lead)?;
            if self.options.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
        }
        self.pairs.push(OverheadPair { metered, unmetered, metered_first });
        Ok(true)
    }

    /// The time of one block, in which a meter is asked for all that a training asks it for. Its start, first looks included, and
    /// its end, which a training has once, are no part of the block.
    fn block(&mut self, with_meter: bool, lead: Seconds) -> Result<Seconds, TrainError> {
        let mut meter = with_meter.then(|| Meter::start(self.options.sources));
        let clock = Stopwatch::start();
        while clock.elapsed() < lead {
            self.look(&mut meter)?;
        }
        let sampling = meter.as_ref().and_then(|meter| meter.snapshot().sampling);
        let started = sampling.map_or(Seconds(0.0), |sampling| sampling.processor);
        let clock = Stopwatch::start();
        for _ in 0..self.looks {
            self.look(&mut meter)?;
        }
        let seconds = clock.elapsed();
        if let Some(meter) = meter {
            let metering = meter.finish();
            self.metered += metering.seconds.total;
            self.started += started;
            self.sampling = metering.sampling.map(|now| {
                let before = self.sampling.map_or(Seconds(0.0), |before| before.processor);
                Sampling { processor: before + now.processor - started, ..now }
            });
        }
        Ok(seconds)
    }

    /// The steps between two looks, with what a training asks of its meter around them.
    fn look(&mut self, meter: &mut Option<Meter>) -> Result<(), TrainError> {
        if let Some(meter) = meter {
            for phase in [Phase::Load, Phase::Transfer, Phase::Train] {
                meter.enter(phase);
            }
        }
        self.subject.train()?;
        if let Some(meter) = meter {
            meter.enter(Phase::Other);
            black_box((meter.live(), meter.seconds()));
        }
        Ok(())
    }

    /// Everything there is to say.
    fn told(self, plan: &RunPlan, rule: Rule) -> OverheadOutput {
        let ratios = self.ratios();
        let ratio = estimate(&ratios);
        let (method, coverage) = rule::method(ratios.len());
        let half_width = (ratio.high - ratio.low) / 2.0;
        let in_blocks: f64 = self.pairs.iter().map(|pair| pair.metered.0).sum();
        let sampler = self.sampling.map(|sampling| SamplerOverhead {
            interval: sampling.interval,
            processor: sampling.processor,
            share: sampling.processor.0 / in_blocks,
            share_limit: SAMPLER_SHARE,
            start: Seconds(self.started.0 / self.pairs.len() as f64),
        });
        let blocks: Vec<f64> = self.pairs.iter().map(|pair| pair.unmetered.0).collect();
        let read =
            self.options.sources.describe().into_iter().filter(|facts| facts.status == SourceStatus::Ok);
        OverheadOutput {
            ratio: ratio.median,
            ratio_low: ratio.low,
            ratio_high: ratio.high,
            half_width,
            half_width_limit: rule.half_width,
            is_narrow: rule.is_narrow(&ratios),
            coverage,
            method,
            pairs: self.pairs.len() as u64,
            pairs_limit: rule.most_pairs as u64,
            block: Seconds(estimate(&blocks).median),
            steps_per_block: self.looks * self.subject.images_of_look() / plan.spec.batch,
            looks_per_block: self.looks,
            net: plan.spec.net.clone(),
            learner: plan.spec.learner.name().to_owned(),
            batch: plan.spec.batch,
            threads: self.options.threads as u64,
            domains: read.map(|facts| facts.domain).collect(),
            sampler,
            metered: self.metered,
            blocks: self.pairs,
        }
    }
}
