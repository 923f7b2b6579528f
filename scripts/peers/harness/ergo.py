"""ergo as a contestant: every slice is one `ergo bench`, every fact comes from `ergo flops`."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from harness.contestants import Contestant, Task
from harness.process import PeerError


# Of the bench itself; few, because large networks take whole seconds for the least slice of one step.
BENCH_ROUNDS = 2


class ErgoRuns:
    """Runs `ergo bench` once for each slice; it warms up by itself."""

    def __init__(self, binary: Path, contestant: Contestant, task: Task) -> None:
        self.binary, self.contestant, self.task = binary, contestant, task
        self.process: subprocess.Popen | None = None

    def wait_ready(self) -> dict:
        """Returns the facts about the network as ergo counts it."""
        return flops(self.binary, self.task)

    def command(self, seconds: float) -> list[str]:
        """Returns the command of one slice."""
        _, learner, precision = self.contestant.name.split("-")
        options = {
            "nets": self.task.net,
            "data": self.task.data,
            "learners": learner,
            "devices": self.task.device,
            "precision": precision,
            "threads": self.contestant.threads,
            "batch": self.task.batch,
            "seconds": seconds,
            "phase": self.task.phase,
            "rounds": BENCH_ROUNDS,
        }
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        return [str(self.binary), "bench", *words, "--json"]

    def slice(self, seconds: float) -> dict:
        """Runs `ergo bench` and returns its row, with the CPU seconds of the whole process."""
        command = self.command(seconds)
        with tempfile.TemporaryFile() as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, process_group=0)
            out = self.process.stdout.read()
            _, status, usage = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
            if self.process.returncode != 0:
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip()
                raise PeerError(f"`ergo {' '.join(command[1:])}` ended with {self.process.returncode}:\n    {said}")
        return self.row(json.loads(out)) | {"all_cpu_seconds": usage.ru_utime + usage.ru_stime}

    def row(self, answer: dict) -> dict:
        """Returns the only row of a bench with the sums of its slices; raises PeerError on any other."""
        _, learner, precision = self.contestant.name.split("-")
        expected = {"net": self.task.net, "data": self.task.data, "learner": learner, "precision": precision}
        expected |= {"device": self.task.device}
        expected |= {"threads": self.contestant.threads, "batch": self.task.batch, "phase": self.task.phase}
        row = answer["rows"][0]
        other = {key: row[key] for key, value in expected.items() if row.get(key, value) != value}
        if len(answer["rows"]) != 1 or other:
            raise PeerError(f"`ergo bench` answered about {other or 'several rows'} where {expected} was asked for")
        return row | {key: sum(s[key] for s in row["slices"]) for key in ("images", "seconds", "cpu_seconds")}

    def close(self) -> None:
        """Ends a slice that is still running."""
        if self.process is not None and self.process.returncode is None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    kill = close


def flops(binary: Path, task: Task) -> dict:
    """Returns parameters and FLOPs per image of a network, as ergo counts them."""
    command = [str(binary), "flops", task.net, "--data", task.data, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise PeerError(f"{' '.join(command[1:])}: {done.stderr.strip()}")
    counted = json.loads(done.stdout)
    per_image = counted["train_flops" if task.phase == "train" else "forward_flops"]
    return {"parameters": counted["params"], "flops_per_image": per_image}


def identity(binary: Path) -> dict:
    """Returns which ergo this is: its version line and the digest of the binary."""
    version = subprocess.run([str(binary), "--version"], capture_output=True, text=True).stdout.strip()
    return {"version": version, "sha256": hashlib.sha256(binary.read_bytes()).hexdigest()[:16]}
