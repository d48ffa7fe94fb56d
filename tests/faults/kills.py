"""Workers killed at random moments, two at a time at work: nothing lost, nothing twice but what is marked."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from sqlalchemy import func, select

from app.clock import now
from app.database import db, transaction
from app.delivery import causes
from app.delivery.models import Delivery, StateChange
from app.delivery.outbox import queue_again
from tests.delivery.mails import queue, read_all
from tests.faults.finding import Finding, Place, copies, judge_mails
from tests.support.nursery import Nursery
from tests.support.smtp import RecordingSmtpServer

SEED = 20261121
CONNECTIONS = 4
"""Of each worker: `REDRESS_SMTP_CONNECTIONS`."""
BATCH = 160
"""Mails that are queued at once: workers never run out of them, and a database does not grow for nothing."""
LONGEST = 0.05
"""Seconds from the first mail after a kill to the next kill, at most."""


def kill_workers(place: Place, kills: int) -> Finding:
    """Kill one of two workers, again and again, and start another; then let one deliver the rest."""
    finding = Finding(count=kills)
    chance = random.Random(SEED)
    with RecordingSmtpServer().running() as server:
        nursery = Nursery(place.environ | {"REDRESS_SMTP_URL": server.url}, place.folder / "workers.log")
        with nursery.running():
            mails = _kill(nursery, server, kills, chance)
            nursery.wait(nursery.bear("--drain"), 600)
        # A mail whose workers were killed twice has to wait a little, and one whose workers were killed three
        # times is quarantined, until somebody has looked: once more, when that is over.
        quarantined = _release()
        if any(mail.due_at is not None for mail in read_all()):
            a_minute_ahead = {"REDRESS_TEST_NOW": (now() + timedelta(minutes=1)).isoformat()}
            with Nursery({**nursery.environ, **a_minute_ahead}, nursery.log).running() as later:
                later.wait(later.bear("--drain"), 120)
        judge_mails(finding, copies(server))
    finding.note = f"{mails} mails, {quarantined} quarantined after three kills each"
    most = CONNECTIONS * (kills + 2)
    finding.promise(finding.unclear <= most, "more is unclear than killed workers had at their dots")
    finding.promise(_journal_agrees(), "a journal does not have as many entries as its mail says")
    finding.promise("Traceback" not in nursery.output, f"a traceback in {nursery.log}")
    return finding


def _kill(nursery: Nursery, server: RecordingSmtpServer, kills: int, chance: random.Random) -> int:
    queued = 0
    workers = [nursery.bear(), nursery.bear()]
    for _ in range(kills):
        if _left() < BATCH // 2:
            queue(range(queued, queued + BATCH), now=now())
            queued += BATCH
        _wait_for_work(server, chance)
        nursery.kill(workers.pop(chance.randrange(2)))
        workers.append(nursery.bear())
    for worker in workers:
        nursery.kill(worker)
    return queued


def _left() -> int:
    """Return how many mails wait. What is unclear or quarantined does not: the server may never see it."""
    with db.sessionmaker() as session:
        return session.scalars(select(func.count()).where(Delivery.due_at.is_not(None))).one()


def _wait_for_work(server: RecordingSmtpServer, chance: random.Random) -> None:
    """Wait until something was delivered after the last kill, and a random moment."""
    before, deadline = server.count, time.monotonic() + 5
    while server.count == before and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.uniform(0, LONGEST))


def _release() -> int:
    """Let what is quarantined be sent all the same, as an organizer would, and return how many that are."""
    with transaction() as session:
        held = select(Delivery).where(Delivery.state == "held", Delivery.reason == causes.QUARANTINED)
        rows = list(session.scalars(held))
        for row in rows:
            queue_again(session, row, now=now(), cause="looked at in a test", actor="organizer")
    return len(rows)


def _journal_agrees() -> bool:
    with db.sessionmaker() as session:
        by_delivery = select(StateChange.delivery_id, func.count()).group_by(StateChange.delivery_id)
        entries = dict(session.execute(by_delivery).all())
        return entries == dict(session.execute(select(Delivery.id, Delivery.change_count)).all())
