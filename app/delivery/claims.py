"""How workers share the outbox: claim, begin, give back. Every public function is one transaction.

A claim is a lease: the delivery stays queued (and can be taken back) until its attempt begins.
Claiming takes a batch at once; beginning is durable, one by one, so that it is known afterwards
which mail a lost worker had in hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from app.database import db, transaction
from app.delivery import causes, gathering, pacing
from app.delivery.limits import UNLIMITED, Limits
from app.delivery.models import Delivery
from app.delivery.pacing import Due
from app.delivery.states import DUE, Locked, Move, lock, lock_all, move, move_all
from app.delivery.stops import stopped

WORKER = "worker"
"""The actor of changes that a worker makes; which one it was, the attempt says."""

LONGEST_LEASE: Final = timedelta(hours=1)
WIDE: Final = 500
"""How many are looked at once where none of the first may leave yet."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery that one worker may begin."""

    delivery_id: uuid.UUID
    worker: str
    kind: str
    domain: str
    suspect: bool = False
    """Whether an attempt of it was broken off here: it may break its worker, and is tried alone."""
    together: uuid.UUID | None = None
    """The office whose letters go together, all claims that name it in one mail."""


def due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what a worker may claim."""
    return (Delivery.due_at <= now, or_(Delivery.leased_by.is_(None), run_out(now)))


def run_out(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a lease that is over, or was given by a clock that went wrong."""
    return or_(Delivery.lease_until < now, Delivery.lease_until > now + LONGEST_LEASE)


def claim(
    *,
    worker: str,
    limit: int,
    now: datetime,
    lease: timedelta,
    limits: Limits = UNLIMITED,
    give_up: Callable[[], bool] = lambda: False,
) -> list[Claim]:
    """Lease what is due to one worker: first by priority, then by time.

    What is stopped is passed over. What is due but must wait for its turn gets the instant at which that
    should come, and is not due any more.

    Args:
        worker: its name.
        limit: how many at most, not counting letters that go together.
        now: the instant.
        lease: how long the worker may be silent about them; less than `LONGEST_LEASE`.
        limits: how fast mails may leave.
        give_up: whether to look no further. A crowd that must wait takes some transactions.

    Returns:
        The claims; no other worker gets any of them before the lease is over or given back. None
        only if nothing may leave now, or it was given up.
    """
    with db.sessionmaker() as session:  # to look costs nothing; to ask for the write lock does
        may = (*due(now), *stopped(session).conditions())
        query = select(*pacing.COLUMNS).where(*may).order_by(Delivery.priority, Delivery.due_at)
        if session.execute(query.limit(1)).first() is None:
            return []
    many = limit
    while True:
        with transaction() as session:
            found = session.execute(query.limit(many).with_for_update(skip_locked=True))
            rows = [Due(*row) for row in found]
            alone, waiting, ready = gathering.sort_out(rows, limits=limits, now=now)
            granted, later = pacing.allot(session, alone, worker=worker, now=now, limits=limits, most=limit)
            pacing.defer(session, later | waiting)
            _lease(session, granted, worker, until=now + lease)
        claimed = [_claimed(row, worker) for row in granted]
        for office in ready:
            # In a transaction of its own: it waits for rows that others lock, and holds nothing meanwhile.
            with transaction() as session:
                letters = gathering.gather(session, query, office, worker=worker, now=now, limits=limits)
                _lease(session, letters, worker, until=now + lease)
            together = office if len(letters) > 1 else None
            claimed += [_claimed(row, worker, together) for row in letters]
        if claimed or not rows or give_up():
            return claimed
        many = WIDE


def _lease(session: Session, rows: Sequence[Due], worker: str, *, until: datetime) -> None:
    if rows:
        ids = [row.id for row in rows]
        values = {"leased_by": worker, "lease_until": until}
        session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(values))


def _claimed(row: Due, worker: str, together: uuid.UUID | None = None) -> Claim:
    # What may break its worker is tried by itself: it must not take the letters of a whole day with it.
    suspect = bool(row.suspect)
    return Claim(
        delivery_id=row.id,
        worker=worker,
        kind=row.kind,
        domain=row.domain,
        suspect=suspect,
        together=None if suspect else together,
    )


def is_good(one: Claim, row: Locked | Delivery) -> bool:
    """Whether a delivery is still this worker's to begin."""
    return row.leased_by == one.worker and row.state in DUE


def set_aside(one: Claim, *, now: datetime) -> None:
    """Hold a delivery that cannot even be begun, so that the others go on and an organizer looks at it."""
    with transaction() as session:
        row = lock(session, one.delivery_id)
        if row is not None and is_good(one, row):
            move(session, row, "held", now=now, cause=causes.FAILED_INSIDE, actor=WORKER)


def postpone(waiting: Iterable[Claim], *, now: datetime, until: datetime) -> None:
    """Defer claims that were not begun, because the mail server cannot be used by any mail."""
    claimed = {one.delivery_id: one for one in waiting}
    with transaction() as session:
        rows = [row for row in lock_all(session, claimed).values() if is_good(claimed[row.id], row)]
        away = partial(Move, to="deferred", now=now, cause=causes.SERVER_AWAY, actor=WORKER)
        move_all(session, [away(row=row) for row in rows if row.state == "queued"])
        values = {"due_at": until, "leased_by": None, "lease_until": None}
        session.execute(update(Delivery).where(Delivery.id.in_([row.id for row in rows])).values(values))


def release(worker: str) -> None:
    """Give back what a worker has claimed and not begun."""
    with transaction() as session:
        mine = (Delivery.leased_by == worker, Delivery.due_at.is_not(None))
        session.execute(update(Delivery).where(*mine).values(leased_by=None, lease_until=None))


def renew(deliveries: Sequence[uuid.UUID], *, worker: str, now: datetime, lease: timedelta) -> None:
    """Extend a worker's leases of what it knows it has; what it has forgotten runs out."""
    with transaction() as session:
        # Locked first: an update takes rows in an order of its own, and what the worker does meanwhile, too.
        mine = [row.id for row in lock_all(session, deliveries).values() if row.leased_by == worker]
        session.execute(update(Delivery).where(Delivery.id.in_(mine)).values(lease_until=now + lease))
