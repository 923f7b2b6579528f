"""Installs what the peers need into a folder of its own; what was cut off half-way is begun again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

PEERS = Path(__file__).resolve().parent.parent
REPOSITORY = PEERS.parent.parent
MARKER = "installed.json"
LINE = 200


class InstallError(Exception):
    """Something a peer needs could not be installed."""


def fail(what: str, log: Path) -> NoReturn:
    """Raises InstallError with the last lines of a log."""
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
    shortened = (line if len(line) <= LINE else line[:LINE] + " ..." for line in last)
    raise InstallError(f"{what} failed; the last lines of {log}:\n    " + "\n    ".join(shortened))


def logged(command: list[str], log: Path, env: dict[str, str] | None = None) -> bool:
    """Runs a command with its output in a log and returns whether it succeeded."""
    with log.open("ab") as out:
        out.write(f"$ {' '.join(command)}\n".encode())
        out.flush()
        done = subprocess.run(command, stdout=out, stderr=out, env={**os.environ, **(env or {})}, cwd=REPOSITORY)
    return done.returncode == 0


def requirements(library: str) -> list[str]:
    """Returns the pinned packages of a Python peer."""
    return (PEERS / "workers" / f"requirements-{library}.txt").read_text(encoding="utf-8").split()


def cpu_variant(pip: list[str], wanted: list[str], log: Path) -> list[str]:
    """Returns the packages with PyTorch's build for CPUs alone, where the configured index has it."""
    variant = [f"{name}+cpu" if name.startswith("torch==") else name for name in wanted]
    if variant != wanted and logged([*pip, "--dry-run", "--no-deps", *variant], log):
        return variant
    return wanted


def python_for(library: str, folder: Path) -> Path:
    """Returns a Python that has the library, in a virtual environment made for it if there is none yet."""
    home, part = folder / f"python-{library}", folder / f"python-{library}.part"
    wanted = requirements(library)
    marker = home / MARKER
    if marker.exists() and json.loads(marker.read_text(encoding="utf-8")) == wanted:
        return home / "bin" / "python"
    log = folder / f"install-{library}.log"
    log.unlink(missing_ok=True)
    print(f"installing {' '.join(wanted)} (log: {log}) ...", file=sys.stderr)
    shutil.rmtree(part, ignore_errors=True)
    venv.create(part, with_pip=True, symlinks=True)
    pip = [str(part / "bin" / "python"), "-m", "pip", "install", "--no-input"]
    if not logged([*pip, *cpu_variant(pip, wanted, log)], log):
        fail(f"installing {library}", log)
    (part / MARKER).write_text(json.dumps(wanted), encoding="utf-8")
    shutil.rmtree(home, ignore_errors=True)
    part.rename(home)
    return home / "bin" / "python"


def cargo_built(arguments: list[str], env: dict[str, str], what: str, folder: Path) -> None:
    """Builds something with cargo, or says why that failed."""
    if shutil.which("cargo") is None:
        raise InstallError(f"{what} needs cargo; install Rust first (https://rustup.rs), or leave this peer out")
    log = folder / f"build-{what}.log"
    log.unlink(missing_ok=True)
    print(f"building {what} (log: {log}) ...", file=sys.stderr)
    if not logged(["cargo", "build", "--release", "--locked", *arguments], log, env):
        fail(f"building {what}", log)


def rust_peer(library: str, folder: Path) -> Path:
    """Returns the program of a Rust peer, built for this very CPU as its users are told to."""
    target = folder / "rust"
    manifest = PEERS / "rust" / "Cargo.toml"
    arguments = ["--manifest-path", str(manifest), "--target-dir", str(target), "-p", f"peer-{library}"]
    cargo_built(arguments, {"RUSTFLAGS": "-C target-cpu=native"}, f"peer-{library}", folder)
    return target / "release" / f"peer-{library}"


def ergo(path: Path | None, folder: Path) -> Path:
    """Returns the ergo binary: the one given, or that of this repository, built if it is not there."""
    if path is not None:
        if not os.access(path, os.X_OK):
            raise InstallError(f"--ergo {path}: no program there")
        return path.resolve()
    built = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release" / "ergo"
    if not built.exists():
        cargo_built(["-p", "ergo"], {}, "ergo", folder)
    return built


def compiler() -> str | None:
    """Returns the C++ compiler that torch.compile would call, or None."""
    return shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")
