"""Free ports on loopback, below the range that the kernel hands out to clients."""

from __future__ import annotations

import os
import random
import socket

HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000


def free_port() -> int:
    """Return a port on which nobody listens.

    Between this look and the server's own bind somebody else may take it: the ranges of parallel
    test processes are drawn at random, so that they seldom meet.
    """
    chance = random.Random(os.urandom(8))
    for port in chance.sample(range(LOWEST, HIGHEST), 200):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) != 0 and can_bind(port):
                return port
    raise RuntimeError("no free port between 20000 and 32000")


def can_bind(port: int) -> bool:
    """Whether a server could listen on a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
