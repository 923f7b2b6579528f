//! Every operation that a network uses, against finite differences.

use candle_core::{Device, Tensor};
use net::layer::Pool;

use super::finite::{check, distinct, normal};
use crate::candle::ops::batch_norm::batch_norm;
use crate::candle::ops::cross_entropy::cross_entropy;
use crate::candle::ops::max_pool::max_pool;
use crate::candle::ops::relu::relu;

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
}

/// PyTorch's relu has gradient 0 at 0; finite differences would give one half.
#[test]
fn rectifier_at_zero() {
    let x = candle_core::Var::from_tensor(&Tensor::new(&[-1.0f64, 0.0, 2.0], &Device::Cpu).unwrap()).unwrap();
    let gradients = relu::<f64>(&x).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(gradients.get(&x).unwrap().to_vec1::<f64>().unwrap(), [0.0, 0.0, 1.0]);
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
        check(&format!("{pool:?}"), &[x], |t| max_pool::<f64>(&t[0], pool, (out, out)));
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
    let gradients = max_pool::<f64>(&x, pool, (1, 1)).unwrap().sum_all().unwrap().backward().unwrap();
    let gradient = gradients.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
    assert_eq!(gradient, [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn batch_normalisation() {
    let inputs = [normal(1, &[3, 2, 3, 3]), normal(2, &[2]), normal(3, &[2])];
    check("batch norm", &inputs, |t| Ok(batch_norm::<f64>(&t[0], &t[1], &t[2])?.0));
}

#[test]
fn cross_entropies() {
    for smoothing in [0.0, 0.2] {
        check("cross-entropy", &[normal(1, &[4, 5])], |t| {
            cross_entropy::<f64>(&t[0], vec![0, 4, 2, 2], smoothing)
        });
    }
}

/// Two logits (0, ln 3) have probabilities 1/4 and 3/4: the loss of class 0 is ln 4, of class 1 ln(4/3).
#[test]
fn cross_entropy_by_hand() {
    let logits = Tensor::new(&[[0.0f64, 3f64.ln()]], &Device::Cpu).unwrap();
    let loss = |label, smoothing| {
        cross_entropy::<f64>(&logits, vec![label], smoothing).unwrap().to_scalar::<f64>().unwrap()
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
