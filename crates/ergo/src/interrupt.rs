//! Ctrl-C: the first asks long work to stop at a good place, the second stops at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::exit::Exit;
use crate::output;

/// Raises the flag when stdin ends: whoever holds its other end has done so, or is no more.
pub fn at_end_of_input(flag: &Arc<AtomicBool>) {
    let flag = Arc::clone(flag);
    std::thread::spawn(move || {
        // An input that cannot be read has ended.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        flag.store(true, Ordering::SeqCst);
    });
}

/// Watches for interrupts from now on; the flag turns true at the first one.
///
/// # Errors
/// When the system gives no way to watch, or it is watched already.
pub fn watch() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let handler = move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(Exit::Interrupted.code().into());
        }
        output::note("interrupted: finishing the step under way; press Ctrl-C again to end at once");
    };
    ctrlc::set_handler(handler).context("cannot watch for interrupts")?;
    Ok(flag)
}
