"""JAX as a peer: python jax_worker.py NET DATA BATCH THREADS PHASE LAYOUT; one jitted function is a whole step."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any, Callable

import protocol

OUT = protocol.take_stdout()

import jax  # noqa: E402 (standard output must be taken before libraries print)
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

import nets  # noqa: E402

BATCHES = 8
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 5e-4
EPSILON, RUNNING = 1e-5, 0.1

# A layer of a network: its weights, its running statistics, and a function of (weights, statistics, x, train) to
# (y, new statistics).
Built = tuple[Any, Any, Callable]


def he(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> jnp.ndarray:
    """Returns normal weights whose variance is 2 / fan-in."""
    return jnp.asarray(rng.standard_normal(shape) * (2 / fan_in) ** 0.5, jnp.float32)


def per_channel(values: jnp.ndarray, layout: str) -> jnp.ndarray:
    """Returns one value per channel in the shape that broadcasts over images."""
    return values if layout == "nhwc" else values[:, None, None]


def conv(layer: nets.Layer, shape: nets.Shape, layout: str, rng: np.random.Generator) -> Built:
    """Returns a convolution."""
    _, out, kernel, stride, padding, bias = layer
    size = (kernel, kernel, shape[0], out) if layout == "nhwc" else (out, shape[0], kernel, kernel)
    dimensions = ("NHWC", "HWIO", "NHWC") if layout == "nhwc" else ("NCHW", "OIHW", "NCHW")
    weights = {"weight": he(rng, size, shape[0] * kernel * kernel)}
    if bias:
        weights["bias"] = jnp.zeros(out)

    def apply(weights, statistics, x, train):
        pads = [(padding, padding)] * 2
        y = lax.conv_general_dilated(x, weights["weight"], (stride, stride), pads, dimension_numbers=dimensions)
        return (y + per_channel(weights["bias"], layout) if bias else y), statistics

    return weights, (), apply


def norm(shape: nets.Shape, layout: str) -> Built:
    """Returns batch normalisation with running statistics, as PyTorch defines it."""
    axes = (0, 1, 2) if layout == "nhwc" else (0, 2, 3)
    weights = {"scale": jnp.ones(shape[0]), "shift": jnp.zeros(shape[0])}

    def apply(weights, statistics, x, train):
        mean, variance = statistics
        if train:
            mean = x.mean(axes)
            variance = jnp.square(x).mean(axes) - jnp.square(mean)
            count = x.size // x.shape[-1 if layout == "nhwc" else 1]
            unbiased = variance * (count / (count - 1))
            old_mean, old_variance = statistics
            statistics = (
                old_mean + RUNNING * (mean - old_mean),
                old_variance + RUNNING * (unbiased - old_variance),
            )
        scale = weights["scale"] * lax.rsqrt(variance + EPSILON)
        shift = weights["shift"] - mean * scale
        return x * per_channel(scale, layout) + per_channel(shift, layout), statistics

    return weights, (jnp.zeros(shape[0]), jnp.ones(shape[0])), apply


def pool(size: int, shape: nets.Shape, layout: str) -> Built:
    """Returns maximum pooling by reshape and maximum, faster than a window reduction on a CPU."""
    rows, columns = shape[1] // size, shape[2] // size

    def apply(weights, statistics, x, train):
        if layout == "nhwc":
            x = x[:, : rows * size, : columns * size]
            return x.reshape(x.shape[0], rows, size, columns, size, -1).max((2, 4)), statistics
        x = x[:, :, : rows * size, : columns * size]
        return x.reshape(*x.shape[:2], rows, size, columns, size).max((3, 5)), statistics

    return (), (), apply


def linear(out: int, shape: nets.Shape, rng: np.random.Generator) -> Built:
    """Returns a linear layer."""
    weights = {"weight": he(rng, (shape[0], out), shape[0]), "bias": jnp.zeros(out)}
    return weights, (), lambda w, s, x, train: (x @ w["weight"] + w["bias"], s)


def add(layer: nets.Layer, shape: nets.Shape, layout: str, rng: np.random.Generator) -> Built:
    """Returns the sum of a path and its shortcut."""
    parts = [sequence(layers, shape, layout, rng) for layers in layer[1:]]

    def apply(weights, statistics, x, train):
        results = [f(w, s, x, train) for (_, _, f), w, s in zip(parts, weights, statistics)]
        return results[0][0] + results[1][0], [s for _, s in results]

    return [p[0] for p in parts], [p[1] for p in parts], apply


def built(layer: nets.Layer, shape: nets.Shape, layout: str, rng: np.random.Generator) -> Built:
    """Returns one layer whose input has this shape."""
    match layer[0]:
        case "conv":
            return conv(layer, shape, layout, rng)
        case "norm":
            return norm(shape, layout)
        case "relu":
            return (), (), lambda w, s, x, train: (jnp.maximum(x, 0), s)
        case "pool":
            return pool(layer[1], shape, layout)
        case "mean":
            axes = (1, 2) if layout == "nhwc" else (2, 3)
            return (), (), lambda w, s, x, train: (x.mean(axes), s)
        case "flatten":
            return (), (), lambda w, s, x, train: (x.reshape(x.shape[0], -1), s)
        case "linear":
            return linear(layer[1], shape, rng)
        case "add":
            return add(layer, shape, layout, rng)
    raise ValueError(f"unknown layer {layer}")


def sequence(layers: list[nets.Layer], shape: nets.Shape, layout: str, rng: np.random.Generator) -> Built:
    """Returns layers in sequence, each built for the shape that the one before leaves."""
    parts = []
    for layer in layers:
        parts.append(built(layer, shape, layout, rng))
        shape = nets.out_shape(layer, shape)

    def apply(weights, statistics, x, train):
        after = []
        for (_, _, f), w, s in zip(parts, weights, statistics):
            x, s = f(w, s, x, train)
            after.append(s)
        return x, after

    return [p[0] for p in parts], [p[1] for p in parts], apply


def train_step(apply: Callable, state: tuple, images: jnp.ndarray, labels: jnp.ndarray) -> tuple:
    """Runs forward, backward and SGD with Nesterov momentum; returns the new state and the loss."""
    weights, statistics, velocity = state

    def loss_of(weights):
        logits, after = apply(weights, statistics, images, True)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
        return -chosen.mean(), after

    (loss, statistics), gradient = jax.value_and_grad(loss_of, has_aux=True)(weights)
    gradient = jax.tree.map(lambda g, w: g + WEIGHT_DECAY * w, gradient, weights)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
    weights = jax.tree.map(lambda w, g, v: w - LEARNING_RATE * (g + MOMENTUM * v), weights, gradient, velocity)
    return (weights, statistics, velocity), loss


def infer_step(apply: Callable, state: tuple, images: jnp.ndarray, labels: jnp.ndarray) -> tuple:
    """Runs forward alone; returns the state as it was and the largest logit."""
    logits, _ = apply(state[0], state[1], images, False)
    return state, logits.max()


def batches(data: str, batch: int, layout: str, rng: np.random.Generator) -> list[tuple]:
    """Returns a few batches of noise with labels, ready in memory in the layout wanted."""
    channels, height, width = nets.SHAPES[data]
    shape = (height, width, channels) if layout == "nhwc" else (channels, height, width)
    return [
        (
            jnp.asarray(rng.standard_normal((batch, *shape)), jnp.float32),
            jnp.asarray(rng.integers(0, nets.CLASSES, batch)),
        )
        for _ in range(BATCHES)
    ]


class Steps:
    """Steps over the same few batches in turn, at most one step ahead of the device."""

    def __init__(self, step: Callable, state: tuple, pairs: list[tuple]) -> None:
        self.jitted, self.state, self.pairs, self.count = step, state, pairs, 0
        self.loss = jnp.zeros(())

    def step(self) -> None:
        """Starts the next step and waits for the one before it."""
        before = self.loss
        self.state, self.loss = self.jitted(self.state, *self.pairs[self.count % len(self.pairs)])
        self.count += 1
        before.block_until_ready()

    def finish(self) -> float:
        """Waits for the last step and returns its loss."""
        return float(jax.block_until_ready((self.loss, self.state))[0])


def main() -> None:
    """Builds the network and serves slices."""
    net, data, batch, threads, phase, layout = sys.argv[1:]
    rng = np.random.default_rng(0)
    weights, statistics, apply = sequence(nets.build(net, data), nets.SHAPES[data], layout, rng)
    velocity = jax.tree.map(jnp.zeros_like, weights)
    if phase == "train":
        step = jax.jit(partial(train_step, apply), donate_argnums=0)
    else:
        step = jax.jit(partial(infer_step, apply))
    steps = Steps(step, (weights, statistics, velocity), batches(data, int(batch), layout, rng))
    facts = {
        "parameters": sum(w.size for w in jax.tree.leaves(weights)),
        "version": jax.__version__,
        "threads": int(threads),
    }
    protocol.serve(OUT, facts, steps.step, steps.finish, int(batch))


main()
