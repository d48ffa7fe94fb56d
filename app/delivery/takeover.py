"""What a lost worker left behind: taken over by whoever looks next."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery import causes
from app.delivery.attempts import Ending, end_attempts, is_dot_pending
from app.delivery.claims import LONGEST_LEASE, WORKER, run_out
from app.delivery.journal import back_to_the_queue
from app.delivery.models import Delivery, WorkerProcess
from app.delivery.presence import FORGOTTEN_AFTER
from app.delivery.processes import IsAlive, Process
from app.delivery.senders.base import Outcome
from app.delivery.states import DUE, Locked, lock, move, move_all


@dataclass
class TakenOver:
    """What was found: given back unbegun, queued again, become unclear."""

    given_back: int = 0
    queued_again: int = 0
    unclear: int = 0

    def __bool__(self) -> bool:
        return bool(self.given_back or self.queued_again or self.unclear)


def take_over(*, now: datetime, is_alive: IsAlive) -> TakenOver:
    """Settle what dead workers, or workers that let their lease run out, had in hand. One transaction.

    Not begun: given back. Begun, before the dot: queued again at once. Dot pending: `unclear`.

    Args:
        now: the instant; leases that ended before it have run out.
        is_alive: tells whether a process runs. Where it cannot (another machine), the lease decides.
    """
    taken = TakenOver()
    with db.sessionmaker() as session:
        dead = _dead_workers(session, is_alive)
        if not _abandoned(session, dead, now) and not _forgotten(session, dead, now):
            return taken
    with transaction() as session:
        for delivery_id in _abandoned(session, dead, now):
            row = lock(session, delivery_id)
            # It may have been settled between the look and the lock.
            if row is not None and _is_abandoned(row, dead, now):
                _settle(session, row, now, taken)
        session.execute(delete(WorkerProcess).where(WorkerProcess.id.in_(_forgotten(session, dead, now))))
    return taken


def _dead_workers(session: Session, is_alive: IsAlive) -> set[str]:
    """Return the names of workers that have died, among those who hold leases or have a row."""
    # A worker has a row before its first claim, and loses it when it has given back its last: who holds
    # something is looked up first, so that one that appears in between is not taken for rowless.
    holders = session.scalars(select(Delivery.leased_by).where(Delivery.leased_by.is_not(None)).distinct())
    names = {name for name in holders if name}
    rows = session.scalars(select(WorkerProcess)).all()
    dead = {row.name for row in rows if is_alive(Process(row.machine, row.pid, row.process_start)) is False}
    return dead | (names - {row.name for row in rows})


def _abandoned(session: Session, dead: Collection[str], now: datetime) -> list[uuid.UUID]:
    over = or_(Delivery.leased_by.in_(dead), run_out(now))
    query = select(Delivery.id).where(Delivery.leased_by.is_not(None), over)
    return list(session.scalars(query.order_by(Delivery.id)))


def _is_abandoned(row: Locked, dead: Collection[str], now: datetime) -> bool:
    if row.leased_by is None or row.lease_until is None:
        return False
    return row.leased_by in dead or not now <= row.lease_until <= now + LONGEST_LEASE


def _forgotten(session: Session, dead: Collection[str], now: datetime) -> list[uuid.UUID]:
    old = or_(WorkerProcess.name.in_(dead), WorkerProcess.seen_at < now - FORGOTTEN_AFTER)
    return list(session.scalars(select(WorkerProcess.id).where(old)))


def _settle(session: Session, row: Locked, now: datetime, taken: TakenOver) -> None:
    if row.state in DUE:
        free = {"leased_by": None, "lease_until": None}
        session.execute(update(Delivery).where(Delivery.id == row.id).values(free))
        taken.given_back += 1
    elif is_dot_pending(session, row.id, row.attempt_count):
        _end(session, row, Outcome(kind="unclear", step="dot"), now)
        move(session, row, "unclear", now=now, cause=causes.WORKER_LOST_AT_THE_DOT, actor=WORKER)
        taken.unclear += 1
    else:
        _end(session, row, Outcome(kind="crashed"), now)
        move_all(session, [back_to_the_queue(session, row, now, causes.WORKER_LOST)])
        taken.queued_again += 1


def _end(session: Session, row: Locked, outcome: Outcome, now: datetime) -> None:
    ending = Ending(delivery_id=row.id, number=row.attempt_count, outcome=outcome, now=now)
    end_attempts(session, [ending])
