//! How the processors of a machine are run: governor, clock rate, boost and load, which decide what a second is worth.

use std::path::Path;

use record::doctor::ProcessorState;

use crate::host;

/// What the machine under `root` says.
#[must_use]
pub fn state(root: &Path) -> ProcessorState {
    let text = |file: &str| std::fs::read_to_string(root.join(file)).ok().map(|text| text.trim().to_owned());
    let of_cpus = |file: &str| text(&format!("sys/devices/system/cpu/{file}"));
    let boost = of_cpus("cpufreq/boost").map(|on| on == "1");
    let no_turbo = of_cpus("intel_pstate/no_turbo").map(|off| off == "0");
    ProcessorState {
        usable: host::usable_processors(root),
        governor: of_cpus("cpu0/cpufreq/scaling_governor"),
        clock_mhz: text("proc/cpuinfo").and_then(|cpuinfo| clocks(&cpuinfo)),
        boost: boost.or(no_turbo),
        load: text("proc/loadavg").and_then(|load| load.split_whitespace().next()?.parse().ok()),
    }
}

/// Lowest and highest rate among the processors of `/proc/cpuinfo`.
fn clocks(cpuinfo: &str) -> Option<[f64; 2]> {
    let rate = |line: &str| line.strip_prefix("cpu MHz")?.split_once(':')?.1.trim().parse().ok();
    let rates: Vec<f64> = cpuinfo.lines().filter_map(rate).collect();
    let (lowest, highest) =
        rates.iter().fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), &r| (low.min(r), high.max(r)));
    (!rates.is_empty()).then_some([lowest, highest])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn what_linux_says_is_told() {
        let root = TempDir::new().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/cpuinfo", "processor : 0\ncpu MHz\t\t: 2100.5\n\nprocessor : 1\ncpu MHz\t\t: 3399.0\n");
        write("proc/loadavg", "1.25 0.50 0.10 1/200 4711\n");
        write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
        write("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
        let state = state(root.path());
        assert_eq!(state.clock_mhz, Some([2100.5, 3399.0]));
        assert_eq!(
            (state.governor.as_deref(), state.boost, state.load),
            (Some("powersave"), Some(false), Some(1.25))
        );
        assert_eq!(state.usable, 2);
    }

    #[test]
    fn what_is_not_told_is_unknown() {
        let state = state(TempDir::new().unwrap().path());
        assert_eq!((state.governor, state.clock_mhz, state.boost, state.load), (None, None, None, None));
    }
}
