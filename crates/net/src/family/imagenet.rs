//! Classics of ImageNet other than residual networks, for counting.

use super::parts::{conv_norm_relu, conv_relu, linear, max_pool, max_pool_ceil};
use crate::layer::{Conv, Join, Layer};

/// AlexNet as in torchvision (Krizhevsky, "One weird trick", arXiv 1404.5997): one tower, no local response
/// normalisation. Its adaptive mean over 6x6 is the identity on 224x224 images and left out.
pub(super) fn alexnet(classes: usize) -> Vec<Layer> {
    let mut layers = conv_relu(64, 11, 4, 2);
    layers.push(max_pool(3, 2, 0));
    layers.extend(conv_relu(192, 5, 1, 2));
    layers.push(max_pool(3, 2, 0));
    for channels in [384, 256, 256] {
        layers.extend(conv_relu(channels, 3, 1, 1));
    }
    layers.push(max_pool(3, 2, 0));
    for _ in 0..2 {
        layers.extend([Layer::Dropout { percent: 50 }, linear(4096), Layer::Relu]);
    }
    layers.push(linear(classes));
    layers
}

/// VGG-16 (Simonyan and Zisserman, arXiv 1409.1556, configuration D) without batch normalisation, as in
/// torchvision. Its adaptive mean over 7x7 is the identity on 224x224 images and left out.
pub(super) fn vgg16(classes: usize) -> Vec<Layer> {
    let mut layers = Vec::new();
    for (channels, convolutions) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
        for _ in 0..convolutions {
            layers.extend(conv_relu(channels, 3, 1, 1));
        }
        layers.push(max_pool(2, 2, 0));
    }
    for _ in 0..2 {
        layers.extend([linear(4096), Layer::Relu, Layer::Dropout { percent: 50 }]);
    }
    layers.push(linear(classes));
    layers
}

/// GoogLeNet (Szegedy et al., arXiv 1409.4842) as in torchvision: with batch normalisation, 3x3 where the paper
/// has 5x5 (pytorch/vision issue 906), pooling that rounds up, and without the auxiliary heads.
pub(super) fn googlenet(classes: usize) -> Vec<Layer> {
    let mut layers = conv_norm_relu(64, 7, 2, 3);
    layers.push(max_pool_ceil(3, 2, 0));
    layers.extend(conv_norm_relu(64, 1, 1, 0));
    layers.extend(conv_norm_relu(192, 3, 1, 1));
    layers.push(max_pool_ceil(3, 2, 0));
    layers.push(inception([64, 96, 128, 16, 32, 32]));
    layers.push(inception([128, 128, 192, 32, 96, 64]));
    layers.push(max_pool_ceil(3, 2, 0));
    layers.push(inception([192, 96, 208, 16, 48, 64]));
    layers.push(inception([160, 112, 224, 24, 64, 64]));
    layers.push(inception([128, 128, 256, 24, 64, 64]));
    layers.push(inception([112, 144, 288, 32, 64, 64]));
    layers.push(inception([256, 160, 320, 32, 128, 128]));
    layers.push(max_pool_ceil(2, 2, 0));
    layers.push(inception([256, 160, 320, 32, 128, 128]));
    layers.push(inception([384, 192, 384, 48, 128, 128]));
    layers.extend([Layer::GlobalAvgPool, Layer::Dropout { percent: 20 }, linear(classes)]);
    layers
}

/// One inception module; the widths stand as in table 1 of the paper: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool
/// projection.
fn inception(widths: [usize; 6]) -> Layer {
    let [one, three_reduce, three, five_reduce, five, pool] = widths;
    let reduced = |reduce, out| {
        let mut path = conv_norm_relu(reduce, 1, 1, 0);
        path.extend(conv_norm_relu(out, 3, 1, 1));
        path
    };
    let mut pooled = vec![max_pool_ceil(3, 1, 1)];
    pooled.extend(conv_norm_relu(pool, 1, 1, 0));
    let paths =
        vec![conv_norm_relu(one, 1, 1, 0), reduced(three_reduce, three), reduced(five_reduce, five), pooled];
    Layer::Branches { paths, join: Join::Concat }
}

/// MobileNet v1 at full width (Howard et al., arXiv 1704.04861, table 1). The last depthwise convolution there is
/// printed with stride 2 but keeps its 7x7 maps, so it has stride 1 here, as in every implementation.
pub(super) fn mobilenet_v1(classes: usize) -> Vec<Layer> {
    let blocks = [
        (64, 1),
        (128, 2),
        (128, 1),
        (256, 2),
        (256, 1),
        (512, 2),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (512, 1),
        (1024, 2),
        (1024, 1),
    ];
    let mut channels = 32;
    let mut layers = conv_norm_relu(channels, 3, 2, 1);
    for (out_channels, stride) in blocks {
        layers.extend(depthwise(channels, stride));
        layers.extend(conv_norm_relu(out_channels, 1, 1, 0));
        channels = out_channels;
    }
    layers.extend([Layer::GlobalAvgPool, linear(classes)]);
    layers
}

/// A 3x3 convolution of each channel by itself, normalisation and ReLU.
fn depthwise(channels: usize, stride: usize) -> [Layer; 3] {
    let conv = Conv {
        out_channels: channels,
        kernel: 3,
        stride,
        padding: 1,
        dilation: 1,
        groups: channels,
        bias: false,
    };
    [Layer::Conv(conv), Layer::BatchNorm, Layer::Relu]
}
