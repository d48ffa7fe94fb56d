"""Processes that are cheap to bear and to kill: real ones, forked from one that has read all the code.

Each is the command itself, from settings to database connections; only the imports are its mother's (see
`mother`). All that a test process needs have one mother, who ends with it.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.support.mother import Wish
from tests.support.processes import ROOT, program_environ


@dataclass
class Nursery:
    """Children of one kind, with one installation and one log.

    Args:
        environ: their REDRESS_… variables.
        log: the file that collects what they print.
        kind: the command that they run.
    """

    environ: Mapping[str, str]
    log: Path
    kind: Literal["worker", "serve"] = "worker"
    children: set[int] = field(default_factory=set)

    @contextlib.contextmanager
    def running(self) -> Iterator[Nursery]:
        """Let children be born for as long as the block lasts; none of them outlives it."""
        self.log.touch()
        try:
            yield self
        finally:
            for child in list(self.children):
                self.kill(child)

    def bear(self, *options: str) -> int:
        """Start `redress worker` or `serve` with options and NAME=value variables; return its process id."""
        variables = dict(option.split("=", 1) for option in options if option.startswith("REDRESS_"))
        arguments = [self.kind, *(option for option in options if not option.startswith("REDRESS_"))]
        child = _bear(arguments, {**self.environ, **variables}, self.log, self.log)
        self.children.add(child)
        return child

    def kill(self, child: int) -> None:
        """SIGKILL, as from a crash or a power cut."""
        self.children.discard(child)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    def stop(self, child: int) -> None:
        """SIGTERM, and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        self.wait(child)

    def is_alive(self, child: int) -> bool:
        """Whether a child still runs."""
        return is_alive(child)

    def wait(self, child: int, seconds: float = 60.0) -> None:
        """Wait until a child has ended by itself."""
        if not _ended(child, seconds):
            raise AssertionError(f"{self.kind} still running after {seconds} s:\n{self.output}")
        self.children.discard(child)

    @property
    def output(self) -> str:
        """What the children logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class Borne:
    """A `redress …` that was born, and what `subprocess.Popen` has of it.

    Args:
        arguments: what follows `redress`.
        environ: its REDRESS_… variables.
        output, errors: the files that collect what it prints.
        status: the file into which it writes its exit status.
    """

    arguments: Sequence[str]
    environ: Mapping[str, str]
    output: Path
    errors: Path
    status: Path
    pid: int = field(init=False)
    returncode: int | None = None

    def __post_init__(self) -> None:
        self.status.unlink(missing_ok=True)
        self.pid = _bear(self.arguments, self.environ, self.output, self.errors, self.status)

    def poll(self) -> int | None:
        """Return its exit status if it has ended."""
        if self.returncode is None and not is_alive(self.pid):
            self.returncode = int(self.status.read_text()) if self.status.exists() else -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end and return the exit status."""
        if not _ended(self.pid, timeout):
            raise subprocess.TimeoutExpired(["redress", *self.arguments], timeout)
        status = self.poll()
        assert status is not None
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self.send_signal(signal.SIGTERM)


def run_borne(
    *arguments: str, environ: Mapping[str, str], timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `redress …` to its end, as `run_redress` does, without the time that its start takes."""
    with tempfile.TemporaryDirectory(prefix="redress-borne-") as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        child = Borne(arguments, environ, output, errors, Path(folder, "status"))
        try:
            ended_with = child.wait(timeout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        return subprocess.CompletedProcess(arguments, ended_with, output.read_text(), errors.read_text())


def is_alive(child: int) -> bool:
    """Whether a child still runs."""
    return Path(f"/proc/{child}").exists()


def _ended(child: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(child):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _bear(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    output: Path,
    errors: Path,
    status: Path | None = None,
) -> int:
    mother = _mother()
    assert mother.stdin is not None
    assert mother.stdout is not None
    wish: Wish = {
        "arguments": arguments,
        "environ": environ,
        "output": str(output),
        "errors": str(errors),
        "status": str(status or ""),
    }
    mother.stdin.write(json.dumps(wish) + "\n")
    mother.stdin.flush()
    return int(mother.stdout.readline())


@functools.cache
def _mother() -> subprocess.Popen[str]:
    mother = subprocess.Popen(
        [sys.executable, "-m", "tests.support.mother"],
        env=program_environ({}),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(mother.communicate)
    return mother
