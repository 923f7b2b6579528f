//! burn's flex backend as a peer: burn's layers, its autodiff and its SGD with Nesterov momentum.

use std::error::Error;

use burn::Tensor;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, activation::relu};
use peer_protocol::{Job, Steps, serve};
use serde_json::json;

const BATCHES: usize = 8;
const CLASSES: usize = 10;
const LEARNING_RATE: f64 = 0.01;

/// A convolution, its normalisation where it has one, ReLU, and pooling where the block ends in it.
#[derive(Module, Debug)]
struct Block {
    conv: Conv2d,
    norm: Option<BatchNorm>,
    pool: Option<MaxPool2d>,
}

impl Block {
    fn new(inputs: usize, outputs: usize, norm: bool, pool: bool, device: &Device) -> Self {
        let conv = Conv2dConfig::new([inputs, outputs], [3, 3])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .with_bias(!norm)
            .init(device);
        let norm = norm.then(|| BatchNormConfig::new(outputs).init(device));
        let pool = pool.then(|| MaxPool2dConfig::new([2, 2]).init());
        Self { conv, norm, pool }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        let x = match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let x = relu(x);
        match &self.pool {
            Some(pool) => pool.forward(x),
            None => x,
        }
    }
}

/// Net A, which flattens and has a hidden layer, or Net B, which takes the mean of each channel.
#[derive(Module, Debug)]
struct Net {
    blocks: Vec<Block>,
    hidden: Option<Linear>,
    head: Linear,
}

impl Net {
    fn a(device: &Device) -> Self {
        Self {
            blocks: vec![Block::new(1, 16, false, true, device), Block::new(16, 32, false, true, device)],
            hidden: Some(LinearConfig::new(32 * 7 * 7, 128).init(device)),
            head: LinearConfig::new(128, CLASSES).init(device),
        }
    }

    fn b(device: &Device) -> Self {
        let widths = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)];
        let block = |(index, (inputs, outputs))| Block::new(inputs, outputs, true, index % 2 == 1, device);
        Self {
            blocks: widths.into_iter().enumerate().map(block).collect(),
            hidden: None,
            head: LinearConfig::new(128, CLASSES).init(device),
        }
    }

    /// Trained parameters: burn also counts the running mean and variance of each normalisation, which are as
    /// many as its scales and shifts.
    fn parameters(&self) -> usize {
        let norms = self.blocks.iter().filter_map(|block| block.norm.as_ref());
        self.num_params() - norms.map(|norm| norm.num_params() / 2).sum::<usize>()
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.blocks.iter().fold(images, |x, block| block.forward(x));
        let x = match &self.hidden {
            Some(hidden) => relu(hidden.forward(x.flatten(1, 3))),
            None => x.mean_dims(&[2, 3]).flatten(1, 3),
        };
        self.head.forward(x)
    }
}

struct Training {
    /// Taken while the optimizer makes the next one of it.
    net: Option<Net>,
    optimizer: ModuleOptimizer,
    device: Device,
    batches: Vec<(Tensor<4>, Tensor<1, Int>)>,
    train: bool,
    count: usize,
    loss: Option<Tensor<1>>,
}

impl Training {
    fn new(job: &Job) -> Result<Self, Box<dyn Error>> {
        let plain = Device::flex();
        let device = if job.train { plain.clone().autodiff() } else { plain };
        let (net, channels, side) = match job.net.as_str() {
            "net-a" => (Net::a(&device), 1, 28),
            "net-b" => (Net::b(&device), 3, 32),
            other => return Err(format!("this peer knows net-a and net-b, not {other}").into()),
        };
        let normal = Distribution::Normal(0.0, 1.0);
        let uniform = Distribution::Uniform(0.0, CLASSES as f64);
        let batches = (0..BATCHES)
            .map(|_| {
                let images = Tensor::random([job.batch, channels, side, side], normal, &device);
                (images, Tensor::<1>::random([job.batch], uniform, &device).int())
            })
            .collect();
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0).with_nesterov(true);
        let optimizer = SgdConfig::new()
            .with_momentum(Some(momentum))
            .with_weight_decay(Some(WeightDecayConfig::new(5e-4)))
            .init();
        Ok(Self { net: Some(net), optimizer, device, batches, train: job.train, count: 0, loss: None })
    }
}

impl Steps for Training {
    fn step(&mut self) -> Result<(), Box<dyn Error>> {
        let (images, labels) = self.batches[self.count % self.batches.len()].clone();
        self.count += 1;
        let net = self.net.take().ok_or("a step before this one failed")?;
        let logits = net.forward(images);
        if !self.train {
            self.loss = Some(logits.max());
            self.net = Some(net);
            return Ok(());
        }
        let loss = CrossEntropyLossConfig::new().init(&self.device).forward(logits, labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        self.loss = Some(loss.detach());
        self.net = Some(self.optimizer.step(LEARNING_RATE, net, gradients));
        Ok(())
    }

    fn finish(&mut self) -> Result<f64, Box<dyn Error>> {
        let loss = self.loss.clone().ok_or("no step has run yet")?;
        Ok(f64::from(loss.into_scalar::<f32>()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_arguments()?;
    let mut training = Training::new(&job)?;
    let facts = json!({
        "parameters": training.net.as_ref().map_or(0, Net::parameters),
        "version": "0.22.1",
        "features": "flex, simd, rayon, x86-v4",
        "threads": job.threads,
    });
    serve(&mut training, job.batch, facts)
}
