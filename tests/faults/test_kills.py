"""Workers killed at random moments: nothing lost, nothing twice but what is marked.

The short form of the promise; REDRESS_SOAK=100 makes it the long one, of 2,000 kills.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.clock import now
from app.database import db
from app.delivery.models import Attempt, Delivery, StateChange
from tests.delivery.mails import queue, read_all
from tests.faults.nursery import Nursery
from tests.support.lengths import length
from tests.support.smtp import RecordingSmtpServer

KILLS = length(4, 20)
MAILS = 40 * KILLS
SEED = 20261121
CONNECTIONS = 4
"""Of each worker: `REDRESS_SMTP_CONNECTIONS`."""


@pytest.fixture
def nursery(environ: dict[str, str], smtp_server: RecordingSmtpServer, tmp_path: Path) -> Nursery:
    return Nursery(environ | {"REDRESS_SMTP_URL": smtp_server.url}, tmp_path / "workers.log")


def test_all_arrive_once_when_nobody_is_killed(
    app_context: Flask, nursery: Nursery, smtp_server: RecordingSmtpServer
) -> None:
    queue(range(200), now=now())
    with nursery.running():
        both = [nursery.bear("--drain") for _ in range(2)]
        for worker in both:
            nursery.wait(worker, 120)
    assert Counter(delivery.state for delivery in read_all()) == {"accepted": 200}
    assert _copies(smtp_server) == {f"<letter-{number}@site.example>": 1 for number in range(200)}
    assert _workers() == 2


def test_killed_workers_lose_nothing_and_repeat_nothing(
    app_context: Flask, nursery: Nursery, smtp_server: RecordingSmtpServer
) -> None:
    queue(range(MAILS), now=now())
    chance = random.Random(SEED)
    with nursery.running():
        workers = [nursery.bear(), nursery.bear()]
        for _ in range(KILLS):
            _wait_for_work(smtp_server, chance)
            nursery.kill(workers.pop(chance.randrange(2)))
            workers.append(nursery.bear())
        for worker in workers:
            nursery.kill(worker)
        nursery.wait(nursery.bear("--drain"), 300)
    # A mail whose workers were killed twice has to wait a little: once more, when that is over.
    if _waiting():
        a_minute_ahead = {"REDRESS_TEST_NOW": (now() + timedelta(minutes=1)).isoformat()}
        with Nursery({**nursery.environ, **a_minute_ahead}, nursery.log).running() as later:
            later.wait(later.bear("--drain"), 60)
    _check(smtp_server, nursery)


def _wait_for_work(smtp_server: RecordingSmtpServer, chance: random.Random) -> None:
    """Wait until something was delivered after the last kill, or nothing is left, and a random moment."""
    before, deadline = len(smtp_server.envelopes), time.monotonic() + 5
    while len(smtp_server.envelopes) == before < MAILS and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, 0.05))


def _copies(smtp_server: RecordingSmtpServer) -> Counter[str]:
    return Counter(str(taken.message["Message-ID"]) for taken in smtp_server.envelopes)


def _waiting() -> bool:
    return any(delivery.due_at is not None for delivery in read_all())


def _workers() -> int:
    with db.sessionmaker() as session:
        return session.scalars(sa.select(sa.func.count(Attempt.worker.distinct()))).one()


def _check(smtp_server: RecordingSmtpServer, nursery: Nursery) -> None:
    copies = _copies(smtp_server)
    states = Counter(delivery.state for delivery in read_all())
    print(
        f"\n{KILLS} kills, {MAILS} mails: {dict(states)}, {sum(copies.values())} copies, {_workers()} workers"
    )
    assert set(states) <= {"accepted", "unclear"}, nursery.output
    assert sum(states.values()) == MAILS
    for delivery in read_all():
        taken = copies[delivery.message_id or ""]
        assert taken == 1 if delivery.state == "accepted" else taken <= 1
    most = CONNECTIONS * (KILLS + 2)
    assert states["unclear"] <= most, "at most what each killed worker had at its dots"
    with db.sessionmaker() as session:
        open_attempts = sa.select(sa.func.count()).where(Attempt.ended_at.is_(None))
        assert session.scalars(open_attempts).one() == 0
        by_delivery = sa.select(StateChange.delivery_id, sa.func.count()).group_by(StateChange.delivery_id)
        entries = dict(session.execute(by_delivery).all())
        counted = dict(session.execute(sa.select(Delivery.id, Delivery.change_count)).all())
        assert entries == counted
    assert "Traceback" not in nursery.output
