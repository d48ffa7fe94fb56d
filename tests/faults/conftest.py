"""Fixtures of the tests of faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.faults.finding import Place
from tests.support.databases import Backend
from tests.support.ports import free_port


@pytest.fixture
def unused_port() -> int:
    """A port of loopback on which nobody listens."""
    return free_port()


@pytest.fixture
def place(app_context: Flask, environ: dict[str, str], tmp_path: Path, backend: Backend) -> Place:
    """This test's installation, as the rows of `make faults` want it."""
    return Place(app_context, environ, tmp_path, backend)
