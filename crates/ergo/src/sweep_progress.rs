//! The progress of a sweep: one bar over its training FLOPs, with the run under way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use record::units::Flops;
use sweep::plan::{PlannedRun, Sweep};
use train::worker::Event;

use crate::commands::train::rates;
use crate::progress;

/// Work is counted in units of a million FLOPs, so that the bar's integers neither overflow nor stand still.
const UNIT: f64 = 1e6;

/// Shows how far a sweep is; runs side by side may tell at once.
pub struct SweepProgress {
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// FLOPs of finished runs.
    finished: Flops,
    runs_finished: usize,
    runs: usize,
    /// FLOPs of the run under way, by worker.
    under_way: HashMap<usize, Flops>,
}

impl SweepProgress {
    /// A bar over the runs `to_do` of `sweep`.
    pub fn new(sweep: &Sweep, to_do: &[&PlannedRun]) -> SweepProgress {
        let total: Flops = to_do.iter().map(|run| run.train_flops).sum();
        let bar = progress::sweep((total.as_f64() / UNIT) as u64, &sweep.name);
        SweepProgress { bar, state: Mutex::new(State { runs: to_do.len(), ..State::default() }) }
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
                self.bar.set_message(progress::in_words(&rates(progress)));
            }
            Event::Finished { worker, record } => {
                state.under_way.remove(&worker);
                state.finished += record.flops.model_train;
                state.runs_finished += 1;
            }
        }
        let under_way: Flops = state.under_way.values().copied().sum();
        self.bar.set_position(((state.finished + under_way).as_f64() / UNIT) as u64);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
