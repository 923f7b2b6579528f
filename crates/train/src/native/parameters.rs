//! Where each parameter lies in one flat vector, packed as the kernels want it, and the way to and from OIHW.

use std::ops::Range;

use kernels::blocks::blocks;
use kernels::isa::Isa;
use kernels::plane::padded;
use net::network::Network;

use super::graph::{Graph, Op};

/// The packed parameters of a network.
#[derive(Debug)]
pub(super) struct Layout {
    /// One for each parameter, in the network's order.
    pub slots: Vec<Slot>,
    /// Values of all together.
    pub len: usize,
}

/// Where one parameter lies, and how.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Its place.
    pub range: Range<usize>,
    form: Form,
}

/// How the values of a parameter follow each other.
#[derive(Clone, Debug)]
enum Form {
    /// As in the network, with zeros up to a whole vector.
    Plain,
    /// Blocks of filters, each (row, column, input, lane); `pixels` are rows times columns.
    Filters { blocks: Vec<Range<usize>>, outputs: usize, inputs: usize, pixels: usize },
}

impl Layout {
    /// The layout for the kernels of `isa`.
    pub(super) fn new(isa: Isa, network: &Network, graph: &Graph) -> Layout {
        let mut forms = vec![Form::Plain; network.parameters.len()];
        for op in &graph.ops {
            let (weight, inputs, pixels) = match op {
                Op::Conv { groups: 1, weights, x, window, .. } | Op::Stem { weights, x, window, .. } => {
                    (weights.weight, graph.tensors[*x].shape.channels, window.kernel * window.kernel)
                }
                Op::Linear { weights, x, .. } => {
                    let shape = graph.tensors[*x].shape;
                    (weights.weight, shape.channels, shape.height * shape.width)
                }
                _ => continue,
            };
            let outputs = graph.tensors[op.out()].shape.channels;
            forms[weight] = Form::Filters { blocks: blocks(isa, outputs), outputs, inputs, pixels };
        }
        let mut len = 0;
        let slot = |(form, parameter): (Form, &net::network::Parameter)| {
            let values = match &form {
                Form::Plain => padded(parameter.elements() as usize),
                Form::Filters { outputs, inputs, pixels, .. } => padded(*outputs) * inputs * pixels,
            };
            let range = len..len + values;
            len = range.end.next_multiple_of(16);
            Slot { range, form }
        };
        let slots = forms.into_iter().zip(&network.parameters).map(slot).collect();
        Layout { slots, len }
    }
}

impl Slot {
    /// Calls `visit(place in the packed values, place in OIHW)` for every value.
    fn places(&self, values: usize, mut visit: impl FnMut(usize, usize)) {
        match &self.form {
            Form::Plain => (0..values).for_each(|place| visit(place, place)),
            Form::Filters { blocks, outputs, inputs, pixels } => {
                for block in blocks {
                    for output in block.start..block.end.min(*outputs) {
                        for input in 0..*inputs {
                            for pixel in 0..*pixels {
                                let tap = pixel * inputs + input;
                                let packed =
                                    block.start * pixels * inputs + tap * block.len() + output - block.start;
                                visit(packed, (output * inputs + input) * pixels + pixel);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Packs the values of the parameter into the flat vector.
    pub(super) fn pack(&self, values: &[f32], flat: &mut [f32]) {
        let packed = &mut flat[self.range.clone()];
        packed.fill(0.0);
        self.places(values.len(), |to, from| packed[to] = values[from]);
    }

    /// The parameter's `count` values, from the flat vector.
    pub(super) fn unpack(&self, count: usize, flat: &[f32]) -> Vec<f32> {
        let packed = &flat[self.range.clone()];
        let mut values = vec![0.0; count];
        self.places(count, |from, to| values[to] = packed[from]);
        values
    }
}
