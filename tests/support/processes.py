"""The real `redress` command as a process: started, watched, stopped, killed."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.support.network import guarded_environ
from tests.support.ports import HOST, free_port

if TYPE_CHECKING:
    from tests.support.nursery import Borne

ROOT = Path(__file__).resolve().parents[2]
REDRESS = Path(sys.executable).with_name("redress")
STARTS_WITHIN = 60.0
STOPS_WITHIN = 30.0
"""Seconds; generous, because the machine is shared."""


def program_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with the guard, and with this process's variables except its own REDRESS_… ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REDRESS_")}
    # Compiled once, and not at each of many starts.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return guarded_environ({**inherited, "PYTHONUNBUFFERED": "1", **environ})


def run_redress(
    *arguments: str, environ: Mapping[str, str], stdin: str = "", timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run `redress …` to its end and return its exit status and what it printed, whatever they are."""
    return subprocess.run(
        [str(REDRESS), *arguments],
        env=program_environ(environ),
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Program:
    """A running `redress …`, in a process group of its own.

    Args:
        arguments: what follows `redress`.
        environ: its REDRESS_… variables.
        log: the file that collects what it prints.
        borne: whether it is born of a process that has read all the code, which is ten times as fast; for
            tests that are not about the start itself.
    """

    arguments: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | Borne = field(init=False)
    borne: bool = field(default=False, kw_only=True)

    def start(self) -> None:
        """Start it; does not wait for anything."""
        if self.borne:
            from tests.support.nursery import Borne

            status = self.log.with_suffix(".status")
            self.process = Borne(self.arguments, self.environ, self.log, self.log, status)
            return
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(REDRESS), *self.arguments],
                env=program_environ(self.environ),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    @property
    def output(self) -> str:
        """What it printed until now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, timeout: float = STOPS_WITHIN) -> int:
        """Wait for its end and return the exit status."""
        return self.process.wait(timeout)

    def stop(self) -> int:
        """Ask it to end (SIGTERM), wait, and return the exit status; already ended is fine."""
        if self.running:
            self.process.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {STOPS_WITHIN} s after SIGTERM:\n{self.output}") from None

    def kill(self) -> None:
        """End it and all that it started at once (SIGKILL): what a crash or a power cut would do."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOPS_WITHIN)
        # The kernel ends its children a moment later than it says so.
        _until(lambda: not members(self.process.pid), STOPS_WITHIN, "killed, and parts of it still run")

    def wait_until_it_can_be_stopped(self, timeout: float = STARTS_WITHIN) -> None:
        """Wait until the program handles SIGTERM itself: before that, it would simply be gone."""

        def ready() -> bool:
            if not self.running:
                raise AssertionError(f"ended ({self.process.returncode}):\n{self.output}")
            return _handles(self.process.pid, signal.SIGTERM)

        _until(ready, timeout, "does not handle SIGTERM")


def members(group: int) -> list[int]:
    """Return the running processes of a process group; the dead that nobody has buried do not count."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, process_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found


def _handles(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def _until(done: Callable[[], bool], timeout: float, complaint: str) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{complaint} after {timeout} s")
        time.sleep(0.02)


Running = TypeVar("Running", bound=Program)


@contextmanager
def running(program: Running) -> Iterator[Running]:
    """Start a program and make sure that nothing of it outlives the block."""
    program.start()
    try:
        yield program
    finally:
        program.kill()


@dataclass
class Site(Program):
    """A running `redress serve`.

    Attributes:
        port: where it listens, on loopback.
    """

    port: int = 0

    @property
    def url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def wait_until_alive(self, timeout: float = STARTS_WITHIN) -> None:
        """Wait for `/healthz` to answer 200."""
        deadline = time.monotonic() + timeout
        while not self._alive():
            if not self.running:
                raise AssertionError(f"redress serve ended ({self.process.returncode}):\n{self.output}")
            if time.monotonic() > deadline:
                raise AssertionError(f"/healthz did not answer within {timeout} s:\n{self.output}")
            time.sleep(0.05)

    def _alive(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def new_site(environ: Mapping[str, str], log: Path, *options: str, borne: bool = False) -> Site:
    """Return a site that is not yet started, on a free port, with its own address as base URL."""
    port = free_port()
    base = {"REDRESS_BASE_URL": f"http://{HOST}:{port}"}
    return Site(["serve", "--port", str(port), *options], {**base, **environ}, log, port=port, borne=borne)
