//! Workers: specs in, journals out, one training per worker at a time.

use std::any::Any;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use meter::clock::Stopwatch;
use meter::sources::Sources;
use record::device::Device;
use record::journal::{self, Journal, company};
use record::peak::Peak;
use record::run::{Build, Host, Place, RunRecord};
use record::spec::{RunId, RunPlan, RunSpec};
use record::units::{Flops, Seconds};

use crate::error::TrainError;
use crate::run::{Ended, Progress, RunOptions, run};
use crate::shelf::Shelf;

/// One run to do.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its settings.
    pub spec: RunSpec,
    /// Its place in the sweep.
    pub place: Place,
}

/// How a list of runs is worked off.
#[derive(Clone, Copy)]
pub struct WorkOptions<'a> {
    /// Folder of the journals.
    pub folder: &'a Path,
    /// Prefix of the journals' names, so that processes with shares of one sweep do not meet.
    pub prefix: &'a str,
    /// Trainings side by side.
    pub jobs: usize,
    /// Where to compute.
    pub device: Device,
    /// Threads of each.
    pub threads: usize,
    /// What the device can reach at most with the threads of one, measured before; none: records have no peak.
    pub peak: Option<&'a Peak>,
    /// Energy counters and estimates.
    pub sources: &'a Sources,
    /// The program, for the records.
    pub build: &'a Build,
    /// The machine, for the records.
    pub host: &'a Host,
    /// Raised to end at the next opportunity; the run under way is given up.
    pub stop: &'a AtomicBool,
    /// No run begins after this many seconds.
    pub max_seconds: Option<Seconds>,
    /// No run begins that would bring the training FLOPs of this call above this.
    pub max_flops: Option<Flops>,
    /// Whether everything that the sources show is kept, a file for each run in `traces/` of the folder.
    pub traces: bool,
}

/// The folder of traces in that of a sweep.
const TRACES: &str = "traces";

/// What a worker has to tell.
#[derive(Debug)]
pub enum Event<'a> {
    /// A run began.
    Began {
        /// Which worker, from 0.
        worker: usize,
        /// Which run.
        task: &'a Task,
    },
    /// A run got on.
    Progressed {
        /// Which worker, from 0.
        worker: usize,
        /// How far it is.
        progress: &'a Progress,
    },
    /// A run's record is on disk.
    Finished {
        /// Which worker, from 0.
        worker: usize,
        /// The record.
        record: &'a RunRecord,
    },
}

/// Why the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkEnd {
    /// Nothing is left.
    Done,
    /// It was asked to stop.
    Interrupted,
    /// The next run would begin after the seconds, or go beyond the FLOPs, that were allowed.
    Budget,
}

/// Takes runs off the list until it is empty, a budget is reached or it is asked to stop.
///
/// # Errors
/// The first failure of images, learner or disk; runs that were finished before stay finished.
pub fn work(
    tasks: &[Task],
    shelf: &Shelf,
    options: &WorkOptions<'_>,
    tell: &(dyn Fn(Event<'_>) + Sync),
) -> Result<WorkEnd, TrainError> {
    // All journals are opened, and so locked, first: what another process finished meanwhile is not done again.
    let name = |worker: usize| format!("{}{worker}", options.prefix);
    let journals = (0..options.jobs.max(1)).map(|worker| Journal::open(options.folder, &name(worker)));
    let journals = journals.collect::<Result<Vec<_>, _>>()?;
    let own: Vec<PathBuf> = journals.iter().map(|journal| journal.path().to_owned()).collect();
    let finished = journal::read(options.folder)?.into_iter().map(|record| record.id).collect();
    let queue = Mutex::new(Queue { next: 0, begun: Flops(0), end: WorkEnd::Done, finished });
    let clock = Stopwatch::start();
    let failed = AtomicBool::new(false);
    let outcomes: Vec<Result<(), TrainError>> = std::thread::scope(|scope| {
        let start = |(worker, journal)| {
            let worker = Worker { number: worker, journal, own: &own, shelf, options, failed: &failed, tell };
            scope.spawn(|| worker.work(tasks, &queue, &clock))
        };
        let handles: Vec<_> = journals.into_iter().enumerate().map(start).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| Err(internal("?", &panic))))
            .collect()
    });
    outcomes.into_iter().collect::<Result<(), TrainError>>()?;
    Ok(queue.into_inner().unwrap_or_else(PoisonError::into_inner).end)
}

struct Queue {
    next: usize,
    begun: Flops,
    end: WorkEnd,
    finished: HashSet<RunId>,
}

impl Queue {
    /// The next run, unless the work is over.
    fn take<'t>(
        &mut self,
        tasks: &'t [Task],
        options: &WorkOptions<'_>,
        clock: &Stopwatch,
    ) -> Result<Option<(&'t Task, RunPlan)>, TrainError> {
        let (task, plan) = loop {
            let Some(task) = tasks.get(self.next) else { return Ok(None) };
            let plan = task.spec.plan()?;
            if !self.finished.contains(&plan.id) {
                break (task, plan);
            }
            self.next += 1;
        };
        if options.stop.load(Ordering::Relaxed) {
            self.end = WorkEnd::Interrupted;
            return Ok(None);
        }
        let flops = self.begun + plan.train_flops();
        let late = options.max_seconds.is_some_and(|most| clock.elapsed() >= most);
        if late || options.max_flops.is_some_and(|most| flops > most) {
            self.end = WorkEnd::Budget;
            return Ok(None);
        }
        self.next += 1;
        self.begun = flops;
        Ok(Some((task, plan)))
    }
}

struct Worker<'a> {
    number: usize,
    journal: Journal,
    /// The journals of all workers of this process.
    own: &'a [PathBuf],
    shelf: &'a Shelf,
    options: &'a WorkOptions<'a>,
    failed: &'a AtomicBool,
    tell: &'a (dyn Fn(Event<'_>) + Sync),
}

impl Worker<'_> {
    fn work(mut self, tasks: &[Task], queue: &Mutex<Queue>, clock: &Stopwatch) -> Result<(), TrainError> {
        let threads = self.options.threads;
        let pool = thread_pool(threads)?;
        while !self.failed.load(Ordering::Relaxed) {
            let task =
                queue.lock().unwrap_or_else(PoisonError::into_inner).take(tasks, self.options, clock)?;
            let Some((task, plan)) = task else { break };
            (self.tell)(Event::Began { worker: self.number, task });
            let beside = self.others();
            let ended = pool.install(|| catch_unwind(AssertUnwindSafe(|| self.train(task, &plan))));
            match ended.unwrap_or_else(|panic| Err(internal(plan.id.short(), &panic))) {
                Ok(Ended::Finished(mut finished)) => {
                    finished.0.circumstances.jobs += beside.max(self.others());
                    self.journal.append(&finished.0)?;
                    (self.tell)(Event::Finished { worker: self.number, record: &finished.0 });
                }
                Ok(Ended::Interrupted) => {
                    queue.lock().unwrap_or_else(PoisonError::into_inner).end = WorkEnd::Interrupted;
                    break;
                }
                Err(error) => {
                    self.failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Workers of other processes of this machine that are at the same sweep now, such as those of another share.
    /// One that both comes and goes during a single run is not seen.
    fn others(&self) -> u64 {
        company::others(self.options.folder, self.own) as u64
    }

    /// Where everything goes that the sources show during a run: a new file, without what a run that was cut off left there.
    fn trace(&self, plan: &RunPlan) -> Result<Option<PathBuf>, TrainError> {
        if !self.options.traces {
            return Ok(None);
        }
        let folder = self.options.folder.join(TRACES);
        let path = folder.join(format!("{}.jsonl", plan.id.short()));
        let begun = fs::create_dir_all(&folder).and_then(|()| match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
        match begun {
            Ok(()) => Ok(Some(path)),
            Err(error) => Err(TrainError::Trace { path, reason: error.to_string() }),
        }
    }

    fn train(&self, task: &Task, plan: &RunPlan) -> Result<Ended, TrainError> {
        let trace = self.trace(plan)?;
        let options = RunOptions {
            sources: self.options.sources,
            build: self.options.build,
            host: self.options.host,
            device: self.options.device,
            threads: self.options.threads,
            jobs: self.options.jobs,
            peak: self.options.peak,
            place: Some(&task.place),
            profile: false,
            evaluate_each_pass: false,
            checkpoint: None,
            trace: trace.as_deref(),
            stop: self.options.stop,
        };
        run(plan, self.shelf, &options, &mut |progress| {
            (self.tell)(Event::Progressed { worker: self.number, progress });
        })
    }
}

/// Threads that compute for one training.
///
/// # Errors
/// When the operating system refuses.
pub fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, TrainError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|e| TrainError::Threads { threads, reason: e.to_string() })
}

fn internal(what: &str, panic: &Box<dyn Any + Send>) -> TrainError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    TrainError::Internal { id: what.to_owned(), reason: text.unwrap_or_else(|| "a panic".to_owned()) }
}
