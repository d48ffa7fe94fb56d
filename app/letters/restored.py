"""What waited in a backup from which the database was restored: it may have left since.

The journal between the backup and the loss is gone. So whatever could have left in that time is treated as
a mail is that broke off at the last moment: it is `unclear`, is looked up in the mail server's log, and is
sent again only if somebody decides so. What is printed or released by people is `held` for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from app.database import db, transaction
from app.delivery import causes, outbox
from app.delivery.models import Delivery
from app.delivery.states import DUE, Move, lock_all, move_all
from app.letters.dispatch import ADDRESS_GONE, NO_CONTACT, STUCK
from app.letters.models import Letter
from app.security import audit
from app.security.audit import AuditEntry

ACTOR: Final = "redress"
ACTION: Final = "database.restored"
"""What the audit log calls it."""
BATCH: Final = 500
NOT_LEFT: Final = (NO_CONTACT, ADDRESS_GONE, causes.QUARANTINED, STUCK)
"""Reasons that let a copy go by itself once there is a contact, or that say that nothing of it has left."""


@dataclass(frozen=True)
class MayHaveLeft:
    """How many mails are unclear now, how many copies are held, how many letters wait to be confirmed."""

    unclear: int
    held: int
    unconfirmed: int


def keep_back(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Keep a copy that may have left from leaving by itself. Part of the caller's transaction."""
    if delivery.state in DUE:
        outbox.mark_unclear(session, delivery, now=now, cause=causes.RESTORED, actor=ACTOR)
    elif delivery.state == "to_print":
        outbox.hold(session, delivery, now=now, cause=causes.RESTORED, actor=ACTOR)
    elif delivery.state == "held" and delivery.reason in NOT_LEFT:
        delivery.reason = causes.RESTORED


def keep_all_back(*, now: datetime) -> MayHaveLeft:
    """Let nothing that waits in a restored database leave by itself; nobody else uses it yet.

    What is not confirmed yet may have been confirmed, and have left: it is marked, and kept back when its
    writer confirms it once more.
    """
    unclear = held = 0
    while moved := _take_out_of_the_queue(now):
        unclear += moved
    while moved := _keep_from_being_printed_or_released(now):
        held += moved
    with transaction() as session:
        unconfirmed = sa.select(Letter.id).where(Letter.confirmed_at.is_(None))
        waiting = (Delivery.state == "awaiting_confirmation", Delivery.letter_id.in_(unconfirmed))
        session.execute(sa.update(Delivery).where(*waiting).values(reason=causes.RESTORED))
        marked = sa.select(sa.func.count(sa.distinct(Delivery.letter_id))).where(*waiting)
        return MayHaveLeft(unclear=unclear, held=held, unconfirmed=session.scalar(marked) or 0)


def _take_out_of_the_queue(now: datetime) -> int:
    with transaction() as session:
        query = sa.select(Delivery.id).where(Delivery.state.in_(sorted(DUE))).order_by(Delivery.id)
        rows = lock_all(session, session.scalars(query.limit(BATCH)).all()).values()
        cause = causes.RESTORED
        move_all(session, [Move(row=row, to="unclear", now=now, cause=cause, actor=ACTOR) for row in rows])
        return len(rows)


def _keep_from_being_printed_or_released(now: datetime) -> int:
    released_by_itself = sa.and_(Delivery.state == "held", Delivery.reason.in_(NOT_LEFT))
    query = (
        sa.select(Delivery)
        .where(sa.or_(Delivery.state == "to_print", released_by_itself))
        .options(defer(Delivery.wire_sealed), defer(Delivery.text_sealed))
        .limit(BATCH)
    )
    with transaction() as session:
        copies = session.scalars(query).all()
        for copy in copies:
            keep_back(session, copy, now=now)
        return len(copies)


def last_restored_at() -> datetime | None:
    """Return when the database was last restored from a backup: what is held since before may have left."""
    query = sa.select(AuditEntry.at).where(AuditEntry.action == ACTION).order_by(AuditEntry.number.desc())
    return db.session.scalar(query.limit(1))


def note_restored(*, actor: str, now: datetime, backup_of: datetime, edition: str, kept: MayHaveLeft) -> None:
    """Write into the audit log that the database was restored."""
    detail = {
        "backup of": f"{backup_of:%Y-%m-%d %H:%M} UTC",
        "edition": edition,
        "unclear": str(kept.unclear),
        "held": str(kept.held),
    }
    with transaction() as session:
        audit.record(session, ACTION, actor=actor, now=now, detail=detail)
