//! How many threads compute: told to candle in the only way that it listens to, and to the user where some are idle.

use std::env;

use record::spec::LearnerName;
use train::learner::most_threads;

/// Tells candle to use `threads` threads, unless the user has told it otherwise.
///
/// Without these variables candle reads /proc/cpuinfo at every product and starts a pool of its own beside ours,
/// whose threads spin: a training with `--threads 1` would keep two processors busy.
///
/// Call this before any thread is started.
pub fn settle(threads: usize) {
    for (variable, value) in [("RAYON_NUM_THREADS", threads), ("CANDLE_NUM_THREADS", 1)] {
        if env::var_os(variable).is_none() {
            // SAFETY: the commands call this first, while the process has one thread, so nobody reads the
            // environment meanwhile.
            unsafe { env::set_var(variable, value.to_string()) };
        }
    }
}

/// What there is to say where batches of `batch` images are too small to keep `threads` threads busy.
#[must_use]
pub fn idle(learner: LearnerName, batch: u64, threads: u64) -> Option<String> {
    let most = most_threads(learner, batch).filter(|&most| most < threads)?;
    Some(format!(
        "Batches of {batch} keep {most} of {threads} threads of {} busy, as a thread takes eight images or more: larger \
         batches use more threads, and so do trainings side by side, as by `ergo sweep --jobs {}`.",
        learner.name(),
        threads / most
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_without_images_are_told() {
        let native = |batch, threads| idle(LearnerName::Native, batch, threads);
        assert_eq!((native(32, 4), native(8, 1), native(1, 1), native(1024, 16)), (None, None, None, None));
        assert!(native(32, 8).is_some_and(|text| text.contains("4 of 8") && text.contains("--jobs 2")));
        assert!(native(8, 2).is_some_and(|text| text.contains("1 of 2")));
        assert_eq!(idle(LearnerName::Candle, 1, 64), None);
    }
}
