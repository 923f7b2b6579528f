//! Steps against the formula in f64, and sums of parts in their order.

use proptest::prelude::*;

use super::{Sgd, descend, reduce};
use crate::isa::Isa;
use crate::testing::guarded::Guarded;
use crate::testing::{Numbers, filled, refused};

fn steps() -> impl Strategy<Value = Sgd> {
    let decay = prop_oneof![Just(0.0), 0.0..0.1f32];
    (0.0..1.0f32, 0.0..1.0f32, decay).prop_map(|(rate, momentum, decay)| Sgd { rate, momentum, decay })
}

proptest! {
    /// The longest way of a number, from the decayed weight into the new one, rounds eight times, each time by at most
    /// 2^-24 of the magnitudes in the formula; two more for the roundings of roundings.
    #[test]
    fn steps_follow_the_formula(sgd in steps(), len in 0usize..100, seed in any::<u64>()) {
        let mut numbers = Numbers::new(seed);
        let [weights, velocity, gradient] = [(); 3].map(|()| numbers.units(len));
        let [rate, momentum, decay] = [sgd.rate, sgd.momentum, sgd.decay].map(f64::from);
        for isa in Isa::available() {
            let (mut w, mut v) = (weights.clone(), velocity.clone());
            descend(isa, sgd, &mut w, &mut v, &gradient);
            for place in 0..len {
                let numbers = [weights[place], velocity[place], gradient[place]].map(f64::from);
                let step = |[w, v, g]: [f64; 3], rate: f64| {
                    let g = g + decay * w;
                    let v = momentum * v + g;
                    [w - rate * (g + momentum * v), v]
                };
                let expected = step(numbers, rate);
                // Magnitudes add up where every number is positive, and the step is added.
                let sizes = step(numbers.map(f64::abs), -rate);
                for ((got, expected), size) in [w[place], v[place]].into_iter().zip(expected).zip(sizes) {
                    let error = (f64::from(got) - expected).abs();
                    prop_assert!(error <= 10.0 * 2f64.powi(-24) * size, "{got} for {expected} at {place}");
                }
            }
        }
    }

    /// In the order of the parts, so that the same parts give the same bits whatever the instructions.
    #[test]
    fn parts_are_added_in_their_order(len in 0usize..70, apart in 0usize..9, count in 0usize..9, seed in any::<u64>()) {
        let mut numbers = Numbers::new(seed);
        let stride = len + apart;
        // What lies between parts belongs to others, and the last part ends with its last value.
        let parts: Guarded<f32> = (0..(count * stride).saturating_sub(apart))
            .map(|place| if place % stride < len { numbers.unit() } else { f32::NAN })
            .collect();
        let expected: Vec<f32> = (0..len)
            .map(|place| (0..count).map(|part| parts[part * stride + place]).reduce(|a, b| a + b).unwrap_or(0.0))
            .collect();
        for isa in Isa::available() {
            let mut sum = filled(len, f32::NAN);
            reduce(isa, &parts, stride, count, &mut sum);
            prop_assert_eq!(&sum[..], &expected[..]);
        }
    }
}

#[test]
fn slices_of_other_lengths_are_refused() {
    let sgd = Sgd { rate: 0.1, momentum: 0.9, decay: 0.0 };
    let refuses = |w: usize, v: usize, g: usize| {
        refused(|| descend(Isa::detect(), sgd, &mut vec![0.0; w], &mut vec![0.0; v], &vec![0.0; g]))
    };
    assert!(!refuses(3, 3, 3));
    assert!(refuses(2, 3, 3) && refuses(3, 2, 3) && refuses(3, 3, 2));
    assert!(refused(|| reduce(Isa::detect(), &[0.0; 7], 4, 2, &mut [0.0; 4])));
}
