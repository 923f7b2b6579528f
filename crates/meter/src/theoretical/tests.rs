//! Tests of theoretical peaks on imitated machines and on names of cards.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::sources::NvmlLibrary;

/// A `/proc/cpuinfo` of `processors` logical processors, `threads` on each core.
fn cpuinfo(head: &str, flags: &str, processors: u64, threads: u64) -> String {
    let block = |number: u64| {
        format!(
            "processor\t: {number}\n{head}physical id\t: 0\ncore id\t\t: {}\nflags\t\t: fpu {flags}\n\n",
            number / threads
        )
    };
    (0..processors).map(block).collect()
}

const MILAN: &str =
    "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763\n";
const GENOA: &str =
    "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9654\n";
const TURIN: &str =
    "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC 9755\n";
const HASWELL: &str =
    "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 63\nmodel name\t: Intel Xeon E5\n";
const SAPPHIRE: &str =
    "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel Xeon 8480\n";

fn skylake_server(name: &str) -> String {
    format!("vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: {name}\n")
}

/// The peak of `threads` threads on a machine of these files, without a clock rate that was seen.
fn of(files: &[(&str, &str)], threads: usize) -> Known {
    seen_at(files, threads, None)
}

fn seen_at(files: &[(&str, &str)], threads: usize, clock_hertz: Option<f64>) -> Known {
    let root = TempDir::new().unwrap();
    for (file, text) in files {
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let options = Options { root: root.path().into(), nvml: NvmlLibrary::None, ..Options::default() };
    peak(&options, &Host::default(), (Device::Cpu, Precision::F32), threads, clock_hertz)
}

const MAX: &str = "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq";

/// The peak of a core at 1 GHz is what it does in a cycle.
fn per_cycle(head: &str, flags: &str) -> Result<f64, String> {
    let text = cpuinfo(head, flags, 1, 1);
    of(&[("proc/cpuinfo", &text), (MAX, "1000000\n")], 1).map(|(speed, _)| speed / 1e9)
}

/// Units x lanes x 2, as the guides that the table names say.
#[test]
fn families_by_hand() {
    assert_eq!(per_cycle(MILAN, "fma avx2"), Ok(32.0));
    // Zen 4 takes two cycles over a vector of sixteen; Zen 5 for servers takes one.
    assert_eq!(per_cycle(GENOA, "fma avx2 avx512f"), Ok(32.0));
    assert_eq!(per_cycle(TURIN, "fma avx2 avx512f"), Ok(64.0));
    assert_eq!(per_cycle(HASWELL, "fma avx2"), Ok(32.0));
    assert_eq!(per_cycle(SAPPHIRE, "fma avx2 avx512f"), Ok(64.0));
    // A hypervisor that hides AVX-512 leaves the units of eight.
    assert_eq!(per_cycle(SAPPHIRE, "fma avx2"), Ok(32.0));
    let zen = MILAN.replace(": 25", ": 23");
    assert_eq!(per_cycle(&zen, "fma avx2"), Ok(16.0));
    assert_eq!(per_cycle(&zen.replace(": 1\n", ": 49\n"), "fma avx2"), Ok(32.0));
}

#[test]
fn units_of_skylake_servers_go_by_the_name() {
    let units = |name: &str| per_cycle(&skylake_server(name), "fma avx2 avx512f");
    assert_eq!(units("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz"), Ok(64.0));
    assert_eq!(units("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz"), Ok(64.0));
    assert_eq!(units("Intel(R) Xeon(R) Silver 4114 CPU @ 2.20GHz"), Ok(32.0));
    for name in ["Intel(R) Xeon(R) CPU @ 2.00GHz", "Intel(R) Xeon(R) Gold 5120 CPU @ 2.20GHz"] {
        assert!(units(name).unwrap_err().contains(name), "{name}");
    }
    assert_eq!(per_cycle(&skylake_server("Intel(R) Xeon(R) CPU"), "fma avx2"), Ok(32.0));
}

/// 4 cores x 2 units x 8 lanes x 2 x 3.5 GHz = 448 GFLOP/s; two threads on a core share its units.
#[test]
fn cores_threads_and_clock_multiply() {
    let text = cpuinfo(MILAN, "fma avx2", 8, 2);
    let files = [("proc/cpuinfo", text.as_str()), (MAX, "3500000\n")];
    let (speed, basis) = of(&files, 8).unwrap();
    assert!((speed / 448e9 - 1.0).abs() < 1e-12, "{speed}");
    assert!(basis.contains("4 cores x 2 FMA units x 8 lanes x 2 FLOP x 3.500 GHz"), "{basis}");
    assert!(basis.contains("Zen 3"), "{basis}");
    assert!((of(&files, 2).unwrap().0 / 224e9 - 1.0).abs() < 1e-12);
    // A batch system that leaves processors 0 and 1, which are one core, and 4.
    let status = ("proc/self/status", "Cpus_allowed_list:\t0-1,4\n");
    assert!((of(&[files[0], files[1], status], 8).unwrap().0 / 224e9 - 1.0).abs() < 1e-12);
}

#[test]
fn the_higher_clock_counts_and_none_is_guessed() {
    let text = cpuinfo(MILAN, "fma avx2", 1, 1).replace("processor", "cpu MHz\t: 2445.4\nprocessor");
    let files = [("proc/cpuinfo", text.as_str())];
    let why = of(&files, 1).unwrap_err();
    assert!(why.contains("clock rate is unknown"), "{why}");
    let (speed, basis) = seen_at(&files, 1, Some(3.4e9)).unwrap();
    assert!((speed / (32.0 * 3.4e9) - 1.0).abs() < 1e-12 && basis.contains("counted"), "{speed} by {basis}");
    let both = [files[0], (MAX, "3500000\n")];
    let (speed, basis) = seen_at(&both, 1, Some(3.4e9)).unwrap();
    assert!((speed / (32.0 * 3.5e9) - 1.0).abs() < 1e-12 && basis.contains("cpufreq"), "{speed} by {basis}");
    assert!(seen_at(&both, 1, Some(3.6e9)).unwrap().1.contains("counted"));
}

#[test]
fn what_the_table_does_not_hold_is_unknown_with_the_reason() {
    let future = MILAN.replace(": 25", ": 99");
    assert!(per_cycle(&future, "fma avx2").unwrap_err().contains("family 0x63"));
    assert!(per_cycle(MILAN, "sse2").unwrap_err().contains("no fused multiply-adds"));
    assert!(of(&[], 1).unwrap_err().contains("no `unknown`"));
    let options = Options { nvml: NvmlLibrary::None, ..Options::default() };
    let halves = peak(&options, &Host::default(), (Device::Cpu, Precision::Bf16), 1, None);
    assert!(halves.unwrap_err().contains("not for bf16"));
}

#[test]
fn processors_of_arm_go_by_their_part() {
    let graviton = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
    // Four pipes of four lanes, 2.6 GHz.
    let (speed, basis) = of(&[("proc/cpuinfo", graviton), (MAX, "2600000\n")], 4).unwrap();
    assert!((speed / (32.0 * 2.6e9) - 1.0).abs() < 1e-12, "{speed} by {basis}");
    let unknown = graviton.replace("0xd40", "0xd08");
    assert!(of(&[("proc/cpuinfo", &unknown), (MAX, "1500000\n")], 4).unwrap_err().contains("0xd08"));
}

fn of_cards(gpus: &[&str], precision: Precision) -> Known {
    let host = Host { gpus: gpus.iter().map(|&name| name.to_owned()).collect(), ..Host::default() };
    peak(&Options::default(), &host, (Device::Cuda(0), precision), 1, None)
}

#[test]
fn cards_go_by_their_whole_name() {
    let (speed, basis) = of_cards(&["NVIDIA H100 80GB HBM3, driver 550.54"], Precision::Bf16).unwrap();
    assert_eq!(speed, 989.4e12);
    assert!(basis.contains("dense bf16") && basis.contains("H100"), "{basis}");
    let of = |name: &str, precision| of_cards(&[&format!("{name}, driver 1")], precision);
    assert_eq!(of("NVIDIA A100-SXM4-80GB", Precision::Tf32).unwrap().0, 156e12);
    assert_eq!(of("NVIDIA L4", Precision::F32).unwrap().0, 30.3e12);
    assert_eq!(of("NVIDIA L40S", Precision::F32).unwrap().0, 91.6e12);
    assert!(of("Tesla T4", Precision::Bf16).unwrap_err().contains("no units for bf16"));
    for other in ["NVIDIA L40", "NVIDIA GeForce RTX 3090 Ti", "Imaginary"] {
        assert!(of(other, Precision::F32).unwrap_err().contains(other), "{other}");
    }
}

#[test]
fn cards_of_several_kinds_have_no_figure() {
    let two = ["Tesla T4, driver 1", "NVIDIA L4, driver 1"];
    assert!(of_cards(&two, Precision::F32).unwrap_err().contains("several kinds: Tesla T4; NVIDIA L4"));
    assert_eq!(of_cards(&["Tesla T4, driver 1"; 2], Precision::F32).unwrap().0, 8.1e12);
    assert!(of_cards(&[], Precision::F32).unwrap_err().contains("no card"));
}
