"""Workers killed at random moments: nothing lost, nothing twice but what is marked.

The short form of the promise; REDRESS_SOAK=100 makes it 2,000 kills, as in `make faults`.
"""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from app.clock import now
from app.database import db
from app.delivery.models import Attempt
from tests.delivery.mails import queue, read_all
from tests.faults.finding import Place, copies
from tests.faults.kills import kill_workers
from tests.support.lengths import MOSTLY_POSTGRESQL, MOSTLY_SQLITE, length
from tests.support.nursery import Nursery
from tests.support.smtp import RecordingSmtpServer

KILLS = length(4, 20)


@pytest.mark.backends(*MOSTLY_POSTGRESQL)  # one worker on SQLite: tests/journeys/test_crowd.py
def test_all_arrive_once_when_nobody_is_killed(place: Place, smtp_server: RecordingSmtpServer) -> None:
    queue(range(200), now=now())
    nursery = Nursery(place.environ | {"REDRESS_SMTP_URL": smtp_server.url}, place.folder / "workers.log")
    with nursery.running():
        both = [nursery.bear("--drain") for _ in range(2)]
        for worker in both:
            nursery.wait(worker, 120)
    assert Counter(delivery.state for delivery in read_all()) == {"accepted": 200}
    assert copies(smtp_server) == {f"<letter-{number}@site.example>": 1 for number in range(200)}
    with db.sessionmaker() as session:
        assert session.scalars(sa.select(sa.func.count(Attempt.worker.distinct()))).one() == 2


@pytest.mark.backends(*MOSTLY_SQLITE)  # on PostgreSQL: tests/journeys/test_crowd.py
def test_killed_workers_lose_nothing_and_repeat_nothing(place: Place) -> None:
    found = kill_workers(place, KILLS)
    assert found.kept, found
    print(f"\n{found}")
