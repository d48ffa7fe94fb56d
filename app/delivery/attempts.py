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
_MARK = sa.update(_attempts).where(*_THIS).values(dot_pending_at=sa.bindparam("marked_at"))
_ENDING = ("ended_at", "outcome", "step", "code", "reply")
_END = sa.update(_attempts).where(*_THIS).values({name: sa.bindparam(f"new_{name}") for name in _ENDING})
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
    session.connection().execute(_BEGIN, attempt)


def mark_dot(session: Session, delivery_id: uuid.UUID, number: int, *, now: datetime) -> None:
    """Write down that the final dot of an attempt is about to be sent."""
    marked = {"delivery": delivery_id, "which": number, "marked_at": now}
    session.connection().execute(_MARK, marked)


def is_dot_pending(session: Session, delivery_id: uuid.UUID, number: int) -> bool:
    """Whether the final dot of an attempt was about to be sent, or may have been."""
    this = {"delivery": delivery_id, "which": number}
    return session.connection().execute(_DOT, this).scalar_one() is not None


def end_attempt(
    session: Session, delivery_id: uuid.UUID, number: int, outcome: Outcome, *, now: datetime
) -> None:
    """Write down how an attempt ended."""
    ended = {
        "delivery": delivery_id,
        "which": number,
        "new_ended_at": now,
        "new_outcome": outcome.kind,
        "new_step": outcome.step,
        "new_code": outcome.code,
        "new_reply": outcome.reply,
    }
    session.connection().execute(_END, ended)
