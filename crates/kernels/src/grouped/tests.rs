//! Convolution in groups and its gradients against plain loops in f64, and against the convolution without groups.

use proptest::prelude::*;

use super::Grouped;
use crate::convolution::{Convolution, Planes};
use crate::isa::Isa;
use crate::testing::guarded::Guarded;
use crate::testing::plain::{Case, cases};
use crate::testing::{Beside, Expected, Numbers, activation, at, canvas, each_pixel, packed};

/// Groups of one channel, of some, and one group of all.
fn grouped() -> impl Strategy<Value = Case> {
    let depthwise = (1usize..=40, 1usize..3).prop_map(|(groups, outputs)| [groups, 1, outputs]);
    let some =
        (1usize..7, 1usize..6, 1usize..6).prop_map(|(groups, inputs, outputs)| [groups, inputs, outputs]);
    cases(prop_oneof![depthwise, some])
}

fn plan(case: &Case) -> Grouped {
    Grouped::new(case.window, case.planes(), case.groups)
}

proptest! {
    #[test]
    fn outputs_agree_with_plain_loops(case in grouped()) {
        let mut numbers = Numbers::new(case.seed);
        let Planes { x: from, y: to, .. } = case.planes();
        let (x, weights) = (case.x(|| numbers.unit()), numbers.units(case.weights_len()));
        let bias = numbers.channels(to);
        let before = canvas(to, case.images);
        prop_assert_eq!(plan(&case).weights_len(), weights.len());
        for start in [None, Some(&bias[..])] {
            let mut expected = Expected::of(&before);
            each_pixel(to, case.images, |image, pixel| {
                for lane in 0..to.stride {
                    expected.start(at(to, image, pixel, lane), start.map_or(0.0, |bias| bias[lane]));
                }
            });
            case.each_product(from, to, |y, pixel, weight| expected.add(y, x[pixel], weights[weight]));
            let mut y = before.clone();
            plan(&case).forward(case.images, &x, &weights, start, &mut y);
            expected.check(&y)?;
        }
    }

    #[test]
    fn gradients_of_weights_agree_with_plain_loops(case in grouped()) {
        let mut numbers = Numbers::new(case.seed);
        let Planes { x: from, dy: to, .. } = case.planes();
        let (x, dy) = (case.x(|| numbers.unit()), case.dy(0, &mut numbers));
        let before = numbers.units(case.weights_len());
        for begin in [true, false] {
            let mut expected = Expected::of(&before);
            for (place, &before) in before.iter().enumerate() {
                expected.start(place, if begin { 0.0 } else { before });
            }
            case.each_product(from, to, |y, pixel, weight| expected.add(weight, dy[y], x[pixel]));
            let mut sum: Guarded<f32> = before.iter().map(|&b| if begin { f32::NAN } else { b }).collect();
            plan(&case).weight_gradient(case.images, &x, &dy, begin, &mut sum);
            expected.check(&sum)?;
        }
    }

    #[test]
    fn gradients_of_inputs_agree_with_plain_loops(case in grouped()) {
        let mut numbers = Numbers::new(case.seed);
        let planes = case.planes();
        let (Some(to), from) = (planes.dx, planes.dy) else { unreachable!("planned with it") };
        let (dy, weights) = (case.dy(0, &mut numbers), numbers.units(case.weights_len()));
        let before = canvas(to, case.images);
        for add in [false, true] {
            let mut expected = Expected::of(&before);
            each_pixel(to, case.images, |image, pixel| {
                for lane in 0..to.stride {
                    let place = at(to, image, pixel, lane);
                    expected.start(place, if add { before[place] } else { 0.0 });
                }
            });
            case.each_product(to, from, |y, pixel, weight| expected.add(pixel, dy[y], weights[weight]));
            let mut dx = before.clone();
            plan(&case).input_gradient(case.images, &dy, &weights, add, &mut dx);
            expected.check(&dx)?;
        }
    }

    /// With numbers whose sums are exact, so that their order does not matter, all bits are the same.
    #[test]
    fn one_group_is_a_convolution(
        case in cases((1usize..=20, 1usize..=20).prop_map(|(inputs, outputs)| [1, inputs, outputs])),
    ) {
        let case = Case { room: 0, ..case };
        let mut numbers = Numbers::new(case.seed);
        let Planes { y: to, dy: back_from, dx, .. } = case.planes();
        let Some(back_to) = dx else { unreachable!("planned with it") };
        let x = case.x(|| numbers.quarter());
        let weights: Guarded<f32> = (0..case.weights_len()).map(|_| numbers.quarter()).collect();
        let bias = numbers.channels(to);
        let beside = Beside { zeros: case.dy_border(), spare: 0.0, room: 0 };
        let dy = activation(back_from, case.images, beside, || numbers.quarter());
        let (y, dx) = (canvas(to, case.images), canvas(back_to, case.images));
        let mut expected = (y.clone(), weights.clone(), dx.clone());
        let grouped = plan(&case);
        grouped.forward(case.images, &x, &weights, Some(&bias), &mut expected.0);
        grouped.weight_gradient(case.images, &x, &dy, true, &mut expected.1);
        grouped.input_gradient(case.images, &dy, &weights, false, &mut expected.2);
        let isa = Isa::detect();
        let conv = Convolution::new(isa, case.window, case.planes(), case.images);
        let (window, inputs) = (case.window.kernel * case.window.kernel, case.inputs);
        let (length, place) = packed(isa, case.outputs, conv.taps());
        let place = |weight: usize| {
            place(weight / window / inputs, weight % window * inputs + weight / window % inputs)
        };
        let mut direct = vec![0.0; length];
        weights.iter().enumerate().for_each(|(weight, &value)| direct[place(weight)] = value);
        let mut got = (y, weights.clone(), dx);
        conv.forward(case.images, &x, &direct, Some(&bias), &mut got.0);
        let mut back = vec![0.0; conv.back_len()];
        conv.pack_back(&direct, &mut back);
        conv.input_gradient(case.images, &dy, &back, false, &mut got.2);
        conv.weight_gradient(case.images, &x, &dy, true, &mut direct);
        got.1.iter_mut().enumerate().for_each(|(weight, value)| *value = direct[place(weight)]);
        prop_assert_eq!(&got, &expected);
    }

    /// Padding is counted like all other taps, as a convolution without groups counts it.
    #[test]
    fn executed_macs_are_at_least_the_real_ones(case in grouped()) {
        prop_assert!(plan(&case).executed_macs(case.images) >= case.macs());
    }
}
