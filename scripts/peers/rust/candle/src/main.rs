//! Stock candle as a peer: candle-nn's layers, candle's own backward pass, SGD with Nesterov momentum by hand
//! because candle-nn's has none.

use std::error::Error;

use candle_core::{D, DType, Device, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{BatchNorm, Conv2d, Conv2dConfig, Linear, VarBuilder, VarMap};
use peer_protocol::{Job, Steps, serve};
use serde_json::json;

const BATCHES: usize = 8;
const CLASSES: usize = 10;
const LEARNING_RATE: f64 = 0.01;
const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 5e-4;

enum Layer {
    Conv(Conv2d),
    Norm(BatchNorm),
    Relu,
    Pool,
    Mean,
    Flatten,
    Linear(Linear),
}

impl Layer {
    fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        match self {
            Self::Conv(conv) => conv.forward(x),
            Self::Norm(norm) => norm.forward_t(x, train),
            Self::Relu => x.relu(),
            Self::Pool => x.max_pool2d(2),
            Self::Mean => x.mean((2, 3)),
            Self::Flatten => x.flatten_from(1),
            Self::Linear(linear) => linear.forward(x),
        }
    }
}

fn conv(inputs: usize, outputs: usize, bias: bool, vb: VarBuilder) -> Result<Layer> {
    let config = Conv2dConfig { padding: 1, ..Default::default() };
    let build = if bias { candle_nn::conv2d } else { candle_nn::conv2d_no_bias };
    build(inputs, outputs, 3, config, vb).map(Layer::Conv)
}

fn net_a(vb: &VarBuilder) -> Result<Vec<Layer>> {
    Ok(vec![
        conv(1, 16, true, vb.pp("conv1"))?,
        Layer::Relu,
        Layer::Pool,
        conv(16, 32, true, vb.pp("conv2"))?,
        Layer::Relu,
        Layer::Pool,
        Layer::Flatten,
        Layer::Linear(candle_nn::linear(32 * 7 * 7, 128, vb.pp("hidden"))?),
        Layer::Relu,
        Layer::Linear(candle_nn::linear(128, CLASSES, vb.pp("head"))?),
    ])
}

fn net_b(vb: &VarBuilder) -> Result<Vec<Layer>> {
    let mut layers = Vec::new();
    let mut channels = 3;
    for width in [32, 64, 128] {
        for half in 0..2 {
            let vb = vb.pp(format!("block{width}.{half}"));
            layers.push(conv(channels, width, false, vb.pp("conv"))?);
            layers.push(Layer::Norm(candle_nn::batch_norm(width, 1e-5, vb.pp("norm"))?));
            layers.push(Layer::Relu);
            channels = width;
        }
        layers.push(Layer::Pool);
    }
    layers.extend([Layer::Mean, Layer::Linear(candle_nn::linear(channels, CLASSES, vb.pp("head"))?)]);
    Ok(layers)
}

/// A weight and its velocity.
struct Weight {
    value: Var,
    velocity: Tensor,
}

struct Training {
    layers: Vec<Layer>,
    weights: Vec<Weight>,
    batches: Vec<(Tensor, Tensor)>,
    train: bool,
    count: usize,
    loss: Tensor,
}

impl Training {
    fn new(job: &Job) -> Result<Self> {
        let device = Device::Cpu;
        let variables = VarMap::new();
        let vb = VarBuilder::from_varmap(&variables, DType::F32, &device);
        let (layers, shape) = match job.net.as_str() {
            "net-a" => (net_a(&vb)?, (1, 28)),
            "net-b" => (net_b(&vb)?, (3, 32)),
            other => candle_core::bail!("this peer knows net-a and net-b, not {other}"),
        };
        let (channels, side) = shape;
        let batches = (0..BATCHES)
            .map(|_| {
                let images = Tensor::randn(0f32, 1., (job.batch, channels, side, side), &device)?;
                let labels = Tensor::rand(0f32, CLASSES as f32, job.batch, &device)?.to_dtype(DType::U32)?;
                Ok((images, labels))
            })
            .collect::<Result<_>>()?;
        let weights = trained(&variables)?;
        let loss = Tensor::zeros((), DType::F32, &device)?;
        Ok(Self { layers, weights, batches, train: job.train, count: 0, loss })
    }

    fn parameters(&self) -> usize {
        self.weights.iter().map(|weight| weight.value.elem_count()).sum()
    }

    fn update(&mut self) -> Result<()> {
        let gradients = self.loss.backward()?;
        for weight in &mut self.weights {
            let Some(gradient) = gradients.get(&weight.value) else {
                candle_core::bail!("a weight has no gradient");
            };
            let value = weight.value.as_detached_tensor();
            let gradient = (gradient + (&value * WEIGHT_DECAY)?)?;
            weight.velocity = ((&weight.velocity * MOMENTUM)? + &gradient)?;
            let step = (gradient + (&weight.velocity * MOMENTUM)?)?;
            weight.value.set(&(value - (step * LEARNING_RATE)?)?)?;
        }
        Ok(())
    }
}

/// Every variable but the running statistics, which candle keeps in the same map.
fn trained(variables: &VarMap) -> Result<Vec<Weight>> {
    let named =
        variables.data().lock().map_err(|_| candle_core::Error::msg("the map of variables is poisoned"))?;
    named
        .iter()
        .filter(|(name, _)| !name.contains("running_"))
        .map(|(_, value)| Ok(Weight { value: value.clone(), velocity: value.zeros_like()?.detach() }))
        .collect()
}

impl Steps for Training {
    fn step(&mut self) -> std::result::Result<(), Box<dyn Error>> {
        let (images, labels) = &self.batches[self.count % self.batches.len()];
        self.count += 1;
        let mut x = images.clone();
        for layer in &self.layers {
            x = layer.forward(&x, self.train)?;
        }
        if self.train {
            self.loss = candle_nn::loss::cross_entropy(&x, labels)?;
            self.update()?;
        } else {
            self.loss = x.max(D::Minus1)?.max(0)?.detach();
        }
        Ok(())
    }

    fn finish(&mut self) -> std::result::Result<f64, Box<dyn Error>> {
        Ok(f64::from(self.loss.to_scalar::<f32>()?))
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let job = Job::from_arguments()?;
    let mut training = Training::new(&job)?;
    let facts = json!({
        "parameters": training.parameters(),
        "version": "0.11.1",
        "features": "gemm/x86-v4",
        "threads": candle_core::utils::get_num_threads(),
    });
    serve(&mut training, job.batch, facts)
}
