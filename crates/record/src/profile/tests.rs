//! Parts add up to the whole to the last bit, whatever a learner tells.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const PHASES: [LayerPhase; 6] = [
    LayerPhase::Load,
    LayerPhase::Forward,
    LayerPhase::Backward,
    LayerPhase::InputGradient,
    LayerPhase::WeightGradient,
    LayerPhase::Update,
];

fn layer(phase: LayerPhase, seconds: f64) -> LayerSeconds {
    LayerSeconds { layer: "0.conv".into(), phase, seconds: Seconds(seconds), calls: 1 }
}

fn window(domain: &str, phase: Phase, joules: Option<f64>) -> EnergyWindow {
    let kind = if joules.is_some() { Kind::Counter } else { Kind::None };
    serde_json::from_value(json!({
        "domain": domain, "phase": phase, "kind": kind, "source": "test", "joules": joules, "joules_low": null,
        "joules_high": joules.map(|joules| 1.1 * joules), "bounds_cover": null, "watts_mean": null, "watts_max": null,
        "seconds": 1.0, "start": 0.0, "end": 1.0, "coverage": 1.0, "gaps": 0
    }))
    .expect("a window")
}

/// The sum in this order and in the other, which must not differ.
fn sum(values: &[f64]) -> f64 {
    let forward = values.iter().fold(0.0, |sum, value| sum + value);
    let backward = values.iter().rev().fold(0.0, |sum, value| sum + value);
    assert_eq!(forward, backward, "{values:?}");
    forward
}

fn seconds(parts: &[PartOfTrain]) -> Vec<f64> {
    parts.iter().map(|part| part.seconds.0).collect()
}

fn joules(parts: &[PartOfTrain], domain: &str) -> Vec<Option<f64>> {
    let of_domain = |part: &PartOfTrain| {
        let energy = part.energy.iter().find(|energy| energy.domain == domain).expect("every domain");
        energy.joules.map(|joules| joules.0)
    };
    parts.iter().map(of_domain).collect()
}

proptest! {
    /// Wholes from far below a nanosecond to years; layers that tell of less than there is, and of more.
    #[test]
    fn parts_add_up_to_the_last_bit(
        exponent in -40.0..9.0f64,
        told in prop::collection::vec((0..PHASES.len(), 0.0..0.5f64), 0..12),
        energy in 0.0..1e9f64,
    ) {
        let whole = 10f64.powf(exponent);
        let layers: Vec<_> = told.iter().map(|&(phase, share)| layer(PHASES[phase], share * whole)).collect();
        let windows = [
            window("package-0", Phase::Train, Some(energy)),
            window("dram-0", Phase::Train, None),
            window("package-0", Phase::Total, Some(2.0 * energy)),
        ];
        let parts = parts(Seconds(whole), &layers, &windows);
        prop_assert_eq!(parts.iter().map(|part| part.part).collect::<Vec<_>>(), Part::ALL);
        prop_assert!(seconds(&parts).iter().all(|&part| (0.0..=whole).contains(&part)));
        prop_assert_eq!(sum(&seconds(&parts)), whole);
        let drawn: Vec<f64> = joules(&parts, "package-0").into_iter().flatten().collect();
        prop_assert_eq!((drawn.len(), sum(&drawn)), (5, energy));
        prop_assert_eq!(joules(&parts, "dram-0"), [None; 5]);
        for part in &parts {
            prop_assert_eq!(part.energy.len(), 2, "the total is split nowhere");
            let of = &part.energy[0];
            prop_assert_eq!((of.joules_low, of.bounds_cover), (Some(Joules(0.0)), Some(SplitCover::Split)));
            prop_assert!(of.joules <= of.joules_high);
            prop_assert_eq!((part.energy[1].joules_high, part.energy[1].bounds_cover), (None, None));
        }
    }

    /// What is left over is what was not told, to a few last places of the whole.
    #[test]
    fn what_was_told_is_kept(shares in prop::collection::vec(0.0..0.16f64, 6), whole in 1e-6..1e6f64) {
        let layers: Vec<_> = PHASES.iter().zip(&shares).map(|(&phase, share)| layer(phase, share * whole)).collect();
        let parts = parts(Seconds(whole), &layers, &[]);
        let expected = [shares[0], shares[1], shares[2] + shares[3] + shares[4], shares[5]];
        for (part, share) in parts.iter().zip(expected) {
            prop_assert!((part.seconds.0 - share * whole).abs() <= 1e-14 * whole, "{:?}", part);
        }
    }
}

#[test]
fn nothing_has_parts_of_nothing() {
    let parts =
        parts(Seconds(0.0), &[layer(LayerPhase::Forward, 1.0)], &[window("host", Phase::Train, Some(0.0))]);
    assert_eq!(seconds(&parts), [0.0; 5]);
    assert_eq!(joules(&parts, "host"), [Some(0.0); 5]);
    let untold = super::parts(Seconds(1.0), &[], &[]);
    assert!(untold.iter().all(|part| part.energy.is_empty() && part.seconds.0.is_sign_positive()));
}

/// 4 s, of which the layers tell 3: a quarter, an eighth and three eighths; 8 J go the same ways.
#[test]
fn the_rest_is_what_no_layer_took() {
    let layers = [
        layer(LayerPhase::Forward, 1.0),
        layer(LayerPhase::WeightGradient, 0.25),
        layer(LayerPhase::InputGradient, 0.25),
        layer(LayerPhase::Update, 1.5),
    ];
    let parts = parts(Seconds(4.0), &layers, &[window("host", Phase::Train, Some(8.0))]);
    assert_eq!(seconds(&parts), [0.0, 1.0, 0.5, 1.5, 1.0]);
    assert_eq!(joules(&parts, "host"), [0.0, 2.0, 1.0, 3.0, 2.0].map(Some));
    // As much again than there is: in proportion, and nothing is left.
    let twice = super::parts(Seconds(1.5), &layers[..3], &[]);
    let found = seconds(&twice);
    assert!(found[4] < 1e-15, "{found:?}");
    let half = super::parts(Seconds(0.75), &layers[..3], &[]);
    assert!((seconds(&half)[1] - 0.5).abs() < 1e-15 && (seconds(&half)[2] - 0.25).abs() < 1e-15);
}
