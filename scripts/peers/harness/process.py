"""A peer that runs as a process of its own and answers `slice SECONDS` line by line."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path

from harness.machine import process_seconds

READY_TIMEOUT_S = 1200.0
QUIT_TIMEOUT_S = 10.0


class PeerError(Exception):
    """A peer did not start, ended early, or answered something else than agreed."""


class Lines:
    """Lines from a pipe, with a limit on the time to wait for each."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.rest = descriptor, b""
        self.selector = selectors.DefaultSelector()
        self.selector.register(descriptor, selectors.EVENT_READ)

    def next(self, timeout_s: float) -> str | None:
        """Returns the next line, or None at the end of the input; raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self.rest:
            if not self.selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            piece = os.read(self.descriptor, 65536)
            if not piece:
                return None
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()


class PeerProcess:
    """A running peer; it is stopped by the kernel whenever it is not its turn."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], cpus: set[int] | None, log: Path) -> None:
        self.name, self.log = name, log
        with log.open("wb") as errors:
            # A process group of its own, so that helpers the peer may start are stopped and ended with it.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **env},
                process_group=0,
            )
        if cpus is not None:
            os.sched_setaffinity(self.process.pid, cpus)
        self.lines = Lines(self.process.stdout.fileno())

    def wait_ready(self) -> dict:
        """Waits for the peer to have built its network and warmed up, stops it, and returns its facts."""
        words = self.answer(READY_TIMEOUT_S).split(" ", 1)
        if words[0] != "ready" or len(words) != 2:
            raise PeerError(f"{self.name}: expected `ready {{...}}`, found {words[0]!r}")
        self.signal(signal.SIGSTOP)
        return json.loads(words[1])

    def slice(self, seconds: float) -> dict:
        """Lets the peer go on, run a slice and stop again; returns what it measured."""
        before = process_seconds(self.process.pid)
        self.signal(signal.SIGCONT)
        self.say(f"slice {seconds}")
        answer = json.loads(self.answer(60 * seconds + 600))
        self.signal(signal.SIGSTOP)
        return answer | {"all_cpu_seconds": process_seconds(self.process.pid) - before}

    def say(self, line: str) -> None:
        """Writes one line to the peer."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PeerError(self.ended()) from None

    def answer(self, timeout_s: float) -> str:
        """Returns the next line of the peer; raises PeerError where none comes."""
        try:
            line = self.lines.next(timeout_s)
        except TimeoutError:
            raise PeerError(f"{self.name}: no answer within {timeout_s:.0f} s") from None
        if line is None:
            raise PeerError(self.ended())
        return line

    def ended(self) -> str:
        """Returns a message about a peer that ended, with the last lines it wrote."""
        status = self.process.wait(QUIT_TIMEOUT_S)
        last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        return f"{self.name} ended with status {status}:\n    " + "\n    ".join(last)

    def signal(self, number: int) -> None:
        """Sends a signal to the peer's process group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def close(self) -> None:
        """Ends the peer: politely, then by force."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            try:
                self.say("quit")
                self.process.wait(QUIT_TIMEOUT_S)
            except (PeerError, subprocess.TimeoutExpired):
                pass
        self.kill()

    def kill(self) -> None:
        """Ends the peer and its helpers at once."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
