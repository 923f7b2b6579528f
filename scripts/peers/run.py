#!/usr/bin/env python3
"""Trains the same networks with ergo and with its peers, in interleaved slices, and prints the ratios."""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

from harness import contestants, ergo, install, machine, report
from harness.contestants import Contestant, Task
from harness.process import PeerError
from harness.rounds import Arena, Journal, Plan, groups, run_group
from workers import nets

WIDTHS = (8, 16, 32, 64, 128)
GRID_NETS = ["lenet5", *(f"cnn-w{w}-d3" for w in WIDTHS), *(f"resnet8-w{w}" for w in WIDTHS), "resnet20-w16"]
# What the parser falls back to, alone and with --grid.
DEFAULTS = {
    "nets": "net-a,net-b",
    "peers": None,
    "torch": "all",
    "data": "usual",
    "batch": [128],
    "rounds": 9,
}
GRID_DEFAULTS = {
    "nets": ",".join(GRID_NETS),
    "peers": "torch,ergo",
    "torch": "best-f32",
    "data": "mnist,cifar10",
    "batch": [32, 128, 512],
    "rounds": 7,
}
EXAMPLE = """example:
  python3 scripts/peers/run.py --nets net-a,net-b --threads 1,2 --out results/peers
  python3 scripts/peers/run.py --grid --out results/grid      # goes on where it stopped
  python3 scripts/peers/run.py --device cuda:0 --python $(which python3) --peers torch,ergo

peers: torch, jax, burn, candle, ergo, a full name, or a pattern of names in quotes ("torch-*-nhwc-*")
--torch: all, eager, compile, f32, best-f32, or patterns"""


def counts(text: str) -> list[int]:
    """Returns the positive numbers of a comma list."""
    found = [int(word) for word in text.split(",")]
    if min(found) < 1:
        raise ValueError(text)
    return found


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    p = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--grid", action="store_true", help="the preset grid against PyTorch's best f32")
    p.add_argument("--nets", help="networks, by ergo's names")
    p.add_argument("--peers", help="who takes part")
    p.add_argument("--torch", help="which configurations of PyTorch `torch` stands for")
    p.add_argument("--data", help="shape of the images: mnist, cifar10, or usual for that of each network")
    p.add_argument("--batch", type=counts, help="images in a step")
    p.add_argument("--threads", type=counts, default=[machine.CPUS], help="numbers of threads, all in the same rounds")
    p.add_argument("--device", default="cpu", help="cpu, or cuda:N, where PyTorch and ergo's tch learner take part")
    p.add_argument("--python", type=Path, help="a Python with torch, to take as it is instead of installing one")
    p.add_argument("--phase", choices=["train", "infer"], default="train")
    p.add_argument("--seconds", type=float, default=2.0, help="least length of a slice")
    p.add_argument("--rounds", type=int, help="slices of each contestant")
    p.add_argument("--busy", action="store_true", help="keep one core busy with another process meanwhile")
    p.add_argument("--quiet-share", type=float, default=0.06, help="share of the machine others may use in a slice")
    p.add_argument("--retries", type=int, default=3, help="how often a disturbed slice is run again")
    p.add_argument("--at-once", type=int, default=12, help="how many peers may wait in memory together")
    p.add_argument("--ergo", type=Path, help="the ergo binary (default: this repository's release build)")
    p.add_argument("--folder", type=Path, default=install.REPOSITORY / "target" / "peers", help="where to install")
    p.add_argument("--out", type=Path, help="where results go (default: FOLDER/last)")
    p.add_argument("--install-only", action="store_true", help="install and build, run nothing")
    p.add_argument("--list", action="store_true", help="print who would take part in what, and run nothing")
    p.add_argument("--json", action="store_true", help="print the summary as JSON instead of tables")
    return p


def settings(arguments: list[str]) -> argparse.Namespace:
    """Returns the settings, with the defaults of the grid where it was asked for."""
    args = parser().parse_args(arguments)
    for name, value in (GRID_DEFAULTS if args.grid else DEFAULTS).items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.peers is None:
        args.peers = "torch,jax,burn,candle,ergo" if args.device == "cpu" else "torch,ergo"
    args.folder = args.folder.resolve()
    args.out = args.out or args.folder / "last"
    return args


def tasks(args: argparse.Namespace) -> list[Task]:
    """Returns every combination of network, images and batch; raises UnknownName where a name is not known."""
    found = []
    for net, data, batch in product(args.nets.split(","), args.data.split(","), args.batch):
        task = Task(net, data, batch, args.phase, args.device)
        if data == "usual":
            task = replace(task, data=task.usual_data)
        if task.data not in nets.SHAPES:
            raise nets.UnknownName(f"--data {data}: known are usual, {', '.join(nets.SHAPES)}")
        nets.build(task.net, task.data)
        found.append(task)
    return found


def field(args: argparse.Namespace, task: Task) -> list[Contestant]:
    """Returns who takes part in a task."""
    everyone = [Contestant(name, threads) for name in args.names for threads in args.threads]
    return [contestant for contestant in everyone if contestant.can_run(task)]


def without_compiler(names: list[str]) -> list[str]:
    """Returns the configurations that can run here: torch.compile needs a C++ compiler."""
    if install.compiler() or not any(name.startswith("torch-compile") for name in names):
        return names
    print("left out: torch-compile-*: no C++ compiler; install g++ or set CXX", file=sys.stderr)
    return [name for name in names if not name.startswith("torch-compile")]


def circumstances(args: argparse.Namespace, binary: Path | None) -> dict:
    """Returns machine, versions and settings of this run."""
    told = ("nets", "names", "data", "batch", "threads", "phase", "seconds", "rounds", "busy", "quiet_share", "retries")
    told += ("device",)
    pins = {library: install.requirements(library) for library in ("torch", "jax")}
    return {
        "machine": machine.describe(install.REPOSITORY),
        "settings": {name: getattr(args, name) for name in told},
        "requirements": pins,
        "ergo": ergo.identity(binary) if binary else None,
    }


def warn_of_old_binary(found: dict) -> None:
    """Says so where the ergo binary is not of the commit that is checked out."""
    version, commit = (found["ergo"] or {}).get("version", ""), found["machine"]["commit"]
    built = version.partition("(")[2].partition(")")[0].partition("-")[0]
    if built and commit and not commit.startswith(built):
        print(f"note: the ergo binary is of commit {built}, not of {commit[:12]}", file=sys.stderr)


def digest(found: dict) -> str:
    """Returns a name for runs whose slices may be compared: one machine, binary, versions and kind of slice."""
    same = [found["machine"]["cpu"], found["machine"]["cpus"], found["ergo"], found["requirements"]]
    same += [found["settings"][name] for name in ("seconds", "busy")]
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()[:16]


def compare(args: argparse.Namespace, programs: dict[str, Path], binary: Path | None) -> int:
    """Runs every task, writes the results and prints them; returns the exit code."""
    args.out.mkdir(parents=True, exist_ok=True)
    found = circumstances(args, binary)
    warn_of_old_binary(found)
    journal = Journal(args.out / "rows.jsonl", digest(found))
    plan = Plan(args.seconds, args.rounds, args.quiet_share, args.retries, args.busy)
    failures: dict[str, str] = {}
    for number, task in enumerate(args.tasks, 1):
        place = f"{task.net} {task.data} batch {task.batch}"
        print(f"[{number}/{len(args.tasks)}] {place}", file=sys.stderr)
        for group in groups(field(args, task), args.at_once):
            arena = Arena(task, programs, binary, args.folder)
            run_group(arena, group, plan, journal)
            failures |= {f"{place}: {name}": why for name, why in arena.failures.items()}
            write(args, journal, found | {"failures": failures})
    text, data = write(args, journal, found | {"failures": failures})
    print(json.dumps(data, indent=1) if args.json else text)
    for name, why in failures.items():
        print(f"left out of {name}: {why}", file=sys.stderr)
    return 1 if failures else 0


def write(args: argparse.Namespace, journal: Journal, found: dict) -> tuple[str, dict]:
    """Writes circumstances, summary and tables of what was measured so far, and returns the latter two."""
    base = next((name for name in args.names if name.startswith("ergo-")), contestants.ERGO)
    measured = [(task, journal.slices(task)) for task in args.tasks]
    text, data = report.document([pair for pair in measured if pair[1]], base)
    (args.out / "circumstances.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (args.out / "summary.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    (args.out / "table.md").write_text(text, encoding="utf-8")
    return text, data


def listing(args: argparse.Namespace) -> None:
    """Prints who would take part in what, and the least time it takes."""
    slices = 0
    for task in args.tasks:
        print(f"{task.net} {task.data} batch {task.batch}:")
        for group in groups(field(args, task), args.at_once):
            slices += len(group)
            print("    " + " ".join(contestant.label for contestant in group))
    print(f"at least {slices * args.rounds * args.seconds / 60:.0f} minutes of slices, starting up not counted")


def main() -> int:
    """Installs what is needed, compares, and returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    args = settings(sys.argv[1:])
    try:
        args.tasks = tasks(args)
        args.names = without_compiler(contestants.names_of(args.peers, args.torch, args.device))
        if args.list:
            listing(args)
            return 0
        args.folder.mkdir(parents=True, exist_ok=True)
        programs = contestants.install_for(args.names, args.folder, args.python)
        ours = any(name.startswith("ergo-") for name in args.names)
        binary = install.ergo(args.ergo, args.folder) if ours else None
        return 0 if args.install_only else compare(args, programs, binary)
    except nets.UnknownName as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (install.InstallError, PeerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
