#!/usr/bin/env python3
"""Counts the operations of a training step with PyTorch's own counter, beside what ergo says of the model and of what it executed.

    PYTHON scripts/peers/flops.py ERGO [NET...]

PYTHON has torch; ERGO is a program with the libtorch learner, which calls the same operators as PyTorch does, so that what it says
it executed has to be what `torch.utils.flop_counter` counts as they are called. candle computes its gradients otherwise: also of
the image, and of the weights as a convolution with more taps than are kept where there are strides; PyTorch does the same here, and
counts. Prints a table in Markdown; ends with 1 where a pair differs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ERGO, *NETS = sys.argv[1:] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else sys.exit(__doc__.strip())
sys.path.insert(0, str(Path(__file__).resolve().parent / "workers"))
sys.argv = sys.argv[:1]

import torch  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import nets  # noqa: E402
from torch_worker import OUT, sequence  # noqa: E402 (takes standard output when it is imported)

BATCH = 4
USUAL = ["net-a", "lenet5", "mlp", "cnn-w8-d3", "cnn-w16-d2", "resnet8-w4"]


class AsCandle(torch.autograd.Function):
    """A convolution whose gradients are computed as candle does."""

    @staticmethod
    def forward(ctx, x, weight, stride, padding):  # noqa: ANN001, ANN205 (torch's form)
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return torch.conv2d(x, weight, None, stride, padding)

    @staticmethod
    def backward(ctx, gradient):  # noqa: ANN001, ANN205 (torch's form)
        x, weight = ctx.saved_tensors
        rest = x.shape[2] - ((gradient.shape[2] - 1) * ctx.stride[0] + weight.shape[2] - 2 * ctx.padding[0])
        of_x = torch.nn.functional.conv_transpose2d(gradient, weight, None, ctx.stride, ctx.padding, rest)
        taps = torch.conv2d(x.transpose(0, 1), gradient.transpose(0, 1), None, 1, ctx.padding, ctx.stride).transpose(0, 1)
        return of_x, taps[:, :, : weight.shape[2], : weight.shape[3]], None, None


class CandleConv(torch.nn.Conv2d):
    """A layer of such convolutions; its bias costs no multiplications."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the convolution of x."""
        return AsCandle.apply(x, self.weight, self.stride, self.padding)


def counted(net: str, data: str, as_candle: bool) -> int:
    """Returns the operations of one forward and backward pass for one image, as PyTorch counts them when they are called."""
    module = sequence(nets.build(net, data), nets.SHAPES[data])
    images = torch.randn(BATCH, *nets.SHAPES[data], requires_grad=as_candle)
    for layer in module.modules() if as_candle else ():
        if isinstance(layer, torch.nn.Conv2d):
            layer.__class__ = CandleConv
    with FlopCounterMode(display=False) as counter:
        torch.nn.functional.cross_entropy(module(images), torch.zeros(BATCH, dtype=torch.long)).backward()
    return counter.get_total_flops() // BATCH


def told(net: str, data: str, learner: str) -> tuple[int, int]:
    """Returns what ergo says of one image: operations by the model, and executed by a learner."""
    arguments = ["train", "--net", net, "--data", data, "--learner", learner, "--device", "cpu", "--steps", "1", "--batch", str(BATCH), "--json"]
    done = subprocess.run([ERGO, *arguments, "--validation", "10"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{net}: {done.stderr.strip()}")
    flops = json.loads(done.stdout)["flops"]
    return flops["model_train"] // BATCH, flops["executed_train"] // BATCH


def main() -> int:
    """Prints the table and returns the exit code."""
    lines = ["| net | model, FLOP an image | executed by libtorch | counted | executed by candle | counted |", "|---|" + "---:|" * 5]
    differ = False
    for net in NETS or USUAL:
        data = "digits" if net in ("net-a", "lenet5", "mlp") or net.startswith("cnn") else "cifar10"
        shape = "mnist" if data == "digits" else data
        pairs = [(*told(net, data, learner), counted(net, shape, learner == "candle")) for learner in ("tch", "candle")]
        differ |= any(executed != count for _, executed, count in pairs)
        cells = [f"{executed:,} | {count:,}" for _, executed, count in pairs]
        lines.append(f"| {net} | {pairs[0][0]:,} | {' | '.join(cells)} |")
    print("\n".join(lines), file=OUT)
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
