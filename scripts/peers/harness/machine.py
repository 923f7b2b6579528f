"""What the machine is, and how much of it other processes use."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CPUS = len(os.sched_getaffinity(0))


def busy_seconds() -> float:
    """Returns the CPU seconds that the whole machine has worked, or was refused by its host, since it started."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _wait, irq, soft_irq, stolen = (int(field) for field in fields[:8])
    return (user + nice + system + irq + soft_irq + stolen) / TICKS_PER_SECOND


def process_seconds(pid: int) -> float:
    """Returns the CPU seconds of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


@dataclass
class Window:
    """A stretch of time in which the work of the whole machine is counted."""

    load: Load | None = None

    def __post_init__(self) -> None:
        self.wall, self.machine, self.known = time.monotonic(), busy_seconds(), self.known_seconds()

    def known_seconds(self) -> float:
        """Returns the CPU seconds of this process and of the load that was asked for."""
        return time.process_time() + (self.load.seconds() if self.load else 0.0)

    def others(self, peer_seconds: float) -> float:
        """Returns the share of the machine that neither the peer, the driver nor the load asked for used."""
        wall = time.monotonic() - self.wall
        work = busy_seconds() - self.machine - (self.known_seconds() - self.known) - peer_seconds
        return max(0.0, work / (wall * os.cpu_count()))


# Ends by itself when its parent is gone, however that came about.
KEEP_BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


class Load:
    """A process that keeps one core busy, for comparisons on a half-busy machine."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", KEEP_BUSY], process_group=0)

    def seconds(self) -> float:
        """Returns the CPU seconds the load has used."""
        return process_seconds(self.process.pid)

    def stop(self) -> None:
        """Ends the load."""
        self.process.kill()
        self.process.wait()


def said_by(command: list[str]) -> str | None:
    """Returns the first line that a command prints, or None where it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip().split("\n")[0]


def cpu_fact(name: str) -> str | None:
    """Returns what the kernel says of the first CPU under this name, or None."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def cpu_model() -> str:
    """Returns the model of the CPU as the kernel names it."""
    return cpu_fact("model name") or platform.machine()


def cpu_generation() -> str | None:
    """Returns family, model and stepping of the CPU: virtual machines often hide the model's name."""
    numbers = [cpu_fact(name) for name in ("cpu family", "model", "stepping")]
    return " ".join(["family", numbers[0], "model", numbers[1], "stepping", numbers[2]]) if all(numbers) else None


def memory_bytes() -> int:
    """Returns the size of the memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def governor() -> str | None:
    """Returns the frequency governor of the first CPU, or None where the kernel does not tell."""
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def vector_flags() -> list[str]:
    """Returns the vector extensions of the CPU that matter to the kernels."""
    wanted = {"avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_tile"}
    return sorted(wanted & set((cpu_fact("flags") or "").split()))


def describe(repository: Path) -> dict:
    """Returns the circumstances of a run: machine, system, versions and commit."""
    git = ["git", "-C", str(repository)]
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": cpu_model(),
        "cpu_generation": cpu_generation(),
        "cpus": CPUS,
        "vector_flags": vector_flags(),
        "memory_bytes": memory_bytes(),
        "governor": governor(),
        "kernel": platform.release(),
        "libc": "-".join(platform.libc_ver()),
        "python": platform.python_version(),
        "rustc": said_by(["rustc", "--version"]),
        "commit": said_by([*git, "rev-parse", "HEAD"]),
        "changed_files": bool(said_by([*git, "status", "--porcelain"])),
        "load_average": os.getloadavg()[0],
    }
