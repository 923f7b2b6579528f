"""Who takes part: names such as torch-eager-nhwc-f32-tuned, and how each is started."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from harness import install
from workers.nets import UnknownName

# glibc's malloc told never to give memory back: without it PyTorch faults in thousands of pages in every step.
TUNED = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}

TORCH = [
    f"torch-{mode}-{layout}-{dtype}-{allocator}"
    for mode, layout, dtype, allocator in product(
        ("eager", "compile"), ("nchw", "nhwc"), ("f32", "bf16"), ("default", "tuned")
    )
]
# On a card: no allocator of the C library matters there, and convolutions may round to TF32.
TORCH_CUDA = [
    f"torch-{mode}-{layout}-{dtype}-cuda"
    for mode, layout, dtype in product(("eager", "compile"), ("nchw", "nhwc"), ("f32", "tf32", "bf16"))
]
# Best are those of which one was the fastest f32 in nearly every comparison kept; compiled NCHW was in a few.
TORCH_SHORTHANDS = {
    "all": "torch-*",
    "eager": "torch-eager-*",
    "compile": "torch-compile-*",
    "f32": "torch-*-f32-*",
    "best-f32": "torch-eager-nhwc-f32-tuned,torch-compile-*-f32-tuned,torch-*-f32-cuda",
}
JAX = ["jax-nhwc-f32", "jax-nchw-f32"]
RUST_PEERS = {"burn": "burn-flex-f32", "candle": "candle-stock-f32"}
RUST_NETS = ("net-a", "net-b")
ERGO = "ergo-native-f32"
ERGO_CUDA = "ergo-tch-f32"


@dataclass(frozen=True)
class Task:
    """What every contestant of a comparison does."""

    net: str
    data: str
    batch: int
    phase: str
    device: str = "cpu"

    @property
    def usual_data(self) -> str:
        """Returns the data set whose images `ergo bench` times the network on by itself."""
        return "mnist" if self.net in ("linear", "mlp", "lenet5", "net-a") else "cifar10"


@dataclass(frozen=True)
class Contestant:
    """One configuration of a peer at one number of threads."""

    name: str
    threads: int

    @property
    def library(self) -> str:
        """Returns the first part of the name: torch, jax, burn, candle or ergo."""
        return self.name.split("-", 1)[0]

    @property
    def label(self) -> str:
        """Returns a name that tells numbers of threads apart."""
        return f"{self.name}@{self.threads}"

    def can_run(self, task: Task) -> bool:
        """Returns whether the peer has this network."""
        return self.library not in RUST_PEERS or task.net in RUST_NETS


def torch_names(choice: str, device: str) -> list[str]:
    """Returns the PyTorch configurations that a comma list of shorthands and patterns stands for on a device."""
    known = TORCH if device == "cpu" else TORCH_CUDA
    names: list[str] = []
    for word in choice.split(","):
        patterns = TORCH_SHORTHANDS.get(word, word).split(",")
        found = [name for name in known if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
        if not found:
            shorthands = ", ".join(TORCH_SHORTHANDS)
            raise UnknownName(f"--torch {word}: known are {shorthands}, or a pattern of names such as {known[0]}")
        names += [name for name in found if name not in names]
    return names


def names_of(peers: str, torch: str, device: str = "cpu") -> list[str]:
    """Returns the configurations that a comma list of peers stands for on a device."""
    if device == "cpu":
        families = {"torch": torch_names(torch, device), "jax": JAX, "ergo": [ERGO]}
        families |= {library: [name] for library, name in RUST_PEERS.items()}
        others = [*TORCH, *JAX, *RUST_PEERS.values()]
    else:
        families = {"torch": torch_names(torch, device), "ergo": [ERGO_CUDA]}
        others = TORCH_CUDA
    names: list[str] = []
    for word in peers.split(","):
        one_of_ours = [word] if word.startswith("ergo-") and word.count("-") == 2 else []
        found = families.get(word) or one_of_ours or fnmatch.filter(others, word)
        if not found:
            spelt = ", ".join([*families, "ergo-LEARNER-PRECISION", *others])
            raise UnknownName(f"--peers {word}: known are {spelt}")
        names += [name for name in found if name not in names]
    return names


def install_for(names: list[str], folder: Path, python: Path | None = None) -> dict[str, Path]:
    """Installs the libraries that these configurations need and returns the program of each; with a Python of the
    user's own nothing is installed for Python."""
    programs = {}
    for library in dict.fromkeys(name.split("-", 1)[0] for name in names):
        if library in RUST_PEERS:
            programs[library] = install.rust_peer(library, folder)
        elif library != "ergo":
            programs[library] = python or install.python_for(library, folder)
    return programs


def command(contestant: Contestant, task: Task, program: Path) -> list[str]:
    """Returns the command that starts a peer for a task."""
    shared = [str(task.batch), str(contestant.threads), task.phase]
    if contestant.library in RUST_PEERS:
        return [str(program), task.net, *shared]
    settings = contestant.name.split("-")[1:]
    worker = install.PEERS / "workers" / f"{contestant.library}_worker.py"
    if contestant.library == "torch":
        settings = [*settings[:3], task.device]
    else:
        settings = settings[:1]
    return [str(program), str(worker), task.net, task.data, *shared, *settings]


def environment(contestant: Contestant, folder: Path) -> dict[str, str]:
    """Returns the environment variables that a peer is started with, beside those of the driver."""
    threads = str(contestant.threads)
    env = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads}
    if contestant.library == "torch":
        env["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "inductor")
    if contestant.library == "jax":
        env["JAX_PLATFORMS"] = "cpu"
    if contestant.name.endswith("-tuned"):
        env |= TUNED
    return env


def cpus(contestant: Contestant) -> set[int] | None:
    """Returns the CPUs a peer is bound to; only JAX is, whose pool of threads follows nothing else."""
    allowed = sorted(os.sched_getaffinity(0))
    if contestant.library == "jax" and contestant.threads < len(allowed):
        return set(allowed[-contestant.threads :])
    return None
