"""The networks of ergo as plain data, so that every Python peer builds the same layers.

A network is a list of layers, each a tuple: ("conv", out, kernel, stride, padding, bias), ("norm",), ("relu",),
("pool", size), ("mean",), ("linear", out), ("add", path, shortcut), ("flatten",).
"""

from __future__ import annotations

import re
from typing import Any

class UnknownName(ValueError):
    """A network, data set or peer that is not known."""


CLASSES = 10
SHAPES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}

Layer = tuple[Any, ...]
Shape = tuple[int, ...]


def conv_norm_relu(out: int, stride: int = 1) -> list[Layer]:
    """Returns a 3x3 convolution without bias, its normalisation and ReLU."""
    return [("conv", out, 3, stride, 1, False), ("norm",), ("relu",)]


def net_a() -> list[Layer]:
    """Returns two convolutions of 16 and 32 with bias, and a hidden layer of 128."""
    layers: list[Layer] = []
    for out in (16, 32):
        layers += [("conv", out, 3, 1, 1, True), ("relu",), ("pool", 2)]
    return [*layers, ("flatten",), ("linear", 128), ("relu",), ("linear", CLASSES)]


def net_b(width: int = 32) -> list[Layer]:
    """Returns pairs of normalised convolutions at `width`, twice and four times as many channels, and a global mean."""
    layers: list[Layer] = []
    for out in (width, 2 * width, 4 * width):
        layers += [*conv_norm_relu(out), *conv_norm_relu(out), ("pool", 2)]
    return [*layers, ("mean",), ("linear", CLASSES)]


def mlp() -> list[Layer]:
    """Returns two hidden layers of 256 and 128."""
    hidden: list[Layer] = [("linear", 256), ("relu",), ("linear", 128), ("relu",)]
    return [("flatten",), *hidden, ("linear", CLASSES)]


def lenet5(shape: Shape) -> list[Layer]:
    """Returns LeNet-5 with ReLU and maximum pooling; an image lower than 32 pixels is padded to 32."""
    padding = max(0, 32 - shape[1]) // 2
    layers: list[Layer] = [("conv", 6, 5, 1, padding, True), ("relu",), ("pool", 2)]
    layers += [("conv", 16, 5, 1, 0, True), ("relu",), ("pool", 2), ("flatten",)]
    return [*layers, ("linear", 120), ("relu",), ("linear", 84), ("relu",), ("linear", CLASSES)]


def cnn(width: int, depth: int) -> list[Layer]:
    """Returns `depth` blocks of convolution, normalisation, ReLU and halving, each twice as wide as the last."""
    layers: list[Layer] = []
    for block in range(depth):
        layers += [*conv_norm_relu(width << block), ("pool", 2)]
    return [*layers, ("flatten",), ("linear", CLASSES)]


def resnet(depth: int, width: int) -> list[Layer]:
    """Returns the residual network for 32x32 images of He et al., with projection shortcuts (option B)."""
    layers = conv_norm_relu(width)
    channels = width
    for stage in range(3):
        out = width << stage
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            path = [*conv_norm_relu(out, stride), ("conv", out, 3, 1, 1, False), ("norm",)]
            same = stride == 1 and channels == out
            shortcut = [] if same else [("conv", out, 1, stride, 0, False), ("norm",)]
            layers += [("add", path, shortcut), ("relu",)]
            channels = out
    return [*layers, ("mean",), ("linear", CLASSES)]


def build(net: str, data: str) -> list[Layer]:
    """Returns the layers of the network of this name for images of this data set."""
    fixed = {"net-a": net_a, "net-b": net_b, "mlp": mlp}
    if net in fixed:
        return fixed[net]()
    if net == "linear":
        return [("flatten",), ("linear", CLASSES)]
    if net == "lenet5":
        return lenet5(SHAPES[data])
    if match := re.fullmatch(r"cnn-w(\d+)-d(\d+)", net):
        return cnn(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"resnet(8|14|20|32)-w(\d+)", net):
        return resnet(int(match[1]), int(match[2]))
    if match := re.fullmatch(r"net-b-w(\d+)", net):
        return net_b(int(match[1]))
    known = "linear, mlp, lenet5, net-a, net-b, net-b-w{W}, cnn-w{W}-d{D}, resnet{8,14,20,32}-w{W}"
    raise UnknownName(f"no network is called {net}; known are {known}")


def out_shape(layer: Layer, shape: Shape) -> Shape:
    """Returns the shape (channels, height, width) or (features,) after a layer."""
    match layer:
        case ("conv", out, kernel, stride, padding, _):
            return (out, *((side + 2 * padding - kernel) // stride + 1 for side in shape[1:]))
        case ("pool", size):
            return (shape[0], *(side // size for side in shape[1:]))
        case ("mean",):
            return shape[:1]
        case ("flatten",):
            return (shape[0] * shape[1] * shape[2],)
        case ("linear", out):
            return (out,)
        case ("add", path, _):
            for inner in path:
                shape = out_shape(inner, shape)
            return shape
        case _:
            return shape
