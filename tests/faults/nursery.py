"""Processes that are cheap to bear and to kill: real ones, forked from one that has read all the code.

Run as a program, it bears a worker (or, as `… nursery serve`, a site) for each line that it reads, and
prints its process id. Each is `redress worker` or `redress serve` itself, from settings to database
connections; only the imports, and of a site the application without connections, are its mother's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import click

from tests.support.processes import ROOT, program_environ


@dataclass
class Nursery:
    """The mother process, from the outside."""

    environ: Mapping[str, str]
    log: Path
    kind: Literal["worker", "serve"] = "worker"
    children: set[int] = field(default_factory=set)
    _process: subprocess.Popen[str] = field(init=False)

    @contextlib.contextmanager
    def running(self) -> Iterator[Nursery]:
        """Let it live for as long as the block lasts; none of its children outlives it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery", self.kind],
                env=program_environ(self.environ),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            yield self
        finally:
            for child in list(self.children):
                self.kill(child)
            self._process.communicate()

    def bear(self, *options: str) -> int:
        """Start `redress worker` or `serve` with options and NAME=value variables; return its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join(options) + "\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
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
        return Path(f"/proc/{child}").exists()

    def wait(self, child: int, seconds: float = 60.0) -> None:
        """Wait until a child has ended by itself."""
        deadline = time.monotonic() + seconds
        while self.is_alive(child):
            if time.monotonic() > deadline:
                raise AssertionError(f"worker still running after {seconds} s:\n{self.output}")
            time.sleep(0.02)
        self.children.discard(child)

    @property
    def output(self) -> str:
        """What the workers logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def _bear(kind: str) -> None:
    from app.cli import Installation

    command = _worker() if kind == "worker" else _site()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: the kernel buries them
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(command, Installation(), line.split())
        with contextlib.suppress(PermissionError, ProcessLookupError):  # whoever is first, child or mother
            os.setpgid(child, child)
        print(child, flush=True)


def _worker() -> click.Command:
    from sqlalchemy.orm import configure_mappers

    import app.cli.chores
    import app.delivery.senders.maildir
    import app.delivery.senders.smtp
    import app.delivery.supervisor
    import app.delivery.worker
    import app.letters.digests
    import app.letters.dispatch
    import app.letters.wishes
    import app.notices.sending  # noqa: F401 (read once, for all children)
    from app import create_app
    from app.cli.worker import command

    assert create_app
    configure_mappers()
    return command


def _site() -> click.Command:
    import granian

    import app.wsgi  # noqa: F401 (the application, without a connection)
    from app.cli.serve import command

    assert granian
    return command


def _be(command: click.Command, installation: object, options: list[str]) -> None:
    status = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.environ.update(dict(option.split("=", 1) for option in options if option.startswith("REDRESS_")))
        options = [option for option in options if not option.startswith("REDRESS_")]
        command.main(options, obj=installation, standalone_mode=False)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _bear(sys.argv[1])
