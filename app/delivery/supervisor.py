"""Several workers at once: processes that are started, watched, started again, and stopped together."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger("redress.worker")

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
STEADY_AFTER: Final = 60.0
"""Seconds after which a process that ends is not taken for one that cannot start."""
KILL_AFTER: Final = 20.0


@dataclass
class Child:
    """One worker process and its restarts."""

    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    wait: float = field(default=FIRST_WAIT)

    def start(self) -> None:
        """Start it. It ends by itself when its standard input is closed: when this process is gone."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE)  # noqa: S603 (our own program)
        self.started = time.monotonic()

    def look(self) -> int | None:
        """Return its exit status if it has ended since the last look."""
        if self.process is None or self.process.poll() is None:
            return None
        status, self.process = self.process.returncode, None
        if time.monotonic() - self.started > STEADY_AFTER:
            self.wait = FIRST_WAIT
        self.start_at = time.monotonic() + self.wait
        self.wait = min(2 * self.wait, LONGEST_WAIT)
        return status


def supervise(command: Sequence[str], count: int, stop: threading.Event, *, once: bool = False) -> int:
    """Run `count` processes of a command until `stop` is set; then pass SIGTERM on and wait for them.

    Args:
        command: what to start, each time with a pipe for its standard input.
        count: how many at once.
        stop: set when all are to end.
        once: let each end by itself and start none again, as for `--drain`.

    Returns:
        The highest exit status of those that ended by themselves with `once`; 0 otherwise.
    """
    children = [Child(command) for _ in range(count)]
    for child in children:
        child.start()
    worst = 0
    try:
        while not stop.wait(0.2):
            for child in children:
                status = child.look()
                worst = max(worst, abs(status or 0))
                if status is not None and not once:
                    log.warning("a worker process ended with status %d and is started again", status)
                if not once and child.process is None and time.monotonic() >= child.start_at:
                    child.start()
            if once and all(child.process is None for child in children):
                return worst
    finally:
        _end(children)
    return 0


def _end(children: Sequence[Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + KILL_AFTER
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stop_with_parent(stop: threading.Event) -> None:
    """Set `stop` when the supervisor is gone, however it went: it held the other end of standard input."""

    def watch() -> None:
        # Not sys.stdin: a thread that waits in it when the interpreter ends would abort the process.
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=watch, name="parent", daemon=True).start()
