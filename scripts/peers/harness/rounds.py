"""Interleaved rounds: in each, every contestant runs one slice, in an order drawn anew."""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import contestants, machine
from harness.contestants import Contestant, Task
from harness.ergo import ErgoRuns
from harness.install import REPOSITORY
from harness.process import PeerError, PeerProcess


@dataclass(frozen=True)
class Plan:
    """How a comparison is run."""

    seconds: float
    rounds: int
    quiet_share: float
    retries: int
    busy: bool


class Journal:
    """The file of slices, one JSON object a line; it is the memory of what was already run."""

    def __init__(self, path: Path, run: str) -> None:
        self.path, self.run = path, run
        self.rows = [row for row in self.read() if row["run"] == run]

    def read(self) -> list[dict]:
        """Returns the rows on disk; a last line that was cut off is dropped from the file."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole, encoding="utf-8")
        return [json.loads(line) for line in whole.splitlines()]

    def add(self, row: dict) -> None:
        """Appends a row."""
        row = {"run": self.run, **row}
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def slices(self, task: Task) -> dict[Contestant, dict[int, dict]]:
        """Returns the slices of a task by contestant and round; rounds are known by when they began."""
        wanted = asdict(task)
        found: dict[Contestant, dict[int, dict]] = {}
        for row in self.rows:
            # Rows from before there was a choice of devices do not name the processor.
            if all(row.get(key, "cpu") == value for key, value in wanted.items()):
                found.setdefault(Contestant(row["peer"], row["threads"]), {})[row["round"]] = row
        return found

    def complete_rounds(self, task: Task, group: list[Contestant]) -> int:
        """Returns the number of rounds in which every one of these contestants has a slice."""
        found = self.slices(task)
        return len(set.intersection(*(set(found.get(contestant, {})) for contestant in group)))


class Arena:
    """The contestants of one task, started one after the other and asleep until it is their turn."""

    def __init__(self, task: Task, programs: dict[str, Path], ergo: Path, folder: Path) -> None:
        self.task, self.programs, self.ergo, self.folder = task, programs, ergo, folder
        self.running: dict[Contestant, PeerProcess | ErgoRuns] = {}
        self.facts: dict[Contestant, dict] = {}
        self.failures: dict[str, str] = {}

    def start(self, field: list[Contestant]) -> None:
        """Starts every contestant; one that cannot start is left out and its reason kept."""
        for contestant in field:
            try:
                self.running[contestant] = self.peer(contestant)
                self.facts[contestant] = self.running[contestant].wait_ready()
            except PeerError as error:
                self.drop(contestant, str(error))
        self.check_parameters()

    def peer(self, contestant: Contestant) -> PeerProcess | ErgoRuns:
        """Returns the contestant as something that runs slices."""
        if contestant.library == "ergo":
            return ErgoRuns(self.ergo, contestant, self.task)
        command = contestants.command(contestant, self.task, self.programs[contestant.library])
        env = contestants.environment(contestant, self.folder)
        log = self.folder / f"{contestant.label}.log"
        return PeerProcess(contestant.label, command, env, contestants.cpus(contestant), log)

    def check_parameters(self) -> None:
        """Leaves out every peer whose network has another number of parameters than ergo counts."""
        counted = next((f["parameters"] for c, f in self.facts.items() if c.library == "ergo"), None)
        for contestant, facts in list(self.facts.items()):
            if counted is not None and facts["parameters"] != counted:
                found = facts["parameters"]
                self.drop(contestant, f"has {found} parameters where ergo counts {counted}: another network")

    def drop(self, contestant: Contestant, reason: str) -> None:
        """Leaves a contestant out and keeps the last line of the reason, without this machine's paths.

        Without ergo there is nothing to compare with, so its failure is everyone's.
        """
        if contestant.library == "ergo":
            raise PeerError(reason)
        print(f"left out: {contestant.label}: {reason}", file=sys.stderr)
        last = reason.strip().splitlines()[-1].strip()
        self.failures[contestant.label] = last.replace(str(self.folder), "FOLDER").replace(str(REPOSITORY), ".")
        self.facts.pop(contestant, None)
        if peer := self.running.pop(contestant, None):
            peer.kill()

    def close(self, by_force: bool) -> None:
        """Ends all contestants."""
        for peer in self.running.values():
            if by_force:
                peer.kill()
            else:
                peer.close()
        self.running.clear()


def measured(arena: Arena, contestant: Contestant, seconds: float, load: machine.Load | None) -> dict:
    """Runs one slice and returns its row, with the share of the machine that others used meanwhile."""
    window = machine.Window(load)
    answer = arena.running[contestant].slice(seconds)
    others = window.others(answer["all_cpu_seconds"])
    return {
        "images_per_second": answer["images"] / answer["seconds"],
        "images_per_cpu_second": answer["images"] / max(answer["cpu_seconds"], 1e-9),
        "others_share": round(others, 4),
        "loss": answer.get("loss"),
    }


def quiet_slice(arena: Arena, contestant: Contestant, plan: Plan, load: machine.Load | None) -> dict:
    """Runs a slice, again where others used too much of the machine, and returns the quietest."""
    rows = []
    for attempt in range(1 + plan.retries):
        rows.append(measured(arena, contestant, plan.seconds, load) | {"attempts": attempt + 1})
        if rows[-1]["others_share"] <= plan.quiet_share:
            break
    row = min(rows, key=lambda row: row["others_share"])
    return row | {"attempts": len(rows), "disturbed": row["others_share"] > plan.quiet_share}


def run_round(arena: Arena, plan: Plan, load: machine.Load | None, journal: Journal) -> None:
    """Runs one slice of every contestant in an order drawn anew."""
    began = time.time_ns() // 1_000_000
    order = sorted(arena.running, key=lambda contestant: contestant.label)
    random.Random(began).shuffle(order)
    for contestant in order:
        try:
            row = quiet_slice(arena, contestant, plan, load)
        except PeerError as error:
            arena.drop(contestant, str(error))
            continue
        place = {"peer": contestant.name, "threads": contestant.threads, "round": began}
        kind = {"seconds": plan.seconds, "busy": plan.busy}
        journal.add(asdict(arena.task) | place | row | kind | {"facts": arena.facts[contestant]})


def run_group(arena: Arena, group: list[Contestant], plan: Plan, journal: Journal) -> None:
    """Runs the rounds of these contestants that are not in the journal yet."""
    if journal.complete_rounds(arena.task, group) >= plan.rounds:
        return
    load, by_force = None, True
    try:
        arena.start(group)
        load = machine.Load() if plan.busy else None
        while arena.running and journal.complete_rounds(arena.task, list(arena.running)) < plan.rounds:
            run_round(arena, plan, load, journal)
        by_force = False
    finally:
        arena.close(by_force)
        if load:
            load.stop()


def groups(field: list[Contestant], at_once: int) -> list[list[Contestant]]:
    """Returns groups small enough for the memory, ergo in each; all thread counts of a name stay together."""
    ours = [contestant for contestant in field if contestant.library == "ergo"]
    by_name: dict[str, list[Contestant]] = {}
    for contestant in field:
        if contestant not in ours:
            by_name.setdefault(contestant.name, []).append(contestant)
    found: list[list[Contestant]] = [[]]
    for same_name in by_name.values():
        if found[-1] and len(found[-1]) + len(same_name) > at_once:
            found.append([])
        found[-1] += same_name
    return [ours + group for group in found]
