//! Every operation that a network uses, against finite differences.

use candle_core::{Device, Tensor};
use net::layer::Pool;

use super::finite::{check, distinct, normal};
use crate::candle::composed;
use crate::candle::matrices::Matrices;
use crate::candle::ops::batch_norm::{batch_norm, batch_norm_running};
use crate::candle::ops::cross_entropy::cross_entropy;
use crate::candle::ops::max_pool::max_pool;
use crate::candle::ops::relu::relu;
use crate::learner::Products;

#[test]
fn convolutions() {
    // (channels, filters, groups, side, kernel, stride, padding, dilation)
    let cases = [
        (1, 2, 1, 5, 3, 1, 1, 1),
        (3, 4, 1, 6, 3, 2, 1, 1),
        (2, 3, 1, 7, 5, 1, 2, 1),
        (2, 2, 1, 6, 1, 2, 0, 1),
        (3, 2, 1, 5, 1, 1, 0, 1),
        (4, 4, 4, 5, 3, 1, 1, 1),
        (4, 6, 2, 6, 3, 2, 1, 1),
        (2, 2, 1, 8, 3, 1, 2, 2),
        (1, 2, 1, 8, 7, 2, 3, 1),
        (2, 2, 1, 7, 3, 3, 0, 1),
        (2, 2, 1, 8, 3, 2, 0, 1),
    ];
    for (channels, filters, groups, side, kernel, stride, padding, dilation) in cases {
        let name = format!(
            "conv {kernel}x{kernel}, stride {stride}, padding {padding}, dilation {dilation}, groups {groups}"
        );
        let x = normal(1, &[2, channels, side, side]);
        let w = normal(2, &[filters, channels / groups, kernel, kernel]);
        check(&name, &[x, w], |t| t[0].conv2d(&t[1], padding, stride, dilation, groups));
    }
}

#[test]
fn biases_products_means_and_joins() {
    let x = normal(1, &[2, 3, 4, 4]);
    check("bias", &[x.clone(), normal(2, &[3])], |t| t[0].broadcast_add(&t[1].reshape((1, (), 1, 1))?));
    check("linear", &[normal(3, &[3, 5]), normal(4, &[4, 5]), normal(5, &[4])], |t| {
        t[0].matmul(&t[1].t()?)?.broadcast_add(&t[2])
    });
    check("flatten and linear", &[x.clone(), normal(6, &[2, 48])], |t| {
        t[0].flatten_from(1)?.matmul(&t[1].t()?)
    });
    check("global average", std::slice::from_ref(&x), |t| t[0].flatten_from(2)?.mean(2));
    check("add", &[x.clone(), normal(7, &[2, 3, 4, 4])], |t| t[0].add(&t[1]));
    check("add the same", std::slice::from_ref(&x), |t| t[0].add(&t[0]));
    check("concat", &[x.clone(), normal(8, &[2, 2, 4, 4])], |t| Tensor::cat(&[&t[0], &t[1]], 1));
    let mask = distinct(9, &[2, 3, 4, 4]);
    check("mask", &[x], |t| t[0].mul(&mask));
}

#[test]
fn rectifier() {
    check("relu", &[distinct(1, &[2, 3, 4, 4])], |t| relu::<f64>(&t[0]));
    check("composed relu", &[distinct(1, &[2, 3, 4, 4])], |t| composed::relu(&t[0]));
}

/// PyTorch's relu has gradient 0 at 0; finite differences would give one half.
#[test]
fn rectifier_at_zero() {
    let x = candle_core::Var::from_tensor(&Tensor::new(&[-1.0f64, 0.0, 2.0], &Device::Cpu).unwrap()).unwrap();
    for y in [relu::<f64>(&x), composed::relu(&x)] {
        let gradients = y.unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(gradients.get(&x).unwrap().to_vec1::<f64>().unwrap(), [0.0, 0.0, 1.0]);
    }
}

/// A diverged run is seen: what is no number stays none, wherever it stands in a window.
#[test]
fn no_number_is_lost() {
    let pool = Pool { kernel: 2, stride: 2, padding: 0, ceil: false };
    for place in 0..4 {
        let mut values = [1.0, 2.0, 3.0, 4.0];
        values[place] = f64::NAN;
        let x = Tensor::from_slice(&values, (1, 1, 2, 2), &Device::Cpu).unwrap();
        for y in [max_pool::<f64>(&x, pool, (1, 1)), composed::max_pool(&x, pool, (1, 1))] {
            assert!(y.unwrap().to_vec3_of_4()[0].is_nan(), "{place}");
        }
        for y in [relu::<f64>(&x), composed::relu(&x)] {
            assert!(y.unwrap().to_vec3_of_4()[place].is_nan(), "{place}");
        }
    }
}

#[test]
fn max_pooling() {
    // (side, kernel, stride, padding, ceil, out)
    let cases = [
        (4, 2, 2, 0, false, 2),
        (5, 2, 2, 0, false, 2),
        (5, 2, 2, 0, true, 3),
        (7, 3, 2, 1, false, 4),
        (6, 3, 1, 1, false, 6),
    ];
    for (side, kernel, stride, padding, ceil, out) in cases {
        let pool = Pool { kernel, stride, padding, ceil };
        let x = distinct(1, &[2, 3, side, side]);
        let pooled = max_pool::<f64>(&x, pool, (out, out)).unwrap();
        assert_eq!(pooled.to_vec3_of_4(), plain_max_pool(&x, pool, out), "{pool:?}");
        assert_eq!(composed::max_pool(&x, pool, (out, out)).unwrap().to_vec3_of_4(), pooled.to_vec3_of_4());
        check(&format!("{pool:?}"), std::slice::from_ref(&x), |t| max_pool::<f64>(&t[0], pool, (out, out)));
        check(&format!("composed {pool:?}"), &[x], |t| composed::max_pool(&t[0], pool, (out, out)));
    }
}

/// Of equal values in a window the first gets the whole gradient, as in PyTorch.
#[test]
fn max_pooling_of_ties() {
    let x = candle_core::Var::from_tensor(
        &Tensor::ones((1, 1, 2, 2), candle_core::DType::F64, &Device::Cpu).unwrap(),
    );
    let x = x.unwrap();
    let pool = Pool { kernel: 2, stride: 2, padding: 0, ceil: false };
    for y in [max_pool::<f64>(&x, pool, (1, 1)), composed::max_pool(&x, pool, (1, 1))] {
        let gradients = y.unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(gradients.get(&x).unwrap().to_vec3_of_4(), [1.0, 0.0, 0.0, 0.0]);
    }
    // With padding, corners belong to several windows, and are the first of each.
    let x = candle_core::Var::ones((1, 1, 3, 3), candle_core::DType::F64, &Device::Cpu).unwrap();
    let pool = Pool { kernel: 3, stride: 1, padding: 1, ceil: false };
    let gradient = |y: candle_core::Result<Tensor>| {
        let gradients = y.unwrap().sum_all().unwrap().backward().unwrap();
        gradients.get(&x).unwrap().to_vec3_of_4()
    };
    let fused = gradient(max_pool::<f64>(&x, pool, (3, 3)));
    assert_eq!(fused, [4.0, 2.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(gradient(composed::max_pool(&x, pool, (3, 3))), fused);
}

#[test]
fn batch_normalisation() {
    let inputs = [normal(1, &[3, 2, 3, 3]), normal(2, &[2]), normal(3, &[2])];
    check("batch norm", &inputs, |t| Ok(batch_norm::<f64>(&t[0], &t[1], &t[2])?.0));
    check("composed batch norm", &inputs, |t| Ok(composed::batch_norm(&t[0], &t[1], &t[2])?.0));
}

/// The moments that a batch leaves behind, and normalisation by others.
#[test]
fn batch_normalisations_are_one() {
    let [x, scale, shift] = [normal(1, &[3, 2, 3, 3]), normal(2, &[2]), normal(3, &[2])];
    let ((_, fused), (_, composed)) =
        (batch_norm::<f64>(&x, &scale, &shift).unwrap(), composed::batch_norm(&x, &scale, &shift).unwrap());
    assert_eq!(fused.count, composed.count);
    for (one, other) in [(&fused.mean, &composed.mean), (&fused.variance, &composed.variance)] {
        assert_close(one, other);
    }
    let running = [&scale, &shift, &fused.mean, &fused.variance];
    assert_close(
        &batch_norm_running::<f64>(&x, running).unwrap(),
        &composed::batch_norm_running(&x, running).unwrap(),
    );
}

fn assert_close(one: &Tensor, other: &Tensor) {
    for (one, other) in one.to_vec3_of_4().into_iter().zip(other.to_vec3_of_4()) {
        assert!((one - other).abs() < 1e-12, "{one} and {other}");
    }
}

#[test]
fn cross_entropies() {
    for smoothing in [0.0, 0.2] {
        check("cross-entropy", &[normal(1, &[4, 5])], |t| {
            cross_entropy::<f64>(&t[0], vec![0, 4, 2, 2], smoothing)
        });
        check("composed cross-entropy", &[normal(1, &[4, 5])], |t| {
            composed::cross_entropy::<f64>(&t[0], &[0, 4, 2, 2], smoothing)
        });
    }
}

/// Two logits (0, ln 3) have probabilities 1/4 and 3/4: the loss of class 0 is ln 4, of class 1 ln(4/3).
#[test]
fn cross_entropy_by_hand() {
    let logits = Tensor::new(&[[0.0f64, 3f64.ln()]], &Device::Cpu).unwrap();
    let loss = |label, smoothing| {
        let loss = cross_entropy::<f64>(&logits, vec![label], smoothing).unwrap();
        assert_close(&loss, &composed::cross_entropy::<f64>(&logits, &[label], smoothing).unwrap());
        loss.to_scalar::<f64>().unwrap()
    };
    assert!((loss(0, 0.0) - 4f64.ln()).abs() < 1e-12);
    assert!((loss(1, 0.0) - (4.0f64 / 3.0).ln()).abs() < 1e-12);
    // Smoothing 0.2 over two classes puts weight 0.9 on the label and 0.1 on the other.
    assert!((loss(1, 0.2) - (0.9 * (4.0f64 / 3.0).ln() + 0.1 * 4f64.ln())).abs() < 1e-12);
}

trait Values {
    fn to_vec3_of_4(&self) -> Vec<f64>;
}

impl Values for Tensor {
    fn to_vec3_of_4(&self) -> Vec<f64> {
        self.flatten_all().unwrap().to_vec1().unwrap()
    }
}

/// Products on the processor are those of a card, but for their speed.
#[test]
fn products_of_matrices_are_counted() {
    let matrices = Matrices::new(record::device::Device::Cpu, 48).unwrap();
    assert_eq!(matrices.burst().unwrap().0, 2 * 48 * 48 * 48);
}

/// The definition, with padding as minus infinity.
fn plain_max_pool(x: &Tensor, pool: Pool, out: usize) -> Vec<f64> {
    let (batch, channels, side, _) = x.dims4().unwrap();
    let values = x.to_vec3_of_4();
    let at = |plane: usize, y: isize, x: isize| {
        let inside = |v: isize| v >= 0 && v < side as isize;
        if inside(y) && inside(x) {
            values[(plane * side + y as usize) * side + x as usize]
        } else {
            f64::NEG_INFINITY
        }
    };
    let mut pooled = Vec::new();
    for plane in 0..batch * channels {
        for oy in 0..out {
            for ox in 0..out {
                let corner = |o: usize| (o * pool.stride) as isize - pool.padding as isize;
                let window = (0..pool.kernel * pool.kernel).map(|tap| {
                    at(
                        plane,
                        corner(oy) + (tap / pool.kernel) as isize,
                        corner(ox) + (tap % pool.kernel) as isize,
                    )
                });
                pooled.push(window.fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    pooled
}
