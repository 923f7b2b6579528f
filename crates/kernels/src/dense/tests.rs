//! Fully connected layers and their gradients against plain loops in f64.

use proptest::prelude::*;

use super::{Dense, WeightShare};
use crate::isa::Isa;
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::{
    ALONE, Beside, Expected, Numbers, activation, at, canvas, channels, filled, packed, pixels, refused,
};

/// What a random layer is made from.
#[derive(Clone, Debug)]
struct Case {
    height: usize,
    width: usize,
    channels: usize,
    outputs: usize,
    /// Borders of x, of its gradient and of y.
    borders: [usize; 3],
    /// Whether the pixels of x follow each other without padding, as those of images do.
    dense: bool,
    images: usize,
    /// Images planned for beyond those there are.
    room: usize,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1usize..5, 1usize..5, 1usize..=40, channels());
    (sizes, [0usize..3, 0usize..3, 0usize..3], any::<bool>(), 1usize..9, 0usize..3, any::<u64>()).prop_map(
        |((height, width, channels, outputs), borders, dense, images, room, seed)| Case {
            height,
            width,
            channels,
            outputs,
            borders,
            dense,
            images,
            room,
            seed,
        },
    )
}

impl Case {
    fn x(&self) -> Plane {
        let mut plane = Plane::new(self.height, self.width, self.channels, self.borders[0]);
        if self.dense {
            plane.stride = self.channels;
        }
        plane
    }

    fn dx(&self) -> Plane {
        Plane::new(self.height, self.width, self.channels, self.borders[1])
    }

    fn y(&self) -> Plane {
        Plane::new(1, 1, self.outputs, self.borders[2])
    }

    fn dy(&self) -> Plane {
        Plane::new(1, 1, self.outputs, 0)
    }

    fn inputs(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn plan(&self, isa: Isa) -> Dense {
        Dense::new(isa, self.x(), self.y(), self.dx(), self.images + self.room)
    }

    /// Weights of `[output][input]` packed, with zeros for the lanes without an output.
    fn pack(&self, isa: Isa, weights: &[f32]) -> Guarded<f32> {
        let (length, place) = packed(isa, self.outputs, self.inputs());
        let mut packed = vec![0.0; length];
        for (weight, &value) in weights.iter().enumerate() {
            packed[place(weight / self.inputs(), weight % self.inputs())] = value;
        }
        packed.into_iter().collect()
    }

    /// Inputs of all images with NaN wherever there is no channel or no pixel.
    fn inputs_of(&self, numbers: &mut Numbers) -> Guarded<f32> {
        let beside = Beside { spare: f32::NAN, room: self.room, ..ALONE };
        activation(self.x(), self.images, beside, || numbers.unit())
    }

    /// Calls for every product: place in a plane like y, place in a plane like x, place in the weights.
    fn each_product(&self, x: Plane, y: Plane, mut call: impl FnMut(usize, usize, usize)) {
        for image in 0..self.images {
            for output in 0..self.outputs {
                for (pixel, place) in pixels(x).into_iter().enumerate() {
                    for channel in 0..self.channels {
                        let weight = output * self.inputs() + pixel * self.channels + channel;
                        let from = image * x.values() + place + channel;
                        call(at(y, image, [0, 0], output), from, weight);
                    }
                }
            }
        }
    }
}

/// All shares together, in their order, with NaN where there was no gradient before.
fn gradient(shares: &[WeightShare], images: usize, x: &[f32], dy: &[f32]) -> Guarded<f32> {
    let mut gradient = filled(shares.iter().map(WeightShare::values).sum(), f32::NAN);
    let mut rest = &mut gradient[..];
    for share in shares {
        let (part, others) = rest.split_at_mut(share.values());
        share.run(images, x, dy, part);
        rest = others;
    }
    gradient
}

proptest! {
    #[test]
    fn outputs_agree_with_plain_loops(case in cases()) {
        let mut numbers = Numbers::new(case.seed);
        let x = case.inputs_of(&mut numbers);
        let weights = numbers.units(case.outputs * case.inputs());
        let to = case.y();
        let bias = numbers.channels(to);
        let before = canvas(to, case.images + case.room);
        for start in [None, Some(&bias[..])] {
            let mut expected = Expected::of(&before);
            for (image, lane) in (0..case.images).flat_map(|image| (0..to.stride).map(move |lane| (image, lane))) {
                expected.start(at(to, image, [0, 0], lane), start.map_or(0.0, |bias| bias[lane]));
            }
            case.each_product(case.x(), to, |y, from, weight| expected.add(y, x[from], weights[weight]));
            for isa in Isa::available() {
                let (plan, weights) = (case.plan(isa), case.pack(isa, &weights));
                prop_assert_eq!((plan.inputs(), plan.weights_len()), (case.inputs(), weights.len()));
                let mut y = before.clone();
                plan.forward(case.images, &x, &weights, start, &mut y);
                expected.check(&y)?;
            }
        }
    }

    /// Borders and lanes without a channel have no weights, so that zero is stored there, or added.
    #[test]
    fn gradients_of_inputs_agree_with_plain_loops(case in cases(), values in 1usize..4000) {
        let mut numbers = Numbers::new(case.seed);
        let beside = Beside { spare: f32::NAN, room: case.room, ..ALONE };
        let dy = activation(case.dy(), case.images, beside, || numbers.unit());
        let weights = numbers.units(case.outputs * case.inputs());
        let before = canvas(case.dx(), case.images + case.room);
        for add in [false, true] {
            let mut expected = Expected::of(&before);
            for place in 0..case.images * case.dx().values() {
                expected.start(place, if add { before[place] } else { 0.0 });
            }
            case.each_product(case.dx(), case.dy(), |y, to, weight| expected.add(to, dy[y], weights[weight]));
            for isa in Isa::available() {
                let plan = case.plan(isa);
                let packed = case.pack(isa, &weights);
                let mut back = filled(plan.back_len(), 0.0);
                plan.pack_back(&packed, &mut back);
                let mut in_parts = filled(plan.back_len(), 0.0);
                for part in plan.back_parts(values) {
                    plan.pack_back_part(&part, &packed, &mut in_parts[part.values.clone()]);
                }
                prop_assert_eq!(&in_parts[..], &back[..]);
                let mut dx = before.clone();
                plan.input_gradient(case.images, &dy, &back, add, &mut dx);
                expected.check(&dx)?;
            }
        }
    }

    /// Shares of any size follow each other through the packed weights, whatever the images' places.
    #[test]
    fn shares_together_are_the_gradient_of_the_weights(case in cases(), inputs in 1usize..200, apart in 0usize..9) {
        let mut numbers = Numbers::new(case.seed);
        // Gradients of outputs lie in another order than the images, with other values between them.
        let (x, vector) = (case.inputs_of(&mut numbers), case.dy().values());
        let places: Vec<(usize, usize)> = (0..case.images)
            .map(|image| (image * case.x().values(), (case.images - 1 - image) * (vector + apart)))
            .collect();
        let mut dy = vec![f32::NAN; case.images * vector + (case.images - 1) * apart];
        for (_, to) in &places {
            dy[*to..][..vector].fill(0.0);
            dy[*to..][..case.outputs].fill_with(|| numbers.unit());
        }
        let dy: Guarded<f32> = dy.into_iter().collect();
        for isa in Isa::available() {
            let plan = case.plan(isa);
            let shares = plan.weight_shares(inputs, &places);
            let gradient = gradient(&shares, case.images, &x, &dy);
            prop_assert_eq!(gradient.len(), plan.weights_len());
            let (_, place) = packed(isa, case.outputs, case.inputs());
            let mut expected = Expected::of(&gradient);
            (0..gradient.len()).for_each(|place| expected.start(place, 0.0));
            case.each_product(case.x(), case.dy(), |y, from, weight| {
                let dy = dy[places[y / vector].1 + y % vector];
                expected.add(place(weight / case.inputs(), weight % case.inputs()), x[from], dy);
            });
            expected.check(&gradient)?;
        }
    }

    #[test]
    fn executed_macs_are_at_least_the_real_ones(case in cases()) {
        let macs = (case.images * case.outputs * case.inputs()) as u64;
        for isa in Isa::available() {
            let counts = case.plan(isa).executed_macs(case.images);
            prop_assert!(counts.iter().all(|&count| count >= macs), "{counts:?} of {macs}");
        }
    }

    /// More images than the gradient of the weights takes at once, and a share over some of them only.
    #[test]
    fn many_images_are_summed_in_parts(images in 127usize..400, seed in any::<u64>()) {
        let case = Case {
            height: 1, width: 2, channels: 5, outputs: 19, borders: [0; 3], dense: false, images, room: 0, seed,
        };
        let mut numbers = Numbers::new(seed);
        let x = case.inputs_of(&mut numbers);
        let dy = activation(case.dy(), images + 3, ALONE, || numbers.unit());
        let places: Vec<(usize, usize)> =
            (0..images).map(|image| (image * case.x().values(), image * case.dy().values())).collect();
        for isa in Isa::available() {
            let gradient = gradient(&case.plan(isa).weight_shares(4, &places), images - 1, &x, &dy);
            let (_, place) = packed(isa, case.outputs, case.inputs());
            let mut expected = Expected::of(&gradient);
            (0..gradient.len()).for_each(|place| expected.start(place, 0.0));
            Case { images: images - 1, ..case.clone() }.each_product(case.x(), case.dy(), |y, from, weight| {
                expected.add(place(weight / case.inputs(), weight % case.inputs()), x[from], dy[y]);
            });
            expected.check(&gradient)?;
        }
    }
}

/// Plain Rust computes 6 or 4 rows at a time: 3 images as 4, and 3 x 1 x 5 = 15 inputs as 16; 10 outputs are 16 lanes,
/// and each of the 3 pixels has 8 lanes.
#[test]
fn macs_count_what_is_computed_in_vain() {
    let x = Plane::new(3, 1, 5, 0);
    let plan = Dense::new(Isa::Portable, x, Plane::new(1, 1, 10, 0), x, 3);
    assert_eq!(plan.executed_macs(3), [4 * 15 * 16, 16 * 3 * 16, 4 * 10 * 24]);
}

#[test]
fn planes_that_do_not_fit_are_refused() {
    let (x, y) = (Plane::new(2, 3, 5, 0), Plane::new(1, 1, 10, 0));
    let refuses = |y, dx| refused(|| Dense::new(Isa::Portable, x, y, dx, 1));
    assert!(!refuses(y, Plane { border: 2, ..x }));
    assert!(refuses(y, Plane { width: 2, ..x }) && refuses(y, Plane { channels: 6, ..x }));
    assert!(refuses(Plane { height: 2, ..y }, x) && refuses(Plane { stride: 10, ..y }, x));
}
