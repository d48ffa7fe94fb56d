"""Fixtures of the tests of faults."""

from __future__ import annotations

import pytest

from tests.support.ports import free_port


@pytest.fixture
def unused_port() -> int:
    """A port of loopback on which nobody listens."""
    return free_port()
