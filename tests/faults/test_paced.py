"""Letters to one domain over two processes: they leave in the right minutes.

The short form; REDRESS_SOAK=1 makes it five hundred letters. The clock is turned on by half a minute each
time, and both processes deliver what is due then.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db
from app.delivery.models import Attempt
from tests.delivery.letters import queue_letters, some_letter
from tests.delivery.mails import NOON
from tests.support.lengths import MOSTLY_POSTGRESQL, length
from tests.support.nursery import Nursery
from tests.support.smtp import RecordingSmtpServer

LETTERS = length(40, 500)
A_MINUTE = 20
HALF = timedelta(seconds=30)


@pytest.fixture
def nursery(environ: dict[str, str], smtp_server: RecordingSmtpServer, tmp_path: Path) -> Nursery:
    paced = {"REDRESS_SMTP_URL": smtp_server.url, "REDRESS_PACE_DOMAIN": str(A_MINUTE)}
    return Nursery(environ | paced, tmp_path / "workers.log")


@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # several at once on SQLite: test_stopped.py
def test_twenty_leave_in_each_minute_over_two_processes(
    app_context: Flask, nursery: Nursery, smtp_server: RecordingSmtpServer
) -> None:
    queue_letters(range(LETTERS), some_letter())
    with nursery.running():
        for half in range(2 * LETTERS // A_MINUTE):
            instant = f"REDRESS_TEST_NOW={(NOON + half * HALF).isoformat()}"
            for worker in [nursery.bear("--drain", instant) for _ in range(2)]:
                nursery.wait(worker)
    with db.sessionmaker() as session:
        attempts = session.execute(sa.select(Attempt.started_at, Attempt.worker)).all()
    minutes = Counter((at - NOON) // timedelta(minutes=1) for at, _worker in attempts)
    assert minutes == dict.fromkeys(range(LETTERS // A_MINUTE), A_MINUTE), nursery.output
    copies = Counter(str(taken.message["Message-ID"]) for taken in smtp_server.envelopes)
    assert len(copies) == sum(copies.values()) == LETTERS
    print(f"\n{LETTERS} letters, {dict(minutes)}, {len({worker for _at, worker in attempts})} processes")
