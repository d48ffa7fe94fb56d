"""`redress worker` as a process: how it ends, and what it says."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import now
from app.database import db
from app.delivery.models import WorkerProcess
from tests.delivery.mails import queue, read_all
from tests.faults.scripted_smtp import Fault, ScriptedServer
from tests.support.lengths import MOSTLY_POSTGRESQL, MOSTLY_SQLITE
from tests.support.nursery import run_borne
from tests.support.plugins.processes import Redress, WorkerFactory
from tests.support.smtp import RecordingSmtpServer


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def states() -> set[str]:
    return {delivery.state for delivery in read_all()}


def pids() -> set[int]:
    with db.sessionmaker() as session:
        return set(session.scalars(sa.select(WorkerProcess.pid)))


@pytest.mark.backends(*MOSTLY_SQLITE)  # it is about the command
def test_drain_delivers_and_ends_with_0(
    app_context: Flask, environ: dict[str, str], smtp_server: RecordingSmtpServer
) -> None:
    queue(range(5), now=now())
    ended = run_borne("worker", "--drain", environ=environ | {"REDRESS_SMTP_URL": smtp_server.url})
    assert (ended.returncode, ended.stdout) == (0, "")
    assert states() == {"accepted"}
    assert len(smtp_server.envelopes) == 5
    assert pids() == set()


@pytest.mark.backends("sqlite")  # it is about where mails go
def test_without_a_mail_server_mails_go_to_the_maildir(
    app_context: Flask, environ: dict[str, str], data_dir: Path
) -> None:
    queue(range(3), now=now())
    assert run_borne("worker", "--drain", environ=environ).returncode == 0
    assert states() == {"accepted"}
    assert len(list((data_dir / "mailbox" / "new").iterdir())) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.backends("postgresql")  # SQLite: tests/delivery/test_worker.py
def test_a_signal_ends_it_with_0_and_leaves_nothing_behind(
    app_context: Flask, worker_process: WorkerFactory, number: signal.Signals
) -> None:
    with ScriptedServer(Fault("banner", "timeout")).running() as silent:
        queue(range(5), now=now())
        worker = worker_process(REDRESS_SMTP_URL=silent.url)
        assert silent.struck.wait(30)
        begun = time.monotonic()
        worker.process.send_signal(number)
        assert worker.wait() == 0
        assert time.monotonic() - begun < 8
    assert states() == {"queued"}
    assert {delivery.leased_by for delivery in read_all()} == {None}
    assert pids() == set()
    assert "Traceback" not in worker.output


@pytest.mark.backends("sqlite")  # it is about the mail server
def test_nobody_listening_costs_no_letter_and_one_line(
    app_context: Flask, environ: dict[str, str], unused_port: int
) -> None:
    queue(range(30), now=now())
    ended = run_borne(
        "worker", "--drain", environ=environ | {"REDRESS_SMTP_URL": f"smtp://127.0.0.1:{unused_port}"}
    )
    assert ended.returncode == 0
    assert states() == {"deferred"}
    assert len(re.findall("the mail server cannot be used", ended.stderr)) == 1


@pytest.mark.backends("sqlite")  # it does not come to the database
def test_a_broken_address_of_the_mail_server_is_said_in_a_sentence(
    app_context: Flask, redress: Redress, environ: dict[str, str]
) -> None:
    queue([0], now=now())
    url = "smtps://user:secret@127.0.0.1?starttls=perhaps"
    ended = redress("worker", environ=environ | {"REDRESS_SMTP_URL": url})
    assert ended.returncode == 2
    assert "REDRESS_SMTP_URL" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) <= 2
    assert "secret" not in ended.stderr
    assert states() == {"queued"}


@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # on SQLite: tests/cli
def test_a_database_without_tables_is_said_in_a_sentence(
    empty_database_url: str, redress: Redress, environ: dict[str, str]
) -> None:
    ended = redress("worker", environ=environ | {"REDRESS_DATABASE_URL": empty_database_url})
    assert ended.returncode == 2
    assert "redress db upgrade" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) <= 2


@pytest.mark.backends("postgresql")  # together on SQLite: two tests further
def test_several_processes_share_and_are_started_again(
    app_context: Flask, worker_process: WorkerFactory, smtp_server: RecordingSmtpServer
) -> None:
    supervisor = worker_process("--processes", "2", REDRESS_SMTP_URL=smtp_server.url)
    wait_until(lambda: len(pids()) == 2)
    queue(range(40), now=now())
    wait_until(lambda: states() == {"accepted"})
    first = pids()
    os.kill(min(first), signal.SIGKILL)
    wait_until(lambda: len(pids() - {min(first)}) == 2, 40)
    assert "is started again" in supervisor.output
    assert supervisor.stop() == 0
    assert pids() == set()
    assert len(smtp_server.envelopes) == 40


@pytest.mark.backends("sqlite")  # it is about processes
def test_workers_end_with_their_supervisor_however_it_ends(
    app_context: Flask, worker_process: WorkerFactory
) -> None:
    supervisor = worker_process("--processes", "2")
    wait_until(lambda: len(pids()) == 2)
    os.kill(supervisor.process.pid, signal.SIGKILL)
    wait_until(lambda: pids() == set())


@pytest.mark.backends("sqlite")  # together on PostgreSQL: two tests before
def test_several_processes_drain_together(
    app_context: Flask, environ: dict[str, str], smtp_server: RecordingSmtpServer
) -> None:
    queue(range(60), now=now())
    ended = run_borne(
        "worker", "--drain", "--processes", "2", environ=environ | {"REDRESS_SMTP_URL": smtp_server.url}
    )
    assert ended.returncode == 0
    assert states() == {"accepted"}
    assert len(smtp_server.envelopes) == 60


@pytest.mark.backends("sqlite")  # test_kills.py has both
def test_what_a_killed_worker_had_at_its_dot_is_unclear_and_the_rest_arrives(
    app_context: Flask, worker_process: WorkerFactory, environ: dict[str, str]
) -> None:
    with ScriptedServer(Fault("after_dot", "timeout")).running() as server:
        queue(range(4), now=now())
        worker = worker_process(REDRESS_SMTP_URL=server.url, REDRESS_SMTP_CONNECTIONS="1")
        assert server.struck.wait(30)
        worker.kill()
        server.fault = None
        assert (
            run_borne("worker", "--drain", environ=environ | {"REDRESS_SMTP_URL": server.url}).returncode == 0
        )
        assert sorted(delivery.state for delivery in read_all()) == ["accepted"] * 3 + ["unclear"]
        assert len(server.taken) == 4
