"""The rows of attempts, as those write them who make them or find them broken off.

All of a group is written by one statement: workers do it three times for each mail.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery.models import Attempt
from app.delivery.senders.base import Outcome
from app.hot_rows import Change, ordered_id

_attempts = cast(sa.Table, Attempt.__table__)
_THIS = (
    _attempts.c.delivery_id == sa.bindparam("delivery"),
    _attempts.c.number == sa.bindparam("which"),
)
_BEGINNING = ("id", "delivery_id", "number", "worker", "started_at", "outcome", "step", "reply")
_BEGIN = Change(sa.insert(_attempts).values({name: sa.bindparam(name) for name in _BEGINNING}))
_MARK = Change(sa.update(_attempts).where(*_THIS).values(dot_pending_at=sa.bindparam("marked_at")))
_ENDING = ("ended_at", "outcome", "step", "code", "reply")
_END = Change(
    sa.update(_attempts).where(*_THIS).values({name: sa.bindparam(f"new_{name}") for name in _ENDING})
)
_DOT = sa.select(_attempts.c.dot_pending_at).where(*_THIS)


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """That an attempt begins."""

    delivery_id: uuid.UUID
    number: int
    worker: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Mark:
    """That the final dot of an attempt is about to be sent."""

    delivery_id: uuid.UUID
    number: int
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended."""

    delivery_id: uuid.UUID
    number: int
    outcome: Outcome
    now: datetime


def begin_attempts(session: Session, beginnings: Sequence[Beginning]) -> None:
    """Write down that attempts begin."""
    _BEGIN.make(session, [_begun(one) for one in beginnings])


def _begun(one: Beginning) -> dict[str, object]:
    return {
        "id": ordered_id(),
        "delivery_id": one.delivery_id,
        "number": one.number,
        "worker": one.worker,
        "started_at": one.now,
        "outcome": "",
        "step": "",
        "reply": "",
    }


def mark_dots(session: Session, marks: Sequence[Mark]) -> None:
    """Write down that the final dots of attempts are about to be sent."""
    rows = [{"delivery": one.delivery_id, "which": one.number, "marked_at": one.now} for one in marks]
    _MARK.make(session, rows)


def is_dot_pending(session: Session, delivery_id: uuid.UUID, number: int) -> bool:
    """Whether the final dot of an attempt was about to be sent, or may have been."""
    this = {"delivery": delivery_id, "which": number}
    return session.connection().execute(_DOT, this).scalar_one() is not None


def end_attempts(session: Session, endings: Sequence[Ending]) -> None:
    """Write down how attempts ended."""
    _END.make(session, [_ended(one) for one in endings])


def _ended(one: Ending) -> dict[str, object]:
    return {
        "delivery": one.delivery_id,
        "which": one.number,
        "new_ended_at": one.now,
        "new_outcome": one.outcome.kind,
        "new_step": one.outcome.step,
        "new_code": one.outcome.code,
        "new_reply": one.outcome.reply,
    }
