"""The database goes away under load: sites take letters, workers send them, and nothing acknowledged is lost.

PostgreSQL is stopped, at once or quickly, and started again. A file of SQLite has no server: what comes
nearest is a program that takes the file for itself alone, writes, and is killed in the middle of it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from tests.faults.finding import Finding, Place, copies, judge_mails
from tests.faults.web_kills import start_site, wait_for_site
from tests.faults.writers import Writers, judge_letters
from tests.support.databases import PostgresqlBackend
from tests.support.journeys import CAMPAIGN, DURING_THE_CAMPAIGN
from tests.support.nursery import Nursery
from tests.support.ports import HOST, free_port
from tests.support.smtp import RecordingSmtpServer

SEED = 20261123
LONGEST = 0.3
"""Seconds that a database works after the first acknowledgement, at most."""
TAKE_IT = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE letters SET language = 'xx'")
print("taken", flush=True)
time.sleep(60)
"""


def restart_databases(place: Place, times: int) -> Finding:
    """Take the database away so many times while two sites and two workers are at work."""
    finding = Finding(count=times)
    ports = [free_port(), free_port()]
    environ = place.environ | {
        "REDRESS_TEST_NOW": DURING_THE_CAMPAIGN,
        "REDRESS_BASE_URL": f"http://{HOST}:1",
    }
    with RecordingSmtpServer().running() as server:
        environ = environ | {"REDRESS_SMTP_URL": server.url}
        sites = Nursery(environ, place.folder / "sites.log", "serve")
        workers = Nursery(environ, place.folder / "workers.log")
        with sites.running(), workers.running():
            for port in ports:
                start_site(sites, port)
            for port in ports:
                wait_for_site(port)
            at_work = [workers.bear(), workers.bear()]
            writers = Writers(place.app, ports, CAMPAIGN)
            writers.start()
            try:
                _take_it_away(place, writers, times)
            except AssertionError as error:
                finding.broken.append(str(error))
            finally:
                writers.end()
            finding.promise(all(workers.is_alive(one) for one in at_work), "a worker ended")
            for one in at_work:
                workers.stop(one)
            _drain(workers)
        judge_mails(finding, copies(server), others=frozenset({"awaiting_confirmation"}))
    told = writers.told
    judge_letters(finding, told)
    finding.promise("Traceback" not in workers.output, "a worker printed a traceback")
    how = (
        "stopped at once, or quickly"
        if place.backend.name == "postgresql"
        else "its file taken, taker killed"
    )
    finding.note = f"{how}; {told.acknowledged} acknowledged, {told.statuses.get(503, 0)} times 503"
    return finding


def _take_it_away(place: Place, writers: Writers, times: int) -> None:
    chance = random.Random(SEED)
    for number in range(times):
        writers.wait_for_more(40)
        time.sleep(chance.uniform(0, LONGEST))
        if isinstance(place.backend, PostgresqlBackend):
            place.backend.server.restart(at_once=number % 2 == 0)
        else:
            take_file(
                Path(place.environ["REDRESS_DATABASE_URL"].removeprefix("sqlite:///")),
                chance.uniform(0, LONGEST),
            )
    writers.wait_for_more(40)


def take_file(file: Path, seconds: float) -> None:
    """Take a database's file for oneself, change all of it, and be killed after some seconds."""
    with subprocess.Popen([sys.executable, "-c", TAKE_IT, str(file)], stdout=subprocess.PIPE) as taker:
        assert taker.stdout is not None
        assert taker.stdout.readline() == b"taken\n"
        time.sleep(seconds)
        os.kill(taker.pid, signal.SIGKILL)


def _drain(workers: Nursery) -> None:
    """Let what waits for a while be sent, by clocks that show a later time."""
    for hours in (1, 3):
        instant = datetime.fromisoformat(DURING_THE_CAMPAIGN) + timedelta(hours=hours)
        workers.wait(workers.bear("--drain", f"REDRESS_TEST_NOW={instant.isoformat()}"), 300)
