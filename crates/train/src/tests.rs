//! Checks that concern every learner: that they agree, what all promise, and the networks and images that their tests share.

#[cfg(feature = "candle")]
mod agreement;
pub(crate) mod contract;
pub(crate) mod networks;

/// Says on the real stderr, which the harness does not swallow, what is not tested here, and why; once.
#[cfg(any(feature = "candle", feature = "tch"))]
pub(crate) fn skipped(what: String) {
    use std::collections::BTreeSet;
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let line = format!("SKIPPED {what}\n");
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone()) {
        // Nobody is left to tell when stderr is closed.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}
