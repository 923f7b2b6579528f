//! The progress of a sweep: one bar over its training FLOPs, with the run under way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use record::units::Flops;
use sweep::plan::{PlannedRun, Sweep};
use train::worker::Event;

use crate::commands::train::rates;
use crate::progress::{self, PlainLines, Rates};

/// Work is counted in units of a million FLOPs, so that the bar's integers neither overflow nor stand still.
const UNIT: f64 = 1e6;

/// Shows how far a sweep is; runs side by side may tell at once.
pub struct SweepProgress {
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// FLOPs of all runs to do.
    total: Flops,
    /// FLOPs of finished runs.
    finished: Flops,
    runs_finished: usize,
    runs: usize,
    /// FLOPs of the run under way, by worker.
    under_way: HashMap<usize, Flops>,
    /// The rates last shown: a short run ends before its power is known.
    rates: Rates,
    lines: PlainLines,
}

impl SweepProgress {
    /// A bar over the runs `to_do` of `sweep`.
    pub fn new(sweep: &Sweep, to_do: &[&PlannedRun]) -> SweepProgress {
        let total: Flops = to_do.iter().map(|run| run.train_flops).sum();
        let bar = progress::sweep((total.as_f64() / UNIT) as u64, &sweep.name);
        let state = State { runs: to_do.len(), total, ..State::default() };
        SweepProgress { bar, state: Mutex::new(state) }
    }

    /// Takes in what a worker has to tell.
    pub fn tell(&self, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Began { worker, task } => {
                state.under_way.insert(worker, Flops(0));
                let run = state.runs_finished + state.under_way.len();
                let (runs, net, seed) = (state.runs, &task.spec.net, task.spec.seed);
                self.bar.set_prefix(format!("run {run}/{runs} {net} seed {seed}"));
            }
            Event::Progressed { worker, progress } => {
                state.under_way.insert(worker, progress.flops_per_image.times(progress.images));
                let now = rates(progress);
                state.rates = Rates { watts: now.watts.or(state.rates.watts), ..now };
                self.bar.set_message(progress::in_words(&state.rates));
            }
            Event::Finished { worker, record } => {
                state.under_way.remove(&worker);
                state.finished += record.flops.model_train;
                state.runs_finished += 1;
            }
        }
        let done = state.finished + state.under_way.values().copied().sum();
        self.bar.set_position((done.as_f64() / UNIT) as u64);
        let (runs_finished, runs, total) = (state.runs_finished, state.runs, state.total);
        state.lines.tell(&self.bar, done.as_f64(), total.as_f64(), || {
            format!("{runs_finished} of {runs} runs done")
        });
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
