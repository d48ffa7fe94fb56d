"""Which process is which, and whether it is still there."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE: Final = Path("/proc/self/ns/pid")
DEAD: Final = frozenset({"Z", "X"})


@dataclass(frozen=True)
class Process:
    """A process, told apart from every other one there ever was.

    Attributes:
        machine: the running kernel and the process namespace (containers have their own) in which
            `pid` has its meaning; "" where the system does not tell.
        pid: its number there.
        start: when it started, in the kernel's ticks since boot; 0 where the system does not tell.
    """

    machine: str
    pid: int
    start: int


IsAlive = Callable[[Process], bool | None]
"""Whether a process runs; None where that cannot be known from here."""


def this_process() -> Process:
    """Return the process that asks."""
    pid = os.getpid()
    return Process(machine=_machine(), pid=pid, start=_start(pid) or 0)


def is_alive(process: Process) -> bool | None:
    """Return whether a process runs, if it is one of this machine; None otherwise."""
    if not process.machine or process.machine != _machine():
        return None
    return _start(process.pid) == process.start


def new_worker_name(chance: str) -> str:
    """Return a name that no other worker has or had: host, process, and some randomness."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{chance}"


def _machine() -> str:
    try:
        # The host's name would not do: containers share a kernel, and may share a name.
        return f"{BOOT.read_text(encoding='ascii').strip()} {NAMESPACE.readlink()}"
    except OSError:
        return ""


def _start(pid: int) -> int | None:
    """Return when a process started (proc_pid_stat(5), field 22), or None if it is dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # a program's name may hold blanks and brackets
    return None if fields[0] in DEAD else int(fields[19])
