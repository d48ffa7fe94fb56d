"""The rows of attempts, as those write them who make them or find them broken off."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery.models import Attempt
from app.delivery.senders.base import Outcome

_attempts = cast(sa.Table, Attempt.__table__)
_THIS = (
    _attempts.c.delivery_id == sa.bindparam("delivery"),
    _attempts.c.number == sa.bindparam("which"),
)
_BEGIN = sa.insert(_attempts)
_UPDATE = sa.update(_attempts).where(*_THIS)
_DOT = sa.select(_attempts.c.dot_pending_at).where(*_THIS)


def begin_attempt(
    session: Session, delivery_id: uuid.UUID, number: int, *, worker: str, now: datetime
) -> None:
    """Write down that an attempt begins."""
    attempt = {
        "id": uuid.uuid4(),
        "delivery_id": delivery_id,
        "number": number,
        "worker": worker,
        "started_at": now,
        "outcome": "",
        "step": "",
        "reply": "",
    }
    session.execute(_BEGIN, attempt)


def mark_dot(session: Session, delivery_id: uuid.UUID, number: int, *, now: datetime) -> None:
    """Write down that the final dot of an attempt is about to be sent."""
    session.execute(_UPDATE.values(dot_pending_at=now), {"delivery": delivery_id, "which": number})


def is_dot_pending(session: Session, delivery_id: uuid.UUID, number: int) -> bool:
    """Whether the final dot of an attempt was about to be sent, or may have been."""
    return session.execute(_DOT, {"delivery": delivery_id, "which": number}).scalar_one() is not None


def end_attempt(
    session: Session, delivery_id: uuid.UUID, number: int, outcome: Outcome, *, now: datetime
) -> None:
    """Write down how an attempt ended."""
    values = {
        "ended_at": now,
        "outcome": outcome.kind,
        "step": outcome.step,
        "code": outcome.code,
        "reply": outcome.reply,
    }
    session.execute(_UPDATE.values(**values), {"delivery": delivery_id, "which": number})
