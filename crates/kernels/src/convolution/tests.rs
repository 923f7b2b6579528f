//! Convolution and its gradients against plain loops in f64, on random windows and ragged shapes.

use proptest::prelude::*;

use super::{Convolution, Planes, Window};
use crate::isa::Isa;
use crate::plane::Plane;
use crate::testing::guarded::Guarded;
use crate::testing::plain::{Case, cases, overhang};
use crate::testing::{
    Beside, Expected, Numbers, activation, at, canvas, channels, each_pixel, filled, packed, refused,
};

/// One group, and channels that fill blocks of every width or a part of one.
fn ungrouped() -> impl Strategy<Value = Case> {
    cases((1usize..=40, channels()).prop_map(|(inputs, outputs)| [1, inputs, outputs]))
}

fn plan(case: &Case, isa: Isa) -> Convolution {
    Convolution::new(isa, case.window, case.planes(), case.images + case.room)
}

/// Where a weight of `[output][input][ky][kx]` lies among the packed ones: taps are `[ky][kx][input]`.
fn places(case: &Case, isa: Isa) -> (usize, impl Fn(usize) -> usize) {
    let window = case.window.kernel * case.window.kernel;
    let inputs = case.inputs;
    let (length, place) = packed(isa, case.outputs, window * inputs);
    let place = move |weight: usize| {
        let (output, input, pixel) = (weight / window / inputs, weight / window % inputs, weight % window);
        place(output, pixel * inputs + input)
    };
    (length, place)
}

/// Kernels packed, with zeros for the lanes without a filter.
fn pack(case: &Case, isa: Isa, kernels: &[f32]) -> Guarded<f32> {
    let (length, place) = places(case, isa);
    let mut packed = vec![0.0; length];
    for (weight, &value) in kernels.iter().enumerate() {
        packed[place(weight)] = value;
    }
    packed.into_iter().collect()
}

proptest! {
    #[test]
    fn outputs_agree_with_plain_loops(case in ungrouped()) {
        let mut numbers = Numbers::new(case.seed);
        let Planes { x: from, y: to, .. } = case.planes();
        let (x, kernels) = (case.x(|| numbers.unit()), numbers.units(case.weights_len()));
        let bias = numbers.channels(to);
        let before = canvas(to, case.images + case.room);
        for start in [None, Some(&bias[..])] {
            let mut expected = Expected::of(&before);
            each_pixel(to, case.images, |image, pixel| {
                for lane in 0..to.stride {
                    expected.start(at(to, image, pixel, lane), start.map_or(0.0, |bias| bias[lane]));
                }
            });
            case.each_product(from, to, |y, pixel, kernel| expected.add(y, x[pixel], kernels[kernel]));
            for isa in Isa::available() {
                let (plan, weights) = (plan(&case, isa), pack(&case, isa, &kernels));
                prop_assert_eq!(plan.weights_len(), weights.len());
                let mut y = before.clone();
                plan.forward(case.images, &x, &weights, start, &mut y);
                expected.check(&y)?;
            }
        }
    }

    /// Of all images at once, added to what is there, and image by image: the last has the same bits as the first.
    #[test]
    fn gradients_of_weights_agree_with_plain_loops(case in ungrouped()) {
        let mut numbers = Numbers::new(case.seed);
        let Planes { x: from, dy: to, .. } = case.planes();
        // Borders of dy have no part in it.
        let (x, dy) = (case.x(|| numbers.unit()), case.dy(0, &mut numbers));
        for isa in Isa::available() {
            let plan = plan(&case, isa);
            let (length, place) = places(&case, isa);
            let before: Guarded<f32> = (0..length).map(|place| (place % 7) as f32 - 3.0).collect();
            for begin in [true, false] {
                let mut expected = Expected::of(&before);
                for (place, &before) in before.iter().enumerate() {
                    expected.start(place, if begin { 0.0 } else { before });
                }
                case.each_product(from, to, |dy_place, x_place, kernel| {
                    expected.add(place(kernel), dy[dy_place], x[x_place]);
                });
                let mut sum: Guarded<f32> = before.iter().map(|&b| if begin { f32::NAN } else { b }).collect();
                plan.weight_gradient(case.images, &x, &dy, begin, &mut sum);
                expected.check(&sum)?;
                let alone = Convolution::new(isa, case.window, case.planes(), 1);
                let mut one_by_one = before.clone();
                for image in 0..case.images {
                    let x = Guarded::from(&x[image * from.values()..][..from.values()]);
                    let dy = Guarded::from(&dy[image * to.values()..][..to.values()]);
                    alone.weight_gradient(1, &x, &dy, begin && image == 0, &mut one_by_one);
                }
                // More than one call adds to what was stored; within a call the same happens every 128 pixels.
                prop_assert_eq!(&one_by_one, &sum);
            }
        }
    }

    #[test]
    fn gradients_of_inputs_agree_with_plain_loops(case in ungrouped()) {
        let mut numbers = Numbers::new(case.seed);
        let planes = case.planes();
        let (Some(to), from) = (planes.dx, planes.dy) else { unreachable!("planned with it") };
        let beside = Beside { zeros: case.dy_border(), spare: f32::NAN, room: case.room };
        let dy = activation(from, case.images, beside, || numbers.unit());
        let kernels = numbers.units(case.weights_len());
        let before = canvas(to, case.images + case.room);
        for add in [false, true] {
            let mut expected = Expected::of(&before);
            each_pixel(to, case.images, |image, pixel| {
                for lane in 0..to.stride {
                    let place = at(to, image, pixel, lane);
                    expected.start(place, if add { before[place] } else { 0.0 });
                }
            });
            case.each_product(to, from, |dy_place, dx_place, kernel| {
                expected.add(dx_place, dy[dy_place], kernels[kernel]);
            });
            for isa in Isa::available() {
                let plan = plan(&case, isa);
                let mut back = filled(plan.back_len(), 0.0);
                plan.pack_back(&pack(&case, isa, &kernels), &mut back);
                let mut dx = before.clone();
                plan.input_gradient(case.images, &dy, &back, add, &mut dx);
                expected.check(&dx)?;
            }
        }
    }

    /// The border is exactly what windows that touch the image hang over.
    #[test]
    fn gradients_have_the_border_they_need(case in ungrouped()) {
        let y = case.planes().y;
        for (size, output) in [(case.height, y.height), (case.width, y.width)] {
            prop_assert_eq!(case.window.gradient_border(size, output), overhang(case.window, size));
        }
    }

    /// No real product is left out of the count, and one without lanes or rows in vain is counted as it is.
    #[test]
    fn executed_macs_are_at_least_the_real_ones(case in ungrouped()) {
        for isa in Isa::available() {
            let counts = plan(&case, isa).executed_macs(case.images);
            prop_assert!(counts.iter().all(|&count| count >= case.macs()), "{counts:?} of {}", case.macs());
        }
    }
}

const SAME: Window = Window { kernel: 3, stride: 1, padding: 1, dilation: 1 };

/// Planes of a convolution that keeps the size.
fn same(side: usize, inputs: usize, outputs: usize) -> Planes {
    let (x, y) = (Plane::new(side, side, inputs, 1), Plane::new(side, side, outputs, 1));
    Planes { x, y, dy: y, dx: Some(x) }
}

/// Plain Rust computes 6 or 4 rows at a time. Two images of 4 x 4 have 32 pixels, four times 6 and twice 4; 9 taps of 5
/// channels are 45 rows of the gradient, computed as 46; 10 outputs are 16 lanes and 5 inputs 8.
#[test]
fn macs_count_what_is_computed_in_vain() {
    let plan = Convolution::new(Isa::Portable, SAME, same(4, 5, 10), 2);
    assert_eq!(plan.executed_macs(2), [32 * 45 * 16, 46 * 32 * 16, 32 * 90 * 8]);
}

/// An image of one pixel, of which the other pixels of a step do not exist: their taps lie beyond the gradient.
#[test]
fn images_may_be_smaller_than_the_step() {
    let window = Window { stride: 2, ..SAME };
    let (x, y) = (Plane::new(1, 1, 8, 1), Plane::new(1, 1, 8, 0));
    for isa in Isa::available() {
        let plan =
            Convolution::new(isa, window, Planes { x, y, dy: y, dx: Some(Plane { border: 0, ..x }) }, 1);
        let (back, mut dx) = (filled(plan.back_len(), 1.0), filled(8, f32::NAN));
        plan.input_gradient(1, &filled(8, 1.0), &back, false, &mut dx);
        // One tap meets the one pixel, with eight filters.
        assert_eq!(&dx[..], &[8.0; 8]);
    }
}

/// Planes that the window does not connect, and borders too thin for it, are refused.
#[test]
fn planes_that_do_not_fit_are_refused() {
    let refuses = |window: Window, change: &dyn Fn(&mut Planes)| {
        let mut planes = same(6, 8, 8);
        change(&mut planes);
        refused(|| Convolution::new(Isa::Portable, window, planes, 1))
    };
    assert!(!refuses(SAME, &|_| ()));
    assert!(refuses(Window { padding: 0, ..SAME }, &|_| ()));
    assert!(refuses(Window { stride: 2, ..SAME }, &|_| ()));
    assert!(refuses(SAME, &|planes| planes.x.border = 0));
    assert!(refuses(SAME, &|planes| planes.y.width = 5));
    assert!(refuses(SAME, &|planes| planes.dy.border = 0));
    assert!(!refuses(SAME, &|planes| (planes.dy.border, planes.dx) = (0, None)));
    assert!(refuses(SAME, &|planes| planes.dx = Some(Plane::new(5, 6, 8, 0))));
}

/// Slices one value short are refused before anything is read or written.
#[test]
fn short_slices_are_refused() {
    let plan = Convolution::new(Isa::detect(), SAME, same(4, 8, 8), 1);
    let runs = |short: Option<usize>| {
        // The window of the last pixel ends at the end of the border; the last pixel itself, in the fifth row of six
        // pixels, is the fifth.
        let full = [same(4, 8, 8).x.values(), plan.weights_len(), 8, 8 * (6 * 4 + 5)];
        let length = |slice: usize| full[slice] - usize::from(short == Some(slice));
        let [x, weights, bias, mut y] = [0, 1, 2, 3].map(|slice| vec![0.0; length(slice)]);
        !refused(|| plan.forward(1, &x, &weights, Some(&bias), &mut y))
    };
    assert!(runs(None));
    assert!((0..4).all(|slice| !runs(Some(slice))));
}
