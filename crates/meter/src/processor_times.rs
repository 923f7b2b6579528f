//! Processor times of a machine and of one process, as Linux counts them in `/proc`.

use std::path::Path;

use crate::source::ReadError;

/// Times in `/proc` are in hundredths of a second on x86 and ARM (proc(5), `USER_HZ`).
pub(crate) const TICKS_PER_SECOND: f64 = 100.0;

/// Ticks of all processors together since the machine was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MachineTicks {
    /// Spent in programs and in what the kernel does for them. Waiting for a disk is not busy.
    pub programs: u64,
    /// Spent in interrupts, which belong to no program.
    pub interrupts: u64,
    /// All that went by, with what a hypervisor gave to other machines.
    pub all: u64,
    /// How many processors there are.
    pub processors: u64,
}

/// What a `/proc/stat` tells.
///
/// # Errors
/// When it cannot be read, or holds something else.
pub(crate) fn of_machine(stat: &Path) -> Result<MachineTicks, ReadError> {
    let text = std::fs::read_to_string(stat).map_err(|error| ReadError::of_io(stat, &error))?;
    let parsed = text.lines().find_map(|line| line.strip_prefix("cpu ")).and_then(|times| {
        let times: Vec<u64> = times.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        if times.len() < 4 {
            return None;
        }
        // user, nice, system, (idle, iowait,) irq, softirq, steal; what follows is part of these.
        let sum = |from: usize, count: usize| {
            times.iter().skip(from).take(count).try_fold(0u64, |sum, &time| sum.checked_add(time))
        };
        Some((sum(0, 3)?, sum(5, 2)?, sum(0, 8)?))
    });
    let (programs, interrupts, all) = parsed.ok_or_else(|| garbage(stat, "processor times", &text))?;
    let is_one = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let processors = text.lines().filter(is_one).count().max(1) as u64;
    Ok(MachineTicks { programs, interrupts, all, processors })
}

/// What the `/proc/N/stat` of a process tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: u32,
    pub parent: u32,
    /// Ticks in which its threads ran, and its children that have ended and were waited for.
    pub ticks: u64,
}

/// Reads one such file.
///
/// # Errors
/// When it cannot be read, or holds something else.
pub(crate) fn of_process(stat: &Path) -> Result<Process, ReadError> {
    let bytes = std::fs::read(stat).map_err(|error| ReadError::of_io(stat, &error))?;
    // The name of a process is any bytes.
    let text = String::from_utf8_lossy(&bytes);
    parsed(&text).ok_or_else(|| garbage(stat, "the state of a process", &text))
}

fn parsed(stat: &str) -> Option<Process> {
    // The second word is a name in brackets, with anything in it.
    let (head, tail) = stat.rsplit_once(')')?;
    let pid = head.split_whitespace().next()?.parse().ok()?;
    let words: Vec<&str> = tail.split_whitespace().collect();
    let parent = words.get(1)?.parse().ok()?;
    // The words 14 to 17 of the line: utime, stime, cutime, cstime.
    let times = words.get(11..15)?.iter().map(|word| word.parse::<u64>().ok());
    let ticks = times.collect::<Option<Vec<u64>>>()?.into_iter().try_fold(0u64, u64::checked_add)?;
    Some(Process { pid, parent, ticks })
}

fn garbage(path: &Path, expected: &'static str, found: &str) -> ReadError {
    ReadError::Garbage { path: path.to_owned(), expected, found: found.chars().take(40).collect() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn machine(text: &str) -> Result<MachineTicks, ReadError> {
        let root = TempDir::new().unwrap();
        let stat = root.path().join("stat");
        fs::write(&stat, text).unwrap();
        of_machine(&stat)
    }

    #[test]
    fn waiting_is_not_busy_and_guests_count_once() {
        let told = machine("cpu  10 2 3 100 40 5 6 7 8 9\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\ncpufreq 1\n");
        // 10 + 2 + 3, 5 + 6, and 10 + 2 + 3 + 100 + 40 + 5 + 6 + 7; 8 and 9 are within 10 and 2.
        let expected = MachineTicks { programs: 15, interrupts: 11, all: 173, processors: 2 };
        assert_eq!(told.unwrap(), expected);
        let old = machine("cpu  10 2 3 100\n").unwrap();
        assert_eq!(old, MachineTicks { programs: 15, interrupts: 0, all: 115, processors: 1 });
    }

    #[test]
    fn what_is_no_time_is_told() {
        for text in ["", "cpu0 1 2 3 4\n", "cpu  1 2 3\n", "cpu  1 2 x 4\n", "cpu  1 -2 3 4\n"] {
            assert!(machine(text).unwrap_err().to_string().contains("expected processor times"), "{text}");
        }
        let most = format!("cpu  {} 1 1 1\n", u64::MAX);
        assert!(machine(&most).is_err());
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let times = "8 9 0 -1 4194304 0 0 0 0 1 20 300";
        let process = parsed(&format!("42 (a) b (c) R 7 {times} 4000 20 0 1 0 5\n")).unwrap();
        assert_eq!(process, Process { pid: 42, parent: 7, ticks: 4321 });
        for text in ["", "42", "42 (a) R", &format!("42 (a) R 7 {times}"), &format!("x (a) R 7 {times} 4")] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }
}
