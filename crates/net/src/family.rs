//! Families of networks by name.

mod imagenet;
mod parts;
mod resnet;
mod small;

use crate::error::NetError;
use crate::layer::Layer;
use crate::network::{Network, Shape};
use resnet::Block;

/// How the names of a family are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The name, with its numbers in braces.
    pub pattern: &'static str,
    /// One name of this form.
    pub example: &'static str,
    /// What the networks are, in a few words.
    pub about: &'static str,
}

/// Every form that [`build`] knows, in the order in which they are listed.
pub const FORMS: [Form; 13] = [
    form("linear", "linear", "one linear layer"),
    form("mlp", "mlp", "hidden layers of 256 and 128"),
    form("lenet5", "lenet5", "LeNet-5 with ReLU and maximum pooling"),
    form("cnn-w{W}-d{D}", "cnn-w16-d2", "D blocks of conv3x3-BN-ReLU-maxpool2, widths W, 2W, 4W ..."),
    form("resnet{8|14|20|32}-w{W}", "resnet20-w16", "residual network for small images, widths W, 2W, 4W"),
    form("net-a", "net-a", "benchmark: two convolutions with bias"),
    form("net-b", "net-b", "benchmark: six convolutions with batch normalisation"),
    form("net-b-w{W}", "net-b-w64", "net-b at widths W, 2W, 4W; that of net-b itself is 32"),
    form("alexnet", "alexnet", "ImageNet, for counting"),
    form("vgg16", "vgg16", "ImageNet, for counting"),
    form("googlenet", "googlenet", "ImageNet, for counting; no auxiliary heads"),
    form("resnet{18|34|50|101|152}[-v1]", "resnet50", "ImageNet, for counting; -v1 strides in the first 1x1"),
    form("mobilenet-v1", "mobilenet-v1", "ImageNet, for counting"),
];

/// Names of the ImageNet classics; their counts as published hold for [`natural_input`].
pub const IMAGENET: [&str; 14] = [
    "alexnet",
    "vgg16",
    "googlenet",
    "resnet18",
    "resnet18-v1",
    "resnet34",
    "resnet34-v1",
    "resnet50",
    "resnet50-v1",
    "resnet101",
    "resnet101-v1",
    "resnet152",
    "resnet152-v1",
    "mobilenet-v1",
];

const fn form(pattern: &'static str, example: &'static str, about: &'static str) -> Form {
    Form { pattern, example, about }
}

/// The network called `name` for images of shape `input` and this many classes.
///
/// A network has one name: numbers carry no sign and no leading zero. The exceptions are `resnet18-v1` and
/// `resnet34-v1`, which equal the plain ones, as basic blocks know no other place for the stride, and `net-b-w32`, which is
/// `net-b` among others of its form.
///
/// # Errors
/// When no family has the name, its numbers or the image do not suit the family, or its layers do not fit the input.
pub fn build(name: &str, input: Shape, classes: usize) -> Result<Network, NetError> {
    let layers = match name {
        "linear" => vec![parts::linear(classes)],
        "mlp" => small::mlp(classes),
        "lenet5" => small::lenet5(input, classes),
        "net-a" => small::net_a(classes),
        "net-b" => small::net_b(small::NET_B, classes)?,
        "alexnet" => imagenet::alexnet(classes),
        "vgg16" => imagenet::vgg16(classes),
        "googlenet" => imagenet::googlenet(classes),
        "mobilenet-v1" => imagenet::mobilenet_v1(classes),
        "resnet18" | "resnet18-v1" => resnet::imagenet(Block::Basic, [2, 2, 2, 2], classes),
        "resnet34" | "resnet34-v1" => resnet::imagenet(Block::Basic, [3, 4, 6, 3], classes),
        "resnet50" => resnet::imagenet(Block::Bottleneck, [3, 4, 6, 3], classes),
        "resnet50-v1" => resnet::imagenet(Block::BottleneckV1, [3, 4, 6, 3], classes),
        "resnet101" => resnet::imagenet(Block::Bottleneck, [3, 4, 23, 3], classes),
        "resnet101-v1" => resnet::imagenet(Block::BottleneckV1, [3, 4, 23, 3], classes),
        "resnet152" => resnet::imagenet(Block::Bottleneck, [3, 8, 36, 3], classes),
        "resnet152-v1" => resnet::imagenet(Block::BottleneckV1, [3, 8, 36, 3], classes),
        _ => with_numbers(name, input, classes)?,
    };
    Network::resolve(name, input, classes, &layers)
}

/// The image and number of classes that a network was published for: 3x224x224 and 1000 for the ImageNet
/// classics; `None` where any data set will do, and for unknown names.
#[must_use]
pub fn natural_input(name: &str) -> Option<(Shape, usize)> {
    let imagenet = Shape { channels: 3, height: 224, width: 224 };
    IMAGENET.contains(&name).then_some((imagenet, 1000))
}

/// The layers of a name that carries numbers.
fn with_numbers(name: &str, input: Shape, classes: usize) -> Result<Vec<Layer>, NetError> {
    if let Some((width, depth)) = name.strip_prefix("cnn-w").and_then(|rest| two_numbers(rest, "-d")) {
        return small::cnn(width, depth, input, classes);
    }
    if let Some((depth, width)) = name.strip_prefix("resnet").and_then(|rest| two_numbers(rest, "-w")) {
        if ![8, 14, 20, 32].contains(&depth) {
            let reason =
                format!("residual networks for small images have depth 8, 14, 20 or 32, not {depth}");
            return Err(NetError::Family { reason });
        }
        return resnet::cifar(depth, width, classes);
    }
    if let Some(width) = name.strip_prefix("net-b-w").and_then(number) {
        return small::net_b(width, classes);
    }
    Err(NetError::Unknown { hint: hint(name) })
}

/// Two numbers with `between` between them.
fn two_numbers(text: &str, between: &str) -> Option<(usize, usize)> {
    let (first, second) = text.split_once(between)?;
    Some((number(first)?, number(second)?))
}

/// A whole number in the one way to write it; one that is too large to hold becomes the largest, which every
/// family refuses.
fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    (digits && canonical).then(|| text.parse().unwrap_or(usize::MAX))
}

/// What to write instead of an unknown name.
fn hint(name: &str) -> String {
    let names = FORMS.iter().map(|form| form.example).chain(IMAGENET);
    let nearest = names
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        // Beyond a third of the letters the nearest name is no better than any other.
        .filter(|&(distance, known)| distance * 3 <= known.len())
        .map(|(_, known)| format!("did you mean {known}? "))
        .unwrap_or_default();
    let patterns: Vec<&str> = FORMS.iter().map(|form| form.pattern).collect();
    format!("{nearest}networks are {}, with numbers without sign or leading zero", patterns.join(", "))
}

#[cfg(test)]
mod tests;
