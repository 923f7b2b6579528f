"""The side of a peer process: says `ready`, then times slices of steps as they are asked for on its input."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Callable, TextIO

WARM_SECONDS = 0.15
MIN_STEPS = 1


def take_stdout() -> TextIO:
    """Returns the real standard output and sends whatever libraries print there to standard error."""
    lines = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return lines


def run_for(step: Callable[[], None], seconds: float, least: int) -> tuple[int, float, float]:
    """Runs whole steps for at least this long; returns their number and when wall and CPU clock began."""
    steps = 0
    cpu, wall = time.process_time(), time.perf_counter()
    while steps < least or time.perf_counter() - wall < seconds:
        step()
        steps += 1
    return steps, wall, cpu


def timed(step: Callable[[], None], finish: Callable[[], float], batch: int, seconds: float) -> dict:
    """Runs a slice after a moment of warming and returns its images, seconds, CPU seconds and last loss."""
    run_for(step, min(WARM_SECONDS, seconds), 1)
    finish()
    steps, wall, cpu = run_for(step, seconds, MIN_STEPS)
    loss = finish()
    return {
        "images": steps * batch,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "loss": loss,
    }


def serve(out: TextIO, facts: dict, step: Callable[[], None], finish: Callable[[], float], batch: int) -> None:
    """Warms up, announces the facts and answers `slice SECONDS` until `quit` or the end of the input."""
    run_for(step, WARM_SECONDS, 3)
    facts["loss"] = finish()
    print("ready", json.dumps(facts), file=out)
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["slice"]:
            print(json.dumps(timed(step, finish, batch, float(words[1]))), file=out)
        elif words == ["quit"]:
            return
        else:
            sys.exit(f"expected `slice SECONDS` or `quit`, found {line!r}")
