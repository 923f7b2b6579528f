//! Operations that a learner really executed: in all, and in training by layer.

use record::bench::LayerPhase;
use record::run::LayerFlops;
use record::units::Flops;
use serde::{Deserialize, Serialize};

/// Operations really executed; convolutions and linear layers, as the model FLOPs count them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// In training steps.
    pub train: Flops,
    /// In evaluations.
    pub evaluate: Flops,
}

impl Executed {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Executed) -> Executed {
        Executed { train: self.train + other.train, evaluate: self.evaluate + other.evaluate }
    }
}

/// Operations executed in training, layer by layer, as a learner comes upon them; those of one batch judged are held the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByLayer(Vec<LayerFlops>);

impl ByLayer {
    /// Notes the multiply-accumulates of a layer forward, or for one of its two gradients; other phases have none.
    pub(crate) fn note(&mut self, layer: &str, phase: LayerPhase, macs: u64) {
        if macs == 0 {
            return;
        }
        let of_layer = self.of(layer);
        *match phase {
            LayerPhase::Forward => &mut of_layer.forward,
            LayerPhase::InputGradient => &mut of_layer.input_gradient,
            LayerPhase::WeightGradient => &mut of_layer.weight_gradient,
            LayerPhase::Load | LayerPhase::Backward | LayerPhase::Update => return,
        } += Flops::of_macs(macs);
    }

    /// Adds `times` what is in `other`.
    pub(crate) fn add(&mut self, other: &ByLayer, times: u64) {
        for LayerFlops { layer, forward, input_gradient, weight_gradient } in &other.0 {
            let of_layer = self.of(layer);
            of_layer.forward += forward.times(times);
            of_layer.input_gradient += input_gradient.times(times);
            of_layer.weight_gradient += weight_gradient.times(times);
        }
    }

    /// All of it.
    pub(crate) fn total(&self) -> Flops {
        self.0.iter().map(LayerFlops::total).sum()
    }

    /// The layers, where they hold just `train`, all that training executed; none where a part is missing, as after a
    /// checkpoint of before they were kept.
    pub(crate) fn layers_of(self, train: Flops) -> Vec<LayerFlops> {
        if self.total() == train { self.0 } else { Vec::new() }
    }

    /// One phase of one layer, or of all layers.
    pub(crate) fn phase(&self, layer: Option<&str>, phase: LayerPhase) -> Flops {
        let in_phase = |of_layer: &LayerFlops| match phase {
            LayerPhase::Forward => of_layer.forward,
            LayerPhase::InputGradient => of_layer.input_gradient,
            LayerPhase::WeightGradient => of_layer.weight_gradient,
            LayerPhase::Backward => of_layer.input_gradient + of_layer.weight_gradient,
            LayerPhase::Load | LayerPhase::Update => Flops(0),
        };
        let wanted = |known: &&LayerFlops| layer.is_none_or(|layer| known.layer == layer);
        self.0.iter().filter(wanted).map(in_phase).sum()
    }

    fn of(&mut self, layer: &str) -> &mut LayerFlops {
        let place = self.0.iter().position(|known| known.layer == layer).unwrap_or_else(|| {
            self.0.push(LayerFlops { layer: layer.to_owned(), ..LayerFlops::default() });
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_add_up_by_phase() {
        let mut step = ByLayer::default();
        step.note("0.conv", LayerPhase::Forward, 3);
        step.note("0.conv", LayerPhase::WeightGradient, 5);
        step.note("1.relu", LayerPhase::Forward, 0);
        step.note("3.linear", LayerPhase::InputGradient, 7);
        let mut all = ByLayer::default();
        all.add(&step, 10);
        all.add(&step, 1);
        assert_eq!(all.phase(Some("0.conv"), LayerPhase::Forward), Flops(66));
        assert_eq!(all.phase(Some("0.conv"), LayerPhase::Backward), Flops(110));
        assert_eq!(all.phase(Some("1.relu"), LayerPhase::Forward), Flops(0));
        assert_eq!(all.phase(None, LayerPhase::Backward), Flops(110 + 154));
        assert_eq!(all.total(), Flops(330));
        assert_eq!(all.clone().layers_of(Flops(330)).len(), 2);
        assert!(all.layers_of(Flops(331)).is_empty());
    }
}
