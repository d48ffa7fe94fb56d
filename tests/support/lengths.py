"""How long the long tests are: enough to mean something in `make test`, all of it in `make soak`."""

from __future__ import annotations

import os

SOAK = int(os.environ.get("REDRESS_SOAK") or "0")
"""0 for the short form, 1 for the full one, and REDRESS_SOAK=100 for a hundred times as many kills."""


def length(short: int, full: int) -> int:
    """Return how many it is to be: `short`, or in a soak `full` as many times as was asked for."""
    return full * SOAK if SOAK else short


MOSTLY_SQLITE: tuple[str, ...] = ("sqlite", "postgresql") if SOAK else ("sqlite",)
"""For `@pytest.mark.backends`: what the other database is asked about elsewhere, and here only in a soak.

Tests that name no database get one of the two by turns: see tests/support/plugins/database.py."""

MOSTLY_POSTGRESQL: tuple[str, ...] = ("sqlite", "postgresql") if SOAK else ("postgresql",)
"""The same, for the ways through the whole house that say all its statements."""
