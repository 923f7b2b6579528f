//! Compiling: every action of a schedule bound to memory and kernels.

use std::ops::Range;
use std::sync::Arc;

use kernels::convolution::{Convolution, Planes};
use kernels::dense::Dense;
use kernels::grouped::Grouped;
use kernels::isa::Isa;
use kernels::plane::Plane;
use kernels::stem::Stem;
use kernels::winograd::{Tile, Winograd};
use record::bench::LayerPhase;

use super::graph::{Graph, Op, Source, TensorId};
use super::memory::{Memory, Place, pooled_values};
use super::norm::NormState;
use super::parameters::Layout;
use super::program::{BoundStage, Linear, Preparation, Program, Region};
use super::schedule::{Action, Schedule, is_masked};
use super::work::{Filter, Input, Notes, Winners, Work};
use crate::error::TrainError;

/// Values of a linear layer's weights that one task packs for the way back.
const VALUES_PER_PART: usize = 16_384;

/// What is needed to compile.
struct Compiler<'a> {
    isa: Isa,
    graph: &'a Graph,
    layout: &'a Layout,
    schedule: &'a Schedule,
    memory: Memory,
    winners: Vec<Option<Winners>>,
    /// Sums at points that the stage being bound has taken.
    stage_points: usize,
    program: Program,
}

impl Program {
    /// Compiles `graph` for chunks of `chunk` images.
    ///
    /// # Errors
    /// When a chunk is too large for the tables of the kernels.
    pub(super) fn compile(
        isa: Isa,
        graph: &Graph,
        layout: &Layout,
        norms: &[NormState],
        schedule: &Schedule,
        chunk: usize,
    ) -> Result<Program, TrainError> {
        let memory = Memory::plan(graph, schedule, chunk);
        let failed = |reason: &str| TrainError::Learner {
            learner: "native",
            action: "plan its memory",
            reason: reason.to_owned(),
        };
        if u32::try_from(memory.slab).is_err() {
            return Err(failed("a step needs too much memory; make the batch or the network smaller"));
        }
        let logits = memory.value(graph.logits).ok_or_else(|| failed("the network has no output"))?;
        let sums = norms.iter().flat_map(|norm| &norm.sums).map(|range| range.end).max().unwrap_or(0);
        let notes = Notes {
            bytes: Vec::new(),
            marks: Vec::new(),
            sums: vec![0.0; sums],
            loss: 0.0,
            times: Vec::new(),
            pixels: vec![0.0; graph.tensors[0].shape.elements()],
        };
        let program = Program {
            chunk,
            regions: Vec::new(),
            slab: memory.slab.next_multiple_of(16),
            partial: 0,
            partials: Vec::new(),
            biases: Vec::new(),
            points: 0,
            scratch: 0,
            prepared: 0,
            preparations: Vec::new(),
            linears: Vec::new(),
            labels: Vec::new(),
            logits,
            notes,
        };
        let mut compiler =
            Compiler { isa, graph, layout, schedule, memory, winners: Vec::new(), stage_points: 0, program };
        compiler.place_winners();
        compiler.regions().map_err(|action| failed(&format!("{action:?} has no memory")))?;
        compiler.linears();
        compiler.program.notes.times = vec![Default::default(); compiler.program.labels.len()];
        Ok(compiler.program)
    }
}

/// Under which layer and part of the work an action's time goes.
fn label(graph: &Graph, action: Action) -> (String, LayerPhase) {
    let name = |op: usize| graph.names[op].clone();
    match action {
        Action::Load => ("batch".to_owned(), LayerPhase::Load),
        Action::Loss => ("loss".to_owned(), LayerPhase::Forward),
        Action::Moments(norm) => {
            let maker = graph.ops.iter().position(|op| op.out() == graph.norms[norm].tensor);
            (
                maker.map_or("batch".to_owned(), |op| format!("{} moments", graph.names[op])),
                LayerPhase::Forward,
            )
        }
        Action::Forward(op) => (name(op), LayerPhase::Forward),
        Action::Mask(op) | Action::Spread(op, _) => (name(op), LayerPhase::Backward),
        // The weights of linear layers are trained from all chunks, at the end of the step.
        Action::BiasGradient(op) if matches!(graph.ops[op], Op::Linear { .. }) => {
            (format!("{} bias", graph.names[op]), LayerPhase::Backward)
        }
        Action::BiasGradient(op) | Action::WeightGradient(op) => (name(op), LayerPhase::WeightGradient),
        Action::InputGradient(op) => (name(op), LayerPhase::InputGradient),
    }
}

impl Compiler<'_> {
    fn place_winners(&mut self) {
        for op in &self.graph.ops {
            let per_image = pooled_values(self.graph, op);
            let room = per_image * self.program.chunk;
            let notes = &mut self.program.notes;
            let start = match op {
                Op::Activate { pooled: true, .. } | Op::Stem { .. } => {
                    let start = notes.bytes.len();
                    notes.bytes.resize(start + room, 0);
                    start
                }
                Op::MaxPool { .. } => {
                    let start = notes.marks.len();
                    notes.marks.resize(start + room, 0);
                    start
                }
                _ => {
                    self.winners.push(None);
                    continue;
                }
            };
            self.winners.push(Some(Winners { start, per_image }));
        }
    }

    /// Binds every action; the one that has no memory, should the schedule and the memory plan disagree.
    fn regions(&mut self) -> Result<(), Action> {
        for stages in &self.schedule.regions {
            let mut region = Region { stages: Vec::new(), moments: Vec::new(), backward: Vec::new() };
            for stage in stages {
                let mut works = Vec::new();
                self.stage_points = 0;
                for &action in &stage.actions {
                    let work = self.bind(action, stage.group).ok_or(action)?;
                    match &work {
                        Work::Moments { norm, .. } => region.moments.push(*norm),
                        Work::Mask { before, .. } => {
                            region.backward.extend(before.iter().map(|(norm, _)| *norm));
                        }
                        _ => {}
                    }
                    let label = label(self.graph, action);
                    let labels = &mut self.program.labels;
                    let number = labels.iter().position(|known| *known == label).unwrap_or(labels.len());
                    if number == labels.len() {
                        labels.push(label);
                    }
                    works.push((work, number));
                }
                region.stages.push(BoundStage { works, group: stage.group });
            }
            self.program.regions.push(region);
        }
        Ok(())
    }

    fn value(&self, tensor: TensorId) -> Option<Place> {
        self.memory.value(tensor)
    }

    fn gradient(&self, tensor: TensorId) -> Option<Place> {
        self.memory.gradient(self.schedule, tensor)
    }

    fn parameter(&self, number: usize) -> Range<usize> {
        self.layout.slots[number].range.clone()
    }

    /// Where a gradient goes, and whether it is added.
    fn target(&self, action: Action, tensor: TensorId) -> Option<(Place, bool)> {
        let wanted = self.graph.tensors[tensor].needs_gradient;
        let place = self.gradient(tensor).filter(|_| wanted)?;
        Some((place, self.schedule.adds(action, tensor)))
    }

    /// An action with its memory and kernels; `None` where memory was not planned for it.
    fn bind(&mut self, action: Action, group: usize) -> Option<Work> {
        Some(match action {
            Action::Load => Work::Load { x: self.value(0)? },
            Action::Moments(norm) => Work::Moments { norm, x: self.value(self.graph.norms[norm].tensor)? },
            Action::Loss => Work::Loss {
                logits: self.value(self.graph.logits)?,
                gradient: self.gradient(self.graph.logits)?,
            },
            Action::Forward(number) => self.forward(number, group)?,
            Action::Mask(number) => self.mask(number)?,
            Action::Spread(number, which) => self.spread(action, number, which)?,
            Action::BiasGradient(number) => self.bias(number)?,
            Action::WeightGradient(number) => self.weight_gradient(number, group)?,
            Action::InputGradient(number) => self.input_gradient(action, number, group)?,
        })
    }

    /// The fastest way to compute a convolution into a plane like `y`, or the gradient of its weights from there.
    fn filter(&self, op: &Op, tiles: &[Tile], y: Plane, images: usize) -> Option<Filter> {
        let Op::Conv { window, x, .. } = op else { return None };
        let x = self.value(*x)?.plane;
        match op.tile(tiles, x, y) {
            Some(tile) => Some(Filter::Winograd(Winograd::new(self.isa, tile, (x, y), window.padding))),
            None => self.direct(op, images),
        }
    }

    /// A convolution as a sum of products, tap by tap.
    fn direct(&self, op: &Op, images: usize) -> Option<Filter> {
        let Op::Conv { window, groups, x, y, .. } = op else { return None };
        let (x, y) = (*x, *y);
        let out = self.value(y)?.plane;
        let planes = Planes {
            x: self.value(x)?.plane,
            y: out,
            dy: self.gradient(y).map_or(out, |place| place.plane),
            dx: self.gradient(x).filter(|_| self.graph.tensors[x].needs_gradient).map(|place| place.plane),
        };
        Some(match groups {
            1 => Filter::Direct(Convolution::new(self.isa, *window, planes, images)),
            _ => Filter::Grouped(Grouped::new(*window, planes, *groups)),
        })
    }

    /// The plan of a convolution's way back, where it is Winograd's.
    fn turned(&self, op: &Op) -> Option<Winograd> {
        let Op::Conv { window, x, y, .. } = op else { return None };
        let (dy, dx) = (self.gradient(*y)?.plane, self.gradient(*x)?.plane);
        let tile = op.tile(&Tile::ALL, dy, dx)?;
        Some(Winograd::new(self.isa, tile, (dy, dx), 2 - window.padding))
    }

    fn dense(&self, x: TensorId, y: TensorId, images: usize) -> Option<Dense> {
        let (x_plane, y_plane) = (self.value(x)?.plane, self.value(y)?.plane);
        let dx = self.gradient(x).map_or(x_plane, |place| place.plane);
        Some(Dense::new(self.isa, x_plane, y_plane, dx, images))
    }

    fn forward(&mut self, number: usize, group: usize) -> Option<Work> {
        let graph = self.graph;
        let op = &graph.ops[number];
        let out = self.value(op.out())?;
        Some(match op {
            Op::Conv { weights, x, .. } => {
                let filter = self.filter(op, &Tile::FINE, out.plane, group)?;
                let weight = self.parameter(weights.weight);
                let prepared = match &filter {
                    Filter::Winograd(conv) => {
                        self.program.scratch = self.program.scratch.max(conv.scratch_len());
                        self.prepare(conv.points_len(), Preparation::Expand(conv.clone(), weight.clone()))
                    }
                    _ => 0..0,
                };
                let bias = weights.bias.map(|bias| self.parameter(bias));
                Work::Conv { filter, weight, prepared, bias, x: self.value(*x)?, y: out }
            }
            Op::Stem { weights, x, .. } => Work::Stem {
                stem: self.stem(op)?,
                weight: self.parameter(weights.weight),
                bias: weights.bias.map(|bias| self.parameter(bias)),
                x: self.value(*x)?,
                out,
                winners: self.winners[number]?,
            },
            Op::Linear { weights, x, y, .. } => Work::Linear {
                dense: self.dense(*x, *y, group)?,
                weight: self.parameter(weights.weight),
                bias: weights.bias.map(|bias| self.parameter(bias)),
                x: self.value(*x)?,
                y: out,
            },
            Op::Activate { y, residual, relu, .. } => {
                let input =
                    |source: &Source| Some(Input { place: self.value(source.tensor)?, norm: source.norm });
                let residual = match residual {
                    Some(source) => Some(input(source)?),
                    None => None,
                };
                Work::Activate { y: input(y)?, residual, relu: *relu, out, winners: self.winners[number] }
            }
            Op::MaxPool { window, x, .. } => {
                Work::MaxPool { window: *window, x: self.value(*x)?, out, winners: self.winners[number]? }
            }
            Op::Mean { x, .. } => Work::Mean { x: self.value(*x)?, out },
            Op::Concat { parts, .. } => {
                let parts = parts.iter().map(|&part| self.value(part)).collect::<Option<_>>()?;
                Work::Concat { parts, out }
            }
            Op::Dropout { x, .. } => {
                Work::Dropout { mask: self.mask_number(number), x: self.value(*x)?, out }
            }
        })
    }

    /// Which of the dropout operations this one is.
    fn mask_number(&self, number: usize) -> usize {
        self.graph.ops[..number].iter().filter(|op| matches!(op, Op::Dropout { .. })).count()
    }

    fn mask(&self, number: usize) -> Option<Work> {
        let Op::Activate { y, residual, relu, out, .. } = &self.graph.ops[number] else { return None };
        let mut before = Vec::new();
        for source in std::iter::once(y).chain(residual) {
            if let Some(norm) = source.norm {
                before.push((norm, self.value(source.tensor)?));
            }
        }
        let gradient = self.gradient(*out)?;
        let out = if *relu { Some(self.value(*out)?) } else { None };
        Some(Work::Mask { gradient, out, winners: self.winners[number], before })
    }

    fn spread(&self, action: Action, number: usize, which: usize) -> Option<Work> {
        let Op::Activate { y, residual, relu, out, .. } = &self.graph.ops[number] else { return None };
        let source = std::iter::once(y).chain(residual).nth(which)?;
        let (dy, add) = self.target(action, source.tensor)?;
        let norm = match source.norm {
            Some(norm) => Some((norm, self.value(source.tensor)?)),
            None => None,
        };
        let unmasked = *relu && !is_masked(*y, *residual);
        let masked_by = if unmasked { Some(self.value(*out)?) } else { None };
        let gradient = self.gradient(*out)?;
        Some(Work::Spread { gradient, out: masked_by, winners: self.winners[number], norm, add, dy })
    }

    fn stem(&self, op: &Op) -> Option<Stem> {
        let Op::Stem { window, x, out, .. } = op else { return None };
        Some(Stem::new(self.isa, *window, self.value(*x)?.plane, self.value(*out)?.plane))
    }

    fn bias(&mut self, number: usize) -> Option<Work> {
        let (Op::Conv { weights, y, .. } | Op::Linear { weights, y, .. }) = &self.graph.ops[number] else {
            return None;
        };
        let dy = self.gradient(*y)?;
        let sums = self.bias_sums(weights.bias?, dy.plane);
        Some(Work::BiasGradient { dy, sums })
    }

    /// Room for the sums of a chunk that are the gradient of a bias.
    fn bias_sums(&mut self, bias: usize, dy: Plane) -> Range<usize> {
        let start = self.program.notes.sums.len();
        let sums = start..start + dy.stride;
        self.program.notes.sums.resize(sums.end, 0.0);
        self.program.biases.push((bias, sums.clone()));
        sums
    }

    /// Room for a chunk's part of the gradient of a weight.
    fn partial(&mut self, weight: usize) -> Range<usize> {
        let start = self.program.partial.next_multiple_of(16);
        let partial = start..start + self.parameter(weight).len();
        self.program.partial = partial.end;
        self.program.partials.push((weight, partial.clone()));
        partial
    }

    fn weight_gradient(&mut self, number: usize, group: usize) -> Option<Work> {
        let op = &self.graph.ops[number];
        if let Op::Stem { weights, x, out, .. } = op {
            let (stem, x) = (self.stem(op)?, self.value(*x)?);
            let (out, gradient, winners) = (self.value(*out)?, self.gradient(*out)?, self.winners[number]?);
            let sums = weights.bias.map(|bias| self.bias_sums(bias, gradient.plane));
            let partial = self.partial(weights.weight);
            return Some(Work::StemBack { stem, x, out, winners, gradient, partial, sums });
        }
        let Op::Conv { weights, x, y, .. } = op else { return None };
        let partial = self.partial(weights.weight);
        let filter = self.filter(op, &Tile::ALL, self.gradient(*y)?.plane, group)?;
        let mut points = 0..0;
        if let Filter::Winograd(conv) = &filter {
            self.program.scratch = self.program.scratch.max(conv.scratch_len());
            points = self.stage_points..self.stage_points + conv.points_len();
            self.stage_points = points.end.next_multiple_of(16);
            self.program.points = self.program.points.max(self.stage_points);
        }
        Some(Work::WeightGradient { filter, x: self.value(*x)?, dy: self.gradient(*y)?, partial, points })
    }

    /// Room for the weights of a layer packed for the way back.
    fn prepare(&mut self, values: usize, preparation: Preparation) -> Range<usize> {
        let start = self.program.prepared.next_multiple_of(16);
        let range = start..start + values;
        self.program.prepared = range.end;
        self.program.preparations.push((preparation, range.clone()));
        range
    }

    /// The same for a linear layer, whose weights are many, in several tasks.
    fn prepare_parts(&mut self, dense: &Dense, weight: &Range<usize>) -> Range<usize> {
        let start = self.program.prepared.next_multiple_of(16);
        let dense = Arc::new(dense.clone());
        for part in dense.back_parts(VALUES_PER_PART) {
            let range = start + part.values.start..start + part.values.end;
            self.program.prepared = range.end;
            let preparation = Preparation::Dense(Arc::clone(&dense), part, weight.clone());
            self.program.preparations.push((preparation, range));
        }
        start..self.program.prepared
    }

    fn input_gradient(&mut self, action: Action, number: usize, group: usize) -> Option<Work> {
        let graph = self.graph;
        let op = &graph.ops[number];
        let gradient = self.gradient(op.out())?;
        if let Op::Concat { parts, .. } = op {
            let part = |&part: &TensorId| (self.target(action, part), graph.tensors[part].shape.channels);
            return Some(Work::ConcatBack { gradient, parts: parts.iter().map(part).collect() });
        }
        let x = *op.inputs().first()?;
        let (dx, add) = self.target(action, x)?;
        Some(match op {
            Op::Conv { weights, .. } => {
                let filter = match self.turned(op) {
                    Some(back) => Filter::Winograd(back),
                    None => self.direct(op, group)?,
                };
                let weight = self.parameter(weights.weight);
                let weight = match &filter {
                    Filter::Direct(conv) => {
                        self.prepare(conv.back_len(), Preparation::Conv(conv.clone(), weight))
                    }
                    Filter::Grouped(_) => weight,
                    Filter::Winograd(back) => {
                        self.program.scratch = self.program.scratch.max(back.scratch_len());
                        self.prepare(back.points_len(), Preparation::Turn(back.clone(), weight))
                    }
                };
                Work::ConvBack { filter, weight, dy: gradient, dx, add }
            }
            Op::Linear { weights, y, .. } => {
                let dense = self.dense(x, *y, group)?;
                let weight = self.parameter(weights.weight);
                let weight = self.prepare_parts(&dense, &weight);
                Work::LinearBack { dense, weight, dy: gradient, dx, add }
            }
            Op::MaxPool { .. } => Work::MaxPoolBack {
                x: self.value(x)?.plane,
                gradient,
                winners: self.winners[number]?,
                dx,
                add,
            },
            Op::Mean { .. } => Work::MeanBack { gradient, dx, add },
            Op::Dropout { .. } => Work::DropoutBack { mask: self.mask_number(number), gradient, dx, add },
            Op::Activate { .. } | Op::Concat { .. } | Op::Stem { .. } => return None,
        })
    }

    /// Linear layers at the end of a step.
    fn linears(&mut self) {
        for (op, name) in self.graph.ops.iter().zip(&self.graph.names) {
            let Op::Linear { weights, x, y, .. } = op else { continue };
            let places = (self.dense(*x, *y, 0), self.value(*x), self.gradient(*y));
            if let (Some(dense), Some(x), Some(dy)) = places {
                let layer = name.clone();
                self.program.linears.push(Linear { dense, layer, parameter: weights.weight, x, dy });
            }
        }
    }
}
