"""What pages read of the outbox. Everything here reads in the request's own session and changes nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import defer, selectinload

from app.database import UtcDateTime, db
from app.delivery.models import Delivery

PAGE = 50
_CURSOR = re.compile(r"([0-9]{1,20})-([0-9a-f]{32})\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """A place in the list, newest first: what comes after it is older. Its text goes into a link."""

    created_at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        span = self.created_at - _EPOCH
        microseconds = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
        return f"{microseconds}-{self.id.hex}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Read what stood in a link; None (the beginning) for what never was a place."""
        found = _CURSOR.match(text)
        if found is None:
            return None
        try:
            created_at = datetime.fromtimestamp(int(found[1]) // 1_000_000, UTC)
        except (OverflowError, ValueError, OSError):
            return None
        return cls(created_at.replace(microsecond=int(found[1]) % 1_000_000), uuid.UUID(found[2]))


@dataclass(frozen=True)
class Page:
    """A page of the list. `after` leads to the next one, if there is one."""

    deliveries: Sequence[Delivery]
    after: Cursor | None


def page_of_deliveries(
    *,
    states: Sequence[str] = (),
    recipient_id: uuid.UUID | None = None,
    kind: str = "letter",
    after: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """Return deliveries, newest first, without their sealed texts.

    Args:
        states: only in one of these; all if empty.
        recipient_id: only to this office.
        kind: `letter` or `notice`.
        after: where the page before ended.
        limit: how many at most.
    """
    query = _without_texts(select(Delivery).where(Delivery.kind == kind))
    if states:
        query = query.where(Delivery.state.in_(states))
    if recipient_id is not None:
        query = query.where(Delivery.recipient_id == recipient_id)
    if after is not None:
        place = tuple_(literal(after.created_at, UtcDateTime()), literal(after.id, Delivery.id.type))
        query = query.where(tuple_(Delivery.created_at, Delivery.id) < place)
    newest_first = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit + 1)
    found = db.session.scalars(newest_first).all()
    more = len(found) > limit
    shown = found[:limit]
    return Page(shown, Cursor(shown[-1].created_at, shown[-1].id) if more else None)


def whole_delivery(delivery_id: uuid.UUID) -> Delivery | None:
    """Return one delivery with its attempts and its journal, or None."""
    journal = (selectinload(Delivery.attempts), selectinload(Delivery.changes))
    return db.session.scalar(select(Delivery).where(Delivery.id == delivery_id).options(*journal))


def deliveries_of(letter_id: uuid.UUID) -> Sequence[Delivery]:
    """Return the copies of a letter in their order, without their sealed texts."""
    query = select(Delivery).where(Delivery.letter_id == letter_id).order_by(Delivery.position)
    return db.session.scalars(_without_texts(query)).all()


def counts_by_state(*, recipient_id: uuid.UUID | None = None, kind: str = "letter") -> dict[str, int]:
    """Return how many deliveries are in each state; states in which there are none are left out."""
    query = select(Delivery.state, func.count()).where(Delivery.kind == kind).group_by(Delivery.state)
    if recipient_id is not None:
        query = query.where(Delivery.recipient_id == recipient_id)
    return dict(db.session.execute(query).all())


def _without_texts(query: Select[Delivery]) -> Select[Delivery]:
    return query.options(defer(Delivery.wire_sealed), defer(Delivery.text_sealed))
