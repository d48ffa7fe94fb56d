"""The command as a process of its own: it starts, ends when asked, and leaves nothing behind."""

from __future__ import annotations

import http.client
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.lengths import MOSTLY_SQLITE
from tests.support.plugins.processes import Redress, SiteFactory, WorkerFactory
from tests.support.ports import HOST
from tests.support.processes import Site, members

pytestmark = pytest.mark.whole_start


def get(site: Site, path: str) -> int:
    connection = http.client.HTTPConnection(HOST, site.port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def wait_until_idle(site: Site) -> None:
    """Wait until none of its processes reads code any more: granian gives one that does 20 s to end."""
    before = -1
    while (spent := sum(map(ticks, members(site.process.pid)))) != before:
        before = spent
        time.sleep(0.4)


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.backends("sqlite")  # it is about the process
def test_a_command_runs_to_its_end(redress: Redress) -> None:
    ended = redress("routes")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "/healthz" in ended.stdout


@pytest.mark.backends("sqlite")  # it is about the process
def test_a_command_that_there_is_not(redress: Redress) -> None:
    ended = redress("make-coffee")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


@pytest.mark.seeded
@pytest.mark.backends(*MOSTLY_SQLITE)
def test_a_site_answers_and_ends_when_asked(live_server: SiteFactory) -> None:
    site = live_server("--worker", "--processes", "2")
    assert get(site, "/") == 200
    # The master, two web processes, the worker.
    assert len(members(site.process.pid)) >= 4
    wait_until_idle(site)
    assert site.stop() == 0
    assert members(site.process.pid) == []
    assert "Traceback" not in site.output


# How a process ends does not depend on where its data is.
@pytest.mark.backends("sqlite")
def test_a_killed_site_leaves_nothing_running(live_server: SiteFactory) -> None:
    site = live_server()
    assert len(members(site.process.pid)) >= 2
    site.kill()
    assert members(site.process.pid) == []


@pytest.mark.backends("sqlite")  # with PostgreSQL: tests/faults/test_worker_process.py
def test_a_worker_ends_when_asked(worker_process: WorkerFactory) -> None:
    worker = worker_process()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(1.0)
    assert worker.stop() == 0
    assert "Traceback" not in worker.output


# One database is enough to show that a program that fails at once is reported as such.
@pytest.mark.backends("sqlite")
def test_a_site_that_cannot_start_says_why(live_server: SiteFactory) -> None:
    with pytest.raises(AssertionError, match="REDRESS_SMTP_URL"):
        live_server(REDRESS_SMTP_URL="carrier-pigeon")
