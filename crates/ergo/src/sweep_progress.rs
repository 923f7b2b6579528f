//! The progress of a sweep: one bar over time, where what is left follows from the runs that are done.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use meter::clock::Stopwatch;
use record::spec::RunSpec;
use sweep::plan::PlannedRun;
use train::worker::Event;

use crate::commands::train::rates;
use crate::progress::{self, PlainLines, Rates};

/// Steps of the bar.
const LENGTH: f64 = 10_000.0;

/// Shows how far a sweep is; runs side by side may tell at once.
pub struct SweepProgress {
    bar: ProgressBar,
    clock: Stopwatch,
    jobs: f64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is to do, by network and batch.
    work: HashMap<(String, u64), Work>,
    runs_finished: usize,
    runs: usize,
    /// Network, batch and steps taken of the run under way, by worker.
    under_way: HashMap<usize, ((String, u64), u64)>,
    /// The rates last shown: a short run ends before its power is known.
    rates: Rates,
    lines: PlainLines,
}

/// The runs of one network with one size of batch.
#[derive(Default)]
struct Work {
    /// Model FLOPs of a step.
    step_flops: f64,
    /// Runs that are not finished, and their steps.
    left: Amount,
    /// Runs that are finished, and their steps.
    done: Amount,
    /// What those steps took.
    step_seconds: f64,
    /// What else these runs took: reading and counting errors.
    other_seconds: f64,
}

#[derive(Clone, Copy, Default)]
struct Amount {
    runs: f64,
    steps: f64,
}

fn key(spec: &RunSpec) -> (String, u64) {
    (spec.net.clone(), spec.batch)
}

impl State {
    /// Seconds of work that is left, or nothing before the first run is finished. A network of which no run is
    /// finished is taken to be as fast, by the FLOP, as the fastest of the others: it is likely to be wider. Beside its
    /// steps a run takes what runs have taken in the mean.
    fn seconds_left(&self) -> Option<f64> {
        let known = || self.work.values().filter(|work| work.done.steps > 0.0);
        let per_flop =
            known().map(|work| work.step_seconds / (work.done.steps * work.step_flops)).reduce(f64::min)?;
        let runs: f64 = known().map(|work| work.done.runs).sum();
        let per_run = known().map(|work| work.other_seconds).sum::<f64>() / runs;
        let per_step = |work: &Work| match work.done.steps {
            0.0 => work.step_flops * per_flop,
            steps => work.step_seconds / steps,
        };
        let of_work = |work: &Work| work.left.steps * per_step(work) + work.left.runs * per_run;
        let whole: f64 = self.work.values().map(of_work).sum();
        let begun = self.under_way.values();
        let begun = begun.filter_map(|(key, steps)| Some(*steps as f64 * per_step(self.work.get(key)?)));
        Some((whole - begun.sum::<f64>()).max(0.0))
    }
}

impl SweepProgress {
    /// A bar over the runs `to_do` of the sweep called `name`, of which `jobs` are under way at once.
    pub fn new(name: &str, to_do: &[&PlannedRun], jobs: usize) -> SweepProgress {
        let mut state = State { runs: to_do.len(), ..State::default() };
        for run in to_do {
            let work = state.work.entry(key(&run.spec)).or_default();
            work.step_flops = run.train_flops.as_f64() / run.spec.steps as f64;
            work.left.runs += 1.0;
            work.left.steps += run.spec.steps as f64;
        }
        SweepProgress {
            bar: progress::sweep(LENGTH as u64, name),
            clock: Stopwatch::start(),
            jobs: jobs as f64,
            state: Mutex::new(state),
        }
    }

    /// Takes in what a worker has to tell.
    pub fn tell(&self, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Began { worker, task } => {
                state.under_way.insert(worker, (key(&task.spec), 0));
                let run = state.runs_finished + state.under_way.len();
                let (runs, net, seed) = (state.runs, &task.spec.net, task.spec.seed);
                self.bar.set_prefix(format!("run {run}/{runs} {net} seed {seed}"));
            }
            Event::Progressed { worker, progress } => {
                if let Some((_, steps)) = state.under_way.get_mut(&worker) {
                    *steps = progress.steps_done;
                }
                let now = rates(progress);
                state.rates = Rates { watts: now.watts.or(state.rates.watts), ..now };
                self.bar.set_message(progress::in_words(&state.rates));
            }
            Event::Finished { worker, record } => {
                state.under_way.remove(&worker);
                state.runs_finished += 1;
                if let Some(work) = state.work.get_mut(&key(&record.spec)) {
                    work.left.runs -= 1.0;
                    work.left.steps -= record.spec.steps as f64;
                    work.done.runs += 1.0;
                    work.done.steps += record.steps as f64;
                    work.step_seconds += record.seconds.train.0;
                    work.other_seconds += record.seconds.total.0 - record.seconds.train.0;
                }
            }
        }
        self.show(&mut state);
    }

    fn show(&self, state: &mut State) {
        let elapsed = self.clock.elapsed().0;
        let left = state.seconds_left().map(|seconds| seconds / self.jobs);
        // Nobody knows before the first run is done.
        let (done, total) = left.map_or((0.0, 0.0), |left| (elapsed, elapsed + left));
        self.bar.set_position((LENGTH * done / total.max(f64::MIN_POSITIVE)) as u64);
        let (runs_finished, runs) = (state.runs_finished, state.runs);
        state.lines.tell(&self.bar, done, total, || format!("{runs_finished} of {runs} runs done"));
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One network of which half the steps took 2 s each, and one of four times its FLOPs that nobody has seen yet;
    /// each run took 3 s beside.
    #[test]
    fn what_is_left_follows_from_what_is_done() {
        let name = |net: &str| (net.to_owned(), 32);
        let amount = |runs: f64, steps: f64| Amount { runs, steps };
        let mut state = State::default();
        let unseen = |step_flops: f64, left: Amount| Work { step_flops, left, ..Work::default() };
        state.work.insert(name("small"), unseen(1e6, amount(2.0, 10.0)));
        state.work.insert(name("large"), unseen(4e6, amount(1.0, 5.0)));
        assert_eq!(state.seconds_left(), None, "nobody knows before the first run is done");
        let done = amount(2.0, 10.0);
        let seen = Work { done, step_seconds: 20.0, other_seconds: 6.0, ..unseen(1e6, amount(2.0, 10.0)) };
        state.work.insert(name("small"), seen);
        // 10 steps of 2 s, 5 of 4 x 2 s, and 3 runs of 3 s.
        assert_eq!(state.seconds_left(), Some(20.0 + 40.0 + 9.0));
        state.under_way.insert(0, (name("large"), 3));
        assert_eq!(state.seconds_left(), Some(20.0 + 16.0 + 9.0));
    }
}
