"""Workers that start in a blink, to be killed many times: `python -m tests.support.journeys_nursery`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from tests.support.processes import ROOT, program_environ


@dataclass
class Nursery:
    """Starts workers in a blink: a process that has loaded the program already, and forks.

    What it starts is `redress worker` from its first line on; only Python's own start is spared.
    """

    process: subprocess.Popen[str]
    commands: IO[str]
    answers: IO[str]

    def start(self, now: datetime) -> int:
        """Start a worker whose clock begins at `now`, and return its process id."""
        self.commands.write(f"{now.isoformat()}\n")
        self.commands.flush()
        return int(self.answers.readline())


@contextmanager
def nursery(environ: Mapping[str, str], log: Path) -> Iterator[Nursery]:
    """Run a nursery for the length of a block; what it started ends with it."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.journeys_nursery"],
            env=program_environ(environ),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Nursery(process, process.stdin, process.stdout)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdin.close()
        process.stdout.close()
        process.wait()


def kill(pid: int) -> None:
    """End a worker at once, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "killed, and still there"
        time.sleep(0.002)


def main() -> None:
    """For each line of standard input, fork a worker whose clock starts there, and say its process id."""
    import app
    import app.cli.worker
    import app.delivery.worker

    # The kernel buries the dead: nobody here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.environ["REDRESS_TEST_NOW"] = line.strip()
            sys.argv[1:] = ["worker"]
            app.cli.main()
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
