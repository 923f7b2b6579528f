//! Finite differences in f64, the referee of every gradient.

use candle_core::{Device, Tensor, Var};
use chance::{Purpose, Stream};

/// Half the distance of a central difference.
const STEP: f64 = 1e-5;

/// A tensor of normal numbers.
pub(super) fn normal(seed: u64, shape: &[usize]) -> Tensor {
    let mut stream = Stream::new(seed, Purpose::Test, 0);
    let count = shape.iter().product();
    let values: Vec<f64> = (0..count).map(|_| stream.normal()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// A tensor of different numbers at least 0.05 from each other and from 0, so that no kink is near.
pub(super) fn distinct(seed: u64, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let mut values: Vec<f64> = (0..count).map(|i| (i as f64 - count as f64 / 2.0 + 0.5) * 0.1).collect();
    Stream::new(seed, Purpose::Test, 1).shuffle(&mut values);
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// Compares the gradient of `sum(weights * f(inputs))`, weights random, with central differences at every
/// element of every input.
pub(super) fn check(name: &str, inputs: &[Tensor], f: impl Fn(&[Tensor]) -> candle_core::Result<Tensor>) {
    let vars: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let y = f(&tensors).unwrap();
    let weights = normal(99, y.dims());
    let loss = |inputs: &[Tensor]| {
        let y = f(inputs).unwrap();
        (y * &weights).unwrap().sum_all().unwrap()
    };
    let gradients = loss(&tensors).backward().unwrap();
    for (place, var) in vars.iter().enumerate() {
        let analytic = gradients.get(var).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let values = inputs[place].flatten_all().unwrap().to_vec1::<f64>().unwrap();
        for element in 0..values.len() {
            let at = |shift: f64| {
                let mut values = values.clone();
                values[element] += shift;
                let mut moved = inputs.to_vec();
                moved[place] = Tensor::from_vec(values, inputs[place].dims(), &Device::Cpu).unwrap();
                loss(&moved).to_scalar::<f64>().unwrap()
            };
            let numeric = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let error = (analytic[element] - numeric).abs();
            let scale = 1.0 + numeric.abs();
            let found = analytic[element];
            assert!(
                error < 1e-6 * scale,
                "{name}: input {place}, element {element}: {found} against {numeric}"
            );
        }
    }
}
