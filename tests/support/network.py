"""No test reaches beyond this machine: neither this process nor the programs that it starts.

Connections are refused by a wrapper around `socket.socket.connect`; names other than loopback's
are not looked up. `tests/support/guard/sitecustomize.py` puts the same wrapper into every Python
program that a test starts with `guarded_environ`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GUARD = Path(__file__).parent / "guard"


class BeyondLoopback(RuntimeError):
    """A test tried to reach another machine."""


def is_loopback(host: object) -> bool:
    """Whether an address or name stays on this machine ("" and None mean this machine to `bind`)."""
    if host in {None, "", "localhost"}:
        return True
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def install() -> None:
    """Forbid this process to connect or look up anything but loopback. Idempotent, for good."""
    if getattr(socket, "_redress_guarded", False):
        return
    socket._redress_guarded = True  # type: ignore[attr-defined]
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _guarded(getattr(socket.socket, name), name))
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **options: Any) -> Any:
        if not is_loopback(host) and not _is_address(host):
            raise BeyondLoopback("a test looked up the name of another machine")
        return look_up(host, *rest, **options)

    socket.getaddrinfo = getaddrinfo


def _is_address(host: object) -> bool:
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def _guarded(original: Any, name: str) -> Any:
    def call(self: socket.socket, *arguments: Any) -> Any:
        address = arguments[-1]  # sendto(data, [flags,] address); connect(address)
        if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(address[0]):
            raise BeyondLoopback("a test tried to reach another machine")
        return original(self, *arguments)

    call.__name__ = name
    return call


def guarded_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with the guard put before every Python program that is started with it."""
    before = environ.get("PYTHONPATH")
    return {**environ, "PYTHONPATH": f"{GUARD}:{before}" if before else str(GUARD)}
