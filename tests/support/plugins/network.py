"""Fixtures and hooks: no test reaches beyond loopback."""

from __future__ import annotations

from tests.support import network

# At import, before the first test module is: what a module does while it is imported is guarded too.
network.install()
