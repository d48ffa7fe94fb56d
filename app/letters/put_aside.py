"""Mails in our own name that workers put aside after three attempts broke off here; letters: `readdressing`.

Who they are to is in their sealed recipe; what the desk shows of them is how many there are.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery import outbox
from app.delivery.models import Delivery
from app.letters.deciding import AGAIN_NOW
from app.letters.one_by_one import one_by_one
from app.letters.readdressing import AT_ONCE, BATCH, Outcome
from app.security import audit


@dataclass(frozen=True)
class PutAside:
    """How many mails in our own name are put aside, and since when the first of them is."""

    count: int
    since: datetime


_ASIDE: Final = (Delivery.kind == "notice", Delivery.state == "held")


def own_put_aside() -> PutAside | None:
    """Return what of our own mails is put aside, or None."""
    query = sa.select(sa.func.count(), sa.func.min(Delivery.state_at)).where(*_ASIDE)
    count, since = db.session.execute(query).one()
    return PutAside(count, since) if count else None


def try_own_again(*, actor: str, now: datetime) -> Outcome:
    """Queue our own mails that were put aside. One that breaks off once more is put aside at once.

    Args:
        actor: who decides, as audit log and journal name them.
        now: the instant.

    Returns:
        What became of it; at most `AT_ONCE` mails are decided about.
    """
    done = seen = 0
    after: uuid.UUID | None = None
    while seen < AT_ONCE:
        with transaction() as session:
            mails = _next(session, after)
            if not mails:
                break

            def again(mail: Delivery, session: Session = session) -> bool:
                outbox.queue_again(session, mail, now=now, cause=AGAIN_NOW, actor=actor)
                return True

            queued = one_by_one(session, mails, again)
            after, seen, done = mails[-1].id, seen + len(mails), done + queued
            if queued:
                _note(session, queued, actor=actor, now=now)
    left = sa.select(sa.func.count()).select_from(Delivery).where(*_ASIDE)
    return Outcome(done=done, failed=seen - done, left=db.session.scalar(left) or 0)


def _note(session: Session, queued: int, *, actor: str, now: datetime) -> None:
    detail = {"mails": str(queued)}
    action = "notices.tried_again"
    audit.record(session, action, actor=actor, now=now, kind="", object_id=None, detail=detail)


def _next(session: Session, after: uuid.UUID | None) -> Sequence[Delivery]:
    query = sa.select(Delivery).where(*_ASIDE).order_by(Delivery.id).limit(BATCH)
    if after is not None:
        query = query.where(Delivery.id > after)
    return session.scalars(query.with_for_update()).all()
