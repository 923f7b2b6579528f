//! Tests of the description of the machine.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::sources::NvmlLibrary;

fn host_of(files: &[(&str, &str)]) -> Host {
    let root = TempDir::new().unwrap();
    for (file, text) in files {
        let file: PathBuf = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    host(&Options { root: root.path().into(), nvml: NvmlLibrary::None, ..Options::default() })
}

const CPUINFO: &str = "processor\t: 0\nmodel name\t: AMD EPYC 7B13\nflags\t\t: fpu avx2 hypervisor fma avx\n\n\
    processor\t: 1\nmodel name\t: AMD EPYC 7B13\nflags\t\t: fpu avx2 hypervisor fma avx\n";

#[test]
fn a_virtual_machine_with_a_container_is_described() {
    let host = host_of(&[
        ("proc/cpuinfo", CPUINFO),
        ("proc/meminfo", "MemTotal:        8051236 kB\nMemFree: 1 kB\n"),
        ("proc/version", "Linux version 6.1.0-18-amd64 (debian@x) (gcc) #1 SMP\n"),
        ("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"),
        ("sys/class/dmi/id/sys_vendor", "QEMU\n"),
        ("proc/self/cgroup", "0::/kubepods/pod1\n"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
        ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
    ]);
    assert_eq!((host.cpu.as_str(), host.cores, host.simd.as_str()), ("AMD EPYC 7B13", 2, "avx fma avx2"));
    // 8,051,236 x 1024.
    assert_eq!(host.memory_bytes, Some(8_244_465_664));
    assert_eq!(host.os, "Debian GNU/Linux 12, Linux 6.1.0-18-amd64");
    assert_eq!(host.virtualization.as_deref(), Some("virtual machine (QEMU), container (kubepods)"));
    assert!(host.gpus.is_empty());
    assert_eq!((host.governor.as_deref(), host.boost), (Some("powersave"), Some(true)));
}

#[test]
fn bare_metal_has_no_virtualization() {
    let bare = CPUINFO.replace("hypervisor", "");
    let host = host_of(&[("proc/cpuinfo", &bare), ("sys/class/dmi/id/sys_vendor", "Dell Inc.")]);
    assert_eq!(host.virtualization, None);
}

#[test]
fn an_empty_root_is_unknown_and_never_fails() {
    let host = host_of(&[]);
    assert_eq!((host.cpu.as_str(), host.memory_bytes, host.virtualization), ("unknown", None, None));
    assert!(host.cores >= 1);
}

#[test]
fn lists_of_processors_are_counted() {
    for (list, count) in [("0", Some(1)), ("0-3", Some(4)), ("0-1,4,8-11", Some(7))] {
        assert_eq!(listed(list), count, "{list}");
    }
    for junk in ["", "a", "3-1", "0-", "0-18446744073709551615"] {
        assert_eq!(listed(junk), None, "{junk}");
    }
}
