"""PyTorch as a peer: python torch_worker.py NET DATA BATCH THREADS PHASE MODE LAYOUT DTYPE DEVICE."""

from __future__ import annotations

import math
import sys
import time

import protocol

OUT = protocol.take_stdout()

import torch  # noqa: E402 (standard output must be taken before libraries print)
from torch import nn  # noqa: E402

import nets  # noqa: E402

BATCHES = 8
LEARNING_RATE = 0.01
# Of each form of the optimizer, before the first slice.
TRIALS, TRIAL_SECONDS = 30, 3.0


class Add(nn.Module):
    """The sum of a path and its shortcut."""

    def __init__(self, path: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.path, self.shortcut = path, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the sum of both paths."""
        return self.path(x) + self.shortcut(x)


def module(layer: nets.Layer, shape: nets.Shape) -> nn.Module:
    """Returns the PyTorch module of one layer whose input has this shape."""
    match layer:
        case ("conv", out, kernel, stride, padding, bias):
            return nn.Conv2d(shape[0], out, kernel, stride, padding, bias=bias)
        case ("norm",):
            return nn.BatchNorm2d(shape[0])
        case ("relu",):
            return nn.ReLU(inplace=True)
        case ("pool", size):
            return nn.MaxPool2d(size)
        case ("mean",):
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case ("flatten",):
            return nn.Flatten()
        case ("linear", out):
            return nn.Linear(shape[0], out)
        case ("add", path, shortcut):
            return Add(sequence(path, shape), sequence(shortcut, shape))
    raise ValueError(f"unknown layer {layer}")


def sequence(layers: list[nets.Layer], shape: nets.Shape) -> nn.Sequential:
    """Returns layers in sequence, each built for the shape that the one before leaves."""
    modules = []
    for layer in layers:
        modules.append(module(layer, shape))
        shape = nets.out_shape(layer, shape)
    return nn.Sequential(*modules)


def batches(data: str, batch: int, layout: torch.memory_format, device: torch.device) -> list:
    """Returns a few batches of noise with labels, ready in the device's memory in the layout wanted."""
    generator = torch.Generator().manual_seed(0)
    pairs = []
    for _ in range(BATCHES):
        images = torch.randn(batch, *nets.SHAPES[data], generator=generator)
        labels = torch.randint(0, nets.CLASSES, (batch,), generator=generator)
        pairs.append((images.to(device).contiguous(memory_format=layout), labels.to(device)))
    return pairs


def optimizer(net: nn.Module, fused: bool) -> torch.optim.SGD:
    """Returns SGD with Nesterov momentum and weight decay, as a loop over parameters or fused."""
    return torch.optim.SGD(
        net.parameters(), LEARNING_RATE, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=fused
    )


class Steps:
    """Training or inference steps over the same few batches in turn."""

    def __init__(self, net: nn.Module, pairs: list, phase: str, compiled: bool, bf16: bool) -> None:
        self.net, self.pairs, self.bf16, self.count = net, pairs, bf16, 0
        self.device = pairs[0][0].device.type
        self.loss = torch.tensor(0.0)
        self.train = phase == "train"
        net.train(self.train)
        forward = self.loss_of if self.train else self.logits_of
        # On a card this mode puts what it compiles into CUDA graphs.
        how = "reduce-overhead" if self.device == "cuda" else "default"
        self.forward = torch.compile(forward, mode=how) if compiled else forward
        self.optimizer: torch.optim.SGD | None = None
        self.fused = self.train and self.fused_is_faster()
        self.optimizer = optimizer(net, self.fused)

    def fused_is_faster(self) -> bool:
        """Returns which form of SGD makes the quicker step on this network, of the best of several in turn each."""
        forms = {fused: optimizer(self.net, fused) for fused in (False, True)}
        best = {fused: math.inf for fused in forms}
        start = time.perf_counter()
        for trial in range(TRIALS):
            for fused, self.optimizer in forms.items():
                begin = time.perf_counter()
                self.step()
                self.wait()
                # The first steps compile, and fill caches and pools of memory.
                if trial > 0:
                    best[fused] = min(best[fused], time.perf_counter() - begin)
            if trial > 0 and time.perf_counter() - start > TRIAL_SECONDS:
                break
        return best[True] < best[False]

    def logits_of(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Returns the largest logit, so that the whole output is used."""
        return self.net(images).float().amax()

    def loss_of(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Returns the mean cross-entropy of a batch."""
        return nn.functional.cross_entropy(self.net(images), labels)

    def step(self) -> None:
        """Runs forward, and in training backward and the update, on the next batch."""
        images, labels = self.pairs[self.count % len(self.pairs)]
        self.count += 1
        with torch.set_grad_enabled(self.train):
            with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bf16):
                self.loss = self.forward(images, labels)
        if self.train:
            self.optimizer.zero_grad(set_to_none=True)
            self.loss.backward()
            self.optimizer.step()

    def wait(self) -> None:
        """Waits for what a card was asked for."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def finish(self) -> float:
        """Returns the last loss, once everything is done."""
        self.wait()
        return self.loss.item()


def main() -> None:
    """Builds the network and serves slices."""
    net_name, data, batch, threads, phase, mode, layout, dtype, place = sys.argv[1:]
    device = torch.device(place)
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    channels_last = torch.channels_last if layout == "nhwc" else torch.contiguous_format
    # PyTorch lets cuDNN round to TF32 unless told otherwise, which f32 here does not.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
    # Shapes stay the same, so that cuDNN may try what is fastest.
    torch.backends.cudnn.benchmark = True
    net = sequence(nets.build(net_name, data), nets.SHAPES[data]).to(device, memory_format=channels_last)
    pairs = batches(data, int(batch), channels_last, device)
    steps = Steps(net, pairs, phase, mode == "compile", dtype == "bf16")
    facts = {
        "parameters": sum(p.numel() for p in net.parameters()),
        "version": torch.__version__,
        "optimizer": ("fused" if steps.fused else "loop") if steps.train else None,
        "vector_instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
    }
    protocol.serve(OUT, facts, steps.step, steps.finish, int(batch))


if __name__ == "__main__":
    main()
