"""Fixtures: the real `redress` command, as processes of its own."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.support.lengths import SOAK
from tests.support.processes import Program, Site, new_site, run_redress, running

Redress = Callable[..., subprocess.CompletedProcess[str]]
SiteFactory = Callable[..., Site]
WorkerFactory = Callable[..., Program]


@pytest.fixture
def redress(environ: dict[str, str]) -> Redress:
    """Run a command to its end on this test's installation: `redress("worker", "--drain").returncode`."""
    return partial(run_redress, environ=environ)


@pytest.fixture
def _borne(request: pytest.FixtureRequest) -> bool:
    """Whether programs are born of one that has read the code, and not started from nothing."""
    return not SOAK and request.node.get_closest_marker("whole_start") is None


@pytest.fixture
def _programs() -> Iterator[ExitStack]:
    """All that a test started; nothing of it outlives the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def live_server(environ: dict[str, str], tmp_path: Path, _programs: ExitStack, _borne: bool) -> SiteFactory:
    """Start `redress serve` on a free port and wait until it answers.

    It has one web process. Keywords are further REDRESS_… variables, positional arguments further options:
    `live_server("--worker", REDRESS_SMTP_URL=smtp_server.url).url`.
    """
    number = itertools.count()

    def start(*options: str, **variables: str) -> Site:
        log = tmp_path / f"serve-{next(number)}.log"
        site = new_site(environ | variables, log, "--processes", "1", *options, borne=_borne)
        _programs.enter_context(running(site))
        site.wait_until_alive()
        return site

    return start


@pytest.fixture
def worker_process(
    environ: dict[str, str], tmp_path: Path, _programs: ExitStack, _borne: bool
) -> WorkerFactory:
    """Start `redress worker` and return as soon as it can be stopped.

    `.stop()` ends it gently, `.kill()` does not. Keywords are further REDRESS_… variables, positional
    arguments further options.
    """
    number = itertools.count()

    def start(*options: str, **variables: str) -> Program:
        log = tmp_path / f"worker-{next(number)}.log"
        program = Program(["worker", *options], environ | variables, log, borne=_borne)
        _programs.enter_context(running(program))
        if "--drain" not in options:
            program.wait_until_it_can_be_stopped()
        return program

    return start
