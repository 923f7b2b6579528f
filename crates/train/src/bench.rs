//! How fast learners are: slices of work in interleaved rounds, against the measured peak of the machine.
//!
//! A shared machine is faster in one minute and slower in the next. So every configuration gets a slice of each
//! round, in an order that is drawn anew, and learners are compared within rounds.

pub mod inputs;
pub(crate) mod peak;
pub mod statistics;
pub mod subject;
pub mod summary;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};

use chance::{Purpose, Stream};
use data::images::Images;
use data::set::SetName;
use kernels::isa::Isa;
use meter::meter::Meter;
use meter::sources::Sources;
use rayon::ThreadPool;
use record::bench::{BenchPhase, Slice};
use record::device::Device;
use record::energy::{EnergyWindow, Phase};
use record::spec::{Precision, RunPlan};
use record::units::{Flops, Seconds};

use crate::course::JUDGED_IMAGES;
use crate::error::TrainError;
use crate::executed::ByLayer;
use crate::learner::ProfileEntry;
use crate::worker::thread_pool;
use peak::Peak;
use subject::Subject;

/// Images that the loop of a training hands over at once to be judged.
pub const JUDGED_AT_ONCE: u64 = JUDGED_IMAGES as u64;

/// What is timed.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Network, learner, precision and batch; steps and schedule play no part.
    pub plan: RunPlan,
    /// Which work.
    pub phase: BenchPhase,
    /// Where to compute.
    pub device: Device,
    /// Threads that compute.
    pub threads: usize,
}

impl Configuration {
    /// Model FLOPs of one image in this phase.
    #[must_use]
    pub fn flops_per_image(&self) -> Flops {
        match self.phase {
            BenchPhase::Train => self.plan.train_flops_per_image(),
            BenchPhase::Infer => Flops::of_macs(self.plan.network.macs()),
        }
    }

    /// What its speed is measured against.
    #[must_use]
    pub fn peak_of(&self) -> PeakOf {
        match self.device {
            Device::Cpu => PeakOf::Threads(self.threads, Isa::detect()),
            card @ Device::Cuda(_) => PeakOf::Card(card, self.plan.spec.precision),
        }
    }

    /// Whether only the learner or the device differs.
    #[must_use]
    pub fn is_rival_of(&self, other: &Configuration) -> bool {
        let (own, others) = (&self.plan.spec, &other.plan.spec);
        (own.data, &own.net, own.batch, own.precision, self.phase, self.threads)
            == (others.data, &others.net, others.batch, others.precision, other.phase, other.threads)
    }
}

/// How long to measure, and with what.
pub struct BenchOptions<'a> {
    /// Time for each configuration, in all rounds together.
    pub seconds: Seconds,
    /// Rounds.
    pub rounds: usize,
    /// Whether to take a last slice of each configuration with the time of its layers.
    pub profile: bool,
    /// Energy counters and estimates.
    pub sources: &'a Sources,
    /// Raised to end after the slice under way.
    pub stop: &'a AtomicBool,
}

impl BenchOptions<'_> {
    /// Least length of a slice.
    #[must_use]
    pub fn slice_seconds(&self) -> Seconds {
        Seconds(self.seconds.0 / self.rounds.max(1) as f64)
    }
}

/// How far a measurement is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BenchProgress<'a> {
    /// Slices done.
    pub done: usize,
    /// Slices in all; those of the peak, to warm up and for profiles included.
    pub slices: usize,
    /// Network of the slice before; `None` where the peak was measured.
    pub net: Option<&'a str>,
    /// Its images per second.
    pub images_per_second: Option<f64>,
}

/// Everything that was measured, in the order of the configurations.
#[derive(Clone, Debug)]
pub struct Measured {
    /// One for each configuration.
    pub subjects: Vec<MeasuredSubject>,
    /// One for each number of threads of the processor, and for each card and precision.
    pub peaks: Vec<MeasuredPeak>,
}

/// What was measured of one configuration.
#[derive(Clone, Debug)]
pub struct MeasuredSubject {
    /// One slice for each round.
    pub slices: Vec<Slice>,
    /// Energy of these slices.
    pub energy: Vec<EnergyWindow>,
    /// FLOPs executed for one image, padding of batches included.
    pub executed_per_image: f64,
    /// FLOPs executed in training, by layer, and for how many images.
    pub executed_by_layer: (ByLayer, u64),
    /// Memory that the learner planned, in bytes.
    pub memory_bytes: Option<u64>,
    /// The last slice and the time of its layers, where it was asked for and the learner can tell.
    pub profile: Option<(Slice, Vec<ProfileEntry>)>,
}

/// What a peak is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeakOf {
    /// So many threads of the processor: multiply-adds in f32 on the registers of an instruction set alone.
    Threads(usize, Isa),
    /// A card: products of large matrices in a precision.
    Card(Device, Precision),
}

/// What was measured of a peak.
#[derive(Clone, Debug)]
pub struct MeasuredPeak {
    /// Whose it is.
    pub of: PeakOf,
    /// One slice for each round.
    pub slices: Vec<PeakSlice>,
}

/// A peak in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeakSlice {
    /// FLOPs of all threads.
    pub flops: u64,
    /// Time by the clock.
    pub seconds: Seconds,
    /// Processor time of all threads.
    pub cpu_seconds: Seconds,
}

/// Measures all configurations in interleaved rounds; `None` when it was asked to stop.
///
/// # Errors
/// When a learner cannot be built or fails, or threads cannot be started.
pub fn measure(
    configurations: &[Configuration],
    options: &BenchOptions<'_>,
    watch: &mut dyn FnMut(&BenchProgress<'_>),
) -> Result<Option<Measured>, TrainError> {
    let mut pools = BTreeMap::new();
    for configuration in configurations {
        if let Entry::Vacant(vacant) = pools.entry(configuration.threads) {
            vacant.insert(thread_pool(configuration.threads)?);
        }
    }
    let images = images(configurations);
    let mut bench = Bench { options, entrants: Vec::new(), peaks: Vec::new(), done: 0, slices: 0 };
    for configuration in configurations {
        let pool = &pools[&configuration.threads];
        bench.entrants.push(Entrant::new(configuration, pool, &images, options.sources)?);
    }
    let mut peaks: Vec<(PeakOf, &ThreadPool)> = Vec::new();
    for configuration in configurations {
        if peaks.iter().all(|(of, _)| *of != configuration.peak_of()) {
            peaks.push((configuration.peak_of(), &pools[&configuration.threads]));
        }
    }
    let peaks = peaks.into_iter().map(|(of, pool)| Peak::new(of, pool));
    bench.peaks = peaks.collect::<Result<_, _>>()?;
    bench.run(watch)
}

/// Random images for every data set, enough for every batch that is judged at once.
fn images(configurations: &[Configuration]) -> BTreeMap<SetName, Images> {
    let mut most: BTreeMap<SetName, u64> = BTreeMap::new();
    for Configuration { plan, phase, .. } in configurations {
        let judged = if *phase == BenchPhase::Infer { plan.spec.batch } else { 0 };
        let images = most.entry(plan.spec.data).or_insert(inputs::POOL_IMAGES);
        *images = (*images).max(judged);
    }
    most.into_iter().map(|(set, count)| (set, inputs::noise(set, count))).collect()
}

/// A measurement under way.
struct Bench<'a> {
    options: &'a BenchOptions<'a>,
    entrants: Vec<Entrant<'a>>,
    peaks: Vec<Peak<'a>>,
    done: usize,
    /// Slices in all.
    slices: usize,
}

impl Bench<'_> {
    fn run(mut self, watch: &mut dyn FnMut(&BenchProgress<'_>)) -> Result<Option<Measured>, TrainError> {
        let extra = 1 + usize::from(self.options.profile);
        let (entrants, per_round) = (self.entrants.len(), self.entrants.len() + self.peaks.len());
        self.slices = entrants * extra + self.options.rounds * per_round;
        for place in 0..entrants {
            if !self.entrant(place, Turn::WarmUp, watch)? {
                return Ok(None);
            }
        }
        for round in 0..self.options.rounds {
            let mut order: Vec<usize> = (0..per_round).collect();
            Stream::new(0, Purpose::Test, round as u64).shuffle(&mut order);
            for place in order {
                let goes_on = match place.checked_sub(entrants) {
                    None => self.entrant(place, Turn::Measure, watch)?,
                    Some(peak) => self.peak(peak, watch)?,
                };
                if !goes_on {
                    return Ok(None);
                }
            }
        }
        for place in 0..if self.options.profile { entrants } else { 0 } {
            if !self.entrant(place, Turn::Profile, watch)? {
                return Ok(None);
            }
        }
        Ok(Some(Measured {
            subjects: self.entrants.into_iter().map(Entrant::finish).collect(),
            peaks: self.peaks.into_iter().map(Peak::finish).collect(),
        }))
    }

    /// A slice of one configuration; false when it was asked to stop.
    fn entrant(
        &mut self,
        place: usize,
        turn: Turn,
        watch: &mut dyn FnMut(&BenchProgress<'_>),
    ) -> Result<bool, TrainError> {
        self.done += 1;
        let entrant = &mut self.entrants[place];
        let slice = entrant.take(turn, self.options.slice_seconds())?;
        watch(&BenchProgress {
            done: self.done,
            slices: self.slices,
            net: Some(&entrant.configuration.plan.spec.net),
            images_per_second: Some(slice.images as f64 / slice.seconds.0),
        });
        Ok(!self.is_to_stop())
    }

    /// A slice of a peak; false when it was asked to stop.
    fn peak(&mut self, place: usize, watch: &mut dyn FnMut(&BenchProgress<'_>)) -> Result<bool, TrainError> {
        self.done += 1;
        self.peaks[place].take(self.options.slice_seconds())?;
        watch(&BenchProgress { done: self.done, slices: self.slices, net: None, images_per_second: None });
        Ok(!self.is_to_stop())
    }

    fn is_to_stop(&self) -> bool {
        self.options.stop.load(Ordering::Relaxed)
    }
}

/// What a slice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Nothing: memory is fetched and caches are filled.
    WarmUp,
    Measure,
    /// The time of layers.
    Profile,
}

/// One configuration in the rounds.
struct Entrant<'a> {
    configuration: &'a Configuration,
    pool: &'a ThreadPool,
    subject: Subject,
    meter: Meter,
    slices: Vec<Slice>,
    profile: Option<(Slice, Vec<ProfileEntry>)>,
}

impl<'a> Entrant<'a> {
    fn new(
        configuration: &'a Configuration,
        pool: &'a ThreadPool,
        images: &BTreeMap<SetName, Images>,
        sources: &Sources,
    ) -> Result<Entrant<'a>, TrainError> {
        let images = &images[&configuration.plan.spec.data];
        let judged = images.len().min(configuration.plan.spec.batch as usize);
        let mut subject =
            pool.install(|| Subject::build(&configuration.plan, configuration.device, images, judged))?;
        subject.judge_at_once();
        let mut meter = Meter::start(sources);
        meter.enter(Phase::Other);
        Ok(Entrant { configuration, pool, subject, meter, slices: Vec::new(), profile: None })
    }

    /// The phase under which the meter books the slices that count.
    fn metered(&self) -> Phase {
        match self.configuration.phase {
            BenchPhase::Train => Phase::Train,
            BenchPhase::Infer => Phase::Evaluate,
        }
    }

    fn take(&mut self, turn: Turn, seconds: Seconds) -> Result<Slice, TrainError> {
        let (pool, phase, metered) = (self.pool, self.configuration.phase, self.metered());
        match turn {
            Turn::WarmUp => {}
            Turn::Measure => self.meter.enter(metered),
            Turn::Profile => self.subject.profile(true),
        }
        let subject = &mut self.subject;
        let slice = pool.install(|| subject.slice(phase, seconds));
        self.meter.enter(Phase::Other);
        let slice = slice?;
        match turn {
            Turn::WarmUp => {}
            Turn::Measure => self.slices.push(slice),
            Turn::Profile => {
                self.profile = self.subject.take_profile().map(|layers| (slice, layers));
                self.subject.profile(false);
            }
        }
        Ok(slice)
    }

    fn finish(self) -> MeasuredSubject {
        let metered = self.metered();
        let energy = self.meter.finish().energy;
        MeasuredSubject {
            slices: self.slices,
            energy: energy.into_iter().filter(|window| window.phase == metered).collect(),
            executed_per_image: self.subject.executed_per_image(self.configuration.phase),
            executed_by_layer: self.subject.executed_by_layer(),
            memory_bytes: self.subject.memory_bytes(),
            profile: self.profile,
        }
    }
}
