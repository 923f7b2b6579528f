//! What each layer makes of the shape that comes in, and what it refuses.

use crate::error::NetError;
use crate::layer::{Conv, Join, Pool};
use crate::network::Shape;

/// Most values that one image's activation, or all parameters together, may have: 2^31, 8 GiB in f32.
///
/// The limit also keeps every count exact: weights times output pixels stay below 2^62, so three times that
/// fits in 64 bits.
pub const MOST_VALUES: u64 = 1 << 31;

/// Refuses an activation without values or with more than [`MOST_VALUES`].
pub(crate) fn within_limits(layer: &str, shape: Shape) -> Result<Shape, NetError> {
    if shape.elements() == 0 {
        return Err(misfit(layer, shape, "channels, height and width must be at least 1"));
    }
    if shape.elements() as u64 > MOST_VALUES {
        return Err(NetError::TooLarge {
            what: format!(
                "{layer} gives {shape}, more than {MOST_VALUES} values per image; use fewer channels or a smaller image"
            ),
        });
    }
    Ok(shape)
}

/// Output of a convolution: `floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1` on each side, as
/// PyTorch's `Conv2d`.
pub(crate) fn conv(layer: &str, input: Shape, conv: &Conv) -> Result<Shape, NetError> {
    let Conv { out_channels, kernel, stride, padding, dilation, groups, bias: _ } = *conv;
    if [out_channels, kernel, stride, dilation, groups].contains(&0) {
        let reason = "filters, kernel, stride, dilation and groups must be at least 1";
        return Err(misfit(layer, input, reason));
    }
    if !input.channels.is_multiple_of(groups) || !out_channels.is_multiple_of(groups) {
        let reason = format!(
            "{groups} groups must divide both the {} channels that come in and the {out_channels} filters",
            input.channels
        );
        return Err(misfit(layer, input, reason));
    }
    let window = (kernel - 1).checked_mul(dilation).and_then(|reach| reach.checked_add(1));
    let window = window.ok_or_else(|| overflow(layer, "window"))?;
    let side = |size: usize| -> Result<usize, NetError> {
        let padded = padded(layer, size, padding)?;
        let room = padded.checked_sub(window).ok_or_else(|| no_room(layer, input, window, padded))?;
        (room / stride).checked_add(1).ok_or_else(|| overflow(layer, "output"))
    };
    let output = Shape { channels: out_channels, height: side(input.height)?, width: side(input.width)? };
    within_limits(layer, output)
}

/// Output of a pooling: as PyTorch's `MaxPool2d`, where with `ceil` the size is rounded up and a last window
/// that would start right of the input and its left padding is dropped.
pub(crate) fn max_pool(layer: &str, input: Shape, pool: &Pool) -> Result<Shape, NetError> {
    let Pool { kernel, stride, padding, ceil } = *pool;
    if kernel == 0 || stride == 0 {
        return Err(misfit(layer, input, "kernel and stride must be at least 1"));
    }
    if padding > kernel / 2 {
        let reason = format!("padding {padding} is more than half of the window of {kernel} pixels");
        return Err(misfit(layer, input, reason));
    }
    let side = |size: usize| -> Result<usize, NetError> {
        let padded = padded(layer, size, padding)?;
        let overhang = if ceil { stride - 1 } else { 0 };
        let reach = padded.checked_add(overhang).ok_or_else(|| overflow(layer, "stride"))?;
        let room = reach.checked_sub(kernel).ok_or_else(|| no_room(layer, input, kernel, padded))?;
        let last = room / stride;
        let starts_outside = ceil && last.saturating_mul(stride) >= size.saturating_add(padding);
        Ok(if starts_outside { last } else { last + 1 })
    };
    let output = Shape { channels: input.channels, height: side(input.height)?, width: side(input.width)? };
    within_limits(layer, output)
}

/// What the paths of a branching give together.
pub(crate) fn join(layer: &str, input: Shape, join: Join, outputs: &[Shape]) -> Result<Shape, NetError> {
    let Some(&first) = outputs.first() else {
        return Err(misfit(layer, input, "branches need at least one path; an empty path is the identity"));
    };
    let unequal = |path: usize, other: Shape, what: &str| {
        let reason = format!("path 0 gives {first} and path {path} gives {other}, but {what} must be equal");
        misfit(layer, input, reason)
    };
    let mut channels = first.channels;
    for (path, &other) in outputs.iter().enumerate().skip(1) {
        match join {
            Join::Add if other != first => {
                return Err(unequal(path, other, "shapes that are added"));
            }
            Join::Add => {}
            Join::Concat if (other.height, other.width) != (first.height, first.width) => {
                return Err(unequal(path, other, "height and width"));
            }
            Join::Concat => {
                channels = channels
                    .checked_add(other.channels)
                    .ok_or_else(|| overflow(layer, "number of channels"))?;
            }
        }
    }
    within_limits(layer, Shape { channels, ..first })
}

/// A layer that does not fit its input.
pub(crate) fn misfit(layer: &str, input: Shape, reason: impl Into<String>) -> NetError {
    NetError::Layer { layer: layer.to_owned(), input, reason: reason.into() }
}

fn padded(layer: &str, size: usize, padding: usize) -> Result<usize, NetError> {
    let both = padding.checked_mul(2).and_then(|both| both.checked_add(size));
    both.ok_or_else(|| overflow(layer, "padding"))
}

fn no_room(layer: &str, input: Shape, window: usize, padded: usize) -> NetError {
    misfit(
        layer,
        input,
        format!("its window spans {window} pixels, but only {padded} are there with padding"),
    )
}

fn overflow(layer: &str, what: &str) -> NetError {
    NetError::TooLarge { what: format!("the {what} of {layer} does not fit in {} bits", usize::BITS) }
}

#[cfg(test)]
mod tests;
