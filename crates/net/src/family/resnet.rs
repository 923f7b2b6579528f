//! Residual networks (He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385).

use super::parts::{conv, conv_norm_relu, linear, max_pool};
use crate::error::NetError;
use crate::layer::{Join, Layer};

/// The kind of residual block.
#[derive(Clone, Copy)]
pub(super) enum Block {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3 and 1x1, the last four times as wide; the 3x3 strides, as in torchvision ("v1.5").
    Bottleneck,
    /// The same, but the first 1x1 strides, as in the paper.
    BottleneckV1,
}

/// The networks for 32x32 images of section 4.2: three stages of (depth - 2) / 6 basic blocks, with projection
/// shortcuts (option B) where the shape changes.
///
/// # Errors
/// When the width is zero or overflows.
pub(super) fn cifar(depth: usize, width: usize, classes: usize) -> Result<Vec<Layer>, NetError> {
    if width == 0 {
        let reason = "width 0 must be at least 1, as in resnet20-w16".to_owned();
        return Err(NetError::Family { reason });
    }
    // The widest stage has four times the width.
    if width.checked_mul(4).is_none() {
        let what = format!("four times the width {width}; lower the number after -w");
        return Err(NetError::TooLarge { what });
    }
    let blocks = depth.saturating_sub(2) / 6;
    let mut layers = conv_norm_relu(width, 3, 1, 1);
    let mut channels = width;
    for (stage, stride) in [1, 2, 2].into_iter().enumerate() {
        channels = stage_of(&mut layers, Block::Basic, channels, width << stage, blocks, stride);
    }
    layers.extend([Layer::GlobalAvgPool, linear(classes)]);
    Ok(layers)
}

/// The networks for ImageNet of table 1: four stages with this many blocks.
pub(super) fn imagenet(block: Block, blocks: [usize; 4], classes: usize) -> Vec<Layer> {
    let mut layers = conv_norm_relu(64, 7, 2, 3);
    layers.push(max_pool(3, 2, 1));
    let mut channels = 64;
    for (stage, count) in blocks.into_iter().enumerate() {
        let stride = if stage == 0 { 1 } else { 2 };
        channels = stage_of(&mut layers, block, channels, 64 << stage, count, stride);
    }
    layers.extend([Layer::GlobalAvgPool, linear(classes)]);
    layers
}

/// Appends `count` blocks, of which only the first strides; takes and returns the number of channels.
fn stage_of(
    layers: &mut Vec<Layer>,
    block: Block,
    mut channels: usize,
    width: usize,
    count: usize,
    stride: usize,
) -> usize {
    for index in 0..count {
        let stride = if index == 0 { stride } else { 1 };
        let (body, out_channels) = body(block, width, stride);
        let shortcut = if stride == 1 && channels == out_channels {
            Vec::new()
        } else {
            vec![conv(out_channels, 1, stride, 0), Layer::BatchNorm]
        };
        layers.push(Layer::Branches { paths: vec![body, shortcut], join: Join::Add });
        layers.push(Layer::Relu);
        channels = out_channels;
    }
    channels
}

/// The residual path of a block up to the sum, and its number of channels.
fn body(block: Block, width: usize, stride: usize) -> (Vec<Layer>, usize) {
    let (mut layers, out_channels) = match block {
        Block::Basic => {
            let mut layers = conv_norm_relu(width, 3, stride, 1);
            layers.push(conv(width, 3, 1, 1));
            (layers, width)
        }
        Block::Bottleneck => (bottleneck(width, 1, stride), 4 * width),
        Block::BottleneckV1 => (bottleneck(width, stride, 1), 4 * width),
    };
    layers.push(Layer::BatchNorm);
    (layers, out_channels)
}

fn bottleneck(width: usize, first_stride: usize, middle_stride: usize) -> Vec<Layer> {
    let mut layers = conv_norm_relu(width, 1, first_stride, 0);
    layers.extend(conv_norm_relu(width, 3, middle_stride, 1));
    layers.push(conv(4 * width, 1, 1, 0));
    layers
}
