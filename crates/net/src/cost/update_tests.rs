//! Operations of the optimizer against its rule, carried out on numbers that count what is done to them.

use std::cell::Cell;
use std::ops::{Add, Mul, Sub};

use super::*;
use crate::family;
use crate::network::Shape;

const PLAIN: Descent = Descent { has_momentum: false, has_weight_decay: false };
const FULL: Descent = Descent { has_momentum: true, has_weight_decay: true };

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// A number whose every sum, difference and product is counted.
#[derive(Clone, Copy)]
struct Counted(f64);

fn counted(value: f64) -> Counted {
    DONE.set(DONE.get() + 1);
    Counted(value)
}

impl Add for Counted {
    type Output = Counted;
    fn add(self, other: Counted) -> Counted {
        counted(self.0 + other.0)
    }
}

impl Sub for Counted {
    type Output = Counted;
    fn sub(self, other: Counted) -> Counted {
        counted(self.0 - other.0)
    }
}

impl Mul for Counted {
    type Output = Counted;
    fn mul(self, other: Counted) -> Counted {
        counted(self.0 * other.0)
    }
}

/// torch.optim.SGD (its documentation's algorithm, with nesterov=True and dampening 0), for one value.
fn descend(w: &mut Counted, v: &mut Counted, mut g: Counted, descent: Descent, decays: bool) {
    let (rate, momentum, decay) = (Counted(0.1), Counted(0.9), Counted(5e-4));
    if descent.has_weight_decay && decays {
        g = g + decay * *w;
    }
    if descent.has_momentum {
        *v = momentum * *v + g;
        g = g + momentum * *v;
    }
    *w = *w - rate * g;
}

/// Every value of every tensor, one by one.
fn brute_force(network: &Network, descent: Descent, steps: u64) -> u64 {
    DONE.set(0);
    for parameter in &network.parameters {
        let is_weight = parameter.name.ends_with(".weight");
        if parameter.name.contains("running_") {
            continue;
        }
        for _ in 0..parameter.elements() {
            let (mut w, mut v) = (Counted(0.5), Counted(0.0));
            for _ in 0..steps {
                descend(&mut w, &mut v, Counted(0.25), descent, is_weight);
            }
        }
    }
    DONE.get()
}

#[test]
fn the_rule_is_counted_operation_by_operation() {
    for net in ["linear", "lenet5", "cnn-w4-d2", "resnet8-w4"] {
        let input = Shape { channels: 1, height: 28, width: 28 };
        let network = family::build(net, input, 10).unwrap();
        for has_momentum in [false, true] {
            for has_weight_decay in [false, true] {
                let descent = Descent { has_momentum, has_weight_decay };
                let expected = brute_force(&network, descent, 3);
                assert_eq!(network.update_operations(descent, 3), expected, "{net} {descent:?}");
            }
        }
    }
}

/// LeNet-5 has 61,470 weights and 236 biases: 8 and 6 operations each.
#[test]
fn a_network_by_hand() {
    let network = family::build("lenet5", Shape { channels: 1, height: 28, width: 28 }, 10).unwrap();
    assert_eq!(network.update_operations(FULL, 1), 8 * 61_470 + 6 * 236);
    assert_eq!(network.update_operations(PLAIN, 10), 10 * 2 * 61_706);
}

#[test]
fn a_tensor_that_is_no_longer_trained_costs_nothing() {
    let mut network = family::build("linear", Shape { channels: 1, height: 2, width: 2 }, 3).unwrap();
    network.parameters[0].trainable_until_step = Some(4);
    // 12 weights for 4 of 10 steps, 3 biases for all.
    assert_eq!(network.update_operations(FULL, 10), 12 * 8 * 4 + 3 * 6 * 10);
}

#[test]
fn counts_beyond_64_bits_saturate() {
    let network = family::build("linear", Shape { channels: 1, height: 2, width: 2 }, 3).unwrap();
    assert_eq!(network.update_operations(FULL, u64::MAX), u64::MAX);
}
