//! How many threads compute, told to candle in the only way that it listens to.

use std::env;

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
