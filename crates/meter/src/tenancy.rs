//! Who else used the machine and its cards meanwhile.

use std::path::{Path, PathBuf};

use crate::processor_times::{self, MachineTicks};

/// Below so many ticks of each processor, their jitter is all there is.
const LEAST_TICKS: u64 = 10;

/// More generations than any process has; a file that changes meanwhile could otherwise lead in circles.
const MOST_GENERATIONS: u32 = 1000;

/// Processor times at the beginning, to tell at the end what other programs had since.
#[derive(Debug)]
pub struct Tenancy {
    root: PathBuf,
    before: Option<Times>,
}

/// Times of the machine and of this process with its children, in ticks.
#[derive(Clone, Copy, Debug)]
struct Times {
    machine: MachineTicks,
    own: u64,
}

impl Tenancy {
    /// Begins on the machine whose `proc` lies under `root`.
    #[must_use]
    pub fn start(root: &Path) -> Tenancy {
        Tenancy { root: root.to_owned(), before: times(root) }
    }

    /// The share of all processor time since the start that other programs had, from 0 to 1: what the machine spent in
    /// programs, less what this process and those of its children had that it has waited for. Children that still run,
    /// or were left to others, count as other programs.
    ///
    /// `None` where `/proc` does not tell, or less than a tenth of a second went by.
    #[must_use]
    pub fn others(&self) -> Option<f64> {
        let (before, now) = (self.before?, times(&self.root)?);
        let all = now.machine.all.checked_sub(before.machine.all)?;
        if all < LEAST_TICKS * now.machine.processors {
            return None;
        }
        let programs = now.machine.programs.checked_sub(before.machine.programs)?;
        let own = now.own.checked_sub(before.own)?;
        // The kernel takes the times of a machine at ticks and those of processes exactly, so their difference may fall
        // a little below 0.
        Some((programs.saturating_sub(own) as f64 / all as f64).min(1.0))
    }
}

fn times(root: &Path) -> Option<Times> {
    let machine = processor_times::of_machine(&root.join("proc/stat")).ok()?;
    let own = processor_times::of_process(&root.join("proc/self/stat")).ok()?;
    Some(Times { machine, own: own.ticks })
}

/// How many of the processes `pids` on a card are neither this one nor descend from it, by `/proc` under `root`, and how many
/// are not in it: those may be anyone's, as in a container whose numbers are not those of its host.
pub(crate) fn company(pids: &[u32], root: &Path) -> (u32, u32) {
    let own = processor_times::of_process(&root.join("proc/self/stat")).map(|process| process.pid).ok();
    let (mut others, mut unseen) = (0, 0);
    for &pid in pids {
        match own.and_then(|own| descends(pid, own, root)) {
            Some(true) => {}
            Some(false) => others += 1,
            None => unseen += 1,
        }
    }
    (others, unseen)
}

/// Whether `pid` is `own` or descends from it; `None` where it cannot be seen.
fn descends(pid: u32, own: u32, root: &Path) -> Option<bool> {
    let parent = |pid: u32| {
        let stat = root.join(format!("proc/{pid}/stat"));
        processor_times::of_process(&stat).map(|process| process.parent).ok()
    };
    let mut above = parent(pid)?;
    let mut generation = pid;
    for _ in 0..MOST_GENERATIONS {
        if generation == own {
            return Some(true);
        }
        if above == 0 {
            break;
        }
        generation = above;
        // An ancestor that has just ended leaves its children to others.
        above = parent(generation).unwrap_or(0);
    }
    Some(false)
}

#[cfg(test)]
mod tests;
