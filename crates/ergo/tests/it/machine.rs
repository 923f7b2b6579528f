//! An imitated machine whose counters move, for commands that meter, and what they tell of it.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use meter::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;

use crate::shell::{object, run};

/// Where a counter of an Intel server begins again, in microjoules.
pub const RANGE: u64 = 262_143_328_850;

/// Where the counter stands at first: at 50 W it begins again after a second and a half, when the meter has surely begun.
pub const BEGINNING: u64 = RANGE - 75_000_000;

/// A machine of one package with its memory, whose counter stands shortly before its end.
pub struct Machine {
    pub root: TempDir,
}

impl Machine {
    pub fn new() -> Machine {
        let machine = Machine { root: TempDir::new().unwrap() };
        machine.write("proc/stat", "cpu  100 0 100 1000 0 0 0 0 0 0\ncpu0 100 0 100 1000 0 0 0 0 0 0\n");
        machine.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Imitated\nflags\t: avx2\n");
        machine.zone("intel-rapl:0", "package-0", BEGINNING);
        machine.zone("intel-rapl:0:0", "dram", 5);
        machine
    }

    /// Its root, as `--sysroot` takes it.
    pub fn path(&self) -> &str {
        self.root.path().to_str().unwrap()
    }

    /// Written beside and renamed, as a counter is never half there.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path.with_extension("new"), text).unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    }

    /// Adds a counter.
    pub fn zone(&self, folder: &str, name: &str, microjoules: u64) {
        self.write(&format!("sys/class/powercap/{folder}/name"), name);
        self.write(&format!("sys/class/powercap/{folder}/max_energy_range_uj"), &RANGE.to_string());
        self.count(folder, microjoules);
    }

    /// Sets a counter.
    pub fn count(&self, folder: &str, microjoules: u64) {
        self.write(&format!("sys/class/powercap/{folder}/energy_uj"), &microjoules.to_string());
    }

    /// Lets the package draw 50 W and the memory 4 W while `work` goes on.
    pub fn while_drawing<T>(&self, work: impl FnOnce() -> T) -> T {
        self.drawing(work).0
    }

    /// The same, of work that can be repeated: at most twice again, where other tests kept the counters from
    /// being turned for more than a hundredth of the time, so that they did not show 50 W.
    pub fn while_drawing_evenly<T>(&self, work: impl Fn() -> T) -> T {
        for _ in 0..2 {
            let (told, longest_pause_share) = self.drawing(&work);
            if longest_pause_share < 0.01 {
                return told;
            }
        }
        self.while_drawing(work)
    }

    /// What `work` told, and the longest time for which the counters stood still, as a share of all.
    fn drawing<T>(&self, work: impl FnOnce() -> T) -> (T, f64) {
        let over = AtomicBool::new(false);
        let began = Stopwatch::start();
        let draw = || {
            let used = |watts: f64| (watts * began.elapsed().0 * 1e6) as u64;
            self.count("intel-rapl:0", (BEGINNING + used(50.0)) % RANGE);
            self.count("intel-rapl:0:0", 5 + used(4.0));
        };
        // What was counted before is not seen by this work: it would fall, as by a reset.
        draw();
        std::thread::scope(|scope| {
            let turned = scope.spawn(|| {
                let (mut last, mut longest_pause) = (began.elapsed().0, 0.0);
                while !over.load(Ordering::SeqCst) {
                    draw();
                    std::thread::sleep(Duration::from_millis(1));
                    let now = began.elapsed().0;
                    longest_pause = f64::max(longest_pause, now - last);
                    last = now;
                }
                longest_pause / last
            });
            // Also where `work` panics, or nobody would ever hear of it.
            let raised = Raised(&over);
            let told = work();
            drop(raised);
            (told, turned.join().unwrap())
        })
    }
}

/// Raises a flag when it goes.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The entry of one domain in a list of an answer.
pub fn of<'a>(told: &'a Value, list: &str, domain: &str) -> &'a Value {
    let found = told[list].as_array().unwrap().iter().find(|entry| entry["domain"] == domain);
    found.unwrap_or_else(|| panic!("no {domain} in {told}"))
}

/// As [`crate::shell::refused`], but what follows `--` belongs to the command.
pub fn refused(arguments: &[&str], words: &[&str]) {
    let plain = run(&[&["meter"], arguments].concat());
    let with_json = run(&[&["meter", "--json"], arguments].concat());
    assert_eq!((plain.code, plain.stdout.as_str(), with_json.code), (2, "", 2), "{}", plain.stderr);
    let told = object(&with_json.stdout);
    for word in words {
        assert!(plain.stderr.contains(word), "`{word}` is not in: {}", plain.stderr);
        assert!(told["error"].as_str().unwrap().contains(word), "`{word}` is not in: {told}");
    }
}
