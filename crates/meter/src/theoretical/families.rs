//! Families of processors, with how many vectors of f32 a core multiplies and adds in a cycle.

use std::ops::RangeInclusive;

/// What a core does in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Core {
    /// Vectors that are multiplied and added.
    pub units: u32,
    /// Values of a vector.
    pub lanes: u32,
    /// Name of the family, and where this stands.
    pub source: &'static str,
}

/// Processors as `/proc/cpuinfo` describes them.
pub(super) struct Described<'a> {
    /// `vendor_id`, or on ARM `CPU implementer`.
    pub vendor: &'a str,
    /// `cpu family`; 0 on ARM.
    pub family: u64,
    /// `model`, or on ARM `CPU part`.
    pub model: u64,
    /// `model name`.
    pub name: &'a str,
    /// Whether the flags show vectors of sixteen.
    pub has_avx512: bool,
    /// Whether the flags show fused multiply-adds of eight.
    pub has_fma: bool,
}

struct Family {
    vendor: &'static str,
    family: u64,
    models: &'static [RangeInclusive<u64>],
    /// Vectors of eight in a cycle.
    of_eight: u32,
    /// Vectors of sixteen in a cycle; a processor that takes two cycles over one has half as many as of eight.
    of_sixteen: u32,
    source: &'static str,
}

const AMD: &str = "AuthenticAMD";
const INTEL: &str = "GenuineIntel";

/// Models of AMD are divided as in Linux's `arch/x86/kernel/cpu/amd.c`, of Intel as in its `asm/intel-family.h`. Processors
/// with cores of two kinds are left out.
const FAMILIES: [Family; 9] = [
    Family {
        vendor: AMD,
        family: 0x17,
        models: &[0x00..=0x2f],
        // Two units of four lanes.
        of_eight: 1,
        of_sixteen: 0,
        source: "Zen, AMD Software Optimization Guide 55723",
    },
    Family {
        vendor: AMD,
        family: 0x17,
        models: &[0x30..=0x4f, 0x60..=0x7f, 0x90..=0x91, 0xa0..=0xaf],
        of_eight: 2,
        of_sixteen: 0,
        source: "Zen 2, AMD Software Optimization Guide 56305",
    },
    Family {
        vendor: AMD,
        family: 0x19,
        models: &[0x00..=0x0f, 0x20..=0x5f],
        of_eight: 2,
        of_sixteen: 0,
        source: "Zen 3, AMD Software Optimization Guide 56665",
    },
    Family {
        vendor: AMD,
        family: 0x19,
        models: &[0x10..=0x1f, 0x60..=0xaf],
        of_eight: 2,
        of_sixteen: 1,
        source: "Zen 4, AMD Software Optimization Guide 57647",
    },
    Family {
        vendor: AMD,
        family: 0x1a,
        models: &[0x00..=0x1f, 0x40..=0x4f],
        of_eight: 2,
        of_sixteen: 2,
        source: "Zen 5 with a data path of 512 bits, AMD Software Optimization Guide 58455",
    },
    Family {
        vendor: INTEL,
        family: 6,
        // Haswell and Broadwell.
        models: &[0x3c..=0x3d, 0x3f..=0x3f, 0x45..=0x47, 0x4f..=0x4f, 0x56..=0x56],
        of_eight: 2,
        of_sixteen: 0,
        source: "Haswell or Broadwell, Intel Optimization Reference Manual",
    },
    Family {
        vendor: INTEL,
        family: 6,
        // Skylake, Kaby Lake, Coffee Lake and Comet Lake for clients.
        models: &[0x4e..=0x4e, 0x5e..=0x5e, 0x8e..=0x8e, 0x9e..=0x9e, 0xa5..=0xa6],
        of_eight: 2,
        of_sixteen: 0,
        source: "Skylake client, Intel Optimization Reference Manual",
    },
    Family {
        vendor: INTEL,
        family: 6,
        // Ice Lake, Tiger Lake and Rocket Lake for clients: two units of eight make one of sixteen.
        models: &[0x7d..=0x7e, 0x8c..=0x8d, 0xa7..=0xa7],
        of_eight: 2,
        of_sixteen: 1,
        source: "Ice Lake client, Intel Optimization Reference Manual",
    },
    Family {
        vendor: INTEL,
        family: 6,
        // Ice Lake, Sapphire Rapids, Emerald Rapids and Granite Rapids for servers.
        models: &[0x6a..=0x6a, 0x8f..=0x8f, 0xcf..=0xcf, 0xad..=0xae],
        of_eight: 2,
        of_sixteen: 2,
        source: "Ice Lake server or later, Intel ARK: two AVX-512 FMA units",
    },
];

/// Skylake, Cascade Lake and Cooper Lake for servers, whose second unit of sixteen depends on what was paid.
const SKYLAKE_SERVER: u64 = 0x55;

/// Cores of Arm by their part, with four lanes to a vector.
const ARM: [(u64, u32, &str); 4] = [
    (0xd0c, 2, "Neoverse N1, Arm Software Optimization Guide: two pipes of 128 bits"),
    (0xd49, 2, "Neoverse N2, Arm Software Optimization Guide: two pipes of 128 bits"),
    (0xd40, 4, "Neoverse V1, Arm Software Optimization Guide: four pipes of 128 bits"),
    (0xd4f, 4, "Neoverse V2, Arm Software Optimization Guide: four pipes of 128 bits"),
];

/// What a core of this processor does in a cycle.
///
/// # Errors
/// Why that is unknown.
pub(super) fn core(cpu: &Described<'_>) -> Result<Core, String> {
    let unknown = || {
        let Described { vendor, family, model, name, .. } = cpu;
        format!("the table of processors has no `{name}` ({vendor}, family {family:#x}, model {model:#x})")
    };
    if cpu.vendor == "0x41" {
        let found = ARM.iter().find(|(part, ..)| *part == cpu.model).ok_or_else(unknown)?;
        return Ok(Core { units: found.1, lanes: 4, source: found.2 });
    }
    let (of_eight, of_sixteen, source) =
        if cpu.vendor == INTEL && (cpu.family, cpu.model) == (6, SKYLAKE_SERVER) {
            let units = skylake_server_units(cpu.name).filter(|_| cpu.has_avx512);
            let units = units.or((!cpu.has_avx512).then_some(0)).ok_or_else(unknown)?;
            (2, units, "Skylake server, Intel ARK: AVX-512 FMA units by its name")
        } else {
            let is_of = |family: &&Family| {
                let models = || family.models.iter().any(|models| models.contains(&cpu.model));
                (family.vendor, family.family) == (cpu.vendor, cpu.family) && models()
            };
            let found = FAMILIES.iter().find(is_of).ok_or_else(unknown)?;
            (found.of_eight, found.of_sixteen, found.source)
        };
    match (cpu.has_avx512, cpu.has_fma) {
        (true, _) if of_sixteen > 0 => Ok(Core { units: of_sixteen, lanes: 16, source }),
        (_, true) => Ok(Core { units: of_eight, lanes: 8, source }),
        (_, false) => Err(format!("the flags of `{}` show no fused multiply-adds", cpu.name)),
    }
}

/// Units of sixteen lanes by the name: two in Xeon Platinum and Gold 6000, one in Silver and Bronze. Some of Gold 5000 have
/// one and some two, and other names, such as those of virtual machines, do not tell.
fn skylake_server_units(name: &str) -> Option<u32> {
    let has = |part: &str| name.contains(part);
    if has("Platinum") || has("Gold 6") {
        Some(2)
    } else if has("Silver") || has("Bronze") {
        Some(1)
    } else {
        None
    }
}
