//! Cards by the name that NVML gives them, with the dense FLOP/s of their data sheets.

use record::peak::Known;
use record::spec::Precision;

/// A card.
struct Card {
    /// Every name under which NVML knows it, in full: `NVIDIA L4` is another card than `NVIDIA L40S`.
    names: &'static [&'static str],
    /// Dense TFLOP/s at the boost clock in f32, tf32, bf16 and f16, sums in f32 throughout; `None` where it has no units
    /// for that type.
    teraflops: [Option<f64>; 4],
    /// Where these stand.
    source: &'static str,
}

/// Data sheets put figures with 2:4 sparsity beside dense ones or in their place; they are halved here.
const CARDS: [Card; 14] = [
    Card {
        names: &["NVIDIA H100 80GB HBM3"],
        teraflops: [Some(66.9), Some(494.7), Some(989.4), Some(989.4)],
        source: "NVIDIA H100 Tensor Core GPU Architecture, SXM5",
    },
    Card {
        names: &["NVIDIA H100 PCIe"],
        teraflops: [Some(51.2), Some(378.0), Some(756.0), Some(756.0)],
        source: "NVIDIA H100 Tensor Core GPU Architecture, PCIe",
    },
    Card {
        names: &["NVIDIA H100 NVL"],
        teraflops: [Some(60.0), Some(417.5), Some(835.5), Some(835.5)],
        source: "NVIDIA H100 data sheet, NVL, half of the figures with sparsity",
    },
    Card {
        names: &["NVIDIA H200"],
        teraflops: [Some(67.0), Some(494.5), Some(989.5), Some(989.5)],
        source: "NVIDIA H200 data sheet, SXM, half of the figures with sparsity",
    },
    Card {
        names: &["NVIDIA H200 NVL"],
        teraflops: [Some(60.0), Some(417.5), Some(835.5), Some(835.5)],
        source: "NVIDIA H200 data sheet, NVL, half of the figures with sparsity",
    },
    Card {
        names: &[
            "NVIDIA A100-SXM4-40GB",
            "NVIDIA A100-SXM4-80GB",
            "NVIDIA A100-PCIE-40GB",
            "NVIDIA A100 80GB PCIe",
        ],
        teraflops: [Some(19.5), Some(156.0), Some(312.0), Some(312.0)],
        source: "NVIDIA A100 Tensor Core GPU Architecture",
    },
    Card {
        names: &["Tesla V100-SXM2-16GB", "Tesla V100-SXM2-32GB"],
        teraflops: [Some(15.7), None, None, Some(125.0)],
        source: "NVIDIA V100 data sheet, SXM2",
    },
    Card {
        names: &["Tesla V100-PCIE-16GB", "Tesla V100-PCIE-32GB"],
        teraflops: [Some(14.0), None, None, Some(112.0)],
        source: "NVIDIA V100 data sheet, PCIe",
    },
    Card {
        names: &["Tesla V100S-PCIE-32GB"],
        teraflops: [Some(16.4), None, None, Some(130.0)],
        source: "NVIDIA V100 data sheet, V100S PCIe",
    },
    Card {
        names: &["Tesla T4"],
        teraflops: [Some(8.1), None, None, Some(65.0)],
        source: "NVIDIA T4 data sheet",
    },
    Card {
        names: &["NVIDIA L4"],
        teraflops: [Some(30.3), Some(60.0), Some(121.0), Some(121.0)],
        source: "NVIDIA L4 data sheet, half of the figures with sparsity",
    },
    Card {
        names: &["NVIDIA L40S"],
        teraflops: [Some(91.6), Some(183.0), Some(362.05), Some(362.05)],
        source: "NVIDIA L40S data sheet",
    },
    Card {
        names: &["NVIDIA GeForce RTX 3090"],
        teraflops: [Some(35.6), Some(35.6), Some(71.0), Some(71.0)],
        source: "NVIDIA Ampere GA102 GPU Architecture, sums in FP32",
    },
    Card {
        names: &["NVIDIA GeForce RTX 4090"],
        teraflops: [Some(82.6), Some(82.6), Some(165.2), Some(165.2)],
        source: "NVIDIA Ada GPU Architecture, sums in FP32",
    },
];

/// The peak of the cards of a machine, which are described as `NAME, driver VERSION`, in `precision`.
///
/// Which of several cards `cuda:0` is depends on what CUDA is shown, so cards of different kinds have no figure.
///
/// # Errors
/// Why it is unknown.
pub(super) fn peak(gpus: &[String], precision: Precision) -> Known {
    let name = |card: &String| card.split(", driver ").next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = gpus.iter().map(name).collect();
    names.dedup();
    let name = match names.as_slice() {
        [] => return Err("NVML shows no card, so its name is unknown".to_owned()),
        [name] => name,
        several => return Err(format!("the cards are of several kinds: {}", several.join("; "))),
    };
    let card = CARDS.iter().find(|card| card.names.contains(&name.as_str()));
    let card = card.ok_or_else(|| format!("the table of cards has no `{name}`"))?;
    let [f32, tf32, bf16, f16] = card.teraflops;
    let teraflops = match precision {
        Precision::F32 => f32,
        Precision::Tf32 => tf32,
        Precision::Bf16 => bf16,
        Precision::F16 => f16,
    };
    let precision = precision.name();
    let teraflops = teraflops.ok_or_else(|| format!("{name} has no units for {precision}"))?;
    let basis =
        format!("the data sheet of the whole {name}, dense {precision} at its boost clock ({})", card.source);
    Ok((teraflops * 1e12, basis))
}
