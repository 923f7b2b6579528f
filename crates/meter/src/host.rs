//! What machine this is, from what the operating system shows.

use std::path::Path;

use record::doctor::ProcessorState;
use record::run::Host;

use crate::nvml;
use crate::processors;
use crate::sources::Options;

/// Instruction sets that matter for the speed of a convolution, as Linux names them on x86 and ARM.
const SIMD: [&str; 19] = [
    "sse4_2",
    "avx",
    "f16c",
    "fma",
    "avx2",
    "avx512f",
    "avx512dq",
    "avx512bw",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_bf16",
    "asimd",
    "asimdhp",
    "bf16",
    "sve",
    "sve2",
];

/// Describes the machine under `options.root`; what cannot be read is `unknown` or absent.
#[must_use]
pub fn host(options: &Options) -> Host {
    let root = &options.root;
    let cpuinfo = text(root, "proc/cpuinfo");
    let cards = options.nvml.open().and_then(Result::ok);
    let ProcessorState { governor, boost, .. } = processors::state(root);
    Host {
        cpu: model(&cpuinfo),
        cores: count(&cpuinfo),
        simd: simd(&cpuinfo),
        memory_bytes: memory_bytes(&text(root, "proc/meminfo")),
        os: os(&text(root, "etc/os-release"), &text(root, "proc/version")),
        virtualization: virtualization(root, &cpuinfo),
        gpus: cards.map(|cards| nvml::names(cards.as_ref())).unwrap_or_default(),
        governor,
        boost,
    }
}

/// What the processors under `root` call themselves.
pub(crate) fn processor_model(root: &Path) -> String {
    model(&text(root, "proc/cpuinfo"))
}

fn model(cpuinfo: &str) -> String {
    field(cpuinfo, "model name").or_else(|| field(cpuinfo, "Model")).unwrap_or_else(|| "unknown".into())
}

/// Logical processors that this process may run on: the affinity mask, which batch systems set, or else
/// all that the system shows.
pub(crate) fn usable_processors(root: &Path) -> u64 {
    field(&text(root, "proc/self/status"), "Cpus_allowed_list")
        .and_then(|list| listed(&list))
        .unwrap_or_else(|| count(&text(root, "proc/cpuinfo")))
}

/// Whether a list such as `0-3,8` holds a number.
pub(crate) fn is_listed(list: &str, number: u64) -> bool {
    list.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        match (first.trim().parse(), last.trim().parse()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&number),
            _ => false,
        }
    })
}

/// The number of members of a list such as `0-3,8`; `None` when it is not one.
fn listed(list: &str) -> Option<u64> {
    let member = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    };
    list.split(',').map(member).sum()
}

fn count(cpuinfo: &str) -> u64 {
    match cpuinfo.lines().filter(|line| is_field(line, "processor")).count() as u64 {
        0 => std::thread::available_parallelism().map_or(1, |n| n.get() as u64),
        shown => shown,
    }
}

fn flags(cpuinfo: &str) -> String {
    field(cpuinfo, "flags").or_else(|| field(cpuinfo, "Features")).unwrap_or_default()
}

fn simd(cpuinfo: &str) -> String {
    let flags = flags(cpuinfo);
    let has = |name: &&str| flags.split_whitespace().any(|flag| flag == *name);
    SIMD.iter().copied().filter(has).collect::<Vec<_>>().join(" ")
}

fn memory_bytes(meminfo: &str) -> Option<u64> {
    let kibibytes = field(meminfo, "MemTotal")?;
    kibibytes.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn os(release: &str, version: &str) -> String {
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let kernel = version.split_whitespace().nth(2).map(|number| format!("Linux {number}"));
    let parts: Vec<String> =
        name.map(|n| n.trim_matches('"').to_string()).into_iter().chain(kernel).collect();
    if parts.is_empty() { std::env::consts::OS.to_string() } else { parts.join(", ") }
}

/// `virtual machine (...)`, `container (...)`, both, or nothing.
fn virtualization(root: &Path, cpuinfo: &str) -> Option<String> {
    let machine = flags(cpuinfo).split_whitespace().any(|flag| flag == "hypervisor").then(|| {
        let dmi = |name: &str| text(root, &format!("sys/class/dmi/id/{name}")).trim().to_string();
        let words = [dmi("sys_vendor"), dmi("product_name"), text(root, "sys/hypervisor/type").trim().into()];
        let known: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        if known.is_empty() {
            "virtual machine".into()
        } else {
            format!("virtual machine ({})", known.join(" "))
        }
    });
    let seen: Vec<String> = machine.into_iter().chain(container(root)).collect();
    (!seen.is_empty()).then(|| seen.join(", "))
}

pub(crate) fn container(root: &Path) -> Option<String> {
    let groups = text(root, "proc/self/cgroup");
    let named =
        ["docker", "kubepods", "containerd", "podman", "lxc"].into_iter().find(|n| groups.contains(n));
    let kind = if root.join(".dockerenv").exists() {
        "docker"
    } else if root.join("run/.containerenv").exists() {
        "podman"
    } else {
        named?
    };
    Some(format!("container ({kind})"))
}

/// The value after `name` and a colon, in the first line that has it.
pub(crate) fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| is_field(line, name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_string())
}

fn is_field(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| key.trim() == name)
}

pub(crate) fn text(root: &Path, file: &str) -> String {
    std::fs::read_to_string(root.join(file)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
