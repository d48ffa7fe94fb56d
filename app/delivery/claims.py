"""How workers share the outbox: claim, begin, give back. Every public function is one transaction.

A claim is a lease: the delivery stays queued (and can be taken back) until its attempt begins.
Claiming takes a batch at once; beginning is durable, one by one, so that it is known afterwards
which mail a lost worker had in hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from app.database import db, transaction
from app.delivery import causes
from app.delivery.envelope import Envelope
from app.delivery.models import Attempt, Delivery
from app.delivery.rows import locked
from app.delivery.states import DUE, move

WORKER = "worker"
"""The actor of changes that a worker makes; which one it was, the attempt says."""

DispatchCheck = Callable[[Session, Delivery], str]
"""Looks once more before a mail leaves. Returns "", or the cause for which it must be held instead."""


def nothing_to_check(_session: Session, _delivery: Delivery) -> str:
    """Let every mail leave."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A delivery that one worker may begin."""

    delivery_id: uuid.UUID
    worker: str
    kind: str
    domain: str


@dataclass(frozen=True, kw_only=True, repr=False)
class InHand:
    """An attempt that has begun."""

    delivery_id: uuid.UUID
    worker: str
    number: int
    kind: str
    _row: Delivery

    def envelope(self) -> Envelope:
        """Decrypt the mail. Only workers call this.

        Raises:
            KeysError: the key that it was encrypted with is missing, or it was altered.
            BrokenEnvelope: it is none.
        """
        row = self._row
        return Envelope(
            mail_from=row.envelope_from,
            rcpt_to=row.envelope_to,
            subject=row.subject,
            text=row.text,
            wire=row.wire or b"",
            message_id=row.message_id or "",
        )


def due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what a worker may claim."""
    free = or_(Delivery.leased_by.is_(None), Delivery.lease_until < now)
    return (Delivery.due_at <= now, free)


def claim(*, worker: str, limit: int, now: datetime, lease: timedelta) -> list[Claim]:
    """Lease what is due to one worker: first by priority, then by time.

    Args:
        worker: its name.
        limit: how many at most.
        now: the instant.
        lease: how long the worker may be silent about them.

    Returns:
        The claims; no other worker gets any of them before the lease is over or given back.
    """
    columns = (Delivery.id, Delivery.kind, Delivery.domain)
    query = select(*columns).where(*due(now)).order_by(Delivery.priority, Delivery.due_at).limit(limit)
    with db.sessionmaker() as session:  # to look costs nothing; to ask for the write lock does
        if session.execute(query.limit(1)).first() is None:
            return []
    with transaction() as session:
        rows = session.execute(query.with_for_update(skip_locked=True)).all()
        ids = [row.id for row in rows]
        values = {"leased_by": worker, "lease_until": now + lease}
        session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(values))
    return [Claim(delivery_id=id_, worker=worker, kind=kind, domain=domain) for id_, kind, domain in rows]


def begin(one: Claim, *, now: datetime, check: DispatchCheck = nothing_to_check) -> InHand | None:
    """Begin the attempt of a claim.

    Returns:
        The attempt; None if the delivery was taken back or held meanwhile, or is held now because
        of what `check` found, or is no longer this worker's.
    """
    with transaction() as session:
        delivery = session.scalar(select(Delivery).where(Delivery.id == one.delivery_id).with_for_update())
        if delivery is None or not _is_good(one, delivery):
            return None
        held = check(session, delivery)
        if held:
            move(session, delivery, "held", now=now, cause=held, actor=WORKER)
            return None
        return _begin(session, one, delivery, now)


def _is_good(one: Claim, delivery: Delivery) -> bool:
    return delivery.leased_by == one.worker and delivery.state in DUE


def _begin(session: Session, one: Claim, delivery: Delivery, now: datetime) -> InHand:
    delivery.attempt_count += 1
    number = delivery.attempt_count
    move(session, delivery, "sending", now=now, cause=causes.BEGUN, actor=WORKER)
    session.add(Attempt(delivery_id=delivery.id, number=number, worker=one.worker, started_at=now))
    return InHand(
        delivery_id=delivery.id, worker=one.worker, number=number, kind=delivery.kind, _row=delivery
    )


def set_aside(one: Claim, *, now: datetime) -> None:
    """Hold a delivery that cannot even be begun, so that the others go on and an organizer looks at it."""
    with transaction() as session:
        delivery = locked(session, one.delivery_id)
        if delivery is not None and _is_good(one, delivery):
            move(session, delivery, "held", now=now, cause=causes.FAILED_INSIDE, actor=WORKER)


def postpone(waiting: Sequence[Claim], *, now: datetime, until: datetime) -> None:
    """Defer claims that were not begun, because the mail server cannot be used by any mail."""
    with transaction() as session:
        for one in waiting:
            delivery = locked(session, one.delivery_id)
            if delivery is None or not _is_good(one, delivery):
                continue
            if delivery.state == "queued":
                move(session, delivery, "deferred", now=now, cause=causes.SERVER_AWAY, actor=WORKER)
            delivery.due_at = until
            delivery.leased_by = delivery.lease_until = None


def release(worker: str) -> None:
    """Give back what a worker has claimed and not begun."""
    with transaction() as session:
        mine = (Delivery.leased_by == worker, Delivery.due_at.is_not(None))
        session.execute(update(Delivery).where(*mine).values(leased_by=None, lease_until=None))


def renew(deliveries: Sequence[uuid.UUID], *, worker: str, now: datetime, lease: timedelta) -> None:
    """Extend a worker's leases of what it knows it has; what it has forgotten runs out."""
    with transaction() as session:
        mine = (Delivery.id.in_(deliveries), Delivery.leased_by == worker)
        session.execute(update(Delivery).where(*mine).values(lease_until=now + lease))
