"""What is unclear, looked up in the log of the relay that may have taken it. Nothing is sent again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery import causes
from app.delivery.bounces import kind_of_failure
from app.delivery.envelope import bounce_address
from app.delivery.models import Delivery
from app.delivery.relay_log import Verdict, verdicts
from app.delivery.states import lock, move
from app.letters.bouncing import came_back
from app.letters.digests import left_as

UNCLEAR: Final = frozenset({"unclear"})


@dataclass(frozen=True)
class Resolved:
    """What a log told: mails that were taken, that came back, and of which it does not tell enough."""

    taken: int
    came_back: int
    left: int


def count_unclear() -> int:
    """Return how many mails are unclear."""
    return db.session.scalar(select(func.count()).where(Delivery.state == "unclear")) or 0


def resolve_unclear(lines: Iterable[str], *, now: datetime) -> Resolved:
    """Settle unclear mails by what stands in a relay's log; what does not stand there is left.

    Args:
        lines: of the log, oldest first.
        now: the instant.
    """
    db.session.rollback()
    columns = (Delivery.id, Delivery.message_id, Delivery.envelope_from, Delivery.digest_id)
    rows = db.session.execute(select(*columns).where(Delivery.state == "unclear")).all()
    mails: dict[str, list[uuid.UUID]] = {}
    senders: dict[str, str] = {}
    for row in rows:
        if known_as := left_as(row.message_id, row.digest_id):
            mails.setdefault(known_as, []).append(row.id)
            senders[known_as] = bounce_address(row.digest_id) if row.digest_id else row.envelope_from
    # Let go of the database before a long log is read.
    db.session.rollback()
    found = verdicts(lines, senders)
    taken = back = 0
    for message_id, verdict in found.items():
        settled = sum(_settle(delivery_id, verdict, now) for delivery_id in mails[message_id])
        taken += settled if verdict.fate == "taken" else 0
        back += settled if verdict.fate == "bounced" else 0
    return Resolved(taken=taken, came_back=back, left=len(rows) - taken - back)


def _settle(delivery_id: uuid.UUID, verdict: Verdict, now: datetime) -> bool:
    if verdict.fate == "bounced":
        kind = kind_of_failure(verdict.status, verdict.words)
        find = partial(_get, delivery_id=delivery_id)
        return came_back(find, kind, verdict.status, now=now, ends=UNCLEAR).changed
    with transaction() as session:
        row = lock(session, delivery_id)
        if row is None or row.state != "unclear":
            return False  # somebody was faster
        move(session, row, "accepted", now=now, cause=causes.FOUND_IN_LOG, actor="redress")
    return True


def _get(session: Session, *, delivery_id: uuid.UUID) -> Delivery | None:
    return session.get(Delivery, delivery_id)
